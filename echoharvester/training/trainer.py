"""One trainer for every CTC model: epochs, checkpoints, exact resumption, many processes.

Random numbers follow from the seed, the step and the process, not from a generator's
history, and augmentation from a batch's place in its epoch: a run that was stopped goes on
exactly as if it had not been, and N processes see what one would.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from echoharvester.errors import DivergedError, OutOfMemoryError
from echoharvester.models.checkpoint import load_checkpoint, save_checkpoint, tokenizer_values
from echoharvester.models.ctc import CtcModel
from echoharvester.models.zipformer.schedule import set_batch_count
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.augment import spec_augment, time_warp
from echoharvester.training.averaging import RunningAverage, averages_until
from echoharvester.training.batch import Batch, TrainingData
from echoharvester.training.config import TrainConfig
from echoharvester.training.distributed import DistributedContext
from echoharvester.training.evaluate import EvaluationResult, evaluate
from echoharvester.training.losses import Losses, batch_losses
from echoharvester.training.metric_logger import MetricLogger
from echoharvester.training.optim import ScaledAdam
from echoharvester.training.rates import learning_rate, make_optimizer
from echoharvester.training.state import (
    Checkpoints,
    Progress,
    progress_values,
    set_whiten_flags,
    whiten_flags,
)

logger = logging.getLogger(__name__)

CR_MASKS = 2.5  # CR-CTC wants so many more time masks
SMALLEST_SCALE = 1e-5  # of the fp16 scaler; below it nothing is learnt


class Stopped(RuntimeError):
    """Training was asked to stop; a checkpoint was saved."""

    exit_status = 75  # EX_TEMPFAIL: to be run again, as a queue understands it


class Trainer:
    """Trains `model` on `train_data`, judging it on `dev_data` after every epoch."""

    def __init__(
        self,
        model: CtcModel,
        tokenizer: Tokenizer,
        config: TrainConfig,
        exp_dir: Path,
        description: dict[str, Any],
        context: DistributedContext | None = None,
    ) -> None:
        """`description`: plain values that go into every checkpoint (`model_config` ...)."""
        self.model = model.to(config.device)
        self.compute: Any = torch.compile(self.model) if config.compile else self.model
        self.tokenizer, self.config, self.exp_dir = tokenizer, config, exp_dir
        self.description = {**description, **tokenizer_values(tokenizer)}
        self.fingerprint = str(description.get("fingerprint", ""))
        self.context = context or DistributedContext()
        self.parameters = list(model.parameters())
        self.optimizer = make_optimizer(model, config)
        self.scaler = torch.amp.GradScaler(config.device, enabled=config.precision == "fp16")
        self.average = (
            RunningAverage(model, config.average_period) if config.average_period else None
        )
        self.checkpoints = Checkpoints(exp_dir, config.keep_checkpoints)
        self.progress = Progress()
        self._stop_requested, self._signal = False, 0

    def fit(self, train_data: TrainingData, dev_data: TrainingData) -> Progress:
        """Trains until `max_epochs`, going on from `last.pt` where there is one.

        Raises:
            Stopped: after SIGTERM, SIGUSR1 or SIGUSR2, once a checkpoint is saved.
            FloatingPointError: when the loss is no longer a number; names the batch.
            MemoryError: when the largest batch does not fit; says what to lower.
        """
        self.exp_dir.mkdir(parents=True, exist_ok=True)
        other_run = self._resume()
        self.context.wait()
        if other_run and self.context.is_first:
            self.checkpoints.set_aside()
        self.context.broadcast([*self.parameters, *self.model.buffers()])
        if self.config.probe and self.progress.step == 0:
            self._probe(train_data)
        metrics = MetricLogger(self.exp_dir / "tensorboard", self.progress, self.context.is_first)
        try:
            with self._listening():
                while self.progress.epoch < self.config.max_epochs and not self._gone_stale():
                    self._train_epoch(train_data, metrics)
                    self._finish_epoch(dev_data, metrics)
                self._try_averages(dev_data)
        finally:
            metrics.close()
        return self.progress

    def _train_epoch(self, data: TrainingData, metrics: MetricLogger) -> None:
        progress, config = self.progress, self.config
        self.model.train()
        frozen = progress.epoch < config.freeze_encoder_epochs
        for part in (self.model.encoder_embed, self.model.encoder):
            part.requires_grad_(not frozen)
        self._steps_per_epoch = -(-len(data) // (self.context.size * config.accumulate))
        metrics.start_epoch(progress, config.max_epochs, len(data))
        first = progress.batch + self.context.rank
        batches = data.batches(progress.epoch, first, self.context.size)
        while self._step(list(islice(batches, config.accumulate)), metrics):
            every = config.save_every_steps
            if every and progress.step % every == 0 and self.context.is_first:
                self.checkpoints.save_last(self._content(), f"step-{progress.step}.pt")
            if self._stop_requested:
                if self.context.is_first:
                    self.checkpoints.save_last(self._content())
                raise Stopped(
                    f"stopped on request at step {progress.step}; run again to go on from there"
                )

    def _step(self, group: list[Batch], metrics: MetricLogger) -> bool:
        """One optimiser step on the batches of all processes; False if there were none."""
        progress, config, context = self.progress, self.config, self.context
        torch.manual_seed(hash_seed(config.seed, progress.step, context.rank))
        set_batch_count(self.model, progress.audio_sec / config.batch_count_sec)
        lr = self._set_lr()
        self.optimizer.zero_grad(set_to_none=True)
        sums = dict.fromkeys(
            ("loss", "ctc", "consistency", "frames", "batches", "audio_sec", "fill"), 0.0
        )
        for i, batch in enumerate(group):
            place = progress.batch + i * context.size + context.rank
            losses = self._backward(batch, place, metrics)
            sums["loss"] += losses.total.item()
            sums["ctc"] += losses.ctc.item()
            sums["consistency"] += 0.0 if losses.consistency is None else losses.consistency.item()
            sums["frames"] += losses.frames
            sums["batches"] += 1
            sums["audio_sec"] += float(batch.lens.sum()) / 100
            sums["fill"] += batch.fill
        sums["stop"] = float(self._stop_requested)
        sums = dict(
            zip(sums, context.all_reduce_sum(self.parameters, list(sums.values())), strict=True)
        )
        self._stop_requested = sums["stop"] > 0
        if not sums["batches"]:
            return False
        norm = self._update(sums["frames"])
        progress.step += 1
        progress.batch += int(sums["batches"])
        progress.audio_sec += sums["audio_sec"]
        progress.loss_sum += sums["loss"]
        progress.frames += int(sums["frames"])
        progress.fill_sum += sums["fill"]
        if self.average:
            self.average.update(self.model, progress.step)
        values = {name: sums[name] / sums["frames"] for name in ("loss", "ctc")}
        values |= {"lr": lr, "grad_norm": norm, "batch_fill": sums["fill"] / sums["batches"]}
        if config.cr_ctc:
            values["consistency"] = sums["consistency"] / sums["frames"]
        if self.scaler.is_enabled():
            values["scale"] = self.scaler.get_scale()
        metrics.step(progress, int(sums["batches"]), values)
        if progress.step % config.log_every_steps == 0 or progress.step == 1:
            metrics.record(progress, values)
        return True

    def _backward(self, batch: Batch, place: int, metrics: MetricLogger | None) -> Losses:
        features, lens = self._augmented(batch, place)
        if metrics and place == 0 and self.progress.batch == 0:
            metrics.spectrograms(batch, features, self.progress.step)
        try:
            losses = self._losses(batch, features, lens)
            if not torch.isfinite(losses.total):
                self._report_bad(batch, f"loss is {losses.total.item()}")
            self.scaler.scale(losses.total).backward()
        except torch.OutOfMemoryError as error:
            n, t = features.shape[:2]
            raise OutOfMemoryError(
                f"a batch of {n} utterances of up to {t / 100:.1f} s does not fit into the memory "
                f"of {self.config.device} ({batch.ids[:3]} ...); lower train.batch_sec or "
                "train.max_sec, and raise train.accumulate to keep the size of a step"
            ) from error
        return losses

    def _losses(self, batch: Batch, features: Tensor, lens: Tensor) -> Losses:
        config = self.config
        device = torch.device(config.device)
        targets = [self.tokenizer.encode(text) for text in batch.texts]
        dtype = torch.float16 if config.precision == "fp16" else torch.bfloat16
        with torch.autocast(device.type, dtype, enabled=config.precision != "fp32"):
            return batch_losses(
                self.compute,
                features.to(device, non_blocking=True),
                lens.to(device, non_blocking=True),
                targets,
                config.cr_scale if config.cr_ctc else 0.0,
            )

    def _augmented(self, batch: Batch, place: int) -> tuple[Tensor, Tensor]:
        """Masked and warped features; for CR-CTC two copies that differ in their masks."""
        config, features, lens = self.config, batch.features, batch.lens
        seed = hash_seed(config.seed, self.progress.epoch, place)
        generator = torch.Generator().manual_seed(seed)
        if config.time_warp:
            features = time_warp(features, lens, generator, config.time_warp)
        copies = 2 if config.cr_ctc else 1
        if config.spec_augment:
            masks = CR_MASKS if config.cr_ctc else 1.0
            views = [spec_augment(features, lens, generator, masks) for _ in range(copies)]
        else:
            views = [features] * copies
        return (torch.cat(views), lens.repeat(copies)) if copies > 1 else (views[0], lens)

    def _update(self, frames: float) -> float:
        """Steps along the gradient of the mean loss over `frames`; returns its norm."""
        grads = [p.grad for p in self.parameters if p.grad is not None]
        self.scaler.unscale_(self.optimizer)
        torch._foreach_mul_(grads, 1.0 / max(frames, 1.0))
        norm = math.nan
        if not isinstance(self.optimizer, ScaledAdam):
            norm = nn.utils.clip_grad_norm_(self.parameters, self.config.grad_clip).item()
            if not math.isfinite(norm) and not self.scaler.is_enabled():
                raise DivergedError(
                    f"gradients are {norm} at step {self.progress.step}; lower train.lr"
                )
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.scaler.is_enabled() and self.scaler.get_scale() < SMALLEST_SCALE:
            raise DivergedError(
                f"the fp16 scale fell to {self.scaler.get_scale():.1g}: gradients overflow in "
                "every step; use train.precision=bf16, or lower train.lr"
            )
        return self.optimizer.grad_norm if isinstance(self.optimizer, ScaledAdam) else norm

    def _set_lr(self) -> float:
        progress = self.progress
        width = self.model.encoder.output_dim
        lr = learning_rate(self.config, progress.step, progress.epoch, self._steps_per_epoch, width)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        return lr

    def _finish_epoch(self, dev_data: TrainingData, metrics: MetricLogger) -> None:
        progress, context = self.progress, self.context
        result = self._evaluated(dev_data)
        row = {
            "epoch": float(progress.epoch + 1),
            "step": float(progress.step),
            "train_loss": progress.loss_sum / max(progress.frames, 1),
            "fill": progress.fill_sum / max(progress.batch, 1),
            **result.numbers(),
        }
        progress.history.append(row)
        metrics.end_epoch(progress, row, result)
        progress.epoch += 1
        progress.batch, progress.loss_sum, progress.frames, progress.fill_sum = 0, 0.0, 0, 0.0
        is_best = result.cer < progress.best_cer
        if is_best:
            progress.best_cer, progress.best_epoch = result.cer, progress.epoch
        if context.is_first:
            self.checkpoints.save_last(self._content(), f"epoch-{progress.epoch}.pt")
            if is_best:
                self.checkpoints.mark_best()
        context.wait()

    def _evaluated(self, dev_data: TrainingData) -> EvaluationResult:
        """The dev set, judged by all processes together."""
        device, context = self.config.device, self.context
        return evaluate(self.model, self.tokenizer, dev_data, device, context=context)

    def _gone_stale(self) -> bool:
        """Whether so many epochs brought no better dev CER that training ends early."""
        patience = self.config.early_stop_epochs
        stale = patience > 0 and self.progress.epoch - self.progress.best_epoch >= patience
        if stale:
            logger.info("dev CER did not improve for %d epochs: training ends", patience)
        return stale

    def _try_averages(self, dev_data: TrainingData) -> None:
        """Averages over the last epochs; the best on dev becomes `best.pt` if it beats all.

        The first process alone reads and writes files; all judge.
        """
        if not self.average:
            return
        tensors = [*self.parameters, *self.model.buffers()]
        before = [tensor.detach().clone() for tensor in tensors]
        epochs = self.checkpoints.epochs() if self.context.is_first else {}
        averages = averages_until(self.progress.epoch, epochs)
        best: tuple[float, int, dict[str, Tensor]] | None = None
        while True:
            average = next(averages, None)
            if not self.context.broadcast_number(float(average is not None), tensors[0].device):
                break
            if average:
                self.model.load_state_dict(average[1])
            self.context.broadcast(tensors)
            cer = self._evaluated(dev_data).cer
            if average and (best is None or cer < best[0]):
                best = (cer, *average)
        for tensor, value in zip(tensors, before, strict=True):
            tensor.data.copy_(value)
        if best is None:
            return
        content = {**self.description, "model": best[2], "progress": progress_values(self.progress)}
        content["averaged"] = {"from_epoch": best[1], "to_epoch": self.progress.epoch}
        save_checkpoint(content, self.exp_dir / "averaged.pt")
        logger.info("average over epochs %d to %d: dev CER %.2f %%", best[1], self.progress.epoch, 100 * best[0])  # fmt: skip
        if best[0] < self.progress.best_cer:
            self.progress.best_cer = best[0]
            save_checkpoint(content, self.exp_dir / "best.pt")

    def _probe(self, data: TrainingData) -> None:
        """Runs the largest batch once, so that memory runs out now and not in an hour."""
        batch = data.largest()
        if batch is None:
            return
        self.model.train()
        self._backward(batch, 0, None)
        self.optimizer.zero_grad(set_to_none=True)
        set_whiten_flags(self.model, dict.fromkeys(whiten_flags(self.model), True))

    def _report_bad(self, batch: Batch, what: str) -> None:
        path = self.exp_dir / "bad-batch.pt"
        values = {
            "features": batch.features,
            "lens": batch.lens,
            "texts": batch.texts,
            "ids": batch.ids,
        }
        save_checkpoint(values, path)
        raise DivergedError(
            f"{what} at step {self.progress.step} on {batch.ids[:3]} ...; the batch is in {path}. "
            "Lower train.lr, or look at these utterances"
        )

    def _content(self) -> dict[str, Any]:
        """All that a run needs to go on, and a model to be used."""
        return {
            **self.description,
            "train_config": dataclasses.asdict(self.config),
            "progress": progress_values(self.progress),
            "model": self.model.state_dict(),
            "model_avg": self.average.weights if self.average else {},
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "whiten_flags": whiten_flags(self.model),
        }

    def _resume(self) -> bool:
        """Goes on from `last.pt`; whether that is of other settings or data, and was left."""
        path = self.exp_dir / "last.pt"
        if not path.exists():
            return False
        content = load_checkpoint(path)
        if content.get("fingerprint", "") != self.fingerprint:
            logger.info("%s was made with other settings or data: training anew", path)
            return True
        self.model.load_state_dict(content["model"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.scaler.load_state_dict(content["scaler"])
        set_whiten_flags(self.model, content["whiten_flags"])
        if self.average:
            self.average.weights = {
                name: tensor.to(self.config.device) for name, tensor in content["model_avg"].items()
            }
        self.progress = Progress(**content["progress"])
        logger.info("going on after step %d (%s)", self.progress.step, path)
        return False

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """SIGTERM, SIGUSR1 and SIGUSR2 stop training after the step under way.

        Whoever listened before (submitit, which requeues its job) is told once all is saved.
        """
        handlers = {int(s): signal.signal(s, self.request_stop) for s in _STOP_SIGNALS}
        tell = None
        try:
            yield
        except Stopped:
            tell = handlers.get(self._signal)
            raise
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
            if callable(tell):
                tell(self._signal, None)

    def request_stop(self, number: int, _frame: object = None) -> None:
        """Lets training save and stop after the step under way, or after its first."""
        logger.warning("signal %d: saving after this step", number)
        self._stop_requested, self._signal = True, number


_STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def hash_seed(*values: int) -> int:
    """A seed that differs wherever one of the values does."""
    seed = 0
    for value in values:
        seed = (seed * 1_000_003 + value) % (2**63 - 1)
    return seed
