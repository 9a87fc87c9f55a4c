"""Training losses, summed over a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from echoharvester.models.ctc import ctc_loss


@dataclass(frozen=True)
class Losses:
    """Sums over a batch: what is minimised, its parts, and the frames they are sums over."""

    total: Tensor
    ctc: Tensor
    consistency: Tensor | None
    frames: int


def batch_losses(
    model: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
    features: Tensor,
    lens: Tensor,
    targets: list[list[int]],
    cr_scale: float,
) -> Losses:
    """Losses of features (N, T, 80), or of two copies of each utterance one behind the other.

    With `cr_scale` above 0, features are (2N, T, 80) with lens (2N,): the CTC losses of both
    copies are averaged, and each copy learns the other's distribution over tokens, frame by
    frame (CR-CTC, Yao et al. 2025, arXiv:2410.05101).
    """
    log_probs, out_lens = model(features, lens)
    log_probs = log_probs.float()
    if not cr_scale:
        loss = ctc_loss(log_probs, out_lens, targets)
        return Losses(loss, loss.detach(), None, int(out_lens.sum()))
    ctc = 0.5 * ctc_loss(log_probs, out_lens, targets + targets)
    consistency = 0.5 * consistency_loss(log_probs, out_lens)
    total = ctc + cr_scale * consistency
    return Losses(total, ctc.detach(), consistency.detach(), int(out_lens.sum()) // 2)


def consistency_loss(log_probs: Tensor, lens: Tensor) -> Tensor:
    """Sum over frames of the divergence of each copy from the other, which is held fixed.

    log_probs (2N, T, V): row i and row N + i are copies of one utterance.
    """
    first, second = log_probs.chunk(2, dim=0)
    other = torch.cat((second, first)).detach()
    divergence = F.kl_div(log_probs, other, reduction="none", log_target=True).sum(dim=-1)
    valid = torch.arange(divergence.size(1), device=lens.device)[None, :] < lens[:, None]
    return (divergence * valid).sum()
