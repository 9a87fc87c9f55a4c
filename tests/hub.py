"""A hub on loopback that takes what `huggingface_hub` uploads, and gives it back."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

SHA = "a" * 40


@dataclass
class Hub:
    """What was uploaded.

    Attributes:
        files: contents by path in the repository.
        repositories: what was created, as asked.
    """

    address: str = ""
    token: str = "hf_right"
    files: dict[str, bytes] = field(default_factory=dict)
    repositories: list[dict[str, object]] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def answer(self, value: object, status: int = 200) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def allowed(self) -> bool:
            if self.headers.get("Authorization") == f"Bearer {hub.token}":
                return True
            self.body()
            self.answer({"error": "Invalid credentials"}, 401)
            return False

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            if not path.startswith("/api/datasets/"):
                self.answer({"error": "not found"}, 404)
            elif "/tree/" in path:
                sizes = {name: len(content) for name, content in hub.files.items()}
                self.answer(
                    [{"type": "file", "path": n, "size": z, "oid": SHA} for n, z in sizes.items()]
                )
            else:
                names = [{"rfilename": name} for name in hub.files]
                self.answer({"id": "me/mini", "sha": SHA, "siblings": names, "private": True})

        def do_POST(self) -> None:
            if not self.allowed():
                return
            path, body = urlsplit(self.path).path, self.body()
            if path == "/api/repos/create":
                asked = json.loads(body)
                hub.repositories.append(asked)
                self.answer({"url": f"{hub.address}/datasets/me/mini", "name": "me/mini"})
            elif path == "/api/validate-yaml":
                self.answer({"errors": [], "warnings": []})
            elif "/preupload/" in path:
                files = [
                    {"path": f["path"], "uploadMode": "lfs" if f["path"].endswith(".parquet") else "regular",
                     "shouldIgnore": False, "oid": None}
                    for f in json.loads(body)["files"]
                ]  # fmt: skip
                self.answer({"files": files})
            elif path.endswith("/objects/batch"):
                objects = [
                    {**o, "actions": {"upload": {"href": f"{hub.address}/put/{o['oid']}"}}}
                    for o in json.loads(body)["objects"]
                ]
                self.answer({"transfer": "basic", "objects": objects})
            elif "/commit/" in path:
                for line in body.splitlines():
                    self._commit(json.loads(line))
                self.answer(
                    {"commitUrl": f"{hub.address}/commit", "commitOid": SHA, "success": True}
                )
            else:
                self.answer({"error": "not found"}, 404)

        def _commit(self, line: dict[str, dict[str, str]]) -> None:
            value = line["value"]
            if line["key"] == "file":
                hub.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                hub.files[value["path"]] = hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                hub.files.pop(value["path"], None)

        def do_PUT(self) -> None:
            body, oid = self.body(), self.path.rpartition("/")[2]
            assert hashlib.sha256(body).hexdigest() == oid
            hub.objects[oid] = body
            self.answer({})

    return Handler


@contextmanager
def running_hub() -> Iterator[Hub]:
    """A hub for as long as the block runs."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
