"""Killed at any moment in any stage, and run again: as if nothing had happened."""

import json
import os
import random
from datetime import date

import pytest
from recipe_support import Recipe, outputs

# Other moments every day; those of a day that failed: ECHO_KILL_SEEDS=739580
SEEDS = [
    int(s) for s in os.environ.get("ECHO_KILL_SEEDS", str(date.today().toordinal())).split(",")
]
STAGES = range(15)
KILLS = {stage: 2 if stage < 10 else 1 for stage in STAGES}


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_kill_9_in_every_stage_and_run_again_equals_an_undisturbed_run(tmp_path, seed):
    recipe = Recipe(tmp_path / "data", tmp_path / "exp")
    recipe.run()
    expected, made = outputs(recipe), models(recipe)
    recipe.data_dir.rename(
        tmp_path / "undisturbed"
    )  # paths are part of manifests: same place again
    recipe.exp_dir.rename(tmp_path / "undisturbed_exp")
    rng = random.Random(seed)
    for stage in STAGES:
        only = ("--stage", str(stage), "--stop-stage", str(stage))
        for _ in range(KILLS[stage]):
            recipe.run_and_kill(rng.uniform(0.3, 8.0), *only)
        recipe.run(*only)
    assert outputs(recipe) == expected
    assert models(recipe) == made
    left = [p for folder in (recipe.data_dir, recipe.exp_dir) for p in folder.rglob("*")]
    assert not [p for p in left if p.name.endswith((".journal.jsonl", ".tmp.gz"))]


def models(recipe):
    """What stages 11 to 13 leave, without the times that they took."""
    (train_dir,) = {p.parent for p in recipe.exp_dir.glob("*/train.json")}
    history = json.loads((train_dir / "train.json").read_text(encoding="utf-8"))["history"]
    losses = [(row["epoch"], row["step"], row["train_loss"], row["dev_cer"]) for row in history]
    texts = {p.name: p.read_bytes() for p in train_dir.glob("ctc_greedy/recogs-*")}
    exported = {p.name: p.stat().st_size for p in (train_dir / "export").glob("*.onnx")}
    assert losses and texts and exported
    return losses, texts, exported
