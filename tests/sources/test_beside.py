"""Captions beside media by the names that people and programs give them, or inside of the file."""

import unicodedata

import numpy as np
import pytest
import soundfile

from echoharvester.audio.media import run_ffmpeg
from echoharvester.audio.tracks import Track, choose_audio, choose_subtitles
from echoharvester.errors import UserError
from echoharvester.sources.download import fetch
from echoharvester.sources.local import LocalSource

VTT = "WEBVTT\n\n00:00:00.100 --> 00:00:00.400\n안녕하세요\n"


def sound(path, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(seed).standard_normal(8000) * 0.1, 16000)
    return path


def beside(folder, name, *captions, content=VTT):
    path = sound(folder / name)
    for caption in captions:
        (folder / caption).write_text(content, encoding="utf-8")
    (cut,) = LocalSource([str(path)]).media({})
    return cut["custom"]


@pytest.mark.parametrize(
    ("caption", "kind"),
    [("x.ko-KR.vtt", "manual"), ("x.ko_KR.vtt", "manual"), ("x.kor.srt", "manual"), ("x.kr.srt", "manual"), ("x.korean.srt", "manual"),
     ("x.한국어.srt", "manual"), ("x.ko-nP7-2PuUl7o.vtt", "manual"), ("x.KO.SRT", "manual"), ("X.Ko.Vtt", "manual"), ("x.ko.sdh.srt", "manual"),
     ("x.ko-orig.vtt", "auto"), ("x.ko.auto.vtt", "auto"), ("x.wav.srt", "external"), ("x.wav.ko.srt", "manual"), ("x.smi", "external"),
     ("x.ass", "external"), ("x.ttml", "external"), ("x.ko.sbv", "manual"), ("x.ko.json3", "manual"), ("x.ko.srv3", "manual"), ("x.SMI", "external")],
)  # fmt: skip
def test_names_of_korean_captions(tmp_path, caption, kind):
    custom = beside(tmp_path, "x.wav", caption)
    assert (custom["caption_kind"], custom["status"]) == (kind, "accepted")
    assert custom["caption_path"].endswith(caption) and "captions_beside" not in custom


@pytest.mark.parametrize("caption", ["x.en.vtt", "x.ja.srt", "x.ko-en.vtt", "x.part2.srt", "xy.ko.vtt", "x.ko.txt"])  # fmt: skip
def test_other_files_are_none_and_those_of_the_name_are_told(tmp_path, caption):
    custom = beside(tmp_path, "x.wav", caption)
    assert custom["reason"] == "no_captions"
    told = " ".join(custom.get("captions_beside", []))
    assert (caption in told) == (caption.startswith("x.") and not caption.endswith("txt"))


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_match_however_their_letters_are_composed(tmp_path, form):
    other = {"NFC": "NFD", "NFD": "NFC"}[form]
    media, caption = (
        unicodedata.normalize(f, name)
        for f, name in ((form, "한글 강의 1회.wav"), (other, "한글 강의 1회.ko.vtt"))
    )
    assert beside(tmp_path, media, caption)["caption_kind"] == "manual"
    listed = tmp_path / "list.tsv"
    listed.write_text(f"media\tcaption\n{unicodedata.normalize(other, media)}\t{unicodedata.normalize(form, caption)}\n", encoding="utf-8")  # fmt: skip
    (cut,) = LocalSource(list=str(listed)).media({})
    assert cut["custom"]["status"] == "accepted", cut["custom"].get("error")


def test_of_several_the_first_that_can_be_read_is_taken_and_the_others_are_told(tmp_path):
    path = sound(tmp_path / "x.wav")
    (tmp_path / "x.ko.vtt").write_text("WEBVTT\n\n", encoding="utf-8")
    (tmp_path / "x.ko.srt").write_text("no times at all\n", encoding="utf-8")
    (tmp_path / "x.ko.smi").write_text("<SAMI><SYNC Start=100><P>안녕", encoding="utf-8")
    (tmp_path / "x.vtt").write_text(VTT, encoding="utf-8")
    (cut,) = LocalSource([str(path)]).media({})
    assert cut["custom"]["caption_path"].endswith("x.ko.smi")
    assert cut["custom"]["captions_beside"] == ["x.ko.vtt (empty)", "x.ko.srt (cannot be read)", "x.vtt"]  # fmt: skip


def test_lists_of_excel_in_korea_have_semicolons_and_what_is_missing_is_named_by_line(tmp_path):
    sound(tmp_path / "x.wav")
    listed = tmp_path / "list.csv"
    listed.write_text("media;caption;license\nx.wav;x.srt;CC BY\ny.wav;;\n", encoding="utf-8")
    cuts = list(LocalSource(list=str(listed)).media({}))
    messages = sorted(cut["custom"]["error"]["message"] for cut in cuts)
    assert "list.csv:2:" in messages[0] and "x.srt" in messages[0]
    assert "list.csv:3:" in messages[1] and "y.wav" in messages[1]


def muxed(tmp_path, name, *arguments):
    """A container of one second with two audio tracks or a subtitle track."""
    wav = sound(tmp_path / "parts" / "a.wav", 1)
    other = sound(tmp_path / "parts" / "b.wav", 2)
    vtt = tmp_path / "parts" / "c.vtt"
    vtt.write_text(VTT, encoding="utf-8")
    run_ffmpeg(["-i", str(wav), "-i", str(other), "-i", str(vtt), *arguments, str(tmp_path / name)], what=name)  # fmt: skip
    return tmp_path / name


LANGUAGES = ["-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=kor"]


@pytest.mark.parametrize(("wanted", "track"), [(None, 2), (1, 1), ("eng", 1), ("2", 2)])
def test_the_korean_audio_track_is_taken_unless_another_is_asked_for(tmp_path, wanted, track):
    path = muxed(tmp_path, "x.mkv", "-map", "0:a", "-map", "1:a", "-c:a", "flac", *LANGUAGES)
    (tmp_path / "x.ko.vtt").write_text(VTT, encoding="utf-8")
    (cut,) = LocalSource([str(path)], audio_track=wanted).media({})
    assert cut["custom"]["audio_track"] == track and len(cut["custom"]["audio_tracks"]) == 2
    fetched = fetch(cut, tmp_path / "audio")
    samples, _ = soundfile.read(fetched["recording"]["sources"][0]["source"])
    truth, _ = soundfile.read(tmp_path / "parts" / ("a.wav" if track == 1 else "b.wav"))
    assert np.abs(samples[:4000] - truth[:4000]).max() < 0.01
    if wanted is None:  # known files are not opened again, and the choice may change
        (again,) = LocalSource([str(path)], audio_track=1).media({str(path): cut})
        assert again["custom"]["audio_track"] == 1


def test_a_track_that_is_not_there_is_an_error_that_lists_them(tmp_path):
    path = muxed(tmp_path, "x.mkv", "-map", "0:a", "-map", "1:a", "-c:a", "flac", *LANGUAGES)
    (cut,) = LocalSource([str(path)], audio_track="jpn").media({})
    assert "1: eng flac" in cut["custom"]["error"]["message"]
    with pytest.raises(UserError, match="there are 1: kor"):
        choose_audio([Track("aac", "kor"), Track("aac", "eng")], 3)
    assert choose_audio([Track("aac", "und")], "kor") == 0  # it is about files with several
    assert choose_audio([Track("aac", "eng"), Track("aac", "kor")], "ko") == 1


@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "srt"), (".mkv", "ass"), (".mp4", "mov_text"), (".mkv", "webvtt")])  # fmt: skip
def test_captions_inside_of_the_file_are_used(tmp_path, suffix, codec):
    path = muxed(tmp_path, f"x{suffix}", "-map", "0:a", "-map", "2:s", "-c:a", "aac", "-c:s", codec,
                 "-metadata:s:s:0", "language=kor")  # fmt: skip
    (cut,) = LocalSource([str(path)]).media({})
    assert cut["custom"]["caption_kind"] == "external" and cut["custom"]["subtitle_track"] == 1
    fetched = fetch(cut, tmp_path / "audio")
    from pathlib import Path

    from echoharvester.captions.parse import read_track

    assert [c.text for c in read_track(Path(fetched["custom"]["caption_path"])).cues] == [
        "안녕하세요"
    ]


def test_captions_of_another_language_inside_are_named(tmp_path):
    path = muxed(tmp_path, "x.mkv", "-map", "0:a", "-map", "2:s", "-c:a", "aac", "-c:s", "srt", "-metadata:s:s:0", "language=eng")  # fmt: skip
    (cut,) = LocalSource([str(path)]).media({})
    assert cut["custom"]["reason"] == "no_captions"
    (told,) = cut["custom"]["captions_beside"]
    assert told.startswith("inside of it: eng ")


def test_pictures_are_no_captions():
    assert choose_subtitles([Track("hdmv_pgs_subtitle", "kor"), Track("subrip", "eng")]) is None
    assert choose_subtitles([Track("subrip", "kor", "Forced"), Track("ass", "kor")]) == 1
    assert choose_subtitles([Track("subrip", "eng"), Track("mov_text", "und")]) == 1


def test_chapters_of_a_file_are_kept(tmp_path):
    meta = tmp_path / "meta.txt"
    meta.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=들어가며\n", encoding="utf-8")  # fmt: skip
    wav = sound(tmp_path / "parts" / "a.wav")
    path = tmp_path / "x.mkv"
    run_ffmpeg(["-i", str(wav), "-i", str(meta), "-map_metadata", "1", str(path)], what="x")
    (cut,) = LocalSource([str(path)]).media({})
    assert cut["custom"]["chapters"] == [{"start_sec": 0.0, "end_sec": 0.4, "title": "들어가며"}]


def test_channels_that_cancel_each_other_out_are_noticed(tmp_path):
    left = np.sin(np.arange(16000) * 0.1) * 0.3
    path = tmp_path / "x.wav"
    soundfile.write(path, np.stack([left, -left], axis=1), 16000)
    (tmp_path / "x.ko.vtt").write_text(VTT, encoding="utf-8")
    (cut,) = LocalSource([str(path)]).media({})
    fetched = fetch(cut, tmp_path / "audio")
    samples, _ = soundfile.read(fetched["recording"]["sources"][0]["source"])
    assert fetched["custom"]["channel_used"] == 1 and np.abs(samples - left).max() < 0.01


@pytest.mark.parametrize("right", [1.0, 0.5, 0.0, -0.5])
def test_channels_that_do_not_are_summed(tmp_path, right):
    left = np.sin(np.arange(16000) * 0.1) * 0.3
    path = tmp_path / "x.wav"
    soundfile.write(path, np.stack([left, right * left], axis=1), 16000)
    (tmp_path / "x.ko.vtt").write_text(VTT, encoding="utf-8")
    (cut,) = LocalSource([str(path)]).media({})
    assert "channel_used" not in fetch(cut, tmp_path / "audio")["custom"]


@pytest.mark.parametrize("suffix", [".mp3", ".ts"])
def test_a_damaged_stereo_file_is_decoded_as_far_as_it_goes(tmp_path, suffix):
    noise = np.random.default_rng(0).standard_normal((16000 * 40, 2)) * 0.1
    soundfile.write(tmp_path / "a.wav", noise, 16000)
    path = tmp_path / f"x{suffix}"
    run_ffmpeg(["-i", str(tmp_path / "a.wav"), str(path)], what="x")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    data[len(data) // 8 : len(data) // 8 + 3000] = b"x" * 3000
    path.write_bytes(bytes(data))
    (tmp_path / "x.ko.vtt").write_text(VTT, encoding="utf-8")
    (cut,) = LocalSource([str(path)]).media({})
    assert fetch(cut, tmp_path / "audio")["custom"]["decoded_duration_sec"] > 30
