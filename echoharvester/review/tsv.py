"""Review files: one row a cut, to be edited by people in any spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from echoharvester.captions.encoding import decode
from echoharvester.errors import UserError
from echoharvester.manifests.shards import write_atomic

# `row` comes first because some programs read the byte-order mark as part of the first name.
COLUMNS = (
    "row", "id", "decision", "text", "hypothesis", "diff", "doubt", "cer", "confidence", "snr_db",
    "duration_sec", "reason", "clip", "link", "note", "reviewer", "decided_at", "listened",
    "decision_sec", "caption", "status", "stratum", "weight", "text_digest",
)  # fmt: skip
# `fix!`: a correction that is right although it is far from what was heard.
DECISIONS = ("", "ok", "fix", "fix!", "drop")
EDITABLE = ("decision", "text", "note", "reviewer", "decided_at", "listened", "decision_sec")
NUMBERS = (
    "row", "cer", "confidence", "snr_db", "duration_sec", "listened", "decision_sec", "weight",
)  # fmt: skip
# Without it Excel takes UTF-8 for the code page of the country.
BYTE_ORDER_MARK = "\ufeff"

# What a spreadsheet would run, or (of what people write) turn into a number, a date or TRUE.
# A leading apostrophe keeps it as text, and is taken off again on verbalisation.  The listening page
# uses the same patterns: nothing in them may mean something else in JavaScript, as classes of
# blanks do.
RUNS = "^[ \t\u00a0\u3000]*[=+\\-@＝＋－＠']|^[\t\r\n]"
CONVERTED = "^[ \t\u00a0\u3000]*[0-9.,]|^(true|false)$"
_RUNS, _CONVERTED = re.compile(RUNS), re.compile(CONVERTED, re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')

Row = dict[str, str]


def format_rows(rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS) -> str:
    """TSV with a header; cells that a spreadsheet would run or convert are defused.

    A row is a line: line ends inside a cell become spaces.
    """
    out = io.StringIO()
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([defused(row.get(name, ""), name) for name in columns])
    return out.getvalue()


def write_rows(
    path: Path, rows: Iterable[Mapping[str, str]], columns: Sequence[str] = COLUMNS
) -> None:
    """Writes a review file, whole or not at all; untouched where it says the same already."""
    text = BYTE_ORDER_MARK + format_rows(rows, columns)
    if not path.exists() or path.read_bytes() != text.encode():
        write_atomic(path, text)


def drop_rows(path: Path, unwanted: Callable[[str], bool]) -> int:
    """Takes the rows with such ids out of a review file; how many there were.  The rest stays."""
    rows = [row for _, row in read_rows(path)]
    kept = [row for row in rows if not unwanted(row.get("id", ""))]
    if len(kept) < len(rows):
        write_rows(path, kept, [name for name in rows[0] if name])
    return len(rows) - len(kept)


def defused(cell: str, column: str = "text") -> str:
    """A cell as it is written.

    >>> defused("=1+2"), defused("-3", "cer"), defused("3번", "note"), defused("네")
    ("'=1+2", '-3', "'3번", '네')
    """
    cell = re.sub(r"[\r\n]+", " ", cell)
    return "'" + cell if _guarded(cell, column) else cell


def restored(cell: str, column: str = "text") -> str:
    """A cell as it was meant; undoes `defused`."""
    if cell.startswith("'") and _guarded(cell[1:], column):
        return cell[1:]
    return cell.strip()


def _guarded(cell: str, column: str) -> bool:
    if column in NUMBERS:
        return bool(_RUNS.search(cell)) and not re.fullmatch(r"-?[0-9.]+", cell)
    return bool(_RUNS.search(cell) or (column in EDITABLE and _CONVERTED.search(cell)))


def read_rows(path: Path) -> list[tuple[int, Row]]:
    """Rows with their line numbers; columns in any order, empty rows left out.

    UTF-8 with or without mark, UTF-16 and CP949, any line ends, tabs (or commas or semicolons
    where a spreadsheet has put them), quoted cells.  Cells behind the last named column, which a
    stray tab makes, come back under the name "".

    Raises:
        UserError: if there is no column `id`.
    """
    text = decode(path.read_bytes(), str(path))[0].lstrip(BYTE_ORDER_MARK)
    (_, header), *body = _table(text, path) or [(1, [])]
    names = [name.strip().lower() for name in header]
    for wanted in ("id", "decision"):
        if wanted not in names:
            raise UserError(f"{path}:1: no column {wanted!r}; the first line must name the columns")
    if twice := [name for name in names if name and names.count(name) > 1]:
        raise UserError(f"{path}:1: two columns {twice[0]!r}; take one of them out")
    rows = []
    for line, cells in body:
        row = {name: restored(cell, name) for name, cell in zip(names, cells, strict=False) if name}
        if beyond := " ".join(cells[len(names) :]).strip():
            row[""] = beyond
        if any(row.values()):
            rows.append((line, {**dict.fromkeys(filter(None, names), ""), **row}))
    return rows


def _table(text: str, path: Path) -> list[tuple[int, list[str]]]:
    """Lines and their cells."""
    header = text.split("\n", 1)[0]
    delimiter = next((c for c in "\t;," if c in header), "\t")
    try:
        table = _parsed(text, delimiter, csv.QUOTE_MINIMAL)
        suspicious = any("\n" in cell and delimiter in cell for _, cells in table for cell in cells)
        if not suspicious or len({len(cells) for _, cells in table if cells}) == 1:
            return table
    except csv.Error:
        pass
    # A quote that nobody closed has swallowed the rows behind it: quotes hold within a line only.
    try:
        table = _parsed(text, delimiter, csv.QUOTE_NONE)
    except csv.Error as error:
        raise UserError(f"{path}: {error}; save it as TSV again") from error
    return [(line, [_unquoted(cell) for cell in cells]) for line, cells in table]


def _parsed(text: str, delimiter: str, quoting: int) -> list[tuple[int, list[str]]]:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]
    return [(reader.line_num, cells) for cells in reader]


def _unquoted(cell: str) -> str:
    match = _QUOTED.fullmatch(cell)
    return match[1].replace('""', '"') if match else cell
