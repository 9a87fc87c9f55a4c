"""Attention of the Zipformer: weights computed once in a layer and used by three modules.

Positions are relative, encoded compactly (Yao et al. 2024, arXiv:2310.11230, appendix).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from echoharvester.models.zipformer.memory import Past, behind
from echoharvester.models.zipformer.regularize import Balancer, Whiten, whiten_schedule
from echoharvester.models.zipformer.schedule import Schedule, Scheduled, chance
from echoharvester.models.zipformer.swoosh import scaled_linear

MASKED = -1000.0  # finite, so that a row of padding alone has a softmax


def compact_positions(num_frames: int, dim: int, like: Tensor, past: int = 0) -> Tensor:
    """Encodings of the distances -(L + T - 1) .. T - 1, nearest ones finest: (L + 2T - 1, dim).

    Distances are compressed as a logarithm, mapped to angles by atan, and read off by sines
    and cosines; the last value is 1, as a bias.  There is no largest distance.  `past`: L frames
    are remembered from before.
    """
    distance = torch.arange(
        1 - num_frames - past, num_frames, device=like.device, dtype=torch.float32
    )
    scale = math.sqrt(dim)
    compressed = scale * distance.sign() * ((distance.abs() + scale).log() - math.log(scale))
    angle = (compressed * (2.0 * math.pi / dim)).atan()
    frequency = 1 + torch.arange(dim // 2, device=like.device, dtype=torch.float32)
    angles = angle[:, None] * frequency
    encoding = torch.stack((angles.cos(), angles.sin()), dim=-1).flatten(1)
    return torch.cat((encoding[:, :-1], torch.ones_like(encoding[:, :1])), dim=1).to(like.dtype)


class AttentionWeights(Scheduled):
    """Attention weights from content and relative position."""

    def __init__(
        self, dim: int, pos_dim: int, num_heads: int, query_head_dim: int, pos_head_dim: int
    ) -> None:
        super().__init__()
        self.num_heads, self.query_head_dim = num_heads, query_head_dim
        # There is no division by sqrt(query_head_dim): the initial scale does its work.
        self.in_proj = scaled_linear(
            dim, num_heads * (2 * query_head_dim + pos_head_dim), query_head_dim**-0.25
        )
        self.linear_pos = scaled_linear(pos_dim, num_heads * pos_head_dim, 0.05, bias=False)
        self.balance_keys = Balancer(
            channel_dim=-1,
            min_positive=0.4,
            max_positive=0.6,
            min_abs=0.0,
            max_abs=100.0,
            prob=0.025,
        )
        self.whiten_keys = Whiten(whiten_schedule(3.0), num_groups=num_heads, grad_scale=0.025)
        self.skip_positions = Schedule((0.0, 0.5), (4000.0, 0.0))

    def forward(
        self, x: Tensor, positions: Tensor, mask: Tensor | None, past: Past | None = None
    ) -> Tensor:
        """x (N, T, C), positions (L + 2T - 1, pos_dim), mask (N or 1, 1, T or 1, L + T) true where hidden.

        Returns weights (N, H, T, L + T); L frames are remembered, 0 without a past.
        """
        n, t = x.size(0), x.size(1)
        heads, width = self.num_heads, self.num_heads * self.query_head_dim
        query, key, position = self.in_proj(x).tensor_split((width, 2 * width), dim=-1)
        key = behind(past, self.whiten_keys(self.balance_keys(key)))
        query = query.reshape(n, t, heads, -1).transpose(1, 2)
        scores = query @ key.unflatten(2, (heads, -1)).permute(0, 2, 3, 1)
        if not (self.training and chance(self.now(self.skip_positions))):
            position = position.reshape(n, t, heads, -1).transpose(1, 2)  # (N, H, T, P)
            encoded = self.linear_pos(positions).unflatten(1, (heads, -1)).permute(1, 2, 0)
            scores = scores + by_distance(position @ encoded)
        if self.training and chance(0.1):
            scores = _limit_scores(scores)
        if mask is not None:
            scores = scores.masked_fill(mask, MASKED)
        return scores.softmax(dim=-1, dtype=scores.dtype)


def by_distance(scores: Tensor) -> Tensor:
    """Scores by distance (N, H, T, S) to scores by key (N, H, T, S - T + 1): s[i, T - 1 - i + j]."""
    n, h, t, s = scores.size(0), scores.size(1), scores.size(2), scores.size(3)
    if torch.jit.is_tracing():  # the same without a view that lengths are baked into
        padded = torch.nn.functional.pad(scores, (1, 0)).reshape(n, h, s + 1, t)
        return padded[:, :, 1:].reshape(n, h, t, s)[..., : s - t + 1]
    scores = scores.contiguous()
    strides = (h * t * s, t * s, s - 1, 1)
    return scores.as_strided((n, h, t, s - t + 1), strides, scores.storage_offset() + t - 1)


def _limit_scores(scores: Tensor, limit: float = 25.0, penalty: float = 1e-4) -> Tensor:
    """A slight push on scores beyond `limit`, which nothing would bring back otherwise."""
    if not scores.requires_grad:
        return scores
    excess = torch.where(scores.detach().abs() > limit, scores.detach().sign() * penalty, 0.0)
    return _AddGrad.apply(scores, excess)


class _AddGrad(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, addition: Tensor) -> Tensor:
        ctx.save_for_backward(addition)
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (addition,) = ctx.saved_tensors
        return grad + addition.to(grad.dtype), None


class SelfAttention(nn.Module):
    """Values summed up by given weights."""

    def __init__(self, dim: int, num_heads: int, value_head_dim: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.in_proj = nn.Linear(dim, num_heads * value_head_dim)
        self.out_proj = scaled_linear(num_heads * value_head_dim, dim, 0.05)
        self.whiten = Whiten(whiten_schedule(7.5, ratio=3.0))

    def forward(self, x: Tensor, weights: Tensor, past: Past | None = None) -> Tensor:
        """x (N, T, C), weights (N, H, T, L + T)."""
        values = behind(past, self.in_proj(x))
        return self.whiten(self.out_proj(_attend(weights, values, self.num_heads)))


class NonlinAttention(nn.Module):
    """Attention by one head between two gates."""

    def __init__(self, dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.in_proj = nn.Linear(dim, 3 * hidden_dim)
        self.out_proj = scaled_linear(hidden_dim, dim, 0.05)
        self.balancer = Balancer(
            channel_dim=-1,
            min_positive=Schedule((0.0, 0.25), (20000.0, 0.05)),
            max_positive=Schedule((0.0, 0.75), (20000.0, 0.95)),
            min_abs=0.5,
            max_abs=5.0,
        )
        self.whiten1 = Whiten(whiten_schedule(5.0))
        self.whiten2 = Whiten(whiten_schedule(5.0, ratio=3.0))

    def forward(self, x: Tensor, weights: Tensor, past: Past | None = None) -> Tensor:
        """x (N, T, C), weights (N, 1, T, L + T)."""
        gate, x, out_gate = self.in_proj(x).chunk(3, dim=-1)
        gate = self.balancer(gate).tanh()
        x = behind(past, self.whiten1(x) * gate)
        x = _attend(weights, x, 1) * out_gate
        return self.whiten2(self.out_proj(x))


def _attend(weights: Tensor, x: Tensor, num_heads: int) -> Tensor:
    """(N, H, T, S) and (N, S, H * D) to (N, T, H * D)."""
    n, t, width = x.size(0), weights.size(2), x.size(2)
    values = x.reshape(n, x.size(1), num_heads, width // num_heads).transpose(1, 2)
    return (weights @ values).transpose(1, 2).reshape(n, t, width)
