"""Conformer encoder (Gulati et al. 2020, arXiv:2005.08100) with relative positions.

Relative positions as in Transformer-XL (Dai et al. 2019, arXiv:1901.02860).  The
convolution module is normalised with LayerNorm where the paper has BatchNorm, and
every sum over time is masked, so that padding never changes an output.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from echoharvester.errors import UserError
from echoharvester.models.cpu_layout import as_image, depthwise_1d
from echoharvester.models.encoder import Encoder


class Conformer(Encoder):
    """Layers at a quarter of the features' frame rate."""

    subsampling_factor = 4
    first_frame = 3.0  # two convolutions of width 3 and stride 2: output 0 sees frames 0 to 6

    def __init__(
        self,
        d_model: int = 256,
        num_layers: int = 12,
        num_heads: int = 4,
        feedforward_dim: int = 2048,
        kernel_size: int = 31,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.output_dim = d_model
        self.layers = nn.ModuleList(
            ConformerLayer(d_model, num_heads, feedforward_dim, kernel_size, dropout)
            for _ in range(num_layers)
        )

    def forward(self, x: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T', d_model) and (N,) frames, and the same again."""
        padding = torch.arange(x.size(1), device=x.device)[None, :] >= lens[:, None]  # (N, T')
        positions = relative_positions(x)
        for layer in self.layers:
            x = layer(x, positions, padding)
        return x, lens


class ConvSubsampling(nn.Module):
    """Two convolutions of stride 2 without padding: T' = ((T - 1) // 2 - 1) // 2."""

    def __init__(self, num_features: int, channels: int, d_model: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, stride=2)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=2)
        self.out = nn.Linear(channels * (((num_features - 1) // 2 - 1) // 2), d_model)
        self.norm = nn.LayerNorm(d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        x = F.silu(self.conv1(as_image(x)))
        x = F.silu(self.conv2(x))  # (N, C, T', F')
        x = self.out(x.transpose(1, 2).flatten(2))
        return self.dropout(self.norm(x)), ((lens - 1) // 2 - 1) // 2


class ConformerLayer(nn.Module):
    """Half feed-forward, attention, convolution, half feed-forward, norm."""

    def __init__(
        self, d_model: int, num_heads: int, feedforward_dim: int, kernel_size: int, dropout: float
    ) -> None:
        super().__init__()
        self.feedforward1 = FeedForward(d_model, feedforward_dim, dropout)
        self.attention = RelativeAttention(d_model, num_heads, dropout)
        self.convolution = Convolution(d_model, kernel_size, dropout)
        self.feedforward2 = FeedForward(d_model, feedforward_dim, dropout)
        self.norm = nn.LayerNorm(d_model)

    def forward(self, x: Tensor, positions: Tensor, padding: Tensor) -> Tensor:
        x = x + 0.5 * self.feedforward1(x)
        x = x + self.attention(x, positions, padding)
        x = x + self.convolution(x, padding)
        x = x + 0.5 * self.feedforward2(x)
        return self.norm(x)


class FeedForward(nn.Module):
    def __init__(self, d_model: int, hidden_dim: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(d_model)
        self.expand = nn.Linear(d_model, hidden_dim)
        self.shrink = nn.Linear(hidden_dim, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(F.silu(self.expand(self.norm(x))))
        return self.dropout(self.shrink(x))


class RelativeAttention(nn.Module):
    """Self-attention whose scores see content and distance."""

    def __init__(self, d_model: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        if d_model % num_heads:
            raise UserError(f"d_model {d_model} is not a multiple of num_heads {num_heads}")
        self.num_heads, self.head_dim = num_heads, d_model // num_heads
        self.norm = nn.LayerNorm(d_model)
        self.in_proj = nn.Linear(d_model, 3 * d_model)
        self.pos_proj = nn.Linear(d_model, d_model, bias=False)
        self.content_bias = nn.Parameter(torch.zeros(num_heads, self.head_dim))
        self.position_bias = nn.Parameter(torch.zeros(num_heads, self.head_dim))
        self.out_proj = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, positions: Tensor, padding: Tensor) -> Tensor:
        """x (N, T, C), positions (2T - 1, C), padding (N, T) true beyond the length."""
        n, t, _ = x.shape
        query, key, value = (
            part.view(n, t, self.num_heads, self.head_dim)
            for part in self.in_proj(self.norm(x)).chunk(3, dim=-1)
        )
        pos = self.pos_proj(positions).view(1, -1, self.num_heads, self.head_dim)
        by_distance = (query + self.position_bias).transpose(1, 2) @ pos.permute(0, 2, 3, 1)
        bias = relative_shift(by_distance) / math.sqrt(self.head_dim)  # (N, H, T, T)
        bias = bias.masked_fill(padding[:, None, None, :], float("-inf"))
        out = F.scaled_dot_product_attention(
            (query + self.content_bias).transpose(1, 2),
            key.transpose(1, 2),
            value.transpose(1, 2),
            attn_mask=bias,
        )
        return self.dropout(self.out_proj(out.transpose(1, 2).reshape(n, t, -1)))


class Convolution(nn.Module):
    def __init__(self, d_model: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise UserError(f"kernel_size must be odd, not {kernel_size}")
        self.norm = nn.LayerNorm(d_model)
        self.expand = nn.Linear(d_model, 2 * d_model)
        self.depthwise = nn.Conv1d(
            d_model, d_model, kernel_size, padding=kernel_size // 2, groups=d_model
        )
        self.depthwise_norm = nn.LayerNorm(d_model)
        self.out = nn.Linear(d_model, d_model)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        x = F.glu(self.expand(self.norm(x)), dim=-1).masked_fill(padding[..., None], 0.0)
        x = depthwise_1d(self.depthwise, x)
        return self.dropout(self.out(F.silu(self.depthwise_norm(x))))


def relative_positions(x: Tensor) -> Tensor:
    """Sinusoids for the distances T - 1 .. -(T - 1); x (N, T, C) gives (2T - 1, C)."""
    t, dim = x.size(1), x.size(2)
    distance = torch.arange(t - 1, -t, -1, device=x.device, dtype=torch.float32)
    step = torch.arange(0, dim, 2, device=x.device, dtype=torch.float32)
    angle = distance[:, None] * torch.exp(step * (-math.log(10000.0) / dim))
    return torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1).to(x.dtype)


def relative_shift(x: Tensor) -> Tensor:
    """Scores by distance (N, H, T, 2T - 1) to scores by key position (N, H, T, T)."""
    n, h, t, width = x.shape
    x = F.pad(x, (1, 0)).view(n, h, width + 1, t)
    return x[:, :, 1:].reshape(n, h, t, width)[..., :t]
