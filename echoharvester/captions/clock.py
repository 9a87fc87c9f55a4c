"""Cues in order of speech: the order of the file is the stronger evidence where its clock restarts."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from echoharvester.captions.cues import Cue, TimedWord, Track

MAX_JUMP_SEC = 10.0  # back: farther, and other cues follow than those that were said next
_RESTART_SEC = 1.0  # back: at least so far, where a clock begins anew
_ANEW_SEC = 5.0  # behind the first cue of the file, at most, the first of a clock that begins anew
_COLLIDING_SHARE = 0.3  # of the cues of a part: more is said in that time already
_DEFAULT_SEC = 5.0  # of a cue without an end


def in_order(track: Track) -> Track:
    """The track with its cues in order of time, each once; backward ends and words outside their cue
    mended."""
    as_said = track.cues
    if track.in_file_order:
        as_said = _on_one_clock(_without_jumps(track), track.repairs)
    cues = sorted(as_said, key=lambda cue: cue.start_sec)
    track.repairs["out_of_order"] += sum(a is not b for a, b in zip(cues, as_said, strict=True))
    unique = {(c.start_sec, c.end_sec, c.lines, c.words): c for c in reversed(cues)}
    track.gone["duplicate"] += sum(c.count for c in cues) - sum(c.count for c in unique.values())
    cues = list(reversed(unique.values()))
    for i, cue in enumerate(cues):
        if cue.end_sec <= cue.start_sec:
            track.repairs["no_length"] += 1
            following = cues[i + 1].start_sec if i + 1 < len(cues) else float("inf")
            latest = cue.start_sec + _DEFAULT_SEC
            end = min(latest, max(following, cue.start_sec + 0.01))
            cue = cues[i] = replace(cue, end_sec=end)
        if any(not cue.start_sec <= word.start_sec <= cue.end_sec for word in cue.words):
            track.repairs["word_time_outside_cue"] += 1
            cues[i] = replace(cue, words=_within(cue))
    track.cues = cues
    return track


def _without_jumps(track: Track) -> list[Cue]:
    """Cues of which none begins a little before the one in front of it in the file.

    Recognisers write such times.
    """
    cues: list[Cue] = []
    for cue in track.cues:
        before = cues[-1] if cues else None
        back = before.start_sec - cue.start_sec if before else 0.0
        overlaps = before is not None and cue.end_sec > before.start_sec
        if before and overlaps and not cue.words and 0 < back <= MAX_JUMP_SEC:
            start = before.start_sec + 0.01
            if start < cue.end_sec:
                cue = replace(cue, start_sec=start)
                track.repairs["jumped_back"] += 1
        cues.append(cue)
    return cues


def _on_one_clock(cues: list[Cue], repairs: Counter[str]) -> list[Cue]:
    """Cues of files that were put behind each other, each with times from 0, in the time of the first.

    A file that is only not sorted has room for its cues where their times say; in one that begins
    anew other words are there already.
    """
    parts: list[list[Cue]] = []
    for cue in cues:
        if not parts or cue.start_sec < parts[-1][-1].start_sec - _RESTART_SEC:
            parts.append([])
        parts[-1].append(cue)
    if len(parts) == 1:
        return cues
    taken: list[tuple[float, float, str]] = []
    result: list[Cue] = []
    end = 0.0
    for part in parts:
        colliding = sum(_collides(cue, taken) for cue in part)
        offset = 0.0
        begins_anew = bool(result) and part[0].start_sec <= cues[0].start_sec + _ANEW_SEC
        if begins_anew and len(part) > 1 and colliding >= max(1.0, _COLLIDING_SHARE * len(part)):
            offset = end
            repairs["clock_restarted"] += 1
        for cue in part:
            insort(taken, (cue.start_sec, cue.end_sec, cue.text))
        result += [shifted(cue, offset) if offset else cue for cue in part]
        end = max(end, *(cue.end_sec + offset for cue in part))
    return result


def _collides(cue: Cue, taken: Sequence[tuple[float, float, str]]) -> bool:
    """Whether other Korean words are said in the time of a cue."""
    if not has_hangul(cue.text):
        return False
    i = bisect_left(taken, (cue.end_sec,))
    for start, end, text in taken[max(0, i - 3) : i]:
        shorter = min(end - start, cue.end_sec - cue.start_sec)
        shared = min(end, cue.end_sec) - max(start, cue.start_sec)
        if shared > shorter / 4 and text != cue.text and has_hangul(text):
            return True
    return False


def has_hangul(text: str) -> bool:
    """Whether a text has Korean syllables."""
    return any("가" <= letter <= "힣" for letter in text)


def shifted(cue: Cue, offset_sec: float) -> Cue:
    """The cue later by `offset_sec`."""
    words = tuple(TimedWord(word.text, word.start_sec + offset_sec) for word in cue.words)
    return replace(
        cue, start_sec=cue.start_sec + offset_sec, end_sec=cue.end_sec + offset_sec, words=words
    )


def _within(cue: Cue) -> tuple[TimedWord, ...]:
    """The words of a cue with times inside it."""
    return tuple(
        TimedWord(word.text, min(max(word.start_sec, cue.start_sec), cue.end_sec))
        for word in cue.words
    )
