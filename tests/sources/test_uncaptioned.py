"""Media without captions that are to be transcribed: listed, fetched, and still told from others."""

import shutil

import numpy as np
import pytest
import soundfile
from loopback import collected

from echoharvester.errors import UserError
from echoharvester.sources.download import fetch, is_there
from echoharvester.sources.local import LocalSource


def make(folder, name, captions=False):
    path = folder / name
    soundfile.write(path, np.random.default_rng(0).standard_normal(8000) * 0.1, 16000)
    if captions:
        path.with_suffix(".ko.vtt").write_text("WEBVTT\n", encoding="utf-8")
    return path


def media(path, known=None, **options):
    return list(LocalSource([str(path)], **options).media(known or {}))


def test_a_file_without_captions_is_taken_and_becomes_sound(tmp_path):
    (cut,) = media(make(tmp_path, "a.wav"), uncaptioned="transcribe")
    assert cut["custom"]["status"] == "accepted" and cut["custom"]["caption_kind"] == "none"
    done = fetch(cut, tmp_path / "audio")
    assert "caption_path" not in done["custom"] and done["custom"]["audio_bytes"] > 0
    assert is_there(done)
    (tmp_path / "audio").rename(tmp_path / "gone")
    assert not is_there(done)


def test_what_was_rejected_before_is_taken_now_and_the_other_way_round(tmp_path):
    path = make(tmp_path, "a.wav")
    (before,) = media(path)
    known = {str(path): before}
    (taken,) = media(path, known=known, uncaptioned="transcribe")
    assert taken["custom"]["status"] == "accepted" and "reason" not in taken["custom"]
    (again,) = media(path, known={str(path): taken})
    assert again["custom"]["reason"] == "no_captions"
    (tmp_path / "a.ko.vtt").write_text("WEBVTT\n", encoding="utf-8")
    (captioned,) = media(path, known={str(path): taken}, uncaptioned="transcribe")
    assert captioned["custom"]["caption_kind"] == "manual"


def test_of_the_same_content_twice_the_one_with_captions_counts(tmp_path):
    path = make(tmp_path, "b.wav", captions=True)
    shutil.copyfile(path, tmp_path / "a.wav")
    for captions in ("reject", "transcribe"):
        kinds = {
            c["custom"].get("reason", "taken"): c["custom"]["caption_kind"]
            for c in media(tmp_path, uncaptioned=captions)
        }
        assert kinds["taken"] == "manual", captions


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"subtitles": {}, "automatic_captions": {}}, "accepted"),
        (
            {
                "subtitles": {"en": [{"ext": "vtt", "url": "http://127.0.0.1:9/?lang=en"}]},
                "automatic_captions": {},
            },
            "accepted",
        ),
        ({"language": "en", "subtitles": {}, "automatic_captions": {}}, "rejected"),
    ],
)
def test_a_video_without_korean_captions_is_taken_unless_it_speaks_another_language(
    site,
    server,
    tmp_path,
    fields,
    status,
):
    info = server.info(tmp_path / "infos", **fields)
    (cut,) = collected(site, info_json=[str(info)], uncaptioned="transcribe")
    assert cut["custom"]["status"] == status and "error" not in cut["custom"]
    if status == "accepted":
        done = fetch(cut, tmp_path / "audio", site=site)
        assert done["custom"]["caption_kind"] == "none" and "caption_path" not in done["custom"]
        assert abs(done["duration"] - 6.0) < 0.2


def test_a_video_that_has_got_captions_by_now_is_fetched_with_them(site, server, tmp_path):
    info = server.info(tmp_path / "infos", subtitles={}, automatic_captions={})
    (cut,) = collected(site, info_json=[str(info)], uncaptioned="transcribe")
    server.info(tmp_path / "infos")
    done = fetch(cut, tmp_path / "audio", site=site)
    assert done["custom"]["caption_kind"] == "manual" and done["custom"]["caption_path"].endswith(
        ".ko.vtt"
    )


def test_another_word_is_refused():
    with pytest.raises(UserError, match="source.uncaptioned is reject or transcribe, not 'keep'"):
        LocalSource(["/x"], uncaptioned="keep")
