"""Convolution module of the Zipformer, causal by chunks where wanted."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from echoharvester.models.cpu_layout import depthwise_1d
from echoharvester.models.zipformer.memory import Past
from echoharvester.models.zipformer.regularize import Balancer, Whiten, whiten_schedule
from echoharvester.models.zipformer.schedule import Schedule
from echoharvester.models.zipformer.swoosh import SwooshLinear


class ConvolutionModule(nn.Module):
    """A gate, a depthwise convolution, SwooshR and a projection."""

    def __init__(self, dim: int, kernel_size: int, causal: bool) -> None:
        super().__init__()
        if kernel_size % 2 == 0:
            raise ValueError(f"cnn_module_kernel must be odd, not {kernel_size}")
        self.kernel_size = kernel_size
        self.in_proj = nn.Linear(dim, 2 * dim)
        self.balancer1 = Balancer(
            channel_dim=-1,
            min_positive=Schedule((0.0, 0.05), (8000.0, 0.025)),
            max_positive=1.0,
            min_abs=1.5,
            max_abs=Schedule((0.0, 5.0), (8000.0, 10.0)),
        )
        self.depthwise_conv: nn.Module = (
            ChunkCausalConv(dim, kernel_size)
            if causal
            else nn.Conv1d(dim, dim, kernel_size, padding=kernel_size // 2, groups=dim)
        )
        self.balancer2 = Balancer(
            channel_dim=-1,
            min_positive=Schedule((0.0, 0.1), (8000.0, 0.05)),
            max_positive=1.0,
            min_abs=Schedule((0.0, 0.2), (20000.0, 0.5)),
            max_abs=10.0,
        )
        self.whiten = Whiten(whiten_schedule(7.5))
        self.out_proj = SwooshLinear(dim, dim, "R", scale=0.05)

    def forward(
        self, x: Tensor, padding: Tensor | None, chunk_size: int = -1, past: Past | None = None
    ) -> Tensor:
        """x (N, T, C), padding (N, T, 1) true beyond the length; `past` of causal ones alone."""
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        x = x * self.balancer1(gate).sigmoid()
        if padding is not None:
            x = x.masked_fill(padding, 0.0)
        if isinstance(self.depthwise_conv, nn.Conv1d):
            x = depthwise_1d(self.depthwise_conv, x)
        else:
            x = self.depthwise_conv(x, chunk_size, past)
        return self.out_proj(self.whiten(self.balancer2(x)))


class ChunkCausalConv(nn.Module):
    """Depthwise convolution that sees all of the past, and the future inside its chunk.

    The sum of a causal convolution and of one inside each chunk, the latter scaled near the
    chunk's edges by learnt amounts, for its window is cut short there.
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.causal_conv = nn.Conv1d(channels, channels, (kernel_size + 1) // 2, groups=channels)
        self.chunkwise_conv = nn.Conv1d(
            channels, channels, kernel_size, padding=kernel_size // 2, groups=channels
        )
        self.chunkwise_conv_scale = nn.Parameter(torch.zeros(2, channels, kernel_size))

    def forward(self, x: Tensor, chunk_size: int = -1, past: Past | None = None) -> Tensor:
        """x (N, T, C); chunks of `chunk_size` frames, below 0: one chunk."""
        n, t, c = x.size(0), x.size(1), x.size(2)
        if chunk_size < 0 or chunk_size > t:
            chunk_size = t
        if past is None:
            heard = F.pad(x, (0, 0, self.kernel_size // 2, 0))
        else:
            heard = past.before(x.transpose(1, 2)).transpose(1, 2)
        causal = depthwise_1d(self.causal_conv, heard)
        chunks = F.pad(x, (0, 0, 0, -t % chunk_size)).reshape(-1, chunk_size, c)
        chunks = depthwise_1d(self.chunkwise_conv, chunks) * self._edge_scale(chunk_size)
        return causal + chunks.reshape(n, -1, c)[:, :t]

    def _edge_scale(self, chunk_size: int) -> Tensor:
        """(chunk_size, C)."""
        left, right = self.chunkwise_conv_scale
        left, right = F.pad(left, (0, chunk_size)), F.pad(right, (chunk_size, 0))
        return (1.0 + left[:, :chunk_size] + right[:, -chunk_size:]).t()
