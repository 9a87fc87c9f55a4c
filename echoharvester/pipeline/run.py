"""Runs stages in turn: what is missing or stale, and nothing else; and prints the accounting."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import Counts
from echoharvester.manifests.collected import num_shards_of
from echoharvester.manifests.lock import locked
from echoharvester.manifests.runner import run_shard
from echoharvester.manifests.shards import read_info, shard_path
from echoharvester.pipeline.failures import failures, name_errors
from echoharvester.pipeline.processes import LocalConfig, ShardedWork, run_local, size_of
from echoharvester.pipeline.recipe import OTHER_SETTINGS, Recipe
from echoharvester.pipeline.slurm import SlurmConfig, run_one_in_slurm, run_slurm, wait_for_earlier
from echoharvester.pipeline.stage import Stage
from echoharvester.progress import bar

FAILED, INTERRUPTED, TERMINATED = 1, 130, 143
NOT_ASKED = "not asked for"
SAVED = 75  # asked to stop, a stage has saved what it had; see training.trainer


class _Terminated(KeyboardInterrupt):
    """SIGTERM: the driver was told to end."""


@dataclass
class Driver:
    """Runs the stages of one recipe, one driver at a time on a folder.

    Attributes:
        recipe: what to run.
        command: of a stage's script, without `shard=K`.
        launcher: where shards and long stages run.
        max_error_rate: a stage fails when a larger share of its items are errors.
        again: how to go on after a failure; "": with `--stage` of what failed.
    """

    recipe: Recipe
    command: Callable[[str], list[str]]
    launcher: LocalConfig | SlurmConfig
    max_error_rate: float
    again: str = ""
    _locks: ExitStack = field(default_factory=ExitStack)
    _held: set[Path] = field(default_factory=set)

    def run(self, names: Sequence[str]) -> int:
        """Runs stages in turn until one fails; the exit status."""
        stage = self.recipe.stages[names[0]]
        self._held.clear()
        with self._locks, _told_to_end():
            try:
                for name in names:
                    stage = self.recipe.stages[name]
                    status = self._run(stage)
                    if status == SAVED:
                        _complain(
                            f"{stage.title} stopped on request; run the same command to go on"
                        )
                        return SAVED
                    if status:
                        again = self.again or f"go on with --stage {stage.number}"
                        _complain(f"{stage.title} failed; mend the cause and {again}")
                        return FAILED
            except _Terminated:
                _complain("terminated; run the same command to go on")
                return TERMINATED
            except KeyboardInterrupt:
                _complain(f"{stage.title} interrupted; run the same command to go on")
                return INTERRUPTED
        return 0

    def _run(self, stage: Stage) -> int:
        if not self.recipe.has(stage.name):
            _say(stage, NOT_ASKED)
            return 0
        try:
            return self._run_sharded(stage) if stage.sharded else self._run_single(stage)
        except (UserError, OSError) as error:
            print(f"{stage.name}: {error}", file=sys.stderr)
            return FAILED

    def dry_run(self, names: Sequence[str]) -> int:
        """Says what would run, and why; changes nothing."""
        waits_for: str | None = None
        last = self.recipe.stages[names[-1]]
        for name, stage in self.recipe.stages.items():
            try:
                if name in names:
                    would = self._would(stage, waits_for)
                    _say(stage, would)
                    on_cuts = self.recipe.settings.get("train", {}).get("data") == "cuts"
                    if stage.trains_together and on_cuts and would.startswith(("would", "may")):
                        print(f"{'':9}what it takes: {self._planning(stage)}")
                if stage is last:
                    break
                waits_for = waits_for or (stage.title if self._is_unmade(stage) else None)
            except (UserError, OSError) as error:
                if name in names:
                    print(f"{name}: {error}", file=sys.stderr)
                    return FAILED
                waits_for = waits_for or stage.title
        return 0

    def _planning(self, stage: Stage) -> str:
        """The command that measures steps, and says which memory and time a training needs."""
        overrides = [o for o in self.command(stage.name)[2:] if not o.startswith("launcher")]
        name = Path(str(self.recipe.settings["recipe_dir"])).name
        script = ("python", "scripts/plan_training.py", "--recipe", name)
        return shlex.join([*script, *overrides])

    def _would(self, stage: Stage, waits_for: str | None) -> str:
        """What `run` would do with a stage; behind one that is stale nothing can be said for certain."""
        if not self.recipe.has(stage.name):
            return NOT_ASKED
        if waits_for:
            missing = self._missing(stage)
            may = f"may run, after {waits_for}, which would"
            return f"would run: {missing} is missing" if missing else may
        if stage.sharded:
            stale = self.recipe.stale_shards(stage.name)
            return self._would_run(stage, stale) if stale else "up to date"
        summary = self.recipe.fresh_summary(stage.name)
        if summary is not None:
            return f"up to date. {summary}"
        return f"would run: {self.recipe.why_unmade(stage.name)}"

    def _is_unmade(self, stage: Stage) -> bool:
        """Whether later stages have to wait for this one."""
        if not self.recipe.has(stage.name):
            return False
        if stage.sharded:
            return bool(self.recipe.stale_shards(stage.name))
        if stage.target:  # the listing is made every time; what matters is what it found
            return num_shards_of(self.recipe.paths.manifests) is None
        output = stage.output
        # Whether the machine is prepared shows when it is used.
        wanted = output is not None and output.is_wanted(self.recipe) and stage.number > 0
        return wanted and self.recipe.fresh_summary(stage.name) is None

    def _missing(self, stage: Stage) -> str | None:
        """The output of a stage, if there is none of it."""
        if stage.output:
            path = stage.output.path(self.recipe.paths)
            return None if path.exists() else str(path)
        found = self.recipe.paths.manifests.glob(f"{stage.target}.[0-9]*.jsonl.gz")
        return None if any(found) else f"{self.recipe.paths.manifests}/{stage.target}.*.jsonl.gz"

    def _would_run(self, stage: Stage, stale: dict[int, str]) -> str:
        by_reason: dict[str, list[str]] = {}
        for k, why in stale.items():
            if why == OTHER_SETTINGS:
                info = read_info(shard_path(self.recipe.paths.manifests, stage.target, k))
                changed = self.recipe.what_changed(stage.name, info.fingerprint) if info else ""
                why = f"{OTHER_SETTINGS} ({changed})" if changed else OTHER_SETTINGS
            by_reason.setdefault(why, []).append(str(k))
        reasons = "; ".join(f"{why}: {', '.join(shards)}" for why, shards in by_reason.items())
        count = self.recipe.num_shards()
        return f"would run {len(stale)} of {count} shards ({self._items(stage, stale)} items), {reasons}"

    def _items(self, stage: Stage, shards: Sequence[int] | dict[int, str]) -> int:
        source = self.recipe.source_of(stage.name)
        paths = [shard_path(self.recipe.paths.manifests, source, k) for k in shards]
        return sum(info.counts["cuts"] for path in paths if (info := read_info(path)))

    def _run_single(self, stage: Stage) -> int:
        summary = self.recipe.fresh_summary(stage.name)
        if summary is not None:
            _say(stage, f"up to date. {summary}")
            return 0
        place = self._hold(stage)
        if isinstance(self.launcher, SlurmConfig) and stage.long:
            if wait_for_earlier(stage.name, place) and (
                summary := self.recipe.fresh_summary(stage.name)
            ):
                _say(stage, f"done by that job. {summary}")
                return 0
            return self._run_as_job(stage, self.launcher, place)
        return _run_process(self.command(stage.name))

    def _run_as_job(self, stage: Stage, launcher: SlurmConfig, place: Path) -> int:
        log = self.recipe.paths.log(stage.place, stage.name).absolute()
        run_one_in_slurm(stage, self.command(stage.name), launcher, log, place)
        if not self._appears(place, lambda: self.recipe.fresh_summary(stage.name) is not None):
            print(
                f"{stage.name}: its Slurm job left nothing whole; see {log}.slurm", file=sys.stderr
            )
            return FAILED
        return 0

    def _run_sharded(self, stage: Stage) -> int:
        num_shards, stale = self.recipe.num_shards(), self.recipe.stale_shards(stage.name)
        failed: list[int] = []
        if stale:
            place = self._hold(stage)
            if isinstance(self.launcher, SlurmConfig) and wait_for_earlier(stage.name, place):
                stale = self.recipe.stale_shards(stage.name)
            failed = self._run_shards(stage, list(stale)) if stale else []
        if failed:
            return FAILED
        counts = self.recipe.counts(stage.name) or Counts()
        done = f"{len(stale)} of {num_shards} shards run. " if stale else "up to date. "
        _say(stage, done + counts.line(stage.item))
        return self._judge_errors(stage, counts)

    def _judge_errors(self, stage: Stage, counts: Counts) -> int:
        folder = self.recipe.paths.manifests
        if counts.errors:
            name_errors(folder, stage.target)
        if counts.error_rate <= self.max_error_rate:
            return 0
        print(
            f"{stage.name}: {counts.error_rate:.1%} of the items are errors (max_error_rate "
            f"{self.max_error_rate:.1%}); see {folder}/{stage.target}.*.errors.jsonl.gz. "
            "Run again to retry them, or raise max_error_rate",
            file=sys.stderr,
        )
        return FAILED

    def _run_shards(self, stage: Stage, shards: list[int]) -> list[int]:
        """Runs shards, here or as a Slurm array; those whose output is not there afterwards."""
        self.recipe.remember_settings(stage.name)
        shards = self._make_empty(stage, shards)
        if not shards:
            return []
        # The largest first, so that no process works on while all others have nothing left.
        shards.sort(key=lambda k: self._items(stage, [k]), reverse=True)
        paths = self.recipe.paths
        logs = [paths.log(stage.place, stage.name, k).absolute() for k in shards]
        logs[0].parent.mkdir(parents=True, exist_ok=True)
        starts = list(map(size_of, logs))
        work = ShardedWork(stage.name, self.command(stage.name), shards, logs, paths.data_dir)
        failed: set[int] = set()
        with bar(total=self._items(stage, shards), desc=stage.title, mininterval=0.5) as shown:
            if isinstance(self.launcher, SlurmConfig):
                run_slurm(work, stage, self.launcher, shown.update)
            else:
                failed = run_local(work, self.launcher.nj, shown.update)

        unmade = self.recipe.unmade(stage.name)

        def missing() -> list[int]:
            return sorted({*unmade(shards), *failed})

        if isinstance(self.launcher, SlurmConfig):
            self._appears(paths.manifests, lambda: not missing())
        left = missing()
        of_shard = dict(zip(shards, zip(logs, starts, strict=True), strict=True))
        for line in failures(stage.name, {k: of_shard[k] for k in left}):
            print(line, file=sys.stderr)
        return left

    def _make_empty(self, stage: Stage, shards: list[int]) -> list[int]:
        """Makes the shards in which nothing is, which no process need be started for; the others."""
        run, extra = self.recipe.run_of(stage.name), self.recipe.extra_input(stage.name)
        left = []
        for k in shards:
            info = read_info(shard_path(run.folder, run.source, k))
            if info and info.counts["cuts"] == 0:
                run_shard(run, k, list, extra_input=extra)
            else:
                left.append(k)
        return left

    def _hold(self, stage: Stage) -> Path:
        """Keeps other runs off the folder that a stage writes to, until this driver ends."""
        place = self.recipe.paths.of_place(stage.place)
        if place not in self._held:
            self._locks.enter_context(locked(place, stage.title))
            self._held.add(place)
        return place

    def _appears(self, folder: Path, is_there: Callable[[], bool]) -> bool:
        """Whether what another machine wrote is there; a shared disk may show it a little later."""
        assert isinstance(self.launcher, SlurmConfig)
        deadline = time.monotonic() + self.launcher.settle_sec
        while not is_there():
            if time.monotonic() > deadline:
                return False
            time.sleep(1)
            os.listdir(folder)  # asks the server, where the answer of before would be repeated
        return True


def _say(stage: Stage, text: str) -> None:
    print(f"stage {stage.number:2d} {stage.name}: {text}", flush=True)


def _complain(text: str) -> None:
    print(f"run.sh: {text}", file=sys.stderr)


@contextmanager
def _told_to_end() -> Iterator[None]:
    """SIGTERM ends what runs in an orderly way: children first, then locks."""

    def end(*_: object) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _run_process(command: Sequence[str]) -> int:
    """Runs a stage's script, which is told to end when this process is; its exit status."""
    asked: BaseException | None = None
    with subprocess.Popen(command) as process:
        while True:
            try:
                status = process.wait()
                break
            except _Terminated as error:
                process.terminate()
                asked = error
            except KeyboardInterrupt as error:
                asked = error  # the terminal has told it, too; it ends when it has saved
    if asked and status != SAVED:
        raise asked
    if status in (-signal.SIGINT, INTERRUPTED):
        raise KeyboardInterrupt  # it alone was told
    return status
