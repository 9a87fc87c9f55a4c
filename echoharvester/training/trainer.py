"""One trainer for every CTC model: epochs, checkpoints, exact resumption, TensorBoard."""

from __future__ import annotations

import dataclasses
import logging
import math
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn
from tqdm import tqdm

from echoharvester.models.checkpoint import load_checkpoint, save_checkpoint
from echoharvester.models.ctc import CtcModel, ctc_loss
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.scores import cer, total
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.augment import spec_augment
from echoharvester.training.batch import Batch

logger = logging.getLogger(__name__)


class TrainingData(Protocol):
    """Batches of an epoch, the same for the same epoch, from any batch on."""

    def __len__(self) -> int: ...

    def batches(self, epoch: int, start: int = 0) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained.

    Attributes:
        schedule: "noam" (Vaswani et al. 2017: lr is its factor) or "cosine" (lr is its peak).
        warmup_steps: steps until the peak; `warmup_epochs`, if given, replaces it.
        freeze_encoder_epochs: epochs in which only the head learns.
        save_every_steps: a checkpoint inside an epoch, too; 0: only at its end.
    """

    max_epochs: int = 50
    lr: float = 2.5
    schedule: str = "noam"
    warmup_steps: int = 5000
    warmup_epochs: float | None = None
    weight_decay: float = 1e-6
    grad_clip: float = 5.0
    spec_augment: bool = True
    freeze_encoder_epochs: int = 0
    save_every_steps: int = 0
    keep_checkpoints: int = 5
    log_every_steps: int = 50
    seed: int = 42
    device: str = "cpu"


@dataclass
class Progress:
    """Where a run stands; stored in every checkpoint."""

    epoch: int = 0  # finished epochs
    batch: int = 0  # finished batches of the epoch under way
    step: int = 0  # optimiser steps in all
    loss_sum: float = 0.0  # of the epoch under way
    frames: int = 0
    best_cer: float = math.inf
    history: list[dict[str, float]] = field(default_factory=list)


class Stopped(RuntimeError):
    """Training was asked to stop; a checkpoint was saved."""


class Trainer:
    """Trains `model` on `train_data`, judging it on `dev_data` after every epoch."""

    def __init__(
        self,
        model: CtcModel,
        tokenizer: Tokenizer,
        config: TrainConfig,
        exp_dir: Path,
        description: dict[str, Any],
    ) -> None:
        """`description`: plain values that go into every checkpoint (`model_config` ...)."""
        self.model = model.to(config.device)
        self.tokenizer, self.config, self.exp_dir = tokenizer, config, exp_dir
        self.description = {**description, "tokens": list(tokenizer.symbols)}
        self.optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=0.0,
            betas=(0.9, 0.98),
            eps=1e-9,
            weight_decay=config.weight_decay,
        )
        self.progress = Progress()
        self.fingerprint = str(description.get("fingerprint", ""))
        self._stop_requested = False

    def fit(self, train_data: TrainingData, dev_data: TrainingData) -> Progress:
        """Trains until `max_epochs`, going on from `last.pt` where there is one.

        Raises:
            Stopped: after SIGTERM, SIGUSR1 or SIGUSR2, once a checkpoint is saved.
            FloatingPointError: when the loss is no longer a number; names the batch.
        """
        from torch.utils.tensorboard import SummaryWriter

        self.exp_dir.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(self.config.seed)
        self._resume()
        steps_per_epoch = len(train_data)
        handlers = {s: signal.signal(s, self._request_stop) for s in _STOP_SIGNALS}
        writer = SummaryWriter(str(self.exp_dir / "tensorboard"), purge_step=self.progress.step)
        try:
            while self.progress.epoch < self.config.max_epochs:
                self._train_epoch(train_data, steps_per_epoch, writer)
                self._finish_epoch(dev_data, writer)
        finally:
            writer.close()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        return self.progress

    def _train_epoch(self, data: TrainingData, steps_per_epoch: int, writer: Any) -> None:
        progress, config = self.progress, self.config
        self.model.train()
        frozen = progress.epoch < config.freeze_encoder_epochs
        for parameter in self.model.encoder.parameters():
            parameter.requires_grad_(not frozen)
        batches = data.batches(progress.epoch, progress.batch)
        bar = tqdm(
            batches,
            initial=progress.batch,
            total=steps_per_epoch,
            desc=f"epoch {progress.epoch + 1}/{config.max_epochs}",
            mininterval=1.0,
        )
        for batch in bar:
            lr = self._set_lr(steps_per_epoch)
            loss, frames, grad_norm = self._step(batch)
            progress.step += 1
            progress.batch += 1
            progress.loss_sum += loss
            progress.frames += frames
            bar.set_postfix(loss=f"{progress.loss_sum / progress.frames:.4f}", lr=f"{lr:.1e}")
            if progress.step % config.log_every_steps == 0 or progress.step == 1:
                writer.add_scalar("train/loss", loss / frames, progress.step)
                writer.add_scalar("train/lr", lr, progress.step)
                writer.add_scalar("train/grad_norm", grad_norm, progress.step)
                writer.add_scalar("train/batch_fill", batch.fill, progress.step)
            if config.save_every_steps and progress.step % config.save_every_steps == 0:
                self._save("last.pt")
            if self._stop_requested:
                self._save("last.pt")
                raise Stopped(
                    f"stopped on request at step {progress.step}; run again to go on from there"
                )

    def _step(self, batch: Batch) -> tuple[float, int, float]:
        config = self.config
        features, lens = batch.features, batch.lens
        if config.spec_augment:
            # Masks follow from the step, not from a generator's history: resuming is exact.
            generator = torch.Generator().manual_seed(config.seed * 1_000_003 + self.progress.step)
            features = spec_augment(features, lens, generator)
        log_probs, out_lens = self.model(features.to(config.device), lens.to(config.device))
        targets = [self.tokenizer.encode(text) for text in batch.texts]
        loss = ctc_loss(log_probs, out_lens, targets)
        if not torch.isfinite(loss):
            path = self.exp_dir / "bad-batch.pt"
            save_checkpoint({"features": batch.features, "lens": lens, "texts": batch.texts}, path)
            raise FloatingPointError(
                f"loss is {loss.item()} at step {self.progress.step} on {batch.ids[:3]} ...; the "
                f"batch is in {path}. Lower train.lr, or look at these utterances"
            )
        frames = int(out_lens.sum())
        self.optimizer.zero_grad(set_to_none=True)
        (loss / frames).backward()
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), config.grad_clip)
        self.optimizer.step()
        return loss.item(), frames, norm.item()

    def _set_lr(self, steps_per_epoch: int) -> float:
        config = self.config
        warmup = config.warmup_steps
        if config.warmup_epochs is not None:
            warmup = max(1, round(config.warmup_epochs * steps_per_epoch))
        width = self.model.encoder.output_dim
        lr = learning_rate(
            config, self.progress.step + 1, warmup, config.max_epochs * steps_per_epoch, width
        )
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def _finish_epoch(self, dev_data: TrainingData, writer: Any) -> None:
        progress = self.progress
        dev = evaluate(self.model, self.tokenizer, dev_data, self.config.device)
        row = {
            "epoch": float(progress.epoch + 1),
            "train_loss": progress.loss_sum / max(progress.frames, 1),
            **dev,
        }
        progress.history.append(row)
        for name, value in dev.items():
            writer.add_scalar(f"dev/{name.removeprefix('dev_')}", value, progress.step)
        logger.info(
            "epoch %d: train loss %.4f, dev loss %.4f, dev CER (no spaces) %.2f %%",
            row["epoch"], row["train_loss"], row["dev_loss"], 100 * row["dev_cer"],
        )  # fmt: skip
        progress.epoch += 1
        progress.batch, progress.loss_sum, progress.frames = 0, 0.0, 0
        is_best = dev["dev_cer"] < progress.best_cer
        progress.best_cer = min(progress.best_cer, dev["dev_cer"])
        if is_best:
            self._save("best.pt")
        self._save(f"epoch-{progress.epoch}.pt")
        self._save("last.pt")
        old = self.exp_dir / f"epoch-{progress.epoch - self.config.keep_checkpoints}.pt"
        old.unlink(missing_ok=True)

    def _save(self, name: str) -> None:
        content = {
            **self.description,
            "train_config": dataclasses.asdict(self.config),
            "progress": dataclasses.asdict(self.progress),
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng_state": torch.get_rng_state(),
        }
        save_checkpoint(content, self.exp_dir / name)

    def _resume(self) -> None:
        path = self.exp_dir / "last.pt"
        if not path.exists():
            return
        content = load_checkpoint(path)
        if content.get("fingerprint", "") != self.fingerprint:
            logger.info("%s was made with other settings or data: training anew", path)
            return
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.progress = Progress(**content["progress"])
        torch.set_rng_state(content["rng_state"])
        logger.info("going on after step %d (%s)", self.progress.step, path)

    def _request_stop(self, number: int, _frame: object) -> None:
        logger.warning("signal %d: saving after this step", number)
        self._stop_requested = True


_STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def learning_rate(
    config: TrainConfig, step: int, warmup: int, total_steps: int, width: int
) -> float:
    """Learning rate of a step (from 1)."""
    if config.schedule == "noam":
        return config.lr * width**-0.5 * min(step**-0.5, step * warmup**-1.5)
    if config.schedule == "cosine":
        if step < warmup:
            return config.lr * step / warmup
        done = (step - warmup) / max(1, total_steps - warmup)
        return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    raise ValueError(f"train.schedule is noam or cosine, not {config.schedule!r}")


@torch.inference_mode()
def evaluate(
    model: nn.Module, tokenizer: Tokenizer, data: TrainingData, device: str
) -> dict[str, float]:
    """Loss per frame, CER without spaces by greedy decoding, and the time it took."""
    model.eval()
    start, loss_sum, frames, counts = time.monotonic(), 0.0, 0, []
    for batch in data.batches(0):
        log_probs, lens = model(batch.features.to(device), batch.lens.to(device))
        loss_sum += ctc_loss(log_probs, lens, [tokenizer.encode(t) for t in batch.texts]).item()
        frames += int(lens.sum())
        best = log_probs.argmax(dim=-1).cpu().numpy()
        for row, length, text in zip(best, lens.tolist(), batch.texts, strict=True):
            counts.append(cer(text, tokenizer.decode(greedy_ids(row[:length]))))
    if not frames:
        return {"dev_loss": math.inf, "dev_cer": math.inf, "dev_sec": 0.0}
    seconds = time.monotonic() - start
    return {"dev_loss": loss_sum / frames, "dev_cer": total(counts).rate, "dev_sec": seconds}
