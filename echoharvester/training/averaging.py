"""Averages of weights over the steps of training.

A running mean over all steps is kept; the mean over any stretch follows from its values at
the two ends (as in icefall), so averages over many epochs need two files, not all.  Means
are kept in float64: differences of large sums lose digits.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

Weights = dict[str, Tensor]


class RunningAverage:
    """Mean of a model's weights, taken every `period` steps from the first step on."""

    def __init__(self, model: nn.Module, period: int) -> None:
        self.period = period
        self.weights: Weights = {
            name: tensor.detach().to(torch.float64, copy=True)
            for name, tensor in model.state_dict().items()
        }

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """After `step` steps (from 1); does something every `period` steps."""
        if step % self.period:
            return
        for name, tensor in model.state_dict().items():
            self.weights[name].lerp_(tensor.to(torch.float64), self.period / step)


def mean_between(
    start: Mapping[str, Tensor], start_step: int, end: Mapping[str, Tensor], end_step: int
) -> Weights:
    """Mean weights over the steps from `start_step` to `end_step`, from running means.

    Raises:
        ValueError: if there are no steps between.
    """
    if end_step <= start_step:
        raise ValueError(f"no steps lie between {start_step} and {end_step}")
    share = end_step / (end_step - start_step)
    return {
        name: (tensor.double() * share + start[name].double() * (1 - share)).float()
        for name, tensor in end.items()
    }
