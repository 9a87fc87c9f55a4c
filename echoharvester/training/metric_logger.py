"""What is seen of a run: a progress bar, TensorBoard, the log."""

from __future__ import annotations

import logging
import resource
import time
from pathlib import Path

import torch
from tqdm import tqdm

from echoharvester.progress import bar
from echoharvester.training.batch import Batch
from echoharvester.training.evaluate import EvaluationResult
from echoharvester.training.state import Progress

logger = logging.getLogger(__name__)

SHOWN_SPECTROGRAMS = 3


class MetricLogger:
    """Shows and records a run; a process that is not the first stays silent."""

    def __init__(self, folder: Path, progress: Progress, active: bool) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.writer = SummaryWriter(str(folder), purge_step=progress.step) if active else None
        self.bar: tqdm | None = None
        self.started, self.frames_then = time.monotonic(), 0.0

    def start_epoch(self, progress: Progress, max_epochs: int, num_batches: int) -> None:
        self.started, self.frames_then = time.monotonic(), progress.audio_sec
        if self.writer:
            self.bar = bar(
                initial=progress.batch,
                total=num_batches,
                desc=f"epoch {progress.epoch + 1}/{max_epochs}",
                mininterval=1.0,
                unit="batch",
            )

    def step(self, progress: Progress, num_batches: int, values: dict[str, float]) -> None:
        if self.bar is not None:
            mean = progress.loss_sum / max(progress.frames, 1)
            self.bar.set_postfix(loss=f"{mean:.4f}", lr=f"{values['lr']:.1e}", refresh=False)
            self.bar.update(num_batches)

    def record(self, progress: Progress, values: dict[str, float]) -> None:
        """Scalars of a step, with speed and memory since the last."""
        if not self.writer:
            return
        seconds = time.monotonic() - self.started
        audio_sec = progress.audio_sec - self.frames_then
        self.started, self.frames_then = time.monotonic(), progress.audio_sec
        values = {
            **values,
            "frames_per_s": 100.0 * audio_sec / max(seconds, 1e-9),
            "memory_mb": peak_memory_mb(),
        }
        for name, value in values.items():
            self.writer.add_scalar(f"train/{name}", value, progress.step)

    def spectrograms(self, batch: Batch, features: torch.Tensor, step: int) -> None:
        """The first few utterances as the model sees them."""
        if not self.writer:
            return
        for i in range(min(SHOWN_SPECTROGRAMS, len(batch.ids))):
            picture = features[i, : batch.lens[i]].T.flip(0).float()
            picture = (picture - picture.min()) / (picture.max() - picture.min() + 1e-9)
            self.writer.add_image(f"features/{i}", picture[None], step)

    def end_epoch(
        self, progress: Progress, row: dict[str, float], result: EvaluationResult
    ) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None
        if not self.writer:
            return
        for name, value in result.numbers().items():
            self.writer.add_scalar(f"dev/{name.removeprefix('dev_')}", value, progress.step)
        self.writer.add_text("dev/hypotheses", _table(result.examples), progress.step)
        logger.info(
            "epoch %d: train loss %.4f, dev loss %.4f, dev CER (no spaces) %.2f %%, fill %.2f%s",
            row["epoch"],
            row["train_loss"],
            row["dev_loss"],
            100 * row["dev_cer"],
            row["fill"],
            f"; {result.infinite} of the dev set have more tokens than frames, their loss is infinite"
            if result.infinite
            else "",
        )

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()
        if self.writer:
            self.writer.close()


def peak_memory_mb() -> float:
    """Largest memory so far: of the GPU where there is one, else of the process."""
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _table(examples: list[tuple[str, str, str]]) -> str:
    def row(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"

    lines = [("id", "reference", "hypothesis"), ("---", "---", "---"), *examples]
    return "\n".join(row(line) for line in lines)
