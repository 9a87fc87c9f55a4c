"""Agreement of gradients with a reference whose regularizers acted at random.

icefall's Balancer and Whiten act on any input that takes gradients, in eval mode too, each
by its own throw of dice.  So reference gradients, measured in eval mode, hold the penalties
of some of these modules, and which ones is not recorded.  It can be found out: going
backward, each parameter's gradient tells which of the few modules just in front of it acted,
as their penalties move a norm by far more than rounding does.  Gradients agree if, for some
choice, all norms agree.  A reference without any penalties is recognised at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from echoharvester.models.ctc import CtcModel
from echoharvester.models.zipformer.convolution import ConvolutionModule
from echoharvester.models.zipformer.frontend import ConvFrontend
from echoharvester.models.zipformer.layer import ZipformerLayer
from echoharvester.models.zipformer.regularize import (
    Balancer,
    Whiten,
    balanced_gradient,
    balancer_bounds,
    whitened_gradient,
)
from echoharvester.models.zipformer.schedule import Schedule

ENOUGH = 3e-4  # a difference this small needs no penalty to explain it
SMALLEST = 1e-4  # of the norm of all: gradients that are what is left of larger ones are rounding

Loss = Callable[[Tensor, Tensor], Tensor]
Gradients = Mapping[nn.Parameter, Tensor | None]
Difference = Callable[[Gradients], float]  # largest relative difference of norms


def compare_gradients(
    model: CtcModel, features: Tensor, lens: Tensor, loss: Loss, reference: Mapping[str, Any]
) -> float:
    """Largest relative difference of a parameter's gradient norm from the reference's.

    Args:
        model: in eval mode; its gradients are replaced.
        features, lens: (N, T, 80) and (N,).
        loss: of log-probabilities (N, T', V) and lengths (N,).
        reference: under `grad_norm_sum`, [norm, sum] (or None) for each parameter.
    """
    expected = {k: v[0] if v else 0.0 for k, v in reference["grad_norm_sum"].items()}
    floor = SMALLEST * math.sqrt(sum(norm**2 for norm in expected.values()))
    names = {parameter: name for name, parameter in model.named_parameters()}

    def difference(gradients: Gradients) -> float:
        return max(
            abs((0.0 if g is None else g.norm().item()) - expected[names[p]])
            / max(expected[names[p]], floor)
            for p, g in gradients.items()
        )

    model.zero_grad()
    loss(*model(features, lens)).backward()
    plain = difference({p: p.grad for p in names})
    if plain <= ENOUGH:
        return plain
    units = [m for m in model.modules() if isinstance(m, ConvFrontend | ZipformerLayer)]
    for unit in units:
        _decide_in_backward(unit, difference)
    model.zero_grad()
    loss(*model(features, lens)).backward()
    return difference({p: p.grad for p in names})


def _decide_in_backward(unit: nn.Module, difference: Difference) -> None:
    """Makes `unit` choose, when gradients come back to it, which of its regularizers acted."""
    active: set[nn.Module] = set()
    regularizers: list[nn.Module] = []
    for module in unit.modules():
        if isinstance(module, Balancer | Whiten):
            setattr(module, "forward", _switched(module, active))  # noqa: B010
            regularizers.append(module)
        if isinstance(module, ConvolutionModule):
            module.balancer1.max_abs = 1.0  # the reference's value where no count is told
    parameters = [p for p in unit.parameters() if p.requires_grad]
    compute = unit.forward

    def forward(x: Tensor, *rest: Any) -> Any:
        start = x.detach().requires_grad_()
        out, *lens = (
            (computed,) if isinstance(computed := compute(start, *rest), Tensor) else computed
        )

        def gradients(grad: Tensor, inputs: Sequence[Tensor]) -> list[Tensor | None]:
            return list(
                torch.autograd.grad(out, inputs, grad, retain_graph=True, allow_unused=True)
            )

        def search(grad: Tensor) -> list[Tensor | None]:
            def gradients_of(wanted: Sequence[nn.Parameter]) -> Gradients:
                return dict(zip(wanted, gradients(grad, wanted), strict=True))

            _choose(active, regularizers, parameters, gradients_of, difference)
            return gradients(grad, [start, *parameters])

        value = _Searched.apply(x, out.detach(), search, *parameters)
        return (value, *lens) if lens else value

    setattr(unit, "forward", forward)  # noqa: B010


class _Searched(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, value: Tensor, search: Any, *parameters: Tensor) -> Tensor:
        ctx.search = search
        return value.clone()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        with torch.enable_grad():
            x_grad, *rest = ctx.search(grad)
        return x_grad, None, None, *rest


def _choose(
    active: set[nn.Module],
    regularizers: Sequence[nn.Module],
    parameters: Sequence[nn.Parameter],
    gradients_of: Callable[[Sequence[nn.Parameter]], Gradients],
    difference: Difference,
) -> None:
    """Fills `active` with the regularizers that explain the reference's norms best.

    Parameters are taken in the order of how many regularizers their gradients depend on;
    each, or each few, that come in new are decided together.
    """
    without = gradients_of(parameters)
    depends: dict[nn.Parameter, set[nn.Module]] = {p: set() for p in without}
    for regularizer in regularizers:
        active.add(regularizer)
        for parameter, gradient in gradients_of(parameters).items():
            before = without[parameter]
            if before is not None and gradient is not None and not torch.equal(before, gradient):
                depends[parameter].add(regularizer)
        active.clear()
    decided: set[nn.Module] = set()
    for parameter in sorted(depends, key=lambda p: len(depends[p])):
        new = depends[parameter] - decided
        if not new:
            continue
        decided |= new
        known = [p for p in depends if depends[p] <= decided and depends[p] & new]

        def trial(
            chosen: Iterable[nn.Module], known: Sequence[nn.Parameter] = tuple(known)
        ) -> float:
            active.update(chosen)
            found = gradients_of(known)
            active.difference_update(chosen)
            return difference(found)

        subsets = (
            set(c) for size in range(len(new) + 1) for c in itertools.combinations(new, size)
        )
        active.update(min(subsets, key=trial))


def _switched(module: Balancer | Whiten, active: set[nn.Module]) -> Callable[[Tensor], Tensor]:
    return lambda x: _Switched.apply(x, module, active) if x.requires_grad else x


class _Switched(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, module: nn.Module, active: set[nn.Module]) -> Tensor:
        ctx.save_for_backward(x)
        ctx.module, ctx.active = module, active
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (x,), module = ctx.saved_tensors, ctx.module
        if module in ctx.active:
            grad = _penalised(module, x, grad)
        return grad, None, None


def _penalised(module: Balancer | Whiten, x: Tensor, grad: Tensor) -> Tensor:
    """The gradient as the reference changes it where no batch count is told."""
    if isinstance(module, Whiten):
        limit = module.limit(0.0) if isinstance(module.limit, Schedule) else module.limit
        found = whitened_gradient(x, grad, module.num_groups, limit, module.grad_scale)
        return grad if found is None else found
    settings = (module.min_positive, module.max_positive, module.min_abs, module.max_abs)
    bounds = balancer_bounds(*(0.0 if isinstance(v, Schedule) else v for v in settings))
    return balanced_gradient(x, grad, bounds, module.grad_scale, module.channel_dim)
