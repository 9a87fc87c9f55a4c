"""A throw-away Slurm on loopback: no root, no munge, no systemd; a few nodes on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = ("slurmctld", "slurmd", "srun", "sbatch", "sinfo")
MISSING = [
    name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
]
needs_slurm = [
    pytest.mark.slurm,
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"Slurm is not installed ({', '.join(MISSING)})"),
]

_CONF = """
ClusterName=lab
PluginDir={plugins}
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
MpiDefault=none
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
StateSaveLocation={lab}/state
SlurmdSpoolDir={lab}/spool/%n
GresTypes=gpu
SlurmctldPidFile={lab}/run/slurmctld.pid
SlurmdPidFile={lab}/run/slurmd-%n.pid
SlurmctldLogFile={lab}/log/slurmctld.log
SlurmdLogFile={lab}/log/slurmd-%n.log
ReturnToService=2
KillWait=5
{nodes}
PartitionName=cpu Nodes=n[1-{count}] Default=YES MaxTime=INFINITE State=UP
"""


@contextmanager
def running_slurm(lab: Path, nodes: int = 2, cpus: int = 2) -> Iterator[dict[str, str]]:
    """Starts a controller and nodes; yields the environment in which srun and sbatch find them."""
    for name in ("state", "log", "run", *(f"spool/n{i + 1}" for i in range(nodes))):
        (lab / name).mkdir(parents=True)
    lab.chmod(0o755)
    ports = _free_ports(nodes + 1)
    host = socket.gethostname().split(".")[0]
    lines = "\n".join(
        f"NodeName=n{i + 1} NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[i + 1]} CPUs={cpus} "
        "RealMemory=2000 Gres=gpu:2 "
        "State=UNKNOWN" for i in range(nodes)
    )  # fmt: skip
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    plugins = next(Path("/usr/lib").glob("*/slurm-wlm"), Path("/usr/lib/slurm"))
    (lab / "slurm.conf").write_text(
        _CONF.format(plugins=plugins, host=host, port=ports[0], user=user, lab=lab, nodes=lines, count=nodes)
    )  # fmt: skip
    for gpu, device in enumerate(("/dev/null", "/dev/zero")):  # what Slurm takes for two GPUs
        (lab / f"gpu{gpu}").symlink_to(device)
    (lab / "gres.conf").write_text(f"NodeName=n[1-{nodes}] Name=gpu File={lab}/gpu[0-1]\n")
    (lab / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
    path = f"{os.environ['PATH']}:/usr/sbin"
    environment = {**os.environ, "SLURM_CONF": str(lab / "slurm.conf"), "PATH": path}
    try:
        subprocess.run(["slurmctld", "-c"], env=environment, check=True)
        for i in range(nodes):
            subprocess.run(["slurmd", "-c", "-N", f"n{i + 1}"], env=environment, check=True)
        _wait_until_idle(environment, nodes, lab)
        yield environment
    finally:
        for pid_file in sorted((lab / "run").glob("*.pid")):
            _stop(int(pid_file.read_text()))


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _wait_until_idle(environment: dict[str, str], nodes: int, lab: Path) -> None:
    for _ in range(200):
        command = ["sinfo", "-h", "-p", "cpu", "-o", "%T %D"]
        state = subprocess.run(command, env=environment, capture_output=True, text=True).stdout
        if state.strip() == f"idle {nodes}":
            return
        time.sleep(0.1)
    log = (lab / "log" / "slurmctld.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"Slurm does not come up ({state.strip()}):\n{log}")


def _stop(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
        for _ in range(50):
            os.kill(pid, 0)
            time.sleep(0.1)
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
