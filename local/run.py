"""The driver that run.sh starts: runs stages in turn, or says how they stand.

run.py [--dry-run | --status] NUMBER:STAGE ... [Hydra overrides]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from echoharvester.errors import UserError
from echoharvester.options import options_of, taken_by
from echoharvester.pipeline.overrides import quoted, with_exp_dir
from echoharvester.pipeline.processes import LocalConfig
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.round import RoundsConfig
from echoharvester.pipeline.rounds import Rounds
from echoharvester.pipeline.run import INTERRUPTED, Driver
from echoharvester.pipeline.slurm import SlurmConfig
from echoharvester.pipeline.status import print_status, summary_lines

from config import ROOT, composed, recipe_of
from schema import GROUPS, UNTYPED, TopConfig
from stages import STAGES

DRY_RUN, STATUS = "--dry-run", "--status"


def main(arguments: Sequence[str]) -> int:
    modes = [a for a in arguments if a in (DRY_RUN, STATUS)]
    asked = [a for a in arguments if ":" in a.partition("=")[0]]
    overrides = [a for a in arguments if a not in modes and a not in asked]
    known = {*GROUPS, *UNTYPED, *options_of(TopConfig)}
    overrides = with_exp_dir([quoted(a, known) for a in overrides])
    try:
        names = [_name(line) for line in asked]
        driver = make_driver(overrides)
        rounds = rounds_of(driver.recipe, overrides)
        if STATUS in modes:
            print_status(rounds.in_use() if rounds.config.count > 1 else driver.recipe)
            print(*rounds.status(), sep="\n")
            return 0
        runner: Driver | Rounds = rounds if rounds.config.count > 1 else driver
        if DRY_RUN in modes:
            return runner.dry_run(names)
    except (UserError, OSError) as error:
        print(f"run.sh: {error}", file=sys.stderr)
        return 1
    status = runner.run(names)
    if status == 0 and any(STAGES[name].number >= STAGES["export"].number for name in names):
        print(*summary_lines(rounds.in_use() if runner is rounds else driver.recipe), sep="\n")
    return status


def rounds_of(recipe: Recipe, overrides: Sequence[str]) -> Rounds:
    """The rounds of a recipe, whether any are asked for or not."""
    return Rounds(
        recipe,
        lambda more: make_driver([*overrides, *more]),
        RoundsConfig(**recipe.settings["rounds"]),
    )


def make_driver(overrides: Sequence[str]) -> Driver:
    """The driver of the recipe that these overrides describe.

    Raises:
        UserError: naming what is wrong with the configuration.
    """
    recipe = recipe_of(composed(overrides))
    launcher = dict(recipe.settings["launcher"])
    kind = {"local": LocalConfig, "slurm": SlurmConfig}[launcher["kind"]]
    return Driver(
        recipe,
        lambda name: [sys.executable, str(ROOT / "local" / f"{name}.py"), *overrides],
        kind(**taken_by(kind, launcher)),
        recipe.settings["max_error_rate"],
    )


def _name(line: str) -> str:
    """The stage that a line of run.sh names."""
    number, _, name = line.partition(":")
    if name not in STAGES or str(STAGES[name].number) != number:
        raise UserError(f"run.sh: there is no stage {number} {name} in local/stages.py")
    return name


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("run.sh: interrupted; run the same command to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)
