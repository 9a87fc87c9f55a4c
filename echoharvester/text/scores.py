"""Edit distances between a reference and a hypothesis, as counts and as rates.

A rate is (substitutions + deletions + insertions) / reference length.  An empty
reference has no rate of its own: it counts its insertions in the corpus total.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from echoharvester.text.hangul import to_jamo


@dataclass(frozen=True)
class ErrorCounts:
    """Edits that turn a reference into a hypothesis; they add up over a corpus."""

    reference_length: int = 0
    insertions: int = 0
    deletions: int = 0
    substitutions: int = 0

    @property
    def errors(self) -> int:
        return self.insertions + self.deletions + self.substitutions

    @property
    def rate(self) -> float:
        """Errors per reference unit; 0 for nothing against nothing, else at least 1 if empty."""
        if self.reference_length == 0:
            return float(min(self.errors, 1))
        return self.errors / self.reference_length

    def __add__(self, other: ErrorCounts) -> ErrorCounts:
        return ErrorCounts(
            self.reference_length + other.reference_length,
            self.insertions + other.insertions,
            self.deletions + other.deletions,
            self.substitutions + other.substitutions,
        )


def count_errors(reference: Sequence[str], hypothesis: Sequence[str]) -> ErrorCounts:
    """Minimum edits between two sequences of units.

    >>> count_errors("가나다", "가라다마")
    ErrorCounts(reference_length=3, insertions=1, deletions=0, substitutions=1)
    """
    counts = {"insert": 0, "delete": 0, "replace": 0}
    for edit in Levenshtein.editops(reference, hypothesis):
        counts[edit.tag] += 1
    return ErrorCounts(len(reference), counts["insert"], counts["delete"], counts["replace"])


def comparable(text: str) -> str:
    """What CER for gating compares: NFC, lower case, no spaces, no punctuation or symbols.

    >>> comparable("안녕하세요, 여러분.") == comparable("안녕하세요 여러분")
    True
    """
    text = unicodedata.normalize("NFC", text).casefold()
    return "".join(c for c in text if unicodedata.category(c)[0] in "LNM")


def cer(reference: str, hypothesis: str) -> ErrorCounts:
    """Character errors without spaces and punctuation.

    >>> cer("안녕하세요, 여러분.", "안녕하세요 여러분").rate
    0.0
    """
    return count_errors(comparable(reference), comparable(hypothesis))


def cer_with_spaces(reference: str, hypothesis: str) -> ErrorCounts:
    """Character errors, a single space between words counted as a character."""
    return count_errors(*(" ".join(_words(text)) for text in (reference, hypothesis)))


def jamo_error_rate(reference: str, hypothesis: str) -> ErrorCounts:
    """Errors in letters: 강 for 감 is one of three wrong, not one of one."""
    return count_errors(to_jamo(comparable(reference)), to_jamo(comparable(hypothesis)))


def wer(reference: str, hypothesis: str) -> ErrorCounts:
    """Errors in eojeol, the words between spaces."""
    return count_errors(_words(reference), _words(hypothesis))


def _words(text: str) -> list[str]:
    return [bare for word in text.split() if (bare := comparable(word))]


def all_scores(reference: str, hypothesis: str) -> dict[str, ErrorCounts]:
    """Every measure, by its name."""
    measures = {
        "cer": cer, "cer_with_spaces": cer_with_spaces, "jamo_error_rate": jamo_error_rate, "wer": wer,
    }  # fmt: skip
    return {name: measure(reference, hypothesis) for name, measure in measures.items()}


def total(counts: Iterable[ErrorCounts]) -> ErrorCounts:
    """Counts of a whole corpus."""
    return sum(counts, ErrorCounts())
