"""What fits of an utterance is kept, and nothing that merely happens to."""

from hypothesis import given
from hypothesis import strategies as st

from echoharvester.align.base import AlignedWord, Alignment
from echoharvester.align.trim import trimmed


def of(scores, length=3):
    words = tuple(AlignedWord("가" * length, i, i + 1.0, s) for i, s in enumerate(scores))
    return Alignment(" ".join(w.text for w in words), words, sum(scores) / len(scores))


def kept(scores, length=3):
    return [w.score for w in trimmed(of(scores, length)).words]


def test_wrong_words_at_an_end_go():
    assert kept([0.1, 0.9, 0.8, 0.9]) == [0.9, 0.8, 0.9]
    assert kept([0.9, 0.8, 0.9, 0.1, 0.05]) == [0.9, 0.8, 0.9]


def test_of_two_sides_of_a_wrong_word_the_longer_stays():
    assert kept([0.9, 0.9, 0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.8, 0.9]) == [0.9] * 4


def test_where_all_fits_or_nothing_does_it_stays_whole():
    for scores in ([0.9, 0.5, 0.9], [0.1, 0.2, 0.1], [0.1, 0.9, 0.9], [1.0, 1.0, 0.125, 1.0]):
        whole = of(scores)
        assert trimmed(whole) is whole


@given(st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=12))
def test_what_is_kept_is_a_run_that_fits_better(scores):
    whole = of(scores)
    part = trimmed(whole)
    n = len(part.words)
    assert any(whole.words[i : i + n] == part.words for i in range(len(scores)))
    assert part.text == " ".join(w.text for w in part.words)
    assert part is whole or (part.score >= 0.75 and n >= 3 and part.score > whole.score)
