"""Captions by a recogniser: where speech is, what is written there, and what is left out."""

import numpy as np
import pytest

from echoharvester.asr.ctc import CtcRecogniser
from echoharvester.asr.transcribe import (
    TranscribeConfig,
    as_vtt,
    fault_of,
    transcribe_media,
    utterance_spans,
)
from echoharvester.captions.parse import read_track
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, rejected, with_custom
from echoharvester.models.acoustic import load_acoustic_model
from echoharvester.text.scores import cer

CONFIG = TranscribeConfig()


def media(samples, **custom):
    sound = recording("m", "/x.flac", 16000, len(samples))
    return media_cut("m", sound, {"caption_kind": "none", "status": "accepted", **custom})


class Writes:
    """A recogniser that writes what it is told, and knows a language."""

    def __init__(self, *texts, korean=1.0):
        self.texts, self.probability, self.asked = texts, korean, 0

    def korean(self, utterances):
        self.asked += len(utterances)
        return [self.probability] * len(utterances)

    def transcribe(self, utterances):
        return [self.texts[i % len(self.texts)] for i in range(len(utterances))]


def transcribed(samples, recogniser, folder, **custom):
    return transcribe_media(
        media(samples, **custom),
        lambda: recogniser,
        CONFIG,
        folder,
        "kind name",
        lambda cut: samples,
    )


def test_a_real_recogniser_writes_what_was_said_where_it_was_said(
    tmp_path, recogniser_dir, spoken_sentences
):
    samples, sentences = spoken_sentences
    recogniser = CtcRecogniser(load_acoustic_model(recogniser_dir / "model.int8.onnx"), 60.0)
    cut = transcribed(samples, recogniser, tmp_path)
    custom = cut["custom"]
    assert custom["caption_kind"] == "machine" and custom["transcribed_by"] == "kind name"
    assert custom["transcript"] == {"heard": 3, "written": 3}
    cues = read_track(tmp_path / "m.machine.vtt").cues
    for cue, words in zip(cues, sentences, strict=True):
        assert cer("".join(w.text for w in words), cue.text).rate <= 0.1
        assert (
            abs(cue.start_sec - words[0].start_sec) < 0.4
            and abs(cue.end_sec - words[-1].end_sec) < 0.6
        )
    assert custom["caption_bytes"] == (tmp_path / "m.machine.vtt").stat().st_size


def test_long_speech_is_cut_where_it_is_quietest_and_short_speech_left_out(spoken_sentences):
    samples, sentences = spoken_sentences
    ends = [(words[0].start_sec, words[-1].end_sec) for words in sentences]
    whole = list(utterance_spans(samples, CONFIG))
    assert len(whole) == 3
    for (start, end), (first, last) in zip(whole, ends, strict=True):
        assert start < first + 0.15 and end > last - 0.15
    dense = samples[int(ends[0][0] * 16000) : int(ends[0][1] * 16000)]
    joined = np.concatenate([dense] * 6)  # nobody pauses
    parts = list(utterance_spans(joined, TranscribeConfig(max_sec=4.0)))
    assert len(parts) >= 4 and max(b - a for a, b in parts) <= 4.3
    assert [b for _, b in parts[:-1]] == [
        a for a, _ in parts[1:]
    ]  # nothing twice, nothing left out
    assert (
        parts[0][0] < 0.3
        and parts[-1][1] > len(joined) / 16000 - 0.3
        and min(b - a for a, b in parts) > 0.9
    )
    assert not list(utterance_spans(samples, TranscribeConfig(min_sec=8.0)))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("오늘은 날씨가 좋아서 강에 갑니다", ""), ("2003년에 97%였습니다", ""), ("네 네 네 맞아요", ""),
        ("", "empty"), ("♪", "empty"), ("♪ 사랑은 어디에 ♪", "sung"), ("시청해 주셔서 감사합니다", "invented"),
        ("그래서 우리는 그래서 우리는 그래서 우리는 그래서 우리는", "repeated"),
        ("hello everyone welcome", "not_korean"), ("ご視聴ありがとうございました", "not_korean"),
        ("가나다라마바사 아자차카타파하 거너더러머버서 어저처커터퍼허 고노도로모보소", "implausible_rate"),
    ],
)  # fmt: skip
def test_what_is_written_in_circles_over_nothing_or_too_fast_is_left_out(text, fault):
    assert fault_of(text, 2.8) == fault


def test_media_with_captions_and_rejected_ones_are_not_heard(tmp_path, spoken_sentences):
    samples, _ = spoken_sentences
    deaf = Writes("아무도 듣지 않습니다")
    captioned = with_custom(media(samples), caption_path="/x.vtt", caption_kind="manual")
    gone = rejected(media(samples), "collect", "foreign_audio")
    for cut in (captioned, gone):
        assert transcribe_media(cut, lambda: deaf, CONFIG, tmp_path, "n", lambda c: samples) == cut
    assert not deaf.asked and not list(tmp_path.iterdir())


def test_automatic_captions_of_a_site_become_a_witness_or_stay(tmp_path, spoken_sentences):
    samples, _ = spoken_sentences
    captions = tmp_path / "x.ko.auto.vtt"
    captions.write_text(as_vtt([(0.5, 2.5, "오늘은 날씨가 좋아요")]), encoding="utf-8")
    by_site = {"caption_path": str(captions), "caption_kind": "auto", "caption_bytes": 1}
    writes = Writes("오늘은 날씨가 좋아요")
    custom = transcribed(samples, writes, tmp_path, **by_site)["custom"]
    assert custom["caption_kind"] == "machine" and custom["caption_path"].endswith(".machine.vtt")
    assert custom["site_caption_path"] == str(captions)
    captions.write_bytes(b"\x00\x01\x02")  # no captions: the transcript may have other witnesses
    custom = transcribed(samples, writes, tmp_path, **by_site)["custom"]
    assert custom["caption_kind"] == "machine" and "site_caption_path" not in custom
    assert custom["transcript"]["unreadable_site_captions"] == 1
    stays = media(samples, **by_site)
    config = TranscribeConfig(automatic="captions")
    assert (
        transcribe_media(stays, lambda: writes, config, tmp_path, "n", lambda c: samples) == stays
    )


@pytest.mark.parametrize(
    ("samples", "recogniser", "reason"),
    [
        (np.zeros(160000, np.float32), Writes("네"), "no_speech"),
        (None, Writes("오늘은 날씨가 좋아요", korean=0.1), "speech_not_korean"),
        (None, Writes("", "시청해 주셔서 감사합니다"), "no_korean_speech"),
    ],
)
def test_nothing_to_write_is_a_rejection_with_a_reason(
    tmp_path, spoken_sentences, samples, recogniser, reason
):
    sound = spoken_sentences[0] if samples is None else samples
    cut = transcribed(sound, recogniser, tmp_path)
    assert cut["custom"]["reason"] == reason and not list(tmp_path.iterdir())


def test_texts_of_strangers_do_not_become_markup(tmp_path):
    hostile = "<i>하나</i> & 둘 --> 셋\n\n00:00:00.000 --> 00:00:09.000\n넷"
    (tmp_path / "x.vtt").write_text(as_vtt([(1.0, 2.5, hostile)]), encoding="utf-8")
    (cue,) = read_track(tmp_path / "x.vtt").cues
    assert (cue.start_sec, cue.end_sec) == (1.0, 2.5) and "하나" in cue.text and "넷" in cue.text


@pytest.mark.parametrize(
    "wrong", [{"max_sec": 0.5}, {"max_sec": 31.0}, {"min_korean": 1.5}, {"automatic": "both"}]
)
def test_settings_that_cannot_be(wrong):
    with pytest.raises(UserError, match=f"transcribe.{next(iter(wrong))}"):
        TranscribeConfig(**wrong)
