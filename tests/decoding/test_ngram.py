"""Modified Kneser-Ney: a distribution whatever the history, and the numbers of the definition."""

import itertools
import math
import random

import pytest

from echoharvester.decoding.ngram import BOS, EOS, UNK, NgramModel, estimate, estimate_to, read_arpa

WORDS = list("가나다라마바사")


def corpus(sentences, seed=0):
    rng = random.Random(seed)
    weights = [2.0**-i for i in range(len(WORDS))]
    return [rng.choices(WORDS, weights, k=rng.randint(1, 6)) for _ in range(sentences)]


@pytest.mark.parametrize(("order", "sentences"), [(1, 50), (2, 3), (2, 300), (3, 300), (4, 60)])
def test_every_history_has_a_distribution(order, sentences):
    model = NgramModel(estimate(corpus(sentences), order))
    seen = sorted({word for sentence in corpus(sentences) for word in sentence})
    states = [model.start, ()]
    for words in itertools.product(seen, repeat=min(order, 2)):
        state = model.start
        for word in words:
            state = model.score(state, word)[1]
        states.append(state)
    for state in states:
        total = sum(math.exp(model.score(state, word)[0]) for word in [*seen, EOS, UNK])
        assert total == pytest.approx(1.0, abs=1e-6), state


def test_numbers_by_hand():
    """`a b` twice and `a c` once."""
    entries = estimate([["a", "b"], ["a", "b"], ["a", "c"]], 2).entries
    # Unigrams count the words before: of a, b and c one each, of </s> two.  No count is 3, so the
    # discounts are the fall-back: 0.5, 1, 1.5.
    uniform, total = 1 / 5, 5  # a b c </s> and <unk>; continuation counts 1 1 1 2
    backoff = (3 * 0.5 + 1 * 1.0) / total
    p_b, p_unk = (1 - 0.5) / total + backoff * uniform, backoff * uniform
    assert 10 ** entries[0][("b",)][0] == pytest.approx(p_b)
    assert 10 ** entries[0][(UNK,)][0] == pytest.approx(p_unk)
    # Bigrams: two occur once, two twice, one three times; Y = 2 / (2 + 2 * 2) = 1/3, so
    # D1 = 1 - 2/3 * 2/2 = 1/3, D2 = 2 - 3/3 * 1/2 = 1.5.  After a: b twice, c once.
    backoff_a = (1.5 + 1 / 3) / 3
    assert 10 ** entries[0][("a",)][1] == pytest.approx(backoff_a)
    assert 10 ** entries[1][("a", "b")][0] == pytest.approx((2 - 1.5) / 3 + backoff_a * p_b)
    model = NgramModel(estimate([["a", "b"], ["a", "b"], ["a", "c"]], 2))
    assert model.score(("a",), "z")[0] == pytest.approx(math.log(backoff_a * p_unk))


def test_text_like_the_training_text_is_likelier_and_more_so_with_a_longer_memory():
    rng = random.Random(1)
    chain = [["가", "나", "다"] if rng.random() < 0.7 else ["라", "나", "마"] for _ in range(300)]
    one, three = (NgramModel(estimate(chain, order)) for order in (1, 3))
    assert three.sentence(["가", "나", "다"]) > three.sentence(["가", "나", "마"]) + 2
    assert three.sentence(["가", "나", "다"]) > one.sentence(["가", "나", "다"])


def test_an_arpa_file_reads_back(tmp_path):
    arpa = estimate(corpus(100), 3)
    arpa.write(tmp_path / "lm.arpa")
    back = read_arpa(tmp_path / "lm.arpa")
    assert [g.keys() for g in back.entries] == [g.keys() for g in arpa.entries]
    one, two = NgramModel(arpa), NgramModel(back)
    for sentence in corpus(20, seed=5):
        assert one.sentence(sentence) == pytest.approx(two.sentence(sentence), abs=1e-4)
    assert (BOS,) in back.entries[0]


def test_kaldilm_reads_what_is_written(tmp_path):
    import kaldilm

    estimate(corpus(50), 3).write(tmp_path / "lm.arpa")
    names = ["<eps>", *WORDS, "#0", "<s>", "</s>", "<unk>"]
    table = tmp_path / "words.txt"
    table.write_text("".join(f"{w} {i}\n" for i, w in enumerate(names)), encoding="utf-8")
    text = kaldilm.arpa2fst(
        str(tmp_path / "lm.arpa"), disambig_symbol="#0", read_symbol_table=str(table), max_order=3
    )
    assert len(text.splitlines()) > 50


def test_no_text_and_bad_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="no text"):
        estimate([], 2)
    with pytest.raises(ValueError, match="order"):
        estimate([["a"]], 0)
    (tmp_path / "bad.arpa").write_text(
        "\\data\\\n\n\\1-grams:\n-1.0\ta\nminus\tb\n", encoding="utf-8"
    )
    with pytest.raises(ValueError, match="bad.arpa:5"):
        read_arpa(tmp_path / "bad.arpa")


def test_lmplz_is_used_where_it_is_installed(tmp_path):
    program = tmp_path / "lmplz"
    program.write_text(
        '#!/bin/sh\nwhile [ $# -gt 0 ]; do [ "$1" = --arpa ] && touch "$2"; shift; done\n'
    )
    program.chmod(0o755)
    (tmp_path / "text").write_text("가 나\n", encoding="utf-8")
    assert estimate_to(tmp_path / "lm.arpa", tmp_path / "text", 2, str(program)) == str(program)
    program.write_text("#!/bin/sh\necho no memory >&2\nexit 1\n")
    with pytest.raises(ValueError, match="no memory"):
        estimate_to(tmp_path / "lm.arpa", tmp_path / "text", 2, str(program))
