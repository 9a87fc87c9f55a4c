"""Shards as processes here, or as tasks of one Slurm array: the same command, the same logs."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from settings import UserError

Update = Callable[[int], object]
POLL_SEC = 1.0
MAX_POLLS_FAILED = 120
BEGUN, PROGRESS = "@begun ", "@progress "  # lines of workers
DIED = "ECHO_DIED"  # environment variable: media that workers died of, set apart as errors
ALONE = "ECHO_ALONE"  # environment variable: nothing is done ahead, so that one medium is to blame
# How the system ends a process that takes too much memory, or that a library brings down.
_FATAL = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL)
MAX_CULPRITS = 3  # of one shard: more, and it is the machine
MAX_ARRAY = 1000  # of Slurm's default MaxArraySize


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
                elif line.startswith(BEGUN):
                    medium = line.removeprefix(BEGUN).strip()
                else:
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
                f"worked on {end.medium or 'nothing yet'}; trying it again alone",
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


def run_slurm(work: Work, launcher: Any, update: Update) -> set[int]:
    """Submits shards as one array and waits for it; which of them failed, their output tells.

    An array of the same work that is still there (the driver was killed) is waited for instead of
    submitted again.  Stopped from the keyboard, it cancels what it submitted.

    Raises:
        UserError: with Slurm's own words, if it refuses.
    """
    job_name = _job_name(work)
    job = _running(job_name)
    if job:
        print(f"{work.name}: Slurm job {job} does this already; waiting for it", file=sys.stderr)
    else:
        job = _submit(work, launcher, job_name)
    try:
        _wait(job, work, update)
    except KeyboardInterrupt:
        subprocess.run(["scancel", job], check=False)
        print(f"{work.name}: Slurm job {job} cancelled; run again to go on", file=sys.stderr)
        raise
    return set()


def _job_name(work: Work) -> str:
    digest = hashlib.sha256(str(work.place.resolve()).encode()).hexdigest()[:8]
    return f"echo-{work.name}-{digest}"


def _running(job_name: str) -> str | None:
    found = _slurm(["squeue", "-h", "-n", job_name, "-o", "%F"]).split()
    return found[0] if found else None


def _submit(work: Work, launcher: Any, job_name: str) -> str:
    if len(work.shards) > MAX_ARRAY:
        raise UserError(
            f"{work.name}: {len(work.shards)} shards are more than an array of Slurm holds"
        )
    log_dir = work.logs[0].parent
    log_dir.mkdir(parents=True, exist_ok=True)
    array = ",".join(map(str, work.shards))
    options = [
        "--parsable", f"--job-name={job_name}", f"--array={array}%{launcher.nj}",
        f"--output={log_dir}/{work.name}.%a.log", "--open-mode=append",
        *resources(launcher, work.name),
    ]  # fmt: skip
    # Slurm runs a copy of the script from a folder of its own: paths in it are absolute.
    script = f"#!/usr/bin/env bash\nexec {shlex.join(work.command)} shard=$SLURM_ARRAY_TASK_ID\n"
    return _slurm(["sbatch", *options], script).strip().partition(";")[0]


def resources(launcher: Any, stage: str) -> list[str]:
    """Options of sbatch for a stage, from conf/launcher/slurm.yaml."""
    options = [
        f"--cpus-per-task={launcher.cpus}",
        f"--mem={launcher.mem}",
        f"--time={launcher.time}",
    ]
    for name in ("partition", "account", "qos"):
        if launcher[name]:
            options.append(f"--{name}={launcher[name]}")
    if launcher.gpus and stage in launcher.gpu_stages:
        options.append(f"--gres=gpu:{launcher.gpus}")
        if launcher.gpu_partition:
            options.append(f"--partition={launcher.gpu_partition}")
    return [*options, *launcher.options]


def _wait(job: str, work: Work, update: Update) -> None:
    """Until no task of the array is left; progress is what the logs tell."""
    starts = [log.stat().st_size if log.exists() else 0 for log in work.logs]
    told = failures = 0
    while True:
        left = _left(job)
        failures = failures + 1 if left is None else 0
        if failures > MAX_POLLS_FAILED:
            raise UserError(
                f"{work.name}: squeue does not answer any more; job {job} may still run: run the same "
                "command again to wait for it"
            )
        done = sum(_progress(log, start) for log, start in zip(work.logs, starts, strict=True))
        update(done - told)
        told = done
        if left == []:
            return
        time.sleep(POLL_SEC)


def _left(job: str) -> list[str] | None:
    """Tasks of an array that are not over; None where Slurm does not answer."""
    done = subprocess.run(
        ["squeue", "-h", "-j", job, "-o", "%i"], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return done.stdout.split()
    return [] if "Invalid job id" in done.stderr else None  # one that ended long ago is forgotten


def _progress(log: Path, start: int) -> int:
    try:
        with open(log, "rb") as file:
            file.seek(start)
            lines = file.read()
    except OSError:
        return 0
    return sum(map(int, re.findall(rb"^" + PROGRESS.encode() + rb"(\d+)", lines, re.MULTILINE)))


def _slurm(command: Sequence[str], script: str | None = None) -> str:
    try:
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise UserError(f"{command[0]}: not found; --launcher slurm runs on a machine that submits to Slurm") from error  # fmt: skip
    if done.returncode:
        raise UserError(f"{shlex.join(command)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def run_one_in_slurm(name: str, command: Sequence[str], launcher: Any, log: Path) -> int:
    """Runs a stage that is one piece of work as a Slurm job, and waits; its exit status.

    A stage that `launcher.requeued` names gets SIGUSR1 before its time is over, saves, and is put
    into the queue again.  `train` starts `launcher.train_tasks` processes, which find each other.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    options = [
        "--parsable", "--wait", f"--job-name=echo-{name}", f"--output={log}.slurm",
        "--open-mode=append", *resources(launcher, name),
    ]  # fmt: skip
    run = shlex.join(command)
    if name == "train":
        options += [f"--ntasks={launcher.train_tasks}", "--requeue", f"--signal=USR1@{launcher.signal_sec}"]  # fmt: skip
        if launcher.train_nodes:
            options.append(f"--nodes={launcher.train_nodes}")
        run = (
            'export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)\n'
            "export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000)) SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK\n"
            f"srun --kill-on-bad-exit=0 {run}"
        )
    script = f"#!/usr/bin/env bash\n{run}\nstatus=$?\n" + (
        '[ "$status" -eq 75 ] && scontrol requeue "$SLURM_JOB_ID" && sleep 60\nexit $status\n'
    )
    said = Path(f"{log}.slurm")
    before = said.stat().st_size if said.exists() else 0
    done = subprocess.run(["sbatch", *options], input=script, text=True, check=False)
    if said.exists():
        sys.stdout.write(said.read_bytes()[before:].decode(errors="replace"))
    return done.returncode
