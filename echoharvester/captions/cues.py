"""A caption track: cues with times, and how the file was read."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from echoharvester.errors import UserError


class CaptionError(UserError):
    """A caption file that cannot be read; the message names file, line and remedy."""


@dataclass(frozen=True)
class TimedWord:
    """A word with the time its caption tag gives for its start, in seconds."""

    text: str
    start_sec: float


@dataclass(frozen=True)
class Cue:
    """Text shown from `start_sec` to `end_sec`.

    Attributes:
        lines: without markup, not yet cleaned.
        words: with the times that the track gives to words, of all or of some; else empty.
        speakers: who says each line, where the format tells; as many as lines, or empty.
        marked: the text with its tags, where it has any: words may be lit in turn.
        count: how many cues of the file put words into it.
    """

    start_sec: float
    end_sec: float
    lines: tuple[str, ...]
    words: tuple[TimedWord, ...] = ()
    speakers: tuple[str, ...] = ()
    marked: str = ""
    count: int = 1

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass
class Track:
    """Cues in order of speech.

    Attributes:
        rolling: whether lines with timed words are carried from cue to cue (automatic captions).
        in_file_order: whether the order of the file is that of speech, where its times are not.
        read: how many cues the file has, with those that cannot be read.
        gone: cues that are not in `cues`, by kind: `read` is their number and that of `cues`.
        repairs: what was read around, by kind.
    """

    cues: list[Cue] = field(default_factory=list)
    rolling: bool = False
    in_file_order: bool = True
    read: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    encoding: str = "utf-8"
    repairs: Counter[str] = field(default_factory=Counter)
