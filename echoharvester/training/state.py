"""Where a training run stands, and its checkpoints."""

from __future__ import annotations

import dataclasses
import math
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from echoharvester.models.checkpoint import save_checkpoint
from echoharvester.models.zipformer.regularize import Whiten


@dataclass
class Progress:
    """Where a run stands; stored in every checkpoint."""

    epoch: int = 0  # finished epochs
    batch: int = 0  # finished batches of the epoch under way, of all processes
    step: int = 0  # optimiser steps in all
    audio_sec: float = 0.0  # seconds of audio in all
    loss_sum: float = 0.0  # of the epoch under way
    frames: int = 0
    fill_sum: float = 0.0
    best_cer: float = math.inf
    best_epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)


class Checkpoints:
    """The checkpoint files of one folder.

    `last.pt`, `best.pt`, `epoch-N.pt` and `step-N.pt`; of the last two kinds the newest
    `keep` stay.
    """

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep

    def save_last(self, content: dict[str, Any], also: str = "") -> None:
        """Writes `last.pt`, and the same under the name `also`."""
        last = self.folder / "last.pt"
        save_checkpoint(content, last)
        if also:
            _link(last, self.folder / also)
            self._drop_old(also.partition("-")[0])

    def set_aside(self) -> None:
        """Moves another run's files into `before`, where neither run mistakes them for its own."""
        before = self.folder / "before"
        shutil.rmtree(before, ignore_errors=True)
        before.mkdir()
        for path in [*self.folder.glob("*.pt"), self.folder / "tensorboard"]:
            if path.exists():
                path.rename(before / path.name)

    def mark_best(self) -> None:
        """What is last becomes best."""
        _link(self.folder / "last.pt", self.folder / "best.pt")

    def epochs(self) -> dict[int, Path]:
        """Checkpoints of epochs, in order."""
        return self._numbered("epoch")

    def _numbered(self, kind: str) -> dict[int, Path]:
        found = {int(p.stem.partition("-")[2]): p for p in self.folder.glob(f"{kind}-*.pt")}
        return dict(sorted(found.items()))

    def _drop_old(self, kind: str) -> None:
        paths = self._numbered(kind)
        for number in list(paths)[: -self.keep]:
            paths[number].unlink()


def _link(source: Path, target: Path) -> None:
    """Gives a file a second name; files are replaced as wholes, so neither changes the other."""
    temporary = target.with_name(f".{target.name}.tmp")
    temporary.unlink(missing_ok=True)
    os.link(source, temporary)
    os.replace(temporary, target)


def progress_values(progress: Progress) -> dict[str, Any]:
    return dataclasses.asdict(progress)


def whiten_flags(model: nn.Module) -> dict[str, bool]:
    """Which whitening modules look often now: state that no tensor holds."""
    return {name: m.violated for name, m in model.named_modules() if isinstance(m, Whiten)}


def set_whiten_flags(model: nn.Module, flags: dict[str, bool]) -> None:
    for name, module in model.named_modules():
        if isinstance(module, Whiten):
            module.violated = flags[name]
