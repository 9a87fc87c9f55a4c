"""What a recogniser is."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar, runtime_checkable

import numpy as np

from echoharvester.align.base import Evidence
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import OutOfMemoryError

Result = TypeVar("Result")
_OUT_OF_MEMORY = ("out of memory", "bad_alloc", "failed to allocate", "cannot allocate")


class Recogniser(Protocol):
    """Turns utterances into text."""

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        """16 kHz utterances, each (num_samples,), to what was heard; "" for nothing heard.

        A fault is an exception, never an empty text.
        """
        ...


@runtime_checkable
class TextJudge(Protocol):
    """A recogniser that tells how probable given texts are on utterances."""

    @property
    def heard_by(self) -> str:
        """Kind and name, for people."""
        ...

    def evidence(
        self, utterances: Sequence[np.ndarray], texts: Sequence[str], heard: Sequence[str]
    ) -> list[Evidence | None]:
        """For each 16 kHz utterance (num_samples,) the evidence for its text; None where that has no words.

        Args:
            heard: what it has transcribed of each.
        """
        ...


def by_duration(utterances: Sequence[np.ndarray], batch_sec: float) -> list[list[int]]:
    """Indices in batches of at most `batch_sec` seconds, padding included, or one utterance."""
    batches: list[list[int]] = []
    for i in sorted(range(len(utterances)), key=lambda i: len(utterances[i])):
        seconds = len(utterances[i]) / SAMPLING_RATE  # the longest so far: sets the padding
        if not batches or (len(batches[-1]) + 1) * seconds > batch_sec:
            batches.append([])
        batches[-1].append(i)
    return batches


def in_batches(
    utterances: Sequence[np.ndarray],
    batch_sec: float,
    recognise: Callable[[list[np.ndarray]], Sequence[str]],
) -> list[str]:
    """The texts of utterances, recognised in batches of like length, see `in_batches_by_index`."""
    return in_batches_by_index(
        utterances, batch_sec, lambda batch: recognise([utterances[i] for i in batch])
    )


def in_batches_by_index(
    utterances: Sequence[np.ndarray],
    batch_sec: float,
    work: Callable[[list[int]], Sequence[Result]],
) -> list[Result]:
    """What comes of utterances in batches of like length.

    A batch for which memory does not suffice is tried again as two halves.

    Args:
        work: what comes of a batch, by the indices of its utterances.

    Raises:
        MemoryError: if memory does not even suffice for one utterance.
        RuntimeError: if something is missing.
    """
    results: dict[int, Result] = {}
    pending = by_duration(utterances, batch_sec)[::-1]
    while pending:
        batch = pending.pop()
        try:
            found = work(batch)
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            _give_memory_back()
            if len(batch) == 1:
                seconds = len(utterances[batch[0]]) / SAMPLING_RATE
                raise OutOfMemoryError(
                    f"not enough memory to recognise {seconds:.1f} s of speech: {error}"
                ) from error
            middle = len(batch) // 2
            pending += [batch[middle:], batch[:middle]]
            continue
        if len(found) != len(batch):
            raise RuntimeError(f"{len(found)} results came back for {len(batch)} utterances")
        results |= zip(batch, found, strict=True)
    return [results[i] for i in range(len(utterances))]


def _is_out_of_memory(error: BaseException) -> bool:
    """torch, ONNX Runtime and CTranslate2 say it in different words."""
    return isinstance(error, MemoryError) or any(
        words in str(error).lower() for words in _OUT_OF_MEMORY
    )


def _give_memory_back() -> None:
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
