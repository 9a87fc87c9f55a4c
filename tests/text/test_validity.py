import unicodedata

import pytest

from echoharvester.text.validity import (
    is_plausible_rate,
    is_repetitive,
    is_valid_text,
    repetition,
)


def test_decomposed_korean_is_korean():
    assert is_valid_text(unicodedata.normalize("NFD", "안녕하세요"))


@pytest.mark.parametrize("text", ["", "네", "...", "hello world", "ㅋㅋㅋㅋ", "12345"])
def test_too_little_korean_is_not_valid(text):
    assert not is_valid_text(text)


def test_speaking_rates():
    assert is_plausible_rate("오늘은 날씨가 좋네요", 2.0)
    assert not is_plausible_rate("오늘은 날씨가 좋네요", 0.3)
    assert not is_plausible_rate("네", 20.0)


@pytest.mark.parametrize(
    "text",
    [
        "감사합니다 " * 4,
        "그래서 저는 " + "이 영상은 " * 6,
        "시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다. 시청해 주셔서 감사합니다.",
        "아" * 30,
        "네네 " * 20,
    ],
)
def test_loops_of_recognisers_are_found(text):
    assert is_repetitive(text)


@pytest.mark.parametrize(
    "text",
    ["", "하하하하", "네 네 네", "빨리빨리 가자", "오늘은 날씨가 참 좋네요", "아니 아니 아니 그게 아니라", "한 걸음 한 걸음"],
)  # fmt: skip
def test_people_repeat_themselves_too(text):
    assert not is_repetitive(text)


def test_repetition_is_measured():
    assert repetition("가나다가나다가나다")[:2] == ("가나다", 3)
    assert repetition("가" * 100_000).times == 100_000
