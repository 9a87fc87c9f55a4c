"""Where captions lie in a recording, from what a recogniser hears in all of it.

The characters heard (with their times) and the characters captioned are two sequences in
the same order, with parts of each missing in the other: speech that nobody captioned,
captions that nobody spoke.  Their minimum-edit alignment finds what they share, however
far the caption clock is off; what is shared anchors every utterance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

SYLLABLE_SEC = 0.25  # a slow syllable: how far an unmatched edge may reach


@dataclass(frozen=True)
class TimedCharacter:
    """A character that a recogniser heard, and when."""

    char: str
    time_sec: float


@dataclass(frozen=True)
class CaptionSpan:
    """What a caption says (normalize_for_scoring characters) and when it claims so."""

    chars: str
    start_sec: float
    end_sec: float


@dataclass(frozen=True)
class Window:
    """Where to look for an utterance.

    Attributes:
        matched: share of its characters found there, 0 to 1.
    """

    start_sec: float
    end_sec: float
    matched: float


def find_windows(
    heard: Sequence[TimedCharacter],
    captioned: Sequence[CaptionSpan],
    duration_sec: float,
    min_matched: float = 0.4,
    margin_sec: float = 0.6,
    search_sec: float = 2.0,
) -> list[Window]:
    """A window for every utterance, in order.

    Utterances of which at least `min_matched` was heard lie where it was heard; the others
    where their captions say, corrected by how far off the captions around them are, with
    `search_sec` on both sides.
    """
    anchors = _anchor(heard, captioned, min_matched)
    windows = []
    for i, (caption, anchor) in enumerate(zip(captioned, anchors, strict=True)):
        if anchor:
            start, end = anchor.start_sec - margin_sec, anchor.end_sec + margin_sec
            matched = anchor.matched
        else:
            offset = _local_offset(captioned, anchors, i)
            start = caption.start_sec + offset - search_sec
            end = caption.end_sec + offset + search_sec
            matched = 0.0
        start, end = max(0.0, start), min(duration_sec, end)
        windows.append(Window(start, max(start, end), matched))
    return windows


def _anchor(
    heard: Sequence[TimedCharacter], captioned: Sequence[CaptionSpan], min_matched: float
) -> list[Window | None]:
    text = "".join(c.chars for c in captioned)
    owner = np.repeat(np.arange(len(captioned)), [len(c.chars) for c in captioned])
    place = np.concatenate([np.arange(len(c.chars)) for c in captioned] or [np.zeros(0, int)])
    found: list[list[tuple[int, float]]] = [[] for _ in captioned]
    for block in Levenshtein.opcodes(text, "".join(h.char for h in heard)):
        if block.tag != "equal":
            continue
        for k in range(block.src_end - block.src_start):
            i = block.src_start + k
            found[owner[i]].append((int(place[i]), heard[block.dest_start + k].time_sec))
    return [
        _spanned(caption, matches, min_matched)
        for caption, matches in zip(captioned, found, strict=True)
    ]


def _spanned(
    caption: CaptionSpan, matches: list[tuple[int, float]], min_matched: float
) -> Window | None:
    """The stretch that an utterance's matches lie in, stray ones left out."""
    length = len(caption.chars)
    if not matches:
        return None
    # Where the utterance would begin, judged from each match; strays disagree with the rest.
    begins = np.array([time - place * 0.6 * SYLLABLE_SEC for place, time in matches])
    reach = max(2.0, 0.5 * length * SYLLABLE_SEC)
    kept = [
        m
        for m, begin in zip(matches, begins, strict=True)
        if abs(begin - np.median(begins)) <= reach
    ]
    if len(kept) < min_matched * length:
        return None
    (first, start), (last, end) = kept[0], kept[-1]
    start -= first * SYLLABLE_SEC
    end += (length - 1 - last) * SYLLABLE_SEC
    return Window(start, end, len(kept) / length)


def _local_offset(
    captioned: Sequence[CaptionSpan], anchors: Sequence[Window | None], i: int, neighbours: int = 6
) -> float:
    """How much later than captioned the utterances around i lie, seconds; 0 if unknown."""
    near = sorted((j for j, a in enumerate(anchors) if a), key=lambda j: abs(j - i))[:neighbours]
    offsets = [_middle(anchors[j]) - _middle(captioned[j]) for j in near]
    return float(np.median(offsets)) if offsets else 0.0


def _middle(span: Window | CaptionSpan | None) -> float:
    assert span is not None
    return (span.start_sec + span.end_sec) / 2
