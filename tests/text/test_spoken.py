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
        (
            "3시 30분에 5명이 iPhone 15를 50% 할인",
            "세 시 삼십 분에 다섯 명이 아이폰 십오를 오십 퍼센트 할인",
        ),
        ("3:2로 이겼다", "삼 대 이로 이겼다"),
        ("7:30에", "일곱 시 삼십 분에"),
        ("3~5명", "세 명에서 다섯 명"),
        ("10-20대", "십에서 이십 대"),
        ("2026-11-22", "이천이십육 년 십일월 이십이 일"),
        ("11/22", "십일월 이십이 일"),
        ("1/2", "이 분의 일"),
        ("'26년", "이십육 년"),
        ("010-1234-5678", "공일공 일이삼사 오육칠팔"),
        ("$30", "삼십 달러"),
        ("-5도", "영하 오 도"),
        ("25℃", "이십오 도"),
        ("제3회", "제삼 회"),
        ("3번째", "세 번째"),
        ("1번째", "첫 번째"),
        ("v2.0", "버전 이 점 영"),
        ("10²", "십의 제곱"),
        ("100km/h", "백 킬로미터"),
        ("16GB", "십육 기가바이트"),
        ("30㎡", "삼십 제곱미터"),
        ("3만 5천 원", "삼만 오천 원"),
        ("1억 2천만", "일억 이천만"),
        ("10000원", "만 원"),
        ("0.5%p", "영 점 오 퍼센트포인트"),
        ("3개월", "삼 개월"),
        ("105개", "백다섯 개"),
        ("13시", "십삼 시"),
        ("20대", "이십 대"),
        ("Ⅳ장", "사장"),
        ("AI가", "에이아이가"),
        ("MP3", "엠피쓰리"),
        ("LG전자", "엘지전자"),
        ("iPhone은", "아이폰은"),
        ("U.S.A", "유에스에이"),
    ],
)
def test_the_likeliest_reading(written, read):
    assert spoken(written) == read


def test_ambiguous_numbers_have_both_readings():
    assert {"세 번", "삼 번"} <= set(candidates("3번"))
    assert {"삼십 명", "서른 명"} <= set(candidates("30명"))
    assert {"오십 퍼센트", "오십 프로"} <= set(candidates("50%"))


def test_candidates_are_few_and_differ():
    found = candidates("3번 3장 3대 50% 30명 7:30")
    assert len(found) == len(set(found)) == 8


def test_command_line_reads_a_line_at_a_time(capsys, monkeypatch):
    import io

    from echoharvester.text.__main__ import main

    monkeypatch.setattr("sys.stdin", io.StringIO("3시\n\n5명이\n"))
    main(["spoken"])
    assert capsys.readouterr().out == "세 시\n\n다섯 명이\n"
    main(["spoken", "--all", "3번"])
    assert capsys.readouterr().out == "세 번\t삼 번\n"


def test_command_line_scores_texts_and_files(capsys, tmp_path):
    import json

    from echoharvester.text.__main__ import main

    main(["score", "안녕하세요, 여러분.", "안녕하세요 여러부"])
    assert json.loads(capsys.readouterr().out)["cer"]["rate"] == 0.125
    for name, text in (("r", "가나\n다라\n"), ("h", "가나\n다\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    main(["score", str(tmp_path / "r"), str(tmp_path / "h")])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and json.loads(lines[2])["total"]["cer"]["rate"] == 0.25


@given(st.text(max_size=40))
def test_no_digit_and_no_latin_letter_is_left_over(text):
    for reading in candidates(text):
        assert not any(c in "0123456789" or "a" <= c.lower() <= "z" for c in reading)


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=20))
def test_hangul_is_read_as_it_stands(text):
    assert candidates(text) == [text]
