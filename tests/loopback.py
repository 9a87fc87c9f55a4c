"""A web server on loopback that behaves as sites do, well and badly, and info.json files that lead to it."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np

from echoharvester.sources import make_source

VTT = "WEBVTT\n\n00:00.500 --> 00:02.000\n안녕하세요 여러분\n\n00:02.500 --> 00:05.000\n오늘은 날씨가 좋네요\n"
QUICK = {
    "retries": 2, "backoff_sec": 0.05, "max_backoff_sec": 2.0, "interval_sec": 0.0, "timeout_sec": 2.0,
    "rate_limit_kib_per_sec": 0,
}  # fmt: skip


def m4a(seconds=6.0):
    """A real m4a file of noise."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=16000, layout="mono")
        noise = np.random.default_rng(1).normal(0, 0.1, (1, int(seconds * 16000)))
        frame = av.AudioFrame.from_ndarray(noise.astype(np.float32), format="fltp", layout="mono")
        frame.rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return buffer.getvalue()


@dataclass
class Answer:
    """What a path answers.

    Attributes:
        failures: (status, headers) of the first requests, before the body is given.
        cut_after: bytes after which the first connections break ...
        cuts: ... and how many do.
        declared: Content-Length, where it lies.
        pause_sec: between the pieces of a slow body.
    """

    body: bytes = b""
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    cut_after: int = 0
    cuts: int = 0
    declared: int | None = None
    pause_sec: float = 0.0
    always: int = 0  # a status that never changes


@dataclass
class Loopback:
    """The server, its answers by path, and what was asked of it."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    ranges: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def url(self, path: str, query: str = "") -> str:
        return f"http://127.0.0.1:{self.port}{path}{query}"

    def info(
        self, folder: Path, video_id: str = "abcdefghijk", sound: str = "/sound.m4a", **fields: Any
    ) -> Path:
        """An info.json as yt-dlp writes them."""
        info: dict[str, Any] = {
            "id": video_id, "title": "제목", "channel": "채널", "channel_id": "UC1", "duration": 6.0,
            "extractor": "youtube", "extractor_key": "Youtube", "upload_date": "20240131",
            "webpage_url": f"https://www.youtube.com/watch?v={video_id}", "language": "ko",
            "formats": [{"format_id": "140", "ext": "m4a", "acodec": "mp4a.40.2", "vcodec": "none",
                         "url": self.url(sound), "protocol": "http", "language": fields.get("language", "ko")}],
            "subtitles": {"ko": [{"ext": "vtt", "url": self.url("/manual.vtt", "?lang=ko")}]},
            "automatic_captions": {},
        }  # fmt: skip
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{video_id}.info.json"
        path.write_text(json.dumps({**info, **fields}, ensure_ascii=False), encoding="utf-8")
        return path


@contextmanager
def serving() -> Iterator[Loopback]:
    """A server for as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            loopback.requests[path] += 1
            loopback.times.append(time.monotonic())
            answer = loopback.answers.get(path)
            if answer is None or answer.always:
                self._status(answer.always if answer else 404, {})
            elif answer.failures:
                self._status(*answer.failures.pop(0))
            else:
                self._body(answer)

        def _status(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _body(self, answer: Answer) -> None:
            start = 0
            wanted = self.headers.get("Range")
            if wanted:
                loopback.ranges.append(wanted)
                start = int(wanted.removeprefix("bytes=").split("-")[0])
            body = answer.body[start:]
            self.send_response(206 if start else 200)
            if start:
                whole = len(answer.body)
                self.send_header("Content-Range", f"bytes {start}-{whole - 1}/{whole}")
            declared = answer.declared if answer.declared is not None else len(body)
            self.send_header("Content-Length", str(declared))
            self.end_headers()
            if answer.cuts:
                answer.cuts -= 1
                body = body[: answer.cut_after]
                self.close_connection = True
            for i in range(0, len(body), 4096):
                self.wfile.write(body[i : i + 4096])
                time.sleep(answer.pause_sec)
            if declared > len(body):
                self.close_connection = True

        def log_message(self, *arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *arguments: Any) -> None:
            pass  # clients that hang up are part of the test

    server = Server(("127.0.0.1", 0), Handler)
    loopback = Loopback(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        server.shutdown()
        server.server_close()


def collected(site, known=None, **options):
    return list(make_source({"kind": "youtube", **options}, site).media(known or {}))


def one(site, server, tmp_path, **fields):
    path = server.info(tmp_path / "infos", **fields)
    return collected(site, info_json=[str(path)])[0]
