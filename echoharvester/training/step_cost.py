"""What a training step costs: time and memory, on a batch that is always the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from echoharvester.training.metric_logger import peak_memory_mb

# Features (N, T, 80), lengths (N,) and targets to the sum of losses and the frames that it is over.
LossOf = Callable[[Tensor, Tensor, list[list[int]]], tuple[Tensor, int]]


@dataclass(frozen=True)
class StepCost:
    """The median step.

    Attributes:
        seconds: forward, loss, backward and update.
        peak_mb: the most that the GPU held, or the process on a CPU.
        frames: feature frames of the batch, 100 a second of audio, without padding.
    """

    seconds: float
    peak_mb: float
    frames: int

    @property
    def frames_per_sec(self) -> float:
        return self.frames / self.seconds


@dataclass(frozen=True)
class Steps:
    """Steps on random features; the same numbers for everything that is measured with it.

    Attributes:
        durations: of the utterances of a batch, in seconds.
        num_tokens: of the vocabulary.
        count: steps that are measured, after two that are not.
    """

    durations: Sequence[float]
    num_tokens: int
    device: str = "cpu"
    precision: str = "fp32"
    count: int = 5

    def stepper(self, loss_of: LossOf, optimizer: torch.optim.Optimizer) -> Callable[[], float]:
        """A function that does one step and returns its seconds."""
        device = torch.device(self.device)
        generator = torch.Generator().manual_seed(0)
        lens = torch.tensor([round(100 * seconds) for seconds in self.durations])
        shape = len(lens), int(lens.max())
        features = torch.randn(*shape, 80, generator=generator) * 2 - 6
        letters = int(lens.max()) // 12  # five syllables or so a second
        targets = torch.randint(3, self.num_tokens, (len(lens), letters), generator=generator)
        target_list = [
            row[: n // 12] for row, n in zip(targets.tolist(), lens.tolist(), strict=True)
        ]
        features, lens = features.to(device), lens.to(device)
        scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "fp16")
        half = torch.float16 if self.precision == "fp16" else torch.bfloat16

        def step() -> float:
            start = time.perf_counter()
            with torch.autocast(device.type, half, enabled=self.precision != "fp32"):
                loss, frames = loss_of(features, lens, target_list)
            scaler.scale(loss / frames).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad(set_to_none=True)
            if device.type == "cuda":
                torch.cuda.synchronize()
            return time.perf_counter() - start

        return step

    def cost(self, step: Callable[[], float]) -> StepCost:
        """The median of some steps of `stepper`."""
        for _ in range(2):
            step()
        if self.device.startswith("cuda"):
            torch.cuda.reset_peak_memory_stats()
        seconds = statistics.median(step() for _ in range(self.count))
        return self.said(seconds)

    def said(self, seconds: float) -> StepCost:
        frames = sum(round(100 * duration) for duration in self.durations)
        return StepCost(seconds, peak_memory_mb(), frames)
