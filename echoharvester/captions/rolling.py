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

from echoharvester.captions.cues import Cue, TimedWord

# A displayed end can be 20 s late, so a line ends at most this long after its last word starts.
LAST_WORD_SEC, SEC_PER_SYLLABLE = 0.4, 0.25

Line = tuple[str, tuple[TimedWord, ...]]


def is_rolling(cues: Sequence[tuple[float, float, list[str]]], tagged: bool) -> bool:
    """Whether lines are carried from cue to cue, in at least a quarter of the cues.

    `cues`: start, end and plain lines; `tagged`: whether words carry time tags.
    """
    pairs = [(a[2], b[2]) for a, b in zip(cues, cues[1:], strict=False) if a[2] and b[2]]
    carried = sum(carried_lines(a, b) > 0 for a, b in pairs)
    return carried > 0 and (tagged or len(pairs) >= 4) and carried >= len(pairs) / 4


def carried_lines(shown: Sequence[str], lines: Sequence[str]) -> int:
    """How many first lines of a cue repeat the last lines of the one before.

    >>> carried_lines(["가", "나"], ["나", "다"])
    1
    """
    for count in range(min(len(shown), len(lines)), 0, -1):
        if list(shown[-count:]) == list(lines[:count]):
            return count
    return 0


def unroll(cues: Sequence[tuple[float, float, list[Line]]]) -> list[Cue]:
    """One cue for every line that is new, with word times where its tags give them.

    `cues`: start, end and lines; a word time of -1 stands for the start of the cue.
    """
    result: list[Cue] = []
    shown: list[str] = []
    for start, end, lines in cues:
        plain = [text for text, _ in lines]
        new = lines[carried_lines(shown, plain) :]
        begin = start
        for text, words in new:
            timed = _started(words, begin)
            result.append(Cue(begin, end, (text,), timed))
            # A further line of the same cue begins, untagged, where this one is about to end.
            spoken = (timed[-1].start_sec, timed[-1].text) if timed else (begin, text)
            begin = min(
                spoken[0] + SEC_PER_SYLLABLE * len(spoken[1].replace(" ", "")),
                max(end - 0.01, begin),
            )
        if plain:
            shown = plain
    return [
        _bounded(cue, result[i + 1].start_sec if i + 1 < len(result) else cue.end_sec)
        for i, cue in enumerate(result)
    ]


def _started(words: Sequence[TimedWord], begin: float) -> tuple[TimedWord, ...]:
    """Words with a time for the untagged first ones: `begin`, but never after the tagged ones."""
    tagged = [w.start_sec for w in words if w.start_sec >= 0]
    first = min([begin, *tagged[:1]])
    return tuple(TimedWord(w.text, first if w.start_sec < 0 else w.start_sec) for w in words)


def _bounded(cue: Cue, next_start_sec: float) -> Cue:
    """The cue with an end that its words can account for."""
    if cue.words:
        last_start, last_text = cue.words[-1].start_sec, cue.words[-1].text
    else:
        last_start, last_text = cue.start_sec, cue.text.replace(" ", "")
    latest = last_start + LAST_WORD_SEC + SEC_PER_SYLLABLE * len(last_text)
    end = min(cue.end_sec, latest)
    if next_start_sec > cue.start_sec:
        end = min(end, max(next_start_sec, last_start + 0.1))
    return Cue(cue.start_sec, max(end, cue.start_sec + 0.01), cue.lines, cue.words)
