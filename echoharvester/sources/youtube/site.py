"""yt-dlp as a library: listings, metadata and files, with retries and manners.

Every request goes through `Site._patiently`: paced, repeated with exponential backoff and jitter,
and stopped for all by a circuit breaker when the site answers 429.
"""

from __future__ import annotations

import json
import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from echoharvester.errors import UserError
from echoharvester.sources.youtube.pace import Pace, SiteClosedError

if TYPE_CHECKING:
    from yt_dlp import YoutubeDL

logger = logging.getLogger(__name__)
T = TypeVar("T")
MAX_INFO_BYTES = 64 << 20
_VIDEO_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_SEARCH = re.compile(r"ytsearch(?:date)?(?:[1-9]\d{0,3}|all)?:.+", re.DOTALL)
_CHANNEL = re.compile(
    r"https?://(?:www\.|m\.)?youtube\.com/(?:@[^/?#]+|(?:channel|c|user)/[^/?#]+)/?$"
)


# What YouTube says with status 200.
_BLOCKED = re.compile("not a bot|captcha|rate-limited|unusual traffic", re.IGNORECASE)
_GONE = re.compile(
    "private video|video unavailable|been removed|members-only|been terminated|premieres in|will begin in",
    re.IGNORECASE,
)


class FetchError(UserError):
    """Something could not be had from a site; the message names it, the cause, and no secret."""


class TooManyRequestsError(FetchError):
    """The site answered 429."""


class GoneError(FetchError):
    """The site answered that there is no such thing (403, 404, 410), or will not give it."""


@dataclass(frozen=True)
class Network:
    """How to talk to a site.  No value of it is part of the data or of any log.

    Attributes:
        retries: further tries after the first.
        backoff_sec, max_backoff_sec: wait before the first retry, doubled for each, and its limit.
        interval_sec: least time between requests, over all processes of a data folder.
        pause_sec: how long nothing is requested after repeated 429s.
        rate_limit_kib_per_sec: of a download; 0: none.
        timeout_sec: of a connection or a read that stalls.
        cookies_file, cookies_from_browser, proxy: as yt-dlp takes them.
        js_runtime: deno, node, bun or quickjs, which YouTube needs.
    """

    retries: int = 3
    backoff_sec: float = 5.0
    max_backoff_sec: float = 300.0
    interval_sec: float = 1.0
    pause_sec: float = 900.0
    rate_limit_kib_per_sec: float = 1024.0
    timeout_sec: float = 30.0
    cookies_file: str | None = None
    cookies_from_browser: str | None = None
    proxy: str | None = None
    js_runtime: str = "deno"


def checked_url(text: str) -> str:
    """A url, search or video id as an address that yt-dlp takes.

    >>> checked_url("dQw4w9WgXcQ")
    'https://www.youtube.com/watch?v=dQw4w9WgXcQ'
    >>> checked_url("https://www.youtube.com/@ebs")
    'https://www.youtube.com/@ebs/videos'

    Raises:
        UserError: for anything else, options and paths among it.
    """
    text = text.strip()
    if _CHANNEL.fullmatch(text):
        return text.rstrip("/") + "/videos"
    if re.fullmatch(r"https?://[^\s/][^\s]*", text) or _SEARCH.fullmatch(text):
        return text
    if _VIDEO_ID.fullmatch(text):
        return f"https://www.youtube.com/watch?v={text}"
    raise UserError(
        f"{text!r} is no address: expected https://..., an 11-character video id, or "
        "ytsearch20:words"
    )


class Site:
    """One connection to whatever sites yt-dlp knows."""

    def __init__(self, network: Network, pace: Pace) -> None:
        self._network, self._pace = network, pace

    def listing(self, url: str, max_items: int | None = None) -> Iterator[dict[str, Any]]:
        """What an address holds: one flat entry a video, itself if it is one.

        Raises:
            FetchError: if it cannot be listed.
        """
        result = self._patiently(url, lambda: self._flat.extract_info(url, download=False)) or {}
        if "entries" not in result:
            yield result
            return
        count = 0
        for entry in result["entries"]:
            if not entry:
                continue
            if entry.get("ie_key") == "YoutubeTab":  # a list in the list
                yield from self.listing(entry["url"], max_items)
                continue
            yield entry
            count += 1
            if max_items and count >= max_items:
                return

    def info(self, url: str) -> dict[str, Any]:
        """All metadata of one video, with a format of its sound chosen.

        Raises:
            FetchError: if it cannot be had.
        """
        found = self._patiently(url, lambda: self._ydl.extract_info(url, download=False))
        if not isinstance(found, dict):
            raise FetchError(f"{clean(url)}: yt-dlp found no video there")
        return found

    def info_from_file(self, path: Path) -> dict[str, Any]:
        """The same from an `info.json` that yt-dlp has written.

        Raises:
            FetchError: if the file is none.
        """
        info = read_info_json(path)
        return self._failing(str(path), lambda: self._ydl.process_ie_result(info, download=False))

    def save(self, info: dict[str, Any], target: Path, what: str) -> None:
        """Downloads what `info` describes (its url, protocol, fragments) to `target`.

        A download cut short is resumed from its `.part` file, in this run or the next.

        Raises:
            FetchError: if it cannot be had, or is empty.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # whole, and yet it did not serve

        def once() -> None:
            success, _ = self._ydl.dl(str(target), dict(info))
            if not success or not target.is_file():
                raise FetchError(f"{what}: the download failed")
            if target.stat().st_size == 0:
                target.unlink()
                raise FetchError(f"{what}: the site sent nothing; it is tried again")

        self._patiently(what, once)

    def _patiently(self, what: str, action: Callable[[], T]) -> T:
        """`action`, tried again with growing pauses.

        Raises:
            FetchError: the last failure, or `SiteClosedError`.
        """
        for attempt in range(self._network.retries + 1):
            try:
                self._pace.wait()
            except SiteClosedError as error:
                raise TooManyRequestsError(f"{clean(what)}: {error}") from error
            try:
                return self._failing(what, action)
            except GoneError:
                raise
            except FetchError as error:
                last = attempt == self._network.retries
                asked = getattr(error, "retry_after_sec", None)
                if isinstance(error, TooManyRequestsError) and (last or self._too_long(asked)):
                    self._pace.close(asked)
                    raise
                if last:
                    raise
                delay = asked or self._backoff(attempt)
                logger.warning("%s; again in %.1f s", error, delay)
                time.sleep(delay)
        raise AssertionError("unreachable")

    def _too_long(self, asked_sec: float | None) -> bool:
        return asked_sec is not None and asked_sec > self._network.max_backoff_sec

    def _backoff(self, attempt: int) -> float:
        """Doubled for each try, with jitter, so that many workers do not come back at once."""
        longest = min(self._network.backoff_sec * 2**attempt, self._network.max_backoff_sec)
        return longest * random.uniform(0.5, 1.0)

    def _failing(self, what: str, action: Callable[[], T]) -> T:
        """`action` with yt-dlp's many errors as ours."""
        from yt_dlp.networking.exceptions import HTTPError

        try:
            return action()
        except FetchError:
            raise
        except Exception as error:  # yt-dlp raises whatever a page makes it stumble over
            message = f"{clean(what)}: {self._cleaned(str(error))}"
            http = next((e for e in _chain(error) if isinstance(e, HTTPError)), None)
            if (http is not None and http.status == 429) or _BLOCKED.search(message):
                failure = TooManyRequestsError(message)
                failure.retry_after_sec = _retry_after(http) if http else None  # type: ignore[attr-defined]
                raise failure from None
            if (http is not None and http.status in (401, 403, 404, 410)) or _GONE.search(message):
                raise GoneError(message) from None
            raise FetchError(message) from None  # the cause may show what must not be shown

    def _cleaned(self, text: str) -> str:
        for secret in (self._network.proxy, self._network.cookies_file):
            if secret:
                text = text.replace(secret, "***")
        return clean(text)

    @cached_property
    def _ydl(self) -> YoutubeDL:
        return self._make({"format": "bestaudio/best"})

    @cached_property
    def _flat(self) -> YoutubeDL:
        return self._make({"extract_flat": "in_playlist"})

    def _make(self, more: dict[str, Any]) -> YoutubeDL:
        from yt_dlp import YoutubeDL

        network = self._network
        options: dict[str, Any] = {
            "quiet": True,
            "noprogress": True,
            "logger": _Log(self._cleaned),
            "cachedir": False,
            "fixup": "never",  # needs ffmpeg, and we only read the sound
            "postprocessors": [],
            "skip_unavailable_fragments": False,  # a lost fragment is an error, not a gap
            "retries": 0,  # ours, so that 429 and 503 are treated alike, and paced
            "extractor_retries": 1,
            "fragment_retries": network.retries,
            "retry_sleep_functions": {"fragment": lambda n: self._backoff(n)},
            "socket_timeout": network.timeout_sec,
            "ratelimit": network.rate_limit_kib_per_sec * 1024 or None,
            "sleep_interval_requests": network.interval_sec,
            "js_runtimes": {network.js_runtime: {}},
            "enable_file_urls": False,
            "overwrites": True,
            "updatetime": False,
            **more,
        }
        if network.cookies_file:
            options["cookiefile"] = self._cookie_copy(Path(network.cookies_file))
        if network.cookies_from_browser:
            options["cookiesfrombrowser"] = _browser(network.cookies_from_browser)
        if network.proxy:
            options["proxy"] = network.proxy
        return YoutubeDL(options)

    def _cookie_copy(self, path: Path) -> Any:
        """The cookies in memory: yt-dlp would write the user's own file on exit."""
        import io

        try:
            return io.StringIO(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FetchError(
                f"network.cookies_file cannot be read ({type(error).__name__})"
            ) from None


def _browser(text: str) -> tuple[str | None, ...]:
    """`NAME[+KEYRING][:PROFILE][::CONTAINER]`, as yt-dlp writes it, in the order of its option.

    >>> _browser("chrome+gnomekeyring:work")
    ('chrome', 'work', 'GNOMEKEYRING', None)

    Raises:
        UserError: if it is not of that form.
    """
    found = re.fullmatch(r"([^+:]+)(?:\+([^:]+))?(?::(?!:)(.+?))?(?:::(.+))?", text)
    if not found:
        raise UserError(
            "network.cookies_from_browser: expected NAME[+KEYRING][:PROFILE][::CONTAINER]"
        )
    name, keyring, profile, container = found.groups()
    return name.lower(), profile, keyring.upper() if keyring else None, container


def read_info_json(path: Path) -> dict[str, Any]:
    """The content of an `info.json`.

    Raises:
        FetchError: if it is none.
    """
    try:
        if path.stat().st_size > MAX_INFO_BYTES:
            raise UserError(f"larger than {MAX_INFO_BYTES >> 20} MiB")
        info = json.loads(path.read_bytes())
        if not isinstance(info, dict) or not isinstance(info.get("id"), str):
            raise UserError("no object with an id")
        if info.get("_type", "video") != "video":
            raise UserError("not of a video")  # it would lead elsewhere
        info["id"].encode()
    except (OSError, ValueError, RecursionError) as error:
        raise FetchError(f"{path}: not an info.json of yt-dlp ({error})") from error
    return info


class _Log:
    """yt-dlp's messages in our log, without addresses' secrets."""

    def __init__(self, cleaned: Callable[[str], str]) -> None:
        self._cleaned = cleaned

    def debug(self, message: str) -> None:
        logger.debug("%s", self._cleaned(message))

    def info(self, message: str) -> None:
        logger.debug("%s", self._cleaned(message))

    def warning(self, message: str) -> None:
        logger.info("yt-dlp: %s", self._cleaned(message))

    def error(self, message: str) -> None:
        logger.info("yt-dlp: %s", self._cleaned(message))


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_QUERY = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]*")


def clean(text: str) -> str:
    """A message without passwords in addresses, signed queries, colours and control characters.

    >>> clean("https://u:secret@host/x?sig=1 and https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=1")
    'https://host/x and https://www.youtube.com/watch?v=dQw4w9WgXcQ'
    """
    text = _CREDENTIALS.sub("", _COLOUR.sub("", text))
    text = _QUERY.sub(lambda m: m[1] + _video_query(m.group()), text)
    return "".join(c if c.isprintable() else " " for c in text)[:2000]


def _video_query(url: str) -> str:
    found = re.search(r"[?&](v|list)=([A-Za-z0-9_-]+)", url)
    return f"?{found[1]}={found[2]}" if found and "youtube." in url else ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it; yt-dlp keeps them in three places."""
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or any(current is s for s in seen):
            continue
        seen.append(current)
        yield current
        info = getattr(current, "exc_info", None)
        waiting += [current.__cause__, current.__context__, getattr(current, "cause", None)]
        waiting.append(info[1] if isinstance(info, tuple) else None)


def _retry_after(error: Any) -> float | None:
    """Seconds that the site asks to wait for, given in seconds or as a date."""
    value = error.response.headers.get("Retry-After")
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (TypeError, ValueError):
            return None
