"""What the script of a sharded stage calls: its shard, brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from echoharvester.manifests.accounting import Counts
from echoharvester.manifests.runner import Process, run_shard
from echoharvester.manifests.shards import Cut
from echoharvester.pipeline.progress import ProgressReporter
from echoharvester.pipeline.recipe import Recipe


def run_stage_shard(
    recipe: Recipe,
    name: str,
    shard: int,
    process: Process,
    extra_of: Callable[[list[Cut]], Any] = lambda cuts: None,
    prefetch: Callable[[list[Cut]], None] = lambda cuts: None,
) -> Counts:
    """Brings one shard of a stage up to date; see `manifests.runner.run_shard`.

    Raises:
        UserError: if what the stage reads is missing.
    """
    return run_shard(
        recipe.run_of(name),
        shard,
        process,
        extra_input=recipe.extra_input(name),
        extra_of=extra_of,
        holds=recipe.stages[name].holds or (lambda cut: True),
        prefetch=prefetch,
        reporter=ProgressReporter(),
    )
