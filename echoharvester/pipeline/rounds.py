"""Harvest, train, harvest again: rounds of stages 4 to 13.

Round 1 is the recipe as it is.  Every later one asks the model of the best round so far about what the
first aligner has found (`align.witness`), fits the acceptance anew on both witnesses, and trains on what
is kept.  Dev and test are the utterances of round 1 throughout, so that error rates compare.

Everything that a round leaves for later ones lies in `exp_dir/round-N`:

    aligned/      (round 1) cuts_aligned of the first aligner, which hears once
    sets/         (round 1) cuts_dev and cuts_test
    manifests/    of the round, to go back to; of the round in use alone, unless all are kept
    changed.0.jsonl.gz  utterances that changed sides
    round.json    its last act: what it brought

`data_dir` holds the round that was run last, and in the end the one in use.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from echoharvester.align import ASKED
from echoharvester.dataset.card import label_error_line
from echoharvester.dataset.sets import HELD_OUT
from echoharvester.errors import UserError
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.lock import locked
from echoharvester.manifests.shards import (
    ShardInfo,
    find_shards,
    read_cuts,
    read_info,
    write_atomic,
)
from echoharvester.models.device import by_hardware
from echoharvester.pipeline import inputs
from echoharvester.pipeline.overrides import quoted
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import load_record
from echoharvester.pipeline.round import (
    ALIGNED,
    IN_USE,
    MANIFESTS,
    PAGE,
    RECORD,
    SETS,
    Round,
    RoundsConfig,
    read_round,
)
from echoharvester.pipeline.round_verdict import chance_of_worse, verdict
from echoharvester.pipeline.run import FAILED, Driver
from echoharvester.report.gather import best_record
from echoharvester.report.round_figures import CHANGED, RoundFigures
from echoharvester.report.rounds import changed_sides, kept_cuts, rounds_page
from echoharvester.report.truth import judge

FIRST, LAST, REPORT = "align", "export_model", "report"


class Rounds:
    """Runs rounds, one driver each, and goes on where it was stopped."""

    def __init__(
        self,
        recipe: Recipe,
        driver_of: Callable[[Sequence[str]], Driver],
        config: RoundsConfig,
    ) -> None:
        """
        Args:
            recipe: whose `exp_dir` holds the rounds.
            driver_of: the driver with some more overrides.
        """
        self.recipe, self._driver_of, self.config = recipe, driver_of, config

    def folder(self, number: int) -> Path:
        return self.recipe.paths.exp_dir / f"round-{number}"

    def run(self, names: Sequence[str]) -> int:
        """Runs stages before the rounds, the rounds, and the report; the exit status."""
        try:
            return self._run_checked(names)
        except (UserError, OSError) as error:
            print(f"run.sh: {error}", file=sys.stderr)
            return FAILED

    def dry_run(self, names: Sequence[str]) -> int:
        """Says what would run first: of the rounds the first that has not ended."""
        best: Round | None = None
        for number in range(1, self.config.count + 1):
            driver = self._driver(number, best)
            done = self._finished(number, driver.recipe, best)
            if done is None:
                print(f"round {number}:")
                return driver.dry_run(names)
            print(f"round {number}: up to date. {done.summary}")
            if done.last or not done.used:
                break
            best = done
        return 0

    def _run_checked(self, names: Sequence[str]) -> int:
        """Runs stages before the rounds, the rounds, and the report; the exit status.

        Raises:
            UserError: for a range of stages that is no round, or a recipe that has none.
        """
        settings, paths = self.recipe.settings, self.recipe.paths
        if settings["witness"]["kind"] != "none":
            raise UserError("rounds choose the witness themselves: leave witness=... away")
        if self.folder(1) not in self._driver(1, None).recipe.paths.train_dir.parents:
            raise UserError(
                f"train_dir={paths.train_dir}: every round has one of its own below exp_dir; leave it away"
            )
        kind = by_hardware(settings["align"])["kind"]
        if kind not in ASKED:
            raise UserError(
                f"align={kind} cannot be asked how probable a text is, which rounds need: choose "
                f"{' or '.join(f'align={name}' for name in ASKED)}"
            )
        stages = list(self.recipe.stages)
        of_round = stages[stages.index(FIRST) : stages.index(LAST) + 1]
        if missing := [name for name in of_round if name not in names]:
            raise UserError(
                f"a round is stages {FIRST} to {LAST}; {missing[0]} is left out: choose --stage up to "
                f"{self.recipe.stages[FIRST].number} and --stop-stage from "
                f"{self.recipe.stages[LAST].number} on"
            )
        with locked(self.recipe.paths.exp_dir, "rounds"):
            early = [name for name in names if name not in of_round and name != REPORT]
            if early and (status := self._driver(1, None).run(early)):
                return status
            return self._run(of_round)

    def _run(self, of_round: Sequence[str]) -> int:
        best: Round | None = None
        ended: list[Round] = []
        driver = in_use = self._driver(1, None)
        for number in range(1, self.config.count + 1):
            driver = self._driver(number, best)
            done, was_there = self._finished(number, driver.recipe, best), True
            if done is None:
                was_there = False
                print(f"\nround {number} of {self.config.count}", flush=True)
                self._forget(number)
                if number == 1:
                    self._put_back(self.folder(1) / ALIGNED, driver.recipe)
                started = time.monotonic()
                if status := driver.run(of_round):
                    if best and status == FAILED:
                        print(
                            f"run.sh: to go back to round {best.number}: --rounds {best.number}",
                            file=sys.stderr,
                        )
                    return status
                done = self._judge(number, driver.recipe, best, time.monotonic() - started)
                if status := driver.run([REPORT]):
                    return status
            said = "up to date. " if was_there else ""
            print(f"round {number}: {said}{done.summary}", flush=True)
            ended.append(done)
            if done.used:
                best, in_use = done, driver
            if done.last or not done.used:
                break
        assert best is not None
        if not ended[-1].used or was_there:
            self._put_back(self.folder(best.number) / MANIFESTS, in_use.recipe)
            if status := in_use.run([*of_round, REPORT]):
                return status
        self._point_to(best)
        page = self.recipe.paths.exp_dir / PAGE
        folders = [self.folder(done.number) for done in ended]
        rows = [(done.figures, done.verdict, done.seconds, done.used) for done in ended]
        write_atomic(page, rounds_page(self.recipe.paths.name, rows, folders))
        print(f"rounds: round {best.number} is in use; the curve is in {page}")
        return 0

    def _driver(self, number: int, best: Round | None) -> Driver:
        """The driver of a round that builds on another."""
        overrides = {"exp_dir": str(self.folder(number))}
        if best:
            first = self.folder(1)
            overrides |= {
                "witness": "ctc",
                "witness.model": str(self._model(best)),
                "witness.aligned": str(first / ALIGNED),
                "validate.refit": "true",
                "split.fixed": str(first / SETS),
            }
        driver = self._driver_of([quoted(f"{key}={value}") for key, value in overrides.items()])
        driver.again = "run the same command to go on"
        return driver

    def _chance_of_worse(self, number: int, best: Round) -> float | None:
        model = self.recipe.paths.train_dir.relative_to(self.recipe.paths.exp_dir)
        return chance_of_worse(self.folder(best.number) / model, self.folder(number) / model)

    def _model(self, done: Round) -> Path:
        """The exported model of a round."""
        export = self.recipe.paths.train_dir.relative_to(self.recipe.paths.exp_dir) / "export"
        folder = self.folder(done.number) / export
        small = folder / "model.int8.onnx"
        return small if small.exists() else folder / "model.onnx"

    def _identity(self, recipe: Recipe, best: Round | None) -> str:
        """Digest of what a round depends on: settings, models, segments, and the round before."""
        stages = list(recipe.stages)
        names = stages[stages.index(FIRST) : stages.index(LAST) + 1]
        settings = [recipe.stage_fingerprint(name) for name in names if recipe.has(name)]
        segments = inputs.shards(recipe, recipe.stages[FIRST].source)
        return fingerprint(settings, segments, best.fingerprint if best else "")

    def _finished(self, number: int, recipe: Recipe, best: Round | None) -> Round | None:
        """A round that need not be run again."""
        record = self.ended(number)
        try:
            same = record and record.fingerprint == self._identity(recipe, best)
        except (UserError, OSError):
            return None
        if not record or not same or not self._model(record).exists():
            return None
        figures = record.figures
        if best and figures.p_worse is None:  # written before it was asked
            figures = replace(figures, p_worse=self._chance_of_worse(number, best))
        used, last, why = verdict(figures, best, self.config)  # of today's settings
        if used and not record.used and not (self.folder(number) / MANIFESTS).is_dir():
            return None  # nothing of it was kept
        return replace(record, figures=figures, used=used, last=last, verdict=why)

    def _forget(self, number: int) -> None:
        """Takes away the records of a round that is run anew, and of those that were built on it."""
        while (record := self.folder(number) / RECORD).exists():
            record.unlink()
            number += 1

    def ended(self, number: int) -> Round | None:
        """A round that has ended, whatever it was made from."""
        return read_round(self.folder(number))

    def _judge(self, number: int, recipe: Recipe, best: Round | None, seconds: float) -> Round:
        """What a round brought; written down as its last act."""
        folder, manifests = self.folder(number), recipe.paths.manifests
        figures = figures_of_round(recipe)
        if number == 1:
            _copy(find_shards(manifests, "cuts_aligned"), folder / ALIGNED)
            _copy([recipe.paths.split(name) for name in HELD_OUT], folder / SETS)
        if best:
            figures = replace(figures, p_worse=self._chance_of_worse(number, best))
        used, last, why = verdict(figures, best, self.config)
        if best:
            before = self.folder(best.number) / MANIFESTS
            changed_sides(before, manifests, folder / CHANGED)
        if used or self.config.keep_manifests:
            _copy(_of_rounds(manifests), folder / MANIFESTS)
        done = Round(
            number, self._identity(recipe, best), figures, used, last, why, round(seconds, 1)
        )
        write_atomic(folder / RECORD, json.dumps(asdict(done), ensure_ascii=False, indent=1) + "\n")
        if used and best and not self.config.keep_manifests:
            shutil.rmtree(self.folder(best.number) / MANIFESTS, ignore_errors=True)
        return done

    def _put_back(self, kept: Path, recipe: Recipe) -> None:
        """Puts manifests that a round has kept back in place, where those of another round are there; what
        cannot be put back is made again."""
        run = recipe.run_of(FIRST)
        of_first = sorted(kept.glob(f"{run.target}.*.gz"))
        infos = [(read_info(path), read_info(run.folder / path.name)) for path in of_first]
        if any(info is None or info.fingerprint != run.fingerprint for info, _ in infos):
            return  # damaged, or of other settings: all is made again
        if all(now and (now.fingerprint, now.identity) == _of(info) for info, now in infos if info):
            return  # it is there
        for path in sorted(kept.glob("*.gz")):
            target = run.folder / path.name
            temporary = target.with_name(f".{target.name}.tmp")
            shutil.copy2(path, temporary)
            temporary.replace(target)

    def _point_to(self, best: Round) -> None:
        link = self.recipe.paths.exp_dir / IN_USE
        link.unlink(missing_ok=True)
        link.symlink_to(self.folder(best.number).name)

    def in_use(self) -> Recipe:
        """The recipe of the round that `data_dir` holds in the end; as it is where no round has ended."""
        best: Round | None = None
        recipe = self.recipe
        for number in range(1, self.config.count + 1):
            driver = self._driver(number, best)
            done = self._finished(number, driver.recipe, best)
            if done is None or not done.used:
                break
            best, recipe = done, driver.recipe
            if done.last:
                break
        return recipe

    def status(self) -> list[str]:
        """A line for every round that has ended, and the one that is under way."""
        lines = []
        number = 1
        while done := self.ended(number):
            lines.append(f"round {number}: {done.summary}")
            number += 1
        if self.folder(number).exists():
            lines.append(f"round {number}: under way")
        return lines


def figures_of_round(recipe: Recipe) -> RoundFigures:
    """Of the round whose manifests and models are there now."""
    paths = recipe.paths
    utterances, seconds, expected = 0, 0.0, list[float]()
    for cut in kept_cuts(paths.manifests):
        utterances += 1
        seconds += cut["duration"]
        if "label_probability" in cut["custom"]:
            expected.append(1 - cut["custom"]["label_probability"])
    card = load_record(paths.data_dir / "data_card.json") or {}
    reviewed = label_error_line(card["label_error"]) if card.get("label_error") else ""
    records = [record for path in paths.decode_records if (record := load_record(path))]
    best = best_record(records)
    rates = (
        {name: of_set["rows"][0]["rate"] for name, of_set in best["sets"].items()} if best else {}
    )
    trained = load_record(paths.train_record) or {}
    truth = {}
    if paths.truth.exists():
        truth = judge(kept_cuts(paths.manifests), read_cuts(paths.truth))["total"].row()
    return RoundFigures(
        utterances,
        round(seconds / 3600, 5),
        round(sum(expected) / len(expected), 5) if expected else None,
        reviewed,
        rates.get("dev", trained.get("best_cer")),
        rates.get("test"),
        truth.get("label_precision"),
        truth.get("harvested"),
    )


def _of(info: ShardInfo) -> tuple[str, str]:
    return info.fingerprint, info.identity


def _of_rounds(manifests: Path) -> list[Path]:
    """What stages of a round write there; stages 1 to 3 are run once, and what is handed to reviewers
    belongs to the files that they have."""
    others = (
        "cuts_media.",
        "cuts_downloaded.",
        "cuts_transcribed.",
        "cuts_segmented.",
        "review_",
        ".",
    )
    return [p for p in sorted(manifests.glob("*.gz")) if not p.name.startswith(others)]


def _copy(paths: Sequence[Path], folder: Path) -> None:
    """Copies files to a folder, which appears when all are there."""
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for path in paths:
        if read_info(path):
            shutil.copy2(path, partial / path.name)
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)
