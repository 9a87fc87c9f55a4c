"""Sentences that recognisers write where nobody speaks."""

import pytest

from echoharvester.asr.validate import CerThresholds, judged
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
from echoharvester.text.invented import is_invented

INVENTED = ["시청해 주셔서 감사합니다.", "시청해주셔서 감사합니다 시청해주셔서 감사합니다", "구독과 좋아요 부탁드립니다!", "다음 영상에서 만나요.", "한글자막 by 한효정",
            "MBC 뉴스 김성현입니다.", "지금까지 시험 뉴스 아무개였습니다.", "자막 제공 배달의민족", "Thank you for watching!", "이 영상은 유료광고를 포함하고 있습니다.", "구독, 좋아요, 알림설정까지 부탁드려요"]  # fmt: skip


@pytest.mark.parametrize("text", INVENTED)
def test_what_is_invented(text):
    assert is_invented(text)


@pytest.mark.parametrize(
    "text",
    ["시청해 주셔서 감사하다는 말을 전했습니다.", "뉴스를 보다가 잠들었어요.", "구독료가 올랐네요.", "감사합니다.", "자막을 켜고 보세요.", "오늘 날씨가 좋네요.", "", "좋아요.", "다음에 또 만나요 우리", "번역이 어려워요."],
)  # fmt: skip
def test_what_people_say(text):
    assert not is_invented(text)


@pytest.mark.parametrize(("speech_ratio", "status"), [(0.3, "rejected"), (0.95, "accepted")])
def test_captions_and_hypothesis_that_agree_on_it_are_believed_where_somebody_speaks(
    speech_ratio, status
):
    media = media_cut(
        "m",
        recording("m", "m.flac", 16000, 160000),
        {"caption_kind": "auto", "speech_ratio": speech_ratio},
    )
    cut = utterance_cut(media, "m-1", 0.0, 2.0, "시청해 주셔서 감사합니다", {})
    custom = judged(cut, ["시청해주셔서 감사합니다."], CerThresholds())["custom"]
    assert custom["status"] == status
    assert custom.get("reason", "") == ("empty_hypothesis" if status == "rejected" else "")
