"""The listening page beside a review file: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from echoharvester.manifests.shards import write_atomic
from echoharvester.review.clips import Clip
from echoharvester.review.doubt import SpokenWord
from echoharvester.review.tsv import COLUMNS, CONVERTED, NUMBERS, RUNS, Row


def write_page(
    path: Path,
    rows: Sequence[Row],
    clips: Mapping[str, Clip],
    title: str,
    texts: Mapping[str, str] | None = None,
    words: Mapping[str, Sequence[SpokenWord]] | None = None,
) -> None:
    """Writes the page of one review file (`path` with `.tsv` for `.html`).

    `clips`, `texts` and `words` by cut id: the sounds, as they lie in the folder `clips` beside the page,
    the texts that the cuts have, whatever was written in the file since, and their words.
    """
    known = texts or {}
    file = path.with_suffix(".tsv").name
    values = {
        "file": file, "columns": COLUMNS, "numbers": NUMBERS, "runs": RUNS,
        "converted": CONVERTED, "rows": [
            {
                **_with_sound(row, clips.get(row["id"])),
                "original": known.get(row["id"], row["text"]),
                "words": [
                    [w.text, w.start_sec, w.end_sec, w.sure, w.doubtful]
                    for w in (words or {}).get(row["id"], ())
                ],
            }
            for row in rows
        ],
    }  # fmt: skip
    template = Environment(autoescape=True, keep_trailing_newline=True).from_string(
        _asset("page.html")
    )
    page = template.render(
        title=title,
        file=file,
        style=Markup(_asset("page.css")),
        data=Markup(script_data(values)),
        script=Markup(_asset("page.js")),
    )
    write_atomic(path, page)


def script_data(values: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element.

    >>> script_data({"a": "</script>"})
    '{"a": "\\\\u003c/script>"}'
    """
    return json.dumps(values, ensure_ascii=False).replace("<", "\\u003c")


def _with_sound(row: Row, clip: Clip | None) -> dict[str, Any]:
    if clip is None:
        return {**row}
    peaks = base64.b64encode(clip.peaks).decode()
    return {
        **row,
        "peaks": peaks,
        "start_sec": clip.start_sec,
        "end_sec": clip.end_sec,
        "clip_sec": clip.duration_sec,
    }


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
