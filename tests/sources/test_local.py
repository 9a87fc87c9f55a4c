import json
import os
import unicodedata
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


def listed(tmp_path, text, **options):
    path = tmp_path / "list.tsv"
    path.write_text(text, encoding="utf-8")
    return list(make_source({"kind": "local", "list": str(path), **options}).media({}))


def test_a_list_names_media_captions_and_what_is_known(tmp_path):
    make(tmp_path / "talks", "a.wav", (".ko.vtt",))
    make(tmp_path, "b.wav", seed=3)
    (tmp_path / "subs.srt").write_text("x", encoding="utf-8")
    first, second = listed(
        tmp_path,
        "license\tmedia\tcaption\tcaption_kind\tchannel\n"
        "CC BY\tb.wav\tsubs.srt\tmanual\t강연\n\n\ttalks/a.wav\t\t\t\n",
    )
    assert first["custom"]["caption_path"].endswith("subs.srt")
    assert (first["custom"]["caption_kind"], first["custom"]["license"]) == ("manual", "CC BY")
    assert first["custom"]["channel"] == "강연"
    assert second["custom"]["caption_path"].endswith("a.ko.vtt")
    assert second["custom"]["license"] == "not stated"


def test_a_list_as_excel_saves_it(tmp_path):
    make(tmp_path, "a, b.wav")
    (tmp_path / "c.srt").write_text("x", encoding="utf-8")
    (cut,) = listed(tmp_path, '\ufeffmedia,caption\r\n"a, b.wav",c.srt\r\n')
    assert cut["custom"]["caption_kind"] == "external"


def test_what_a_list_names_and_is_not_there_is_an_error_of_its_own(tmp_path):
    make(tmp_path, "a.wav")
    cuts = listed(tmp_path, "media\tcaption\nmissing.wav\t\na.wav\tmissing.srt\n")
    assert [
        "missing.wav" in cuts[0]["custom"]["error"]["message"],
        "missing.srt" in cuts[1]["custom"]["error"]["message"],
    ] == [True, True]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("media\tlicence\n", r"list.tsv:1: columns \['licence'\]"),
        ("path\n", "list.tsv:1: columns"),
        ("caption\n", "list.tsv:1: no column `media`"),
        ("media\tcaption\na\n", "list.tsv:2: more or fewer cells"),
        ("media\tcaption\n\tb\n", "list.tsv:2: no media"),
        ("media\tcaption_kind\na\tgood\n", "list.tsv:2: caption_kind 'good'"),
    ],
)
def test_a_bad_list_is_named_by_line(tmp_path, text, problem):
    with pytest.raises(ValueError, match=problem):
        listed(tmp_path, text)


def test_links_do_not_lead_out_of_the_folder(tmp_path):
    outside = make(tmp_path / "outside", "secret.wav", (".ko.vtt",), seed=5)
    inside = make(tmp_path / "in", "a.wav", seed=6)
    (tmp_path / "in" / "link.wav").symlink_to(outside)
    (tmp_path / "in" / "a.ko.vtt").symlink_to(outside.with_suffix(".ko.vtt"))
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    found = {Path(c["custom"]["media_path"]).name: c["custom"] for c in media(tmp_path / "in")}
    assert found["link.wav"]["reason"] == "link_out_of_folder"
    assert found["a.wav"]["reason"] == "no_captions"  # its captions lie outside
    assert "secret" not in str(found["link.wav"].get("caption_path"))
    allowed = media(tmp_path / "in", outside_links=True)
    reasons = {Path(c["custom"]["media_path"]).name: c["custom"].get("reason") for c in allowed}
    assert reasons == {"a.wav": None, "link.wav": "no_captions"} and inside.exists()


@pytest.mark.parametrize("name", ["가" * 80, "a\tb\nc", "-rf *", "$(x)", "'; drop", "%(title)s"])
def test_strange_names_are_only_names(tmp_path, name):
    (cut,) = media(make(tmp_path, f"{name}.wav", (".ko.vtt",)).parent)
    assert cut["custom"]["status"] == "accepted"
    assert all(c.isprintable() for c in cut["custom"]["title"])
    assert cut["id"].isalnum()


def test_names_in_decomposed_form_find_their_captions(tmp_path):
    name = unicodedata.normalize("NFD", "한글 이름")
    (cut,) = media(make(tmp_path, f"{name}.wav", (".ko.vtt",)).parent)
    assert cut["custom"]["caption_kind"] == "manual" and cut["custom"]["title"] == "한글 이름"


def test_of_equal_files_one_counts_in_the_next_run_too(tmp_path):
    make(tmp_path, "a.wav", (".ko.vtt",))
    make(tmp_path, "b.wav", (".ko.vtt",))
    first = media(tmp_path)
    known = {c["custom"]["media_path"]: c for c in first}
    for cuts in (first, media(tmp_path, known=known)):
        assert sorted(str(c["custom"].get("reason")) for c in cuts) == ["None", "duplicate_media"]


def test_a_name_of_255_bytes_harms_only_itself(tmp_path):
    make(tmp_path, "a.wav", (".ko.vtt",))
    make(tmp_path, "가" * 83 + "b.wav", seed=8)
    assert sorted(c["custom"]["status"] for c in media(tmp_path)) == ["accepted", "rejected"]


def test_a_list_with_a_lone_quote_or_in_cp949_loses_no_row(tmp_path):
    make(tmp_path, "a.wav", seed=1)
    make(tmp_path, "b.wav", seed=2)
    assert len(listed(tmp_path, 'media\ttitle\na.wav\t"News\nb.wav\tx\n')) == 2
    path = tmp_path / "korean.tsv"
    path.write_bytes("media\tchannel\na.wav\t강연\n".encode("cp949"))
    (cut,) = make_source({"kind": "local", "list": str(path)}).media({})
    assert cut["custom"]["channel"] == "강연"


def test_a_file_named_twice_in_a_list_is_named(tmp_path):
    from echoharvester.sources.media_list import read_media_list

    (tmp_path / "a.wav").write_bytes(b"")
    (tmp_path / "list.tsv").write_text("media\na.wav\n./a.wav\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"list.tsv:3: .*a.wav is on line 2"):
        read_media_list(tmp_path / "list.tsv")
