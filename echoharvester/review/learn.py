"""From reviewers' decisions to what stage 6 learns from (`echoharvester.asr.label_classifier`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from echoharvester.manifests.shards import Cut
from echoharvester.review.sample import are_right_by_review


def decided_labels(
    validated: Iterable[Cut], reviewed: Iterable[Cut], offered: Iterable[Cut]
) -> Iterator[tuple[Cut, bool, float]]:
    """Cuts as stage 6 left them, whether a reviewer found their label right, and their weight.

    A cut of the random sample stands for the accepted cuts of its stratum, shared among those of
    it that were decided; one that was offered because it is doubtful stands for itself.

    Args:
        validated: cuts of stage 6, measured and heard.
        reviewed: cuts of stage 8, decisions in `custom.review`.
        offered: rows of stage 7, `custom.review_sample` on those of the sample.
    """
    right = {cut["id"]: is_right for cut, is_right in are_right_by_review(reviewed)}
    design = {
        cut["id"]: cut["custom"]["review_sample"]
        for cut in offered
        if "review_sample" in cut["custom"] and cut["id"] in right
    }
    decided: dict[str, int] = {}
    for about in design.values():
        decided[about["stratum"]] = decided.get(about["stratum"], 0) + 1
    for cut in validated:
        if cut["id"] in right:
            about = design.get(cut["id"])
            weight = about["population"] / decided[about["stratum"]] if about else 1.0
            yield cut, right[cut["id"]], weight
