"""TTML and DFXP: paragraphs with times in any of the ways that the standard allows (W3C TTML2, 12.3)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from echoharvester.captions.cues import CaptionError, Cue, Track
from echoharvester.captions.markup import strip_markup
from echoharvester.captions.xml import local_name, parse_xml

_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)(?::(\d+(?:\.\d+)?))?$")
_OFFSET = re.compile(r"^(\d+(?:\.\d+)?)(h|m|s|ms|f|t)?$")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, None: 1.0}
_SPACES = re.compile(r"[ \t\r\n]+")
MAX_SEC = 10_000 * 3600.0
MAX_DEPTH = 100
LINE_BREAK = "\u2028"


@dataclass(frozen=True)
class _Scope:
    """What elements inside inherit.

    Attributes:
        start_sec, end_sec: absolute; the end may be open.
        preserve: whether line ends of the source are line ends.
    """

    start_sec: float = 0.0
    end_sec: float = float("inf")
    language: str = ""
    agent: str = ""
    preserve: bool = False


@dataclass
class _Document:
    frame_rate: float = 30.0
    tick_rate: float = 1.0
    names: dict[str, str] = field(default_factory=dict)  # of agents
    cues: list[tuple[Cue, str]] = field(default_factory=list)  # with their language
    track: Track = field(default_factory=Track)


def parse_ttml(text: str, name: str) -> Track:
    """The Korean cues of a TTML file, or all where it tells no languages apart.

    Raises:
        CaptionError: if it is none, or none of its paragraphs has times that can be read.
    """
    root = parse_xml(text, name, "TTML")
    if local_name(root.tag) != "tt":
        raise CaptionError(f"{name}: not TTML captions (its root is <{root.tag[:40]}>)")
    document = _document(root)
    track = document.track
    _walk(root, _inherited(root, _Scope(), document), document, 0)
    if not document.cues and track.gone["unreadable"]:
        raise CaptionError(f"{name}: none of its {track.read} paragraphs has times")
    languages = {language for _, language in document.cues}
    korean = {language for language in languages if language.startswith("ko")}
    for cue, language in document.cues:
        if korean and language and language not in korean:
            track.gone["other_language"] += 1
        else:
            track.cues.append(cue)
    track.in_file_order = False
    return track


def _document(root: Element) -> _Document:
    told = {local_name(key): value for key, value in root.attrib.items()}
    document = _Document()
    frames = _number(told.get("frameRate", ""))
    if frames:
        factor = re.fullmatch(r"\s*(\d+)[\s:]+(\d+)\s*", told.get("frameRateMultiplier", ""))
        document.frame_rate = frames * (int(factor[1]) / max(1, int(factor[2])) if factor else 1)
    document.tick_rate = _number(told.get("tickRate", "")) or (
        document.frame_rate * (_number(told.get("subFrameRate", "")) or 1) if frames else 1.0
    )
    for agent in root.iter():
        if local_name(agent.tag) == "agent":
            for part in agent:
                if local_name(part.tag) == "name" and (part.text or "").strip():
                    document.names.setdefault(_told(agent, "id"), (part.text or "").strip())
    return document


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"\s*\d{1,12}(?:\.\d{1,9})?\s*", text) else 0.0


def _told(element: Element, attribute: str) -> str:
    return next((v for k, v in element.attrib.items() if local_name(k) == attribute), "")


def _inherited(element: Element, scope: _Scope, document: _Document) -> _Scope:
    """What holds inside an element.

    Raises:
        ValueError: for times that cannot be read.
    """
    begin, end, duration = (_time(element.get(name), document) for name in ("begin", "end", "dur"))
    start = scope.start_sec + (begin or 0.0)
    ends = [scope.end_sec]
    if end is not None:
        ends.append(scope.start_sec + end)
    if duration is not None:
        ends.append(start + duration)
    space = _told(element, "space")
    return _Scope(
        start,
        min(ends),
        (_told(element, "lang") or scope.language).lower(),
        document.names.get(agent, agent) if (agent := _told(element, "agent")) else scope.agent,
        space == "preserve" if space else scope.preserve,
    )


def _time(text: str | None, document: _Document) -> float | None:
    """Seconds of a time expression; None where there is none.

    Raises:
        ValueError: if it is none.
    """
    if text is None or not text.strip():
        return None
    text = text.strip()
    if found := _CLOCK.match(text):
        seconds = int(found[1] or 0) * 3600 + int(found[2]) * 60
        value = seconds + float(found[3].replace(",", "."))
        value += float(found[4] or 0) / document.frame_rate
    elif found := _OFFSET.match(text):
        unit = found[2]
        rate = {"f": document.frame_rate, "t": document.tick_rate}.get(unit)
        value = float(found[1]) / rate if rate else float(found[1]) * _UNITS[unit]
    else:
        raise ValueError(f"{text[:40]!r} is no time")
    if not value < MAX_SEC:
        raise ValueError(f"{text[:40]!r} is no time of a recording")
    return value


def _walk(element: Element, outer: _Scope, document: _Document, depth: int) -> None:
    """Adds the cues of all paragraphs inside an element."""
    for child in element if depth < MAX_DEPTH else ():
        name = local_name(child.tag)
        is_paragraph = name == "p"
        try:
            scope = _inherited(child, outer, document)
        except ValueError:
            if is_paragraph:
                document.track.read += 1
                document.track.gone["unreadable"] += 1
                continue
            scope = outer
        if is_paragraph:
            _paragraph(child, scope, document)
        elif name in ("div", "body"):
            _walk(child, scope, document, depth + 1)


def _paragraph(paragraph: Element, scope: _Scope, document: _Document) -> None:
    """The cue of a paragraph, or those of its spans that have times of their own."""
    timed = [e for e in paragraph.iter() if e is not paragraph and e.get("begin")]
    if timed and not paragraph.get("begin"):
        for span in timed:
            document.track.read += 1
            try:
                _add(span, _inherited(span, scope, document), document)
            except ValueError:
                document.track.gone["unreadable"] += 1
        return
    document.track.read += 1
    _add(paragraph, scope, document)


def _add(element: Element, scope: _Scope, document: _Document) -> None:
    text = _text(element, scope.preserve, 0)
    lines = tuple(line for row in text.split(LINE_BREAK) if (line := strip_markup(row)))
    if not lines:
        document.track.gone["empty"] += 1
        return
    if scope.end_sec == float("inf"):
        scope = replace(scope, end_sec=scope.start_sec)  # the next cue ends it
    speakers = (scope.agent,) * len(lines) if scope.agent else ()
    cue = Cue(scope.start_sec, max(scope.end_sec, scope.start_sec), lines, (), speakers)
    document.cues.append((cue, scope.language))


def _text(element: Element, preserve: bool, depth: int) -> str:
    """The text with `LINE_BREAK` where lines end, without readings of characters (ruby)."""

    def spaced(text: str | None) -> str:
        text = text or ""
        return text.replace("\n", LINE_BREAK) if preserve else _SPACES.sub(" ", text)

    name = local_name(element.tag)
    if name == "br":
        return LINE_BREAK
    if name == "metadata" or _told(element, "ruby").startswith(("text", "delimiter")):
        return ""
    parts = [spaced(element.text)]
    for child in element if depth < MAX_DEPTH else ():
        if name != "" and local_name(child.tag):
            parts.append(_text(child, preserve, depth + 1))
        parts.append(spaced(child.tail))
    return "".join(parts)
