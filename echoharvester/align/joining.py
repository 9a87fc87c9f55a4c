"""Utterances between which nobody pauses, joined: captions break where a line is full.

Only what seems to be said is joined, so that a caption that nobody spoke takes no neighbour with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from echoharvester.align.base import Alignment
from echoharvester.manifests.cuts import speaker_of, text_of, with_custom, with_supervision
from echoharvester.manifests.shards import Cut

MAX_GAP_SEC = 0.12  # a longer one is a pause that a listener hears
MIN_SCORE, MIN_LOG_PROB = 0.5, -6.0  # of what seems to be said
MAX_VERBALISATIONS = 16
TEXT_FIELDS = ("text_raw", "text_orthographic")


@dataclass(frozen=True)
class Found:
    """An utterance that was aligned.

    Attributes:
        index: of its cut in the media item.
        whole: its text before it was trimmed; "" where it was not.
        absorbed: of the cuts whose words it has as well.
        sizes: how many of its words are of each of its captions.
    """

    index: int
    cut: Cut
    alignment: Alignment
    whole: str = ""
    words_trimmed: int = 0
    absorbed: tuple[int, ...] = ()
    sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.sizes:
            object.__setattr__(self, "sizes", (len(self.alignment.words),))

    @property
    def duration_sec(self) -> float:
        """From the first word to the last."""
        return self.alignment.words[-1].end_sec - self.alignment.words[0].start_sec


def joined(found: Sequence[Found], max_sec: float) -> list[Found]:
    """The utterances, in order of their captions, where nobody pauses between two, as one.

    Args:
        max_sec: no joined one is longer.
    """
    result: list[Found] = []
    for one in found:
        last = result[-1] if result else None
        fits = last and follows_at_once(last, one) and _span_sec(last, one) <= max_sec
        if last and fits and all(map(seems_said, (last, one))):
            result[-1] = _as_one(last, one)
        else:
            result.append(one)
    return result


def follows_at_once(before: Found, after: Found) -> bool:
    """Whether one caption follows the other, both lie where they seem to be said, nobody pauses, and
    captions tell of no other speaker."""
    gap = after.alignment.words[0].start_sec - before.alignment.words[-1].end_sec
    return (
        max((before.index, *before.absorbed)) + 1 == after.index
        and not (before.whole or after.whole)
        and after.cut["custom"].get("turn") != "begins"
        and speaker_of(after.cut) in ("", speaker_of(before.cut))
        and -MAX_GAP_SEC <= gap < MAX_GAP_SEC
        and min(before.alignment.score, after.alignment.score) >= MIN_SCORE
    )


def _span_sec(before: Found, after: Found) -> float:
    return after.alignment.words[-1].end_sec - before.alignment.words[0].start_sec


def seems_said(one: Found) -> bool:
    """Whether every word is as probable as where a recogniser merely mishears; without evidence so."""
    evidence = one.alignment.evidence
    return evidence is None or evidence.min_log_prob >= MIN_LOG_PROB


def _as_one(before: Found, after: Found) -> Found:
    a, b = before.alignment, after.alignment
    chars = [sum(len(word.text) for word in part.words) for part in (a, b)]
    alignment = replace(
        a,
        text=f"{a.text} {b.text}",
        words=(*a.words, *b.words),
        score=(a.score * chars[0] + b.score * chars[1]) / sum(chars),
        evidence=a.evidence + b.evidence if a.evidence and b.evidence else None,
    )
    absorbed = (*before.absorbed, after.index, *after.absorbed)
    cut = _cut_of_both(before.cut, after.cut)
    sizes = (*before.sizes, *after.sizes)
    return Found(before.index, cut, alignment, absorbed=absorbed, sizes=sizes)


def _cut_of_both(before: Cut, after: Cut) -> Cut:
    """The cut of the first, with the captions of both."""
    a, b = before["custom"], after["custom"]
    fields: dict[str, Any] = {name: f"{a[name]} {b[name]}" for name in TEXT_FIELDS if name in a}
    if any("text_candidates" in custom for custom in (a, b)):
        pairs = [
            " ".join(pair) for pair in product(verbalisations_of(before), verbalisations_of(after))
        ]
        fields["text_candidates"] = pairs[:MAX_VERBALISATIONS]
    ids = [*a.get("joined", ()), after["id"], *b.get("joined", ())]
    one = with_supervision(before, text=f"{text_of(before)} {text_of(after)}")
    return with_custom(one, **fields, caption_end_sec=b["caption_end_sec"], joined=ids)


def verbalisations_of(cut: Cut) -> list[str]:
    """The spoken forms of its text that are open."""
    return cut["custom"].get("text_candidates") or [text_of(cut)]
