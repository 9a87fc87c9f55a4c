"""What an aligner is: it says when each word of each utterance was spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Request:
    """An utterance to find.

    Attributes:
        readings: spoken forms, the likeliest first; the best-fitting one is returned.
        start_sec, end_sec: where its caption says it lies.
    """

    readings: Sequence[str]
    start_sec: float
    end_sec: float


@dataclass(frozen=True)
class AlignedWord:
    """A word, when it was spoken, and how well the sound fits it, 0 to 1."""

    text: str
    start_sec: float
    end_sec: float
    score: float


@dataclass(frozen=True)
class Alignment:
    """Where an utterance was found.

    Attributes:
        text: the reading that fits best.
        score: of the whole utterance, 0 to 1: mean over its characters.
    """

    text: str
    words: tuple[AlignedWord, ...]
    score: float


class Aligner(Protocol):
    """Aligns all utterances of one recording."""

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        """16 kHz samples (num_samples,) and utterances in order; None where one fits nowhere."""
        ...
