"""Where words and utterances begin and end.

A CTC path says inside which 40 ms a word certainly is (its core); where it begins and ends
is told by the loudness between two cores: a pause, or the quietest point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from echoharvester.align.base import AlignedWord, Alignment, BoundaryConfig
from echoharvester.audio.pauses import HOP_SEC, Loudness

DIP_REACH_SEC = 0.04  # how far the quietest point may lie from where the path says
DIP_COST_DB = 2.0  # that the quietest point must gain to lie that far
DIP_LATE_SEC = 0.01  # the dip between two words lies a little inside the second
CORE_MARGIN_SEC = 0.04  # a pause may reach this far into the core that follows: peaks are early
MAX_SYLLABLE_SEC, WORD_SEC = 0.6, 0.4  # a word longer than its syllables and this is stretched
MIN_SYLLABLE_SEC = 0.03
MAX_QUIET_SHARE = 0.75
MIN_EDGE_SEC = 0.05  # of every syllable of a word, which is not cut shorter
LOUD_PAD_SEC = 0.05  # padding where no stillness is heard: the word may begin earlier


def place_words(
    alignments: Sequence[Alignment | None], loudness: Loudness, config: BoundaryConfig
) -> list[Alignment | None]:
    """Alignments whose words are cores, to alignments whose words have true boundaries.

    Words that have no length, are stretched, or lie in silence get the score 0; an
    utterance's score falls in proportion.
    """
    cores = sorted(
        (w.start_sec, w.end_sec, i, k)
        for i, alignment in enumerate(alignments)
        if alignment
        for k, w in enumerate(alignment.words)
    )
    placed: list[dict[int, tuple[float, float]]] = [{} for _ in alignments]
    times = _boundaries([core[:2] for core in cores], loudness, config)
    for (_, _, i, k), span in zip(cores, times, strict=True):
        placed[i][k] = span
    return [
        _placed(alignment, [spans[k] for k in range(len(spans))], loudness) if alignment else None
        for alignment, spans in zip(alignments, placed, strict=True)
    ]


def _boundaries(
    cores: Sequence[tuple[float, float]], loudness: Loudness, config: BoundaryConfig
) -> list[tuple[float, float]]:
    """Start and end of each word, from cores in order of time."""
    starts, ends = [], []
    for i in range(len(cores) + 1):
        left = cores[i - 1][1] if i > 0 else None
        right = cores[i][0] if i < len(cores) else None
        end, start = _between(left, right, loudness, config)
        if left is not None:
            ends.append(end)
        if right is not None:
            starts.append(start)
    return [(a, max(b, a + HOP_SEC)) for a, b in zip(starts, ends, strict=True)]


def _between(
    left: float | None, right: float | None, loudness: Loudness, config: BoundaryConfig
) -> tuple[float, float]:
    """The end of the word whose core ends at `left`, the start of that whose core begins at
    `right`; None where there is no word."""
    if left is not None and right is not None and right - left <= 2 * config.reach_sec:
        pauses = _pauses(loudness, left, right + CORE_MARGIN_SEC, config)
        if pauses:
            return max(pauses, key=lambda pause: pause[1] - pause[0])
        border = _dip(loudness, left, max(left, right - config.lead_sec), right)
        return border, border
    end = start = 0.0
    if left is not None:
        pauses = _pauses(loudness, left, left + config.reach_sec, config)
        end = pauses[0][0] if pauses else left + config.tail_sec
    if right is not None:
        pauses = _pauses(loudness, right - config.reach_sec, right + CORE_MARGIN_SEC, config)
        start = pauses[-1][1] if pauses else max(0.0, right - config.lead_sec)
    return end, start


def _pauses(
    loudness: Loudness, start_sec: float, end_sec: float, config: BoundaryConfig
) -> list[tuple[float, float]]:
    runs = loudness.quiet_runs(start_sec, end_sec)
    return [(a, b) for a, b in runs if b - a >= config.min_pause_sec - 1e-6]


def _dip(loudness: Loudness, left: float, guess: float, right: float) -> float:
    """The quietest point near a guess, between two cores."""
    first = round(max(left, guess - DIP_REACH_SEC) / HOP_SEC)
    stop = round(min(right, guess + DIP_REACH_SEC) / HOP_SEC) + 1
    db = loudness.db[first:stop]
    if len(db) < 2:
        return guess
    distance = (np.arange(first, first + len(db)) - guess / HOP_SEC) * HOP_SEC / DIP_REACH_SEC
    best = first + int(np.argmin(db + DIP_COST_DB * distance**2))
    return max(left, best * HOP_SEC - DIP_LATE_SEC)


def _placed(
    alignment: Alignment, spans: Sequence[tuple[float, float]], loudness: Loudness
) -> Alignment:
    words = tuple(
        replace(word, start_sec=start, end_sec=end, score=word.score * _credible(word, start, end, loudness))
        for word, (start, end) in zip(alignment.words, spans, strict=True)
    )  # fmt: skip
    sizes = np.array([len(word.text) for word in words])
    before = float(np.dot(sizes, [w.score for w in alignment.words]))
    after = float(np.dot(sizes, [w.score for w in words]))
    return replace(
        alignment, words=words, score=alignment.score * (after / before if before > 0 else 0.0)
    )


def _credible(word: AlignedWord, start_sec: float, end_sec: float, loudness: Loudness) -> bool:
    """Whether a word could have been spoken in this time."""
    duration, syllables = end_sec - start_sec, len(word.text)
    return (
        MIN_SYLLABLE_SEC * syllables <= duration <= MAX_SYLLABLE_SEC * syllables + WORD_SEC
        and loudness.quiet_share(start_sec, end_sec) <= MAX_QUIET_SHARE
    )


def within_speech(alignment: Alignment, regions: np.ndarray) -> Alignment:
    """The alignment whose first word begins, and whose last word ends, where a voice is heard.

    Breath, echo and rustling are loud, but no speech: only a VAD tells them apart.

    Args:
        regions: (num_regions, 2) seconds of speech, see `audio.vad.speech_regions`.
    """
    first, last = alignment.words[0], alignment.words[-1]
    begins = regions[:, 0][(regions[:, 0] > first.start_sec) & (regions[:, 0] < first.end_sec)]
    ends = regions[:, 1][(regions[:, 1] > last.start_sec) & (regions[:, 1] < last.end_sec)]
    start = float(begins[-1]) if len(begins) else first.start_sec
    end = float(ends[0]) if len(ends) else last.end_sec
    words = list(alignment.words)
    if first.end_sec - start >= MIN_EDGE_SEC * len(first.text):
        words[0] = replace(words[0], start_sec=start)
    if end - words[-1].start_sec >= MIN_EDGE_SEC * len(last.text):
        words[-1] = replace(words[-1], end_sec=end)
    return replace(alignment, words=tuple(words))


def safe_spans(
    spans: Sequence[tuple[float, float]],
    words: Sequence[AlignedWord],
    loudness: Loudness,
    pad_sec: float,
    duration_sec: float,
) -> list[tuple[float, float]]:
    """Spans of utterances, each with up to `pad_sec` of the stillness around it.

    Padding never goes past the middle of the gap to another of `words`, all that were
    aligned, nor into other sound, whether captioned or not.
    """
    starts = np.sort([word.start_sec for word in words])
    ends = np.sort([word.end_sec for word in words])
    result = []
    for start, end in spans:
        num_before = int(np.searchsorted(ends, start + HOP_SEC / 2))
        num_after = int(np.searchsorted(starts, end - HOP_SEC / 2))
        low = (ends[num_before - 1] + start) / 2 if num_before else 0.0
        high = (starts[num_after] + end) / 2 if num_after < len(starts) else duration_sec
        before = max(loudness.still_before(start, pad_sec), min(pad_sec, LOUD_PAD_SEC))
        after = max(loudness.still_after(end, pad_sec), min(pad_sec, LOUD_PAD_SEC))
        result.append((max(start - before, low, 0.0), min(end + after, high, duration_sec)))
    return result
