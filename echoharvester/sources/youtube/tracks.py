"""Which caption track of a video is Korean speech written down, by what the metadata says.

A key is not enough: `automatic_captions["ko"]` exists for every English video, as a machine
translation (`lang=en&tlang=ko` in its address).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

# In order of preference: json3 and srv3 time every word of automatic captions.
FORMATS = ("json3", "srv3", "vtt", "srt", "sbv")
# ko, ko-KR, and a manual track with a name of its own: ko-nP7-2PuUl7o.
_MANUAL_KOREAN = re.compile(r"ko(?:-KR|-[A-Za-z0-9_-]{11})?")

NO_CAPTIONS = "no_captions"
ONLY_TRANSLATED = "only_translated_captions"
NOT_KOREAN = "no_korean_captions"
WITHOUT_CAPTIONS = (
    NO_CAPTIONS,
    ONLY_TRANSLATED,
    NOT_KOREAN,
)  # the speech may be Korean all the same
FOREIGN_AUDIO = "foreign_audio"
UNCLEAR_AUDIO = "unclear_audio_language"  # a dub and the original; nobody says which is Korean


@dataclass(frozen=True)
class CaptionTrack:
    """One caption file on offer.

    Attributes:
        kind: `manual` (people wrote it) or `auto` (the site's recogniser).
        key: the site's name of the track.
        ext: format.
        url: where it is, as long as the site lets it be; no part of any manifest.
    """

    kind: str
    key: str
    ext: str
    url: str


@dataclass(frozen=True)
class Choice:
    """The track to take, or the reason why there is none."""

    track: CaptionTrack | None
    reason: str = ""


def choose_track(info: Mapping[str, Any]) -> Choice:
    """The best Korean track of a video: manual, else the automatic one of Korean speech.

    `info`: yt-dlp's info dict.  `NO_CAPTIONS` is a fault to be tried again, since sites leave
    captions out when they are busy; the other reasons are verdicts.

    >>> choose_track({"automatic_captions": {"ko": [{"ext": "vtt", "url": "u?kind=asr&lang=en&tlang=ko"}]}})
    Choice(track=None, reason='only_translated_captions')
    """
    manual = _tracks(info.get("subtitles"))
    auto = _tracks(info.get("automatic_captions"))
    spoken = audio_language(info)
    if spoken and not _is_korean(spoken):
        return Choice(None, FOREIGN_AUDIO)
    if not spoken and (reason := _doubtful(auto)):
        return Choice(None, reason)
    written = sorted(key for key in manual if _MANUAL_KOREAN.fullmatch(key))
    for key in sorted(written, key=lambda key: key != "ko"):
        if track := _best("manual", key, manual[key]):
            return Choice(track)
    for key in ("ko-orig", "ko", "ko-KR"):
        offers = [offer for offer in auto.get(key, ()) if _is_original(key, offer)]
        if track := _best("auto", key, offers):
            return Choice(track)
    if any(_is_korean(key) for key in (*manual, *auto)):
        return Choice(None, ONLY_TRANSLATED)
    return Choice(None, NOT_KOREAN if manual or auto else NO_CAPTIONS)


def _doubtful(auto: Mapping[str, Any]) -> str:
    """What the site's recogniser says of sound whose language is not told: it hears a dub, too."""
    heard = [key.removesuffix("-orig") for key in auto if key.endswith("-orig")]
    if not heard or all(map(_is_korean, heard)):
        return ""
    return UNCLEAR_AUDIO if any(map(_is_korean, heard)) else FOREIGN_AUDIO


def audio_language(info: Mapping[str, Any]) -> str:
    """Language of the original sound where the site tells it, else empty.

    Videos can have dubbed tracks beside the original; the original has the highest preference.
    """
    formats = [f for f in _dicts(info.get("formats")) if f.get("acodec") not in (None, "none")]
    told = [f for f in formats if isinstance(f.get("language"), str)]
    if told:
        original = max(told, key=lambda f: _number(f.get("language_preference")))
        return str(original["language"])
    return str(info.get("language") or "")


def _tracks(offered: Any) -> dict[str, list[Mapping[str, Any]]]:
    """Tracks by key, without live chats and without what has no address."""
    if not isinstance(offered, Mapping):
        return {}
    tracks = {}
    for key, offers in offered.items():
        usable = [o for o in _dicts(offers) if isinstance(o.get("url"), str)]
        if usable and isinstance(key, str) and key != "live_chat":
            tracks[key] = usable
    return tracks


def _best(kind: str, key: str, offers: Sequence[Mapping[str, Any]]) -> CaptionTrack | None:
    by_format = {o.get("ext"): o for o in reversed(offers) if not _query(o).get("tlang")}
    for ext in FORMATS:
        if ext in by_format:
            return CaptionTrack(kind, key, ext, by_format[ext]["url"])
    return None


def _is_original(key: str, offer: Mapping[str, Any]) -> bool:
    """Whether an automatic track is what the recogniser heard, not a translation of it."""
    query = _query(offer)
    if query.get("tlang"):
        return False
    if key == "ko-orig":
        return True
    return query.get("kind") == ["asr"] and query.get("lang") == ["ko"]


def _query(offer: Mapping[str, Any]) -> dict[str, list[str]]:
    try:
        return parse_qs(urlsplit(str(offer.get("url"))).query)
    except ValueError:
        return {}


def _is_korean(language: str) -> bool:
    return language == "ko" or language.startswith(("ko-", "ko_"))


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [v for v in value if isinstance(v, Mapping)] if isinstance(value, list) else []


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else -1.0
