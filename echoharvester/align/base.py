"""What an aligner is: it says when each word of each utterance was spoken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np


@dataclass(frozen=True)
class Request:
    """An utterance to find.

    Attributes:
        verbalisations: spoken forms, the likeliest first; the best-fitting one is returned.
        start_sec, end_sec: where its caption says it lies.
        orthographic: as people write it, with digits and Latin letters.
    """

    verbalisations: Sequence[str]
    start_sec: float
    end_sec: float
    orthographic: str = ""

    @property
    def heard_as(self) -> str:
        """What a recogniser that writes digits and Latin letters would write."""
        return self.orthographic or self.verbalisations[0]


@dataclass(frozen=True)
class Evidence:
    """What a recogniser says of a text on its sound; natural logarithms.

    Attributes:
        words: of the text, as the recogniser writes them.
        log_probs: of the tokens of each word.
        heard: words that were heard in place of the text.
        heard_log_probs: of each of these words, the sum over its tokens.
    """

    words: tuple[str, ...]
    log_probs: tuple[tuple[float, ...], ...]
    heard: tuple[str, ...]
    heard_log_probs: tuple[float, ...]

    def part(self, first: int, stop: int) -> Evidence:
        """Of the words from `first` to before `stop`; what was heard stays whole."""
        return replace(self, words=self.words[first:stop], log_probs=self.log_probs[first:stop])

    def __add__(self, other: Evidence) -> Evidence:
        """Of both texts, one behind the other."""
        return Evidence(
            self.words + other.words,
            self.log_probs + other.log_probs,
            self.heard + other.heard,
            self.heard_log_probs + other.heard_log_probs,
        )

    def parted(self, word: int, heard: int) -> tuple[Evidence, Evidence]:
        """In front of a word of the text and of one that was heard."""
        sides = (slice(None, word), slice(None, heard)), (slice(word, None), slice(heard, None))
        first, second = (
            Evidence(self.words[w], self.log_probs[w], self.heard[h], self.heard_log_probs[h])
            for w, h in sides
        )
        return first, second

    def fields(self, heard_by: str) -> dict[str, Any]:
        """What a cut keeps of it.

        Args:
            heard_by: kind, name and type of the recogniser.
        """
        return {
            "text_log_prob_mean": round(self.mean_log_prob, 4),
            "text_log_prob_min": round(self.min_log_prob, 4),
            "weakest_word": self.weakest_word,
            "text_as_heard": " ".join(self.words),
            "word_log_probs": [[round(p, 2) for p in tokens] for tokens in self.log_probs],
            "heard_text": " ".join(self.heard),
            "heard_log_probs": [round(p, 2) for p in self.heard_log_probs],
            "heard_by": heard_by,
        }

    @property
    def mean_log_prob(self) -> float:
        return float(np.mean(np.concatenate(self.log_probs)))

    @property
    def min_log_prob(self) -> float:
        return min(min(tokens) for tokens in self.log_probs)

    @property
    def weakest_word(self) -> str:
        """That holds the least probable token."""
        return min(zip(self.words, self.log_probs, strict=True), key=lambda word: min(word[1]))[0]


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
        text: the verbalisation that fits best.
        score: of the whole utterance, 0 to 1: mean over its characters.
        evidence: for its text, of aligners that can tell.
    """

    text: str
    words: tuple[AlignedWord, ...]
    score: float
    evidence: Evidence | None = None


@dataclass(frozen=True)
class BoundaryConfig:
    """How cores become words.

    Attributes:
        lead_sec: how long before its core a word begins where no pause is heard.
        tail_sec: how long after its core a word ends where neither pause nor word follows.
        min_pause_sec: shorter stillness is part of a consonant.
        reach_sec: how far from a core the pause is sought that bounds its word.
    """

    lead_sec: float = 0.05
    tail_sec: float = 0.1
    min_pause_sec: float = 0.09
    reach_sec: float = 0.4


class Aligner(Protocol):
    """Aligns all utterances of one recording."""

    @property
    def boundaries(self) -> BoundaryConfig | None:
        """How the cores that it gives for words become words; None where its times are final."""
        ...

    @property
    def chooses_verbalisations(self) -> bool:
        """Whether the sound decides among the verbalisations of a text; else the first is aligned."""
        ...

    @property
    def heard_by(self) -> str:
        """Kind and name of the recogniser whose evidence it gives; "" where it gives none."""
        ...

    @property
    def edges_by_vad(self) -> bool:
        """Whether its utterances begin and end where a VAD says, rather than by loudness alone."""
        ...

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        """16 kHz samples (num_samples,) and utterances in order; None where one fits nowhere."""
        ...
