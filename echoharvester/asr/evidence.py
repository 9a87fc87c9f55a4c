"""From the probability of a text on its sound to the probability that it is exactly what was said.

A logistic curve over three figures: the mean and the least log-probability of the text's tokens under
the recogniser, given the sound (`align.base.Evidence`), and how many letters in a row were heard
between the text's own that it lacks (a word that somebody left out).  It is fitted on texts as captioned against
the same texts corrupted on purpose, so it needs no human label.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from echoharvester.errors import UserError
from echoharvester.manifests.shards import write_atomic
from echoharvester.text.scores import normalize_for_scoring

MAX_LACKING = 4  # more letters say no more
PACKAGED = "auto"  # the curve of this package for the kind of recogniser


@dataclass(frozen=True)
class EvidenceCurve:
    """A calibrated acceptance by evidence.

    Attributes:
        bias, of_mean, of_min, of_lacking: coefficients.
        threshold: at least so probable is accepted.
        review_threshold: less is not worth a reviewer's minute.
        fitted_on: what, for people.
    """

    bias: float
    of_mean: float
    of_min: float
    of_lacking: float
    threshold: float
    review_threshold: float
    fitted_on: str = ""

    def probability(self, mean_log_prob: float, min_log_prob: float, lacking: int = 0) -> float:
        """That a text with these figures is exactly what was said.

        >>> curve = EvidenceCurve(4.0, 1.0, 1.0, -0.5, 0.9, 0.5)
        >>> round(curve.probability(-1.0, -3.0), 2)
        0.5
        """
        x = self.bias + self.of_mean * mean_log_prob + self.of_min * min_log_prob
        x += self.of_lacking * min(lacking, MAX_LACKING)
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))

    def write(self, path: Path) -> None:
        write_atomic(path, json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def lacking_letters(text: str, heard: str) -> int:
    """The longest run of letters that were heard between the text's own and that it lacks.

    >>> lacking_letters("오늘 날씨가 좋네요", "음 오늘은 정말 날씨가 좋네요 그죠")
    3
    """
    letters = normalize_for_scoring(text)
    runs = Levenshtein.opcodes(letters, normalize_for_scoring(heard))
    inside = (r for r in runs if r.tag == "insert" and 0 < r.src_start < len(letters))
    return max((r.dest_end - r.dest_start for r in inside), default=0)


def read_curve(name: str, kind: str) -> EvidenceCurve | None:
    """The curve of a file, or with `auto` that of the package for a kind of recogniser; None if there
    is none.

    Raises:
        UserError: if the file is not one of `EvidenceCurve.write`.
    """
    if name == PACKAGED:
        packaged = files(__package__) / "curves" / f"{kind}.json"
        return _curve(json.loads(packaged.read_text("utf-8"))) if packaged.is_file() else None
    try:
        return _curve(json.loads(Path(name).read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"validate.evidence={name}: no curve of evidence ({error})") from error


def _curve(values: Mapping[str, Any]) -> EvidenceCurve:
    curve = EvidenceCurve(**{f.name: values[f.name] for f in fields(EvidenceCurve)})
    numbers = [getattr(curve, f.name) for f in fields(EvidenceCurve) if f.name != "fitted_on"]
    if not all(math.isfinite(float(number)) for number in numbers):
        raise UserError("validate.evidence: its numbers are not finite")
    return curve
