import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from echoharvester.sources import make_source
from echoharvester.sources.local import LocalSource


def make(folder, name, captions=(), seed=0):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    soundfile.write(path, np.random.default_rng(seed).standard_normal(8000) * 0.1, 16000)
    for suffix in captions:
        (folder / (path.stem + suffix)).write_text("WEBVTT\n", encoding="utf-8")
    return path


def media(*paths, known=None, **options):
    return list(LocalSource([str(p) for p in paths], **options).media(known or {}))


@pytest.mark.parametrize(
    ("captions", "chosen", "kind"),
    [
        ((".vtt", ".ko.vtt", ".ko.auto.vtt"), ".ko.vtt", "manual"),
        ((".vtt", ".ko.srt"), ".ko.srt", "manual"),
        ((".srt", ".ko.auto.vtt"), ".srt", "external"),
        ((".ko.auto.srt",), ".ko.auto.srt", "auto"),
    ],
)
def test_captions_are_looked_up_in_order(tmp_path, captions, chosen, kind):
    (cut,) = media(make(tmp_path, "a.wav", captions))
    assert cut["custom"]["caption_path"].endswith("a" + chosen)
    assert cut["custom"]["caption_kind"] == kind


def test_media_without_captions_are_listed_with_that_reason(tmp_path):
    (cut,) = media(make(tmp_path, "a.wav", (".ko-en.vtt",)))
    assert (cut["custom"]["status"], cut["custom"]["reason"]) == ("rejected", "no_captions")


def test_pattern_and_recursion_are_obeyed(tmp_path):
    make(tmp_path, "a.wav", seed=1)
    make(tmp_path / "sub", "b.flac", seed=2)
    assert len(media(tmp_path)) == 2
    assert len(media(tmp_path, recursive=False)) == 1
    assert len(media(tmp_path, pattern="*.flac")) == 1


def test_identity_is_the_content_not_the_path(tmp_path):
    path = make(tmp_path / "x", "a.wav")
    (before,) = media(path)
    moved = path.rename(tmp_path / "moved.wav")
    (after,) = media(moved)
    assert before["id"] == after["id"]
    make(tmp_path, "moved.wav", seed=9)
    assert media(tmp_path)[0]["id"] != before["id"]


def test_of_equal_files_the_captioned_one_counts_and_the_other_is_rejected(tmp_path):
    make(tmp_path, "a.wav")
    make(tmp_path / "sub", "b.wav", (".ko.vtt",))
    found = {Path(c["custom"]["media_path"]).name: c["custom"] for c in media(tmp_path)}
    assert found["b.wav"]["status"] == "accepted"
    assert found["a.wav"]["reason"] == "duplicate_media"
    assert found["a.wav"]["duplicate_of"].endswith("b.wav")


def test_a_file_named_twice_is_one(tmp_path):
    make(tmp_path / "sub", "a.wav", (".ko.vtt",))
    assert len(media(tmp_path, tmp_path / "sub")) == 1


def test_a_name_that_is_not_utf_8_is_an_error_of_its_own(tmp_path):
    make(tmp_path, "good.wav", (".ko.vtt",))
    bad = make(tmp_path, "bad.wav", seed=4)
    os.rename(bad, os.fsencode(tmp_path) + b"/" + "한글.wav".encode("cp949"))
    good, bad = sorted(media(tmp_path), key=lambda c: "error" in c["custom"])
    assert good["custom"]["status"] == "accepted"
    assert "rename it" in bad["custom"]["error"]["message"]
    json.dumps(bad, ensure_ascii=False).encode()


def test_what_is_no_media_is_an_error_that_names_it(tmp_path):
    (tmp_path / "bad.mp3").write_text("text", encoding="utf-8")
    (cut,) = media(tmp_path)
    assert "bad.mp3" in cut["custom"]["error"]["message"]
    with pytest.raises(FileNotFoundError, match="check source.paths"):
        media(tmp_path / "missing")


def test_an_unknown_kind_says_which_there_are():
    with pytest.raises(ValueError, match=r"source.kind is local or youtube"):
        make_source({"kind": "radio"})
