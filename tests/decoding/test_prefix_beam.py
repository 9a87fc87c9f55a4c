"""Prefix beam search against the sum over all alignments; hot words and language models in it."""

import itertools
import math

import numpy as np
import pytest

from echoharvester.decoding.hotwords import HotWords
from echoharvester.decoding.ngram import NgramModel, estimate
from echoharvester.decoding.prefix_beam import PrefixBeam, PrefixBeamSearch
from echoharvester.models.greedy import greedy_ids

SYMBOLS = ["<blk>", "a", "b", "c"]
EXACT = PrefixBeam(beam=10_000, tokens=4, threshold=1e9, skip_blank=1.0)


def emissions(frames, seed, sharpness=1.0):
    logits = np.random.default_rng(seed).standard_normal((frames, len(SYMBOLS))) * sharpness
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float64)


def sums_over_alignments(log_probs):
    """Every text with the summed probability of its paths, by trying them all."""
    totals = {}
    for path in itertools.product(range(log_probs.shape[1]), repeat=len(log_probs)):
        text = tuple(token for token, _ in itertools.groupby(path) if token)
        score = sum(log_probs[t, token] for t, token in enumerate(path))
        totals[text] = np.logaddexp(totals.get(text, -math.inf), score)
    return totals


@pytest.mark.parametrize("seed", range(8))
def test_without_pruning_it_is_the_sum_over_all_alignments(seed):
    log_probs = emissions(6, seed, 0.5 + seed / 4)
    expected = sums_over_alignments(log_probs)
    found = {tuple(h.ids): h.ctc for h in PrefixBeamSearch(EXACT, SYMBOLS).search(log_probs)}
    assert found.keys() == expected.keys()
    assert all(found[text] == pytest.approx(score, abs=1e-9) for text, score in expected.items())
    assert sum(map(math.exp, found.values())) == pytest.approx(1.0)


def test_a_narrow_beam_finds_the_likeliest_text_of_confident_emissions():
    for seed in range(20):
        log_probs = emissions(8, seed, 4.0)
        wide = PrefixBeamSearch(EXACT, SYMBOLS).search(log_probs)[0]
        narrow = PrefixBeamSearch(PrefixBeam(beam=8), SYMBOLS).search(log_probs)[0]
        assert (
            narrow.ids == wide.ids or narrow.ctc > wide.ctc - 0.2
        )  # a tie but for what is cut off


def test_the_sum_wins_over_the_best_path():
    """Two alignments of `a` at 0.24 and 0.18 beat the one of nothing at 0.36, which greedy takes."""
    log_probs = np.log(np.array([[0.6, 0.4, 1e-9, 1e-9], [0.6, 0.4, 1e-9, 1e-9]]))
    assert greedy_ids(log_probs.argmax(axis=1)) == []
    assert PrefixBeamSearch(EXACT, SYMBOLS).search(log_probs)[0].ids == [1]


def test_skipping_silence_changes_no_text():
    for seed in range(10):
        log_probs = emissions(6, seed, 3.0)
        silence = np.log(np.array([[0.9997, 1e-4, 1e-4, 1e-4]]))
        spread = np.concatenate([silence, log_probs[:3], silence, silence, log_probs[3:], silence])
        slow = PrefixBeamSearch(PrefixBeam(skip_blank=1.0, threshold=20), SYMBOLS).search(spread)
        fast = PrefixBeamSearch(PrefixBeam(skip_blank=0.999, threshold=20), SYMBOLS).search(spread)
        assert fast[0].ids == slow[0].ids and fast[0].score == pytest.approx(
            slow[0].score, abs=0.01
        )


def test_every_score_holds_its_language_model():
    model = NgramModel(estimate([list("ab"), list("abc"), list("ab"), list("cab")], 3))
    config = PrefixBeam(10_000, 4, 1e9, 1.0, lm_scale=0.7, length_bonus=0.3)
    for h in PrefixBeamSearch(config, SYMBOLS, model).search(emissions(5, 1)):
        lm = model.sentence([SYMBOLS[i] for i in h.ids])
        assert h.score == pytest.approx(h.ctc + 0.7 * lm + 0.3 * len(h.ids), abs=1e-9)
    with pytest.raises(ValueError, match="no language model"):
        PrefixBeamSearch(config, SYMBOLS)


def boost_of(words, ids):
    total, state = 0.0, 0
    for token in ids:
        gained, state = words.step(state, token)
        total += gained
    return total - words.unfinished(state)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ([1, 2, 3], 3.0),
        ([1, 2], 0.0),
        ([1, 2, 1, 2, 3], 3.0),
        ([1, 2, 3, 1, 2, 3], 6.0),
        ([3, 2, 1], 0.0),
        ([], 0.0),
    ],
)
def test_whole_phrases_earn_and_halves_give_back(ids, expected):
    assert boost_of(HotWords([([1, 2, 3], 1.0)]), ids) == pytest.approx(expected)


def test_phrases_inside_phrases():
    words = HotWords([([1, 2, 3, 4], 1.0), ([2, 3], 1.0), ([1, 2], 0.5)])
    assert boost_of(words, [1, 2, 3, 4]) == pytest.approx(4.0)
    assert boost_of(words, [1, 2, 3, 9]) == pytest.approx(2.0)  # the inner phrase was complete
    assert boost_of(words, [2, 3]) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="without tokens"):
        HotWords([([], 1.0)])


def test_a_hot_word_turns_a_close_call():
    log_probs = np.log(
        np.array([[0.02, 0.5, 0.4, 0.08], [0.9, 0.04, 0.03, 0.03], [0.02, 0.03, 0.05, 0.9]])
    )
    plain = PrefixBeamSearch(PrefixBeam(), SYMBOLS).search(log_probs)[0]
    hot = PrefixBeamSearch(PrefixBeam(), SYMBOLS, hot_words=HotWords([([2, 3], 1.0)])).search(
        log_probs
    )[0]
    assert (plain.ids, hot.ids) == ([1, 3], [2, 3])
