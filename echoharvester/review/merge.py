"""Edits of review files back into cuts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from echoharvester.manifests.accounting import ACCEPTED, APPROVED
from echoharvester.manifests.cuts import rejected, text_of, with_custom, with_supervision
from echoharvester.manifests.shards import Cut
from echoharvester.review.tsv import Edit, edit_of, read_rows, reviewable, text_digest
from echoharvester.text.scores import best_reading, comparable
from echoharvester.text.spoken import candidates

logger = logging.getLogger(__name__)
STEP = "merge"


@dataclass
class Edits:
    """Decisions by cut id, and the rows that could not be taken."""

    by_id: dict[str, Edit] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_edits(paths: Iterable[Path]) -> Edits:
    """All decisions of all review files; undecided rows count for nothing.

    A bad row is named by file and line and the rest is read.  Two decisions on one cut that
    differ are both left out, and named.
    """
    edits, clashing = Edits(), set()
    for path in sorted(paths):
        try:
            rows = read_rows(path)
        except (ValueError, OSError) as error:
            edits.problems.append(str(error))
            continue
        for line, row in rows:
            try:
                edit = edit_of(path, line, row)
            except (ValueError, KeyError) as error:
                edits.problems.append(str(error))
                continue
            if not edit.decision:
                continue
            other = edits.by_id.get(edit.id)
            if other and (other.decision, other.text) != (edit.decision, edit.text):
                edits.problems.append(
                    f"{edit.where}: {edit.id} is decided otherwise in {other.where}"
                )
                clashing.add(edit.id)
            edits.by_id[edit.id] = edit
    for cut_id in clashing:
        del edits.by_id[cut_id]
    return edits


def merge_media(cuts: Sequence[Cut], edits: Edits, lexicon: Path | None = None) -> list[Cut]:
    """The cuts of one media item with the decisions on them; `lexicon`: the recipe's Latin words."""
    return [
        merged(cut, edits.by_id[cut["id"]], lexicon) if cut["id"] in edits.by_id else cut
        for cut in cuts
    ]


def merged(cut: Cut, edit: Edit, lexicon: Path | None = None) -> Cut:
    """One cut after one decision; a decision on a text that has changed since is not applied."""
    if edit.decision != "drop" and not reviewable(cut):
        problem = f"{edit.where}: rejected before it was measured, cannot be approved"
        return with_custom(cut, review_problem=problem)
    if not cut["supervisions"]:
        return cut
    before = text_of(cut)
    if edit.text_digest and edit.text_digest != text_digest(before):
        logger.warning("%s: the text of %s has changed since; not applied", edit.where, edit.id)
        return with_custom(cut, review_problem=f"{edit.where}: made against another text")
    trace = {
        "decision": edit.decision, "before": before, "status_before": cut["custom"]["status"],
        "reviewer": edit.reviewer, "note": edit.note,
    }  # fmt: skip
    cut = with_custom(cut, review=trace)
    if edit.decision == "drop":
        return rejected(cut, STEP, "dropped_by_reviewer")
    custom = {k: v for k, v in cut["custom"].items() if k not in ("reason", "rejected_by")}
    cut = {**cut, "custom": {**custom, "status": APPROVED}}
    if not edit.text or edit.text == before:  # `ok` with an edited text is a correction, too
        return cut
    # People write 3번 in a correction, too; what was heard tells which reading they mean.
    readings = candidates(edit.text, extra_words=lexicon)
    text, counts = best_reading(readings, cut["custom"].get("hyp_text", ""))
    cut = with_supervision(cut, text=text, alignment={"word": _realigned(cut, text.split())})
    return with_custom(cut, cer=round(counts.rate, 4), text_orthographic=edit.text)


def _realigned(cut: Cut, words: Sequence[str]) -> list[list[object]]:
    """Word times for a corrected text: kept where the words are the same, else shared.

    A run of changed words takes the time of the run it replaces.
    """
    from rapidfuzz.distance import Levenshtein

    old = cut["supervisions"][0].get("alignment", {}).get("word", [])
    names = [comparable(word[0]) for word in old]
    result: list[list[object]] = []
    for op in Levenshtein.opcodes(names, [comparable(word) for word in words]):
        if op.tag == "equal":
            for i, j in zip(
                range(op.src_start, op.src_end), range(op.dest_start, op.dest_end), strict=True
            ):
                result.append([words[j], *old[i][1:]])
            continue
        new = words[op.dest_start : op.dest_end]
        if not new:
            continue
        start, end = _span(cut, old, op.src_start, op.src_end)
        step = (end - start) / len(new)
        result += [[w, round(start + i * step, 4), round(step, 4), 0.0] for i, w in enumerate(new)]
    return result


def _span(cut: Cut, old: Sequence[list[float]], first: int, last: int) -> tuple[float, float]:
    """Start and end, in the cut, of the words first..last; of the gap there if there are none."""
    if first < last:
        return old[first][1], old[last - 1][1] + old[last - 1][2]
    start = old[first - 1][1] + old[first - 1][2] if first else 0.0
    end = old[first][1] if first < len(old) else cut["duration"]
    return start, max(end, start)


def decisions(cuts: Iterable[Cut]) -> Counter[str]:
    """How many cuts were decided, by decision."""
    return Counter(c["custom"]["review"]["decision"] for c in cuts if "review" in c["custom"])


def unknown_ids(edits: Edits, cuts: Iterable[Cut]) -> list[str]:
    """Decisions on cuts that do not exist, as "file:line: id"."""
    left = dict(edits.by_id)
    for cut in cuts:
        left.pop(cut["id"], None)
    return [f"{edit.where}: there is no cut {edit.id}" for edit in left.values()]


def exportable(cut: Cut) -> bool:
    """Whether a cut belongs in the data set."""
    return cut["custom"]["status"] in (ACCEPTED, APPROVED)
