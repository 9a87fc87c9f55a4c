"""Caption files to cues: WebVTT, SRT, SBV, YouTube's json3 and srv3, SAMI, ASS/SSA and TTML/DFXP.

Tolerant where files in the wild are broken, exact where they are not: what can be
read around is read and counted in `Track.repairs`; what cannot is a `CaptionError`.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from echoharvester.captions.clock import in_order
from echoharvester.captions.cues import CaptionError, Track
from echoharvester.captions.display import once
from echoharvester.captions.encoding import INVISIBLE, decode
from echoharvester.captions.languages import in_one_language
from echoharvester.captions.lines import parse_lines
from echoharvester.captions.sami import parse_sami
from echoharvester.captions.substation import parse_substation
from echoharvester.captions.timedtext import parse_json3, parse_srv3
from echoharvester.captions.ttml import parse_ttml

_FORMATS = {
    ".json3": parse_json3,
    ".srv3": parse_srv3,
    ".smi": parse_sami,
    ".sami": parse_sami,
    ".ass": parse_substation,
    ".ssa": parse_substation,
    ".ttml": parse_ttml,
    ".dfxp": parse_ttml,
}
SUFFIXES = (".vtt", ".srt", ".sbv", *_FORMATS)
MAX_FILE_BYTES = 64 << 20
# What a file of another suffix may be; a suffix is often only what a site called the download.
_SIGNS = (
    (".smi", re.compile(r"\s*<sami\b", re.IGNORECASE)),
    (".ass", re.compile(r"\s*\[script info\]", re.IGNORECASE)),
    (".srv3", re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?<timedtext\b")),
    (
        ".ttml",
        re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.{0,500}?-->\s*)*<(?:\w+:)?tt\b", re.DOTALL),
    ),
    (".vtt", re.compile(r"\s*WEBVTT(?:\s|$)")),
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
    """Parses the text of a caption file in the format of `suffix`, or in the one that it begins like.

    Raises:
        CaptionError: if nothing can be made of it.
    """
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    text = text.translate(INVISIBLE)
    suffix = next((known for known, sign in _SIGNS if sign.match(text)), suffix)
    read = _FORMATS.get(suffix)
    track = read(text, name) if read else parse_lines(text, suffix, name)
    if damaged := sum("\ufffd" in cue.text for cue in track.cues):
        track.repairs["undecodable"] += damaged
    track = in_one_language(in_order(track))
    if not track.rolling:
        track.cues, counts = once(track.cues)
        track.gone["shown_again"] += counts.pop("shown_again", 0)
        track.repairs += counts
    track.repairs += Counter()  # zero counts go
    track.gone += Counter()
    return track
