"""Shards as processes of this machine (slurm.py: as tasks of an array, with the same logs)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from echoharvester.pipeline.progress import BEGUN, DONE, NEXT, Message, worker_environment

Update = Callable[[int], object]  # told of so many more items that are done
# How the system ends a process that takes too much memory, or that a library brings down.
_FATAL = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL)
MAX_CULPRITS = 3  # of one shard: more, and it is the machine


@dataclass(frozen=True)
class LocalConfig:
    """Shards as processes on this machine; `nj`: how many at once."""

    nj: int = 2


@dataclass(frozen=True)
class ShardedWork:
    """Shards of one stage that have to be made.

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


@dataclass(frozen=True)
class WorkerEnd:
    """How a worker ended, and the media item it was working on."""

    status: int
    media_id: str

    @property
    def crashed(self) -> bool:
        return -self.status in _FATAL


def run_local(
    work: ShardedWork, nj: int, update: Update, warn: Callable[[str], None] | None = None
) -> set[int]:
    """Runs shards as processes, `nj` at once; those whose process failed.

    A shard whose process crashed (for want of memory, mostly) is tried again in isolation; a media
    item that two processes crashed on is set apart as an error, and the rest of its shard is done.

    Args:
        warn: told of every shard that is tried again; None: it goes to standard error.
    """
    workers = _Workers(work, update, warn or (lambda text: print(text, file=sys.stderr)))
    waiting = deque(work.shards)
    with ThreadPoolExecutor(max_workers=max(1, nj)) as pool:
        try:
            runs = [pool.submit(workers.run, waiting) for _ in range(max(1, nj))]
            ends = {shard: end for run in runs for shard, end in run.result().items()}
            failed = {shard for shard, end in ends.items() if end.status}
            for shard, end in sorted(ends.items()):
                if end.crashed and workers.run_isolated(shard, end):
                    failed.discard(shard)
        except BaseException:
            waiting.clear()
            pool.shutdown(wait=False, cancel_futures=True)
            workers.stop()
            raise
    return failed


class _Workers:
    """The processes of one stage."""

    def __init__(self, work: ShardedWork, update: Update, warn: Callable[[str], None]) -> None:
        self._work, self._update, self._warn = work, update, warn
        self._running: set[subprocess.Popen[str]] = set()
        self._logs = dict(zip(work.shards, work.logs, strict=True))

    def run(self, waiting: deque[int]) -> dict[int, WorkerEnd]:
        """Runs shards, one after the other, until none waits: in one process, while it goes on."""
        ends: dict[int, WorkerEnd] = {}
        while (shard := _taken(waiting)) is not None:
            ends |= self._run_process(shard, waiting)
        return ends

    def _run_process(
        self,
        shard: int,
        waiting: deque[int],
        crashed: Sequence[str] = (),
        isolated: bool = False,
    ) -> dict[int, WorkerEnd]:
        """Starts a process on a shard, and hands it others while it asks for them.

        Its messages of progress move the bar, its other words go to the log of the shard.
        """
        ends: dict[int, WorkerEnd] = {}
        media_id = ""
        with subprocess.Popen(
            [*self._work.command, f"shard={shard}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, **worker_environment(crashed, isolated)},
        ) as worker:
            self._running.add(worker)
            assert worker.stdin is not None and worker.stdout is not None
            log = open(self._logs[shard], "a", encoding="utf-8")  # noqa: SIM115
            try:
                for line in worker.stdout:
                    message = Message.parse(line)
                    if message and message.kind == DONE:
                        self._update(message.values["items"])
                    elif message and message.kind == NEXT:
                        ends[shard] = WorkerEnd(0, media_id)
                        following = _taken(waiting)
                        _answer(worker, following)
                        if following is None:
                            break
                        shard, media_id = following, ""
                        log.close()
                        log = open(self._logs[shard], "a", encoding="utf-8")  # noqa: SIM115
                    elif line.strip():
                        if message and message.kind == BEGUN:
                            media_id = message.values["media_id"]
                        log.write(line)
                        log.flush()
                for line in worker.stdout:
                    log.write(line)
                status = worker.wait()
                if status:
                    log.write(f"the process ended with status {status}\n")
            finally:
                log.close()
                with suppress(OSError):  # an answer that nobody reads any more
                    worker.stdin.close()
        self._running.discard(worker)
        # A process that fails when all is done, has done all.
        ends.setdefault(shard, WorkerEnd(status, media_id))
        return ends

    def run_isolated(self, shard: int, end: WorkerEnd) -> bool:
        """Tries a shard again whose worker crashed; whether it was done in the end."""
        suspects: list[str] = []
        for _ in range(2 * MAX_CULPRITS):
            self._warn(
                f"{self._work.name}: shard {shard}: its process was killed (signal {-end.status}) while it "
                f"worked on {end.media_id or 'nothing yet'}; trying it again alone"
            )
            again = self._run_process(shard, deque(), suspects, isolated=True)[shard]
            if not again.crashed:
                return again.status == 0
            if not again.media_id or again.media_id in suspects:
                return False  # it crashes before it begins, whatever it is given
            if again.media_id == end.media_id:
                suspects.append(again.media_id)
            end = again
        return False

    def stop(self) -> None:
        for worker in list(self._running):
            worker.terminate()


def _taken(waiting: deque[int]) -> int | None:
    """The next shard, which no other thread gets then; None where all are taken."""
    try:
        return waiting.popleft()
    except IndexError:
        return None


def _answer(worker: subprocess.Popen[str], shard: int | None) -> None:
    """Tells a worker which shard comes next; one that is gone shows by its status."""
    assert worker.stdin is not None
    with suppress(OSError):
        worker.stdin.write(f"{'' if shard is None else shard}\n")
        worker.stdin.flush()


def size_of(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def since(log: Path, start: int) -> list[str]:
    """The lines of a log behind its first `start` bytes."""
    try:
        with open(log, "rb") as file:
            file.seek(start)
            return file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return []
