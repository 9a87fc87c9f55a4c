"""What keeps activations healthy in training and does nothing otherwise.

Balancer and Whiten follow Yao et al. 2024 (Zipformer, arXiv:2310.11230, section 3.4 and
appendix) and add to gradients only: the forward value never changes.  Their penalty
gradients are written out here instead of being found by differentiating, so they cost two
reductions or one small matrix product.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from echoharvester.models.zipformer.schedule import Schedule, Scheduled, chance

TINY = 0.5e-10
LEAST_SPREAD = 1e-6  # of the size of a channel; float32 holds no less


class Balancer(Scheduled):
    """Keeps each channel's share of positive values and its mean size within bounds.

    Args:
        channel_dim: which dimension of the input holds the channels.
        min_positive, max_positive: bounds of the share of positive values.
        min_abs, max_abs: bounds of the mean absolute value.
        grad_scale: size of the penalty beside the gradient it is added to.
        prob: how often it acts; acting now and then costs less and does as well.
    """

    def __init__(
        self,
        channel_dim: int,
        min_positive: Schedule | float = 0.05,
        max_positive: Schedule | float = 0.95,
        min_abs: Schedule | float = 0.2,
        max_abs: Schedule | float = 100.0,
        grad_scale: float = 0.04,
        prob: Schedule | float | None = None,
    ) -> None:
        super().__init__()
        self.channel_dim, self.grad_scale = channel_dim, grad_scale
        self.min_positive, self.max_positive = min_positive, max_positive
        self.min_abs, self.max_abs = min_abs, max_abs
        self.prob = Schedule((0.0, 0.5), (8000.0, 0.125)) if prob is None else prob

    def forward(self, x: Tensor) -> Tensor:
        if not (self.training and x.requires_grad and chance(self.now(self.prob))):
            return x
        bounds = balancer_bounds(
            self.now(self.min_positive),
            self.now(self.max_positive),
            self.now(self.min_abs),
            self.now(self.max_abs),
        )
        return _Balance.apply(x, bounds, self.grad_scale, self.channel_dim)


def balancer_bounds(
    min_positive: float, max_positive: float, min_abs: float, max_abs: float
) -> tuple[float, float, float, float]:
    """Bounds of mean over standard deviation and of the RMS; both as of a Gaussian."""
    to_rms = math.sqrt(math.pi / 2)
    max_rms = max_abs * to_rms
    return (
        _mean_for_positive(min_positive),
        _mean_for_positive(max_positive),
        min(min_abs * to_rms, max_rms),
        max_rms,
    )


def _mean_for_positive(share: float) -> float:
    """Mean over standard deviation that makes about this share positive.

    Not the exact quantile of a Gaussian but the logistic stand-in, a little nearer to zero,
    that the published bounds were tuned with.  Shares of 0 and 1 are bounds too, far out:
    a channel that hardly moves about its mean is beyond them.
    """
    odds = (share + TINY) / (1.0 - share + TINY)
    return math.log(odds) / (2.0 * math.sqrt(math.pi) * math.log(2.0))


class _Balance(Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, bounds: tuple[float, ...], grad_scale: float, channel_dim: int
    ) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bounds, ctx.grad_scale, ctx.channel_dim = bounds, grad_scale, channel_dim
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        (x,) = ctx.saved_tensors
        return (
            balanced_gradient(x, grad, ctx.bounds, ctx.grad_scale, ctx.channel_dim),
            None,
            None,
            None,
        )


def balanced_gradient(
    x: Tensor, grad: Tensor, bounds: tuple[float, ...], grad_scale: float, channel_dim: int
) -> Tensor:
    """The gradient with the penalty of each channel of `x` that is out of bounds.

    The penalty is |ratio beyond its bounds| + |log(rms beyond its bounds)|, ratio being mean
    over standard deviation; it is scaled to `grad_scale` and by each element's own gradient.

    All sums are of values about the mean: what a channel moves about a large mean is lost in a
    difference of mean squares.
    """
    min_ratio, max_ratio, min_rms, max_rms = bounds
    dims = [d for d in range(x.dim()) if d != channel_dim % x.dim()]
    count = x.numel() / x.size(channel_dim)
    mean = x.mean(dim=dims, keepdim=True, dtype=torch.float32)
    centred = x.float() - mean
    deviation = torch.linalg.vector_norm(centred, dim=dims, keepdim=True) / count**0.5
    rms = (deviation**2 + mean**2).sqrt().clamp(min=1e-10)
    stddev = torch.maximum(deviation, LEAST_SPREAD * rms)  # that of a constant channel
    ratio = mean / stddev
    sign_ratio = (ratio > max_ratio).float() - (ratio < min_ratio).float()
    sign_rms = (rms > max_rms).float() - (rms < min_rms).float()
    # Its derivative is, in each channel, a straight line in the centred values, up to a factor that
    # goes with the scaling: its own RMS is known from their deviation.
    spread = rms / stddev
    offset = sign_ratio * spread + sign_rms * mean / rms
    slope = sign_rms / rms - sign_ratio * ratio * spread / stddev
    size = offset**2 + (slope * deviation) ** 2
    factor = grad_scale / size.clamp(min=1e-20).sqrt()
    penalty = centred.mul_(slope * factor).add_(offset * factor)  # in place: nobody needs it else
    return penalty.to(grad.dtype).mul_(grad.abs()).add_(grad)


class Whiten(Scheduled):
    """Pushes the covariance of each group of channels towards a multiple of the identity.

    Args:
        limit: the metric it pushes below; 1 means white, the number of channels the worst.
        num_groups: channels are split into so many groups, each white in itself.
        prob: how often it looks while the metric is in order, and while it is not.
        grad_scale: size of the penalty beside the gradient it is added to.
    """

    def __init__(
        self,
        limit: Schedule | float,
        num_groups: int = 1,
        prob: tuple[float, float] = (0.025, 0.25),
        grad_scale: float = 0.01,
    ) -> None:
        super().__init__()
        self.limit, self.num_groups, self.prob, self.grad_scale = (
            limit,
            num_groups,
            prob,
            grad_scale,
        )
        self.violated = True  # until it has looked

    def forward(self, x: Tensor) -> Tensor:
        """(..., C), unchanged."""
        prob = self.prob[1] if self.violated else self.prob[0]
        if not (self.training and x.requires_grad and chance(prob)):
            return x
        return _Whitening.apply(x, self)


class _Whitening(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, module: Whiten) -> Tensor:
        ctx.save_for_backward(x)
        ctx.module = module
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        (x,), module = ctx.saved_tensors, ctx.module
        limit = module.now(module.limit)
        whitened = whitened_gradient(x, grad, module.num_groups, limit, module.grad_scale)
        module.violated = whitened is not None
        return grad if whitened is None else whitened, None


def whitened_gradient(
    x: Tensor, grad: Tensor, num_groups: int, limit: float, grad_scale: float
) -> Tensor | None:
    """The gradient with the penalty of `x` (..., C); None where `x` is white enough."""
    with torch.autocast(x.device.type, enabled=False):
        metric, penalty = whitening(x.float(), num_groups)
        if metric <= limit:
            return None
        size = grad.float().norm() / (penalty.norm() + 1e-20)
        return grad + (penalty * (grad_scale * size)).to(grad.dtype)


def whitening(x: Tensor, num_groups: int) -> tuple[Tensor, Tensor]:
    """How far from white (..., C) is, at least 1, and the direction of that metric's gradient.

    With C the covariance of one group, the metric is mean(eigenvalue^2) / mean(eigenvalue)^2.
    """
    channels = x.size(-1) // num_groups
    groups = x.reshape(-1, num_groups, channels).transpose(0, 1)  # (G, frames, C)
    groups = groups - groups.mean(dim=1, keepdim=True)
    covariance = groups.transpose(1, 2) @ groups
    mean_diagonal = covariance.diagonal(dim1=1, dim2=2).mean() + 1e-20
    metric = (covariance**2).sum() / (num_groups * channels) / mean_diagonal**2
    direction = covariance / mean_diagonal
    direction.diagonal(dim1=1, dim2=2).sub_(metric)
    return metric, (groups @ direction).transpose(0, 1).reshape(x.shape)


def whiten_schedule(limit: float, ratio: float = 2.0) -> Schedule:
    """A limit that is let go as training goes on."""
    return Schedule((0.0, limit), (20000.0, ratio * limit))


class ScaleGrad(nn.Module):
    """Scales gradients, not values."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, x: Tensor) -> Tensor:
        if self.training and x.requires_grad:
            return _ScaledGrad.apply(x, self.scale)
        return x


class _ScaledGrad(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad * ctx.scale, None


def limited(x: Tensor, low: float, high: float, prob: float = 0.6) -> Tensor:
    """A parameter whose gradient, where it lies out of bounds, leads back into them."""
    return _Limited.apply(x, low, high) if x.requires_grad and chance(prob) else x


class _Limited(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.bounds = low, high
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (x,), (low, high) = ctx.saved_tensors, ctx.bounds
        outward = ((x < low) & (grad > 0)) | ((x > high) & (grad < 0))
        return torch.where(outward, -grad, grad), None, None


class ScheduledDropout(Scheduled):
    """Dropout at a scheduled rate; the mask can be the same all along one dimension."""

    def __init__(self, rate: Schedule | float, shared_dim: int | None = None) -> None:
        super().__init__()
        self.rate, self.shared_dim = rate, shared_dim

    def forward(self, x: Tensor) -> Tensor:
        mask = self.mask(x)
        return x if mask is None else x * mask

    def mask(self, x: Tensor) -> Tensor | None:
        """What multiplies `x` now: 0 or 1 / (1 - rate); None where nothing is dropped."""
        rate = self.now(self.rate)
        if not self.training or rate == 0.0:
            return None
        shape = list(x.shape)
        if self.shared_dim is not None:
            shape[self.shared_dim] = 1
        keep = torch.rand(shape, device=x.device) > rate
        return keep.to(x.dtype) / (1.0 - rate)
