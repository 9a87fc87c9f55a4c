"""Which of the audio and subtitle tracks of a media file is the Korean one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echoharvester.errors import UserError

TEXT_CODECS = {
    "subrip": ".srt", "srt": ".srt", "mov_text": ".srt", "webvtt": ".vtt", "ass": ".ass", "ssa": ".ass", "text": ".srt",
}  # fmt: skip
_KOREAN = ("ko", "kor")
_UNTOLD = ("", "und", "mis", "mul", "zxx", "unk")


@dataclass(frozen=True)
class Track:
    """What a container says of a track.

    Attributes:
        language: as tagged, `kor`; empty where it is not.
    """

    codec: str
    language: str = ""
    title: str = ""
    is_default: bool = False

    @property
    def is_korean(self) -> bool:
        language = self.language.lower().replace("_", "-")
        return language in _KOREAN or language.startswith("ko-")

    def __str__(self) -> str:
        """
        >>> str(Track("aac", "kor", "본방송", True))
        'kor aac "본방송" default'
        """
        parts = [self.language or "no language", self.codec]
        parts += [f'"{self.title}"'] if self.title else []
        return " ".join([*parts, "default"] if self.is_default else parts)


def choose_audio(tracks: Sequence[Track], wanted: str | int | None = None) -> int:
    """The audio track to take, from 0: Korean by its tag, else the default one, else the first.

    Args:
        wanted: its number from 1, or its language.

    Raises:
        UserError: if there is none such; the message lists those that there are.
    """
    if wanted is not None and len(tracks) > 1:
        text = str(wanted).strip().lower()
        text = {"ko": "kor", "korean": "kor"}.get(text, text)
        if text.isdecimal() and 1 <= int(text) <= len(tracks):
            return int(text) - 1
        for i, track in enumerate(tracks):
            if text and (track.language.lower() == text or (text == "kor" and track.is_korean)):
                return i
        listed = "; ".join(f"{i}: {track}" for i, track in enumerate(tracks, 1))
        raise UserError(f"no audio track {wanted!r} (source.audio_track); there are {listed}")
    order = [(not track.is_korean, not track.is_default, i) for i, track in enumerate(tracks)]
    return min(order)[2]


def choose_subtitles(tracks: Sequence[Track]) -> int | None:
    """The text track to take for captions, from 0: Korean by its tag, else one without a language; None
    if there is none."""
    usable = [i for i, track in enumerate(tracks) if track.codec in TEXT_CODECS]
    korean = [i for i in usable if tracks[i].is_korean]
    # Forced ones translate signs and foreign lines alone.
    korean.sort(key=lambda i: "forced" in tracks[i].title.lower())
    untold = [i for i in usable if tracks[i].language.lower() in _UNTOLD]
    return next(iter([*korean, *untold]), None)
