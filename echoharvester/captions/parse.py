"""Caption files to cues: WebVTT, SRT, SBV, and YouTube's json3 and srv3.

Tolerant where files in the wild are broken, exact where they are not: what can be
read around is read and counted in `Track.repairs`; what cannot is a `CaptionError`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from echoharvester.captions.cues import CaptionError, Cue, TimedWord, Track
from echoharvester.captions.encoding import decode
from echoharvester.captions.lines import parse_lines
from echoharvester.captions.timedtext import parse_json3, parse_srv3

SUFFIXES = (".vtt", ".srt", ".sbv", ".json3", ".srv3")
MAX_FILE_BYTES = 64 << 20
# Marks of direction and joining, which editors leave in front of times and numbers.
_INVISIBLE = dict.fromkeys(
    [0, 0xFEFF, 0x200B, 0x200E, 0x200F, 0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


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
    text = text.translate(_INVISIBLE)
    if suffix == ".json3":
        track = parse_json3(text, name)
    elif suffix == ".srv3":
        track = parse_srv3(text, name)
    else:
        track = parse_lines(text, suffix, name)
    if damaged := sum("\ufffd" in cue.text for cue in track.cues):
        track.repairs["undecodable"] += damaged
    return _in_order(track)


def _in_order(track: Track) -> Track:
    """Cues sorted by time, each once; backward ends and words outside their cue mended."""
    cues = sorted(track.cues, key=lambda cue: cue.start_sec)
    track.repairs["out_of_order"] += sum(a is not b for a, b in zip(cues, track.cues, strict=True))
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


def _within(cue: Cue) -> tuple[TimedWord, ...]:
    """The words of a cue with times inside it."""
    return tuple(
        TimedWord(word.text, min(max(word.start_sec, cue.start_sec), cue.end_sec))
        for word in cue.words
    )
