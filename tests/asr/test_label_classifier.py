"""LabelClassifier learned from reviews, on decisions whose truth is known."""

import json

import numpy as np
import pytest

from echoharvester.asr.label_classifier import (
    NotEnoughReviewsError,
    fit_acceptance,
    read_classifier,
)
from echoharvester.asr.validate import CerThresholds, judged
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
from echoharvester.review.learn import decided_labels

SOUND = recording("m", "/m.flac", 16000, 160000)


def labels(count, seed=0, num_media=40):
    """Labels that are wrong more often the worse they align; a CER that tells less."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        score, rate = float(rng.uniform(0.3, 1.0)), float(rng.uniform(0.0, 0.3))
        right = rng.random() < 1 / (1 + np.exp(-(25 * (score - 0.6) - 10 * rate)))
        media_item = media_cut(f"m{i % num_media}", SOUND, {"caption_kind": "manual"})
        custom = {"align_score": score, "cer": rate, "snr_db": 20.0, "hyp_text": "네"}
        yield utterance_cut(media_item, f"u{i}", 0.0, 2.0, "네", custom), bool(right), 1.0


def test_it_keeps_its_promise_on_labels_it_has_not_seen():
    model = fit_acceptance(labels(1500), precision=0.97)
    fresh = list(labels(5000, seed=1))
    accepted = [right for cut, right, _ in fresh if model.probability(cut) >= model.threshold]
    error = 1 - np.mean(accepted)
    assert error < 0.045
    assert model.low <= error <= model.high
    kept = sum(accepted) / sum(right for _, right, _ in fresh)
    assert abs(kept - model.accepted_share) < 0.06
    assert kept > 0.5


def test_the_interval_holds_the_truth_as_often_as_it_says():
    """Of 40 fits at most 5 may miss (2 are expected; more than 5 happen once in 70)."""
    missed = 0
    for seed in range(40):
        model = fit_acceptance(labels(300, seed=seed), precision=0.95)
        accepted = [
            right
            for cut, right, _ in labels(1500, seed=1000 + seed)
            if model.probability(cut) >= model.threshold
        ]
        missed += not model.low <= 1 - np.mean(accepted) <= model.high
    assert missed <= 5


def test_a_higher_precision_accepts_less():
    shares = [fit_acceptance(labels(1500), p).accepted_share for p in (0.9, 0.95, 0.98)]
    assert shares == sorted(shares, reverse=True) and shares[0] > shares[-1]


def test_weights_count_for_what_they_stand_for():
    heavy = [(cut, right, 1.0 if right else 20.0) for cut, right, _ in labels(1500)]
    light = fit_acceptance(labels(1500), 0.95)
    assert fit_acceptance(heavy, 0.95).accepted_share < light.accepted_share


@pytest.mark.parametrize("count, match", [(0, "0 decisions"), (20, "20 decisions")])
def test_too_few_decisions_say_how_many_are_needed(count, match):
    with pytest.raises(NotEnoughReviewsError, match=match):
        fit_acceptance(labels(count))
    with pytest.raises(NotEnoughReviewsError, match="0 of them on wrong"):
        fit_acceptance((cut, True, 1.0) for cut, _, _ in labels(100))


def test_stage_6_decides_by_it(tmp_path):
    fit_acceptance(labels(1500), 0.97).write(tmp_path / "a.json")
    gate = CerThresholds(classifier=read_classifier(tmp_path / "a.json"))
    statuses = {}
    for cut, _, _ in labels(300, seed=2):
        custom = judged(cut, ["네"], gate)["custom"]
        statuses.setdefault(custom["status"], []).append(custom["label_probability"])
    assert min(statuses["accepted"]) >= max(statuses["review"])
    assert min(statuses["review"]) >= max(statuses["rejected"])
    silent = next(c for c, _, _ in labels(300, seed=2) if judged(c, ["네"], gate)["custom"]["status"] != "accepted")  # fmt: skip
    assert judged(silent, [""], gate)["custom"]["reason"] == "empty_hypothesis"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"features": []}', '{"features": null}'])
def test_a_file_that_is_no_model_is_named(tmp_path, content):
    path = tmp_path / "odd.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="odd.json"):
        read_classifier(path)
    fit_acceptance(labels(300), 0.9).write(path)
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "weights": [1.0]}))
    with pytest.raises(ValueError, match="odd.json"):
        read_classifier(path)


def test_a_sampled_decision_stands_for_its_stratum():
    cuts = [cut for cut, _, _ in labels(4)]
    reviewed = [
        {**cut, "custom": {**cut["custom"], "status": "accepted", "review": {"before": before}}}
        for cut, before in zip(cuts[:3], ("네", "네", "아니요"), strict=True)
    ]
    about = {"stratum": "s", "population": 30, "sampled": 3}
    offered = [{**c, "custom": {**c["custom"], "review_sample": about}} for c in cuts[:2]]
    found = [(c["id"], right, w) for c, right, w in decided_labels(cuts, reviewed, offered)]
    assert found == [("u0", True, 15.0), ("u1", True, 15.0), ("u2", False, 1.0)]
