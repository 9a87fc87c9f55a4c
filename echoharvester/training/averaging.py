"""Averages of weights over the steps of training.

A running mean over all steps is kept; the mean over any stretch follows from its values at
the two ends (as in icefall), so averages over many epochs need two files, not all.  Means
are kept in float64: differences of large sums lose digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from echoharvester.models.checkpoint import load_checkpoint

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


def averages_until(last: int, epochs: Mapping[int, Path]) -> Iterator[tuple[int, Weights]]:
    """Mean weights over the epochs up to the last from each of the others on, with the first epoch in it.

    Args:
        epochs: their checkpoints; without that of `last` there is nothing to average.
    """
    if last not in epochs:
        return
    end = load_checkpoint(epochs[last])
    for epoch in (epoch for epoch in epochs if epoch != last):
        start = load_checkpoint(epochs[epoch])
        steps = start["progress"]["step"], end["progress"]["step"]
        if start.get("model_avg") and steps[0] < steps[1]:
            yield epoch + 1, mean_between(start["model_avg"], steps[0], end["model_avg"], steps[1])
