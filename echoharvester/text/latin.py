"""Latin words and letters read out in Korean."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

_NAMES = "에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트"
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", _NAMES.split(), strict=True))

Lexicon = dict[str, tuple[str, ...]]


def read_lexicon(text: str) -> Lexicon:
    """A TSV of words and readings, lower-cased: `iphone<TAB>아이폰`, several split by `|`."""
    entries = (line.split("\t") for line in text.splitlines() if line and line[0] != "#")
    return {word.casefold(): tuple(readings.split("|")) for word, readings in entries}


@lru_cache(maxsize=8)
def lexicon(extra: Path | None = None) -> Lexicon:
    """The project's words, and those of a recipe's own file."""
    words = read_lexicon((files(__package__) / "latin.tsv").read_text(encoding="utf-8"))
    return {**words, **read_lexicon(extra.read_text(encoding="utf-8"))} if extra else words


def letters(word: str) -> str:
    """Letter by letter; other characters are skipped.

    >>> letters("KBS")
    '케이비에스'
    """
    return "".join(LETTERS[c] for c in word.upper() if c in LETTERS)


@lru_cache(maxsize=8)
def word_pattern(extra: Path | None = None) -> re.Pattern[str]:
    """Matches whole words of the lexicon, the longest first, particles behind them left out."""
    words = sorted(lexicon(extra), key=len, reverse=True)
    alternatives = "|".join(map(re.escape, words))
    return re.compile(rf"(?<![A-Za-z0-9])(?:{alternatives})(?![A-Za-z0-9])", re.IGNORECASE)
