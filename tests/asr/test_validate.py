import pytest

from echoharvester.asr.validate import CerThresholds, judged
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
