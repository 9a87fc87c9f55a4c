"""What reviewers decided: the rows of all review files, checked, and brought together by cut."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.fingerprints import file_digest, fingerprint
from echoharvester.review.agreement import agreement
from echoharvester.review.decision import Decision, TextRules, agree, decision_of
from echoharvester.review.diligence import diligence
from echoharvester.review.planted import is_on_planted, planted_scores
from echoharvester.review.tsv import read_rows

# Where what nobody could apply is kept for somebody to settle; a decision made there overrules.
CONFLICTS = "conflicts.tsv"
# Kinds of rows of the manifest.
DECISION, PROBLEM, REMARK, WORK = "decision", "problem", "remark", "work"


@dataclass(frozen=True)
class ReviewDecisions:
    """What the review files say.

    Attributes:
        decided: by cut, the decisions that count: first the one that holds unless another was made
            on just the text that the cut has, then those others.
        undecided: rows without a decision, of which only the cut can tell whether the text was
            edited.
        disputed: by cut, decisions that differ: none counts until somebody settles it.
        faults: rows that cannot be taken, named by file and line.
        remarks: how far reviewers agree.
        work: how they worked, and how many planted errors they found; not for a data card.
    """

    decided: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    undecided: Mapping[str, Decision] = field(default_factory=dict)
    disputed: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    faults: Sequence[str] = ()
    remarks: Sequence[str] = ()
    work: Sequence[str] = ()

    def of(self, cut_id: str, digest: str) -> Decision | None:
        """The decision on a cut whose text has this digest."""
        several = self.decided.get(cut_id, ())
        if not several or several[0].text_digest in ("", digest):
            return several[0] if several else None
        return next((d for d in several[1:] if d.text_digest == digest), several[0])

    def rows(self, problems: Iterable[str] = ()) -> Iterator[dict[str, Any]]:
        """What a manifest keeps: the decisions that count, all problems, and the remarks.

        Args:
            problems: that only the cuts tell, beside `faults`.
        """
        for several in self.decided.values():
            for decision in several:
                yield {"kind": DECISION, **asdict(decision)}
        for message in (*self.faults, *problems):
            yield {"kind": PROBLEM, "message": message}
        for message in self.remarks:
            yield {"kind": REMARK, "message": message}
        for message in self.work:
            yield {"kind": WORK, "message": message}


def from_rows(
    rows: Iterable[Mapping[str, Any]], is_wanted: Callable[[str], bool] = lambda cut_id: True
) -> ReviewDecisions:
    """The decisions in the rows of a manifest, on the cuts that are wanted."""
    decided: dict[str, list[Decision]] = defaultdict(list)
    remarks, work = [], []
    for row in rows:
        if row["kind"] == DECISION and is_wanted(row["id"]):
            decision = Decision(**{k: v for k, v in row.items() if k != "kind"})
            decided[decision.id].append(decision)
        elif row["kind"] == REMARK:
            remarks.append(row["message"])
        elif row["kind"] == WORK:
            work.append(row["message"])
    return ReviewDecisions(dict(decided), remarks=remarks, work=work)


def read_decisions(
    paths: Iterable[Path],
    rules: TextRules | None = None,
    planted: Mapping[str, str] | None = None,
) -> ReviewDecisions:
    """All decisions of all review files; undecided rows count for nothing.

    A bad row is named by file and line and the rest is read.  Two decisions on one cut that
    differ are both left out, unless the conflicts file decides.

    Args:
        planted: by id the wrong texts that some rows show on purpose; decisions on them say how
            reviewers work, and change nothing else.
    """
    planted = planted or {}
    rules, faults = rules or TextRules(), list[str]()
    undecided: dict[str, Decision] = {}
    verdicts: dict[str, Decision] = {}
    by_cut: dict[str, list[Decision]] = defaultdict(list)
    for path in sorted(paths):
        found = _decisions_in(path, rules, faults, undecided)
        if path.name == CONFLICTS:
            verdicts = _verdicts(found, faults)
            continue
        for decision in found:
            by_cut[decision.id].append(decision)
    on_planted: list[Decision] = []
    for cut_id in planted:
        several = by_cut.pop(cut_id, [])
        on_planted += [one for one in several if is_on_planted(one, planted)]
        if real := [one for one in several if not is_on_planted(one, planted)]:
            by_cut[cut_id] = real
    verdicts = {i: one for i, one in verdicts.items() if not is_on_planted(one, planted)}
    undecided = {i: one for i, one in undecided.items() if not is_on_planted(one, planted)}
    decided: dict[str, list[Decision]] = defaultdict(list)
    disputed: dict[str, list[Decision]] = defaultdict(list)
    opinions: list[Decision] = []
    for cut_id, everything in by_cut.items():
        _name_repeated(everything, faults)
        for several in _on_the_same_text(everything):
            opinions += several
            if all(agree(*pair) for pair in combinations(several, 2)):
                decided[cut_id].append(_fullest(several))
                continue
            disputed[cut_id] += several
            if cut_id not in verdicts:
                faults.append(_dispute(cut_id, several))
    for cut_id, verdict in verdicts.items():
        decided[cut_id][:1] = [verdict]
    remarks = [pair.line() for pair in agreement(opinions)]
    work = [one.line() for one in diligence([*opinions, *on_planted])]
    work += [one.line() for one in planted_scores(on_planted, planted)]
    return ReviewDecisions(dict(decided), undecided, dict(disputed), faults, remarks, work)


def _fullest(several: Sequence[Decision]) -> Decision:
    """Of equals, the one that says most: the text, then who and when."""
    return max(several, key=lambda d: (bool(d.text_digest), bool(d.text), bool(d.reviewer)))


def _on_the_same_text(several: Sequence[Decision]) -> list[list[Decision]]:
    """Decisions that can be compared: a text that has changed since was judged by itself."""
    digests = dict.fromkeys(one.text_digest for one in several if one.text_digest)
    if len(digests) < 2:
        return [list(several)]
    return [[one for one in several if one.text_digest in (digest, "")] for digest in digests]


def _dispute(cut_id: str, several: Sequence[Decision]) -> str:
    first, second = next(pair for pair in combinations(several, 2) if not agree(*pair))
    return (
        f"{second.where}: {cut_id} is decided otherwise in {first.where}; neither counts "
        f"until {CONFLICTS} or one of them is changed"
    )


def _decisions_in(
    path: Path, rules: TextRules, faults: list[str], undecided: dict[str, Decision]
) -> list[Decision]:
    """The valid decisions of one file; see `ReviewDecisions.undecided`."""
    try:
        rows = read_rows(path)
    except (UserError, OSError) as error:
        faults.append(str(error))
        return []
    seconds = int(path.stat().st_mtime)
    saved_at = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = []
    for line, row in rows:
        try:
            decision = decision_of(f"{path.name}:{line}", row, rules, saved_at)
        except UserError as error:
            faults.append(str(error))
            continue
        if decision.decision:
            found.append(decision)
        elif decision.text and not decision.text_digest:
            undecided[decision.id] = decision
    return found


def _name_repeated(several: Sequence[Decision], faults: list[str]) -> None:
    """The same row twice in one file does no harm, but is no accident either."""
    for one, other in combinations(several, 2):
        same_file = one.where.rpartition(":")[0] == other.where.rpartition(":")[0]
        if same_file and agree(one, other):
            faults.append(f"{other.where}: {other.id} stands in {one.where} already; counted once")


def _verdicts(found: Sequence[Decision], faults: list[str]) -> dict[str, Decision]:
    """Decisions made in the conflicts file, without those that contradict each other."""
    verdicts: dict[str, Decision] = {}
    clashing = set()
    for one in found:
        other = verdicts.setdefault(one.id, one)
        if not agree(other, one):
            faults.append(f"{one.where}: {one.id} is decided otherwise in {other.where}")
            clashing.add(one.id)
    return {cut_id: one for cut_id, one in verdicts.items() if cut_id not in clashing}


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
    """Digest of the review files in a folder; of the conflicts file, which stage 8 writes, only the
    decisions count."""
    paths = review_files(folder)
    verdicts: dict[str, Decision] = {}
    if folder / CONFLICTS in paths:
        verdicts = _verdicts(_decisions_in(folder / CONFLICTS, TextRules(), [], {}), [])
    files = [(path.name, file_digest(path)) for path in paths if path.name != CONFLICTS]
    return fingerprint(files, [(one.id, one.content) for one in verdicts.values()])
