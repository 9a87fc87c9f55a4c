"""ASS and SSA: dialogue lines with styles, overrides, drawings, karaoke and the names of actors.

Lines that cannot be read cost only themselves, which the general libraries do not promise.
"""

from __future__ import annotations

import re
from collections import Counter

from echoharvester.captions.cues import CaptionError, Cue, TimedWord, Track
from echoharvester.captions.markup import timed_words, unmarked

_SECTION = re.compile(r"^\s*\[([^\]]{1,60})\]\s*$")
_EVENT = re.compile(r"^\s*(Dialogue|Comment|Picture|Sound|Movie|Command)\s*:", re.IGNORECASE)
_FORMAT = re.compile(r"^\s*Format\s*:(.*)$", re.IGNORECASE)
_TIME = re.compile(r"^\s*(-?)(\d{1,4}):(\d{1,2}):(\d{1,2})(?:[.:,](\d{1,3}))?\s*$")
_FIELDS = "layer start end style name marginl marginr marginv effect text".split()
_OVERRIDE = re.compile(r"\{([^{}]*)\}")
_DRAWS = re.compile(r"\\p(\d+)(?!os|bo)")
_KARAOKE = re.compile(r"\\(?:kf|ko|k|K)(\d+(?:\.\d+)?)")
_BREAK = re.compile(r"\\[Nn]")
# Text on screen that nobody says: shop signs, titles, what a template made for every frame.
_SIGN = re.compile(
    r"\b(?:signs?|typeset(?:ting)?|ts|titles?|staff|credits?|logo)\b|간판|화면(?!\s?해설)|제작진",
    re.IGNORECASE,
)
_PLACED = re.compile(r"\\(?:pos|move|clip|iclip)\s*\(")
_EFFECT = re.compile(r"^\s*(?:fx|template|code|karaoke|scroll|banner)\b", re.IGNORECASE)
FRAME_SEC = 0.2  # shorter, and placed: one of the many pictures of a moving sign


def parse_substation(text: str, name: str) -> Track:
    """The cues of an ASS or SSA file.

    Raises:
        CaptionError: if it has no line of dialogue that can be read.
    """
    track, fields, section = Track(in_file_order=False), _FIELDS, "events"
    styles: Counter[str] = Counter()
    rows: list[tuple[Cue, str]] = []
    for line in text.split("\n"):
        if found := _SECTION.match(line):
            section = found[1].strip().lower()
        elif section == "events" and (found := _FORMAT.match(line)):
            fields = [field.strip().lower() for field in found[1].split(",")] or _FIELDS
        elif _EVENT.match(line):
            track.read += 1
            kind, _, rest = line.partition(":")
            if kind.strip().lower() != "dialogue":
                track.gone["comment"] += 1
                continue
            values = dict(zip(fields, rest.split(",", max(0, len(fields) - 1)), strict=False))
            cue = _cue(values, track)
            if cue:
                style = values.get("style", "").strip()
                styles[style] += 1
                rows.append((cue, style))
    if not rows and not track.read and text.strip():
        raise CaptionError(f"{name}: no line of dialogue in the whole file; is it an .ass file?")
    for cue, style in rows:
        if _SIGN.search(style) and styles[style] < len(rows):
            track.gone["sign"] += 1
        else:
            track.cues.append(cue)
    return track


def _cue(values: dict[str, str], track: Track) -> Cue | None:
    """The cue of a line, or None, counted."""
    start, end = _seconds(values.get("start", "")), _seconds(values.get("end", ""))
    text = values.get("text", "")
    if start is None:
        track.gone["unreadable"] += 1
        return None
    if end is None:
        track.repairs["bad_timing"] += 1
        end = start
    if _EFFECT.match(values.get("effect", "")) or (
        _PLACED.search(text) and 0 < end - start < FRAME_SEC
    ):
        track.gone["sign"] += 1
        return None
    pieces, drawing = _pieces(text, start)
    plain = "".join(piece for piece, _ in pieces)
    lines = tuple(line for row in plain.split("\n") if (line := unmarked(row).strip()))
    if not lines:
        track.gone["drawing" if drawing else "empty"] += 1
        return None
    words: tuple[TimedWord, ...] = ()
    if _KARAOKE.search(text):
        words = timed_words([(piece, time) for piece, time in pieces])
    speaker = (values.get("name") or values.get("actor") or "").strip()
    marked = text.replace("\\N", " ").replace("\\n", " ") if "{" in text else ""
    return Cue(start, end, lines, words, (speaker,) * len(lines) if speaker else (), marked)


def _pieces(text: str, start_sec: float) -> tuple[list[tuple[str, float]], bool]:
    """The text between overrides, with the time that karaoke gives it; and whether some was drawn."""
    pieces: list[tuple[str, float]] = []
    time = following = start_sec
    draws = drawn = False
    for i, part in enumerate(_OVERRIDE.split(text)):
        if i % 2:
            for found in _DRAWS.finditer(part):
                draws = int(found[1]) > 0
            for found in _KARAOKE.finditer(part):
                time, following = following, following + float(found[1]) / 100
        elif draws:
            drawn = drawn or bool(part.strip())
        elif part:
            part = _BREAK.sub("\n", part).replace("\\h", " ")
            pieces.append((part, time))
    return pieces, drawn


def _seconds(text: str) -> float | None:
    found = _TIME.match(text)
    if not found:
        return None
    hours, minutes, seconds = (int(found[k]) for k in (2, 3, 4))
    fraction = float(f"0.{found[5]}") if found[5] else 0.0
    return 0.0 if found[1] else hours * 3600 + minutes * 60 + seconds + fraction
