"""Stage 6 by evidence: the probability of a text on its sound decides, and nothing is heard twice."""

import json
from dataclasses import replace

import numpy as np
import pytest

from echoharvester.asr.evidence import (
    PACKAGED,
    EvidenceCurve,
    Figures,
    TextEvidence,
    fitted_curve,
    read_curve,
    write_fitted,
)
from echoharvester.asr.validate import CerThresholds, judged, validate_media
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, text_of, utterance_cut

CURVE = EvidenceCurve(4.0, 0.5, 0.5, -0.6, 0.3, -0.5, -2.0, threshold=0.9, review_threshold=0.5)


def evidence(text, tokens=(-0.2, -1.0), heard=None, heard_log_prob=-0.3):
    """Fields of stage 4 for a text whose words all have these tokens."""
    words, heard_words = text.split(), (text if heard is None else heard).split()
    return {
        "text_as_heard": text,
        "word_log_probs": [list(tokens) for _ in words],
        "heard_text": " ".join(heard_words),
        "heard_log_probs": [heard_log_prob for _ in heard_words],
    }


def cut(text="세 번 만나요", tokens=(-0.2, -1.0), heard=None, **custom):
    media = media_cut("m", recording("m", "/x.flac", 16000, 160000), {"caption_kind": "auto"})
    return utterance_cut(media, "m-1", 0.0, 2.0, text, {**evidence(text, tokens, heard), **custom})


def figures(text, heard, **kwargs):
    return TextEvidence.of_cut(cut(text, heard=heard, **kwargs)).figures()


@pytest.mark.parametrize(
    ("tokens", "status", "reason"),
    [((-0.2, -1.0), "accepted", None), ((-1.0, -4.0), "review", "label_doubtful"),
     ((-3.0, -9.0), "rejected", "label_unlikely")],
)  # fmt: skip
def test_evidence_decides_whatever_another_recogniser_heard(tokens, status, reason):
    result = judged(cut(tokens=tokens), ["아무 상관 없는 말"], CerThresholds(curve=CURVE))
    custom = result["custom"]
    assert (custom["status"], custom.get("reason")) == (status, reason)
    expected = CURVE.probability(Figures(sum(tokens) / 2, min(tokens)))
    assert custom["label_probability"] == pytest.approx(expected, abs=1e-4)
    assert custom["cer"] > 0.5 and custom["hyp_text"] == "아무 상관 없는 말"


def test_a_word_that_was_heard_and_is_not_written_counts_against_a_text():
    assert figures("오늘 날씨가 좋네요", "오늘 날씨가 좋네요").lacking == 0
    assert figures("오늘 날씨가 좋네요", "오늘 정말로 날씨가 좋네요").lacking == 3
    assert (
        figures("오늘 날씨가 좋네요", "오늘 정말로 날씨가 좋네요").left_out == 0.7408
    )  # exp(-0.3)
    assert figures("오늘 날씨가 좋네요", "오늘은 날씨가 좋네요").left_out == 0.0  # part of a word
    assert figures("오늘 날씨가 좋네요", "음 오늘 날씨가 좋네요 그죠").lacking == 0  # around it


@pytest.mark.parametrize(
    ("text", "heard"),
    [("세 번 만나요", "3번 만나요"), ("97% 맞습니다", "구십칠 퍼센트 맞습니다"),
     ("PPT를 봅니다", "피피티를 봅니다"), ("여러가지 일", "여러 가지 일")],
)  # fmt: skip
def test_what_is_only_written_otherwise_counts_for_nothing(text, heard):
    found = figures(text, heard)
    assert (found.lacking, found.endings, found.left_out) == (0, 0, 0.0) and found.contrast > -3


def test_another_particle_and_what_was_heard_better_count():
    same, other = figures("학교에 갔다", "학교에 갔다"), figures("학교를 갔다", "학교에 갔다")
    assert (same.endings, same.contrast) == (0, 0.0)
    assert other.endings == 1 and other.contrast == pytest.approx(-1.2 + 0.3)
    lost = figures("학교에 갔다", "", tokens=(-2.0, -3.0))
    assert lost.contrast == pytest.approx(-5.0) and lost.endings == 0


def test_figures_of_a_part_are_those_of_its_words():
    fields = {"word_log_probs": [[-0.1], [-6.0, -2.0], [-0.3]]}
    whole = TextEvidence.of_cut(cut("하나 둘셋 넷", heard="하나 정말 둘셋 넷", **fields))
    assert whole.figures().least == -6.0 and whole.figures().lacking == 2
    assert whole.figures(0, 1) == Figures(-0.1, -0.1) and whole.figures(2).mean == -0.3
    assert whole.figures(1).lacking == 0  # what is heard in front of a part is no part of it


def test_of_an_utterance_with_a_doubtful_word_the_sure_part_is_kept():
    times = [[f"w{k}", 0.4 * k + (0.5 if k >= 3 else 0.0), 0.4, 1.0] for k in range(7)]
    sure, doubtful = [-0.1], [-9.0, -8.0]
    tokens = [doubtful, sure, sure, *[sure] * 4]
    text = "w0 w1 w2 w3 w4 w5 w6"
    whole = cut(text, word_log_probs=tokens, text_orthographic=text, caption_kind="manual")
    whole = {**whole, "start": 10.0, "duration": 3.3}
    whole["supervisions"][0]["alignment"] = {"word": times}
    part = judged(whole, [text], CerThresholds(curve=CURVE))
    custom, (supervision,) = part["custom"], part["supervisions"]
    assert custom["status"] == "accepted" and supervision["text"] == "w3 w4 w5 w6"
    assert part["start"] == pytest.approx(11.7 - 0.15) and custom["words_trimmed"] == 3
    assert part["start"] + part["duration"] == pytest.approx(13.3)
    assert custom["text_whole"] == text and custom["text_as_heard"] == "w3 w4 w5 w6"
    assert custom["word_log_probs"] == [sure] * 4 and custom["heard_text"] == "w3 w4 w5 w6"
    assert custom["hyp_text"] == "w3 w4 w5 w6" and custom["cer"] == 0.0
    words = supervision["alignment"]["word"]
    assert words[0][1] == pytest.approx(0.15) and words[-1][1] + words[-1][2] <= part["duration"]
    assert custom["media_start_sec"] == part["start"]
    # Without a pause to cut at nothing is cut.
    closed = {**whole, "supervisions": [{**whole["supervisions"][0], "alignment": {"word": [[w, 0.4 * k, 0.4, s] for k, (w, _, _, s) in enumerate(times)]}}]}  # fmt: skip
    assert judged(closed, [text], CerThresholds(curve=CURVE))["custom"]["status"] != "accepted"


def test_without_evidence_the_limits_decide():
    bare = cut()
    bare["custom"].pop("word_log_probs")
    result = judged(bare, ["아무 상관 없는 말"], CerThresholds(curve=CURVE))
    assert result["custom"]["reason"] == "cer_too_high"


class Deaf:
    """A recogniser that must not be asked."""

    def transcribe(self, utterances):
        raise AssertionError("heard twice")


def test_what_stage_4_has_heard_is_not_heard_again():
    known = cut(heard="3번 만나요", heard_by="faster_whisper base int8")
    thresholds = CerThresholds(curve=CURVE, read_hypotheses=True)
    (result,) = validate_media([known], [Deaf()], thresholds, heard_by="faster_whisper base int8")
    assert result["custom"]["hyp_text"] == "3번 만나요" and result["custom"]["cer"] == 0.0
    with pytest.raises(AssertionError, match="heard twice"):
        validate_media([known], [Deaf()], thresholds, lambda c: np.zeros(48000), "another model")


@pytest.mark.parametrize(
    ("text", "heard"),
    [("이천삼 년 십이 월 이십사 일", "2003년 12월 24일"), ("구십칠 퍼센트입니다", "97%입니다"),
     ("열 시에 만나요", "10시에 만나요"), ("피피티를 만들었어요", "PPT를 만들었어요")],
)  # fmt: skip
def test_what_a_recogniser_writes_in_digits_and_letters_is_read_out(text, heard):
    both = judged(cut(text), [heard], CerThresholds(read_hypotheses=True))["custom"]["cer"]
    assert both == 0.0 < judged(cut(text), [heard], CerThresholds())["custom"]["cer"]


def test_reading_hypotheses_does_not_hide_another_number():
    rate = judged(cut("세 번 만나요"), ["4번 만나요"], CerThresholds(read_hypotheses=True))
    assert rate["custom"]["cer"] >= 0.2 and text_of(rate) == "세 번 만나요"


def test_curves_are_read_from_files_and_from_the_package(tmp_path):
    CURVE.write(tmp_path / "curve.json")
    assert read_curve(str(tmp_path / "curve.json"), "ctc") == CURVE
    packaged = read_curve(PACKAGED, "whisper")
    assert packaged
    assert packaged.probability(Figures(-0.1, -0.5)) > packaged.probability(Figures(-2.0, -8.0))
    assert read_curve(PACKAGED, "qwen3") is None
    (tmp_path / "bad.json").write_text('{"bias": 1}')
    with pytest.raises(UserError, match="validate.evidence"):
        read_curve(str(tmp_path / "bad.json"), "ctc")


def test_another_probability_can_be_asked_for():
    """It decides for the curve, and nothing above it is for people to decide."""
    asked = CerThresholds(curve=CURVE, min_probability=0.3).with_probability().curve
    assert (asked.threshold, asked.review_threshold) == (0.3, 0.3)
    asked = CerThresholds(curve=CURVE, min_probability=0.97).with_probability().curve
    assert (asked.threshold, asked.review_threshold) == (0.97, CURVE.review_threshold)
    assert CerThresholds(curve=CURVE).with_probability().curve == CURVE
    with pytest.raises(UserError, match="min_probability is from 0 to 1"):
        CerThresholds(min_probability=1.5).with_probability()


TWO = replace(CURVE, of_witness=(0.5, 0.5, -0.6, 0.3, -0.5, -2.0))


def witnessed(tokens, text="세 번 만나요", **custom):
    asked = evidence(text, tokens, None)
    fields = {
        "witness_text": asked["text_as_heard"],
        "witness_word_log_probs": asked["word_log_probs"],
        "witness_heard_text": asked["heard_text"],
    }
    return cut(text, **{**fields, **custom})


@pytest.mark.parametrize(
    ("tokens", "status"),
    [((-0.1, -0.5), "accepted"), ((-1.0, -2.5), "review"), ((-4.0, -12.0), "rejected")],
)
def test_a_second_witness_speaks_for_a_text_or_against_it(tokens, status):
    """The first says the same of all three."""
    custom = judged(witnessed(tokens), [""], CerThresholds(curve=TWO))["custom"]
    assert custom["status"] == status
    first = Figures(-0.6, -1.0)
    expected = TWO.probability(first, Figures(sum(tokens) / 2, min(tokens)))
    assert custom["label_probability"] == pytest.approx(expected, abs=1e-4)


def test_what_the_second_witness_cannot_place_is_for_people():
    custom = judged(cut(), [""], CerThresholds(curve=TWO))["custom"]
    assert (custom["status"], custom["reason"]) == ("review", "label_doubtful")
    alone = judged(witnessed((-4.0, -12.0)), [""], CerThresholds(curve=CURVE))["custom"]
    assert alone["status"] == "accepted"  # a curve of one witness does not hear the other


def test_curves_of_two_witnesses_are_written_and_read(tmp_path):
    TWO.write(tmp_path / "two.json")
    assert read_curve(str(tmp_path / "two.json"), "ctc") == TWO
    write_fitted(tmp_path / "evidence.0.jsonl.gz", TWO, "x", "fitted")
    assert fitted_curve(tmp_path / "evidence.0.jsonl.gz") == TWO
    write_fitted(tmp_path / "evidence.0.jsonl.gz", None, "x", "too little")
    assert fitted_curve(tmp_path / "evidence.0.jsonl.gz") is None
    values = json.loads((tmp_path / "two.json").read_text()) | {"of_witness": [1.0, 2.0]}
    (tmp_path / "bad.json").write_text(json.dumps(values))
    with pytest.raises(UserError, match="six figures"):
        read_curve(str(tmp_path / "bad.json"), "ctc")
