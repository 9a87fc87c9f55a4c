"""How sure each word of a cut is, so that a reviewer looks and listens at the right place."""

from __future__ import annotations

import math
from dataclasses import dataclass

from echoharvester.manifests.shards import Cut

DOUBTFUL = 0.05  # the least probable token of a word, given the sound; true words rarely have less
MISFIT = 0.3  # mean probability of a word's characters, where nothing better is known
MAX_NAMED = 4


@dataclass(frozen=True)
class SpokenWord:
    """A word of a cut.

    Attributes:
        start_sec, end_sec: in the cut.
        sure: 0 to 1.
        doubtful: whether a reviewer should look at it.
    """

    text: str
    start_sec: float
    end_sec: float
    sure: float
    doubtful: bool


def spoken_words(cut: Cut) -> list[SpokenWord]:
    """The words of a cut with their times; none where they were not aligned."""
    words = (
        cut["supervisions"][0].get("alignment", {}).get("word", ()) if cut["supervisions"] else ()
    )
    tokens = cut["custom"].get("word_log_probs", ())
    found = []
    for k, (text, start, duration, *score) in enumerate(words):
        if len(tokens) == len(words) and tokens[k]:
            sure, limit = math.exp(min(tokens[k])), DOUBTFUL
        else:
            sure, limit = float(score[0]) if score else 1.0, MISFIT
        found.append(
            SpokenWord(
                str(text), float(start), float(start + duration), round(sure, 3), sure < limit
            )
        )
    return found


def doubt_cell(cut: Cut) -> str:
    """The doubtful words, the least sure first: "바다에서 1 %; 우산을 4 %"."""
    doubtful = sorted((w for w in spoken_words(cut) if w.doubtful), key=lambda word: word.sure)
    return "; ".join(f"{w.text} {100 * w.sure:.0f} %" for w in doubtful[:MAX_NAMED])
