"""Caption files to cues: WebVTT, SRT, SBV, and YouTube's json3 and srv3.

Tolerant where files in the wild are broken, exact where they are not: what can be
read around is read and counted in `Track.repairs`; what cannot is a `CaptionError`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from echoharvester.captions.cues import CaptionError, Cue, TimedWord, Track
from echoharvester.captions.encoding import INVISIBLE, decode
from echoharvester.captions.lines import parse_lines
from echoharvester.captions.timedtext import parse_json3, parse_srv3

SUFFIXES = (".vtt", ".srt", ".sbv", ".json3", ".srv3")
MAX_FILE_BYTES = 64 << 20
MAX_JUMP_SEC = 10.0  # back: farther, and other cues follow than those that were said next
BILINGUAL_SHARE = 0.8  # of the cues of a file that is captioned in two languages


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
    """Parses the text of a caption file in the format of `suffix`.

    Raises:
        CaptionError: if nothing can be made of it.
    """
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    text = text.translate(INVISIBLE)
    if suffix == ".json3":
        track = parse_json3(text, name)
    elif suffix == ".srv3":
        track = parse_srv3(text, name)
    else:
        track = parse_lines(text, suffix, name)
    if damaged := sum("\ufffd" in cue.text for cue in track.cues):
        track.repairs["undecodable"] += damaged
    return _in_one_language(_in_order(track))


def _in_order(track: Track) -> Track:
    """Cues sorted by time, each once; backward ends and words outside their cue mended."""
    as_said = _without_jumps(track)
    cues = sorted(as_said, key=lambda cue: cue.start_sec)
    track.repairs["out_of_order"] += sum(a is not b for a, b in zip(cues, as_said, strict=True))
    unique = dict.fromkeys((c.start_sec, c.end_sec, c.lines, c.words) for c in cues)
    track.repairs["duplicate"] += len(cues) - len(unique)
    cues = [Cue(*values) for values in unique]
    for i, cue in enumerate(cues):
        if cue.end_sec <= cue.start_sec:
            track.repairs["no_length"] += 1
            following = cues[i + 1].start_sec if i + 1 < len(cues) else cue.start_sec + 5.0
            end = min(cue.start_sec + 5.0, max(following, cue.start_sec + 0.01))
            cue = cues[i] = Cue(cue.start_sec, end, cue.lines, cue.words)
        if any(not cue.start_sec <= word.start_sec <= cue.end_sec for word in cue.words):
            track.repairs["word_time_outside_cue"] += 1
            cues[i] = Cue(cue.start_sec, cue.end_sec, cue.lines, _within(cue))
    track.cues = cues
    track.repairs += Counter()  # zero counts go
    return track


def _without_jumps(track: Track) -> list[Cue]:
    """Cues of which none begins a little before the one in front of it in the file.

    Recognisers write such times; the order of the file is that of speech.
    """
    cues: list[Cue] = []
    for cue in track.cues:
        before = cues[-1] if cues else None
        back = before.start_sec - cue.start_sec if before else 0.0
        overlaps = before is not None and cue.end_sec > before.start_sec
        if before and overlaps and not cue.words and 0 < back <= MAX_JUMP_SEC:
            start = before.start_sec + 0.01
            if start < cue.end_sec:
                cue = Cue(start, cue.end_sec, cue.lines)
                track.repairs["jumped_back"] += 1
        cues.append(cue)
    return cues


def _in_one_language(track: Track) -> Track:
    """Of captions in Korean and another language the Korean ones, where nearly all are so."""
    spoken = [cue for cue in track.cues if _LETTERS.search(cue.text)]
    mixed = [cue for cue in spoken if len({_is_korean(line) for line in _lettered(cue)}) == 2]
    if spoken and len(mixed) >= max(2, BILINGUAL_SHARE * len(spoken)):
        both = set(map(id, mixed))
        for i, cue in enumerate(track.cues):
            lines = tuple(
                line for line in cue.lines if _is_korean(line) or line not in _lettered(cue)
            )
            if id(cue) in both and lines != cue.lines:
                track.repairs["other_language"] += len(cue.lines) - len(lines)
                track.cues[i] = Cue(cue.start_sec, cue.end_sec, lines)
        return track
    by_time: dict[tuple[float, float], list[Cue]] = {}
    for cue in spoken:
        by_time.setdefault((cue.start_sec, cue.end_sec), []).append(cue)
    pairs = [
        group for group in by_time.values() if len({_is_korean(cue.text) for cue in group}) == 2
    ]
    if len(pairs) >= max(2, BILINGUAL_SHARE * len(by_time)):
        foreign = [cue for group in pairs for cue in group if not _is_korean(cue.text)]
        track.repairs["other_language"] += len(foreign)
        gone = set(map(id, foreign))
        track.cues = [cue for cue in track.cues if id(cue) not in gone]
    return track


def _is_korean(text: str) -> bool:
    return _HANGUL.search(text) is not None


def _lettered(cue: Cue) -> list[str]:
    """Lines that are words of some language: `PPT` or a number alone says nothing of it."""
    return [line for line in cue.lines if _is_korean(line) or len(_LETTERS.findall(line)) > 3]


_HANGUL = re.compile("[가-힣]")
_LETTERS = re.compile(r"[^\W\d_]")


def _within(cue: Cue) -> tuple[TimedWord, ...]:
    """The words of a cue with times inside it."""
    return tuple(
        TimedWord(word.text, min(max(word.start_sec, cue.start_sec), cue.end_sec))
        for word in cue.words
    )
