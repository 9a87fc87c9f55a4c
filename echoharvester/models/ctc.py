"""A CTC model: an encoder, a linear head, and what it takes to build one again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from echoharvester.models.conformer import Conformer
from echoharvester.models.encoder import Encoder

ENCODERS: dict[str, type[Encoder]] = {"conformer": Conformer}

# Log-mel energies of speech in -1..1 lie around -6 with a spread of 4; fixed numbers
# keep files comparable and streaming possible.
FEATURE_MEAN, FEATURE_SCALE = -6.0, 4.0


class CtcModel(nn.Module):
    """Filterbank features to log-probabilities over tokens (blank 0)."""

    def __init__(self, encoder: Encoder, vocab_size: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder: Encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.ctc_output = nn.Linear(encoder.output_dim, vocab_size)

    @property
    def subsampling_factor(self) -> int:
        return self.encoder.subsampling_factor

    def forward(self, features: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, 80) and (N,) frames to log-probabilities (N, T', V) and (N,) frames."""
        x, lens = self.encoder((features - FEATURE_MEAN) / FEATURE_SCALE, lens)
        return self.ctc_output(self.dropout(x)).log_softmax(dim=-1), lens


def build_model(config: Mapping[str, Any], vocab_size: int) -> CtcModel:
    """A model from its configuration: `encoder` names the class, the rest are its arguments.

    Raises:
        ValueError: for an encoder that does not exist.
    """
    options = dict(config)
    name = options.pop("encoder")
    if name not in ENCODERS:
        raise ValueError(f"model.encoder is one of {sorted(ENCODERS)}, not {name!r}")
    return CtcModel(ENCODERS[name](**options), vocab_size, dropout=options.get("dropout", 0.1))


def ctc_loss(log_probs: Tensor, lens: Tensor, targets: list[list[int]]) -> Tensor:
    """Summed CTC loss of a batch (Graves et al. 2006); log_probs (N, T, V), lens (N,).

    A target longer than its frames can hold has no path and adds nothing; such
    utterances are filtered before batching.
    """
    flat = torch.tensor([i for ids in targets for i in ids], device=log_probs.device)
    target_lens = torch.tensor([len(ids) for ids in targets], device=log_probs.device)
    return F.ctc_loss(
        log_probs.transpose(0, 1).float(),
        flat,
        lens,
        target_lens,
        blank=0,
        reduction="sum",
        zero_infinity=True,
    )


def min_frames(ids: list[int]) -> int:
    """Fewest frames a CTC path through `ids` takes: one each, and a blank between equals."""
    return len(ids) + sum(a == b for a, b in zip(ids, ids[1:], strict=False))
