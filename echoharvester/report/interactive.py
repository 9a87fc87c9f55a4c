"""Sections that answer: the threshold bench, and decoded utterances to hear."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echoharvester.report.decoded import DecodedSet
from echoharvester.report.html import (
    differing,
    heading,
    paragraph,
    place,
    player,
    section,
    table,
)
from echoharvester.review.listening import script_data


def bench_section(data: Mapping[str, Any] | None) -> str:
    """Sliders for thresholds, and what they would keep."""
    if not data or not data["points"]:
        return ""
    words = (
        "Move a threshold and see at once what would be kept; the filled part of a bar is kept, the hatched part is "
        "not. A click on a bar plays some of its utterances. The command runs it."
    )
    part = (
        [paragraph(f"A random part of the utterances stands for all: one for {data['scale']:.1f}.")]
        if data["scale"] > 1
        else []
    )
    return section("Threshold bench", paragraph(words), *part, place("bench"))


def points_key(of_set: DecodedSet) -> str:
    """The element with the data of a set."""
    return "points-" + "".join(c if c.isalnum() else "-" for c in of_set.name)


def points_data(of_set: DecodedSet) -> str:
    """What the script draws of a set."""
    return script_data({"points": of_set.points, "rows": [r for r in of_set.rows if r["sound"]]})


def decoded_section(of_set: DecodedSet) -> str:
    """The worst utterances of a set that was decoded, and what they have in common."""
    rows = [
        (player(row["sound"]), differing(row["text"], row["heard"]), f"{100 * row['cer']:.1f} %", f"{row['duration_sec']:.1f}",
         "" if row["snr_db"] is None else f"{row['snr_db']:.1f}", row["title"])
        for row in of_set.rows
    ]  # fmt: skip
    speakers = [(who, f"{100 * rate:.1f} %", n) for who, rate, n in of_set.speakers]
    errors = [
        (f"Left out, on {of_set.name}", "character left out", of_set.deleted),
        (f"Put in, on {of_set.name}", "character put in", of_set.inserted),
    ]
    parts = [
        place(points=points_key(of_set)),
        *_compared(of_set),
        heading("Words that are wrong most often"),
        table(("word", "times wrong", "of"), of_set.words, "ko")
        if of_set.words
        else paragraph("None is wrong."),
        heading("Speakers or media, worst first"),
        table(("speaker or media", "CER", "characters"), speakers),
        *(
            part
            for name, head, rows_of in errors
            if rows_of
            for part in (heading(name), table((head, "times"), rows_of, "ko"))
        ),
        heading("Utterances, worst first"),
        table(("sound", "difference", "CER", "s", "SNR, dB", "media"), rows, classes="sorts cards"),
    ]
    return section(f"Decoded: {of_set.name}", *parts)


def _compared(of_set: DecodedSet) -> list[str]:
    if not of_set.better and not of_set.worse and not of_set.changed:
        return []
    rows = [
        (differing(row["text"], row["heard"]), differing(row["text"], row["there_text"]),
         f"{100 * row['here']:.1f} %", f"{100 * row['there']:.1f} %")
        for row in of_set.changed
    ]  # fmt: skip
    return [
        heading("Beside the other run"),
        paragraph(f"{of_set.better} utterances have fewer errors here, {of_set.worse} more."),
        table(("here", "there", "CER here", "CER there"), rows, classes="sorts cards"),
    ]
