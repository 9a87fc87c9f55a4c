"""A curve fitted on captions corrupted on purpose: on simulated evidence, and on a real model."""

import random
from dataclasses import replace

import numpy as np
import pytest

from echoharvester.align.base import Evidence, Request
from echoharvester.align.ctc import CtcAligner
from echoharvester.align.witness import Witness
from echoharvester.asr.corruption import FITTED_KINDS
from echoharvester.asr.evidence import Figures
from echoharvester.asr.evidence_fit import (
    RIGHT,
    AskedRecogniser,
    Example,
    examples,
    fit_curve,
    fit_on_harvest,
    hearing,
)
from echoharvester.errors import UserError
from echoharvester.models.acoustic import load_acoustic_model


def simulated(seed=0, right=600, wrong=200, really_wrong=0):
    """Right texts are probable; wrong ones less so.  `really_wrong` of the right are not right."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(right + wrong):
        is_right = i < right - really_wrong
        mean = float(-rng.gamma(2, 0.2 if is_right else 0.6))
        least = min(mean, float(-rng.gamma(3, 0.6 if is_right else 2.5)))
        contrast = 0.0 if is_right else float(-rng.gamma(2, 2.0))
        kind = RIGHT if i < right else FITTED_KINDS[i % len(FITTED_KINDS)]
        found.append(Example(kind, f"m{i % 10}", Figures(mean, least, 0, contrast)))
    return found


def test_right_texts_are_accepted_and_wrong_ones_are_not():
    fitted = fit_curve(simulated(), precision=0.99)
    assert fitted.accepted[RIGHT] > 0.8
    assert max(share for kind, share in fitted.accepted.items() if kind != RIGHT) < 0.15
    assert fitted.precision >= 0.99 and fitted.counts[RIGHT] == 600
    curve = fitted.curve
    assert curve.of_mean >= 0 and curve.of_least >= 0 and curve.of_contrast > 0
    assert curve.of_lacking <= 0 and curve.of_endings <= 0 and curve.of_left_out <= 0
    assert curve.review_threshold <= curve.threshold < 1


def overheard(seed, share=0.3):
    """Evidence of a witness that does not notice so many of the wrong texts."""
    rng, found = random.Random(seed), simulated(seed)
    return [
        replace(e, figures=found[rng.randrange(600)].figures)
        if e.kind != RIGHT and rng.random() < share
        else e
        for e in found
    ]


def test_two_unlike_witnesses_tell_more_than_one():
    """What the one overhears the other notices: more right texts are accepted at the same precision."""
    one, other = overheard(0), overheard(5)
    both = [replace(e, witness=o.figures) for e, o in zip(one, other, strict=True)]
    alone, together = fit_curve(one, 0.98), fit_curve(both, 0.98)
    assert together.accepted[RIGHT] > alone.accepted[RIGHT] + 0.02 and together.precision >= 0.98
    assert len(together.curve.of_witness) == 6 and not alone.curve.of_witness
    assert together.curve.of_witness[0] >= 0 and together.curve.of_witness[2] <= 0


def test_captions_that_are_wrong_themselves_do_not_spoil_the_fit():
    clean = fit_curve(simulated(seed=1), 0.98).curve
    spoilt = fit_curve(simulated(seed=1, really_wrong=12), 0.98).curve
    for figures in (Figures(-0.2, -1.0), Figures(-1.5, -8.0, 0, -5.0)):
        assert spoilt.probability(figures) == pytest.approx(clean.probability(figures), abs=0.15)


def test_texts_that_surely_lack_a_word_do_not_count_as_right():
    lacking = [Example(RIGHT, f"m{i % 10}", Figures(-0.2, -1.0, 3, 0.0, 0, 0.9)) for i in range(50)]
    fitted = fit_curve([*simulated(), *lacking], 0.99)
    assert fitted.counts[RIGHT] == 600


def test_too_little_says_how_much_is_needed():
    with pytest.raises(UserError, match="100 texts as captioned and 20 corrupted ones: 200"):
        fit_curve(simulated(right=100, wrong=20), 0.99)
    with pytest.raises(UserError, match="no threshold reaches"):
        same = [
            Example(k, f"m{i % 9}", Figures(-1.0, -2.0))
            for i in range(300)
            for k in (RIGHT, "drop")
        ]
        fit_curve(same, 0.99)


def test_a_real_model_finds_corrupted_texts_less_probable(recogniser_dir, spoken_sentences):
    samples, sentences = spoken_sentences
    aligner = CtcAligner(load_acoustic_model(recogniser_dir / "model.int8.onnx"))
    requests = [
        Request([" ".join(w.text for w in words)], words[0].start_sec, words[-1].end_sec)
        for words in sentences
    ]
    kinds = ["replace", "insert", "drop"]
    found = list(examples(aligner, samples, requests, "m", 8, random.Random(0), kinds))
    right = [e.figures.least for e in found if e.kind == RIGHT]
    wrong = [e.figures.least for e in found if e.kind != RIGHT]
    assert len(right) > len(wrong) >= 4
    assert np.median(wrong) < np.median(right) - 2


def test_a_witness_is_asked_at_its_place_and_a_harvest_with_too_few_texts_says_so(
    recogniser_dir, spoken_sentences
):
    samples, sentences = spoken_sentences
    aligner = CtcAligner(load_acoustic_model(recogniser_dir / "model.int8.onnx"))
    texts = [" ".join(w.text for w in words) for words in sentences]
    places = [(words[0].start_sec, words[-1].end_sec) for words in sentences]
    requests = [Request([t], a + 2, b + 2) for t, (a, b) in zip(texts, places, strict=True)]
    found = list(
        examples(aligner, samples, requests, "m", 8, random.Random(0), ["replace"], Witness(aligner), places)
    )  # fmt: skip
    assert all(len(example.as_row()) == 12 for example in found)
    right, wrong = (
        [e.witness.least for e in found if (e.kind == RIGHT) == is_right]
        for is_right in (True, False)
    )
    assert len(wrong) >= 3 and np.median(wrong) < np.median(right) - 2
    curve, summary = fit_on_harvest([], aligner, None, 0.99, 0)
    assert curve is None and "stays as it was: 0 texts as captioned" in summary
    with pytest.raises(UserError, match="neither align=qwen3 nor asr=vosk tells how probable"):
        hearing({"kind": "qwen3"}, {"kind": "vosk"})


class Knows:
    """A recogniser that hears what was said, and finds that probable."""

    heard_by = "knows"

    def __init__(self, said):
        self.said, self.asked = said, []

    def transcribe(self, utterances):
        self.asked += [len(u) for u in utterances]
        return [self.said[len(u)] for u in utterances]

    def evidence(self, utterances, texts, heard):
        def log_probs(words, said):
            return tuple((-0.1 if word in said.split() else -6.0,) for word in words)

        found = []
        for utterance, text, other in zip(utterances, texts, heard, strict=True):
            said = self.said[len(utterance)]
            assert other == said
            words = text.split()
            heard_words = tuple(other.split())
            found.append(Evidence(tuple(words), log_probs(words, said), heard_words, (-0.1,) * len(heard_words)))  # fmt: skip
        return found


def test_a_recogniser_is_asked_of_each_text_at_its_place_and_hears_it_once():
    words = "하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열 가을 겨울 나무 바다 하늘".split()
    texts = [" ".join(words[3 * i : 3 * i + 3]) for i in range(5)]
    places = [(2.0 * i, 2.0 * i + 1 + 0.1 * i) for i in range(5)]
    said = {round(16000 * (b - a)): t for t, (a, b) in zip(texts, places, strict=True)}
    knows = Knows(said)
    requests = [Request([t], a, b) for t, (a, b) in zip(texts, places, strict=True)]
    found = list(
        examples(AskedRecogniser(knows), np.zeros(160000, np.float32), requests, "m", 4, random.Random(0), ["replace"])
    )  # fmt: skip
    assert len(found) == 20 and len(knows.asked) == 5  # four passes, heard once
    right, wrong = ([e.figures.least for e in found if (e.kind == RIGHT) == r] for r in (True, False))  # fmt: skip
    assert len(wrong) >= 3 and np.median(wrong) == -6.0 and min(right) == -0.1
