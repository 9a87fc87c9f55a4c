"""WebVTT, SRT and SBV: cues between lines of times.

What lies between two timing lines is the text of the first.  Everything that people's files do to
indices, blank lines and times is read around and counted; no word is lost to it, and none made of it.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from echoharvester.captions.cues import CaptionError, Cue, TimedWord, Track
from echoharvester.captions.markup import (
    split_breaks,
    strip_markup,
    timed_words,
    unmarked,
    voices,
)
from echoharvester.captions.rolling import is_rolling, unroll

_TIME = r"-?(?:(\d{1,4})\s*:\s*)?(\d{1,3})\s*:\s*(\d{1,2})(?:\s*[.,:;]\s*(\d{1,9}))?(?!\d)"
_ARROW = r"(?:-{1,3}|—|–|=)\s?>|→"
_ARROW_LINE = re.compile(rf"^\s*{_TIME}\s*(?:{_ARROW})\s*{_TIME}(?P<rest>.*)$")
_SBV_LINE = re.compile(rf"^\s*{_TIME}\s*,\s*{_TIME}(?P<rest>)\s*$")
# A line that was meant to give times: 00:00:03,000 -->
_BROKEN = re.compile(rf"^\s*(?:\d+\s+)?{_TIME}(?P<rest>\s*(?:$|{_ARROW}.*|[-–—]\s*{_TIME}.*))$")
_SETTINGS = re.compile(
    r"(?:\s+(?:align|position|line|size|vertical|region|[XY][12]):\S+)*\s*", re.IGNORECASE
)
_TIME_TAG = re.compile(r"<(?:(\d{1,4}):)?(\d{1,2}):(\d{2})\.(\d{3})>")
_INDEX = re.compile(r"\s*#?\d+\.?\s*")
_BLOCK = re.compile(r"^(?:NOTE|STYLE|REGION|WEBVTT)\b")
_HANGUL = re.compile("[가-힣]")
_LETTER = re.compile(r"[^\W\d_]")
_NO_TIME = re.compile(
    r"\b(?:nan|undefined|null|none|inf(?:inity)?|invalid(?: date)?)\b", re.IGNORECASE
)
_ARROW_ALONE = re.compile(r"-->|→")
_HEADER = re.compile(r"^WEBVTT(?:\s|$)")
_TICKS_PER_SEC = 90_000  # of MPEG transport streams, whose 33 bits overflow after 26 hours
_WRAP_SEC = 2**33 / _TICKS_PER_SEC
UNKNOWN = -1.0  # the time of a cue whose line of times cannot be read
APART_SEC = 0.15  # cues so far from each other are not joined


@dataclass
class _RawCue:
    """Times and lines as they stand in the file."""

    start_sec: float
    end_sec: float
    lines: list[str]


def parse_lines(text: str, suffix: str, name: str) -> Track:
    """The cues of a `.vtt`, `.srt` or `.sbv` file.

    Raises:
        CaptionError: if it has text but no times.
    """
    track = Track()
    raw = _raw_cues(text.split("\n"), suffix, track.repairs)
    if not raw and _has_text(text, suffix):
        line = next(i for i, s in enumerate(text.split("\n"), start=1) if s.strip())
        raise CaptionError(f"{name}:{line}: no cue times in the whole file; is it a {suffix} file?")
    track.read = len(raw)
    tagged = any(_TIME_TAG.search(line) for cue in raw for line in cue.lines)
    if tagged:
        shown = [(c.start_sec, c.end_sec, [p for s in c.lines if (p := _plain(s))]) for c in raw]
        if is_rolling(shown):
            track.rolling = True
            track.cues = unroll([(c.start_sec, c.end_sec, _timed_lines(c.lines)) for c in raw])
            track.gone["empty"] += sum(not lines for _, _, lines in shown)
            used = sum(cue.count for cue in track.cues)
            track.gone["shown_again"] += track.read - track.gone["empty"] - used
            return track
    for cue in raw:
        if found := _cue(cue):
            track.cues.append(found)
        else:
            track.gone["empty"] += 1
    return track


def _cue(raw: _RawCue) -> Cue | None:
    """A cue without tags; None where it has no text."""
    marked = " ".join(raw.lines)
    if "<" not in marked and "{" not in marked:
        lines = tuple(plain for line in raw.lines if (plain := strip_markup(line)))
        return Cue(raw.start_sec, raw.end_sec, lines) if lines else None
    turns = [turn for line in raw.lines for turn in voices(line)]
    rows = [(name, row, plain) for name, row in turns if (plain := _plain(row))]
    if not rows:
        return None
    lines = tuple(plain for _, _, plain in rows)
    speakers = tuple(name for name, _, _ in rows)
    words: tuple[TimedWord, ...] = ()
    if _TIME_TAG.search(marked):
        timed = _timed_lines([row for _, row, _ in rows], raw.start_sec)
        words = tuple(word for _, of_line in timed for word in of_line)
    return Cue(raw.start_sec, raw.end_sec, lines, words, speakers if any(speakers) else (), marked)


def _has_text(text: str, suffix: str) -> bool:
    """Whether there is more than a header."""
    if suffix == ".vtt" and text.lstrip().startswith("WEBVTT"):
        text = text.lstrip().partition("\n\n")[2]
    return bool(text.strip())


def _seconds(groups: tuple[str | None, ...], negative: bool = False) -> float:
    hours, minutes, seconds, fraction = groups
    parts = float(f"0.{fraction}") if fraction else 0.0
    total = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + parts
    return 0.0 if negative else total


def _raw_cues(lines: list[str], suffix: str, repairs: Counter[str]) -> list[_RawCue]:
    marks = [(i, t) for i, line in enumerate(lines) if (t := _timing(line, suffix))]
    if suffix == ".vtt":
        _on_one_clock(lines, marks)
    indexed = _is_indexed(lines, [i for i, _ in marks])
    spaced = sum(not lines[i + 1].strip() for i, _ in marks if i + 1 < len(lines)) * 2 > len(marks)
    cues: list[_RawCue] = []
    for n, (i, timing) in enumerate(marks):
        following = marks[n + 1][0] if n + 1 < len(marks) else len(lines)
        body = [timing.text, *lines[i + 1 : following]] if timing.text else lines[i + 1 : following]
        last = n + 1 == len(marks)
        body = _without_identifier(body, suffix, indexed, last, spaced)
        if suffix == ".vtt":
            body = _without_blocks(body)
        while body and not body[-1].strip():
            body.pop()
        if any(not line.strip() for line in body[1:]):
            repairs["blank_line_in_cue"] += 1
        repairs["bad_timing"] += timing.broken
        text = split_breaks(line for line in body if line.strip())
        cues.append(_RawCue(timing.start_sec, timing.end_sec, text))
    return _with_all_times(cues)


def _on_one_clock(lines: list[str], marks: list[tuple[int, _Timing]]) -> None:
    """Gives cues of segments that were put behind each other the times of the whole stream.

    `X-TIMESTAMP-MAP` says where a segment belongs (RFC 8216, 3.5); one without it that begins anew
    follows the one before it.
    """
    heads = [i for i, line in enumerate(lines) if i and _HEADER.match(line)]
    maps = {i: m for i, line in enumerate(lines) if (m := _map_sec(line)) is not None}
    if not heads:
        return
    bounds = [0, *heads, len(lines)]
    places: list[float | None] = [
        next((sec for i, sec in maps.items() if a <= i < b), None) for a, b in pairwise(bounds)
    ]
    end = last_start = 0.0
    first, wraps, before = places[0], 0, places[0]
    for (a, b), place in zip(pairwise(bounds), places, strict=True):
        timings = [t for i, t in marks if a <= i < b and t.start_sec != UNKNOWN]
        offset = 0.0
        if place is not None and before is not None and place < before - _WRAP_SEC / 2:
            wraps += 1
        if place is not None and first is not None:
            offset = place - first + wraps * _WRAP_SEC
            before = place
        if timings and timings[0].start_sec + offset < last_start:
            offset = end
        for timing in timings:
            timing.start_sec += offset
            timing.end_sec += offset
            end, last_start = max(end, timing.end_sec), max(last_start, timing.start_sec)


def _map_sec(line: str) -> float | None:
    """The time of a stream at which the clock of a segment shows 0."""
    if not line.startswith("X-TIMESTAMP-MAP"):
        return None
    ticks, local = re.search(r"MPEGTS:(\d{1,10})\b", line), re.search(rf"LOCAL:{_TIME}", line)
    if not (ticks and local):
        return None
    return int(ticks[1]) / _TICKS_PER_SEC - _seconds(local.groups()[:4])


def _with_all_times(cues: list[_RawCue]) -> list[_RawCue]:
    """Cues whose times could not be read share the time between their neighbours, apart from each other
    if they can."""
    after, run = 0.0, []
    for cue in [*cues, None]:
        if cue and cue.start_sec == UNKNOWN:
            run.append(cue)
            continue
        share = max(0.0, (cue.start_sec if cue else after) - after) / max(1, len(run))
        apart = APART_SEC if share > 4 * APART_SEC else 0.0
        for n, unknown in enumerate(run):
            start = after + n * share
            unknown.start_sec, unknown.end_sec = start + apart, start + share - apart
        after, run = (cue.end_sec if cue else after), []
    return cues


@dataclass
class _Timing:
    """What a timing line gives.

    Attributes:
        text: what stood behind the times.
        broken: the line was mended; without an end, the end is the start.
    """

    start_sec: float
    end_sec: float
    text: str = ""
    broken: bool = False


def _timing(line: str, suffix: str) -> _Timing | None:
    """The times that a line gives; None for a line of text."""
    if ":" not in line and not (_ARROW_ALONE.search(line) and _NO_TIME.search(line)):
        return None
    match = (_SBV_LINE if suffix == ".sbv" else _ARROW_LINE).match(line)
    if match:
        groups, rest = match.groups()[:8], match["rest"]
        exact = all(groups[k] is not None or groups[k + 3] is not None for k in (0, 4))
        if (
            exact
            or (not rest.strip() and suffix != ".sbv")
            or (_SETTINGS.fullmatch(rest) and rest.strip())
        ):
            negative = line.lstrip().startswith("-")
            text = "" if _SETTINGS.fullmatch(rest) or not _HANGUL.search(rest) else rest.strip()
            return _Timing(_seconds(groups[:4], negative), _seconds(groups[4:]), text)
        return None  # 3:20 --> 4:30 사이에: people's words
    return _broken_timing(line)


def _broken_timing(line: str) -> _Timing | None:
    """A timing line that cannot be read as one, so that it is not taken for words."""
    mended = line.replace("O", "0").replace("o", "0") if "-->" in line else line
    match = _ARROW_LINE.match(mended) if mended != line else None
    if match:
        groups = match.groups()[:8]
        return _Timing(_seconds(groups[:4]), _seconds(groups[4:]), broken=True)
    if _ARROW_ALONE.search(line) and not _LETTER.search(_NO_TIME.sub("", line)):
        return _Timing(UNKNOWN, UNKNOWN, broken=True)
    match = _BROKEN.match(line)
    if match and not _HANGUL.search(line) and (match[1] is not None or match[4] is not None):
        start = _seconds(match.groups()[:4])
        return _Timing(start, start, broken=True)
    return None


def _is_indexed(lines: list[str], timings: list[int]) -> bool:
    """Whether most cues have a number of their own in front, blank lines between or not."""
    found = 0
    for i in timings:
        above = i - 1
        while above >= 0 and not lines[above].strip():
            above -= 1
        found += above >= 0 and bool(_INDEX.fullmatch(lines[above]))
    return found * 2 > len(timings)


def _without_identifier(
    body: list[str], suffix: str, indexed: bool, last: bool, spaced: bool
) -> list[str]:
    """The lines of a cue without the name or number of the next one.

    `spaced`: the file has blank lines between all its lines.
    """
    end = len(body)
    while end and not body[end - 1].strip():
        end -= 1
    if not end:
        return body
    if indexed:
        # Of the last cue a number behind a blank line is an index that was left over.
        left_over = not last or (end > 1 and not body[end - 2].strip())
        following = ""
        while end and left_over and _INDEX.fullmatch(body[end - 1]):
            end -= 1
            following = body[end]
            while end and not body[end - 1].strip():
                end -= 1
            left_over = False
        # Behind the text, alone between blank lines, a number: its cue was deleted.
        while (
            end > 1
            and not body[end - 2].strip()
            and _INDEX.fullmatch(body[end - 1])
            and (not spaced or _precedes(body[end - 1], following))
        ):
            text = [line for line in body[: end - 1] if line.strip()]
            if not text:
                break
            end -= 1
            following = body[end]
            while end and not body[end - 1].strip():
                end -= 1
        return body[:end]
    if last or end < len(body) or suffix == ".sbv":
        return body
    line, above = body[end - 1], body[end - 2] if end > 1 else ""
    is_name = not above.strip() and (suffix == ".vtt" or not _HANGUL.search(line))
    return body[: end - 1] if is_name and (end > 1 or suffix == ".vtt") else body


def _precedes(line: str, following: str) -> bool:
    """Whether a line is the index right before another."""
    if not (_INDEX.fullmatch(line) and _INDEX.fullmatch(following)):
        return False
    number, after = (int(re.sub(r"\D", "", text)) for text in (line, following))
    return number == after - 1


def _without_blocks(body: list[str]) -> list[str]:
    """Without NOTE, STYLE, REGION and repeated headers, each up to the next blank line."""
    kept, skipping = [], False
    for i, line in enumerate(body):
        if not line.strip():
            skipping = False
        elif _BLOCK.match(line) and i > 0 and not body[i - 1].strip():
            skipping = True
        if not skipping:
            kept.append(line)
    return kept


def _plain(line: str) -> str:
    return strip_markup(_TIME_TAG.sub("", line))


def _timed_lines(
    lines: list[str], start_sec: float | None = None
) -> list[tuple[str, tuple[TimedWord, ...]]]:
    """Plain lines with word times: tags give them, the first word begins with the cue.

    A time of -1 stands for "the start of the cue".
    """
    result: list[tuple[str, tuple[TimedWord, ...]]] = []
    for line in lines:
        if not (plain := _plain(line)):
            continue
        if not _TIME_TAG.search(line):
            result.append((plain, ()))
            continue
        pieces = _TIME_TAG.split(line)
        timed, time = [], -1.0 if start_sec is None else start_sec
        for i in range(0, len(pieces), 5):
            if i:
                time = _seconds(tuple(pieces[i - 4 : i]))
            timed.append((unmarked(pieces[i]), time))
        result.append((plain, timed_words(timed)))
    return result
