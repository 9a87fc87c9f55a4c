"""Rolling captions: every phrase is shown about three times; rebuild it once.

YouTube's automatic WebVTT shows a line while it is spoken (with a time tag in front
of every word but the first), then holds it for 10 ms, then carries it over as the
upper line while the next one is built:

    00:00:00.080 --> 00:00:02.350
    안녕하세요<00:00:00.560><c> 여러분</c>

    00:00:02.350 --> 00:00:02.360
    안녕하세요 여러분

    00:00:02.360 --> 00:00:04.910
    안녕하세요 여러분
    오늘은<00:00:02.800><c> 날씨가</c>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from echoharvester.captions.cues import Cue, TimedWord

# A displayed end can be 20 s late, so a line ends at most this long after its last word starts.
LAST_WORD_SEC, SEC_PER_SYLLABLE = 0.4, 0.25

Line = tuple[str, tuple[TimedWord, ...]]


# Lines are carried over without a pause, and a display holds few of them.
_CONTIGUOUS_SEC, _MAX_SHOWN = 0.1, 8


def is_rolling(cues: Sequence[tuple[float, float, list[str]]]) -> bool:
    """Whether lines are carried from cue to cue without a pause, in at least a quarter of the cues.

    `cues`: start, end and plain lines of a file whose words carry time tags.
    """
    pairs = [(a, b) for a, b in zip(cues, cues[1:], strict=False) if a[2] and b[2]]
    carried = [
        (a, b) for a, b in pairs if b[0] - a[1] <= _CONTIGUOUS_SEC and carried_lines(a[2], b[2]) > 0
    ]
    return bool(carried) and len(carried) >= len(pairs) / 4


def carried_lines(shown: Sequence[str], lines: Sequence[str]) -> int:
    """How many first lines of a cue repeat the last lines of the one before.

    >>> carried_lines(["가", "나"], ["나", "다"])
    1
    """
    for count in range(min(len(shown), len(lines), _MAX_SHOWN), 0, -1):
        if list(shown[-count:]) == list(lines[:count]):
            return count
    return 0


def unroll(cues: Sequence[tuple[float, float, list[Line]]]) -> list[Cue]:
    """One cue for every line that is new, with word times where its tags give them; the `count` of the
    first new line of a screen is 1, of the others 0.

    `cues`: start, end and lines; a word time of -1 stands for the start of the cue.
    """
    result: list[Cue] = []
    shown: list[str] = []
    shown_until = 0.0
    for start, end, lines in cues:
        if start - shown_until > _CONTIGUOUS_SEC:
            shown = []  # behind a pause a line is said again, not held
        # What is carried over has lost its tags.
        untagged = list(takewhile(lambda line: not line[1], lines))
        carried = carried_lines(shown, [text for text, _ in untagged])
        if carried == len(lines) > 0 and result and not result[-1].words:
            result[-1] = replace(result[-1], end_sec=max(result[-1].end_sec, end))
        begin = start
        for n, (text, words) in enumerate(lines[carried:]):
            timed = _started(words, begin)
            result.append(Cue(begin, end, (text,), timed, count=int(n == 0)))
            # A further line of the same cue begins, untagged, where this one is about to end.
            last_start, last = (timed[-1].start_sec, timed[-1].text) if timed else (begin, text)
            spoken = SEC_PER_SYLLABLE * len(last.replace(" ", ""))
            begin = min(last_start + spoken, max(end - 0.01, begin))
        if lines:
            shown, shown_until = [text for text, _ in lines], end
    return [
        bounded_by_words(cue, result[i + 1].start_sec if i + 1 < len(result) else cue.end_sec)
        for i, cue in enumerate(result)
    ]


def _started(words: Sequence[TimedWord], begin: float) -> tuple[TimedWord, ...]:
    """Words with a time for the untagged first ones: `begin`, but never after the tagged ones."""
    tagged = [w.start_sec for w in words if w.start_sec >= 0]
    first = min([begin, *tagged[:1]])
    return tuple(TimedWord(w.text, first if w.start_sec < 0 else w.start_sec) for w in words)


def bounded_by_words(cue: Cue, next_start_sec: float) -> Cue:
    """The cue with an end that its words can account for."""
    if cue.words:
        last_start, last_text = cue.words[-1].start_sec, cue.words[-1].text
    else:
        last_start, last_text = cue.start_sec, cue.text.replace(" ", "")
    latest = last_start + LAST_WORD_SEC + SEC_PER_SYLLABLE * len(last_text)
    end = min(cue.end_sec, latest)
    if next_start_sec > cue.start_sec:
        end = min(end, max(next_start_sec, last_start + 0.1))
    return replace(cue, end_sec=max(end, cue.start_sec + 0.01))
