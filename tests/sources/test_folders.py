"""What a folder holds is taken, or left out for a reason."""

import os
import subprocess

import numpy as np
import pytest
import soundfile

from echoharvester.audio.media import ffmpeg
from echoharvester.sources.folders import write_left_out
from echoharvester.sources.local import LocalSource

VTT = "WEBVTT\n\n00:00:00.100 --> 00:00:00.400\n안녕하세요\n"


def encoded(path, *arguments):
    noise = np.random.default_rng(abs(hash(path.name)) % 2**32).standard_normal(16000) * 0.1
    wav = path.with_name(f".{path.name}.wav")
    soundfile.write(wav, noise, 16000)
    command = [
        ffmpeg(),
        "-nostdin",
        "-loglevel",
        "error",
        "-y",
        "-i",
        str(wav),
        *arguments,
        str(path),
    ]
    subprocess.run(command, check=True)
    wav.unlink()
    return path


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("a.ts", ["-c:a", "aac"]), ("a.mka", []), ("a.m4b", ["-f", "ipod"]), ("a.mp2", []), ("a.aiff", []), ("a.oga", []), ("a.opus", []),
     ("a.weba", ["-f", "webm"]), ("a.mpga", ["-f", "mp3"]), ("a.asf", []), ("a.3gp", ["-c:a", "aac"]), ("a.mts", ["-f", "mpegts", "-c:a", "aac"]),
     ("a.recording", ["-f", "matroska"]), ("a.0001", ["-f", "mp3"]), ("a", ["-f", "wav"])],
)  # fmt: skip
def test_media_by_suffix_or_by_their_first_bytes(tmp_path, name, arguments):
    encoded(tmp_path / name, *arguments)
    source = LocalSource([str(tmp_path)])
    (cut,) = source.media({})
    assert cut["custom"]["media_path"].endswith(name) and "error" not in cut["custom"]


def test_all_that_a_folder_holds_is_accounted_for(tmp_path):
    encoded(tmp_path / "x.wav")
    files = {
        "x.ko.vtt": VTT, "y.ko.vtt": VTT, "notes.txt": "메모", "cover.jpg": "\xff\xd8", "clip.mp4.part": "", ".hidden.mp4": "",
        "main.ts": "const a: number = 1;\n" * 100, "data.bin": "0123", "sub/z.srt": VTT,
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "broken.mp4").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked").symlink_to(tmp_path / "sub")
    source = LocalSource([str(tmp_path)])
    taken = list(source.media({}))
    left_out = {str(item.path.relative_to(tmp_path)): item.reason for item in source.left_out}
    assert left_out == {
        "x.ko.vtt": "captions", "y.ko.vtt": "captions_of_nothing", "sub/z.srt": "captions_of_nothing", "notes.txt": "no_media",
        "cover.jpg": "no_media", "clip.mp4.part": "unfinished", ".hidden.mp4": "hidden", "main.ts": "no_media", "data.bin": "no_media",
        "broken.mp4": "broken_link", "linked": "linked_folder",
    }  # fmt: skip
    assert len(taken) == 1
    line = write_left_out(source.left_out, tmp_path / "out" / "left_out.tsv")
    assert "no_media 4" in line and "captions_of_nothing 2" in line
    rows = (tmp_path / "out" / "left_out.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 1 + len(source.left_out)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered_is_told(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o000)
    source = LocalSource([str(tmp_path)])
    list(source.media({}))
    assert [item.reason for item in source.left_out] == ["unreadable_folder"]


def test_names_that_are_no_text_stay_on_their_line(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xb0\xa1\t\n.txt"
    open(name, "w").close()
    source = LocalSource([str(tmp_path)])
    list(source.media({}))
    write_left_out(source.left_out, tmp_path / "left_out.tsv")
    assert len((tmp_path / "left_out.tsv").read_text(encoding="utf-8").splitlines()) == 2
