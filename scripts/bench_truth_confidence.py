"""What confidences are worth, and how they are calibrated: parts of bench_truth.py."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from sklearn.metrics import brier_score_loss, roc_auc_score

from echoharvester.align.calibration import Calibration, calibration_error, fit_curve
from echoharvester.manifests.shards import Cut
from echoharvester.report.truth import are_right
from echoharvester.text.scores import normalize_for_scoring

Judged = tuple[float, bool]


def utterances(cuts: Iterable[Cut], truth: Iterable[Cut], key: str = "align_score") -> list[Judged]:
    """Scores of utterances, and whether their text is exactly what was said in them."""
    aligned = (c for c in cuts if c["supervisions"] and key in c["custom"])
    return [(float(c["custom"][key]), right) for c, right in are_right(aligned, truth)]


def words(cuts: Iterable[Cut], truth: Iterable[Cut]) -> list[Judged]:
    """Scores of words, and whether that word was being said in the middle of its time."""
    said: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for cut in truth:
        said[cut["custom"]["media_id"]] += list(_spans(cut))
    found = []
    for cut in cuts:
        if not cut["supervisions"] or "align_score" not in cut["custom"]:
            continue
        own = said[cut["custom"]["media_id"]]
        scores = [word[3] for word in cut["supervisions"][0]["alignment"]["word"]]
        for (start, end, text), score in zip(_spans(cut), scores, strict=True):
            middle = (start + end) / 2
            found.append((float(score), any(a <= middle <= b and t == text for a, b, t in own)))
    return found


def _spans(cut: Cut) -> Iterator[tuple[float, float, str]]:
    offset = cut["custom"]["media_start_sec"]
    for word in cut["supervisions"][0]["alignment"]["word"]:
        yield offset + word[1], offset + word[1] + word[2], normalize_for_scoring(word[0])


def fit(cuts: Sequence[Cut], truth: Sequence[Cut], model: Path, output: Path) -> str:
    """Fits a calibration on every other utterance and says what it does to the rest."""
    seen, unseen = _halves(cuts)
    curves = [fit_curve(*zip(*judge(seen, truth), strict=True)) for judge in (words, utterances)]
    calibration = Calibration(*curves)
    calibration.write(
        output, model, words=len(words(seen, truth)), utterances=len(utterances(seen, truth))
    )
    rows = [
        "| of the other half | judged | right | ECE of scores | ECE calibrated | Brier of scores | "
        "Brier calibrated | AUC |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, judge, curve in (("words", words, curves[0]), ("utterances", utterances, curves[1])):
        judged = judge(unseen, truth)
        scores, right = [s for s, _ in judged], [r for _, r in judged]
        calibrated = [curve(score) for score in scores]
        rows.append(
            f"| {name} | {len(right)} | {sum(right)} | {calibration_error(scores, right):.3f} | "
            f"{calibration_error(calibrated, right):.3f} | {brier_score_loss(right, scores):.4f} | "
            f"{brier_score_loss(right, calibrated):.4f} | {roc_auc_score(right, scores):.4f} |"
        )
    return "\n".join(rows)


def _halves(cuts: Sequence[Cut]) -> tuple[list[Cut], list[Cut]]:
    """Every other utterance: both halves hold all voices and faults."""
    return list(cuts[::2]), list(cuts[1::2])
