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

SMALL = (
    "source.duration_sec=18", "train.max_epochs=1", "num_shards=3", "lm.synthetic_sentences=2000",
)  # fmt: skip


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
