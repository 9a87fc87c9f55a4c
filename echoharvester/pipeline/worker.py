"""What the script of a sharded stage calls: its shards, brought up to date."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.manifests.runner import Process, run_shard
from echoharvester.manifests.shards import Cut
from echoharvester.pipeline.progress import ProgressReporter, next_shard
from echoharvester.pipeline.recipe import Recipe


@dataclass(frozen=True)
class ShardWork:
    """What is done with the media items of a shard; see `manifests.runner.run_shard`."""

    process: Process
    extra_of: Callable[[list[Cut]], Any] = lambda cuts: None
    prefetch: Callable[[list[Cut]], None] = lambda cuts: None


def run_stage_shard(
    recipe: Recipe, name: str, shard: int, work: ShardWork | Callable[[int], ShardWork]
) -> None:
    """Brings a shard of a stage up to date, and then those that the driver asks for.

    Args:
        work: for every shard, or a function from its number to that of each.

    Raises:
        UserError: if what the stage reads is missing.
    """
    stage = recipe.stages[name]
    following: int | None = shard
    while following is not None:
        if following != shard:
            log_to_file(recipe.paths.log(stage.place, name, following))
        mine = work if isinstance(work, ShardWork) else work(following)
        run_shard(
            recipe.run_of(name),
            following,
            mine.process,
            extra_input=recipe.extra_input(name),
            extra_of=mine.extra_of,
            holds=stage.holds or (lambda cut: True),
            prefetch=mine.prefetch,
            reporter=ProgressReporter(),
        )
        following = next_shard()


def log_to_file(path: Path) -> None:
    """Log records go to this file from now on, behind what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    logging.info("%s", " ".join(map(_without_secrets, sys.argv)))


def _without_secrets(argument: str) -> str:
    """An override as logs may show it: network.proxy holds a password."""
    key, sign, _ = argument.partition("=")
    secret = key.lstrip("+~").startswith(("network.proxy", "network.cookies"))
    return f"{key}=***" if sign and secret else argument
