"""A CTC model: an encoder, a linear head, and what it takes to build one again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from echoharvester.errors import UserError
from echoharvester.models.conformer import Conformer, ConvSubsampling
from echoharvester.models.encoder import Encoder
from echoharvester.models.zipformer.frontend import ConvFrontend
from echoharvester.models.zipformer.zipformer import Zipformer

NUM_FEATURES = 80


class CtcModel(nn.Module):
    """Filterbank features to log-probabilities over tokens (blank 0).

    The names of its parts are those of icefall's models, so checkpoints fit both ways.
    """

    def __init__(
        self,
        encoder_embed: nn.Module,
        encoder: Encoder,
        vocab_size: int,
        dropout: float = 0.1,
        feature_mean: float = 0.0,
        feature_scale: float = 1.0,
    ) -> None:
        """`encoder_embed`: frontend from features to what the encoder takes.

        Fixed numbers normalise features, so that files and streams are normalised alike.
        """
        super().__init__()
        self.encoder_embed = encoder_embed
        self.encoder: Encoder = encoder
        self.ctc_output = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(encoder.output_dim, vocab_size), nn.LogSoftmax(dim=-1)
        )
        self.feature_mean, self.feature_scale = feature_mean, feature_scale

    @property
    def subsampling_factor(self) -> int:
        return self.encoder.subsampling_factor

    def forward(self, features: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, 80) and (N,) frames to log-probabilities (N, T', V) and (N,) frames."""
        if self.feature_mean != 0.0 or self.feature_scale != 1.0:
            features = (features - self.feature_mean) / self.feature_scale
        x, lens = self.encoder(*self.encoder_embed(features, lens))
        return self.ctc_output(x), lens


def build_model(config: Mapping[str, Any], vocab_size: int) -> CtcModel:
    """A model from its configuration: `encoder` names the class, the rest are its options.

    Raises:
        UserError: for an encoder that does not exist.
    """
    options = dict(config)
    name = options.pop("encoder", None)
    if name not in _BUILDERS:
        raise UserError(f"model.encoder is one of {sorted(_BUILDERS)}, not {name!r}")
    return _BUILDERS[name](options, vocab_size)


def _conformer(options: dict[str, Any], vocab_size: int) -> CtcModel:
    channels = options.pop("subsampling_channels", 256)
    encoder = Conformer(**options)
    dropout = options.get("dropout", 0.1)
    embed = ConvSubsampling(NUM_FEATURES, channels, encoder.output_dim, dropout)
    # Log-mel energies of speech in -1..1 lie around -6 with a spread of 4.
    return CtcModel(embed, encoder, vocab_size, dropout, feature_mean=-6.0, feature_scale=4.0)


def _zipformer(options: dict[str, Any], vocab_size: int) -> CtcModel:
    encoder = Zipformer(**options)
    embed = ConvFrontend(
        NUM_FEATURES, encoder.encoder_dim[0], encoder.dropout, encoder.frontend_channels
    )
    return CtcModel(embed, encoder, vocab_size)


_BUILDERS: dict[str, Callable[[dict[str, Any], int], CtcModel]] = {
    "conformer": _conformer,
    "zipformer": _zipformer,
}


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
