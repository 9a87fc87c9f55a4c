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
        words: where the track times every word (automatic captions); else empty.
    """

    start_sec: float
    end_sec: float
    lines: tuple[str, ...]
    words: tuple[TimedWord, ...] = ()

    @property
    def text(self) -> str:
        return " ".join(self.lines)


@dataclass
class Track:
    """Cues in order of time.

    Attributes:
        rolling: whether lines were carried from cue to cue (automatic captions).
        repairs: what was read around, by kind.
    """

    cues: list[Cue] = field(default_factory=list)
    rolling: bool = False
    encoding: str = "utf-8"
    repairs: Counter[str] = field(default_factory=Counter)
