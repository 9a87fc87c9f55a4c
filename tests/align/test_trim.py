"""What fits of an utterance is kept, and nothing that merely happens to."""

from hypothesis import given
from hypothesis import strategies as st

from echoharvester.align.base import AlignedWord, Alignment, Evidence
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


def test_evidence_is_cut_where_the_recogniser_writes_the_same_border():
    """It counts words as they are written, digits and all."""
    spoken = "우리는 이천 이십 삼 년 오월에 거기서 만났고".split()
    written = "우리는 2023년 5월에 거기서 만났고".split()
    evidence = Evidence(tuple(written), tuple((-float(i),) for i in range(5)), (), ())

    def cut_to(scores):
        words = tuple(AlignedWord(w, i, i + 1.0, s) for i, (w, s) in enumerate(zip(spoken, scores, strict=True)))  # fmt: skip
        return trimmed(Alignment(" ".join(spoken), words, 0.7, evidence))

    part = cut_to([0.1] + [0.9] * 7)
    assert part.evidence and part.evidence.words == tuple(written[1:])
    assert part.evidence.log_probs == ((-1.0,), (-2.0,), (-3.0,), (-4.0,))
    part = cut_to([0.9] * 6 + [0.1] * 2)
    assert part.evidence and part.evidence.words == tuple(written[:3])
    whole = cut_to([0.1] * 3 + [0.9] * 5)  # inside of the number
    assert whole.text == " ".join(spoken) and whole.evidence is evidence
