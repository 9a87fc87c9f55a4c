"""SAMI (`.smi`): the format of Korean captions.  A <SYNC> gives a time, a <P> of a class the text of one
language from there on; `&nbsp;` clears it."""

from __future__ import annotations

import re
from collections import defaultdict

from echoharvester.captions.clock import has_hangul
from echoharvester.captions.cues import CaptionError, Cue, Track
from echoharvester.captions.markup import split_breaks, strip_markup

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_OPEN_COMMENT = re.compile(r"<!--.*?(?:(?=<\s*(?:body|sync)\b)|$)", re.DOTALL | re.IGNORECASE)
_SYNC = re.compile(r"<\s*sync\b[^<>]*?\bstart\s*=\s*[\"']?\s*(-?\d+)[^<>]*>", re.IGNORECASE)
_BAD_SYNC = re.compile(r"<\s*sync\b[^<>]*>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<\s*p\b([^<>]*)>", re.IGNORECASE)
_CLASS = re.compile(r"\bclass\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DECLARED = re.compile(r"\.([\w-]+)\s*\{([^{}]*)\}")
_HEAD = re.compile(
    r"<\s*(?:head|title|style)\b.*?<\s*/\s*(?:head|title|style)\s*>", re.IGNORECASE | re.DOTALL
)
_STRAY_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>|<[A-Za-z]+(?:\s[^<>]*)?$")
_BREAK = re.compile(r"<\s*br\s*/?\s*>", re.IGNORECASE)
_KOREAN = re.compile(r"lang\s*:\s*[\"']?ko|korean|한국|한글|국문", re.IGNORECASE)
_KOREAN_NAME = re.compile(r"^(?:kr|ko)", re.IGNORECASE)
_ANEW = re.compile(r"<\s*(?:sami|body)\b", re.IGNORECASE)
MAX_MS = 10_000 * 3600 * 1000
_LAST_SEC = 5.0  # of a cue that nothing ends


def parse_sami(text: str, name: str) -> Track:
    """The Korean cues of a SAMI file; those of other classes are counted.

    Raises:
        CaptionError: if it has text, but no <SYNC> with a time.
    """
    korean = {
        m[1].upper()
        for m in _DECLARED.finditer(text)
        if _KOREAN.search(m[2]) or _KOREAN_NAME.search(m[1])
    }
    body = _HEAD.sub(" ", _OPEN_COMMENT.sub(" ", _COMMENT.sub(" ", text)))
    syncs = list(_SYNC.finditer(body))
    if not syncs and strip_markup(_STRAY_TAG.sub(" ", body)):
        raise CaptionError(f"{name}: no <SYNC Start=...> in the whole file; is it a .smi file?")
    track = Track()
    track.repairs["bad_timing"] += sum(1 for _ in _BAD_SYNC.finditer(body)) - len(syncs)
    shown: dict[str, list[tuple[int, list[str]]]] = defaultdict(list)  # by class
    offset_ms = latest_ms = 0
    last: re.Match[str] | None = None
    for sync, following in zip(syncs, [*syncs[1:], None], strict=False):
        time_ms = min(max(0, int(sync[1])), MAX_MS) + offset_ms
        if _ANEW.search(body, last.end() if last else 0, sync.start()) and time_ms < latest_ms:
            offset_ms += latest_ms  # another file behind the first
            time_ms += latest_ms
        latest_ms, last = max(latest_ms, time_ms), sync
        inside = body[sync.end() : following.start() if following else len(body)]
        for of_class, lines in _paragraphs(inside):
            shown[of_class].append((time_ms, lines))
    chosen = _korean_classes(shown, korean)
    for of_class, screens in shown.items():
        if of_class or len(shown) == 1:
            clears = [time for time, lines in shown.get("", []) if not lines] if of_class else []
            cues = _cues(screens, clears)
        else:
            cues = _cues(screens, [])
        track.read += len(cues)
        if of_class in chosen:
            track.cues += cues
        else:
            track.gone["other_language"] += len(cues)
    track.cues.sort(key=lambda cue: cue.start_sec)
    track.in_file_order = False
    return track


def _paragraphs(inside: str) -> list[tuple[str, list[str]]]:
    """The texts that a <SYNC> shows, by class; an empty one clears."""
    marks = list(_PARAGRAPH.finditer(inside))
    pieces = [("", inside[: marks[0].start()])] if marks else [("", inside)]
    for mark, following in zip(marks, [*marks[1:], None], strict=False):
        found = _CLASS.search(mark[1])
        text = inside[mark.end() : following.start() if following else len(inside)]
        pieces.append((found[1].upper() if found else "", text))
    result: dict[str, list[str]] = {}
    for i, (of_class, text) in enumerate(pieces):
        lines = _lines(text)
        if lines or i or not marks:
            result.setdefault(of_class, []).extend(lines)
    return list(result.items())


def _lines(text: str) -> list[str]:
    """Plain lines: those of the source are none, `<br>` ends one."""
    rows = _BREAK.split(" ".join(text.split()))
    return [line for row in split_breaks(rows) if (line := _plain(row))]


def _plain(row: str) -> str:
    return strip_markup(_STRAY_TAG.sub("", strip_markup(row)))


def _cues(screens: list[tuple[int, list[str]]], clears: list[int]) -> list[Cue]:
    """Each text until the next of its class, or until what clears all."""
    timeline = sorted([*screens, *((time, []) for time in clears)], key=lambda s: s[0])
    cues = []
    for (time, lines), following in zip(timeline, [*timeline[1:], None], strict=True):
        if lines:
            start = time / 1000
            end = following[0] / 1000 if following else start + _LAST_SEC
            cues.append(Cue(start, end, tuple(lines)))
    return cues


def _korean_classes(shown: dict[str, list[tuple[int, list[str]]]], declared: set[str]) -> set[str]:
    """The classes whose text is Korean: those that say so, if they hold any; else by their letters."""
    share = {}
    for of_class, screens in shown.items():
        texts = [" ".join(lines) for _, lines in screens if lines]
        share[of_class] = sum(map(has_hangul, texts)) / len(texts) if texts else 0.0
    told = {of_class for of_class in share if of_class in declared and share[of_class] > 0}
    by_letters = {of_class for of_class, korean in share.items() if korean >= 0.5}
    return (told | {c for c in by_letters if not c}) or by_letters or set(shown)
