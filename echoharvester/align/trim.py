"""The part of an utterance that fits, where the rest does not.

A caption with two wrong words in it still holds a dozen right ones.  Where words clearly
do not fit, the best contiguous run of eojeol is kept instead of losing all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from echoharvester.align.base import AlignedWord, Alignment, Evidence
from echoharvester.align.recutting import same_border

MISFIT_SCORE = 0.25  # a word below this was not said
NEUTRAL_SCORE = 0.5  # words above this lengthen a run, words below it cost
MIN_RUN_SCORE = 0.75  # mean over the characters of a run
MIN_WORDS, MIN_CHARS = 3, 6  # shorter runs fit by chance


def trimmed(alignment: Alignment) -> Alignment:
    """The best run of words; the alignment itself where all fits or nothing does, or where what a
    recogniser says of the text has no border there.

    >>> words = [AlignedWord(w, 0, 1, s) for w, s in zip("옛날 아주 먼 옛날 호랑이가".split(),
    ...          (0.1, 0.9, 0.9, 0.9, 0.9))]
    >>> trimmed(Alignment("옛날 아주 먼 옛날 호랑이가", tuple(words), 0.7)).text
    '아주 먼 옛날 호랑이가'
    """
    if all(word.score >= MISFIT_SCORE for word in alignment.words):
        return alignment
    first, stop = _best_run(alignment.words)
    run = alignment.words[first:stop]
    if run == alignment.words:  # what fits around a doubtful word outweighs it
        return alignment
    chars = sum(len(word.text) for word in run)
    if len(run) < MIN_WORDS or chars < MIN_CHARS:
        return alignment
    score = sum(len(word.text) * word.score for word in run) / chars
    if score < MIN_RUN_SCORE:
        return alignment
    evidence = alignment.evidence
    if evidence:
        begin, end = (_place(alignment, word, evidence) for word in (first, stop))
        if begin is None or end is None:
            return alignment
        evidence = evidence.part(begin, end)
    text = " ".join(word.text for word in run)
    return replace(alignment, text=text, words=run, score=score, evidence=evidence)


def _place(alignment: Alignment, word: int, evidence: Evidence) -> int | None:
    """Where the border in front of a word lies in the text as the recogniser writes it."""
    if word in (0, len(alignment.words)):
        return word and len(evidence.words)
    return same_border([w.text for w in alignment.words], word, evidence.words)


def _best_run(words: Sequence[AlignedWord]) -> tuple[int, int]:
    """The run with the largest sum of scores above neutral, weighted by length (Kadane)."""
    best, best_run = 0.0, (0, 0)
    total, first = 0.0, 0
    for i, word in enumerate(words):
        if total <= 0.0:
            total, first = 0.0, i
        total += len(word.text) * (word.score - NEUTRAL_SCORE)
        if total > best:
            best, best_run = total, (first, i + 1)
    return best_run
