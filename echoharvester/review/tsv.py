"""Review files: one row a cut, to be edited by people in any spreadsheet."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.captions.encoding import decode
from echoharvester.manifests.accounting import ACCEPTED
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut, write_atomic

COLUMNS = (
    "id", "decision", "text", "hypothesis", "caption", "cer", "align_score", "snr_db",
    "duration_sec", "status", "reason", "audio", "start_sec", "note", "reviewer", "text_digest",
)  # fmt: skip
DECISIONS = ("", "ok", "fix", "drop")
EDITABLE = ("decision", "text", "note", "reviewer")

# A cell that begins so could run as a formula; a leading apostrophe makes it text in every
# spreadsheet, and is taken off again on reading.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True)
class Edit:
    """What a reviewer decided on one cut, and where it is written."""

    id: str
    decision: str
    text: str
    text_digest: str
    note: str
    reviewer: str
    where: str


def select(
    cuts: Iterable[Cut], statuses: Sequence[str], accepted_sample: int, seed: int
) -> list[Cut]:
    """Cuts for review: those near the limit first, then a random sample of the accepted.

    `statuses` may name "rejected": what got as far as a hypothesis can be won back.

    The sample is drawn by the hash of each id, so that it stays the same when data is added.
    """
    wanted, accepted = [], []
    for cut in cuts:
        status = cut["custom"]["status"]
        if not reviewable(cut):
            continue
        if status in statuses:
            wanted.append(cut)
        elif status == ACCEPTED:
            draw = random.Random(f"{seed}/{cut['id']}").random()
            accepted.append((draw, cut))
            if len(accepted) > 8 * accepted_sample + 64:
                accepted = sorted(accepted, key=lambda pair: pair[0])[:accepted_sample]
    wanted.sort(key=lambda cut: (cut["custom"].get("cer", 1.0), cut["id"]))
    sample = sorted(accepted, key=lambda pair: pair[0])[:accepted_sample]
    return wanted + [cut for _, cut in sample]


def row_of(cut: Cut) -> dict[str, str]:
    """The row of a cut, undecided."""
    custom = cut["custom"]
    return {
        "id": cut["id"],
        "decision": "",
        "text": text_of(cut),
        "hypothesis": str(custom.get("hyp_text", "")),
        "caption": str(custom.get("text_orthographic", "")),
        "cer": _number(custom.get("cer")),
        "align_score": _number(custom.get("align_score")),
        "snr_db": _number(custom.get("snr_db")),
        "duration_sec": _number(cut["duration"]),
        "status": custom["status"],
        "reason": str(custom.get("reason", "")) if custom["status"] != ACCEPTED else "sample",
        "audio": str(cut["recording"]["sources"][0]["source"]),
        "start_sec": _number(cut["start"]),
        "note": "",
        "reviewer": "",
        "text_digest": text_digest(text_of(cut)),
    }


def text_digest(text: str) -> str:
    """Tells whether an edit was made against the text that a cut still has."""
    return fingerprint(text)[:8]


def _number(value: Any) -> str:
    return "" if value is None else f"{float(value):.3f}".rstrip("0").rstrip(".")


def format_rows(rows: Iterable[dict[str, str]], columns: Sequence[str] = COLUMNS) -> str:
    """TSV with a header; cells that would run as formulas are defused."""
    out = io.StringIO()
    writer = csv.DictWriter(
        out, columns, delimiter="\t", lineterminator="\n", extrasaction="ignore"
    )
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _defused(value) for key, value in row.items()})
    return out.getvalue()


def drop_rows(path: Path, unwanted: Callable[[str], bool]) -> int:
    """Takes the rows with such ids out of a review file; how many there were.  The rest stays."""
    rows = [row for _, row in read_rows(path)]
    kept = [row for row in rows if not unwanted(row.get("id", ""))]
    if len(kept) < len(rows):
        write_atomic(path, format_rows(kept, list(rows[0])))
    return len(rows) - len(kept)


def _defused(cell: str) -> str:
    cell = cell.replace("\t", " ").replace("\r", " ").replace("\n", " ") if cell else cell
    try:
        float(cell)
        return cell
    except ValueError:
        return "'" + cell if cell.startswith(_FORMULA_STARTS) else cell


def _restored(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA_STARTS) else cell


def read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line numbers; columns in any order, empty rows left out.

    UTF-8 with or without mark, UTF-16 and CP949, any line ends, tabs (or commas where a
    spreadsheet has put them).

    Raises:
        ValueError: if there is no column `id`.
    """
    text, _ = decode(path.read_bytes(), str(path))
    header = text.split("\n", 1)[0]
    delimiter = "\t" if "\t" in header else ","
    # A quote that nobody closed would swallow the rows behind it: then none is a quote.
    lines = text.splitlines()
    balanced = all(line.count('"') % 2 == 0 for line in lines)
    lines_of = io.StringIO(text, newline="")
    reader = (
        csv.DictReader(lines_of, delimiter=delimiter)
        if balanced
        else csv.DictReader(lines_of, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    )
    names = [str(name).strip() for name in reader.fieldnames or []]
    if "id" not in names:
        raise ValueError(f"{path}:1: no column 'id'; the first line must name the columns")
    reader.fieldnames = names
    rows = []
    try:
        table = [(reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: {error}; save it as TSV again") from error
    for line, row in table:
        cells = {k: _restored((v or "").strip()) for k, v in row.items() if isinstance(k, str)}
        if any(cells.values()):
            rows.append((line, cells))
    return rows


def edit_of(path: Path, line: int, row: dict[str, str]) -> Edit:
    """The edit in a row.

    Raises:
        ValueError: naming file and line, for an unknown decision or a correction without text.
    """
    where = f"{path.name}:{line}"
    decision = row.get("decision", "").lower()
    if decision not in DECISIONS:
        raise ValueError(
            f"{where}: decision is {', '.join(DECISIONS[1:])} or empty, not {decision!r}"
        )
    text = row.get("text", "")
    if decision == "fix" and not text:
        raise ValueError(f"{where}: decision fix needs a text; drop takes a cut out")
    return Edit(
        row["id"], decision, text, row.get("text_digest", ""), row.get("note", ""),
        row.get("reviewer", ""), where,
    )  # fmt: skip


def reviewable(cut: Cut) -> bool:
    """Whether a cut has all that an exported one must have, so that approving it is enough."""
    measured = all(name in cut["custom"] for name in ("align_score", "snr_db", "hyp_text", "cer"))
    return measured and bool(cut["supervisions"]) and "alignment" in cut["supervisions"][0]
