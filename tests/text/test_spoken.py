import io
import random
import re
import unicodedata
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text.sentences import TABLE, read_table

from echoharvester.text.__main__ import main
from echoharvester.text.spoken import MAX_CANDIDATES, candidates, spoken
from echoharvester.text.verbalisation.english import in_hangul
from echoharvester.text.verbalisation.words import lexicon, read_lexicon

SENTENCES = read_table()
KINDS = read_table(TABLE.with_name("spoken_kinds.tsv"))


def bare(text):
    return re.sub(r"[\sㅋㅎㅠㅜ]", "", text)  # laughing and crying are not read


@pytest.mark.parametrize(("category", "written", "accepted"), SENTENCES, ids=lambda x: "")
def test_a_korean_speaker_accepts_the_likeliest_reading(category, written, accepted):
    assert bare(spoken(written)) in set(map(bare, accepted)), category


@pytest.mark.parametrize(("kind", "written", "accepted"), KINDS, ids=lambda x: "")
def test_a_reading_that_a_speaker_accepts_is_among_the_candidates(kind, written, accepted):
    found = {re.sub(r"[\s'\"]", "", text) for text in candidates(written)}
    assert found & {re.sub("[^가-힣]", "", text) for text in accepted}, kind


def test_the_likeliest_reading_of_nearly_all_kinds_is_accepted():
    best = [
        spoken(written).replace(" ", "") in {re.sub("[^가-힣]", "", text) for text in accepted}
        for _, written, accepted in KINDS
    ]
    assert sum(best) > 0.98 * len(KINDS)


@pytest.mark.parametrize(
    "text", ["理由가 있다", "美·日 정상", "全 국민", "희망(希望)", "國家 대표 金 씨", "漢字 語彙力"]
)
def test_no_chinese_character_is_left(text):
    assert not re.search("[\u3400-\u9fff\uf900-\ufaff]", " ".join(candidates(text)))


def test_the_table_is_wide():
    categories = Counter(category for category, _, _ in SENTENCES)
    assert len(SENTENCES) >= 300 and len(categories) >= 20 and min(categories.values()) >= 10
    assert len({written for _, written, _ in SENTENCES}) == len(SENTENCES)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # Spaces as the orthography has them: a counter stands apart, a particle does not.
        ("3시 30분에 5명이 iPhone 15를 50% 할인", "세 시 삼십 분에 다섯 명이 아이폰 십오를 오십 퍼센트 할인"),
        ("3만 5천 원", "삼만 오천 원"),
        ("1억 2천만", "일억 이천만"),
        ("약3명", "약 세 명"),
        ("제3회", "제삼 회"),
        ("iPhone15", "아이폰 십오"),
        ("2026-11-22", "이천이십육 년 십일월 이십이 일"),
        ("'26년", "이십육 년"),
        ("010-1234-5678", "공일공 일이삼사 오육칠팔"),
        ("v2.0", "버전 이 점 영"),
        ("0.5%p", "영 점 오 퍼센트포인트"),
        ("U.S.A", "유에스에이"),
        ("café", "카페"),
        ("3시간반", "세 시간반"),
        ("ㅋㅋ 3번째", "세 번째"),
    ],
)  # fmt: skip
def test_spacing_of_readings(written, read):
    assert spoken(written) == read


@pytest.mark.parametrize(
    ("written", "verbalisations"),
    [
        ("3번", {"세 번", "삼 번"}),
        ("3개월", {"삼 개월", "세 개월"}),
        ("3달", {"세 달", "석 달"}),
        ("3대", {"세 대", "삼 대"}),
        ("3장", {"세 장", "삼 장", "석 장"}),
        ("3주", {"삼 주", "세 주"}),
        ("3점", {"삼 점", "세 점"}),
        ("3동", {"삼 동", "세 동"}),
        ("3쪽", {"삼 쪽", "세 쪽"}),
        ("3곳", {"세 곳", "삼 곳"}),
        ("30명", {"삼십 명", "서른 명"}),
        ("50%", {"오십 퍼센트", "오십 프로"}),
        ("0", {"영", "공"}),
        ("1/2", {"이 분의 일", "일월 이 일"}),
        ("3:10", {"세 시 십 분", "삼 대 십"}),
        ("3~4명", {"세 명에서 네 명", "서너 명"}),
        ("MP3", {"엠피쓰리", "엠피삼"}),
    ],
)
def test_ambiguous_spans_have_their_readings(written, verbalisations):
    assert verbalisations <= set(candidates(written))


def test_candidates_are_few_differ_and_begin_with_the_likeliest():
    text = "3번 3장 3대 50% 30명 7:30"
    found = candidates(text)
    assert len(found) == len(set(found)) == MAX_CANDIDATES
    assert found[0] == spoken(text)


@pytest.mark.parametrize(
    ("written", "read"),
    [("7:30으로", "일곱 시 삼십 분으로"), ("3:12로", "삼 대 십이로"), ("MP3를", "엠피쓰리를"), ("MP3을", "엠피삼을")],
)  # fmt: skip
def test_a_particle_tells_which_reading_was_meant(written, read):
    assert spoken(written) == read


# What captions are made of, so that random texts reach the rules.
_FRAGMENTS = (
    "1 3 0 05 10 21 1,234 3.14 007 2026 ~ - / : . , % %p ° ℃ $ ₩ + = × ÷ ^ ² ₂ ½ ① Ⅳ II 제 번 대 명 시 분 월 일 년 개 만 억 천 백 여 몇 반 "
    "째 는 이 를 로 kg km/h GB m² AI KBS iPhone v2.0 No. x @ naver.com # & ' ( ) {a} b/ * 美 α Ω ㅋㅋ 가 나다 AM 7:30 5·18 ３ é 🎉 1+1"
).split() + [" ", "\n", "\u200b"]
_CAPTION = st.lists(st.sampled_from(_FRAGMENTS), max_size=12).map("".join)


@given(_CAPTION | st.text(max_size=40))
def test_no_digit_and_no_latin_letter_is_left_over(text):
    for verbalisation in candidates(text):
        assert not re.search(r"[0-9A-Za-z]", verbalisation) and not any(
            map(str.isdecimal, verbalisation)
        )


@given(_CAPTION)
def test_what_has_been_read_is_read_as_it_stands(text):
    for verbalisation in candidates(text):
        assert spoken(verbalisation) == verbalisation


@given(_CAPTION | st.text(max_size=40))
def test_decomposed_text_reads_the_same(text):
    text = unicodedata.normalize("NFC", text)
    assert candidates(unicodedata.normalize("NFD", text)) == candidates(text)


_SYLLABLES = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1)


@given(_SYLLABLES)
def test_hangul_is_read_as_it_stands(text):
    assert candidates(text) == [text]


@given(
    st.lists(
        st.tuples(
            st.text("뷁갋넯둛", min_size=1), st.sampled_from(["3", "21", "50%", "AI", "7:30"])
        ),
        max_size=5,
    )
)
def test_nothing_is_lost_outside_of_what_is_read(pieces):
    text = " ".join(f"{word} {span}" for word, span in pieces)
    words = iter(spoken(text).split())
    assert all(word in words for word, _ in pieces)  # in order


def test_a_text_of_any_length_is_read():
    assert (
        spoken("3시에 5명이 AI를 50% " * 1000).count("세 시에 다섯 명이 에이아이를 오십 퍼센트")
        == 1000
    )


def test_a_recipe_extends_the_lexicon(tmp_path):
    path = tmp_path / "latin.tsv"
    path.write_text("# ours\nechoharvester\t에코하베스터\nai\t아이\n", encoding="utf-8")
    assert spoken("EchoHarvester의 AI", path) == "에코하베스터의 아이"


@pytest.mark.parametrize("line", ["word", "word\t", "\t말", "word\tword"])
def test_a_bad_line_of_a_lexicon_is_named(line):
    with pytest.raises(ValueError, match="mine.tsv, line 2"):
        read_lexicon(f"ok\t오케이\n{line}\n", "mine.tsv")


def test_unknown_words_are_sounded_by_their_spelling():
    """Against the lexicon, which the rules do not see: half of the words within a third of it."""
    from echoharvester.text.scores import jamo_error_rate, total

    words = [w for w in lexicon() if re.fullmatch("[a-z]{5,}", w)]
    errors = total(jamo_error_rate(lexicon()[w][0], in_hangul(w)) for w in words)
    assert len(words) > 300 and errors.rate < 0.35


def test_command_line_reads_a_line_at_a_time(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("3시\n\n5명이\n"))
    main(["spoken"])
    assert capsys.readouterr().out == "세 시\n\n다섯 명이\n"
    main(["spoken", "--all", "3번"])
    assert capsys.readouterr().out == "세 번\t삼 번\n"


def test_command_line_writes_a_line_for_each_of_very_many(capsys, monkeypatch):
    lines = [random.Random(i).choice(SENTENCES)[1] for i in range(2000)]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    main(["spoken"])
    assert len(capsys.readouterr().out.splitlines()) == 2000


def test_command_line_names_a_missing_lexicon(capsys):
    assert main(["spoken", "--lexicon", "/nowhere.tsv", "3시"]) == 1
    assert "/nowhere.tsv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "read"),
    [("회원 5000명이 모였다", "회원 오천 명이 모였다"), ("직원 10-20명을 뽑아요", "직원 열 명에서 스무 명을 뽑아요"), ("고객은 30-40대가 많다", "고객은 삼십에서 사십 대가 많다"),
     ("7호차 12C 좌석", "칠 호차 십이씨 좌석"), ("AED 3대를 설치", "에이이디 세 대를 설치"), ("PHP 8로 개발", "피에이치피 팔로 개발"), ("CAD 2D 도면", "씨에이디 투디 도면"),
     ("성장률은 0.0%입니다", "성장률은 영 점 영 퍼센트입니다"), ("아침 7시 -10도였다", "아침 일곱 시 마이너스 십 도였다"), ("월-수-금 수업", "월 수 금 수업"), ("렉서스 ES 300h를", "렉서스 이에스 삼백에이치를"), ("4K 우주 영상", "포케이 우주 영상"), ("6, 7월에", "육 칠월에"), ("종로 3가 맛집", "종로 삼가 맛집"),
     ("XL 세트 주세요", "엑스엘 세트 주세요"), ("6.25 인치", "육 점 이오 인치"), ("5월 7일(月)에", "오월 칠 일 월요일에"), ("ㅎ 불규칙 용언", "ㅎ 불규칙 용언")],
)  # fmt: skip
def test_rules_do_not_reach_for_what_only_looks_like_their_kind(written, read):
    assert read in candidates(written)
