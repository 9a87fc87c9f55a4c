"""Folders of media: what they hold is taken, or left out for a reason that is told."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from echoharvester.audio.media import MEDIA_SUFFIXES
from echoharvester.captions.parse import SUFFIXES

CAPTIONS = "captions"
_UNFINISHED = (
    ".part",
    ".ytdl",
    ".crdownload",
    ".download",
    ".tmp",
    ".temp",
    ".aria2",
    ".!ut",
    ".!qb",
    ".partial",
)
_AMBIGUOUS = (".ts", ".tp", ".rm", ".au")  # of programs, Telnet, RealMedia ...: the content tells
_STARTS = (  # where in a file, and what media files of a kind have there
    (0, b"RIFF"), (0, b"RF64"), (4, b"ftyp"), (0, b"\x1a\x45\xdf\xa3"), (0, b"OggS"), (0, b"fLaC"), (0, b"ID3"), (0, b"FORM"),
    (0, b"FLV\x01"), (0, b"\x30\x26\xb2\x75"), (0, b"\0\0\x01\xba"), (0, b".RMF"), (0, b"#!AMR"), (0, b"caff"), (0, b"MAC "),
    (0, b"wvpk"), (0, b".snd"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf1"), (0, b"\xff\xf9"),
)  # fmt: skip
_TS_PACKETS = ((0, 188), (4, 192), (0, 204))  # first byte and size of packets of transport streams
_HEAD_BYTES = 1024


@dataclass(frozen=True)
class LeftOut:
    """Something in a folder that is not taken for media.

    Attributes:
        reason: captions, hidden, unfinished, pattern, no_media, broken_link, linked_folder,
            unreadable_folder, unreadable.
    """

    path: Path
    reason: str


def look_through(root: Path, pattern: str, recursive: bool) -> Iterator[Path | LeftOut]:
    """Everything that a folder holds, in order: a path is media by its suffix or its first bytes."""
    faults: list[OSError] = []
    for folder, folders, names in os.walk(root, onerror=faults.append):
        here = Path(folder)
        folders.sort()
        for name in list(folders):
            if (here / name).is_symlink():
                folders.remove(name)
                yield LeftOut(here / name, "linked_folder")
            elif name.startswith("."):
                folders.remove(name)
                yield LeftOut(here / name, "hidden")
        for name in sorted(names):
            path = here / name
            reason = _why_not(path, pattern)
            yield LeftOut(path, reason) if reason else path
        if not recursive:
            break
    for fault in faults:
        yield LeftOut(Path(str(fault.filename)), "unreadable_folder")


def write_left_out(left_out: Sequence[LeftOut], path: Path) -> str:
    """Writes a TSV (reason, path) of what was left out; a line about it for people, "" where that is
    nothing but captions of the media."""
    rows = sorted(
        (item.reason, os.fsencode(item.path).decode("utf-8", "backslashreplace"))
        for item in left_out
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["reason\tpath", *(f"{reason}\t{_on_one_line(name)}" for reason, name in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    counts = Counter(item.reason for item in left_out if item.reason != CAPTIONS)
    listed = ", ".join(f"{reason} {count}" for reason, count in counts.most_common())
    return f"left out of what the folders hold: {listed} ({path})" if listed else ""


def _on_one_line(name: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in name)


def _why_not(path: Path, pattern: str) -> str:
    """Why a file is not taken for media; "" if it is."""
    suffix = path.suffix.lower()
    if path.name.startswith("."):
        return "hidden"
    try:
        if not path.is_file():
            return "broken_link" if path.is_symlink() else "no_media"
        if suffix in SUFFIXES:
            return CAPTIONS
        if suffix in _UNFINISHED:
            return "unfinished"
        matches = path.match(pattern) if "/" in pattern else fnmatch(path.name, pattern)
        if not matches and pattern != "*.*":
            return "pattern"
        if suffix in MEDIA_SUFFIXES and suffix not in _AMBIGUOUS:
            return ""
        return "" if _begins_like_media(path) else "no_media"
    except OSError:
        return "unreadable"


def _begins_like_media(path: Path) -> bool:
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    if any(head[at : at + len(start)] == start for at, start in _STARTS):
        return not head.startswith(b"RIFF") or head[8:12] in (b"WAVE", b"AVI ")
    packets = (head[first::size] for first, size in _TS_PACKETS)
    return len(head) == _HEAD_BYTES and any(set(marks) == {0x47} for marks in packets)
