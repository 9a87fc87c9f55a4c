"""Word times of a text that somebody has changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import normalize_for_scoring

MIN_WORD_SEC = 0.02  # no word is shorter


def realigned(cut: Cut, words: Sequence[str], score: float = 0.0) -> list[list[object]]:
    """Word times (text, start, duration, score) of another text: kept where the words are the same.

    A run of changed words takes the time of the run it replaces, with `score` for each.
    """
    from rapidfuzz.distance import Levenshtein

    old = cut["supervisions"][0].get("alignment", {}).get("word", [])
    names = [normalize_for_scoring(word[0]) for word in old]
    result: list[list[object]] = []
    for op in Levenshtein.opcodes(names, [normalize_for_scoring(word) for word in words]):
        if op.tag == "equal":
            for i, j in zip(
                range(op.src_start, op.src_end), range(op.dest_start, op.dest_end), strict=True
            ):
                result.append([words[j], *old[i][1:]])
            continue
        new = words[op.dest_start : op.dest_end]
        if not new:
            continue
        start, end = _span(cut, old, op.src_start, op.src_end)
        step = (end - start) / len(new)
        result += [
            [w, round(start + i * step, 4), round(step, 4), score] for i, w in enumerate(new)
        ]
    return _with_room(result)


def _with_room(words: list[list[Any]]) -> list[list[object]]:
    """Words put where there was no gap share the time of the word before them (or behind)."""
    result: list[list[Any]] = []
    for word in words:
        if word[2] < MIN_WORD_SEC and result:
            result[-1] = [*result[-1], word]  # to be shared out below
        else:
            result.append(word)
    shared: list[list[object]] = []
    for word, start, length, score, *more in result:
        step = length / (1 + len(more))
        shared.append([word, start, round(step, 4), score if not more else 0.0])
        shared += [
            [w[0], round(start + (i + 1) * step, 4), round(step, 4), 0.0]
            for i, w in enumerate(more)
        ]
    if len(shared) > 1 and float(str(shared[0][2])) < MIN_WORD_SEC:
        first, second = shared[:2]
        end = float(str(second[1])) + float(str(second[2]))
        half = (end - float(str(first[1]))) / 2
        shared[:2] = [
            [first[0], first[1], round(half, 4), 0.0],
            [second[0], round(end - half, 4), round(half, 4), 0.0],
        ]
    return shared


def _span(cut: Cut, old: Sequence[list[float]], first: int, last: int) -> tuple[float, float]:
    """Start and end, in the cut, of the words first..last; of the gap there if there are none."""
    if first < last:
        return old[first][1], old[last - 1][1] + old[last - 1][2]
    start = old[first - 1][1] + old[first - 1][2] if first else 0.0
    end = old[first][1] if first < len(old) else cut["duration"]
    return start, max(end, start)
