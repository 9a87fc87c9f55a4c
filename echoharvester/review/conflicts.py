"""Decisions that could not be applied, kept for somebody to settle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from echoharvester.review.decision import Decision
from echoharvester.review.decisions import CONFLICTS, ReviewDecisions
from echoharvester.review.rows import text_digest
from echoharvester.review.tsv import Row, read_rows, write_rows

COLUMNS = (
    "id", "decision", "text", "problem", "opinion", "opinion_by", "opinion_in", "note", "text_now",
    "reviewer", "decided_at", "text_digest",
)  # fmt: skip


def write_conflicts(
    folder: Path, decisions: ReviewDecisions, outdated: Iterable[tuple[Decision, str]]
) -> int:
    """Keeps both sides of every conflict in `conflicts.tsv`; how many rows it has.

    Args:
        outdated: decisions made on a text that has changed since, and the text as it is now.
    """
    path = folder / CONFLICTS
    known = [row for _, row in read_rows(path)] if path.exists() else []
    settled = [row for row in known if row.get("decision")]
    kept = {_key(row): row for row in settled}
    rows = [
        _conflict(one, "reviewers disagree", "", one.text_digest)
        for several in decisions.disputed.values()
        for one in several
    ]
    rows += [
        _conflict(one, "the text has changed since", now, text_digest(now)) for one, now in outdated
    ]
    rows = [kept.pop(_key(row), row) for row in rows]
    rows += list(kept.values())
    if rows:
        write_rows(path, sorted(rows, key=lambda row: row["id"]), COLUMNS)
    else:
        path.unlink(missing_ok=True)
    return len(rows)


def _key(row: Row) -> tuple[str, str, str]:
    return row["id"], row["opinion"], row["opinion_in"]


def _conflict(one: Decision, problem: str, text_now: str, digest: str) -> Row:
    return {
        "id": one.id, "decision": "", "text": one.text, "problem": problem,
        "opinion": one.decision, "opinion_by": one.rater, "opinion_in": one.where.partition(":")[0],
        "note": one.note, "text_now": text_now, "reviewer": "", "decided_at": "", "text_digest": digest,
    }  # fmt: skip
