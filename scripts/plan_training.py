#!/usr/bin/env python
"""What a training will take, from steps that are measured here: memory, time, disk.

    python scripts/plan_training.py --hours 100 train=hours_100
    python scripts/plan_training.py --recipe korean_yt --processes 4 train=hours_1000 train.batch_sec=500

Builds the model of the configuration and takes some steps on random features: the longest cuts that a
batch may hold, and cuts of --mean-sec.  Without --hours the hours are those of the recipe's own training
set.  On a CPU two smaller batches are measured, and what a whole one takes is put on the line through
them.  Reading data, judging dev sets and saving are not measured; nothing is written.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "local")]
TOKENS = 500  # of a vocabulary that does not exist yet
ON_CPU_SEC = (20.0, 60.0)  # seconds of audio in the batches that a CPU is measured on


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--recipe", default="korean_yt")
    parser.add_argument("--hours", type=float, help="of speech, before copies at other speeds")
    parser.add_argument("--processes", type=int, default=1, help="that train together, one a GPU")
    parser.add_argument("--mean-sec", type=float, default=6.0, help="of an utterance")
    parser.add_argument("--steps", type=int, default=5, help="measured, after two that are not")
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_intermixed_args()
    os.environ["ECHO_RECIPE_DIR"] = str(ROOT / "egs" / options.recipe)
    from echoharvester.errors import UserError

    try:
        for line in plan(options):
            print(line)
    except UserError as error:
        print(f"plan_training: {error}", file=sys.stderr)
        return 1
    return 0


def plan(options: argparse.Namespace) -> list[str]:
    import torch

    from echoharvester.errors import UserError
    from echoharvester.models.ctc import build_model
    from echoharvester.models.hub import fetch
    from echoharvester.models.initial import load_initial
    from echoharvester.models.zipformer.schedule import set_batch_count
    from echoharvester.text.tokenizers import read_tokenizer
    from echoharvester.training.losses import batch_losses
    from echoharvester.training.rates import make_optimizer
    from echoharvester.training.step_cost import Steps

    from config import composed, recipe_of
    from training_setup import model_config, train_config

    cfg = composed(options.overrides)
    recipe = recipe_of(cfg, check=False)
    config, data = train_config(cfg), cfg.train
    hours = options.hours or hours_of(recipe.paths.split("train"))
    if hours is None:
        raise UserError(
            f"{recipe.paths.split('train')}: no such file; say --hours, or run stage 10"
        )
    initial = load_initial(fetch(data.init), data.init_weights) if data.init else None
    lang = recipe.paths.lang
    tokens = len(read_tokenizer(lang).symbols) if (lang / "tokens.txt").is_file() else TOKENS
    device = torch.device(config.device)
    model = build_model(model_config(cfg, initial), tokens).to(device).train()
    set_batch_count(model, 20000.0)
    optimizer = make_optimizer(model, config)
    copies = 2 if config.cr_ctc else 1

    def loss_of(features, lens, targets):  # type: ignore[no-untyped-def]
        features, lens = torch.cat([features] * copies), lens.repeat(copies)
        scale = config.cr_scale if config.cr_ctc else 0.0
        losses = batch_losses(model, features, lens, targets, scale)
        return losses.total, losses.frames

    def measured(seconds: float, each: float) -> Any:
        durations = [each] * max(1, int(seconds / each))
        steps = Steps(durations, tokens, config.device, config.precision, options.steps)
        try:
            return steps.cost(steps.stepper(loss_of, optimizer)), sum(durations)
        except (MemoryError, torch.OutOfMemoryError) as error:
            raise UserError(
                f"a batch of {sum(durations):.0f} s does not fit into the memory of {config.device}: lower "
                "train.batch_sec or train.max_sec, and raise train.accumulate to keep the size of a step"
            ) from error

    whole = float(data.batch_sec)
    sizes = (whole,) if device.type == "cuda" else tuple(min(whole, s) for s in ON_CPU_SEC)
    usual = [measured(size, min(options.mean_sec, data.max_sec)) for size in sizes]
    longest = [measured(size, min(size, data.max_sec)) for size in sizes]
    step_sec = on_line([(sec, cost.seconds) for cost, sec in usual], whole) * config.accumulate
    peak_mb = on_line([(sec, cost.peak_mb) for cost, sec in [*usual, *longest]], whole)
    factors = [1.0, *(f for f in data.speed_factors if f != 1.0)]
    audio_sec = 3600 * hours * sum(1 / factor for factor in factors)
    steps = math.ceil(audio_sec / (whole * config.accumulate * options.processes))
    in_all = steps * config.max_epochs
    parameters = sum(p.numel() for p in model.parameters())
    # Weights, their running average in float64, and two moments of the optimiser.
    checkpoint_gb = parameters * (4 + (8 if config.average_period else 0) + 8) / 1e9
    most = config.keep_checkpoints * (2 if config.save_every_steps else 1) + 3
    name = (
        torch.cuda.get_device_name()
        if device.type == "cuda"
        else f"CPU, {torch.get_num_threads()} threads"
    )
    guessed = "" if device.type == "cuda" else ", by the line through smaller ones"
    return [
        f"{cfg.model.name}, {parameters / 1e6:.1f} M parameters, {tokens} tokens, {config.precision}, on {name}",
        f"a step of {whole * config.accumulate:.0f} s in each process: {step_sec:.2f} s, "
        f"{whole * config.accumulate / step_sec:.0f} times real time; memory up to {peak_mb / 1024:.1f} GiB{guessed}",
        f"an epoch of {hours:.4g} h" + (f" at {len(factors)} speeds" if len(factors) > 1 else "")
        + f" in {options.processes} process{'es' * (options.processes > 1)}: {steps:,} steps, {spoken_time(steps * step_sec)}",
        f"{config.max_epochs} epochs: {in_all:,} steps, {spoken_time(in_all * step_sec)}, without reading and dev sets",
        f"checkpoints: {checkpoint_gb:.2f} GB each, {most} of them at most",
    ]  # fmt: skip


def on_line(points: Sequence[tuple[float, float]], at: float) -> float:
    """The value at a place on the line through the lowest and the highest of the points, which never
    falls.

    >>> on_line([(20, 1.0), (60, 2.0)], 200), on_line([(200, 3.0)], 200), on_line([(20, 5.0), (60, 4.0)], 99)
    (5.5, 3.0, 5.0)
    """
    (x0, y0), (x1, y1) = min(points), max(points)
    slope = max(0.0, (y1 - y0) / (x1 - x0)) if x1 > x0 else 0.0
    return max(y0, y1) if not slope else y1 + slope * (at - x1)


def hours_of(cuts: Path) -> float | None:
    """Hours of a manifest of cuts; None where there is none."""
    from echoharvester.manifests.shards import read_cuts

    return sum(cut["duration"] for cut in read_cuts(cuts)) / 3600 if cuts.is_file() else None


def spoken_time(seconds: float) -> str:
    """
    >>> spoken_time(45), spoken_time(5400), spoken_time(3 * 86400 + 7200)
    ('45 s', '1.5 h', '3 d 2 h')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
    days, hours = divmod(seconds / 3600, 24)
    return f"{int(days)} d {hours:.0f} h" if days >= 1 else f"{hours:.1f} h"


if __name__ == "__main__":
    sys.exit(main())
