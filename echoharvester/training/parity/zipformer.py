"""Agreement of our Zipformer with reference numbers measured elsewhere.

A reference is a `.json` that describes a model, its input and its gradients, with a `.npz`
of its outputs beside it; weights follow from a rule.  `tests/fixtures/zipformer2/README.md`
describes the form.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from echoharvester.errors import UserError
from echoharvester.models.ctc import NUM_FEATURES, CtcModel, build_model

LOG_PROBS_TOLERANCE = 1e-4
GRADIENT_TOLERANCE = 1e-3
SMALLEST = 1e-3  # of the norm of all: gradients that are what is left of larger ones are rounding


def compare_zipformer(reference: Mapping[str, Any], folder: Path) -> dict[str, float]:
    """Largest differences over their tolerances, by what is compared; 1 and below agrees.

    Raises:
        UserError: if keys, shapes or output lengths differ.
    """
    config = dict(reference["config"])
    vocab_size = config.pop("vocab")
    model = build_model({"encoder": "zipformer", **config}, vocab_size)
    check_keys(model, reference)
    model.load_state_dict(made_weights(reference["keys"]))
    model.eval()
    features, lens = made_input(reference["seed"], reference["lens"])
    embedded, embedded_lens = model.encoder_embed(features, lens)
    encoded, out_lens = model.encoder(embedded, embedded_lens)
    if out_lens.tolist() != reference["out_lens"]:
        raise UserError(f"lengths {out_lens.tolist()} are not {reference['out_lens']}")
    log_probs = model.ctc_output(encoded)
    valid, loss = valid_rows(log_probs, out_lens), weighted_loss(log_probs, out_lens)
    loss.backward()
    arrays = np.load(folder / f"{reference['name']}.npz")
    step = reference["row_step"]

    def difference(ours: Tensor, name: str) -> float:
        return float(np.abs(ours.detach().numpy()[::step] - arrays[name]).max())

    return {
        "log_probs": difference(valid, "log_probs") / LOG_PROBS_TOLERANCE,
        "encoder_out": difference(encoded[0, : out_lens[0]], "encoder_out0") / LOG_PROBS_TOLERANCE,
        "embed": difference(embedded[0], "embed0") / LOG_PROBS_TOLERANCE,
        "loss": abs(loss.item() / reference["loss"] - 1) / LOG_PROBS_TOLERANCE,
        "gradient_norm": gradient_difference(model, reference) / GRADIENT_TOLERANCE,
    }


def gradient_difference(model: CtcModel, reference: Mapping[str, Any]) -> float:
    """Largest relative difference of the norm of a parameter's gradient from the reference's.

    `reference`: under `grad_norm_sum`, [norm, sum], or None, of every parameter.
    """
    expected = {k: v[0] if v else 0.0 for k, v in reference["grad_norm_sum"].items()}
    floor = SMALLEST * math.sqrt(sum(norm**2 for norm in expected.values()))
    return max(
        abs((0.0 if p.grad is None else p.grad.norm().item()) - expected[name])
        / max(expected[name], floor)
        for name, p in model.named_parameters()
    )


def valid_rows(log_probs: Tensor, lens: Tensor) -> Tensor:
    """The frames that are no padding, one utterance behind the other."""
    return torch.cat([row[:n] for row, n in zip(log_probs, lens.tolist(), strict=True)])


def weighted_loss(log_probs: Tensor, lens: Tensor) -> Tensor:
    """The loss whose gradients are compared: tokens weigh from 0 to 1, by their ids."""
    valid = valid_rows(log_probs, lens)
    return -(valid * torch.linspace(0, 1, valid.size(-1))).sum() / len(valid)


def check_keys(model: CtcModel, reference: Mapping[str, Any]) -> None:
    """Raises ValueError where names, shapes or the number of parameters differ."""
    ours = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
    theirs = reference["keys"]
    wrong = [k for k in {**ours, **theirs} if ours.get(k) != theirs.get(k)]
    if wrong:
        listed = ", ".join(f"{k}: {ours.get(k)} is not {theirs.get(k)}" for k in wrong[:5])
        raise UserError(f"{len(wrong)} keys differ from the reference: {listed}")
    size = sum(p.numel() for p in model.parameters())
    if size != reference["num_params"]:
        raise UserError(f"{size} parameters are not {reference['num_params']}")


def made_weights(keys: Mapping[str, Sequence[int]]) -> dict[str, Tensor]:
    """The weights that the rule gives for names and shapes."""
    weights = {}
    for key, shape in keys.items():
        random = np.random.RandomState(zlib.crc32(key.encode()) & 0x7FFFFFFF)
        values = np.asarray(random.standard_normal(tuple(shape)))
        if key.endswith("log_scale"):
            values = 0.1 * values
        elif "bypass_scale" in key:
            values = 0.5 + 0.2 * np.clip(values, -1, 1)
        elif len(shape) >= 2:
            values = values * 0.9 / math.sqrt(math.prod(shape[1:]))
        else:
            values = 0.1 * values
        weights[key] = torch.tensor(values, dtype=torch.float32)
    return weights


def made_input(seed: int, lens: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Features (N, T, 80) and lengths; padding is log(1e-10)."""
    shape = (len(lens), max(lens), NUM_FEATURES)
    features = np.random.RandomState(seed).standard_normal(shape) * 2 - 6
    for row, length in zip(features, lens, strict=True):
        row[length:] = math.log(1e-10)
    return torch.from_numpy(features.astype(np.float32)), torch.tensor(lens)
