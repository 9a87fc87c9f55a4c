import pytest
from hypothesis import given
from hypothesis import strategies as st

from echoharvester.text.spoken import candidates, spoken


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("3시 30분에 5명이", "세 시 삼십 분에 다섯 명이"),
        ("21살", "스물한 살"),
        ("20개", "스무 개"),
        ("2026년 6월 10일", "이천이십육 년 유월 십 일"),
        ("10월", "시월"),
        ("45,000원을", "사만오천 원을"),
        ("50%", "오십 퍼센트"),
        ("3.5", "삼 점 오"),
        ("KBS 뉴스", "케이비에스 뉴스"),
    ],
)
def test_the_likeliest_reading(written, read):
    assert spoken(written) == read


def test_ambiguous_numbers_have_both_readings():
    assert {"세 번", "삼 번"} <= set(candidates("3번"))


@given(st.text(max_size=40))
def test_no_digit_and_no_latin_letter_is_left_over(text):
    for reading in candidates(text):
        assert not any(c in "0123456789" or "a" <= c.lower() <= "z" for c in reading)


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=20))
def test_hangul_is_read_as_it_stands(text):
    assert candidates(text) == [text]
