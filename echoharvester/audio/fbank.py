"""Filterbank features as Kaldi, lhotse and sherpa-onnx compute them: 80 bins, 100 frames a second."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

SAMPLING_RATE = 16000
FRAME_SHIFT_SEC = 0.01
NUM_BINS = 80


@lru_cache(maxsize=1)
def extractor():  # type: ignore[no-untyped-def]
    """lhotse's extractor: no dither, frames to the edges, highest bin 400 Hz below Nyquist."""
    from lhotse import Fbank, FbankConfig

    return Fbank(
        FbankConfig(
            sampling_rate=SAMPLING_RATE,
            num_filters=NUM_BINS,
            dither=0.0,
            snip_edges=False,
            high_freq=-400.0,
        )
    )


def fbank(samples: np.ndarray) -> Tensor:
    """Log-mel energies (T, 80) of 16 kHz mono samples (num_samples,) in -1..1."""
    import torch

    features = extractor().extract(torch.from_numpy(samples)[None], SAMPLING_RATE)
    return torch.as_tensor(features).reshape(-1, NUM_BINS)
