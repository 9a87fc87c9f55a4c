"""What every round of `pipeline.rounds` brought, as figures and as a page."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import (
    Cut,
    ShardWriter,
    known_rows,
    read_all_cuts,
    read_info,
)
from echoharvester.report.figures import rounds_curve
from echoharvester.report.html import document, made, paragraph, player, section, table, texts
from echoharvester.report.listen import sound_of
from echoharvester.report.reasons import meaning
from echoharvester.report.round_figures import CHANGED, RoundFigures
from echoharvester.review.merge import exportable

MOST_HEARD = 12  # utterances a side, of each round
GAINED, LOST = "gained", "lost"


def kept_cuts(manifests: Path) -> Iterator[Cut]:
    return filter(exportable, read_all_cuts(manifests, "cuts_reviewed"))


def changed_sides(before: Path, now: Path, output: Path) -> None:
    """Writes some utterances that were kept before and are not now, and the other way round.

    The header counts all of them; which are written is drawn at random, the same every time.

    Args:
        before, now: folders with `cuts_reviewed`.
    """
    sides = {GAINED: (before, now), LOST: (now, before)}
    drawn: dict[str, list[tuple[float, str, Cut]]] = {side: [] for side in sides}
    counts = dict.fromkeys(sides, 0)
    seconds = dict.fromkeys(sides, 0.0)
    for side, (without, having) in sides.items():
        ids = {cut["id"] for cut in kept_cuts(without)}
        for cut in kept_cuts(having):
            if cut["id"] in ids:
                continue
            counts[side] += 1
            seconds[side] += cut["duration"]
            item = (random.Random(cut["id"]).random(), cut["id"], cut)
            if len(drawn[side]) < MOST_HEARD:
                heapq.heappush(drawn[side], item)
            else:
                heapq.heappushpop(drawn[side], item)
    lost = {cut["id"] for _, _, cut in drawn[LOST]}
    why = {c["id"]: c["custom"].get("reason", "") for c in _reviewed(now) if c["id"] in lost}
    with ShardWriter(output) as writer:
        for side, items in drawn.items():
            for _, _, cut in sorted(items, reverse=True):
                writer.write({**cut, "side": side, "why": why.get(cut["id"], "")})
        writer.close("rounds", "", "", {**counts, **{f"{s}_sec": v for s, v in seconds.items()}})


def _reviewed(manifests: Path) -> Iterator[Cut]:
    return read_all_cuts(manifests, "cuts_reviewed")


HEAD = (
    "round", "in use", "utterances", "minutes", "expected label error %", "by reviewers", "dev CER %",
    "test CER %", "labels right %", "of the speech %", "took min", "verdict",
)  # fmt: skip


def rounds_page(
    name: str, rows: Sequence[tuple[RoundFigures, str, float, bool]], folders: Sequence[Path]
) -> str:
    """The page of rounds.

    Args:
        rows: figures, verdict, seconds, and whether a round is used, from round 1 on.
        folders: of the rounds; the page lies beside them.
    """
    in_use = max(i for i, row in enumerate(rows) if row[3])
    lines = [
        (
            i + 1, "yes" if i == in_use else "", figures.utterances, f"{60 * figures.hours:.2f}",
            _percent(figures.label_error), figures.reviewed, _percent(figures.dev),
            _percent(figures.test), _percent(figures.precision), _percent(figures.harvested), f"{seconds / 60:.1f}", verdict,
        )
        for i, (figures, verdict, seconds, _) in enumerate(rows)
    ]  # fmt: skip
    curve = section(
        "The curve",
        rounds_curve(
            [60 * figures.hours for figures, *_ in rows],
            {"dev": [f.dev for f, *_ in rows], "test": [f.test for f, *_ in rows]},
        ),
        table(HEAD, lines, classes="cards"),
        paragraph(
            "Dev and test are the utterances of round 1 in every round, with the labels that they had. "
            "The expected label error is what the curve of evidence says of what was kept; the "
            "estimate of people who heard a random sample, where there is one, stands beside it.",
            soft=True,
        ),
        made(
            {}, {f"report of round {i + 1}": f"{f.name}/report.html" for i, f in enumerate(folders)}
        ),
    )
    sides = [_sides(i + 1, folder) for i, folder in enumerate(folders)]
    return document(f"EchoHarvester: {name}, rounds", "", [curve, *filter(None, sides)], "{}", "")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _sides(number: int, folder: Path) -> str:
    """Utterances that changed sides in a round, to hear; "" for the first."""
    rows = list(known_rows(folder / CHANGED))
    if not rows:
        return ""
    shown = [
        (
            row["side"], player(sound_of(row)), texts(text_of(row), row["custom"].get("hyp_text", "")),
            _figure(row), meaning(row["why"]) if row["why"] else "",
        )
        for row in rows
    ]  # fmt: skip
    info = read_info(folder / CHANGED)
    assert info
    said = ", ".join(f"{info.counts[side]} that it {side}" for side in (GAINED, LOST))
    return section(
        f"Changed sides in round {number}",
        paragraph(f"Utterances: {said}; drawn at random of each side:"),
        table(
            ("", "sound", "text, and what was heard", "probability", "why not now"),
            shown,
            classes="sorts cards",
        ),
    )


def _figure(row: dict[str, Any]) -> str:
    value = row["custom"].get("label_probability")
    return "" if value is None else f"{value:.3f}"
