"""Confidences held against who knows whether a text is right."""

from __future__ import annotations

from collections.abc import Iterable

from echoharvester.manifests.shards import Cut
from echoharvester.report.truth import are_right
from echoharvester.review.sample import are_right_by_review


def judged_confidences(
    cuts: Iterable[Cut], truth: Iterable[Cut] | None
) -> tuple[dict[str, tuple[float, bool]], str]:
    """Of aligned cuts, by id, the confidence and whether the text is right, and who says so: the truth
    where it is known, else what people decided."""
    measured = (c for c in cuts if c["supervisions"] and "align_score" in c["custom"])
    if truth is not None:
        pairs, by = are_right(measured, truth), "what was really said"
    else:
        pairs, by = are_right_by_review(measured), "what reviewers decided"
    return {cut["id"]: (_confidence(cut), right) for cut, right in pairs}, by


def _confidence(cut: Cut) -> float:
    """Calibrated, where that was possible."""
    custom = cut["custom"]
    return float(custom.get("align_confidence", custom["align_score"]))
