"""How far something is: a bar where somebody looks on, a line a minute in a log."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from tqdm import tqdm

LINE_SEC = 60.0


class _Lines:
    """What a bar writes over itself, as lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if line := text.strip():
            self._stream.write(line + "\n")
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def bar(*of: Any, **options: Any) -> tqdm:
    """A progress bar on stderr, `tqdm` with its arguments; without a terminal a line at the start, one a
    minute and one at the end.

    >>> [n for n in bar([1, 2], desc="counting")]
    [1, 2]
    """
    if sys.stderr.isatty():
        return tqdm(*of, **options)
    rarely = {
        **options,
        "mininterval": LINE_SEC,
        "maxinterval": LINE_SEC,
        "file": _Lines(sys.stderr),
    }
    return tqdm(*of, **rarely)
