"""A review folder in a browser."""

from __future__ import annotations

from pathlib import Path

from echoharvester.asr.validate import CerThresholds
from echoharvester.review.hand_out import Handout, ReviewPlan, hand_out
from echoharvester.review.layout import Layout
from echoharvester.review.sample import StratifiedSample
from echoharvester.review.select import Selection


def handed_out(folder: Path, cuts, sample=0, statuses=("review",), previous=(), **handout):
    """Writes review files and pages of these cuts."""
    plan = ReviewPlan(
        Selection(statuses), CerThresholds().limit, StratifiedSample(sample), Layout(),
        Handout(title="시험", **handout),
    )  # fmt: skip
    return hand_out(plan, folder, lambda: iter(cuts), previous)


def save(page, path: Path) -> None:
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(path)


def chosen(page) -> str:
    return page.inner_text("#about").split(" · ")[0]


def decided(page) -> int:
    return int(page.inner_text("#done").split(" of ")[0])
