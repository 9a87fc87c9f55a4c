"""Scores of known meaning, made probabilities."""

import json

import numpy as np
import pytest

from echoharvester.align.calibration import (
    Calibration,
    Curve,
    calibration_error,
    fit_curve,
    read_calibration,
)


def examples(count, seed):
    """Scores that are right as often as their square says."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, count)
    return scores.tolist(), (rng.random(count) < scores**2).tolist()


def test_a_calibrated_score_is_right_as_often_as_it_says():
    curve = fit_curve(*examples(4000, 0))
    scores, right = examples(4000, 1)
    assert calibration_error(scores, right) > 0.1
    assert calibration_error([curve(score) for score in scores], right) < 0.03
    ordered = [curve(score) for score in np.linspace(0, 1, 50)]
    assert ordered == sorted(ordered) and ordered[0] > 0 and ordered[-1] < 1


def test_nothing_is_learned_of_one_kind_alone():
    with pytest.raises(ValueError, match="right and wrong"):
        fit_curve([0.1, 0.9], [True, True])


def test_it_belongs_to_one_model(tmp_path):
    ours, other = tmp_path / "ours.onnx", tmp_path / "other.onnx"
    ours.write_bytes(b"a")
    other.write_bytes(b"b")
    curve = Curve([0.0, 1.0], [0.1, 0.9])
    Calibration(curve, curve).write(tmp_path / "c.json", ours, words=3)
    assert read_calibration(tmp_path / "c.json", ours) == Calibration(curve, curve)
    assert read_calibration(tmp_path / "c.json", other) is None


@pytest.mark.parametrize("curve", [
    {}, [], None, {"scores": [0, 1], "probabilities": [0.5]}, {"scores": [1, 0], "probabilities": [0, 1]},
    {"scores": [0, 1], "probabilities": [0.9, 0.1]}, {"scores": [0, 1], "probabilities": [0, float("nan")]},
])  # fmt: skip
def test_what_is_no_calibration_is_named(tmp_path, curve):
    path = tmp_path / "odd.json"
    path.write_text(json.dumps({"word": curve, "utterance": curve, "model": "x"}))
    with pytest.raises(ValueError, match="odd.json"):
        read_calibration(path, tmp_path / "m.onnx")
