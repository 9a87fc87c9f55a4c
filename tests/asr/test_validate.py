from dataclasses import replace

import numpy as np
import pytest

from echoharvester.align.base import Evidence
from echoharvester.asr.evidence import EvidenceCurve
from echoharvester.asr.validate import CerThresholds, judged, validate_media
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut

GATE = CerThresholds(max_cer_manual=0.15, max_cer_other=0.10, review_margin=0.10)


def utterance(text, kind="manual", **custom):
    sound = recording("m", "/m.flac", 16000, 160000)
    media = media_cut("m", sound, {"caption_kind": kind, "status": "accepted"})
    return utterance_cut(media, "m-1", 1.0, 4.0, text, custom)


@pytest.mark.parametrize(
    ("kind", "hypothesis", "status", "reason"),
    [
        ("manual", "오늘은 날씨가 참 좋네요", "accepted", None),
        ("manual", "오늘 날씨가 참 좋네요", "accepted", None),  # 1 of 10
        ("external", "오늘 날씨가 참 좋네", "review", "cer_near_limit"),  # 2 of 10
        ("manual", "어제는 비가 많이 왔네요", "rejected", "cer_too_high"),
        ("manual", "", "rejected", "empty_hypothesis"),
        ("manual", "감사합니다 " * 8, "rejected", "repetitive_hypothesis"),
    ],
)
def test_the_gate(kind, hypothesis, status, reason):
    cut = judged(utterance("오늘은 날씨가 참 좋네요", kind), [hypothesis], GATE)
    assert cut["custom"]["status"] == status
    assert cut["custom"].get("reason") == reason
    assert cut["custom"]["hyp_text"] == hypothesis


def test_of_unaligned_readings_the_one_that_was_heard_becomes_the_text():
    cut = utterance("세 번 출구", text_candidates=["세 번 출구", "삼 번 출구"])
    cut = judged(cut, ["삼 번 출구"], GATE)
    supervision = cut["supervisions"][0]
    assert supervision["text"] == "삼 번 출구" and cut["custom"]["cer"] == 0.0
    assert [word[0] for word in supervision["alignment"]["word"]] == ["삼", "번", "출구"]


def test_what_an_aligner_has_chosen_stays():
    cut = judged(utterance("세 번 출구"), ["삼 번 출구"], GATE)
    assert cut["supervisions"][0]["text"] == "세 번 출구" and cut["custom"]["cer"] == 0.25


RIGHT, NEAR, FAR = "오늘은 날씨가 참 좋네요", "오늘 날씨 참 좋네요", "어제는 비가 많이 왔네요"


@pytest.mark.parametrize(
    ("first", "second", "status", "reason"),
    [
        (RIGHT, RIGHT, "accepted", None),
        (RIGHT, FAR, "review", "recognisers_disagree"),
        (FAR, RIGHT, "review", "recognisers_disagree"),
        ("", RIGHT, "review", "recognisers_disagree"),
        (NEAR, FAR, "review", "cer_near_limit"),
        (FAR, NEAR, "review", "cer_near_limit"),
        (FAR, FAR, "rejected", "cer_too_high"),
        ("", "", "rejected", "empty_hypothesis"),
    ],
)
def test_two_recognisers(first, second, status, reason):
    custom = judged(utterance(RIGHT), [first, second], GATE)["custom"]
    assert (custom["status"], custom.get("reason")) == (status, reason)
    assert custom["hyp_text"] == first and custom["hyp_text_second"] == second
    assert (custom["cer_second"] == 0.0) == (second == RIGHT)
    assert (custom["cer_between"] == 0.0) == (first == second)


class Judge:
    """A recogniser that hears one thing, and finds some texts probable."""

    heard_by = "judge of tests"

    def __init__(self, hears, probable):
        self.hears, self.probable, self.asked = hears, probable, []

    def transcribe(self, utterances):
        return [self.hears for _ in utterances]

    def evidence(self, utterances, texts, heard):
        self.asked += texts
        assert all(len(u) == 48000 for u in utterances)
        found = []
        for text, other in zip(texts, heard, strict=True):
            words, theirs = tuple(text.split()), tuple(other.split())
            value = -0.05 if text == self.probable else -7.0
            found.append(Evidence(words, ((value,),) * len(words), theirs, (-0.1,) * len(theirs)))
        return found


CURVE = EvidenceCurve(6.0, 0.5, 0.5, -0.6, 0.3, -0.5, -2.0, 0.9, 0.5, asked="asr")
ASKED = "오늘 10시에 봐요"


def heard_cut(text="오늘 열 시에 봐요", **custom):
    return utterance(text, text_orthographic=ASKED, **custom)


@pytest.mark.parametrize(
    ("cut", "asked"),
    [
        (heard_cut(), [ASKED]),  # as people write it
        (heard_cut("열 시에 봐요", text_whole="오늘 열 시에 봐요"), ["열 시에 봐요"]),  # what is left of it
        (heard_cut(text_as_heard=ASKED, word_log_probs=[[-0.1]] * 3, heard_text=ASKED,
                   heard_log_probs=[-0.1] * 3, heard_by="whisper"), []),  # the aligner has said
    ],
)  # fmt: skip
def test_a_recogniser_that_can_judges_texts_for_which_the_aligner_gave_no_evidence(cut, asked):
    judge = Judge("아무 말이나", asked[0] if asked else "")
    thresholds = CerThresholds(curve=CURVE, read_hypotheses=True)
    (done,) = validate_media([cut], [judge], thresholds, lambda c: np.zeros(160000, np.float32))
    assert judge.asked == asked
    if asked:  # probable, though something else was heard: the curve decides, not the CER
        assert done["custom"]["heard_by"] == "judge of tests"
        assert done["custom"]["text_as_heard"] == asked[0] and done["custom"]["cer"] > 0.5
        assert 0 < done["custom"]["label_probability"] < 1
    else:  # nor does a curve for the one judge what the other says
        assert done["custom"]["heard_by"] == "whisper"
        assert "label_probability" not in done["custom"]
    thresholds = replace(thresholds, curve=replace(CURVE, asked="align"))
    (done,) = validate_media([cut], [judge], thresholds, lambda c: np.zeros(160000, np.float32))
    assert ("label_probability" in done["custom"]) == (not asked)


def test_evidence_without_a_curve_is_kept_and_the_cer_decides():
    judge = Judge(RIGHT, RIGHT)
    cuts = [utterance(RIGHT), utterance(FAR)]
    done = validate_media(cuts, [judge], GATE, lambda c: np.zeros(160000, np.float32))
    assert [c["custom"]["status"] for c in done] == ["accepted", "rejected"]
    assert [c["custom"]["text_log_prob_mean"] for c in done] == [-0.05, -7.0]
