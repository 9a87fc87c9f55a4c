"""Stage 6 by evidence: the probability of a text on its sound decides, and nothing is heard twice."""

import numpy as np
import pytest

from echoharvester.asr.evidence import PACKAGED, EvidenceCurve, read_curve
from echoharvester.asr.validate import CerThresholds, judged, validate_media
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import media_cut, recording, text_of, utterance_cut

CURVE = EvidenceCurve(4.0, 0.5, 0.5, -0.6, threshold=0.9, review_threshold=0.5)


def cut(text="세 번 만나요", mean=-0.2, least=-1.0, **custom):
    media = media_cut("m", recording("m", "/x.flac", 16000, 160000), {"caption_kind": "auto"})
    evidence = {"text_log_prob_mean": mean, "text_log_prob_min": least}
    return utterance_cut(media, "m-1", 0.0, 2.0, text, {**evidence, **custom})


@pytest.mark.parametrize(
    ("mean", "least", "status", "reason"),
    [(-0.2, -1.0, "accepted", None), (-1.0, -4.0, "review", "label_doubtful"),
     (-3.0, -9.0, "rejected", "label_unlikely")],
)  # fmt: skip
def test_evidence_decides_whatever_was_heard(mean, least, status, reason):
    result = judged(cut(mean=mean, least=least), ["아무 상관 없는 말"], CerThresholds(curve=CURVE))
    custom = result["custom"]
    assert (custom["status"], custom.get("reason")) == (status, reason)
    assert custom["label_probability"] == pytest.approx(CURVE.probability(mean, least), abs=1e-4)
    assert custom["cer"] > 0.5 and custom["hyp_text"] == "아무 상관 없는 말"


def test_a_word_that_was_heard_and_is_not_written_counts_against_a_text():
    whole = judged(
        cut("오늘 날씨가 좋네요", heard_text="오늘 날씨가 좋네요"), [""], CerThresholds(curve=CURVE)
    )
    left_out = judged(cut("오늘 날씨가 좋네요", heard_text="오늘 정말로 날씨가 좋네요"), [""], CerThresholds(curve=CURVE))  # fmt: skip
    digits = judged(cut("세 번 만나요", heard_text="3번 만나요"), [""], CerThresholds(curve=CURVE))
    probability = [c["custom"]["label_probability"] for c in (whole, left_out, digits)]
    assert probability[1] < probability[0] == probability[2]


def test_without_evidence_the_limits_decide():
    bare = cut()
    for name in ("text_log_prob_mean", "text_log_prob_min"):
        bare["custom"].pop(name)
    result = judged(bare, ["아무 상관 없는 말"], CerThresholds(curve=CURVE))
    assert result["custom"]["reason"] == "cer_too_high"


class Deaf:
    """A recogniser that must not be asked."""

    def transcribe(self, utterances):
        raise AssertionError("heard twice")


def test_what_stage_4_has_heard_is_not_heard_again():
    known = cut(heard_by="faster_whisper base int8", heard_text="3번 만나요")
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
    packaged = read_curve(PACKAGED, "faster_whisper")
    assert packaged and packaged.probability(-0.1, -0.5) > packaged.probability(-2.0, -8.0)
    assert read_curve(PACKAGED, "sherpa_onnx") is None
    (tmp_path / "bad.json").write_text('{"bias": 1}')
    with pytest.raises(UserError, match="validate.evidence"):
        read_curve(str(tmp_path / "bad.json"), "ctc")
