from hypothesis import given
from hypothesis import strategies as st

from echoharvester.text.scores import ErrorCounts, cer, comparable, count_errors, total

HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), max_size=12)


def test_punctuation_spaces_and_case_are_no_errors():
    assert cer("안녕하세요, 여러분.", "안녕하세요 여러분").errors == 0
    assert cer("iPhone은", "IPHONE 은").errors == 0


def test_decomposed_korean_is_the_same_text():
    import unicodedata

    assert cer(unicodedata.normalize("NFD", "한국어"), "한국어").errors == 0


def test_lone_jamo_are_kept_as_they_are():
    assert comparable("ㅋㅋ 네") == "ㅋㅋ네"


@given(HANGUL, HANGUL)
def test_swapping_the_sides_swaps_insertions_and_deletions(a, b):
    there, back = count_errors(a, b), count_errors(b, a)
    assert there.errors == back.errors
    assert there.insertions == back.deletions or there.errors == back.errors


@given(HANGUL)
def test_a_text_has_no_errors_against_itself(text):
    assert count_errors(text, text).errors == 0


def test_an_empty_reference_counts_its_insertions():
    assert count_errors("", "가나") == ErrorCounts(0, 2, 0, 0)
    assert count_errors("", "가나").rate == 1.0
    assert total([count_errors("", "가나"), count_errors("다라", "다라")]).rate == 1.0
