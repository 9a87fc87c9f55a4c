"""ScaledAdam and Eden against reference trajectories."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from echoharvester.errors import UserError
from echoharvester.training.optim import ScaledAdam, eden

TOLERANCE = 1e-4  # relative
SHAPES = {
    "weight": (8, 6),
    "bias": (5,),
    "log_scale": (),
    "conv": (4, 3, 5),
    "other_weight": (8, 6),
}


def compare_eden(reference: Mapping[str, Any], _folder: Path) -> dict[str, float]:
    names = ("lr_batches", "lr_epochs", "warmup_start", "warmup_batches")
    options = {name: reference[name] for name in names}
    differences = [
        abs(eden(reference["base_lr"], batch, epoch, **options) / lr - 1)
        for batch, epoch, lr in reference["values"]
    ]
    return {"lr": max(differences) / TOLERANCE}


def compare_scaled_adam(reference: Mapping[str, Any], _folder: Path) -> dict[str, float]:
    """Parameters relative to the largest value of their tensor."""
    largest = {"lr": 0.0, "params": 0.0}
    for run in reference["runs"]:
        expected = {row["step"]: row for row in run["trace"]}
        for step, lr, parameters in scaled_adam_steps(run):
            if (row := expected.pop(step, None)) is None:
                continue
            largest["lr"] = max(largest["lr"], abs(lr / row["lr"] - 1) / TOLERANCE)
            for name, parameter in parameters.items():
                ours = parameter.detach().numpy().reshape(-1)
                theirs = np.asarray(row["params"][name], np.float32).reshape(-1)
                difference = np.abs(ours - theirs).max() / np.abs(theirs).max()
                largest["params"] = max(largest["params"], float(difference) / TOLERANCE)
        if expected:
            raise UserError(f"the trace has steps {sorted(expected)} beyond {run['steps']}")
    return largest


def scaled_adam_steps(
    run: Mapping[str, Any],
) -> Iterator[tuple[int, float, dict[str, nn.Parameter]]]:
    """Number, learning rate and parameters after each step of a run towards random targets."""
    random = np.random.RandomState(run["seed"])

    def draw(source: np.random.RandomState) -> dict[str, torch.Tensor]:
        return {
            k: torch.tensor(source.standard_normal(s), dtype=torch.float32)
            for k, s in SHAPES.items()
        }

    parameters = {name: nn.Parameter(value) for name, value in draw(random).items()}
    targets = draw(random)
    optimizer = ScaledAdam(
        parameters.values(),
        lr=run["lr"],
        clipping_scale=run["clipping_scale"],
        size_update_period=run["size_update_period"],
    )
    for i in range(run["steps"]):
        lr = eden(run["lr"], i, i // 20, 50, 3.5, warmup_batches=20, warmup_start=0.1)
        for group in optimizer.param_groups:
            group["lr"] = lr
        noise = draw(np.random.RandomState(1000 + i))
        for name, parameter in parameters.items():
            grad = parameter.detach() - targets[name] + 0.3 * noise[name]
            parameter.grad = grad * (50.0 if i % 37 == 36 else 1.0)
        optimizer.step()
        yield i + 1, lr, parameters
