"""Balancer and Whiten against reference gradients, each made to act."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from echoharvester.models.zipformer.regularize import (
    balanced_gradient,
    balancer_bounds,
    whitened_gradient,
    whitening,
)

TOLERANCE = 1e-4  # of the largest gradient in; of the metric relative
MOST = 1.01  # times `grad_scale`: no channel's gradient is changed by more


def compare_regularizers(reference: Mapping[str, Any], _folder: Path) -> dict[str, float]:
    """Gradients, and, where the spread of a channel is lost in float32, how much they are changed."""
    largest = {"gradient": 0.0, "metric": 0.0, "size": 0.0}
    for case in reference["cases"]:
        x, grad = made_case(case)
        if case["kind"] == "balancer":
            bounds = balancer_bounds(
                *(case[k] for k in ("min_positive", "max_positive", "min_abs", "max_abs"))
            )
            ours = balanced_gradient(x, grad, bounds, case["grad_scale"], case["channel_dim"])
            largest["size"] = max(
                largest["size"], change(ours, grad, case) / (MOST * case["grad_scale"])
            )
        else:
            metric = whitening(x, case["num_groups"])[0].item()
            largest["metric"] = max(largest["metric"], abs(metric / case["metric"] - 1) / TOLERANCE)
            found = whitened_gradient(
                x, grad, case["num_groups"], case["limit"], case["grad_scale"]
            )
            ours = grad if found is None else found
        if "gradient" in case:
            theirs = torch.tensor(case["gradient"]).reshape(ours.shape)
            difference = float((ours - theirs).abs().max() / grad.abs().max())
            largest["gradient"] = max(largest["gradient"], difference / TOLERANCE)
    return largest


def made_case(case: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Activations and the gradient that comes to them, by the rule of the fixture's README."""
    shape = tuple(case["shape"])
    channels = case.get("channel_dim", len(shape) - 1)
    x = np.random.RandomState(case["seed"]).standard_normal(shape).astype(np.float32)
    along = [-1 if d == channels % len(shape) else 1 for d in range(len(shape))]
    for name, apply in (("channel_scale", np.multiply), ("channel_offset", np.add)):
        if case.get(name) is not None:
            values = np.asarray(case[name], np.float32)
            x = apply(x, values.reshape(along) if values.ndim else values)
    if case.get("mix") is not None:
        x = x + np.float32(case["mix"]) * x[..., :1]
    grad = np.random.RandomState(case["seed"] + 1000).standard_normal(shape).astype(np.float32)
    return torch.from_numpy(x), torch.from_numpy(grad * np.float32(case["grad_size"]))


def change(ours: Tensor, grad: Tensor, case: Mapping[str, Any]) -> float:
    """Largest of the channels' root mean square of how much a gradient is changed, relative to it;
    infinite where something is not finite."""
    if not torch.isfinite(ours).all():
        return float("inf")
    dims = [d for d in range(ours.dim()) if d != case["channel_dim"] % ours.dim()]
    relative = (ours - grad) / grad.abs()
    return float(relative.square().mean(dim=dims).sqrt().max())
