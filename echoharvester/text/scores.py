"""Edit distances between a reference and a hypothesis: counts, rates, alignments, intervals.

A rate is (substitutions + deletions + insertions) / reference length.  An empty reference has no
rate of its own: by itself it is 0 against nothing and 1 against anything, and in a corpus its
insertions count while it adds nothing to the length.  `<unk>` is one unit that equals nothing, not
even another `<unk>`: a model that cannot write a character has not recognised it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein

from echoharvester.errors import UserError
from echoharvester.text.hangul import to_jamo

UNK = "<unk>"


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


# Stand for <unk> while texts are compared; two, so that they never match.
_UNK_MARKS = ("\ue000", "\ue001")


def normalize_for_scoring(text: str) -> str:
    """What CER for gating compares: NFC, lower case, no spaces, no punctuation or symbols.

    >>> normalize_for_scoring("안녕하세요, 여러분.") == normalize_for_scoring("안녕하세요 여러분")
    True
    """
    text = unicodedata.normalize("NFC", text).casefold()
    return "".join(c for c in text if unicodedata.category(c)[0] in "LNM" or c in _UNK_MARKS)


def _marked(reference: str, hypothesis: str) -> tuple[str, str]:
    """Both texts with `<unk>` as single characters of which no two are equal."""
    texts = (re.sub("[\ue000\ue001]", "", text) for text in (reference, hypothesis))
    first, second = (text.replace(UNK, mark) for text, mark in zip(texts, _UNK_MARKS, strict=True))
    return first, second


def cer(reference: str, hypothesis: str) -> ErrorCounts:
    """Character errors without spaces and punctuation.

    >>> cer("안녕하세요, 여러분.", "안녕하세요 여러분").rate
    0.0
    >>> cer("가<unk>", "가<unk>").rate
    0.5
    """
    return count_errors(*map(normalize_for_scoring, _marked(reference, hypothesis)))


def nearest_words_cer(reference: str, text: str) -> float:
    """The CER of a reference against those consecutive words of a longer text that are nearest to it.

    >>> nearest_words_cer("강에 갑니다", "오늘은 강에, 갑니다. 그리고"), nearest_words_cer("가요", "날씨가 요즘")
    (0.0, 1.0)
    """
    wanted = normalize_for_scoring(reference)
    words = [normalize_for_scoring(word) for word in text.split()]
    best = len(wanted)
    for first in range(len(words)):
        part = ""
        for word in words[first:]:
            part += word
            best = min(best, Levenshtein.distance(wanted, part))
            if len(part) >= 2 * len(wanted):
                break
    return best / len(wanted) if wanted else 0.0


def cer_with_spaces(reference: str, hypothesis: str) -> ErrorCounts:
    """Character errors, a single space between words counted as a character."""
    return count_errors(*(" ".join(_words(text)) for text in _marked(reference, hypothesis)))


def jamo_error_rate(reference: str, hypothesis: str) -> ErrorCounts:
    """Errors in letters: 강 for 감 is one of three wrong, not one of one."""
    return count_errors(
        *(to_jamo(normalize_for_scoring(text)) for text in _marked(reference, hypothesis))
    )


def wer(reference: str, hypothesis: str) -> ErrorCounts:
    """Errors in eojeol, the words between spaces."""
    return count_errors(*map(_words, _marked(reference, hypothesis)))


def swer(reference: str, hypothesis: str) -> ErrorCounts:
    """Space-normalised WER: errors in eojeol, the hypothesis spaced as the reference is.

    Spacing is a convention that writers of Korean keep unequally; Bang et al. 2020 (KsponSpeech)
    therefore move the spaces of the hypothesis to where the aligned reference has them.

    >>> wer("할 수 있다", "할수 있다").errors, swer("할 수 있다", "할수 있다").errors
    (2, 0)
    """
    first, second = _marked(reference, hypothesis)
    words = _words(first)
    return count_errors(words, _respaced(words, _words(second)))


def respaced(text: str, like: str) -> str:
    """`text` spaced as `like` is, where both align; punctuation goes.

    >>> respaced("거르면여섯시삼십분에", "걸으면 여섯 시 삼십 분에")
    '거르면 여섯 시 삼십 분에'
    """
    return " ".join(_respaced(_words(like), _words(text)))


def _respaced(reference: Sequence[str], hypothesis: Sequence[str]) -> list[str]:
    """The hypothesis cut into words where the aligned reference is; inserted words stay words."""
    owner = [i for i, word in enumerate(reference) for _ in word]
    written = [i for i, word in enumerate(hypothesis) for _ in word]
    text = "".join(hypothesis)
    # Of each character: the word of the reference that it belongs to, or the inserted word.
    labels: list[tuple[str, int] | None] = []
    for edit in Levenshtein.opcodes("".join(reference), text):
        for i in range(edit.dest_start, edit.dest_end):
            if edit.tag != "insert":
                labels.append(("reference", owner[edit.src_start + i - edit.dest_start]))
            elif edit.dest_start and written[edit.dest_start - 1] == written[i]:
                labels.append(labels[edit.dest_start - 1])
            elif edit.dest_end < len(text) and written[edit.dest_end] == written[i]:
                labels.append(None)  # the beginning of the word behind the insertion
            else:
                labels.append(("inserted", written[i]))
    for i in range(len(labels) - 2, -1, -1):
        labels[i] = labels[i] or labels[i + 1]
    return [
        "".join(c for _, c in run)
        for _, run in groupby(zip(labels, text, strict=True), itemgetter(0))
    ]


def _words(text: str) -> list[str]:
    return [bare for word in text.split() if (bare := normalize_for_scoring(word))]


MEASURES: dict[str, Callable[[str, str], ErrorCounts]] = {
    "cer": cer,
    "cer_with_spaces": cer_with_spaces,
    "jamo_error_rate": jamo_error_rate,
    "wer": wer,
    "swer": swer,
}


def all_scores(reference: str, hypothesis: str) -> dict[str, ErrorCounts]:
    """Every measure, by its name."""
    return {name: measure(reference, hypothesis) for name, measure in MEASURES.items()}


def total(counts: Iterable[ErrorCounts]) -> ErrorCounts:
    """Counts of a whole corpus: its rate is weighted by length."""
    return sum(counts, ErrorCounts())


class Interval(NamedTuple):
    """Bounds of a rate."""

    low: float
    high: float


def confidence_interval(
    counts: Sequence[ErrorCounts], level: float = 0.95, samples: int = 1000, seed: int = 42
) -> Interval:
    """Bounds of the corpus rate by bootstrap over utterances (Bisani and Ney 2004).

    Repeatable: the same counts and seed give the same bounds.

    >>> confidence_interval([ErrorCounts(10, 0, 0, 1)] * 50)
    Interval(low=0.1, high=0.1)

    Raises:
        UserError: if `level` is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise UserError(f"level {level}: expected a share between 0 and 1, such as 0.95")
    if not counts:
        return Interval(0.0, 0.0)

    errors = np.array([c.errors for c in counts], np.int64)
    lengths = np.array([c.reference_length for c in counts], np.int64)
    chance, rates = np.random.default_rng(seed), np.empty(samples)
    for i in range(samples):  # one at a time: all at once would take samples x utterances
        drawn = chance.integers(0, len(errors), len(errors))
        wrong, length = errors[drawn].sum(), lengths[drawn].sum()
        rates[i] = wrong / length if length else min(wrong, 1)
    tail = (1 - level) / 2
    low, high = np.quantile(rates, [tail, 1 - tail])
    return Interval(float(low), float(high))


def binomial_interval(errors: float, size: float, level: float = 0.95) -> Interval:
    """Bounds of a rate of `errors` in `size` by Clopper and Pearson (1934); `size` may be an
    effective one, no whole number.

    >>> low, high = binomial_interval(0, 20)
    >>> low, round(high, 3)
    (0.0, 0.168)
    """
    from scipy.stats import beta

    tail = (1 - level) / 2
    low = float(beta.ppf(tail, errors, size - errors + 1)) if errors > 0 else 0.0
    high = float(beta.ppf(1 - tail, errors + 1, size - errors)) if errors < size else 1.0
    return Interval(low, high)


class Best(NamedTuple):
    """The verbalisation that a hypothesis is nearest to."""

    text: str
    counts: ErrorCounts


def best_verbalisation(
    verbalisations: Sequence[str],
    hypothesis: str,
    measure: Callable[[str, str], ErrorCounts] = cer,
) -> Best:
    """Of the verbalisations of one text the one with the lowest rate; the first of equals.

    >>> best_verbalisation(["세 번", "삼 번"], "삼 번")
    Best(text='삼 번', counts=ErrorCounts(reference_length=2, insertions=0, deletions=0, substitutions=0))

    Raises:
        UserError: if there is no verbalisation.
    """
    if not verbalisations:
        raise ValueError("no verbalisation to compare the hypothesis with")
    scored = [
        Best(verbalisation, measure(verbalisation, hypothesis)) for verbalisation in verbalisations
    ]
    return min(scored, key=lambda best: best.counts.rate)


class Edit(NamedTuple):
    """A stretch of an alignment: `tag` is equal, replace, delete or insert."""

    tag: str
    reference: str
    hypothesis: str


def aligned(reference: str, hypothesis: str) -> list[Edit]:
    """Both texts, characters as they stand, cut into stretches that agree or differ.

    Joined, the stretches give back both texts: enough to colour a difference.

    >>> aligned("세 번 봤다", "세번 봤어")
    [Edit(tag='equal', reference='세', hypothesis='세'), Edit(tag='delete', reference=' ', hypothesis=''), \
Edit(tag='equal', reference='번 봤', hypothesis='번 봤'), Edit(tag='replace', reference='다', hypothesis='어')]
    """
    return [
        Edit(e.tag, reference[e.src_start : e.src_end], hypothesis[e.dest_start : e.dest_end])
        for e in Levenshtein.opcodes(reference, hypothesis)
    ]
