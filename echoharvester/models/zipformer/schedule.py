"""Values that change as training goes on, and chances drawn from torch's generator."""

from __future__ import annotations

import torch
from torch import nn


class Schedule:
    """A value that is piecewise linear in the batch count.

    >>> warm = Schedule((0, 0.2), (4000, 0.0))
    >>> warm(1000), warm(9000)
    (0.15000000000000002, 0.0)
    """

    def __init__(self, *points: tuple[float, float]) -> None:
        """`points`: (batch count, value) in order; constant before the first, after the last."""
        if not points or list(points) != sorted(points):
            raise ValueError(f"points of a schedule go up in batch count, unlike {points}")
        self.points = points

    def __call__(self, batch_count: float) -> float:
        x0, y0 = self.points[0]
        if batch_count <= x0:
            return y0
        for x1, y1 in self.points[1:]:
            if batch_count < x1:
                return y0 + (y1 - y0) * (batch_count - x0) / (x1 - x0)
            x0, y0 = x1, y1
        return y0


class Scheduled(nn.Module):
    """A module some of whose settings follow the batch count.

    The count is told by `set_batch_count`; it is no part of the state dict, so that state
    dicts hold weights and nothing else.
    """

    batch_count: float = 0.0

    def now(self, value: Schedule | float) -> float:
        """What `value` is at this point of training."""
        return value(self.batch_count) if isinstance(value, Schedule) else value


def set_batch_count(model: nn.Module, batch_count: float) -> None:
    """Tells every scheduled part of `model` how far training is."""
    for module in model.modules():
        if isinstance(module, Scheduled):
            module.batch_count = batch_count


def chance(probability: float) -> bool:
    """True with this probability; drawn on the CPU, so that no device has to be waited for."""
    return probability > 0.0 and torch.rand(()).item() < probability
