"""Tags, overrides, entities and line breaks inside caption lines."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from echoharvester.captions.cues import TimedWord

_RUBY_TEXT = re.compile(r"<rt\b[^<>]{0,200}>.*?(?:</rt>|(?=</ruby>)|$)", re.DOTALL)
_TAG = re.compile(
    r"</?(?:c|v|i|b|u|s|a|ruby|rt|rp|rb|lang|font|span|p|div|em|strong)(?:[.\s][^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"<br\s*/?>|\[br\]|(?<![A-Za-z:])\\[Nn](?![a-z])|(?<=[가-힣.?!,…])\|(?=[가-힣\"'(-])",
    re.IGNORECASE,
)
_HARD_SPACE = re.compile(r"\\h(?![a-z])")
_OVERRIDE = re.compile(r"\{\\[^{}]*\}|\{[yYcCsSfFoPp]:[^{}\s]*\}")  # {\an8}; {y:i} of MicroDVD
# What ASS draws: m 0 0 l 100 0 100 100.
_DRAWING = re.compile(r"^\s*m(?:\s+-?\d+(?:\.\d+)?){2}(?:\s+(?:[mnlbspc]|-?\d+(?:\.\d+)?))+\s*$")
_MARKS = frozenset("<{&\\[|")
_VOICE = re.compile(r"<v(?:\.[^\s<>]+)?\s+([^<>]{1,100})>")
_OPEN_TAG = re.compile(r"<(?:font|span|c|v|i|b|u|p|div)\b[^<>]{0,200}$", re.IGNORECASE)
_MAX_ESCAPES = 3  # what went through web services was escaped by each of them


def split_breaks(lines: Iterable[str]) -> list[str]:
    """Lines parted where `<br>`, `[br]` or `\\N` part them.

    >>> split_breaks(["- 네[br]- 아니요"])
    ['- 네', '- 아니요']
    """
    whole: list[str] = []
    for line in lines:
        if whole and _OPEN_TAG.search(whole[-1]):
            whole[-1] += " " + line  # a tag that goes over the end of a line
        else:
            whole.append(line)
    pieces = [piece for line in whole for piece in _BREAK.split(line)]
    return [piece for piece in pieces if not _DRAWING.match(_OVERRIDE.sub("", piece))]


def voices(line: str) -> list[tuple[str, str]]:
    """A line parted where a voice tag gives the turn to somebody, with the name; "" without one.

    >>> voices("<v 민수>안녕 <v.loud 지은>네</v>")
    [('민수', '안녕 '), ('지은', '네</v>')]
    """
    if "<v" not in line:
        return [("", line)]
    parts = _VOICE.split(line)
    turns = [("", parts[0]), *zip(map(str.strip, parts[1::2]), parts[2::2], strict=True)]
    return [(html.unescape(name), text) for name, text in turns if text.strip()]


def unmarked(line: str) -> str:
    """A line without tags, overrides and entities, its spaces kept."""
    if _MARKS.isdisjoint(line):
        return line
    line = _HARD_SPACE.sub(" ", _OVERRIDE.sub("", _RUBY_TEXT.sub("", line)))
    line = _TAG.sub("", _BREAK.sub(" ", line))
    for _ in range(_MAX_ESCAPES):
        plain = html.unescape(line)
        if plain == line:
            break
        line = _TAG.sub("", plain)
    return line


def strip_markup(line: str) -> str:
    """The same without spaces at its ends.

    >>> strip_markup("<v 민수><i>안녕 &amp; 반가워</i> {\\\\an8}<ruby>漢<rt>한</rt></ruby>")
    '안녕 & 반가워 漢'
    """
    return unmarked(line).strip()


def timed_words(pieces: Iterable[tuple[str, float]]) -> tuple[TimedWord, ...]:
    """Words of consecutive pieces of text, each with the time its piece begins at.

    A word that goes over several pieces begins with the first of them.

    >>> timed_words([("오늘은", 0.0), (" 좋", 0.8), ("네요", 1.0)])
    (TimedWord(text='오늘은', start_sec=0.0), TimedWord(text='좋네요', start_sec=0.8))
    """
    words: list[TimedWord] = []
    current, begin = "", 0.0
    for text, time in pieces:
        for i, part in enumerate(_SPACES.split(text)):
            if i and current:
                words.append(TimedWord(current, begin))
                current = ""
            if part and not current:
                begin = time
            current += part
    if current:
        words.append(TimedWord(current, begin))
    return tuple(words)


_SPACES = re.compile(r"\s+")
