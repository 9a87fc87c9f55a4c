"""Checkpoint files: everything needed to build, decode and resume, in one atomic file.

A checkpoint is a dict of plain values and tensors, so it loads with
`weights_only=True`; a pickle that would run code is refused.
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from echoharvester.models.ctc import CtcModel, build_model
from echoharvester.text.tokenizers import CharTokenizer, tokenizer_from_symbols


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message says why and what to do."""


def save_checkpoint(content: dict[str, Any], path: Path) -> None:
    """Writes `content` so that `path` is either the old file or the whole new one."""
    temporary = path.with_name(f".{path.name}.tmp")
    with open(temporary, "wb") as file:
        torch.save(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint onto the CPU.

    Raises:
        CheckpointError: if it is missing, damaged, or holds more than data.
    """
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint; stage 11 writes checkpoints")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: holds objects other than tensors and plain values, which could run code "
            "when loaded; convert it to a plain state dict where you trust it"
        ) from error
    except (RuntimeError, EOFError) as error:
        raise CheckpointError(f"{path}: damaged or not a checkpoint ({error})") from error
    if not isinstance(content, dict) or "model" not in content:
        raise CheckpointError(f"{path}: has no 'model'; expected a checkpoint of stage 11")
    return content


def load_model(path: Path) -> tuple[CtcModel, CharTokenizer]:
    """The model of a checkpoint, in eval mode, and its tokenizer."""
    content = load_checkpoint(path)
    tokenizer = tokenizer_from_symbols(content["tokens"])
    model = build_model(content["model_config"], len(content["tokens"]))
    model.load_state_dict({name: tensor.float() for name, tensor in content["model"].items()})
    return model.eval(), tokenizer


def load_matching(model: torch.nn.Module, weights: dict[str, torch.Tensor]) -> list[str]:
    """Copies the weights whose name and shape match into `model`.

    Returns the names of the model's parameters that were left as they were.
    """
    own = model.state_dict()
    matching = {
        name: tensor.float()
        for name, tensor in weights.items()
        if name in own and own[name].shape == tensor.shape
    }
    model.load_state_dict(matching, strict=False)
    return sorted(own.keys() - matching.keys())
