"""YouTube's own formats: json3 and srv3."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element

from echoharvester.captions.cues import CaptionError, Cue, Track
from echoharvester.captions.encoding import INVISIBLE
from echoharvester.captions.markup import strip_markup, timed_words
from echoharvester.captions.rolling import bounded_by_words
from echoharvester.captions.xml import parse_xml
from echoharvester.errors import UserError

MAX_SEC = 10_000 * 3600.0  # the longest time that a caption can have
_SURROGATES = re.compile("[\ud800-\udfff]")


def parse_json3(text: str, name: str) -> Track:
    """The cues of a json3 file; an event that cannot be read costs only itself.

    Raises:
        CaptionError: if nothing can be read.
    """
    track = Track()
    try:
        events = json.loads(text)["events"]
        if not isinstance(events, list):
            raise UserError("`events` is no list")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CaptionError(f"{name}: not YouTube json3 captions ({error!r})") from error
    for event in events:
        try:
            _take(_json3_cue(event), track)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            track.gone["unreadable"] += 1
    track.read = len(events)
    if len(track.cues) == 0 < track.gone["unreadable"]:
        raise CaptionError(
            f"{name}: none of its {len(events)} events can be read as json3 captions"
        )
    return _bounded(track)


def _json3_cue(event: Any) -> Cue | None:
    """One event; None for those that only make room."""
    segments = [(s.get("utf8", ""), s.get("tOffsetMs")) for s in event.get("segs") or ()]
    content = _encodable("".join(text for text, _ in segments))
    if not content.strip():
        return None
    start_ms = event["tStartMs"]
    start = _time(start_ms / 1000)
    pieces = [(_encodable(t), _time((start_ms + (offset or 0)) / 1000)) for t, offset in segments]
    timed = any(offset is not None for _, offset in segments)
    lines = tuple(line for s in content.split("\n") if (line := strip_markup(s)))
    end = (start_ms + event.get("dDurationMs", 0)) / 1000
    if timed:
        return Cue(start, _end(start, end), lines, timed_words(pieces))
    styles = [(str(s.get("pPenId", "")), s.get("utf8", "")) for s in event.get("segs") or ()]
    return Cue(start, _end(start, end), lines, marked=_marked(styles))


def _take(cue: Cue | None, track: Track) -> None:
    if cue and cue.lines:
        track.cues.append(cue)
    else:
        track.gone["empty"] += 1


def _marked(parts: Sequence[tuple[str, str]]) -> str:
    """Text with its pens as tags, if it has any."""
    if not any(pen for pen, text in parts if text.strip()):
        return ""
    return "".join(f"<c {pen}>{_encodable(text)}</c>" for pen, text in parts)


def parse_srv3(text: str, name: str) -> Track:
    """The cues of an srv3 file.

    Raises:
        CaptionError: if it is none.
    """
    root = parse_xml(text, name, "YouTube srv3")
    if root.tag != "timedtext":
        raise CaptionError(f"{name}: not YouTube srv3 captions (its root is <{root.tag[:40]}>)")
    track, paragraphs = Track(), root.findall("./body/p") or root.findall("./p")
    for paragraph in paragraphs:
        try:
            _take(_srv3_cue(paragraph), track)
        except (ValueError, OverflowError, KeyError):
            track.gone["unreadable"] += 1
    track.read = len(paragraphs)
    if len(track.cues) == 0 < track.gone["unreadable"]:
        raise CaptionError(f"{name}: none of its {len(paragraphs)} paragraphs has times")
    return _bounded(track)


def _srv3_cue(paragraph: Element) -> Cue | None:
    for line_break in paragraph.iter("br"):
        line_break.text = "\n"
    content = "".join(paragraph.itertext())
    if not content.strip():
        return None
    start_ms = int(paragraph.attrib["t"])
    start = _time(start_ms / 1000)
    pieces = [(paragraph.text or "", start)]
    for part in paragraph:
        time = _time((start_ms + int(part.get("t", "0"))) / 1000)
        pieces += [("".join(part.itertext()), time), (part.tail or "", time)]
    # <s p="1"> changes the pen, <s t="160"> and the first of such a line, <s ac="0">, tell times.
    timed = any(
        part.tag == "s" and ("t" in part.attrib or "ac" in part.attrib) for part in paragraph
    )
    lines = tuple(line for row in content.split("\n") if (line := strip_markup(row)))
    end = (start_ms + int(paragraph.get("d", "0"))) / 1000
    if timed:
        return Cue(start, _end(start, end), lines, timed_words(pieces))
    styles = [("", paragraph.text or "")]
    for part in paragraph:
        styles += [(part.get("p", ""), "".join(part.itertext())), ("", part.tail or "")]
    return Cue(start, _end(start, end), lines, marked=_marked(styles))


def _bounded(track: Track) -> Track:
    """In a track that times words the displayed ends of cues are not believed."""
    track.rolling = any(cue.words for cue in track.cues)
    if track.rolling:
        track.cues = _with_bounded_ends(sorted(track.cues, key=lambda cue: cue.start_sec))
    return track


def _with_bounded_ends(cues: Sequence[Cue]) -> list[Cue]:
    starts = [*(cue.start_sec for cue in cues[1:]), float("inf")]
    return [bounded_by_words(cue, start) for cue, start in zip(cues, starts, strict=False)]


def _encodable(text: str) -> str:
    """Without lone surrogates (halves of emoji, which no file can hold) and invisible marks."""
    return _SURROGATES.sub("", text).translate(INVISIBLE)


def _end(start_sec: float, end_sec: float) -> float:
    """An end that is none becomes the start; such cues get a length later."""
    return min(end_sec, MAX_SEC) if end_sec > start_sec else start_sec


def _time(seconds: float) -> float:
    """A time that a recording can have; a little below 0 is 0.

    Raises:
        UserError: if it has none such.
    """
    if not -60 <= seconds < MAX_SEC:
        raise UserError(f"{seconds} s is no time of a recording")
    return max(0.0, float(seconds))
