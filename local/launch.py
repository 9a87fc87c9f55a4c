"""Runs one stage: finds what is missing or stale, runs that, and prints the accounting.

Called by run.sh:  launch.py STAGE_NAME [--dry-run] [Hydra overrides]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.runner import is_fresh
from echoharvester.manifests.shards import (
    ManifestError,
    find_shards,
    read_cuts,
    read_info,
    shard_path,
)

from common import (
    ROOT,
    STEPS,
    UserError,
    log_path,
    manifests_dir,
    sharded_step,
    side_input,
)
from singles import fresh_summary

LOG_TAIL_LINES = 6


def main(arguments: Sequence[str]) -> int:
    name, overrides = arguments[0], [a for a in arguments[1:] if a != "--dry-run"]
    dry_run = "--dry-run" in arguments
    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
            cfg = compose("config", overrides=list(overrides))
        if STEPS[name].sharded:
            return _run_sharded(cfg, name, overrides, dry_run)
        return _run_single(cfg, name, overrides, dry_run)
    except (HydraException, OmegaConfBaseException) as error:
        print(f"{name}: configuration: {error}", file=sys.stderr)
    except (UserError, ManifestError, OSError) as error:
        print(f"{name}: {error}", file=sys.stderr)
    return 1


def _say(name: str, text: str) -> None:
    print(f"stage {STEPS[name].stage:2d} {name}: {text}", flush=True)


def _run_single(cfg: DictConfig, name: str, overrides: Sequence[str], dry_run: bool) -> int:
    summary = fresh_summary(cfg, name)
    if summary is not None:
        _say(name, f"up to date. {summary}")
        return 0
    if dry_run:
        _say(name, "would run")
        return 0
    return subprocess.run(_command(name, overrides), check=False).returncode


def _command(name: str, overrides: Sequence[str]) -> list[str]:
    return [sys.executable, str(ROOT / "local" / f"{name}.py"), *overrides]


def _run_sharded(cfg: DictConfig, name: str, overrides: Sequence[str], dry_run: bool) -> int:
    num_shards = _num_shards(cfg, name)
    step, side = sharded_step(cfg, name), side_input(cfg, name)
    stale = [
        k for k in range(num_shards) if not (is_fresh(step, k, side) and _files_there(cfg, name, k))
    ]
    if dry_run:
        _say(name, f"would run shards {stale}" if stale else "up to date")
        return 0
    failed = _run_shards(cfg, name, overrides, stale) if stale else []
    for k in failed:
        path = log_path(cfg, name, k)
        tail = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:]
        print(f"{name}: shard {k} failed; the end of {path}:", *tail, sep="\n  ", file=sys.stderr)
    if failed:
        return 1
    counts = _counts(cfg, name, num_shards)
    done = f"{len(stale)} of {num_shards} shards run. " if stale else "up to date. "
    _say(name, done + counts.line())
    if counts.error_rate > cfg.max_error_rate:
        print(
            f"{name}: {counts.error_rate:.1%} of the items are errors (max_error_rate "
            f"{cfg.max_error_rate:.1%}); see {manifests_dir(cfg)}/{step.target}.*.errors.jsonl.gz. "
            "Run again to retry them, or raise max_error_rate",
            file=sys.stderr,
        )
        return 1
    return 0


def _files_there(cfg: DictConfig, name: str, shard: int) -> bool:
    """Whether the audio that a shard of stage 2 names is still on disk."""
    if name != "download":
        return True
    from echoharvester.sources.download import is_there

    path = shard_path(manifests_dir(cfg), STEPS[name].target, shard)
    return all(map(is_there, read_cuts(path)))


def _num_shards(cfg: DictConfig, name: str) -> int:
    found = len(find_shards(manifests_dir(cfg), "cuts_media"))
    if not found:
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
    """Runs shards as processes, `nj` at once; returns those that failed."""
    from tqdm import tqdm

    source = [read_info(shard_path(manifests_dir(cfg), STEPS[name].source, k)) for k in shards]
    items = sum(info.counts["cuts"] for info in source if info)
    with (
        tqdm(total=items, desc=f"{STEPS[name].stage} {name}", mininterval=0.5) as bar,
        ThreadPoolExecutor(max_workers=max(1, int(cfg.launcher.nj))) as pool,
    ):

        def run(shard: int) -> int:
            log = log_path(cfg, name, shard)
            log.parent.mkdir(parents=True, exist_ok=True)
            return _watch([*_command(name, overrides), f"shard={shard}"], log, bar.update)

        codes = list(pool.map(run, shards))
    return [k for k, code in zip(shards, codes, strict=True) if code != 0]


def _watch(command: list[str], log: Path, update) -> int:  # type: ignore[no-untyped-def]
    """Runs a worker: its progress lines move the bar, its other words go to its log."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as worker:
        assert worker.stdout is not None
        for line in worker.stdout:
            if line.startswith("@progress "):
                update(int(line.split()[1]))
            else:
                with open(log, "a", encoding="utf-8") as file:
                    file.write(line)
    return worker.returncode


def _counts(cfg: DictConfig, name: str, num_shards: int) -> Counts:
    infos = [
        read_info(shard_path(manifests_dir(cfg), STEPS[name].target, k)) for k in range(num_shards)
    ]
    return total(Counts.from_dict(info.counts) for info in infos if info)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
