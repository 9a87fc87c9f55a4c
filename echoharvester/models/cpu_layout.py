"""Convolutions in the layout that a CPU works on fastest.

oneDNN, by which torch convolves on a CPU, is ten times as fast at depthwise convolutions where the
channels of a frame lie side by side and time is the first of two dimensions, has no fast gradient of
large two-dimensional kernels, and leaves kernels of one tap to a slow path (torch 2.11 on AVX-512,
measured by hand; docs/training.md has what whole steps gain).  Elsewhere, and in exported files, torch's own layout is kept.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function


def depthwise_1d(conv: nn.Conv1d, x: Tensor) -> Tensor:
    """A depthwise convolution over time: (N, T, C) to (N, T', C)."""
    if _torchs_own(x):
        return conv(x.transpose(1, 2)).transpose(1, 2)
    image = x.contiguous().unsqueeze(2).permute(0, 3, 1, 2)  # (N, C, T, 1)
    padding = (int(conv.padding[0]), 0)
    out = F.conv2d(image, conv.weight.unsqueeze(3), conv.bias, padding=padding, groups=conv.groups)
    return out.squeeze(3).transpose(1, 2)


def depthwise_2d(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A depthwise convolution of an odd kernel that keeps the size: (N, C, T, F) to the same."""
    plain = _torchs_own(x) or torch.is_autocast_enabled("cpu") or x.dtype != torch.float32
    if plain or not (torch.is_grad_enabled() and conv.weight.requires_grad):
        return conv(x)
    return _Depthwise2d.apply(x, conv.weight, conv.bias)


def pointwise(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """A convolution of a single tap: (N, C, T, F) to (N, C', T, F)."""
    if _torchs_own(x):
        return conv(x)
    out = F.linear(x.permute(0, 2, 3, 1), conv.weight[:, :, 0, 0], conv.bias)
    return out.permute(0, 3, 1, 2)


def as_image(x: Tensor) -> Tensor:
    """(N, T, F) as an image of one channel, (N, 1, T, F), in the layout that the convolutions over it keep."""
    return x.unsqueeze(1) if _torchs_own(x) else x.contiguous().unsqueeze(3).permute(0, 3, 1, 2)


def _torchs_own(x: Tensor) -> bool:
    return x.device.type != "cpu" or torch.jit.is_tracing()


class _Depthwise2d(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight)
        return F.conv2d(x, weight, bias, padding=_half(weight), groups=x.size(1))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        x, weight = ctx.saved_tensors
        d_x = d_weight = d_bias = None
        if ctx.needs_input_grad[0]:
            # A kernel that keeps the size, turned about, leads back.
            d_x = F.conv2d(grad, weight.flip(2, 3), None, padding=_half(weight), groups=x.size(1))
        if ctx.needs_input_grad[1]:
            d_weight = _weight_gradient(x, grad, weight)
        if ctx.needs_input_grad[2]:
            d_bias = grad.sum(dim=(0, 2, 3))
        return d_x, d_weight, d_bias


def _half(weight: Tensor) -> tuple[int, int]:
    return weight.size(2) // 2, weight.size(3) // 2


def _weight_gradient(x: Tensor, grad: Tensor, weight: Tensor) -> Tensor:
    """Of each tap (C, 1, K, L): the sum over all frames of gradient times shifted input.

    A matrix product over time, for each shift in time, holds all pairs of columns; those that are one
    shift apart lie on one of its diagonals.
    """
    n, c, t, f = grad.shape
    k, half = weight.size(2), _half(weight)
    padded = F.pad(x, (half[1], half[1], half[0], half[0])).reshape(n * c, t + 2 * half[0], -1)
    columns, grad = padded.size(2), grad.reshape(n * c, t, f)
    taps = []
    for i in range(k):
        pairs = torch.bmm(padded[:, i : i + t].transpose(1, 2), grad)  # (N * C, columns, F)
        pairs = pairs.reshape(n, c, columns, f).sum(dim=0)
        diagonals = pairs.as_strided((c, weight.size(3), f), (columns * f, f, f + 1))
        taps.append(diagonals.sum(dim=2))
    return torch.stack(taps, dim=1).unsqueeze(1)
