"""Shards as tasks of one Slurm array, and stages that are one piece of work as jobs."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.pipeline.processes import ShardedWork, Update, since, size_of
from echoharvester.pipeline.progress import DONE, RETRIED, Message
from echoharvester.pipeline.stage import Stage

POLL_SEC = 1.0
MAX_POLLS_FAILED = 120
MAX_ARRAY = 1000  # of Slurm's default MaxArraySize
TASK = "echoharvester.pipeline.task"


@dataclass(frozen=True)
class SlurmConfig:
    """Shards as tasks of one Slurm array, long stages as jobs of their own.

    Attributes:
        nj: how many tasks at once.
        partition, account, qos: as sbatch takes them.
        cpus, mem, time: of each task.
        gpus: of each task of a stage that uses GPUs; `gpu_partition`: where these run.
        train_tasks, train_nodes: processes that train together, and on how many nodes.
        signal_sec: so long before the end of its time, training saves, and is requeued.
        options: further options of sbatch.
        setup: lines of shell before the work.
        settle_sec: how much later a shared disk may show what another machine wrote.
    """

    nj: int = 32
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    cpus: int = 2
    mem: str = "4G"
    time: str = "24:00:00"
    gpus: int = 0
    gpu_partition: str | None = None
    train_tasks: int = 1
    train_nodes: int | None = None
    signal_sec: int = 300
    options: Sequence[str] = ()
    setup: Sequence[str] = ()
    settle_sec: float = 20.0


def run_slurm(work: ShardedWork, stage: Stage, launcher: SlurmConfig, update: Update) -> None:
    """Submits shards as one array and waits for it; which of them failed, their output tells.

    A task does with its shard what `run_local` does with a process that crashed.  Stopped from the
    keyboard, it cancels what it submitted.

    Raises:
        UserError: with Slurm's own words, if it refuses.
    """
    starts = list(map(size_of, work.logs))
    told = 0

    def look() -> None:
        nonlocal told
        done = sum(m.values["items"] for m in said() if m.kind == DONE)
        update(done - told)
        told = done

    def said() -> Iterator[Message]:
        for log, start in zip(work.logs, starts, strict=True):
            yield from filter(None, map(Message.parse, since(log, start)))

    job = _submit(work, stage, launcher, _job_name(work.name, work.place))
    _wait(work.name, job, look)
    for message in said():
        if message.kind == RETRIED:
            print(message.values["message"], file=sys.stderr)


def wait_for_earlier(name: str, place: Path) -> bool:
    """Waits for a job of this stage and folder that a driver which was killed left; whether there
    was one."""
    job = _running(_job_name(name, place))
    if job:
        print(f"{name}: Slurm job {job} is at work on this; waiting for it", file=sys.stderr)
        _wait(name, job)
    return bool(job)


def _wait(name: str, job: str, look: Callable[[], None] = lambda: None) -> None:
    """Until nothing of a job is left."""
    failures = 0
    try:
        while (left := _left(job)) != []:
            failures = failures + 1 if left is None else 0
            if failures > MAX_POLLS_FAILED:
                raise UserError(
                    f"{name}: squeue does not answer any more; job {job} may still run: run the same "
                    "command again to wait for it"
                )
            look()
            time.sleep(POLL_SEC)
        look()
    except KeyboardInterrupt:
        subprocess.run(["scancel", job], check=False)
        print(f"{name}: Slurm job {job} cancelled; run again to go on", file=sys.stderr)
        raise


def _job_name(name: str, place: Path) -> str:
    digest = hashlib.sha256(str(place.resolve()).encode()).hexdigest()[:8]
    return f"echo-{name}-{digest}"


def _running(job_name: str) -> str | None:
    # Not those that are about to end, cancelled or done.
    states = "PENDING,CONFIGURING,RUNNING,SUSPENDED"
    found = _slurm(["squeue", "-h", "-n", job_name, "-t", states, "-o", "%F"]).split()
    return found[0] if found else None


def _submit(work: ShardedWork, stage: Stage, launcher: SlurmConfig, job_name: str) -> str:
    if len(work.shards) > MAX_ARRAY:
        raise UserError(
            f"{work.name}: {len(work.shards)} shards are more than an array of Slurm holds"
        )
    log_dir = work.logs[0].parent
    log_dir.mkdir(parents=True, exist_ok=True)
    array = ",".join(map(str, work.shards))
    options = [
        "--parsable",
        f"--job-name={job_name}",
        f"--array={array}%{launcher.nj}",
        f"--output={log_dir}/{work.name}.%a.log",
        "--open-mode=append",
        *resources(launcher, stage),
    ]
    # Slurm runs a copy of the script from a folder of its own: paths in it are absolute.
    task = [sys.executable, "-m", TASK, work.name, str(log_dir), *work.command]
    script = _script(launcher, f"exec {shlex.join(task)}")
    return _slurm(["sbatch", *options], script).strip().partition(";")[0]


def _script(launcher: SlurmConfig, *lines: str) -> str:
    return "\n".join(["#!/usr/bin/env bash", *launcher.setup, *lines]) + "\n"


def resources(launcher: SlurmConfig, stage: Stage) -> list[str]:
    """Options of sbatch for a stage, from conf/launcher/slurm.yaml."""
    options = [
        f"--cpus-per-task={launcher.cpus}",
        f"--mem={launcher.mem}",
        f"--time={launcher.time}",
    ]
    for name in ("partition", "account", "qos"):
        if value := getattr(launcher, name):
            options.append(f"--{name}={value}")
    if launcher.gpus and stage.gpu:
        options.append(f"--gres=gpu:{launcher.gpus}")
        if launcher.gpu_partition:
            options.append(f"--partition={launcher.gpu_partition}")
    return [*options, *launcher.options]


def _left(job: str) -> list[str] | None:
    """Tasks of an array that are not over; None where Slurm does not answer."""
    done = subprocess.run(
        ["squeue", "-h", "-j", job, "-o", "%i"], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return done.stdout.split()
    return [] if "Invalid job id" in done.stderr else None  # one that ended long ago is forgotten


def _slurm(command: Sequence[str], script: str | None = None) -> str:
    try:
        done = subprocess.run(
            command, input=script, capture_output=True, text=True, check=False, env=_environment()
        )
    except FileNotFoundError as error:
        raise UserError(
            f"{command[0]}: not found; --launcher slurm runs on a machine that submits to Slurm"
        ) from error
    if done.returncode:
        raise UserError(f"{shlex.join(command)}: {done.stderr.strip() or 'failed'}")
    return done.stdout


def _on_nodes(tasks: int, nodes: int) -> list[str]:
    """As many processes on every node: each takes the GPU of its number there."""
    if tasks % nodes:
        raise UserError(
            f"launcher.train_tasks={tasks} processes cannot be shared evenly by train_nodes={nodes}"
        )
    return [f"--nodes={nodes}", f"--ntasks-per-node={tasks // nodes}"]


# What says how to reach Slurm, and not what the job is that the driver may be.
_OF_CLUSTER = ("SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_CLUSTERS", "SLURM_JWT")


def _environment() -> dict[str, str]:
    """This one, without what Slurm says of the job that the driver may be.

    A job inherits it; its own share of memory and CPUs would contradict that of the driver.
    """
    return {k: v for k, v in os.environ.items() if k in _OF_CLUSTER or not k.startswith("SLURM_")}


def run_one_in_slurm(
    stage: Stage, command: Sequence[str], launcher: SlurmConfig, log: Path, place: Path
) -> None:
    """Runs a stage that is one piece of work as a Slurm job, and waits; what became of it, its
    output tells.

    A stage that trains gets SIGUSR1 before its time is over, saves, and is put into the queue again;
    it starts `launcher.train_tasks` processes, which find each other.

    Args:
        place: the folder that it writes to, which tells it from the same stage elsewhere.

    Raises:
        UserError: with Slurm's own words, if it refuses.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    options = [
        "--parsable",
        f"--job-name={_job_name(stage.name, place)}",
        f"--output={log}.slurm",
        "--open-mode=append",
        *resources(launcher, stage),
    ]
    run = shlex.join(command)
    if stage.trains_together:
        options += [
            f"--ntasks={launcher.train_tasks}",
            "--requeue",
            f"--signal=USR1@{launcher.signal_sec}",
        ]
        if launcher.train_nodes:
            options += _on_nodes(launcher.train_tasks, launcher.train_nodes)
        run = (
            'export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)\n'
            "export MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000)) SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK\n"
            f"srun --kill-on-bad-exit=0 {run}"
        )
    script = _script(
        launcher,
        run,
        "status=$?",
        '[ "$status" -eq 75 ] && scontrol requeue "$SLURM_JOB_ID" && sleep 60',
        "exit $status",
    )
    said = Path(f"{log}.slurm")
    before = size_of(said)
    _wait(stage.name, _slurm(["sbatch", *options], script).strip().partition(";")[0])
    for line in since(said, before):
        print(line)
