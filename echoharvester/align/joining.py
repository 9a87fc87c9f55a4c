"""Utterances between which nobody pauses, joined: captions break where a line is full.

Only what seems to be said is joined, so that a caption that nobody spoke takes no neighbour with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from echoharvester.align.base import Alignment, Evidence
from echoharvester.manifests.cuts import with_custom
from echoharvester.manifests.shards import Cut

MAX_GAP_SEC = 0.12  # a longer one is a pause that a listener hears
MIN_SCORE, MIN_LOG_PROB = 0.5, -6.0  # of what seems to be said
MAX_VERBALISATIONS = 16


@dataclass(frozen=True)
class Found:
    """An utterance that was aligned.

    Attributes:
        index: of its cut in the media item.
        whole: its text before it was trimmed; "" where it was not.
        absorbed: of the cuts whose words it has as well.
    """

    index: int
    cut: Cut
    alignment: Alignment
    whole: str = ""
    words_trimmed: int = 0
    absorbed: tuple[int, ...] = ()


def joined(found: Sequence[Found], max_sec: float) -> list[Found]:
    """The utterances, in order of their captions, where nobody pauses between two, as one.

    Args:
        max_sec: no joined one is longer.
    """
    result: list[Found] = []
    for one in found:
        if result and _belong_together(result[-1], one, max_sec):
            result[-1] = _as_one(result[-1], one)
        else:
            result.append(one)
    return result


def _belong_together(before: Found, after: Found, max_sec: float) -> bool:
    last, first = before.alignment.words[-1], after.alignment.words[0]
    start, end = before.alignment.words[0].start_sec, after.alignment.words[-1].end_sec
    next_to = max((before.index, *before.absorbed)) + 1 == after.index
    return (
        next_to
        and not (before.whole or after.whole)
        and -MAX_GAP_SEC <= first.start_sec - last.end_sec < MAX_GAP_SEC
        and end - start <= max_sec
        and _seems_said(before.alignment)
        and _seems_said(after.alignment)
    )


def _seems_said(alignment: Alignment) -> bool:
    sure = alignment.evidence is None or alignment.evidence.min_log_prob >= MIN_LOG_PROB
    return sure and alignment.score >= MIN_SCORE


def _as_one(before: Found, after: Found) -> Found:
    a, b = before.alignment, after.alignment
    sizes = [sum(len(word.text) for word in part.words) for part in (a, b)]
    alignment = replace(
        a,
        text=f"{a.text} {b.text}",
        words=(*a.words, *b.words),
        score=(a.score * sizes[0] + b.score * sizes[1]) / sum(sizes),
        evidence=_both(a.evidence, b.evidence),
    )
    absorbed = (*before.absorbed, after.index, *after.absorbed)
    cut = _cut_of_both(before.cut, after.cut)
    return Found(before.index, cut, alignment, absorbed=absorbed)


def _both(a: Evidence | None, b: Evidence | None) -> Evidence | None:
    if a is None or b is None:
        return None
    return Evidence(
        a.words + b.words,
        a.log_probs + b.log_probs,
        a.heard + b.heard,
        a.heard_log_probs + b.heard_log_probs,
    )


def _cut_of_both(before: Cut, after: Cut) -> Cut:
    """The cut of the first, with the captions of both."""
    a, b = before["custom"], after["custom"]
    fields: dict[str, Any] = {
        name: f"{a[name]} {b[name]}" for name in ("text_raw", "text_orthographic") if name in a
    }
    texts = [
        custom.get("text_candidates") or [cut["supervisions"][0]["text"]]
        for custom, cut in ((a, before), (b, after))
    ]
    if any("text_candidates" in custom for custom in (a, b)):
        pairs = [" ".join(pair) for pair in product(*texts)]
        fields["text_candidates"] = pairs[:MAX_VERBALISATIONS]
    ids = [*a.get("joined", ()), after["id"], *b.get("joined", ())]
    return with_custom(before, **fields, caption_end_sec=b["caption_end_sec"], joined=ids)
