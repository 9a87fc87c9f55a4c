"""ScaledAdam and Eden, the optimiser and schedule of the Zipformer.

Yao et al. 2024 (arXiv:2310.11230, section 3.5).  ScaledAdam makes each update proportional to
the size of its parameter, and learns that size as one more parameter.  Learning rates are
then relative: 0.045 suits a model of any width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from echoharvester.errors import DivergedError

ROUGH_STEPS = (10, 20, 40)  # first thresholds are set from few norms, and are wider
# On a CPU memory is what an update waits for: large parameters are worked on where they are, so many
# numbers at a time as its cache holds.
LARGE = 2**14
BLOCK = 2**16


@dataclass(frozen=True)
class _Batch:
    """Parameters (B, ...) that are updated together, their gradients, and their part of the state.

    Attributes:
        copied: the parameters that `values` was copied from, empty where it is a view of one.
    """

    values: Tensor
    grad: Tensor
    state: dict[str, Any]
    copied: list[nn.Parameter]


class ScaledAdam(Optimizer):
    """Adam in relative steps, with clipping by the median of recent gradient norms.

    Small parameters of one shape are updated together, and all on a GPU: a large model costs few kernels.

    Args:
        params: as for any optimiser; groups may have their own `lr`.
        clipping_scale: gradients of more than so many times the median norm are scaled down;
            None: never.
        betas, eps: as in Adam.
        scalar_lr_scale: learning rate of single numbers and of sizes, relative to `lr`.
        param_min_rms, param_max_rms: sizes are kept within these.
        scalar_max: single numbers are kept within +- this.
        size_update_period: sizes are updated every so many steps.
        clipping_update_period: the median is taken of so many norms.
    """

    def __init__(
        self,
        params: Iterable[nn.Parameter] | Iterable[dict[str, Any]],
        lr: float = 0.03,
        clipping_scale: float | None = None,
        betas: tuple[float, float] = (0.9, 0.98),
        eps: float = 1e-8,
        scalar_lr_scale: float = 0.1,
        param_min_rms: float = 1e-5,
        param_max_rms: float = 3.0,
        scalar_max: float = 10.0,
        size_update_period: int = 4,
        clipping_update_period: int = 100,
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "clipping_scale": clipping_scale,
                "betas": betas,
                "eps": eps,
                "scalar_lr_scale": scalar_lr_scale,
                "param_min_rms": param_min_rms,
                "param_max_rms": param_max_rms,
                "scalar_max": scalar_max,
                "size_update_period": size_update_period,
                "clipping_update_period": clipping_update_period,
            },
        )
        self.grad_norm = 0.0  # of the last step, relative to the sizes of parameters

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One update.

        Raises:
            FloatingPointError: if half of recent gradients were not finite.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            # Without any gradient a shape is stepped with zeros, as its momentum goes on.
            if any(p.grad is not None for p in group["params"]):
                shapes = [(p, self._state_of(group, p)) for p in _by_shape(group["params"])]
                batches = [batch for p, state in shapes for batch in _batches(p, state)]
                scale = self._clipping(group, batches)
                for batch in batches:
                    _update(group, batch, scale)
                for _, state in shapes:
                    state["step"] = int(state["step"]) + 1
        return loss

    def _state_of(self, group: dict[str, Any], parameters: list[nn.Parameter]) -> dict[str, Any]:
        """The state of all parameters of one shape, (B, ...) each, which the first one keeps."""
        state = self.state[parameters[0]]
        if not state:
            _initialise(group, torch.stack(list[Tensor](parameters)), state)
        return state

    def _clipping(self, group: dict[str, Any], batches: list[_Batch]) -> float:
        """What gradients are multiplied by: 1, less where they are large, 0 if not finite."""
        clipping = group.setdefault("clipping", {"step": 0})
        step = int(clipping["step"])
        clipping["step"] = step + 1
        if group["clipping_scale"] is None or step == 0:
            return 1.0
        squares = []
        for batch in batches:
            if _is_scalar(batch.values):
                squares.append(batch.grad.square().sum() * group["scalar_lr_scale"] ** 2)
            else:
                norms = torch.linalg.vector_norm(batch.grad, **_per_parameter(batch.grad))
                squares.append((norms * batch.state["param_rms"]).square().sum())
        norm = torch.stack(squares).sum().sqrt()
        self.grad_norm = norm.item()
        period = group["clipping_update_period"]
        if "norms" not in clipping:
            clipping["norms"] = torch.zeros(period)
        clipping["norms"][step % period] = self.grad_norm
        rough = step in ROUGH_STEPS and step < period
        if rough or step % period == 0:
            norms = clipping["norms"].sort().values
            norms = norms[-step:] if rough else norms
            median = norms[min(len(norms) - 1, len(norms) // 4 * 2)].item()
            if not median < float("inf"):
                raise DivergedError("half of the recent gradients are inf or nan")
            clipping["threshold"] = median * group["clipping_scale"] * (2.0 if rough else 1.0)
        if "threshold" not in clipping:
            return 1.0
        scale = float(clipping["threshold"]) / (self.grad_norm + 1e-20)
        return min(1.0, scale) if scale == scale else 0.0


def _by_shape(parameters: list[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Always the same lists, as state belongs to them: a gradient can be missing in a step."""
    groups: dict[tuple[Any, ...], list[nn.Parameter]] = {}
    for parameter in parameters:
        groups.setdefault((parameter.dtype, *parameter.shape), []).append(parameter)
    return list(groups.values())


def _batches(parameters: list[nn.Parameter], state: dict[str, Any]) -> list[_Batch]:
    """Parameters of one shape, and where they are large and on a CPU, each of them by itself."""
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    first = parameters[0]
    apart = first.device.type == "cpu" and first.numel() >= LARGE
    if not (apart and all(p.is_contiguous() for p in parameters)):
        stacked = torch.stack(list[Tensor](parameters))
        return [_Batch(stacked, torch.stack(grads), state, parameters)]
    return [
        _Batch(
            parameter.unsqueeze(0),
            grad.contiguous().unsqueeze(0),
            # Of gradients of sizes the first dimension is steps.
            {k: v if k == "step" else v[:, i : i + 1] if k == "scale_grads" else v[i : i + 1] for k, v in state.items()},
            [],
        )
        for i, (parameter, grad) in enumerate(zip(parameters, grads, strict=True))
    ]  # fmt: skip


def _is_scalar(stacked: Tensor) -> bool:
    return stacked.numel() == stacked.size(0)


def _per_parameter(stacked: Tensor) -> dict[str, Any]:
    return {"dim": list(range(1, stacked.dim())), "keepdim": True}


def _initialise(group: dict[str, Any], stacked: Tensor, state: dict[str, Any]) -> None:
    state["step"] = 0
    state["delta"] = torch.zeros_like(stacked)
    state["exp_avg_sq"] = torch.zeros_like(stacked)
    if not _is_scalar(stacked):
        rms = _rms(stacked)
        state["param_rms"] = rms
        state["scale_exp_avg_sq"] = torch.zeros_like(rms)
        state["scale_grads"] = torch.zeros(
            (group["size_update_period"], *rms.shape), dtype=rms.dtype, device=rms.device
        )


def _rms(values: Tensor) -> Tensor:
    count = values.numel() // values.size(0)
    return torch.linalg.vector_norm(values, **_per_parameter(values)) / count**0.5


def _update(group: dict[str, Any], batch: _Batch, scale: float) -> None:
    """One step of a batch of parameters along `scale` times their gradients."""
    beta1, beta2 = group["betas"]
    p, state, step = batch.values, batch.state, int(batch.state["step"])
    grad = batch.grad if scale else torch.zeros_like(batch.grad)
    scalar = _is_scalar(p)
    change = None if scalar else _size_step(group, p, grad, scale, state)
    bias_correction = 1 - beta2 ** (step + 1)
    if scalar:
        rate = p.new_full((), -group["lr"] * group["scalar_lr_scale"] * (1 - beta1))
    else:
        rate = state["param_rms"].clamp(min=group["param_min_rms"]) * (-group["lr"] * (1 - beta1))
    parts = [(p, grad, state["delta"], state["exp_avg_sq"])]
    if p.size(0) == 1 and p.numel() >= LARGE and p.device.type == "cpu":
        parts = list(zip(*(part.view(-1).split(BLOCK) for part in parts[0]), strict=True))
        rate = rate.view(1)
        change = None if change is None else change.view(1)
    for values, gradient, delta, square in parts:
        if scale not in (0.0, 1.0):
            gradient = gradient * scale
        square.mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        moved = (square / bias_correction).sqrt_() if bias_correction < 0.99 else square.sqrt()
        torch.div(gradient, moved.add_(group["eps"]), out=moved)
        delta.mul_(beta1).addcmul_(moved, rate)
        if change is not None:
            delta.addcmul_(values, change, value=1 - beta1)
        values.add_(delta)
    if scalar:
        p.clamp_(-group["scalar_max"], group["scalar_max"])
    if batch.copied:
        torch._foreach_copy_(list[Tensor](batch.copied), list(p.unbind(0)))


def _size_step(
    group: dict[str, Any], p: Tensor, grad: Tensor, scale: float, state: dict[str, Any]
) -> Tensor | None:
    """Gathers gradients of the log of each parameter's size; now and then a step along them, as part
    of the parameter."""
    step, period = int(state["step"]), group["size_update_period"]
    if p.size(0) == 1:
        along = torch.dot(p.flatten(), grad.flatten()).reshape(state["param_rms"].shape)
    else:
        along = (p * grad).sum(**_per_parameter(p))
    state["scale_grads"][step % period] = along * scale if scale else 0.0
    if step % period != period - 1:
        return None
    state["param_rms"].copy_(_rms(p))
    if step == 0:
        return None
    beta2 = group["betas"][1] ** period
    grads, square, rms = state["scale_grads"], state["scale_exp_avg_sq"], state["param_rms"]
    square.mul_(beta2).add_(grads.square().mean(dim=0), alpha=1 - beta2)
    bias_correction = 1 - beta2 ** ((step + 1) // period)
    lr = group["lr"] * group["scalar_lr_scale"]
    change = grads.sum(dim=0) / (square.sqrt() + group["eps"]) * (-lr * bias_correction**0.5)
    change = change.masked_fill(rms < group["param_min_rms"], 0.0).clamp(-0.1, 0.1)
    return torch.minimum(change, (group["param_max_rms"] - rms) / rms)


def eden(
    lr: float,
    batch: float,
    epoch: float,
    lr_batches: float = 7500.0,
    lr_epochs: float = 3.5,
    warmup_batches: float = 500.0,
    warmup_start: float = 0.5,
) -> float:
    """Learning rate after `batch` batches and `epoch` epochs: falls as the root of both.

    >>> round(eden(0.045, 0, 0), 4), round(eden(0.045, 7500, 3.5), 4)
    (0.0225, 0.0318)
    """
    falling = ((batch / lr_batches) ** 2 + 1) ** -0.25 * ((epoch / lr_epochs) ** 2 + 1) ** -0.25
    warmup = min(1.0, warmup_start + (1 - warmup_start) * batch / warmup_batches)
    return lr * falling * warmup
