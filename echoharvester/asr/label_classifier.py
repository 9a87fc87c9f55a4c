"""The probability that a label is right, learned from what reviewers decided.

A logistic regression on what was measured replaces the fixed gate: it weighs a bad alignment
against a good CER, and its threshold is chosen for a wanted precision.  The file holds plain
numbers, so that anybody can read it and nothing in it can run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from echoharvester.errors import UserError
from echoharvester.manifests.shards import Cut, write_atomic
from echoharvester.text.scores import binomial_interval

MIN_DECIDED, MIN_WRONG = 30, 5  # of each, or nothing can be learned
FOLDS = 5
LEVEL = 0.95
REVIEW_SHARE = 0.5  # less likely right than this is not worth a reviewer's time
FEATURES = (
    "align_score", "worst_word", "cer", "cer_second", "cer_between", "snr_db", "speech_ratio",
    "rate_deviation", "log_duration", "trimmed", "manual",
)  # fmt: skip
_FORMER_FEATURES = {"salvaged": "trimmed"}  # in files fitted before they were renamed


class NotEnoughReviewsError(UserError):
    """Too few decisions to learn from; the message says how many are needed."""


@dataclass(frozen=True)
class LabelClassifier:
    """A fitted model.

    Attributes:
        means, scales, weights: for each of `FEATURES`; what was not measured counts as the mean.
        threshold: accepted from here on.
        review_threshold: for people to decide from here on.
        precision: that was wanted.
        label_error: estimated share of wrong labels among those accepted, from decisions that
            neither model nor threshold had seen.
        low, high: its bounds at 95 %.
        accepted_share: of the labels that reviewers found right, the share that is accepted.
        decided: decisions it was fitted on.
    """

    means: list[float]
    scales: list[float]
    weights: list[float]
    bias: float
    threshold: float
    review_threshold: float
    precision: float
    label_error: float
    low: float
    high: float
    accepted_share: float
    decided: int

    def probability(self, cut: Cut) -> float:
        """That the label of a cut of stage 6 is right, 0 to 1."""
        return float(self._probabilities(np.array([features_of(cut)]))[0])

    def _probabilities(self, features: np.ndarray) -> np.ndarray:
        standard = (features - self.means) / self.scales
        standard = np.nan_to_num(standard, nan=0.0)
        return 1 / (1 + np.exp(-(standard @ np.array(self.weights) + self.bias)))

    def write(self, path: Path) -> None:
        write_atomic(path, json.dumps({"features": FEATURES, **asdict(self)}, indent=1) + "\n")


def read_classifier(path: Path) -> LabelClassifier:
    """
    Raises:
        UserError: if the file is not one of `LabelClassifier.write`, or of other features.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        found = tuple(_FORMER_FEATURES.get(name, name) for name in values.pop("features"))
        if found != FEATURES:
            raise UserError("it was fitted on other features; fit it again")
        model = LabelClassifier(**{f.name: values[f.name] for f in fields(LabelClassifier)})
        numbers = np.array([model.means, model.scales, model.weights], float)
        if numbers.shape != (3, len(FEATURES)) or not np.isfinite(numbers).all():
            raise UserError("its numbers are not those of a model")
        if not all(math.isfinite(v) for v in (model.bias, model.threshold, model.review_threshold)):
            raise UserError("its numbers are not those of a model")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"validate.acceptance={path}: {error}") from error
    return model


def features_of(cut: Cut) -> list[float]:
    """The values of `FEATURES`; nan for what was not measured."""
    custom = cut["custom"]
    words = cut["supervisions"][0].get("alignment", {}).get("word", ())
    own = {
        "worst_word": min((word[3] for word in words), default=math.nan),
        "log_duration": math.log(max(cut["duration"], 0.01)),
        "trimmed": float("text_whole" in custom),
        "manual": float(custom.get("caption_kind") == "manual"),
        "rate_deviation": abs(float(custom.get("rate_deviation", math.nan))),
    }
    return [own[f] if f in own else float(custom.get(f, math.nan)) for f in FEATURES]


def fit_acceptance(
    decided: Iterable[tuple[Cut, bool, float]], precision: float = 0.99
) -> LabelClassifier:
    """Fits model and threshold.

    Args:
        decided: cuts of stage 6, whether a reviewer found the label right, and how many cuts each
            stands for.
        precision: wanted share of right labels among those accepted.

    Raises:
        NotEnoughReviewsError: with fewer than 30 decisions, or 5 of them for wrong labels.
        UserError: if the precision is out of reach.
    """
    cuts, right_list, weight_list = (
        zip(*decided, strict=True) if (decided := list(decided)) else ((), (), ())
    )
    right, weights = np.array(right_list, bool), np.array(weight_list, float)
    wrong = int((~right).sum())
    if len(right) < MIN_DECIDED or wrong < MIN_WRONG or right.sum() < MIN_WRONG:
        raise NotEnoughReviewsError(
            f"{len(right)} decisions, {wrong} of them on wrong labels: {MIN_DECIDED} are needed, and "
            f"{MIN_WRONG} each of right and wrong ones; review more rows "
            "(review.statuses=[review,accepted,rejected] offers all kinds)"
        )
    features = np.array([features_of(cut) for cut in cuts])
    media = [cut["custom"]["media_id"] for cut in cuts]
    held_out, folds = _held_out(features, right, weights, media)
    error, low, high, accepted = _cross_checked(held_out, right, weights, folds, precision)
    means, scales, coefficients, bias = _fitted(features, right, weights)
    threshold = least_threshold(held_out, right, weights, precision)
    return LabelClassifier(
        means, scales, coefficients, bias, threshold, min(REVIEW_SHARE, threshold), precision,
        error, low, high, accepted, len(right),
    )  # fmt: skip


def _fitted(
    features: np.ndarray, right: np.ndarray, weights: np.ndarray
) -> tuple[list[float], list[float], list[float], float]:
    from sklearn.linear_model import LogisticRegression

    known = np.isfinite(features)
    counts = known.sum(axis=0)
    filled = np.where(known, features, 0.0)
    means = filled.sum(axis=0) / np.maximum(counts, 1)
    deviations = np.where(known, features - means, 0.0)
    scales = np.sqrt((deviations**2).sum(axis=0) / np.maximum(counts, 1))
    scales = np.where(scales > 1e-9, scales, 1.0)
    model = LogisticRegression().fit(deviations / scales, right, sample_weight=weights)
    return means.tolist(), scales.tolist(), model.coef_[0].tolist(), float(model.intercept_[0])


def _held_out(
    features: np.ndarray, right: np.ndarray, weights: np.ndarray, media: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of each decision by a model that has not seen its media item, and its fold."""
    from sklearn.model_selection import KFold, StratifiedGroupKFold

    grouped = len(set(media)) >= 2 * FOLDS
    split = (
        StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
        if grouped
        else KFold(FOLDS, shuffle=True, random_state=0)
    )
    probabilities, folds = np.zeros(len(right)), np.zeros(len(right), int)
    for fold, (seen, unseen) in enumerate(split.split(features, right, media)):
        if right[seen].all() or not right[seen].any():
            raise NotEnoughReviewsError("all wrong labels are of one media item; review more media")
        means, scales, weights_of, bias = _fitted(features[seen], right[seen], weights[seen])
        standard = np.nan_to_num((features[unseen] - means) / scales, nan=0.0)
        probabilities[unseen] = 1 / (1 + np.exp(-(standard @ np.array(weights_of) + bias)))
        folds[unseen] = fold
    return probabilities, folds


def least_threshold(
    probabilities: np.ndarray, right: np.ndarray, weights: np.ndarray, precision: float
) -> float:
    """The least threshold above which the wanted share is right.

    Raises:
        UserError: if there is none.
    """
    order = np.argsort(-probabilities, kind="stable")
    reached = np.cumsum(weights[order] * right[order]) / np.cumsum(weights[order])
    last_of_equals = (
        np.diff(probabilities[order], append=-np.inf) < 0
    )  # equals are accepted together
    enough = np.flatnonzero((reached >= precision) & last_of_equals)
    if not len(enough):
        raise UserError(
            f"no threshold reaches a precision of {precision:g}; the most sure reach "
            f"{reached.max():.3f}: ask for less, or give more examples"
        )
    return float(probabilities[order][enough[-1]])


def _cross_checked(
    probabilities: np.ndarray,
    right: np.ndarray,
    weights: np.ndarray,
    folds: np.ndarray,
    precision: float,
) -> tuple[float, float, float, float]:
    """Label error with its bounds, and the share of right labels kept, at thresholds that were
    chosen on the other folds."""
    accepted = np.zeros(len(right), bool)
    for fold in np.unique(folds):
        mine = folds == fold
        limit = least_threshold(probabilities[~mine], right[~mine], weights[~mine], precision)
        accepted |= mine & (probabilities >= limit)
    kept = weights * accepted
    if not kept.any():
        return 0.0, 0.0, 1.0, 0.0
    error = float((kept * ~right).sum() / kept.sum())
    size = float(kept.sum() ** 2 / (kept**2).sum())  # Kish: what unequal weights leave
    low, high = binomial_interval(error * size, size, LEVEL)
    share = float((kept * right).sum() / (weights * right).sum())
    return error, low, high, share
