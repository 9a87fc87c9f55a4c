"""Alignment scores as probabilities that a word, or an utterance, was said there.

A score is a mean of frame probabilities: 0.9 does not mean nine in ten.  What it means for a
model is found where the truth is known, by isotonic regression: the non-decreasing function of
the score that fits best (Zadrozny and Elkan 2002), kept as a few points.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from echoharvester.errors import UserError
from echoharvester.manifests.fingerprints import file_digest
from echoharvester.manifests.shards import write_atomic

logger = logging.getLogger(__name__)

NUM_POINTS = 11
# Finite truth supports neither certainty; and so the order of scores is kept.
LEAST, MOST = 0.001, 0.999


@dataclass(frozen=True)
class Curve:
    """Probabilities at some scores, both ascending; straight lines in between."""

    scores: list[float]
    probabilities: list[float]

    def __call__(self, score: float) -> float:
        """A score, 0 to 1, as a probability.

        >>> Curve([0.0, 0.5, 1.0], [0.1, 0.2, 0.9])(0.75)
        0.55
        """
        return round(float(np.interp(score, self.scores, self.probabilities)), 4)


@dataclass(frozen=True)
class Calibration:
    """Of the scores that one model gives: of words, and of whole utterances."""

    word: Curve
    utterance: Curve

    def write(self, path: Path, model: Path, **about: float) -> None:
        """Writes it with whose scores it is of, and what it was fitted on."""
        record = {**asdict(self), "model": file_digest(model), **about}
        write_atomic(path, json.dumps(record, indent=1) + "\n")


def read_calibration(path: Path, model: Path) -> Calibration | None:
    """The calibration of a model; None where it was fitted on another one.

    Raises:
        UserError: if the file is not one of `Calibration.write`.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        curves = [_checked(values[name]) for name in ("word", "utterance")]
        digest = values["model"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"align.calibration={path}: no calibration ({error})") from error
    if digest != file_digest(model):
        logger.warning("%s is not of %s: its scores are left as they are", path, model)
        return None
    return Calibration(*curves)


def _checked(values: dict[str, list[float]]) -> Curve:
    scores, probabilities = (np.array(values[k], float) for k in ("scores", "probabilities"))
    ascending = all((np.diff(part) >= 0).all() for part in (scores, probabilities))
    within = all(((part >= 0) & (part <= 1)).all() for part in (scores, probabilities))
    if not (scores.shape == probabilities.shape and len(scores) > 1 and ascending and within):
        raise UserError("its points are not those of a curve from 0 to 1")
    return Curve(scores.tolist(), probabilities.tolist())


def fit_curve(scores: Sequence[float], right: Sequence[bool]) -> Curve:
    """The curve under which what was right is the likeliest.

    Raises:
        UserError: if all are right, or none.
    """
    from sklearn.isotonic import IsotonicRegression

    if len(set(map(bool, right))) < 2:
        raise UserError("right and wrong examples are needed to calibrate")
    model = IsotonicRegression(y_min=LEAST, y_max=MOST, out_of_bounds="clip")
    model.fit(scores, np.asarray(right, float))
    # Points are dense where scores of either kind are, and reach from 0 to 1.
    shares, hit = np.linspace(0, 1, NUM_POINTS), np.asarray(right, bool)
    of_both = [np.quantile(np.asarray(scores)[kind], shares) for kind in (hit, ~hit)]
    at = np.unique(np.round([0.0, *np.concatenate(of_both), 1.0], 4))
    return Curve(at.tolist(), np.round(model.predict(at), 4).tolist())


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence and share right, over bins of equal
    width (Guo et al. 2017), 0 to 1."""
    confidence, hit = np.asarray(confidences), np.asarray(right, float)
    of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[of == b].sum() - hit[of == b].sum()) for b in range(bins)]
    return float(sum(gaps) / max(len(hit), 1))
