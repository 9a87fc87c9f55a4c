"""Where a model runs, and in which precision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echoharvester.errors import UserError


def device_of(name: str) -> str:
    """The device that a setting names; auto: a GPU where there is one.

    Raises:
        UserError: for a GPU where there is none.
    """
    import torch

    has_gpu = torch.cuda.is_available()
    if name == "auto":
        return "cuda:0" if has_gpu else "cpu"
    if name.startswith("cuda") and not has_gpu:
        raise UserError(f"device={name}, but torch finds no GPU here; say device=auto or cpu")
    return name


def dtype_on(device: str) -> Any:
    """bfloat16 on a GPU, float32 on a CPU, which has no fast arithmetic of 16 bits."""
    import torch

    return torch.bfloat16 if device.startswith("cuda") else torch.float32


def has_gpu() -> bool:
    """Whether torch finds a GPU here."""
    import torch

    return torch.cuda.is_available()


def by_hardware(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Settings of a model themselves; of the kind `auto` those of `gpu` where torch finds one, else
    of `cpu`."""
    if settings["kind"] != "auto":
        return settings
    found: Mapping[str, Any] = settings["gpu" if has_gpu() else "cpu"]
    return found
