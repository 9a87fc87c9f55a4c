"""A list of media files and what is known of each, as a spreadsheet saves it.

A TSV or CSV (with commas, or with semicolons as Excel writes them in Korea and Europe) with a header.  `media` is needed, the others are optional: `caption` (a file),
`caption_kind` (manual, auto, external), `channel`, `license`, `title`, `source_url`.  Relative paths
start from the folder of the list.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from echoharvester.captions.encoding import decode
from echoharvester.errors import UserError

_FIELDS = ("channel", "license", "title", "source_url")
_COLUMNS = ("media", "caption", "caption_kind", *_FIELDS)
_KINDS = ("manual", "auto", "external")


@dataclass(frozen=True)
class MediaRow:
    """One media file.

    Attributes:
        caption: where the list names it; else it is looked for beside the media.
        fields: what the list tells, by name of the custom field.
        listed: named by a person, so that links may lead anywhere.
        line: of the list.
    """

    path: Path
    caption: Path | None = None
    caption_kind: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    listed: bool = False
    line: int = 0


def read_media_list(path: Path) -> Sequence[MediaRow]:
    """The rows of a list, in order.

    Raises:
        FileNotFoundError: if there is no such file.
        UserError: naming file and line, if it is not of the form above.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; check source.list")
    text, _ = decode(path.read_bytes(), str(path))
    header = text.split("\n", 1)[0]
    # A quote that nobody closed would swallow the rows behind it: then none is a quote.
    quoting: Literal[0, 3] = csv.QUOTE_NONE if text.count('"') % 2 else csv.QUOTE_MINIMAL
    reader = csv.DictReader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""),
        delimiter=next((mark for mark in "\t;" if mark in header), ","),
        quoting=quoting,
    )
    columns = [str(name).strip() for name in reader.fieldnames or ()]
    if unknown := sorted(set(columns) - set(_COLUMNS)):
        raise UserError(f"{path}:1: columns {unknown}; known are {', '.join(_COLUMNS)}")
    if "media" not in columns:
        raise UserError(f"{path}:1: no column `media`")
    reader.fieldnames = columns
    rows: list[MediaRow] = []
    lines: dict[Path, int] = {}
    for row in reader:
        if any((value or "").strip() for value in row.values() if not isinstance(value, list)):
            rows.append(_row(row, path, reader.line_num))
            if rows[-1].path in lines:
                raise UserError(
                    f"{path}:{reader.line_num}: {rows[-1].path} is on line {lines[rows[-1].path]}, "
                    "too; name a file once"
                )
            lines[rows[-1].path] = reader.line_num
    return rows


def _row(row: dict[str, str], path: Path, line: int) -> MediaRow:
    if None in row or None in row.values():
        raise UserError(f"{path}:{line}: more or fewer cells than the header has")
    values = {key: value.strip() for key, value in row.items()}
    if not values["media"]:
        raise UserError(f"{path}:{line}: no media file named")
    kind = values.get("caption_kind", "")
    if kind and kind not in _KINDS:
        raise UserError(f"{path}:{line}: caption_kind {kind!r}; expected {', '.join(_KINDS)}")
    caption = values.get("caption", "")
    return MediaRow(
        _from(path, values["media"]),
        _from(path, caption) if caption else None,
        kind,
        {name: values[name] for name in _FIELDS if values.get(name)},
        listed=True,
        line=line,
    )


def _from(path: Path, name: str) -> Path:
    # Without following links: a link keeps its own name, and what it leads to is checked later.
    return Path(path.resolve().parent, Path(name).expanduser())
