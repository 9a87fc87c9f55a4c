"""Runs one stage: finds what is missing or stale, runs that, and prints the accounting.

Called by run.sh:  launch.py STAGE_NAME [--dry-run] [Hydra overrides]
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.collected import num_shards_of
from echoharvester.manifests.lock import LockedError, locked
from echoharvester.manifests.runner import Step, input_identity, why_stale
from echoharvester.manifests.shards import (
    ManifestError,
    read_all_cuts,
    read_cuts,
    read_info,
    shard_path,
)

from common import (
    ROOT,
    STEPS,
    UserError,
    composed,
    log_path,
    manifests_dir,
    name_errors,
    review_files,
    review_rules,
    sharded_step,
    side_input,
)
from launchers import BEGUN, PROGRESS, Work, run_local, since, size_of
from singles import OUTPUT, fresh_summary, why_unmade
from slurm import run_one_in_slurm, run_slurm, wait_for_earlier

LOG_TAIL_LINES = 6
# Of the stages that are one piece of work, those that are long.
IN_SLURM = ("duplicates", "export", "split", "train", "decode")


def main(arguments: Sequence[str]) -> int:
    name, overrides = arguments[0], [a for a in arguments[1:] if a != "--dry-run"]
    dry_run = "--dry-run" in arguments
    try:
        cfg = composed(overrides)
        earlier = _waits_for(cfg, name) if dry_run else None
        if earlier:
            missing = _missing(cfg, name)
            may = f"may run, after {earlier}, which would"
            _say(name, f"would run: {missing} is missing" if missing else may)
            return 0
        if STEPS[name].sharded:
            return _run_sharded(cfg, name, overrides, dry_run)
        return _run_single(cfg, name, overrides, dry_run)
    except OmegaConfBaseException as error:
        print(f"{name}: configuration: {error}", file=sys.stderr)
    except (UserError, ManifestError, LockedError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    return 1


def _waits_for(cfg: DictConfig, name: str) -> str | None:
    """The first earlier stage whose output is missing or stale: until it ran, nothing can be said."""
    for earlier, spec in STEPS.items():
        if earlier == name:
            break
        if earlier == "collect":  # runs every time; what matters is what it found
            stale = num_shards_of(manifests_dir(cfg)) is None
        elif spec.sharded:
            stale = bool(_stale_shards(cfg, earlier))
        else:
            stale = earlier != "prepare" and fresh_summary(cfg, earlier) is None
        if stale:
            return f"stage {spec.stage} {earlier}"
    return None


def _missing(cfg: DictConfig, name: str) -> str | None:
    """The output of a stage, if there is none of it."""
    if name in OUTPUT:
        path = OUTPUT[name](cfg)
        return None if path.exists() else str(path)
    found = manifests_dir(cfg).glob(f"{STEPS[name].target}.[0-9]*.jsonl.gz")
    return None if any(found) else f"{manifests_dir(cfg)}/{STEPS[name].target}.*.jsonl.gz"


def _say(name: str, text: str) -> None:
    print(f"stage {STEPS[name].stage:2d} {name}: {text}", flush=True)


def _run_single(cfg: DictConfig, name: str, overrides: Sequence[str], dry_run: bool) -> int:
    summary = fresh_summary(cfg, name)
    if summary is not None:
        _say(name, f"up to date. {summary}")
        return 0
    if dry_run:
        _say(name, f"would run: {why_unmade(cfg, name)}")
        return 0
    with _held(cfg, name):
        if cfg.launcher.kind == "slurm" and name in IN_SLURM:
            signal.signal(signal.SIGTERM, _on_terminate)
            log, command = log_path(cfg, name, None).absolute(), _command(name, overrides)
            place = _place(cfg, name)
            if wait_for_earlier(name, place) and (summary := fresh_summary(cfg, name)):
                _say(name, f"done by that job. {summary}")
                return 0
            run_one_in_slurm(name, command, cfg.launcher, log, place)
            if not _appears(cfg, place, lambda: fresh_summary(cfg, name) is not None):
                print(f"{name}: its Slurm job left nothing whole; see {log}.slurm", file=sys.stderr)
                return 1
            return 0
        return _run_here(_command(name, overrides))


def _appears(cfg: DictConfig, folder: Path, is_there: Callable[[], bool]) -> bool:
    """Whether what another machine wrote is there; a shared disk may show it a little later."""
    deadline = time.monotonic() + cfg.launcher.settle_sec
    while not is_there():
        if time.monotonic() > deadline:
            return False
        time.sleep(1)
        os.listdir(folder)  # asks the server, where the answer of before would be repeated
    return True


def _run_here(command: Sequence[str]) -> int:
    """Runs a command that is told to stop when this process is; its exit status."""
    with subprocess.Popen(command) as process:
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        while True:
            try:
                return process.wait()
            except KeyboardInterrupt:
                continue  # the terminal has told it, too; it ends when it has saved


@contextmanager
def _held(cfg: DictConfig, name: str) -> Iterator[None]:
    """Keeps other runs off what a stage writes to: until run.sh ends, if that called."""
    run, locks = os.environ.get("ECHO_RUN"), os.environ.get("ECHO_LOCKS")
    also = [Path(line) for line in Path(locks).read_text("utf-8").splitlines()] if locks else []
    with locked(
        _place(cfg, name), f"stage {STEPS[name].stage} {name}", int(run) if run else None, also
    ) as path:
        if locks:
            with open(locks, "a", encoding="utf-8") as file:
                file.write(f"{path.absolute()}\n")
        yield


def _place(cfg: DictConfig, name: str) -> Path:
    """The folder that a stage writes to: two trainings on the same data do not meet."""
    stage = STEPS[name].stage
    return Path(cfg.data_dir if stage <= 10 else cfg.exp_dir if stage == 14 else cfg.train_dir)


def _command(name: str, overrides: Sequence[str]) -> list[str]:
    return [sys.executable, str(ROOT / "local" / f"{name}.py"), *overrides]


def _run_sharded(cfg: DictConfig, name: str, overrides: Sequence[str], dry_run: bool) -> int:
    num_shards, step = _num_shards(cfg, name), sharded_step(cfg, name)
    stale = _stale_shards(cfg, name)
    if dry_run:
        _say(name, _would_run(cfg, name, stale) if stale else "up to date")
        return 0
    if name == "merge":
        _say_problems(cfg, bool(stale))
    failed, said = [], {}
    if stale:
        said = {k: size_of(log_path(cfg, name, k)) for k in stale}
        signal.signal(signal.SIGTERM, _on_terminate)
        with _held(cfg, name):
            if cfg.launcher.kind == "slurm" and wait_for_earlier(name, Path(cfg.data_dir)):
                stale = _stale_shards(cfg, name)
            failed = _run_shards(cfg, name, overrides, list(stale)) if stale else []
    for k in failed:
        path = log_path(cfg, name, k)
        lines = since(path, said.get(k, 0)).decode("utf-8", "replace").splitlines()
        begun = [line.removeprefix(BEGUN) for line in lines if line.startswith(BEGUN)]
        lines = [line for line in lines if not line.startswith((BEGUN, PROGRESS))]
        if begun:
            lines.append(f"(the last medium it began: {begun[-1]})")
        tail = lines[-LOG_TAIL_LINES:] or ["(nothing: it did not even start, or was cancelled)"]
        print(f"{name}: shard {k} failed; the end of {path}:", *tail, sep="\n  ", file=sys.stderr)
    if failed:
        return 1
    counts = _counts(cfg, name, num_shards)
    done = f"{len(stale)} of {num_shards} shards run. " if stale else "up to date. "
    _say(name, done + counts.line())
    if counts.errors:
        name_errors(manifests_dir(cfg), step.target)
    if counts.error_rate > cfg.max_error_rate:
        print(
            f"{name}: {counts.error_rate:.1%} of the items are errors (max_error_rate "
            f"{cfg.max_error_rate:.1%}); see {manifests_dir(cfg)}/{step.target}.*.errors.jsonl.gz. "
            "Run again to retry them, or raise max_error_rate",
            file=sys.stderr,
        )
        return 1
    return 0


def _stale_shards(cfg: DictConfig, name: str) -> dict[int, str]:
    """Shards that have to be made, and why."""
    step, side = sharded_step(cfg, name), side_input(cfg, name)
    found = {}
    for k in range(_num_shards(cfg, name)):
        why = why_stale(step, k, side)
        if not why and not _files_there(cfg, name, k):
            why = "audio missing"
        if why:
            found[k] = why
    return found


def _would_run(cfg: DictConfig, name: str, stale: dict[int, str]) -> str:
    items = sum(
        info.counts["cuts"]
        for k in stale
        if (info := read_info(shard_path(manifests_dir(cfg), STEPS[name].source, k)))
    )
    by_reason: dict[str, list[str]] = {}
    for k, why in stale.items():
        by_reason.setdefault(why, []).append(str(k))
    reasons = "; ".join(f"{why}: {', '.join(shards)}" for why, shards in by_reason.items())
    return f"would run {len(stale)} of {cfg.num_shards} shards ({items} items), {reasons}"


def _say_problems(cfg: DictConfig, stale: bool) -> None:
    """Names the rows of review files that cannot be merged (the rest is), and how far reviewers
    agree; keeps both sides of every conflict in a file of its own."""
    from echoharvester.review.edits import CONFLICTS, read_edits, unread_files, write_conflicts
    from echoharvester.review.merge import misfits, outdated

    edits = read_edits(review_files(cfg), review_rules(cfg))
    in_review = Path(cfg.data_dir) / "review"
    problems = [*edits.faults, *unread_files(in_review)]
    if stale or (edits.disputed and not (in_review / CONFLICTS).exists()):
        folder, source = manifests_dir(cfg), STEPS["merge"].source
        decided = edits.by_id or edits.unsure
        problems += misfits(edits, read_all_cuts(folder, source)) if decided else []
        old = outdated(edits, read_all_cuts(folder, source)) if edits.by_id else ()
        write_conflicts(in_review, edits, old)
    for problem in problems:
        print(f"merge: {problem}", file=sys.stderr)
    for remark in edits.remarks:
        print(f"merge: {remark}")


def _files_there(cfg: DictConfig, name: str, shard: int) -> bool:
    """Whether the audio that a shard of stage 2 names is still on disk."""
    if name != "download":
        return True
    from echoharvester.sources.download import is_there

    path = shard_path(manifests_dir(cfg), STEPS[name].target, shard)
    return all(map(is_there, read_cuts(path)))


def _num_shards(cfg: DictConfig, name: str) -> int:
    found = num_shards_of(manifests_dir(cfg))
    if found is None:
        raise UserError(f"{manifests_dir(cfg)}: nothing collected yet; run stage 1")
    if found != cfg.num_shards:
        raise UserError(
            f"num_shards={cfg.num_shards}, but {cfg.data_dir} was begun with {found}, which never "
            f"changes in a data folder: set num_shards={found}, or another data_dir"
        )
    return found


def _run_shards(
    cfg: DictConfig, name: str, overrides: Sequence[str], shards: Sequence[int]
) -> list[int]:
    """Runs shards, here or as a Slurm array; returns those whose output is not there afterwards."""
    from tqdm import tqdm

    source = [read_info(shard_path(manifests_dir(cfg), STEPS[name].source, k)) for k in shards]
    items = sum(info.counts["cuts"] for info in source if info)
    logs = [log_path(cfg, name, k).absolute() for k in shards]
    logs[0].parent.mkdir(parents=True, exist_ok=True)
    work = Work(name, _command(name, overrides), shards, logs, Path(cfg.data_dir))
    run = run_slurm if cfg.launcher.kind == "slurm" else run_local
    with tqdm(total=items, desc=f"{STEPS[name].stage} {name}", mininterval=0.5) as bar:
        failed = run(work, cfg.launcher, bar.update)
    step, side = sharded_step(cfg, name), side_input(cfg, name)

    def missing() -> list[int]:
        return [k for k in shards if k in failed or not _is_made(step, k, side)]

    if cfg.launcher.kind == "slurm":
        _appears(cfg, manifests_dir(cfg), lambda: not missing())
    return missing()


def _is_made(step: Step, shard: int, side: str) -> bool:
    """Whether a shard is there, of today's settings and input; some of its items may be errors."""
    info = read_info(shard_path(step.folder, step.target, shard))
    return (
        info is not None
        and info.fingerprint == step.fingerprint
        and info.input == input_identity(step, shard, side)
    )


def _counts(cfg: DictConfig, name: str, num_shards: int) -> Counts:
    infos = [
        read_info(shard_path(manifests_dir(cfg), STEPS[name].target, k)) for k in range(num_shards)
    ]
    return total(Counts.from_dict(info.counts) for info in infos if info)


def _on_terminate(*_: object) -> None:
    raise KeyboardInterrupt  # what is held is let go, what was submitted is cancelled


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print(f"{sys.argv[1]}: interrupted; run the same command to go on", file=sys.stderr)
        sys.exit(130)
