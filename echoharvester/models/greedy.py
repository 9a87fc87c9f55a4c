"""Greedy CTC decoding: the best token of every frame, repeats and blanks removed."""

from __future__ import annotations

import numpy as np

from echoharvester.text.tokenizers import BLANK_ID


def greedy_path(best: np.ndarray) -> tuple[list[int], list[int]]:
    """Token ids and the frames they begin at, from the best token of every frame (T,).

    >>> greedy_path(np.array([0, 5, 5, 0, 5, 7]))
    ([5, 5, 7], [1, 4, 5])
    """
    changed = np.flatnonzero(np.diff(best, prepend=BLANK_ID))
    kept = [int(i) for i in changed if best[i] != BLANK_ID]
    return [int(best[i]) for i in kept], kept


def greedy_ids(best: np.ndarray) -> list[int]:
    """Token ids alone."""
    return greedy_path(best)[0]


def min_frames(ids: list[int]) -> int:
    """Fewest frames a CTC path through `ids` takes: one each, and a blank between equals."""
    return len(ids) + sum(a == b for a, b in zip(ids, ids[1:], strict=False))
