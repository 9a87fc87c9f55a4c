"""What a training step takes, and where it comes from."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from echoharvester.audio.fbank import NUM_BINS, fbank

LOG_ENERGY_FLOOR = -23.0259  # log(1e-10): what padding looks like


@dataclass(frozen=True)
class Batch:
    """Padded features (N, T, 80), their lengths (N,) in frames, texts and ids."""

    features: Tensor
    lens: Tensor
    texts: list[str]
    ids: list[str]

    @property
    def fill(self) -> float:
        """Share of frames that are not padding."""
        return float(self.lens.sum()) / (self.features.size(0) * self.features.size(1))


class TrainingData(Protocol):
    """Batches of an epoch, the same for the same epoch, from any batch on."""

    def __len__(self) -> int:
        """Batches of an epoch, about."""

    def batches(self, epoch: int, start: int = 0, stride: int = 1) -> Iterator[Batch]:
        """Batches `start`, `start + stride` ... of an epoch."""

    def largest(self) -> Batch | None:
        """A batch that takes as much memory as any; None if there is none."""


def collate(features: Sequence[Tensor], texts: Iterable[str], ids: Iterable[str]) -> Batch:
    """Batch of utterances, each (T, 80)."""
    lens = torch.tensor([len(f) for f in features])
    padded = torch.full((len(features), int(lens.max()), NUM_BINS), LOG_ENERGY_FLOOR)
    for row, utterance in zip(padded, features, strict=True):
        row[: len(utterance)] = utterance
    return Batch(padded, lens, list(texts), list(ids))


def collate_samples(
    samples: Sequence[np.ndarray], texts: Iterable[str], ids: Iterable[str]
) -> Batch:
    """Batch of 16 kHz utterances, each (num_samples,)."""
    return collate([fbank(utterance) for utterance in samples], texts, ids)


def worker_context(num_workers: int) -> str | None:
    """For DataLoader: how this system starts processes, where joblib has put its own way first."""
    return multiprocessing.get_all_start_methods()[0] if num_workers else None


def start_worker(_worker: int) -> None:
    """What a loading process does first: one thread, and deaf to the signals that ask training to
    stop, which a queue sends to the whole group: training itself ends its workers."""
    torch.set_num_threads(1)
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
