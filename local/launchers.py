"""Shards as processes of this machine (slurm.py: as tasks of an array, with the same logs)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Update = Callable[[int], object]
BEGUN, PROGRESS = "@begun ", "@progress "  # lines of workers
DIED = "ECHO_DIED"  # environment variable: media that workers died of, set apart as errors
ALONE = "ECHO_ALONE"  # environment variable: nothing is done ahead, so that one medium is to blame
# How the system ends a process that takes too much memory, or that a library brings down.
_FATAL = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL)
MAX_CULPRITS = 3  # of one shard: more, and it is the machine
AGAIN = "trying it again alone"


@dataclass(frozen=True)
class Work:
    """Shards of one stage.

    Attributes:
        name: of the stage.
        command: of one shard; `shard=K` is put behind it.
        shards: which.
        logs: of each shard.
        place: data folder, which tells this work from the same stage elsewhere.
    """

    name: str
    command: Sequence[str]
    shards: Sequence[int]
    logs: Sequence[Path]
    place: Path


def run_local(work: Work, launcher: Any, update: Update) -> set[int]:
    """Runs shards as processes, `launcher.nj` at once; those whose process failed.

    A shard whose process was killed (for want of memory, mostly) is tried again alone; a medium
    that two processes died of is set apart as an error, and the rest of its shard is done.
    """
    workers = _Workers(work, update)
    with ThreadPoolExecutor(max_workers=max(1, int(launcher.nj))) as pool:
        try:
            ends = dict(zip(work.shards, pool.map(workers.run, work.shards), strict=True))
            failed = {shard for shard, end in ends.items() if end.status}
            for shard, end in ends.items():
                if end.was_killed and workers.run_alone(shard, end):
                    failed.discard(shard)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            workers.stop()
            raise
    return failed


@dataclass(frozen=True)
class _End:
    """How a worker ended, and the medium it was working on."""

    status: int
    medium: str

    @property
    def was_killed(self) -> bool:
        return -self.status in _FATAL


class _Workers:
    """The processes of one stage."""

    def __init__(self, work: Work, update: Update) -> None:
        self._work, self._update = work, update
        self._running: set[subprocess.Popen[str]] = set()
        self._logs = dict(zip(work.shards, work.logs, strict=True))

    def run(self, shard: int, died: Sequence[str] = (), alone: bool = False) -> _End:
        """Runs a shard: its progress lines move the bar, its other words go to its log."""
        medium, log = "", self._logs[shard]
        with subprocess.Popen(
            [*self._work.command, f"shard={shard}"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace",
            env={**os.environ, DIED: " ".join(died), ALONE: "1" if alone else ""},
        ) as worker:  # fmt: skip
            self._running.add(worker)
            assert worker.stdout is not None
            for line in worker.stdout:
                if line.startswith(PROGRESS):
                    self._update(int(line.split()[1]))
                    continue
                if line.startswith(BEGUN):
                    medium = line.removeprefix(BEGUN).strip()
                _append(log, line)
        self._running.discard(worker)
        if worker.returncode:
            _append(log, f"the process ended with status {worker.returncode}\n")
        return _End(worker.returncode, medium)

    def run_alone(self, shard: int, end: _End) -> bool:
        """Tries a shard again whose worker was killed; whether it was done in the end."""
        suspects: list[str] = []
        for _ in range(2 * MAX_CULPRITS):
            print(
                f"{self._work.name}: shard {shard}: its process was killed (signal {-end.status}) while it "
                f"worked on {end.medium or 'nothing yet'}; {AGAIN}",
                file=sys.stderr,
            )
            again = self.run(shard, suspects, alone=True)
            if not again.was_killed:
                return again.status == 0
            if not again.medium or again.medium in suspects:
                return False  # it dies before it begins, whatever it is given
            if again.medium == end.medium:
                suspects.append(again.medium)
            end = again
        return False

    def stop(self) -> None:
        for worker in list(self._running):
            worker.terminate()


def _append(log: Path, words: str) -> None:
    with open(log, "a", encoding="utf-8") as file:
        file.write(words)


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def since(log: Path, start: int) -> bytes:
    """What a log says behind its first `start` bytes."""
    try:
        with open(log, "rb") as file:
            file.seek(start)
            return file.read()
    except OSError:
        return b""
