"""Stage 7 as one move: what is worth looking at, into files for people, with its sound."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import ACCEPTED
from echoharvester.manifests.cuts import with_custom
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut, write_atomic
from echoharvester.review.clips import write_clips
from echoharvester.review.labels import write_labels
from echoharvester.review.layout import Layout, decided, edited_rows, tables, write_tables
from echoharvester.review.listening import OfAll, about_cut, write_page
from echoharvester.review.planted import Planter, as_shown, planted_texts
from echoharvester.review.rows import row_of
from echoharvester.review.sample import StratifiedSample
from echoharvester.review.select import Selection, select
from echoharvester.review.tsv import Row

CLIPS, LABELS = "clips", "labels"  # folders beside the review files


@dataclass(frozen=True)
class Handout:
    """What goes with the rows.

    Attributes:
        page: whether a listening page is written for each file.
        clip_format: flac, mp3 or wav.
        clip_padding_sec: heard before and after each cut.
        labels: audacity, textgrid or None.
        spectrograms: whether each clip has a picture.
        planted: so many rows more show a wrong text, to see whether reviewers find it.
        title: of the pages.
    """

    page: bool = True
    clip_format: str = "flac"
    clip_padding_sec: float = 0.5
    labels: str | None = None
    spectrograms: bool = True
    planted: int = 0
    title: str = "review"

    def __post_init__(self) -> None:
        if self.planted < 0:
            raise UserError(f"review.planted is 0 or more, not {self.planted}")


@dataclass(frozen=True)
class HandedOut:
    """What was written.

    Attributes:
        cuts: those with a row; `custom.review_files` names the files it is in.
        files: names of the review files.
        selected, sampled: rows that were asked for, and those of the random sample.
        offered: cuts that were asked for, before `max_rows`.
        decided: cuts with a decision.
    """

    cuts: list[Cut]
    files: list[str]
    selected: int
    sampled: int
    offered: int
    decided: int


@dataclass(frozen=True)
class ReviewPlan:
    """What is asked of whom.

    Attributes:
        selection: which cuts are offered.
        limit_of: the CER limit of a caption kind; what is nearest to it comes first.
        sample: a random sample of the accepted, to estimate the label error.
        layout: which row goes into which file.
        handout: what lies beside.
    """

    selection: Selection
    limit_of: Callable[[str], float]
    sample: StratifiedSample
    layout: Layout = field(default_factory=Layout)
    handout: Handout = field(default_factory=Handout)


def hand_out(
    plan: ReviewPlan,
    folder: Path,
    read: Callable[[], Iterable[Cut]],
    previous: Iterable[Cut] = (),
) -> HandedOut:
    """Writes review files, pages, clips and labels; what people wrote in them stays.

    Args:
        read: begins a pass over the cuts of stage 6.
        previous: what an earlier call returned as `cuts`; rows stay in their files.

    Raises:
        ValueError: for a review file that cannot be read: it would be overwritten.
        MediaError: for a recording that cannot be read.
    """
    layout, handout, selection = plan.layout, plan.handout, plan.selection
    before, assigned_alike = {}, True
    previous = list(previous)
    for cut in previous:
        before[cut["id"]] = list(cut["custom"].get("review_files", ()))
        assigned_alike = cut["custom"].get("review_layout") == layout.identity
    names_before = {name for names in before.values() for name in names}
    edited = edited_rows(folder, sorted(names_before | _existing(folder, layout)))
    touched = {row["id"] for rows in edited.values() for row in rows}
    wrong = planted_texts(previous)
    planter = Planter(handout.planted, plan.sample.seed)
    chosen = select(read, selection, plan.sample, plan.limit_of, touched, planter, wrong)
    clips = write_clips(
        chosen.cuts, folder / CLIPS, handout.clip_format, handout.clip_padding_sec, handout.spectrograms
    )  # fmt: skip
    shown = [as_shown(cut) for cut in chosen.cuts]
    rows = {cut["id"]: row_of(cut, f"{CLIPS}/{clips[cut['id']].name}") for cut in shown}
    _like_the_sample(rows, planted_texts(chosen.cuts))
    # Rows stay in their files while these are assigned as before; what was edited stays anyway.
    files = layout.assign(list(rows), layout.still_holds(before) if assigned_alike else {})
    result = tables(rows, files, edited, layout)
    write_tables(folder, result, names_before)
    about = {cut["id"]: about_cut(cut) for cut in shown}
    of_all = OfAll(_dataset_of(folder, [handout.title, rows]), tuple(sorted(result)))
    for name, found in result.items():
        page = (folder / name).with_suffix(".html")
        if handout.page:
            title = f"{handout.title} ({name.removesuffix('.tsv')})"
            write_page(page, found, clips, title, about, of_all)
        else:
            page.unlink(missing_ok=True)
    write_labels(shown, folder / LABELS, handout.labels)
    held: dict[str, list[str]] = {}
    for name, found in result.items():
        for row in found:
            held.setdefault(row["id"], []).append(name)
    sampled = [c for c in chosen.cuts if "review_sample" in c["custom"]]
    accepted_anyway = ACCEPTED in selection.statuses
    return HandedOut(
        [
            with_custom(cut, review_files=held[cut["id"]], review_layout=layout.identity)
            for cut in chosen.cuts
        ],
        sorted(result),
        chosen.offered if selection.max_rows is None else min(chosen.offered, selection.max_rows),
        sum(not (accepted_anyway and selection.takes(cut)) for cut in sampled),
        chosen.offered,
        decided(result),
    )


def _like_the_sample(rows: Mapping[str, Row], planted: Iterable[str]) -> None:
    """Planted rows have a stratum and a weight as those of the random sample have."""
    sampled = [row for row in rows.values() if row["stratum"]]
    for number, cut_id in enumerate(sorted(planted)):
        if cut_id in rows and sampled:
            like = sampled[number % len(sampled)]
            rows[cut_id].update(stratum=like["stratum"], weight=like["weight"])


def _dataset_of(folder: Path, first: Any) -> str:
    """What tells browsers this data set's decisions from those of others, wherever it is moved to.

    Args:
        first: what is handed out: its digest and that of the folder stay the name from the first time
            on, so that the same run again gives the same pages.
    """
    path = folder / ".dataset"
    if not path.exists():
        write_atomic(path, fingerprint(str(folder.resolve()), first))
    return path.read_text(encoding="utf-8").strip()


def _existing(folder: Path, layout: Layout) -> set[str]:
    """Review files of ours that are there, whatever the last manifest says of them."""
    named = layout.names()
    return {
        path.name
        for path in folder.glob("review*.tsv")
        if path.name in named or re.fullmatch(r"review(-\d+)?\.tsv", path.name)
    }
