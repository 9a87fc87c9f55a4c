"""Sentences that recognisers write where nobody speaks."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from echoharvester.text.unicode import fold

_FILE = Path(__file__).with_name("invented.txt")
_NO_LETTER = re.compile(r"[\W_]+")
INVENTED_SPEECH_RATIO = (
    0.75  # with less speech than this in a cut, such a sentence is believed of nobody
)
_MAX_LETTERS = 120  # no such sentence is longer, however often it is repeated


def is_invented(text: str) -> bool:
    """Whether a text is nothing but sentences of `invented.txt`, said once or again.

    People say them, too: what they mean for a text depends on whether speech is heard.

    >>> is_invented("시청해 주셔서 감사합니다."), is_invented("시청해 주셔서 감사하다는 인사를 했어요")
    (True, False)
    """
    letters = _NO_LETTER.sub("", fold(text)).lower()
    return 0 < len(letters) <= _MAX_LETTERS and _phrases().fullmatch(letters) is not None


@lru_cache(maxsize=1)
def _phrases() -> re.Pattern[str]:
    lines = _FILE.read_text(encoding="utf-8").splitlines()
    return re.compile(f"(?:{'|'.join(line for line in lines if line and line[0] != '#')})+")
