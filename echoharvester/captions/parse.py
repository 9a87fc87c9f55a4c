"""Caption files to cues: WebVTT, SRT, SBV, and YouTube's json3 and srv3.

Tolerant where files in the wild are broken, exact where they are not: what can be
read around is read and counted in `Track.repairs`; what cannot is a `CaptionError`.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from echoharvester.captions.cues import CaptionError, Cue, TimedWord, Track
from echoharvester.captions.rolling import is_rolling, unroll

SUFFIXES = (".vtt", ".srt", ".sbv", ".json3", ".srv3")
MAX_FILE_BYTES = 64 << 20
MAX_SEC = 10_000 * 3600.0  # the longest time that a caption can have

_TIME = r"(?:(\d{1,4})\s*:\s*)?(\d{1,2})\s*:\s*(\d{1,2})(?:\s*[.,]\s*(\d{1,6}))?"
_ARROW_LINE = re.compile(rf"^\s*{_TIME}\s*-{{1,2}}>\s*{_TIME}")
_SBV_LINE = re.compile(rf"^\s*{_TIME}\s*,\s*{_TIME}\s*$")
_TIME_TAG = re.compile(r"<(?:(\d{1,4}):)?(\d{1,2}):(\d{2})\.(\d{3})>")
_RUBY_TEXT = re.compile(r"<rt\b[^<>]{0,200}>.*?(?:</rt>|(?=</ruby>)|$)", re.DOTALL)
_TAG = re.compile(
    r"</?(?:c|v|i|b|u|s|ruby|rt|rp|rb|lang|font|span|p|div|em|strong)(?:[.\s][^<>]*)?/?>",
    re.IGNORECASE,
)
_BREAK_TAG = re.compile(r"<br\s*/?>|\[br\]|\\[Nn](?=\S)", re.IGNORECASE)
_OVERRIDE = re.compile(r"\{\\[^{}]*\}")  # {\an8}
_XML_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BLOCK = re.compile(r"^(NOTE|STYLE|REGION)\b")


def read_track(path: Path) -> Track:
    """Reads a caption file; its suffix names the format, its content confirms it.

    Raises:
        CaptionError: if nothing can be made of it.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CaptionError(f"{path}: captions end in {' '.join(SUFFIXES)}, not {suffix!r}")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CaptionError(f"{path}: larger than {MAX_FILE_BYTES >> 20} MiB; not a caption file")
    text, encoding = decode(path.read_bytes(), str(path))
    track = parse(text, suffix, str(path))
    track.encoding = encoding
    return track


def parse(text: str, suffix: str, name: str = "captions") -> Track:
    """Parses the text of a caption file in the format of `suffix`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    if suffix == ".json3":
        track = _parse_json3(text, name)
    elif suffix == ".srv3":
        track = _parse_srv3(text, name)
    else:
        track = _parse_lines(text, suffix, name)
    return _in_order(track)


def decode(data: bytes, name: str) -> tuple[str, str]:
    """Bytes to text by byte-order mark, else UTF-8, else CP949; and the encoding found."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"),
                           (b"\xfe\xff", "utf-16")):  # fmt: skip
        if data.startswith(mark):
            return data.decode(encoding, errors="replace"), encoding
    if data.count(b"\0") > len(data) // 8:  # UTF-16 without a mark: "1\0\n\0"
        little = data[1::2].count(0) >= data[::2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
        return data.decode(encoding, errors="replace"), encoding
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError as error:
            position = error.start
    # A few damaged bytes in an otherwise good file are read around.
    for encoding in ("utf-8", "cp949"):
        text = data.decode(encoding, errors="replace")
        if text.count("\ufffd") <= max(2, len(text) // 200):
            return text, encoding
    raise CaptionError(
        f"{name}: neither UTF-8, UTF-16 nor CP949 (byte {position}); save it as UTF-8"
    )


def _seconds(groups: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = groups
    milliseconds = float(f"0.{fraction}") if fraction else 0.0
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0) + milliseconds


def _parse_lines(text: str, suffix: str, name: str) -> Track:
    track = Track()
    pattern = _SBV_LINE if suffix == ".sbv" else _ARROW_LINE
    raw: list[tuple[float, float, list[str]]] = []
    for start, end, lines in _blocks(text.split("\n"), pattern, track.repairs):
        raw.append((start, end, lines))
    if not raw and text.strip().removeprefix("WEBVTT").strip():
        line = next(i for i, s in enumerate(text.split("\n"), start=1) if s.strip())
        raise CaptionError(f"{name}:{line}: no cue times in the whole file; is it a {suffix} file?")
    tagged = any(_TIME_TAG.search(line) for _, _, lines in raw for line in lines)
    shown = [
        (s, e, [plain for line in lines if (plain := strip_markup(line))]) for s, e, lines in raw
    ]
    if is_rolling(shown, tagged):
        track.rolling = True
        track.cues = unroll([(s, e, _timed_lines(lines)) for s, e, lines in raw])
    else:
        track.cues = [
            Cue(s, e, tuple(lines), _timed_words(s, source))
            for (s, e, lines), (_, _, source) in zip(shown, raw, strict=True)
            if lines
        ]
    return track


def _blocks(
    lines: list[str], timing: re.Pattern[str], repairs: Counter[str]
) -> Iterator[tuple[float, float, list[str]]]:
    """Start, end and text lines of every cue: what lies between two timing lines.

    A blank line inside a cue does not end it; an index or identifier in front of the
    next timing line is not part of it; NOTE, STYLE and REGION blocks are skipped.
    """
    marks = [(i, match) for i, line in enumerate(lines) if (match := timing.match(line))]
    next_marks = [*(i for i, _ in marks[1:]), len(lines)]
    for (i, match), following in zip(marks, next_marks, strict=False):
        groups = match.groups()
        start, end = _seconds(groups[:4]), _seconds(groups[4:8])
        body = lines[i + 1 : following]
        if following < len(lines) and body and _is_identifier(body):
            body = body[:-1]
        body = _without_blocks(body)
        while body and not body[-1].strip():
            body.pop()
        if any(not line.strip() for line in body[1:]):
            repairs["blank_line_in_cue"] += 1
        yield start, end, [line for line in body if line.strip()]


def _is_identifier(body: list[str]) -> bool:
    """Whether the line before a timing line names the next cue rather than ends this one."""
    last = body[-1].strip()
    if not last:
        return False
    return (
        last.isdigit()
        and len(body) > 1
        or (len(body) == 1 and last.isdigit())
        or (len(body) >= 2 and not body[-2].strip())
    )


def _without_blocks(body: list[str]) -> list[str]:
    kept, skipping = [], False
    for i, line in enumerate(body):
        if not line.strip():
            skipping = False
        elif _BLOCK.match(line) and (i == 0 or not body[i - 1].strip()):
            skipping = i > 0
        if not skipping:
            kept.append(line)
    return kept


def strip_markup(line: str) -> str:
    """A line without tags, overrides and entities.

    >>> strip_markup("<v 민수><i>안녕 &amp; 반가워</i> {\\\\an8}<ruby>漢<rt>한</rt></ruby>")
    '안녕 & 반가워 漢'
    """
    line = _RUBY_TEXT.sub("", _TIME_TAG.sub("", line))
    line = _BREAK_TAG.sub(" ", _OVERRIDE.sub("", line))
    return html.unescape(_TAG.sub("", line)).strip()


def _timed_words(start_sec: float, lines: list[str]) -> tuple[TimedWord, ...]:
    """Words with their times where a line has time tags."""
    words: list[TimedWord] = []
    if not any(_TIME_TAG.search(line) for line in lines):
        return ()
    for _, timed in _timed_lines(lines, start_sec):
        words += timed
    return tuple(words)


def _timed_lines(
    lines: list[str], start_sec: float | None = None
) -> list[tuple[str, tuple[TimedWord, ...]]]:
    """Plain lines with word times: tags give them, the first word begins with the cue.

    A time of -1 stands for "the start of the cue".
    """
    result: list[tuple[str, tuple[TimedWord, ...]]] = []
    for line in lines:
        if not (plain := strip_markup(line)):
            continue
        if not _TIME_TAG.search(line):
            result.append((plain, ()))
            continue
        pieces = _TIME_TAG.split(line)
        timed, time = [], -1.0 if start_sec is None else start_sec
        for i in range(0, len(pieces), 5):
            if i:
                time = _seconds(tuple(pieces[i - 4 : i]))
            timed += [TimedWord(word, time) for word in strip_markup(pieces[i]).split()]
        result.append((plain, tuple(timed)))
    return result


def _parse_json3(text: str, name: str) -> Track:
    track = Track()
    try:
        events = json.loads(text)["events"]
        if not isinstance(events, list):
            raise ValueError("`events` is no list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaptionError(f"{name}: not YouTube json3 captions ({error!r})") from error
    for event in events:
        try:
            if cue := _json3_cue(event):
                track.cues.append(cue)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            track.repairs["bad_event"] += 1
    if events and len(track.cues) == 0 < track.repairs["bad_event"]:
        raise CaptionError(
            f"{name}: none of its {len(events)} events can be read as json3 captions"
        )
    track.rolling = any(cue.words for cue in track.cues)
    return track


def _json3_cue(event: Any) -> Cue | None:
    """One event; None for those that only make room (no `segs`, or `aAppend`)."""
    segments = [s for s in event.get("segs") or () if s.get("utf8", "").strip()]
    if event.get("aAppend") or not segments:
        return None
    start_ms = event["tStartMs"]
    words = [
        TimedWord(word, _checked((start_ms + s.get("tOffsetMs", 0)) / 1000))
        for s in segments
        for word in s["utf8"].split()
    ]
    end_ms = start_ms + event.get("dDurationMs", 0)
    lines = tuple(s for s in "".join(x["utf8"] for x in segments).split("\n") if s.strip())
    timed = any("tOffsetMs" in s for s in segments)
    start_sec = _checked(start_ms / 1000)
    return Cue(start_sec, _end(start_sec, end_ms / 1000), lines, tuple(words) if timed else ())


def _end(start_sec: float, end_sec: float) -> float:
    """An end that is none becomes the start; such cues get a length later."""
    return min(end_sec, MAX_SEC) if end_sec > start_sec else start_sec


def _checked(seconds: float) -> float:
    """A time that a recording can have.

    Raises:
        ValueError: if it has none such.
    """
    if not 0 <= seconds < MAX_SEC:
        raise ValueError(f"{seconds} s is no time of a recording")
    return float(seconds)


def _parse_srv3(text: str, name: str) -> Track:
    if "<!ENTITY" in text or "<!DOCTYPE" in text:
        raise CaptionError(f"{name}: declares entities, which caption files do not need; refused")
    try:
        # Decoded already: whatever encoding the file declares is not to be tried again.
        root = ElementTree.fromstring(_XML_DECLARATION.sub("", text).encode("utf-8", "replace"))
    except (ElementTree.ParseError, ValueError) as error:
        raise CaptionError(f"{name}: not YouTube srv3 captions ({error})") from error
    track, paragraphs = Track(), list(root.iter("p"))
    for paragraph in paragraphs:
        try:
            if cue := _srv3_cue(paragraph):
                track.cues.append(cue)
        except (ValueError, OverflowError):
            track.repairs["bad_event"] += 1
    if len(track.cues) == 0 < track.repairs["bad_event"]:
        raise CaptionError(f"{name}: none of its {len(paragraphs)} paragraphs has times")
    track.rolling = any(cue.words for cue in track.cues)
    return track


def _srv3_cue(paragraph: ElementTree.Element) -> Cue | None:
    for line_break in paragraph.iter("br"):
        line_break.text = "\n"
    content = "".join(paragraph.itertext())
    if paragraph.get("a") or not content.strip():
        return None
    start_ms = int(paragraph.get("t", "0"))
    words = [
        TimedWord(word, _checked((start_ms + int(s.get("t", "0"))) / 1000))
        for s in paragraph.iter("s")
        for word in (s.text or "").split()
    ]
    end_ms = start_ms + int(paragraph.get("d", "0"))
    lines = tuple(line.strip() for line in content.split("\n") if line.strip())
    start_sec = _checked(start_ms / 1000)
    return Cue(start_sec, _end(start_sec, end_ms / 1000), lines, tuple(words))


def _in_order(track: Track) -> Track:
    """Cues sorted by time; backward ends mended."""
    cues = sorted(track.cues, key=lambda cue: (cue.start_sec, cue.end_sec))
    track.repairs["out_of_order"] += sum(a is not b for a, b in zip(cues, track.cues, strict=True))
    for i, cue in enumerate(cues):
        if cue.end_sec <= cue.start_sec:
            track.repairs["no_length"] += 1
            following = cues[i + 1].start_sec if i + 1 < len(cues) else cue.start_sec + 5.0
            end = min(cue.start_sec + 5.0, max(following, cue.start_sec + 0.01))
            cue = cues[i] = Cue(cue.start_sec, end, cue.lines, cue.words)
        if any(not cue.start_sec <= word.start_sec <= cue.end_sec for word in cue.words):
            track.repairs["word_time_outside_cue"] += 1
            cues[i] = Cue(cue.start_sec, cue.end_sec, cue.lines, _within(cue))
    track.cues = sorted(cues, key=lambda cue: (cue.start_sec, cue.end_sec))
    track.repairs += Counter()  # zero counts go
    return track


def _within(cue: Cue) -> tuple[TimedWord, ...]:
    """The words of a cue with times inside it."""
    return tuple(
        TimedWord(word.text, min(max(word.start_sec, cue.start_sec), cue.end_sec))
        for word in cue.words
    )
