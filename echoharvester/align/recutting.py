"""Borders between utterances, moved to where somebody pauses.

A caption that is too long was cut at words before anybody had listened.  Once its words lie in the
sound, those between such a cut and the nearest pause change sides; ids stay, and no word is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, product
from typing import Any

from rapidfuzz.distance import Levenshtein

from echoharvester.align.base import AlignedWord, Alignment, Evidence
from echoharvester.align.joining import (
    MAX_GAP_SEC,
    MAX_VERBALISATIONS,
    MIN_LOG_PROB,
    TEXT_FIELDS,
    Found,
    follows_at_once,
    seems_said,
    verbalisations_of,
)
from echoharvester.manifests.cuts import text_of, with_custom, with_supervision
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import normalize_for_scoring

MIN_PART_SEC = 1.0  # no utterance gets shorter by it
MIN_MOVED_CHARS = 2  # a syllable alone beside a pause may lie on its other side


def recut(found: Sequence[Found], max_sec: float) -> list[Found]:
    """The utterances, in order of their captions, with borders at pauses where there are any near.

    A border moves within the two captions that it parts, over words that seem to be said, and
    where all that is known of them can be parted, too: as captioned, as written, as read, as heard.
    What has words that seem not to be said, and may be rejected for them, takes none of a neighbour.

    Args:
        max_sec: none gets longer than this by it.
    """
    result = list(found)
    for i in range(len(result) - 1):
        if _are_of_one_run(result[i], result[i + 1]) and follows_at_once(result[i], result[i + 1]):
            result[i], result[i + 1] = _recut(result[i], result[i + 1], max_sec)
    return result


def _are_of_one_run(before: Found, after: Found) -> bool:
    """Whether captions show no time between both, as where stage 3 cut a cue, or where cues are shown
    until the next one.

    Where they do, whoever made them has heard the border.
    """
    end, start = before.cut["custom"]["caption_end_sec"], after.cut["custom"]["caption_start_sec"]
    return bool(abs(end - start) < 0.002)


def _recut(before: Found, after: Found, max_sec: float) -> tuple[Found, Found]:
    words = (*before.alignment.words, *after.alignment.words)
    border = len(before.alignment.words)
    longest = [max(max_sec, one.duration_sec) for one in (before, after)]

    def is_pause(k: int) -> bool:
        parts = _duration_sec(words[:k]), _duration_sec(words[k:])
        giver, taker = (before, after) if k < border else (after, before)
        return (
            words[k].start_sec - words[k - 1].end_sec >= MAX_GAP_SEC
            and sum(len(word.text) for word in words[min(k, border) : max(k, border)])
            >= MIN_MOVED_CHARS
            and min(parts) >= MIN_PART_SEC
            and all(part <= limit for part, limit in zip(parts, longest, strict=True))
            and (seems_said(taker) or not seems_said(giver))
        )

    own = before.sizes[-1]
    if len(before.sizes) == 1:  # words that came over its other border are not its caption's
        own += min(0, before.cut["custom"].get("start_moved", 0))
    near = range(border - own + 1, border + after.sizes[0])
    pauses = [k for k in near if k != border and is_pause(k)]
    for k in sorted(pauses, key=lambda k: abs(words[k].start_sec - words[border].start_sec)):
        parted = _parted(before, after, k)
        if parted:
            return parted
    return before, after


def _duration_sec(words: Sequence[AlignedWord]) -> float:
    return words[-1].end_sec - words[0].start_sec


def _parted(before: Found, after: Found, k: int) -> tuple[Found, Found] | None:
    """Both, parted in front of word `k` of all their words; None where a text has no border there."""
    words = (*before.alignment.words, *after.alignment.words)
    texts = [word.text for word in words]
    cuts = _cuts(before.cut, after.cut, texts, k)
    evidence = _evidence(before.alignment, after.alignment, texts, k)
    if cuts is None or evidence is None:
        return None
    border = len(before.alignment.words)
    shift = words[k].start_sec - words[border].start_sec
    sizes = (
        (*before.sizes[:-1], before.sizes[-1] + k - border),
        (after.sizes[0] + border - k, *after.sizes[1:]),
    )
    a, b = (
        _with_times(cuts[0], "end", shift, k - border),
        _with_times(cuts[1], "start", shift, k - border),
    )
    return (
        replace(before, cut=a, alignment=_alignment(words[:k], evidence[0]), sizes=sizes[0]),
        replace(after, cut=b, alignment=_alignment(words[k:], evidence[1]), sizes=sizes[1]),
    )


def _alignment(words: tuple[AlignedWord, ...], evidence: Evidence | None) -> Alignment:
    chars = sum(len(word.text) for word in words)
    score = sum(len(word.text) * word.score for word in words) / chars
    return Alignment(" ".join(word.text for word in words), words, score, evidence)


def _with_times(cut: Cut, edge: str, shift_sec: float, words: int) -> Cut:
    """The cut whose caption begins or ends so much later, by so many words."""
    custom = cut["custom"]
    moved = custom[f"caption_{edge}_sec"] + shift_sec
    if edge == "end":
        moved = max(moved, custom["caption_start_sec"] + 0.01)
    else:
        moved = max(0.0, min(moved, custom["caption_end_sec"] - 0.01))
    total = custom.get(f"{edge}_moved", 0) + words
    return with_custom(cut, **{f"caption_{edge}_sec": round(moved, 3), f"{edge}_moved": total})


def _cuts(before: Cut, after: Cut, words: Sequence[str], k: int) -> tuple[Cut, Cut] | None:
    """The cuts with the texts that they have once they are parted in front of word `k`."""
    a, b = before["custom"], after["custom"]
    fields: tuple[dict[str, Any], dict[str, Any]] = {}, {}
    said = _text_parted(words, k, f"{text_of(before)} {text_of(after)}")
    if said is None:
        return None
    for name in TEXT_FIELDS:
        if name in a and name in b:
            parts = _text_parted(words, k, f"{a[name]} {b[name]}")
            if parts is None:
                return None
            for side, part in zip(fields, parts, strict=True):
                side[name] = part
    if any("text_candidates" in custom for custom in (a, b)):
        pairs = product(verbalisations_of(before), verbalisations_of(after))
        parted = [_text_parted(words, k, " ".join(pair)) for pair in pairs]
        if None in parted:
            return None
        for side, texts in zip(fields, zip(*filter(None, parted), strict=True), strict=True):
            side["text_candidates"] = list(dict.fromkeys(texts))[:MAX_VERBALISATIONS]
    first, second = (
        with_custom(with_supervision(cut, text=text), **side)
        for cut, text, side in zip((before, after), said, fields, strict=True)
    )
    return first, second


def _text_parted(words: Sequence[str], k: int, text: str) -> tuple[str, str] | None:
    others = text.split()
    place = same_border(words, k, others)
    return None if place is None else (" ".join(others[:place]), " ".join(others[place:]))


def _evidence(
    a: Alignment, b: Alignment, words: Sequence[str], k: int
) -> tuple[Evidence | None, Evidence | None] | None:
    """What is known of either part; None where it has no border there, or the words that change
    sides, or one beside them, seem not to be said."""
    if a.evidence is None and b.evidence is None:
        return None, None
    if a.evidence is None or b.evidence is None:
        return None
    both = a.evidence + b.evidence
    asked, heard = (same_border(words, k, side) for side in (both.words, both.heard))
    if asked is None or heard is None:
        return None
    first, last = sorted((asked, len(a.evidence.words)))
    touched = both.log_probs[first - 1 : last + 1]
    if min(map(min, touched)) < MIN_LOG_PROB:
        return None
    return both.parted(asked, heard)


def same_border(words: Sequence[str], k: int, others: Sequence[str]) -> int | None:
    """Where the border in front of word `k` lies in another writing of the same words.

    Returns the number of `others` in front of it; None where it lies inside one of them, at either
    end of them, or where what was written there has nothing in common.

    >>> same_border("오늘은 이천삼 년 오월".split(), 1, "오늘은 2003년 5월".split())
    1
    >>> same_border("오늘은 이천삼 년 오월".split(), 2, "오늘은 2003년 5월".split())
    """
    plain, other = ([normalize_for_scoring(word) for word in side] for side in (words, others))
    place = sum(map(len, plain[:k]))
    ends = list(accumulate(map(len, other)))
    found = {
        i + 1
        for dest in _places("".join(plain), "".join(other), place)
        for i, end in enumerate(ends[:-1])
        if end == dest
    }
    return max(found, default=None)  # marks that nobody says stay with the word in front


def _places(text: str, other: str, place: int) -> Iterator[int]:
    """Where in `other` a place of `text` may lie by their minimum-edit alignment."""
    for block in Levenshtein.opcodes(text, other):
        if block.src_start <= place <= block.src_end:
            if block.tag == "equal":
                yield block.dest_start + place - block.src_start
            elif block.tag == "delete":
                yield block.dest_start
            elif block.tag == "insert":
                yield from (block.dest_start, block.dest_end)
            elif place in (block.src_start, block.src_end):
                yield block.dest_start if place == block.src_start else block.dest_end
