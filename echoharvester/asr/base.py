"""What a recogniser is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE


class Recogniser(Protocol):
    """Turns utterances into text."""

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        """16 kHz utterances, each (num_samples,), to what was heard; "" for nothing heard.

        A fault is an exception, never an empty text.
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
