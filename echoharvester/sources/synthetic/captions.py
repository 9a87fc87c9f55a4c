"""Caption files as they are found in the wild, written on purpose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echoharvester.sources.synthetic.espeak import Word

WORDS_A_LINE = 5
STILL_SEC = 0.01


@dataclass(frozen=True)
class CaptionLine:
    start_sec: float
    end_sec: float
    text: str


def clock(seconds: float, comma: bool = False) -> str:
    """00:01:02.345, with a comma in SRT."""
    ms = max(0, round(seconds * 1000))
    minutes, ms = divmod(ms, 60000)
    text = f"{minutes // 60:02d}:{minutes % 60:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
    return text.replace(".", ",") if comma else text


def vtt(lines: Sequence[CaptionLine]) -> str:
    """Manual WebVTT, one sentence a cue."""
    cues = (f"{clock(c.start_sec)} --> {clock(c.end_sec)}\n{c.text}\n" for c in lines)
    return "WEBVTT\nKind: captions\nLanguage: ko\n\n" + "\n".join(cues)


def srt(lines: Sequence[CaptionLine], newline: str = "\r\n") -> str:
    """SRT with indices."""
    cues = (
        f"{i}\n{clock(c.start_sec, comma=True)} --> {clock(c.end_sec, comma=True)}\n{c.text}\n"
        for i, c in enumerate(lines, start=1)
    )
    return "\n".join(cues).replace("\n", newline)


def rolling_vtt(words: Sequence[Word]) -> str:
    """What YouTube makes of its recogniser's words: see `captions.rolling`."""
    rows = [words[i : i + WORDS_A_LINE] for i in range(0, len(words), WORDS_A_LINE)]
    out = ["WEBVTT", "Kind: captions", "Language: ko", ""]
    above = " "
    for i, row in enumerate(rows):
        start = row[0].start_sec
        end = rows[i + 1][0].start_sec - STILL_SEC if i + 1 < len(rows) else row[-1].end_sec + 3.0
        plain = " ".join(word.text for word in row)
        tagged = row[0].text + "".join(f"<{clock(w.start_sec)}><c> {w.text}</c>" for w in row[1:])
        times = f"{clock(start)} --> {clock(end)} align:start position:0%"
        still = f"{clock(end)} --> {clock(end + STILL_SEC)} align:start position:0%"
        out += [times, above, tagged, "", still, plain, " ", ""]
        above = plain
    return "\n".join(out)
