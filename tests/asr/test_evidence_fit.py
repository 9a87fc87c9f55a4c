"""A curve fitted on captions corrupted on purpose: on simulated evidence, and on a real model."""

import random

import numpy as np
import pytest

from echoharvester.align.base import Request
from echoharvester.align.ctc import CtcAligner
from echoharvester.asr.corruption import FITTED_KINDS
from echoharvester.asr.evidence import Figures
from echoharvester.asr.evidence_fit import RIGHT, Example, examples, fit_curve
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
