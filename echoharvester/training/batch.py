"""What a training step takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from echoharvester.audio.fbank import NUM_BINS, fbank

LOG_ENERGY_FLOOR = -23.0259  # log(1e-10): what padding looks like


@dataclass(frozen=True)
class Batch:
    """Padded features (N, T, 80), their lengths (N,) in frames, texts and ids."""

    features: Tensor
    lens: Tensor
    texts: list[str]
    ids: list[str]

    @property
    def fill(self) -> float:
        """Share of frames that are not padding."""
        return float(self.lens.sum()) / (self.features.size(0) * self.features.size(1))


def collate(samples: Sequence[np.ndarray], texts: Iterable[str], ids: Iterable[str]) -> Batch:
    """Batch of 16 kHz utterances, each (num_samples,)."""
    features = [fbank(utterance) for utterance in samples]
    lens = torch.tensor([len(f) for f in features])
    padded = torch.full((len(features), int(lens.max()), NUM_BINS), LOG_ENERGY_FLOOR)
    for row, utterance in zip(padded, features, strict=True):
        row[: len(utterance)] = utterance
    return Batch(padded, lens, list(texts), list(ids))
