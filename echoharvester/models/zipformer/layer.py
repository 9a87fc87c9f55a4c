"""One layer of a Zipformer stack (Yao et al. 2024, arXiv:2310.11230, figure 2)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from echoharvester.models.zipformer.attention import (
    AttentionWeights,
    NonlinAttention,
    SelfAttention,
)
from echoharvester.models.zipformer.convolution import ConvolutionModule
from echoharvester.models.zipformer.memory import NO_MEMORY, LayerMemory
from echoharvester.models.zipformer.regularize import Balancer, Whiten, limited, whiten_schedule
from echoharvester.models.zipformer.schedule import Schedule, Scheduled, chance
from echoharvester.models.zipformer.swoosh import BiasNorm, SwooshLinear

DROPOUT = Schedule((0.0, 0.3), (20000.0, 0.1))


class Bypass(Scheduled):
    """A learnt mean, channel by channel, of a module's input and output.

    Early in training the output's share is held near one, so that every layer learns.
    """

    def __init__(self, dim: int, skip_rate: Schedule | float = 0.0) -> None:
        super().__init__()
        self.bypass_scale = nn.Parameter(torch.full((dim,), 0.5))
        self.skip_rate = skip_rate
        self.scale_min = Schedule((0.0, 0.9), (20000.0, 0.2))

    def forward(self, original: Tensor, x: Tensor) -> Tensor:
        scale: Tensor = self.bypass_scale
        if self.training:
            scale = limited(scale, self.now(self.scale_min), 1.0)
            mask = keep_mask(x, self.now(self.skip_rate))
            scale = scale if mask is None else scale * mask
        return original + (x - original) * scale


class FeedForward(nn.Module):
    def __init__(self, dim: int, hidden_dim: int, dropout: Schedule | float) -> None:
        super().__init__()
        self.in_proj = nn.Linear(dim, hidden_dim)
        self.hidden_balancer = Balancer(
            channel_dim=-1, min_positive=0.3, max_positive=1.0, min_abs=0.75, max_abs=5.0
        )
        self.out_proj = SwooshLinear(hidden_dim, dim, "L", scale=0.1, dropout=dropout)
        self.out_whiten = Whiten(whiten_schedule(7.5))

    def forward(self, x: Tensor) -> Tensor:
        return self.out_whiten(self.out_proj(self.hidden_balancer(self.in_proj(x))))


class ZipformerLayer(Scheduled):
    """Attention weights used three times, three feed-forwards, two convolutions, a bypass."""

    def __init__(
        self,
        dim: int,
        pos_dim: int,
        num_heads: int,
        query_head_dim: int,
        pos_head_dim: int,
        value_head_dim: int,
        feedforward_dim: int,
        kernel_size: int,
        causal: bool,
        dropout: Schedule | float,
        bypass_skip_rate: Schedule,
    ) -> None:
        super().__init__()
        self.bypass_scale = nn.Parameter(torch.full((dim,), 0.5))  # unused; in all checkpoints
        self.bypass = Bypass(dim, skip_rate=bypass_skip_rate)
        self.bypass_mid = Bypass(dim)
        self.self_attn_weights = AttentionWeights(
            dim, pos_dim, num_heads, query_head_dim, pos_head_dim
        )
        self.self_attn1 = SelfAttention(dim, num_heads, value_head_dim)
        self.self_attn2 = SelfAttention(dim, num_heads, value_head_dim)
        self.feed_forward1 = FeedForward(dim, feedforward_dim * 3 // 4, dropout)
        self.feed_forward2 = FeedForward(dim, feedforward_dim, dropout)
        self.feed_forward3 = FeedForward(dim, feedforward_dim * 5 // 4, dropout)
        self.nonlin_attention = NonlinAttention(dim, 3 * dim // 4)
        self.conv_module1 = ConvolutionModule(dim, kernel_size, causal)
        self.conv_module2 = ConvolutionModule(dim, kernel_size, causal)
        self.norm = BiasNorm(dim)
        self.balancer1 = Balancer(-1, 0.45, 0.55, min_abs=0.2, max_abs=4.0)
        self.balancer2 = Balancer(-1, 0.45, 0.55, min_abs=0.1, max_abs=4.0)
        self.balancer_na = Balancer(
            -1, 0.3, 0.7, min_abs=Schedule((0.0, 0.004), (4000.0, 0.02)), prob=0.05
        )
        self.balancer_ff2 = Balancer(
            -1, 0.3, 0.7, min_abs=Schedule((0.0, 0.0), (4000.0, 0.1)), max_abs=2.0, prob=0.05
        )
        self.balancer_ff3 = Balancer(
            -1, 0.3, 0.7, min_abs=Schedule((0.0, 0.0), (4000.0, 0.2)), max_abs=4.0, prob=0.05
        )
        self.whiten = Whiten(whiten_schedule(4.0, ratio=3.0))
        self.attention_skip = Schedule((0.0, 0.2), (4000.0, 0.05), (16000.0, 0.0))
        self.conv_skip = Schedule((0.0, 0.2), (4000.0, 0.05), (16000.0, 0.0))
        self.ff_skip = Schedule((0.0, 0.1), (4000.0, 0.01), (50000.0, 0.0))
        self.const_attention = Schedule((0.0, 0.25), (4000.0, 0.025))

    def forward(
        self,
        x: Tensor,
        positions: Tensor,
        mask: Tensor | None,
        padding: Tensor | None,
        chunk_size: int,
        memory: LayerMemory = NO_MEMORY,
    ) -> Tensor:
        """x (N, T, C); see AttentionWeights and ConvolutionModule for the rest."""
        original = x
        weights = self.self_attn_weights(x, positions, mask, memory.key)
        attended = self._keep(x, self.attention_skip)  # one decision for all that attends
        x = x + self.feed_forward1(x)
        nonlin = self.nonlin_attention(x, self._one_head(weights), memory.nonlin)
        x = x + _kept(self.balancer_na(nonlin), attended)
        x = x + _kept(self.self_attn1(x, weights, memory.value1), attended)
        conv = self.conv_module1(x, padding, chunk_size, memory.conv1)
        x = x + _kept(conv, self._keep(x, self.conv_skip))
        x = x + _kept(self.balancer_ff2(self.feed_forward2(x)), self._keep(x, self.ff_skip))
        x = self.bypass_mid(original, x)
        x = x + _kept(self.self_attn2(x, weights, memory.value2), attended)
        conv = self.conv_module2(x, padding, chunk_size, memory.conv2)
        x = x + _kept(conv, self._keep(x, self.conv_skip))
        x = x + _kept(self.balancer_ff3(self.feed_forward3(x)), self._keep(x, self.ff_skip))
        x = self.bypass(original, self.norm(self.balancer1(x)))
        return self.whiten(self.balancer2(x))

    def memory_shapes(self, left_context: int) -> list[tuple[int, int]]:
        """Shapes, without the batch, of what `LayerMemory` holds, in its order."""
        attention = self.self_attn_weights
        keys = attention.num_heads * attention.query_head_dim
        values = self.self_attn1.in_proj.out_features
        conv = (self.norm.bias.size(0), self.conv_module1.kernel_size // 2)
        widths = (keys, self.nonlin_attention.out_proj.in_features, values, values)
        return [*((left_context, width) for width in widths), conv, conv]

    def _keep(self, x: Tensor, rate: Schedule) -> Tensor | None:
        return keep_mask(x, self.now(rate)) if self.training else None

    def _one_head(self, weights: Tensor) -> Tensor:
        """The first head's weights (N, 1, T, L + T); now and then made even over what they reach."""
        weights = weights[:, :1]
        if self.training and chance(self.now(self.const_attention)):
            even = (weights > 0.0).to(weights.dtype)
            weights = even / even.sum(dim=-1, keepdim=True)
        return weights


def keep_mask(x: Tensor, skip_rate: float) -> Tensor | None:
    """(N, 1, 1) of 0 (with this rate) and 1: utterances that leave a module out."""
    if skip_rate == 0.0:
        return None
    return (torch.rand(x.size(0), 1, 1, device=x.device) > skip_rate).to(x.dtype)


def _kept(x: Tensor, mask: Tensor | None) -> Tensor:
    return x if mask is None else x * mask
