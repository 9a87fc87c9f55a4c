"""huggingface_hub's own client against a server on loopback."""

import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests_support import ROOT

from echoharvester.errors import UserError
from echoharvester.models.fetching import _check_recorded, fetch_models
from echoharvester.models.hub import addresses_in, fetch, is_address

from config import composed, plain

CONTENT = b"weights" * 1000
SHA = hashlib.sha256(CONTENT).hexdigest()


class Hub(BaseHTTPRequestHandler):
    def do_HEAD(self):
        found = self.path.startswith("/owner/repo/resolve/main/exp/pretrained.pt")
        self.send_response(200 if found else 404)
        if found:
            self.send_header("ETag", f'"{SHA}"')
            self.send_header("X-Repo-Commit", "0" * 40)
            self.send_header("Content-Length", str(len(CONTENT)))
        else:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def ask(address):
        environment = {
            **os.environ, "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_XET": "1",
        }  # fmt: skip
        code = f"from echoharvester.models.hub import fetch; print(fetch({address!r}))"
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True
        )

    yield ask
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_is_fetched_and_its_checksum_looked_at(hub):
    fetched = hub("hf://owner/repo/exp/pretrained.pt")
    assert fetched.returncode == 0, fetched.stderr
    path = fetched.stdout.strip()
    assert Path(path).read_bytes() == CONTENT
    assert hub(f"hf://owner/repo/exp/pretrained.pt@{SHA}").stdout.strip() == path
    wrong = hub(f"hf://owner/repo/exp/pretrained.pt@{'0' * 64}")
    assert wrong.returncode and "SHA-256 is" in wrong.stderr
    assert hub("hf://owner/repo/exp/other.pt").returncode


def test_addresses_and_paths_are_told_apart(tmp_path):
    assert is_address("ksponspeech-zipformer") and is_address("hf://a/b/c.pt")
    assert not is_address("/exp/best.pt") and fetch("/exp/best.pt").name == "best.pt"
    with pytest.raises(ValueError, match="hf://OWNER"):
        fetch("hf://only")


def test_the_public_recogniser_is_pinned_file_by_file():
    cfg = composed(["asr=by_hardware"])
    addresses = list(addresses_in(plain(cfg.asr)))
    assert [a.split("/")[-1].split("-")[0].split("@")[0] for a in addresses] == [
        "encoder", "decoder", "joiner", "tokens.txt",
    ]  # fmt: skip
    assert all(len(address.partition("@")[2]) == 64 for address in addresses)
    assert list(addresses_in({"model": "/m.onnx", "more": {"repo": "Qwen/Qwen3-ASR-0.6B"}})) == []


def test_a_file_that_is_no_model_is_named_with_what_it_should_be(tmp_path):
    """Libraries raise kinds of their own over one; people see which file it is and what to do."""
    from echoharvester.models.acoustic import load_acoustic_model

    path = tmp_path / "model.onnx"
    path.write_bytes(b"no model")
    (tmp_path / "tokens.txt").write_text("<blk> 0\n<sos/eos> 1\n<unk> 2\n가 3\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"model\.onnx: cannot be loaded as an ONNX model"):
        load_acoustic_model(path, 1)


@pytest.mark.parametrize(
    ("part", "remedies"),
    [("align", ("connect this machine", "align=whisper align.repo=", "align=ctc align.model=")),
     ("asr", ("Connect this machine", "asr=faster_whisper", "asr=sherpa_onnx"))],
)  # fmt: skip
def test_without_a_hub_the_message_names_what_there_is_instead(tmp_path, part, remedies):
    code = (
        "import sys; sys.path[:0] = ['local']\n"
        "from config import composed, plain\n"
        "from echoharvester.models.fetching import fetch_models\n"
        f"list(fetch_models({part!r}, plain(composed([])[{part!r}])))"
    )
    environment = {
        **os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": str(ROOT),
        "ECHO_RECIPE_DIR": str(ROOT / "egs/korean_yt"),
    }  # fmt: skip
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert "UserError" in found.stderr and all(words in found.stderr for words in remedies)


def test_another_file_under_the_same_address_is_refused(tmp_path):
    path, record = tmp_path / "model.onnx", tmp_path / "models.json"
    path.write_bytes(b"one")
    _check_recorded(record, "hf://a/b/model.onnx", path)
    _check_recorded(record, "hf://a/b/model.onnx", path)
    path.write_bytes(b"another")
    with pytest.raises(UserError, match="this data folder was begun with"):
        _check_recorded(record, "hf://a/b/model.onnx", path)


@pytest.mark.parametrize(
    ("settings", "package", "extra"),
    [
        ({"kind": "whisper", "repo": "."}, "faster_whisper", "whisper"),
        ({"kind": "faster_whisper", "repo": "."}, "faster_whisper", "whisper"),
        ({"kind": "qwen3", "repo": ".", "revision": "main"}, "qwen_asr", "qwen"),
        ({"kind": "ctc", "model": "."}, "transformers", "transformers"),
    ],
)
def test_what_is_not_installed_is_found_before_any_shard_needs_it(
    monkeypatch, settings, package, extra
):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UserError, match=f"ECHO_EXTRAS={extra} ./run.sh"):
        list(fetch_models("align", settings))
