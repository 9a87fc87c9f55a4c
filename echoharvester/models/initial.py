"""Weights to start from: a checkpoint of ours or of icefall.

icefall's checkpoints hold a state dict under `model` and say nothing of dimensions: those are
read from the shapes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from echoharvester.models.checkpoint import CheckpointError, load_checkpoint, load_matching

POS_HEAD_DIM = 4  # of all published Zipformers; shapes tell it only as a product with the heads


@dataclass(frozen=True)
class InitialModel:
    """Weights whose names are those of `CtcModel`, and what is known of the model.

    Attributes:
        other: names of weights that are no part of a CTC model (decoder, joiner ...).
        tokens: token table, where the file has it.
    """

    weights: dict[str, Tensor]
    config: dict[str, Any]
    tokens: Sequence[str] = ()
    other: list[str] = field(default_factory=list)


def load_initial(path: Path, weights: str = "model") -> InitialModel:
    """Reads a checkpoint of ours or of icefall.

    Args:
        weights: "model", or "model_avg" for the running average where the file has one.

    Raises:
        CheckpointError: if it cannot be read, or is of no architecture known here.
    """
    content = load_checkpoint(path)
    if not content.get(weights):
        raise CheckpointError(f"{path}: has no {weights!r}; it holds {sorted(content)}")
    tensors = {k.removeprefix("module."): v for k, v in content[weights].items()}
    if "model_config" in content:
        return InitialModel(tensors, content["model_config"], content["tokens"])
    kept = {k: v for k, v in tensors.items() if k.startswith(_PARTS)}
    try:
        config = zipformer_config(kept)
    except (KeyError, ValueError, IndexError) as error:
        raise CheckpointError(
            f"{path}: is neither a checkpoint of this recipe nor a Zipformer2 of icefall ({error})"
        ) from error
    return InitialModel(kept, config, (), sorted(tensors.keys() - kept.keys()))


def load_initial_weights(
    model: nn.Module, initial: InitialModel, prefix: str, symbols: Sequence[str]
) -> list[str]:
    """Copies what fits into `model`; the names of what was left as it was.

    Args:
        prefix: only weights whose name begins so are taken.
        symbols: the token table of `model`.
    """
    taken = {k: v for k, v in initial.weights.items() if k.startswith(prefix)}
    known = initial.tokens and not prefix
    return load_matching(model, taken, initial.tokens if known else (), symbols if known else ())


_PARTS = ("encoder_embed.", "encoder.", "ctc_output.")


def zipformer_config(weights: Mapping[str, Tensor]) -> dict[str, Any]:
    """Options of `build_model` for icefall's Zipformer2 weights, read from their shapes.

    What training alone uses is not in the shapes: dropout is as published, and of the channels of a
    stack those are never masked that the published model of these widths does not mask; of other
    widths, those of the narrowest stack.

    Raises:
        KeyError: if weights are missing.
        ValueError: if numbers do not divide.
    """
    names = sorted(
        {m[1] for k in weights if (m := re.match(r"encoder\.encoders\.(\d+)\.", k))}, key=int
    )
    if not names:
        raise KeyError("no encoder.encoders.*")
    config: dict[str, Any] = {"encoder": "zipformer"}
    stacks = [_stack(weights, f"encoder.encoders.{name}.") for name in names]
    config |= {key: [stack[key] for stack in stacks] for key in stacks[0] if key not in _SHARED}
    for key in _SHARED:
        if len(values := {stack[key] for stack in stacks}) > 1:
            raise ValueError(f"{key} differs between stacks: {sorted(values)}")
        config[key] = stacks[0][key]
    widths = tuple(config["encoder_dim"])
    config["encoder_unmasked_dim"] = _PUBLISHED.get(widths) or [min(widths)] * len(stacks)
    config["frontend_channels"] = weights["encoder_embed.conv.7.weight"].size(0)
    if config["causal"]:
        config |= {"chunk_size": [16, 32, 64, -1], "left_context_frames": [64, 128, 256, -1]}
    return config


# Unmasked channels of icefall's LibriSpeech recipe (its RESULTS.md): small, medium, large.
_PUBLISHED = {
    (192, 256, 256, 256, 256, 256): [192] * 6,
    (192, 256, 384, 512, 384, 256): [192, 192, 256, 256, 256, 192],
    (192, 256, 512, 768, 512, 256): [192, 192, 256, 320, 256, 192],
}
_SHARED = ("query_head_dim", "value_head_dim", "pos_head_dim", "pos_dim", "causal")


def _stack(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Any]:
    downsample = weights.get(f"{prefix}downsample.bias")
    if downsample is not None:
        prefix += "encoder."
    layers = {
        k.split(".")[prefix.count(".") + 1] for k in weights if k.startswith(f"{prefix}layers.")
    }
    layer = f"{prefix}layers.0."

    def size(name: str, dim: int = 0) -> int:
        return weights[layer + name].size(dim)

    causal = f"{layer}conv_module1.depthwise_conv.chunkwise_conv.weight" in weights
    kernel = "depthwise_conv.chunkwise_conv.weight" if causal else "depthwise_conv.weight"
    heads, rest = divmod(size("self_attn_weights.linear_pos.weight"), POS_HEAD_DIM)
    query, rest2 = divmod(
        size("self_attn_weights.in_proj.weight") - heads * POS_HEAD_DIM, 2 * heads
    )
    value, rest3 = divmod(size("self_attn1.in_proj.weight"), heads)
    if rest or rest2 or rest3:
        raise ValueError(f"{layer}: heads do not divide its attention weights")
    return {
        "downsampling_factor": 1 if downsample is None else len(downsample),
        "encoder_dim": size("norm.bias"),
        "num_encoder_layers": len(layers),
        "num_heads": heads,
        "feedforward_dim": size("feed_forward2.in_proj.weight"),
        "cnn_module_kernel": size(f"conv_module1.{kernel}", 2),
        "query_head_dim": query,
        "value_head_dim": value,
        "pos_head_dim": POS_HEAD_DIM,
        "pos_dim": size("self_attn_weights.linear_pos.weight", 1),
        "causal": causal,
    }
