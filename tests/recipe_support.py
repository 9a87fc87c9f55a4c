"""Runs run.sh as a user does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests_support import ROOT

from echoharvester.manifests.shards import read_cuts, read_info

SMALL = (
    "source.duration_sec=18", "train.max_epochs=1", "num_shards=3", "lm.synthetic_sentences=2000",
)  # fmt: skip

MEASURED = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
print("\\n@peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(status)
"""


@dataclass
class Recipe:
    """Runs run.sh on folders of its own."""

    data_dir: Path
    exp_dir: Path
    settings: tuple[str, ...] = SMALL

    def command(self, *arguments: str) -> list[str]:
        folders = (f"data_dir={self.data_dir}", f"exp_dir={self.exp_dir}")
        return [str(ROOT / "run.sh"), *self.settings, *folders, *arguments]

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, env=environment(), timeout=900
        )
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    def run_measured(self, *arguments: str) -> tuple[subprocess.CompletedProcess, float]:
        """Runs; also the peak memory in MiB of the largest of its processes.

        A process of its own asks for it: the largest child of pytest may be that of another test,
        and counts from the size that pytest has when it forks.
        """
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, *self.command(*arguments)],
            capture_output=True, text=True, env=environment(), timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done, int(done.stdout.rpartition("\n@peak ")[2]) / 1024

    def run_and_kill(self, after_sec: float, *arguments: str) -> None:
        """Starts a run and kills it and all its workers without warning."""
        worker = subprocess.Popen(
            self.command(*arguments), env=environment(), start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            worker.wait(after_sec)
        except subprocess.TimeoutExpired:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()

    def beside(self, folder: Path) -> Recipe:
        """A copy of its data, with an experiment folder of its own, for stages 10 and later."""
        shutil.copytree(self.data_dir, folder / "data")
        return Recipe(folder / "data", folder / "exp", self.settings)

    @property
    def manifests(self) -> Path:
        return self.data_dir / "manifests"


def environment() -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**os.environ, "ECHO_VENV": "none", "PATH": path}


def outputs(recipe: Recipe) -> dict[str, object]:
    """Everything that stages 1 to 9 leave for others, by path."""
    folders = [recipe.manifests, recipe.data_dir / "shar", recipe.data_dir / "review"]
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    # Lhotse's own jsonl.gz files carry a time stamp: their content counts.
    return {
        str(p.relative_to(recipe.data_dir)): list(read_cuts(p))
        if p.name.startswith("cuts.")
        else p.read_bytes()
        for p in files
        if not p.name.startswith(".")
    }


def accounted(recipe: Recipe) -> dict[str, dict[str, int]]:
    """What became of the items of every sharded stage: in, accepted, rejected, errors."""
    found: dict[str, dict[str, int]] = {}
    for path in recipe.manifests.glob("cuts_*.[0-9]*.jsonl.gz"):
        info = None if ".errors." in path.name else read_info(path)
        if info and "items" in info.counts:
            sums = found.setdefault(path.name.split(".")[0], dict.fromkeys(("in", "accepted", "rejected", "errors"), 0))  # fmt: skip
            counts = info.counts
            sums["in"] += counts["items"]
            sums["accepted"] += counts["accepted"]
            sums["rejected"] += sum(counts["rejected"].values())
            sums["errors"] += sum(counts["errors"].values())
    return found


def deadly(folder: Path, culprit: str) -> Path:
    """A folder that, on PYTHONPATH, kills whatever process measures the media item `culprit`."""
    (folder / "fatal").mkdir()
    (folder / "fatal" / "sitecustomize.py").write_text(_KILLER.format(culprit=culprit))
    return folder / "fatal"


_KILLER = """
import os, signal, sys
if "measure.py" in " ".join(sys.argv) or any("measure.py" in a for a in getattr(sys, "orig_argv", [])):
    import builtins
    say = builtins.print
    def print_and_die(*words, **options):
        say(*words, **options)
        crashed = os.environ.get("ECHO_CRASHED", "").split()
        begun = words and words[0] == '{{"echo": "begun", "media_id": "{culprit}"}}'
        if begun and "{culprit}" not in crashed:
            os.kill(os.getpid(), signal.SIGKILL)
    builtins.print = print_and_die
"""
