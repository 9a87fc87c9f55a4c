"""What addresses offer: one media cut a video, with its metadata and its captions judged."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, rejected, safe_id
from echoharvester.manifests.runner import with_error
from echoharvester.manifests.shards import Cut
from echoharvester.sources.base import REJECT, TRANSCRIBE, check_uncaptioned
from echoharvester.sources.folders import LeftOut
from echoharvester.sources.youtube.site import FetchError, Site, checked_url, clean
from echoharvester.sources.youtube.tracks import (
    NO_CAPTIONS,
    WITHOUT_CAPTIONS,
    audio_language,
    choose_track,
)
from echoharvester.text.unicode import fold

logger = logging.getLogger(__name__)
STAGE = "collect"
_CLOSED = ("private", "premium_only", "subscriber_only", "needs_auth")
MAX_TITLE = 500  # characters kept; sites allow 100, other files anything
_RATE, _UNKNOWN_SAMPLES = 16000, 1


class NoCaptionsError(FetchError):
    """A video without any captions: sites leave them out when they are busy, so ask again."""


@dataclass(frozen=True)
class VideoFilter:
    """Which videos are wanted; each limit has a reason of its own.  None: no limit."""

    min_duration_sec: float | None = None
    max_duration_sec: float | None = None
    date_after: str | None = None
    date_before: str | None = None
    licenses: Sequence[str] = ()
    max_age_limit: int | None = None
    live: bool = False
    match_filter: str | None = None

    def __post_init__(self) -> None:
        for name in ("date_after", "date_before"):
            value = getattr(self, name)
            if value is not None:
                try:  # 20200131 and 2020-01-31 are compared as text from here on
                    object.__setattr__(self, name, _day(str(value)))
                except ValueError as error:
                    raise UserError(f"source: {value!r} is no date such as 2020-01-31") from error
        if self.match_filter:
            self._matches({})

    def reason(self, custom: Mapping[str, Any]) -> str | None:
        """Why a video is not wanted; None if it is."""
        duration, uploaded = custom.get("declared_duration_sec"), custom.get("upload_date")
        license_name = str(custom.get("license", "")).casefold()
        checks = {
            "live": not self.live and custom.get("live_status") in ("is_live", "is_upcoming"),
            "not_public": custom.get("availability") in _CLOSED,
            "too_short_media": _below(duration, self.min_duration_sec),
            "too_long_media": _below(self.max_duration_sec, duration),
            "too_old_media": _below(uploaded, self.date_after),
            "too_new_media": _below(self.date_before, uploaded),
            "age_limit": _below(self.max_age_limit, custom.get("age_limit")),
            "license": bool(self.licenses)
            and not any(str(wanted).casefold() in license_name for wanted in self.licenses),
            "match_filter": bool(self.match_filter) and not self._matches(custom),
        }
        return next((reason for reason, holds in checks.items() if holds), None)

    def _matches(self, custom: Mapping[str, Any]) -> bool:
        from yt_dlp.utils import match_filter_func

        fields = {
            "id": custom.get("video_id"), "title": custom.get("title"), "channel": custom.get("channel"),
            "channel_id": custom.get("channel_id"), "duration": custom.get("declared_duration_sec"),
            "license": custom.get("license"), "age_limit": custom.get("age_limit"),
            "view_count": custom.get("view_count"), "live_status": custom.get("live_status"),
            "upload_date": str(custom.get("upload_date") or "").replace("-", "") or None,
            "is_live": custom.get("live_status") == "is_live", "language": custom.get("audio_language"),
        }  # fmt: skip
        try:
            return match_filter_func(self.match_filter)(fields) is None
        except ValueError as error:
            raise UserError(f"source.match_filter={self.match_filter!r}: {error}") from error


@dataclass(frozen=True)
class YoutubeSource:
    """Videos, playlists, channels and searches, or `info.json` files of videos.

    Attributes:
        urls: addresses, see `site.checked_url`.
        urls_file: a file of them, read where `urls` names none.
        info_json: files or folders of files that stand for a site's answers: no site is asked then.
        max_items: of each address.
        refresh: ask again for videos that are known.
        uncaptioned: what becomes of videos without Korean captions, see `sources.base`.
    """

    site: Site
    urls: Sequence[str] = ()
    urls_file: str | None = None
    info_json: Sequence[str] = ()
    max_items: int | None = None
    refresh: bool = False
    uncaptioned: str = REJECT
    wanted: VideoFilter = field(default_factory=VideoFilter)
    left_out: Sequence[LeftOut] = field(default=(), init=False)

    def __post_init__(self) -> None:
        check_uncaptioned(self.uncaptioned)

    def media(self, known: dict[str, Cut]) -> Iterator[Cut]:
        """One cut for every video; what cannot be reached is an error, what is not wanted rejected.

        Raises:
            UserError: if an address is none.
            FileNotFoundError: if a file that is named does not exist.
        """
        if not (self.urls or self.urls_file or self.info_json):
            raise UserError("no address: 'source.urls=[\"https://www.youtube.com/@name\"]'")
        seen: set[str] = set()
        failed: dict[str, Cut] = {}
        addresses = [checked_url(text) for text in self._addresses()]
        for cut in self._offers(addresses, self._info_files(), known):
            if "error" in cut["custom"]:
                failed.setdefault(cut["id"], cut)  # another list may reach it
            elif cut["id"] not in seen:  # the same video in two lists
                seen.add(cut["id"])
                yield cut
        yield from (cut for item, cut in failed.items() if item not in seen)

    def _addresses(self) -> list[str]:
        if self.info_json and self.urls:
            raise UserError(
                "source.info_json stands for a site, source.urls asks one: name one of them"
            )
        if self.info_json or self.urls or not self.urls_file:
            return [str(url) for url in self.urls]
        path = Path(self.urls_file).expanduser()
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]

    def _info_files(self) -> list[Path]:
        found: list[Path] = []
        for name in self.info_json:
            path = Path(name).expanduser().resolve()
            if not path.exists():
                raise FileNotFoundError(f"{path}: no such file or folder; check source.info_json")
            found += sorted(path.rglob("*.info.json")) if path.is_dir() else [path]
        return found

    def _offers(
        self, addresses: Sequence[str], files: Sequence[Path], known: dict[str, Cut]
    ) -> Iterator[Cut]:
        """Videos of all addresses; of one that fails, those it held when it last answered."""
        for path in files:
            try:
                yield self._judged(self.site.info_from_file(path), {"info_json": str(path)})
            except FetchError as error:
                yield _unreached(str(path), error)
                yield from self._kept("info_json", str(path), known)
        for address in addresses:
            try:
                for entry in self.site.listing(address, self.max_items):
                    yield self._video(entry, address, known)
            except FetchError as error:
                yield _unreached(address, error)
                yield from self._kept("listed_from", address, known)

    def _kept(self, key: str, value: str, known: dict[str, Cut]) -> Iterator[Cut]:
        for cut in known.values():
            if cut["custom"].get(key) == value:
                yield self._with_verdict(cut)

    def _video(self, entry: Mapping[str, Any], address: str, known: dict[str, Cut]) -> Cut:
        url = _page(entry) or address
        if entry.get("availability") in _CLOSED or entry.get("live_status") == "is_upcoming":
            return self._judged(entry, {"listed_from": address}, url)  # no need to ask
        previous = known.get(url)
        if previous is not None and not self.refresh:
            return self._with_verdict(previous)
        try:
            info = entry if entry.get("formats") else self.site.info(url)
            return self._judged(info, {"listed_from": address}, url)
        except FetchError as error:
            if previous is not None:
                logger.warning("%s; what is known of it is kept", error)
                return self._with_verdict(previous)
            return _unreached(url, error, entry)

    def _judged(
        self, info: Mapping[str, Any], more: Mapping[str, Any], url: str | None = None
    ) -> Cut:
        custom = {**described(info, url), **more}
        duration = custom.get("declared_duration_sec")
        samples = max(_UNKNOWN_SAMPLES, round(float(duration or 0) * _RATE))
        media_id = media_id_of(info)
        sound = recording(media_id, custom["source_url"], _RATE, samples, kind="url")
        return self._with_verdict(media_cut(media_id, sound, custom))

    def _with_verdict(self, cut: Cut) -> Cut:
        """The cut judged by today's filter, whatever was said of it before."""
        stale = ("reason", "rejected_by", "error")
        custom = {k: v for k, v in cut["custom"].items() if k not in stale}
        cut = {**cut, "custom": {**custom, "status": "accepted"}}
        if reason := self.wanted.reason(custom):
            return rejected(cut, STAGE, reason)
        verdict = custom.get("caption_verdict")
        if self.uncaptioned == TRANSCRIBE and verdict in WITHOUT_CAPTIONS:
            return cut
        if verdict == NO_CAPTIONS:
            return with_error(cut, NoCaptionsError(f"{custom['source_url']}: no captions listed"))
        return rejected(cut, STAGE, verdict) if verdict else cut


def described(info: Mapping[str, Any], url: str | None = None) -> dict[str, Any]:
    """The custom fields of a video; what the site does not tell is absent or `not stated`.

    Titles and names are whatever a stranger wrote: control characters go, length is bounded.
    """
    choice = choose_track(info)
    duration = info.get("duration")
    fields = {
        "source_url": url or clean(str(_page(info) or info.get("original_url") or info["id"])),
        "video_id": str(info["id"])[:100],
        "title": _text(info.get("title")),
        "channel": _text(info.get("channel") or info.get("uploader")),
        "channel_id": _text(info.get("channel_id") or info.get("uploader_id")),
        "license": _text(info.get("license")) or "not stated",
        "upload_date": _iso_date(info.get("upload_date")),
        "declared_duration_sec": float(duration) if isinstance(duration, int | float) else None,
        "chapters": _chapters(info.get("chapters")),
        "age_limit": info.get("age_limit") if isinstance(info.get("age_limit"), int) else None,
        "view_count": info.get("view_count") if isinstance(info.get("view_count"), int) else None,
        "live_status": _text(info.get("live_status")) or None,
        "availability": _text(info.get("availability")) or None,
        "audio_language": _text(audio_language(info)) or "not stated",
        "caption_kind": choice.track.kind if choice.track else "none",
        "caption_track": choice.track.key if choice.track else None,
        "caption_verdict": choice.reason or None,
    }
    return {key: value for key, value in fields.items() if value not in (None, [])}


def media_id_of(info: Mapping[str, Any]) -> str:
    """`yt-` and the id of a YouTube video; elsewhere the site's name and id, made safe.

    >>> media_id_of({"id": "dQw4w9WgXcQ", "extractor_key": "Youtube"})
    'yt-dQw4w9WgXcQ'
    """
    video_id, site = str(info["id"]), str(info.get("extractor_key") or "generic")
    if site == "Youtube" and re.fullmatch(r"[A-Za-z0-9_-]{11}", video_id):
        return f"yt-{video_id}"
    safe = safe_id(video_id)[:60]
    if safe != video_id:  # two ids must not become one
        safe = f"{safe[:40]}-{hashlib.sha256(video_id.encode()).hexdigest()[:12]}"
    return f"{safe_id(site).lower()[:20]}-{safe}"


def _page(info: Mapping[str, Any]) -> str | None:
    """The address of the page of a video."""
    if info.get("ie_key") == "Youtube" or info.get("extractor_key") == "Youtube":
        return f"https://www.youtube.com/watch?v={info['id']}"
    page = info.get("webpage_url") or info.get("url")
    return page if isinstance(page, str) and page.startswith(("http://", "https://")) else None


def _unreached(what: str, error: FetchError, entry: Mapping[str, Any] | None = None) -> Cut:
    """An item that could not be reached, under an id that is the same next time."""
    if entry and isinstance(entry.get("id"), str):
        item = media_id_of({"extractor_key": entry.get("ie_key"), **entry})
    else:
        item = f"unreached-{hashlib.sha256(what.encode()).hexdigest()[:16]}"
    sound = recording(item, clean(what), _RATE, _UNKNOWN_SAMPLES, kind="url")
    return with_error(media_cut(item, sound, {"source_url": clean(what)}), error)


def _text(value: Any) -> str:
    return fold(value)[:MAX_TITLE] if isinstance(value, str) else ""


def _iso_date(value: Any) -> str | None:
    text = str(value or "")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else None


def _chapters(value: Any) -> list[dict[str, Any]]:
    chapters = value if isinstance(value, list) else []
    return [
        {
            "start_sec": float(c["start_time"]),
            "end_sec": float(c["end_time"]),
            "title": _text(c.get("title")),
        }
        for c in chapters[:1000]
        if isinstance(c, Mapping)
        and isinstance(c.get("start_time"), int | float)
        and isinstance(c.get("end_time"), int | float)
    ]


def _day(text: str) -> str:
    plain = f"{text[:4]}-{text[4:6]}-{text[6:]}" if re.fullmatch(r"\d{8}", text) else text
    return date.fromisoformat(plain).isoformat()


def _below(value: Any, limit: Any) -> bool:
    return value is not None and limit is not None and value < limit
