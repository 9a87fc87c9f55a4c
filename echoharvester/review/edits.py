"""What reviewers decided: the rows of all review files, checked, and brought together by id."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import combinations
from pathlib import Path

from echoharvester.manifests.fingerprints import file_digest, fingerprint
from echoharvester.review.rows import text_digest
from echoharvester.review.tsv import DECISIONS, Row, read_rows, write_rows
from echoharvester.text.spoken import spoken
from echoharvester.text.unicode import fold
from echoharvester.text.validity import MIN_CHARS, MIN_HANGUL_SHARE, is_valid_text

# Where what nobody could apply is kept for somebody to settle; a decision made there overrules.
CONFLICTS = "conflicts.tsv"
CONFLICT_COLUMNS = (
    "id", "decision", "text", "problem", "opinion", "opinion_by", "opinion_in", "note", "text_now",
    "reviewer", "decided_at", "text_digest",
)  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """What a reviewer decided on one cut, and where it is written.

    Attributes:
        text: as written; empty: the text that the cut has.
        text_digest: of the text that the decision was made on; empty where the column is gone.
        decided_at: as the row says, else empty.
        saved_at: when the file was last saved.
        where: file and line.
    """

    id: str
    decision: str
    text: str = ""
    text_digest: str = ""
    note: str = ""
    reviewer: str = ""
    decided_at: str = ""
    saved_at: str = ""
    where: str = ""

    @property
    def changes_text(self) -> bool:
        """Whether the text was edited, as far as the row itself can tell."""
        if not self.text_digest:  # the column is gone
            return self.decision == "fix"
        return bool(self.text) and self.text_digest != text_digest(self.text)

    @property
    def kind(self) -> str:
        """ok, fix or drop, by what was done: an `ok` with another text is a `fix`."""
        if self.decision == "drop":
            return "drop"
        return "fix" if self.changes_text else "ok"

    @property
    def rater(self) -> str:
        """Who decided: the reviewer, or the file where none is named."""
        return self.reviewer or self.where.partition(":")[0].rpartition(".")[0]

    @property
    def content(self) -> tuple[str, ...]:
        """What comes out depends on; not where and when it was written."""
        return (
            self.decision, self.text, self.text_digest, self.note, self.reviewer, self.decided_at,
        )  # fmt: skip


def agree(one: Edit, other: Edit) -> bool:
    """Whether two decisions on one cut come to the same."""
    if "drop" in (one.decision, other.decision):
        return one.decision == other.decision
    if one.text and other.text and one.text_digest and other.text_digest:
        return one.text == other.text
    return not (one.changes_text or other.changes_text)


@dataclass
class Edits:
    """All decisions.

    Attributes:
        by_id: those that count.
        elsewhen: of the same cuts, decisions on other texts: whichever text the cut has decides.
        unsure: rows without a decision, of which only the cut can tell whether the text was edited.
        disputed: by id, where they differ: neither counts until somebody settles it.
        opinions: every valid decision of the reviewers, the disputed among them.
        verdicts: decisions made in the conflicts file.
        faults: rows that cannot be taken, named by file and line.
        remarks: how far reviewers agree.
    """

    by_id: dict[str, Edit] = field(default_factory=dict)
    elsewhen: dict[str, list[Edit]] = field(default_factory=dict)
    unsure: dict[str, Edit] = field(default_factory=dict)
    disputed: dict[str, list[Edit]] = field(default_factory=dict)
    opinions: list[Edit] = field(default_factory=list)
    verdicts: dict[str, Edit] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def of(self, cut_id: str, digest: str) -> Edit | None:
        """The decision on a cut whose text has this digest."""
        own = self.by_id.get(cut_id)
        if own is None or own.text_digest in ("", digest):
            return own
        return next((e for e in self.elsewhen.get(cut_id, ()) if e.text_digest == digest), own)

    @property
    def problems(self) -> list[str]:
        """Lines for the people who run the merge."""
        return self.faults + self.remarks


@dataclass(frozen=True)
class Rules:
    """What a corrected text must be; see `text.validity`.  `lexicon`: the recipe's Latin words."""

    min_chars: int = MIN_CHARS
    min_hangul_share: float = MIN_HANGUL_SHARE
    lexicon: Path | None = None

    def fault_of(self, text: str) -> str:
        """Why it cannot be a text; empty: it can."""
        if "\ufffd" in text:
            return "has damaged characters; save the file as UTF-8 and write it again"
        if not is_valid_text(spoken(text, self.lexicon), self.min_chars, self.min_hangul_share):
            return (
                f"is not valid: at least {self.min_chars} characters, and "
                f"{self.min_hangul_share:.0%} of it Hangul once it is read out"
            )
        return ""


def read_edits(paths: Iterable[Path], rules: Rules | None = None) -> Edits:
    """All decisions of all review files; undecided rows count for nothing.

    A bad row is named by file and line and the rest is read.  Two decisions on one cut that
    differ are both left out, unless the conflicts file decides.
    """
    from echoharvester.review.agreement import agreement

    rules, edits = rules or Rules(), Edits()
    by_id: dict[str, list[Edit]] = defaultdict(list)
    for path in sorted(paths):
        found = _edits_of(path, rules, edits.faults, edits.unsure)
        if path.name == CONFLICTS:
            edits.verdicts = _verdicts(found, edits.faults)
            continue
        for edit in found:
            by_id[edit.id].append(edit)
    for cut_id, everything in by_id.items():
        _name_repeated(everything, edits.faults)
        for several in _on_the_same_text(everything):
            _settle(cut_id, several, edits)
    edits.by_id |= edits.verdicts
    edits.remarks = [pair.line() for pair in agreement(edits.opinions)]
    return edits


def _on_the_same_text(several: Sequence[Edit]) -> list[list[Edit]]:
    """Decisions that can be compared: a text that has changed since was judged by itself."""
    digests = dict.fromkeys(edit.text_digest for edit in several if edit.text_digest)
    if len(digests) < 2:
        return [list(several)]
    return [[e for e in several if e.text_digest in (digest, "")] for digest in digests]


def _settle(cut_id: str, several: list[Edit], edits: Edits) -> None:
    edits.opinions += several
    if all(agree(*pair) for pair in combinations(several, 2)):
        # Of equals, the one that says most: the text, then who and when.
        chosen = max(several, key=lambda e: (bool(e.text_digest), bool(e.text), bool(e.reviewer)))
        if cut_id in edits.by_id:
            edits.elsewhen.setdefault(cut_id, []).append(chosen)
        else:
            edits.by_id[cut_id] = chosen
        return
    edits.disputed.setdefault(cut_id, []).extend(several)
    if cut_id not in edits.verdicts:
        first, second = next(p for p in combinations(several, 2) if not agree(*p))
        edits.faults.append(
            f"{second.where}: {cut_id} is decided otherwise in {first.where}; neither counts "
            f"until {CONFLICTS} or one of them is changed"
        )


def _edits_of(
    path: Path, rules: Rules, faults: list[str], unsure: dict[str, Edit] | None = None
) -> list[Edit]:
    """The valid decisions of one file; see `Edits.unsure`."""
    try:
        rows = read_rows(path)
    except (ValueError, OSError) as error:
        faults.append(str(error))
        return []
    seconds = int(path.stat().st_mtime)
    saved_at = datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = []
    for line, row in rows:
        try:
            edit = edit_of(f"{path.name}:{line}", row, rules, saved_at)
        except ValueError as error:
            faults.append(str(error))
            continue
        if edit.decision:
            found.append(edit)
        elif edit.text and not edit.text_digest and unsure is not None:
            unsure[edit.id] = edit
    return found


def edit_of(where: str, row: Row, rules: Rules, saved_at: str = "") -> Edit:
    """The edit in a row.

    Raises:
        ValueError: naming file and line, for what cannot be taken.
    """
    decision = row.get("decision", "").lower()
    if row.get(""):
        raise ValueError(
            f"{where}: {row['']!r} lies behind the last column; a tab inside a cell? Take it out"
        )
    if decision not in DECISIONS:
        raise ValueError(
            f"{where}: decision is {', '.join(DECISIONS[1:])} or empty, not {decision!r}"
        )
    text, digest = row.get("text", ""), row.get("text_digest", "")
    if text_digest(text) != digest:
        text = fold(text)
    edit = Edit(
        row["id"], decision, text, digest,
        row.get("note", ""), row.get("reviewer", ""), row.get("decided_at", ""), saved_at, where,
    )  # fmt: skip
    if decision and not edit.id:
        raise ValueError(f"{where}: a decision, but no id")
    if not decision and edit.text_digest and edit.changes_text and "opinion" not in row:
        raise ValueError(f"{where}: the text of {edit.id} was edited, but decision is empty; fix?")
    if decision == "fix" and not edit.text:
        raise ValueError(f"{where}: decision fix needs a text; drop takes a cut out")
    if decision in ("ok", "fix") and edit.changes_text and (fault := rules.fault_of(edit.text)):
        raise ValueError(f"{where}: the text {edit.text!r} {fault}")
    return edit


def _name_repeated(several: Sequence[Edit], faults: list[str]) -> None:
    """The same row twice in one file does no harm, but is no accident either."""
    for one, other in combinations(several, 2):
        same_file = one.where.rpartition(":")[0] == other.where.rpartition(":")[0]
        if same_file and agree(one, other):
            faults.append(f"{other.where}: {other.id} stands in {one.where} already; counted once")


def _verdicts(found: Sequence[Edit], faults: list[str]) -> dict[str, Edit]:
    verdicts: dict[str, Edit] = {}
    clashing = set()
    for edit in found:
        other = verdicts.setdefault(edit.id, edit)
        if not agree(other, edit):
            faults.append(f"{edit.where}: {edit.id} is decided otherwise in {other.where}")
            clashing.add(edit.id)
    return {cut_id: edit for cut_id, edit in verdicts.items() if cut_id not in clashing}


def write_conflicts(folder: Path, edits: Edits, outdated: Iterable[tuple[Edit, str]]) -> None:
    """Keeps both sides of every conflict in `conflicts.tsv`, for somebody to settle.

    Args:
        outdated: decisions made on a text that has changed since, and the text as it is now.
    """
    path = folder / CONFLICTS
    known = [row for _, row in read_rows(path)] if path.exists() else []
    settled = [row for row in known if row.get("decision")]
    kept = {(row["id"], row["opinion"], row["opinion_in"]): row for row in settled}
    rows = [
        _conflict(edit, "reviewers disagree", "", edit.text_digest)
        for several in edits.disputed.values()
        for edit in several
    ]
    rows += [
        _conflict(edit, "the text has changed since", now, text_digest(now))
        for edit, now in outdated
    ]
    rows = [kept.pop((row["id"], row["opinion"], row["opinion_in"]), row) for row in rows]
    rows += list(kept.values())
    if rows:
        write_rows(path, sorted(rows, key=lambda row: row["id"]), CONFLICT_COLUMNS)
    else:
        path.unlink(missing_ok=True)


def _conflict(edit: Edit, problem: str, text_now: str, digest: str) -> Row:
    return {
        "id": edit.id, "decision": "", "text": edit.text, "problem": problem,
        "opinion": edit.decision, "opinion_by": edit.rater, "opinion_in": edit.where.partition(":")[0],
        "note": edit.note, "text_now": text_now, "reviewer": "", "decided_at": "", "text_digest": digest,
    }  # fmt: skip


def review_files(folder: Path) -> list[Path]:
    """What people have put there for merging; an editor's own files do not count."""
    found = [p for pattern in ("*.tsv", "*.csv") for p in folder.glob(pattern)]
    return sorted(p for p in found if not p.name.startswith((".", "~")))


def unread_files(folder: Path) -> list[str]:
    """Spreadsheets that are not read, as lines for people."""
    kinds = ("*.xlsx", "*.xls", "*.ods", "*.txt")
    names = sorted(p.name for kind in kinds for p in folder.glob(kind) if p.name[0] not in ".~")
    return [f"{name}: not read; save it as TSV" for name in names]


def identity(folder: Path) -> str:
    """Digest of the review files in a folder; of the conflicts file, which merging writes, only the
    decisions count."""
    paths = review_files(folder)
    verdicts: dict[str, Edit] = {}
    if folder / CONFLICTS in paths:
        verdicts = _verdicts(_edits_of(folder / CONFLICTS, Rules(), []), [])
    files = [(path.name, file_digest(path)) for path in paths if path.name != CONFLICTS]
    return fingerprint(files, [(edit.id, edit.content) for edit in verdicts.values()])
