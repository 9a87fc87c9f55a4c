"""Which row goes into which file, and what people have written there stays."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.review.rows import text_digest
from echoharvester.review.tsv import COLUMNS, EDITABLE, Row, read_rows, write_rows

Tables = dict[str, list[Row]]  # rows by file name


@dataclass(frozen=True)
class Layout:
    """How rows are assigned: one file, batches, or a file for each reviewer.

    Attributes:
        batch_rows: rows of a batch; None: no batches.
        reviewers: names, a file for each.
        overlap: share of the rows that a second reviewer gets, too, drawn at random.
    """

    batch_rows: int | None = None
    reviewers: Sequence[str] = ()
    overlap: float = 0.0
    seed: int = 42

    def __post_init__(self) -> None:
        if self.batch_rows is not None and self.reviewers:
            raise UserError("review.batch_rows and review.reviewers: give one of the two")
        if self.batch_rows is not None and self.batch_rows < 1:
            raise UserError(f"review.batch_rows is at least 1, not {self.batch_rows}")
        if not 0 <= self.overlap <= 1 or (self.overlap and len(self.reviewers) < 2):
            raise UserError(
                f"review.overlap is a share from 0 to 1 and needs two reviewers: {self.overlap}, "
                f"{len(self.reviewers)} reviewers"
            )
        names = list(map(_file_of, self.reviewers))
        if len(set(names)) < len(names):
            raise UserError(f"review.reviewers: two names make one file: {', '.join(names)}")

    def assign(
        self, ids: Sequence[str], before: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        """File names of every id, ids in their order of worth.

        `before`: files of an earlier run with this layout; an id stays where it was.
        """
        if self.reviewers:
            return self._to_reviewers(ids, before)
        if self.batch_rows is None:
            return {cut_id: ["review.tsv"] for cut_id in ids}
        files = {cut_id: list(before[cut_id]) for cut_id in ids if before.get(cut_id)}
        used = [
            int(match[1])
            for names in before.values()
            for name in names
            if (match := re.fullmatch(r"review-(\d+)\.tsv", name))
        ]
        first = max(used, default=0) + 1
        new = [cut_id for cut_id in ids if cut_id not in files]
        for i, cut_id in enumerate(new):
            files[cut_id] = [f"review-{first + i // self.batch_rows:03d}.tsv"]
        return files

    def _to_reviewers(
        self, ids: Sequence[str], before: Mapping[str, Sequence[str]]
    ) -> dict[str, list[str]]:
        names = list(map(_file_of, self.reviewers))
        files, load = {}, dict.fromkeys(names, 0)
        for cut_id in ids:
            if before.get(cut_id):
                files[cut_id] = list(before[cut_id])
                for name in before[cut_id]:
                    load[name] = load.get(name, 0) + 1
        for cut_id in ids:
            if cut_id in files:
                continue
            chance = random.Random(f"{self.seed}/overlap/{cut_id}")
            readers = 2 if chance.random() < self.overlap else 1
            order = sorted(names, key=lambda name: (load[name], names.index(name)))
            files[cut_id] = order[:readers]
            for name in files[cut_id]:
                load[name] += 1
        return files

    def names(self) -> set[str]:
        """Files that this layout fills, batches aside."""
        return {_file_of(who) for who in self.reviewers} or {"review.tsv"}

    def still_holds(self, before: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Of the files of an earlier run, by id, those that this layout would fill, too."""
        names = self.names()

        def fits(name: str) -> bool:
            batch = re.fullmatch(r"review-\d+\.tsv", name) is not None
            return batch if self.batch_rows is not None else name in names

        return {cut_id: [n for n in files if fits(n)] for cut_id, files in before.items()}

    @property
    def identity(self) -> str:
        """Changes when rows would be assigned otherwise."""
        return fingerprint(bool(self.batch_rows), list(self.reviewers), self.overlap)

    def reviewer_of(self, name: str) -> str:
        """Whom a file is for; empty: anybody."""
        return next((who for who in self.reviewers if _file_of(who) == name), "")


def _file_of(reviewer: str) -> str:
    """A file name for a reviewer, in any script."""
    name = re.sub(r"[^\w-]", "_", str(reviewer))
    return f"review-{name}.tsv"


def edited_rows(folder: Path, names: Iterable[str]) -> Tables:
    """Rows of review files that somebody has touched, with the time of those that say none.

    Raises:
        UserError: if a file cannot be read; it is not overwritten then.
    """
    found: Tables = {}
    for name in names:
        path = folder / name
        if not path.exists():
            continue
        seconds = int(path.stat().st_mtime)
        saved_at = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found[name] = [_dated(row, saved_at) for _, row in read_rows(path) if _is_edited(row)]
        if broken := [row for row in found[name] if row.get("")]:
            raise UserError(
                f"{path}: {broken[0]['']!r} lies behind the last column (a tab inside a cell?), and "
                "would be lost; mend that row first"
            )
    return found


def _is_edited(row: Row) -> bool:
    changed = row.get("text_digest") and text_digest(row.get("text", "")) != row["text_digest"]
    more = any(row.get(name) for name in row if name and name not in COLUMNS)
    return bool(changed or row.get("decision") or row.get("note") or more or not row["id"])


def _dated(row: Row, saved_at: str) -> Row:
    known = not row.get("decision") or row.get("decided_at")
    return row if known else {**row, "decided_at": saved_at}


def tables(
    rows: Mapping[str, Row], files: Mapping[str, Sequence[str]], edited: Tables, layout: Layout
) -> Tables:
    """The review files: rows where they were assigned, and what was edited where it was edited.

    A row that was decided in one file is not handed out in another, unless it was meant for both.
    """
    written: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for name, found in edited.items():
        for row in found:
            written[name, row["id"]].append(row)
    holders: dict[str, set[str]] = defaultdict(set)
    for name, cut_id in written:
        holders[cut_id].add(name)
    result: Tables = defaultdict(list)
    for cut_id, row in rows.items():
        assigned = list(files[cut_id])
        if holders[cut_id] - set(assigned):
            assigned = []  # decided in a file of another layout
        for name in dict.fromkeys([*assigned, *sorted(holders[cut_id])]):
            mine = {**row, "reviewer": layout.reviewer_of(name)}
            # A row that stands twice stays twice: which one is meant, merging asks.
            for edits in written.pop((name, cut_id), [{}]):
                result[name].append(_with_edits(mine, edits))
    for (name, _), rows_left in written.items():  # of cuts that are there no more, or of none
        result[name] += rows_left
    for found in result.values():
        for i, row in enumerate(found, start=1):
            row["row"] = str(i)
    return dict(result)


def _with_edits(row: Row, edits: Row) -> Row:
    # The digest stays that of the text the decision was made on, so that a conflict shows.
    kept = {name: edits[name] for name in (*EDITABLE, "text_digest") if edits.get(name)}
    own = {name: cell for name, cell in edits.items() if name and name not in COLUMNS}
    return {**row, **kept, **own}


def write_tables(folder: Path, result: Tables, before: Iterable[str]) -> None:
    """Writes review files, and takes away those of an earlier run that hold nothing any more."""
    for name, rows in result.items():
        own = dict.fromkeys(key for row in rows for key in row if key and key not in COLUMNS)
        write_rows(folder / name, rows, [*COLUMNS, *own])
    for name in set(before) - set(result):
        (folder / name).unlink(missing_ok=True)
        (folder / name).with_suffix(".html").unlink(missing_ok=True)


def decided(result: Tables) -> int:
    """How many cuts have a decision."""
    return len({row["id"] for rows in result.values() for row in rows if row.get("decision")})
