"""Killed at any moment in any stage, and run again: as if nothing had happened."""

import os
import random

import pytest
from recipe_support import Recipe, outputs

# More by hand: ECHO_KILL_SEEDS=2,3,4 scripts/test.sh tests/faults/test_kill.py -m slow
SEEDS = [int(seed) for seed in os.environ.get("ECHO_KILL_SEEDS", "0,1").split(",")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_kill_9_in_every_stage_and_run_again_equals_an_undisturbed_run(tmp_path, seed):
    recipe = Recipe(tmp_path / "data", tmp_path / "exp")
    recipe.run("--stop-stage", "9")
    expected = outputs(recipe)
    recipe.data_dir.rename(
        tmp_path / "undisturbed"
    )  # paths are part of manifests: same place again
    rng = random.Random(seed)
    for stage in range(10):
        for _ in range(2):
            recipe.run_and_kill(
                rng.uniform(0.3, 8.0), "--stage", str(stage), "--stop-stage", str(stage)
            )
        recipe.run("--stage", str(stage), "--stop-stage", str(stage))
    assert outputs(recipe) == expected
    assert not [p for p in recipe.manifests.iterdir() if p.name.endswith(".journal.jsonl")]
