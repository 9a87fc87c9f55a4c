"""The listening page beside a review file: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut, write_atomic
from echoharvester.review.clips import Clip
from echoharvester.review.doubt import SpokenWord, spoken_words
from echoharvester.review.rows import text_digest
from echoharvester.review.tsv import COLUMNS, CONVERTED, EDITABLE, NUMBERS, RUNS, Row, read_rows
from echoharvester.text.scores import cer
from echoharvester.text.spoken import candidates

# In this order, into one script: what is used stands first.
_SCRIPTS = ("text", "words", "tsv", "edits", "estimate", "list", "sound", "card", "dialogs", "page")
_BEGIN, _END = '<script id="data" type="application/json">', "</script>"


@dataclass(frozen=True)
class AboutCut:
    """What the page knows of a cut beside its row.

    Attributes:
        text: that the cut has, whatever was written in the file since.
        heard: the hypothesis as it was compared: with digits read out where that made the CER.
        title: of its media item.
        population: accepted cuts of its stratum; None: it is not of the random sample.
    """

    text: str
    heard: str = ""
    words: Sequence[SpokenWord] = ()
    media: str = ""
    title: str = ""
    speaker: str = ""
    population: int | None = None


def about_cut(cut: Cut) -> AboutCut:
    """What the page shows of a cut that has a row."""
    custom = cut["custom"]
    return AboutCut(
        text_of(cut), _as_compared(cut), spoken_words(cut), custom["media_id"], str(custom.get("title") or ""),
        str(cut["supervisions"][0].get("speaker") or ""),
        custom.get("review_sample", {}).get("population"),
    )  # fmt: skip


def _as_compared(cut: Cut) -> str:
    """The reading of the hypothesis that its CER is of, so that the page shows the same one."""
    text, heard = text_of(cut), str(cut["custom"].get("hyp_text", ""))
    if abs(cer(text, heard).rate - float(cut["custom"].get("cer") or 0.0)) < 1e-3:
        return heard
    readings = candidates(heard) or [heard]
    return min(readings, key=lambda reading: cer(text, reading).rate)


@dataclass(frozen=True)
class OfAll:
    """What the pages of a data set share.

    Attributes:
        dataset: tells it from others, in the browser that keeps what was not saved yet.
        files: all its review files.
    """

    dataset: str = ""
    files: Sequence[str] = ()


def write_page(
    path: Path,
    rows: Sequence[Row],
    clips: Mapping[str, Clip],
    title: str,
    about: Mapping[str, AboutCut] | None = None,
    of_all: OfAll | None = None,
) -> None:
    """Writes the page of one review file (`path` with `.tsv` for `.html`).

    `clips` and `about` by cut id: the sounds, as they lie in the folder `clips` beside the page, and
    what else is known.
    """
    known, shared = about or {}, of_all or OfAll()
    file = path.with_suffix(".tsv").name
    own = [*dict.fromkeys(key for row in rows for key in row if key and key not in COLUMNS)]
    values = {
        "title": title, "file": file, "dataset": shared.dataset or title, "files": [*shared.files],
        "columns": [*COLUMNS, *own], "own": own, "editable": EDITABLE, "numbers": NUMBERS, "runs": RUNS, "converted": CONVERTED,
        "rows": [_shown(row, clips.get(row["id"]), known.get(row["id"])) for row in rows],
    }  # fmt: skip
    write_atomic(path, _rendered(values))


def refresh_pages(folder: Path) -> int:
    """Makes the pages again whose review file says something else by now; how many there were.

    A page that cannot be read any more stays as it is.
    """
    return sum(_refreshed(path) for path in sorted(folder.glob("review*.html")))


def _refreshed(path: Path) -> bool:
    try:
        written: dict[str, list[Row]] = {}
        for _, row in read_rows(path.with_suffix(".tsv")):
            written.setdefault(row["id"], []).append(row)
        before = path.read_text(encoding="utf-8")
        values = json.loads(before.partition(_BEGIN)[2].partition(_END)[0])
        for row in values["rows"]:  # one that stands twice is twice in the page
            of_file = next(iter(written.get(row["id"], ())), {})
            written[row["id"]] = written.get(row["id"], [])[1:]
            names = (*EDITABLE, "text_digest", *values.get("own", ()))
            row |= {name: of_file[name] for name in names if name in of_file}
        page = _rendered({"dataset": values["dataset"], **values})
    except (OSError, UserError, ValueError, KeyError, TypeError):
        return False  # of another version, or nobody's of ours: stage 7 makes it anew
    if page == before:
        return False
    write_atomic(path, page)
    return True


def _rendered(values: Mapping[str, Any]) -> str:
    template = Environment(autoescape=True, keep_trailing_newline=True).from_string(
        _asset("page.html")
    )
    return template.render(
        title=values["title"],
        file=values["file"],
        style=Markup(_asset("page.css")),
        data=Markup(script_data(values)),
        script=Markup("\n".join(_asset(f"{name}.js") for name in _SCRIPTS)),
    )


def script_data(values: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element.

    >>> script_data({"a": "</script>"})
    '{"a": "\\\\u003c/script>"}'
    """
    return json.dumps(values, ensure_ascii=False).replace("<", "\\u003c")


def _shown(row: Row, clip: Clip | None, about: AboutCut | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        **row, "original": row.get("text", ""), "heard": row.get("hypothesis", ""), "words": [],
    }  # fmt: skip
    if clip:
        shown |= {
            "peaks": base64.b64encode(clip.peaks).decode(), "picture": clip.picture,
            "start_sec": clip.start_sec, "end_sec": clip.end_sec, "clip_sec": clip.duration_sec,
        }  # fmt: skip
    if about:
        words = [[w.text, w.start_sec, w.end_sec, w.sure, w.doubtful] for w in about.words]
        shown |= {
            "original": about.text, "heard": about.heard or row.get("hypothesis", ""), "words": words, "media": about.media, "title": about.title,
            "speaker": about.speaker, "population": about.population, "digest": text_digest(about.text),
        }  # fmt: skip
    return shown


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")
