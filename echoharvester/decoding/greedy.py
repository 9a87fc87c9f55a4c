"""Greedy CTC decoding: the best token of every frame, repeats and blanks removed."""

from __future__ import annotations

import numpy as np

from echoharvester.text.tokenizers import BLANK_ID


def greedy_ids(best: np.ndarray) -> list[int]:
    """Token ids of one utterance from its best token a frame (T,).

    >>> greedy_ids(np.array([0, 5, 5, 0, 5, 7]))
    [5, 5, 7]
    """
    changed = np.flatnonzero(np.diff(best, prepend=BLANK_ID))
    return [int(token) for token in best[changed] if token != BLANK_ID]
