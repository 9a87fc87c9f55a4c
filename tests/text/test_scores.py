import pytest
from hypothesis import given
from hypothesis import strategies as st

from echoharvester.text.scores import (
    MEASURES,
    ErrorCounts,
    aligned,
    best_verbalisation,
    cer,
    confidence_interval,
    count_errors,
    normalize_for_scoring,
    swer,
    total,
    wer,
)

HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), max_size=12)


def test_punctuation_spaces_and_case_are_no_errors():
    assert cer("안녕하세요, 여러분.", "안녕하세요 여러분").errors == 0
    assert cer("iPhone은", "IPHONE 은").errors == 0


def test_decomposed_korean_is_the_same_text():
    import unicodedata

    assert cer(unicodedata.normalize("NFD", "한국어"), "한국어").errors == 0


def test_lone_jamo_are_kept_as_they_are():
    assert normalize_for_scoring("ㅋㅋ 네") == "ㅋㅋ네"


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


@given(HANGUL, HANGUL)
def test_every_measure_of_equal_texts_is_zero_and_of_others_is_not(a, b):
    for measure in MEASURES.values():
        assert measure(a, a).errors == 0
        assert (measure(a, b).errors == 0) == (a == b)


def test_unk_is_an_error_even_against_itself():
    assert cer("<unk>나", "가나").errors == 1
    assert cer("<unk>나", "<unk>나") == ErrorCounts(2, 0, 0, 1)
    assert wer("<unk> 나", "<unk> 나").errors == 1


@pytest.mark.parametrize(
    ("reference", "hypothesis", "errors"),
    [
        ("할 수 있다", "할수 있다", 0),
        ("할수있다", "할 수 있다", 0),
        ("나는 간다", "나는 집에 간다", 1),  # a word too many
        ("나는 집에 간다", "나는 간다", 1),
        ("나는 간다", "나 는집에 간다", 1),  # glued to a word, it spoils that word
        ("가 나 다", "가나라다", 1),
        ("", "가", 1),
        ("가", "", 1),
    ],
)
def test_spacing_does_not_count_in_swer(reference, hypothesis, errors):
    assert swer(reference, hypothesis).errors == errors


@given(st.text("가나다라 ", max_size=15), st.text("가나다라 ", max_size=15))
def test_swer_does_not_see_the_spaces_of_a_hypothesis_that_is_right_but_for_them(a, b):
    assert swer(a, a.replace(" ", "")).errors == 0
    assert swer(a, b).reference_length == len(a.split())


def test_the_best_reading_is_chosen_and_returned():
    best = best_verbalisation(["삼 번", "세 번"], "세 번")
    assert best.text == "세 번" and best.counts.errors == 0
    with pytest.raises(ValueError, match="no verbalisation"):
        best_verbalisation([], "세 번")


@given(st.text("가나다 ", max_size=15), st.text("가나다 ", max_size=15))
def test_an_alignment_gives_back_both_texts(a, b):
    edits = aligned(a, b)
    assert "".join(e.reference for e in edits) == a
    assert "".join(e.hypothesis for e in edits) == b
    assert all((e.tag == "equal") == (e.reference == e.hypothesis) for e in edits)


def test_the_interval_holds_the_rate_and_narrows_with_more_utterances():
    counts = [ErrorCounts(10, 0, 0, i % 4) for i in range(40)]
    few, many = confidence_interval(counts), confidence_interval(counts * 25)
    assert few.low < total(counts).rate < few.high
    assert many.high - many.low < (few.high - few.low) / 3
    assert confidence_interval(counts) == few
    assert confidence_interval([]) == (0.0, 0.0)
    with pytest.raises(ValueError, match="level 95"):
        confidence_interval(counts, level=95)


def test_the_interval_agrees_with_that_of_kaldialign():
    """The same bootstrap by another implementation, from the texts."""
    import random

    import kaldialign

    chance = random.Random(1)
    refs = ["".join(chance.choices("가나다라마", k=chance.randint(5, 30))) for _ in range(300)]
    hyps = ["".join(c if chance.random() > 0.1 else "하" for c in ref) for ref in refs]
    ours = confidence_interval([cer(r, h) for r, h in zip(refs, hyps, strict=True)])
    theirs = kaldialign.bootstrap_wer_ci([list(r) for r in refs], [list(h) for h in hyps])
    assert ours == pytest.approx((theirs["ci95min"], theirs["ci95max"]), abs=0.003)
