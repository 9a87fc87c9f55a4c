"""Decisions that were merged before and are in no review file now: kept, so that nobody's work is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from echoharvester.review.decision import Decision
from echoharvester.review.decisions import ReviewDecisions
from echoharvester.review.tsv import Row, read_rows, write_rows

FILE = "review_taken_back.tsv"  # beside the review folder, whose files are read
COLUMNS = ("id", "decision", "text", "note", "reviewer", "decided_at", "text_digest", "was_in")


def taken_back(before: ReviewDecisions, now: ReviewDecisions) -> list[Decision]:
    """Decisions of before on cuts that nobody decides now; what is disputed is kept elsewhere."""
    return [
        decision
        for cut_id, several in before.decided.items()
        if cut_id not in now.decided and cut_id not in now.disputed
        for decision in several
    ]


def keep(gone: Sequence[Decision], data_dir: Path) -> Path:
    """Writes them behind those that are kept already; the file."""
    path = data_dir / FILE
    rows = [row for _, row in read_rows(path)] if path.exists() else []
    rows += [_row(decision) for decision in gone]
    unique = {tuple(row.get(name, "") for name in COLUMNS): row for row in rows}
    if gone:
        write_rows(path, list(unique.values()), COLUMNS)
    return path


def _row(one: Decision) -> Row:
    return {
        "id": one.id, "decision": one.decision, "text": one.text, "note": one.note, "reviewer": one.reviewer,
        "decided_at": one.decided_at, "text_digest": one.text_digest, "was_in": one.where.partition(":")[0],
    }  # fmt: skip
