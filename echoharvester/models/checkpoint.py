"""Checkpoint files: everything needed to build, decode and resume, in one atomic file.

A checkpoint is a dict of plain values and tensors, so it loads with
`weights_only=True`; a pickle that would run code is refused.
"""

from __future__ import annotations

import argparse
import os
import pickle
import re
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path, PosixPath, PurePosixPath
from typing import Any

import torch

from echoharvester.errors import UserError
from echoharvester.models.ctc import CtcModel, build_model
from echoharvester.text.tokenizers import BpeTokenizer, Tokenizer, tokenizer_from_symbols

# Types without behaviour that icefall's checkpoints hold beside tensors.
_PLAIN_TYPES: list[Any] = [Path, PosixPath, PurePosixPath, argparse.Namespace]


class CheckpointError(UserError):
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
        with torch.serialization.safe_globals(_PLAIN_TYPES):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path}: holds objects other than tensors and plain values{_named(error)}, which could "
            "run code when loaded; convert it to a plain state dict where you trust it"
        ) from error
    except (RuntimeError, EOFError, ValueError, LookupError, TypeError, struct.error) as error:
        raise CheckpointError(f"{path}: damaged or not a checkpoint ({error})") from error
    if not isinstance(content, dict) or "model" not in content:
        raise CheckpointError(
            f"{path}: has no 'model'; expected a checkpoint of stage 11, or of icefall"
        )
    return content


def _named(error: Exception) -> str:
    """Which object is meant, where torch says so."""
    found = re.search(r"GLOBAL ([\w.]+)", str(error))
    return f" ({found[1]})" if found else ""


def load_model(path: Path) -> tuple[CtcModel, Tokenizer]:
    """The model of a checkpoint, in eval mode, and its tokenizer.

    Raises:
        CheckpointError: if it is missing or damaged, or was not made by this recipe.
    """
    content = load_checkpoint(path)
    if "model_config" not in content:
        raise CheckpointError(
            f"{path}: has no configuration and no tokens; a checkpoint of icefall can be "
            "fine-tuned with train.init, not used as it is"
        )
    tokenizer = tokenizer_of(content)
    model = build_model(content["model_config"], len(content["tokens"]))
    model.load_state_dict({name: tensor.float() for name, tensor in content["model"].items()})
    return model.eval(), tokenizer


def tokenizer_values(tokenizer: Tokenizer) -> dict[str, Any]:
    """What a checkpoint holds of a tokenizer."""
    values: dict[str, Any] = {"tokens": list(tokenizer.symbols)}
    if isinstance(tokenizer, BpeTokenizer):
        values["bpe_model"] = torch.frombuffer(bytearray(tokenizer.model_proto), dtype=torch.uint8)
    return values


def tokenizer_of(content: Mapping[str, Any]) -> Tokenizer:
    """The tokenizer of a checkpoint."""
    if "bpe_model" in content:
        return BpeTokenizer(content["bpe_model"].numpy().tobytes())
    return tokenizer_from_symbols(content["tokens"])


def load_matching(
    model: torch.nn.Module,
    weights: dict[str, torch.Tensor],
    old_tokens: Sequence[str] = (),
    new_tokens: Sequence[str] = (),
) -> list[str]:
    """Copies the weights whose name and shape match into `model`.

    Where the token tables differ, the head keeps its rows of the tokens in both; tokens that
    are new begin as the mean of the others.

    Returns the names of what was left as it was, new tokens among them.
    """
    own = model.state_dict()
    left = []
    if tuple(old_tokens) != tuple(new_tokens):
        weights = {**weights, **_head_for(weights, old_tokens, new_tokens)}
        left = [f"token {token}" for token in new_tokens if token not in set(old_tokens)]
    matching = {
        name: tensor.float()
        for name, tensor in weights.items()
        if name in own and own[name].shape == tensor.shape
    }
    model.load_state_dict(matching, strict=False)
    return sorted(own.keys() - matching.keys()) + left


def _head_for(
    weights: dict[str, torch.Tensor], old_tokens: Sequence[str], new_tokens: Sequence[str]
) -> dict[str, torch.Tensor]:
    """The head's rows rearranged for another token table; nothing where too few are shared."""
    rows = {token: i for i, token in enumerate(old_tokens)}
    if sum(token in rows for token in new_tokens) < len(new_tokens) / 2:
        return {}
    head = {}
    for name in ("ctc_output.1.weight", "ctc_output.1.bias"):
        old = weights[name].float()
        # The mean of all but the blank: a token like any other, neither forbidden nor favoured.
        new = old[1:].mean(dim=0, keepdim=True).repeat(len(new_tokens), *[1] * (old.dim() - 1))
        for i, token in enumerate(new_tokens):
            if token in rows:
                new[i] = old[rows[token]]
        head[name] = new
    return head
