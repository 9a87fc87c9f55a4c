"""Which weights of a training run are decoded."""

from __future__ import annotations

from pathlib import Path

from echoharvester.models.checkpoint import (
    CheckpointError,
    load_checkpoint,
    load_model,
    tokenizer_of,
)
from echoharvester.models.ctc import CtcModel, build_model
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.averaging import mean_between


def load_selected(folder: Path, name: str, avg: int = 1) -> tuple[CtcModel, Tokenizer, str]:
    """A model in eval mode, its tokenizer, and what the choice is called in file names.

    Args:
        folder: of a training run.
        name: best, last, averaged, or the number of an epoch.
        avg: with a number N, the mean of the weights over the steps of epochs N - avg + 1 to N,
            from the running means that two checkpoints hold (see training/averaging.py).

    Raises:
        CheckpointError: naming what is missing.
    """
    if avg < 1 or (avg > 1 and not name.isdigit()):
        raise CheckpointError(
            f"decode.avg={avg} averages epochs up to decode.checkpoint=NUMBER, not {name!r}"
        )
    if avg == 1:
        path = folder / (f"epoch-{name}.pt" if name.isdigit() else f"{name}.pt")
        model, tokenizer = load_model(path)
        return model, tokenizer, path.stem
    last, first = int(name), int(name) - avg
    end = load_checkpoint(folder / f"epoch-{last}.pt")
    if first > 0:
        start = load_checkpoint(folder / f"epoch-{first}.pt")
        _check_averages(start, folder / f"epoch-{first}.pt")
        _check_averages(end, folder / f"epoch-{last}.pt")
        weights = mean_between(
            start["model_avg"], start["progress"]["step"], end["model_avg"], end["progress"]["step"]
        )
    elif first == 0:  # from the very beginning: that is what the running mean is
        _check_averages(end, folder / f"epoch-{last}.pt")
        weights = {key: tensor.float() for key, tensor in end["model_avg"].items()}
    else:
        raise CheckpointError(f"decode.avg={avg}: there are only {last} epochs up to epoch {last}")
    model = build_model(end["model_config"], len(end["tokens"]))
    model.load_state_dict(weights)
    return model.eval(), tokenizer_of(end), f"epoch-{last}-avg-{avg}"


def _check_averages(content: dict[str, object], path: Path) -> None:
    if not content.get("model_avg"):
        raise CheckpointError(
            f"{path}: holds no running mean; train with train.average_period above 0"
        )
