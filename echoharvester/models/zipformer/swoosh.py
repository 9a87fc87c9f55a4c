"""Swoosh activations, BiasNorm, and linear layers that follow an activation.

SwooshR(x) = log(1 + exp(x - 1)) - 0.08 x - 0.313261687
SwooshL(x) = log(1 + exp(x - 4)) - 0.08 x - 0.035
(Yao et al. 2024, arXiv:2310.11230, section 3.3).  Backward passes keep the input and
compute the rest again: nothing but inputs is held between forward and backward.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import Function

from echoharvester.models.zipformer.regularize import ScheduledDropout, limited
from echoharvester.models.zipformer.schedule import Schedule

SLOPE = 0.08
SHIFTS = {"L": (4.0, 0.035), "R": (1.0, 0.313261687)}
BLOCK = 2**16  # numbers that a CPU's cache holds through several steps
LARGEST = 80.0  # exp of more leaves float32


def swoosh(x: Tensor, kind: str) -> Tensor:
    """SwooshL or SwooshR of any shape.

    On CUDA k2's fused kernel is used where k2 is installed; it rounds derivatives to eight
    bits at random, so the CPU, whose results are repeatable, always takes ours.
    """
    if not x.requires_grad:
        return _swoosh(x, *SHIFTS[kind])
    if x.is_cuda and (k2 := _k2()) is not None:
        return (k2.swoosh_l if kind == "L" else k2.swoosh_r)(x)
    return _Swoosh.apply(x, *SHIFTS[kind])


@cache
def _k2() -> Any:
    try:
        return importlib.import_module("k2")
    except ImportError:
        return None


def _swoosh(x: Tensor, shift: float, constant: float) -> Tensor:
    if torch.jit.is_tracing():
        return F.softplus(x - shift) - SLOPE * x - constant
    if not _in_blocks(x):
        return F.softplus(x - shift).add_(x, alpha=-SLOPE).sub_(constant)
    x = _without_gaps(x)
    out = torch.empty_like(x)
    for source, block in zip(_blocks(x), _blocks(out), strict=True):
        torch.sub(source, shift, out=block)
        if block.max() < LARGEST:  # torch's softplus takes as long as all the rest
            block.exp_().add_(1.0).log_()
        else:
            block.copy_(F.softplus(block))
        block.add_(source, alpha=-SLOPE).sub_(constant)
    return out


def _swoosh_derivative(x: Tensor, shift: float) -> Tensor:
    if not _in_blocks(x):
        return (x - shift).sigmoid_().sub_(SLOPE)
    x = _without_gaps(x)
    out = torch.empty_like(x)
    for source, block in zip(_blocks(x), _blocks(out), strict=True):
        torch.sub(source, shift, out=block).sigmoid_().sub_(SLOPE)
    return out


def _in_blocks(x: Tensor) -> bool:
    """Whether a CPU computes: it does all steps on what its cache holds before it goes on."""
    return x.device.type == "cpu" and x.dtype == torch.float32 and not torch.compiler.is_compiling()


def _without_gaps(x: Tensor) -> Tensor:
    channels_last = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    return x if channels_last else x.contiguous()


def _blocks(x: Tensor) -> tuple[Tensor, ...]:
    """The memory of a tensor without gaps, in pieces."""
    return x.as_strided((x.numel(),), (1,)).split(BLOCK) if x.numel() else ()


class _Swoosh(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, shift: float, constant: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.shift = shift
        return _swoosh(x, shift, constant)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (x,) = ctx.saved_tensors
        return _swoosh_derivative(x, ctx.shift).mul_(grad), None, None


class Swoosh(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        return swoosh(x, self.kind)


class SwooshLinear(nn.Linear):
    """Activation, dropout and linear layer as one: (..., in) to (..., out).

    Args:
        kind: "L" or "R".
        scale: weights begin so much smaller than torch's own initial values.
        dropout: its mask is the same for all frames of an utterance.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        kind: str,
        scale: float,
        dropout: Schedule | float = 0.0,
    ) -> None:
        super().__init__(in_features, out_features)
        scale_initial(self, scale)
        self.kind = kind
        self.dropout = ScheduledDropout(dropout, shared_dim=1)

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_grad_enabled() and (x.requires_grad or self.weight.requires_grad):
            mask = self.dropout.mask(x)
            return _SwooshLinear.apply(x, self.weight, self.bias, mask, *SHIFTS[self.kind])
        return F.linear(_swoosh(x, *SHIFTS[self.kind]), self.weight, self.bias)


class _SwooshLinear(Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight: Tensor,
        bias: Tensor,
        mask: Tensor | None,
        shift: float,
        constant: float,
    ) -> Tensor:
        ctx.dtypes = x.dtype, weight.dtype
        device = x.device.type
        if torch.is_autocast_enabled(device):
            dtype = torch.get_autocast_dtype(device)
            x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
        ctx.save_for_backward(x, weight, mask)
        ctx.shift, ctx.constant = shift, constant
        return F.linear(_activate(x, mask, shift, constant), weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, mask = ctx.saved_tensors
        x_dtype, weight_dtype = ctx.dtypes
        flat = grad.reshape(-1, grad.size(-1))
        d_x = d_weight = d_bias = None
        with torch.autocast(x.device.type, enabled=False):
            if ctx.needs_input_grad[1]:
                active = _activate(x, mask, ctx.shift, ctx.constant).reshape(-1, x.size(-1))
                d_weight = (flat.t() @ active).to(weight_dtype)
                d_bias = flat.sum(dim=0).to(weight_dtype)
            if ctx.needs_input_grad[0]:
                d_x = _swoosh_derivative(x, ctx.shift).mul_(grad @ weight)
                d_x = (d_x if mask is None else d_x.mul_(mask)).to(x_dtype)
        return d_x, d_weight, d_bias, None, None, None


def _activate(x: Tensor, mask: Tensor | None, shift: float, constant: float) -> Tensor:
    out = _swoosh(x, shift, constant)
    return out if mask is None else out.mul_(mask)


class BiasNorm(nn.Module):
    """x / RMS(x - bias) * exp(log_scale) over the last dimension (section 3.2 of the paper)."""

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.zeros(num_channels))

    def forward(self, x: Tensor) -> Tensor:
        log_scale: Tensor = self.log_scale
        if torch.is_grad_enabled() and (x.requires_grad or self.bias.requires_grad):
            if self.training:
                log_scale = limited(log_scale, -1.5, 1.5)
            return _BiasNorm.apply(x, self.bias, log_scale)
        return x * _bias_norm_scale(x, self.bias, log_scale)


def _bias_norm_scale(x: Tensor, bias: Tensor, log_scale: Tensor) -> Tensor:
    return (x - bias).square().mean(dim=-1, keepdim=True).rsqrt() * log_scale.exp()


class _BiasNorm(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, bias: Tensor, log_scale: Tensor) -> Tensor:
        scale = _bias_norm_scale(x, bias, log_scale)
        ctx.save_for_backward(x, bias, log_scale, scale)
        return x * scale

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, bias, log_scale, scale = ctx.saved_tensors
        # y = x s with s = exp(l) r^-1/2, r = mean((x - b)^2), so ds/dr = -s / 2r and 1/r is
        # (s / exp(l))^2.
        by_scale = (grad * x).sum(dim=-1, keepdim=True) * scale  # s dL/ds
        pull = (x - bias).mul_(by_scale * (scale / log_scale.exp()).square() / x.size(-1))
        d_bias = pull.reshape(-1, pull.size(-1)).sum(dim=0)
        d_x = (grad * scale).sub_(pull).to(x.dtype)
        return d_x, d_bias.to(bias.dtype), by_scale.sum().to(log_scale.dtype)


def scale_initial(layer: nn.Linear | nn.Conv2d, scale: float) -> None:
    """Makes initial weights smaller, and biases small."""
    with torch.no_grad():
        layer.weight.mul_(scale)
        if layer.bias is not None:
            layer.bias.uniform_(-0.1 * scale, 0.1 * scale)


def scaled_linear(
    in_features: int, out_features: int, scale: float, bias: bool = True
) -> nn.Linear:
    """A linear layer whose initial weights are `scale` times torch's own."""
    layer = nn.Linear(in_features, out_features, bias=bias)
    scale_initial(layer, scale)
    return layer
