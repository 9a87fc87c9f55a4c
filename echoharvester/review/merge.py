"""Decisions of reviewers on cuts."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from echoharvester.manifests.accounting import ACCEPTED, APPROVED
from echoharvester.manifests.cuts import rejected, text_of, with_custom, with_supervision
from echoharvester.manifests.shards import Cut
from echoharvester.review.decision import Decision
from echoharvester.review.decisions import ReviewDecisions
from echoharvester.review.rows import reviewable, text_digest
from echoharvester.review.word_times import realigned
from echoharvester.text.scores import best_verbalisation, cer
from echoharvester.text.spoken import candidates
from echoharvester.text.unicode import fold

logger = logging.getLogger(__name__)
STAGE = "merge"
# CER of a correction against what was heard, from which on it may have slipped into another row, or be
# a remark: there is more wrong in it than it is long.  The page asks from 0.5 on already.
FAR = 1.0


def merge_media(
    cuts: Sequence[Cut], decisions: ReviewDecisions, lexicon: Path | None = None
) -> list[Cut]:
    """The cuts of one media item with the decisions on them; `lexicon`: the recipe's Latin words."""
    found = ((cut, decision_on(decisions, cut)) for cut in cuts)
    return [merged(cut, decision, lexicon) if decision else cut for cut, decision in found]


def merged(cut: Cut, decision: Decision, lexicon: Path | None = None) -> Cut:
    """One cut after one decision; a decision that is there already changes nothing.

    What was decided, by whom and when, and text, CER and status before stay in `custom.review`.
    A decision that does not fit the cut is not applied; `custom.review_problem` says why.
    """
    if _is_merged(cut, decision):
        return cut
    if problem := misfit(cut, decision, lexicon):
        logger.warning("%s: %s %s; not applied", decision.where, decision.id, problem)
        return with_custom(cut, review_problem=f"the decision of {decision.rater}: {problem}")
    before, custom = text_of(cut), cut["custom"]
    trace = {
        "decision": decision.decision, "written": decision.text, "before": before, "after": before,
        "status_before": custom["status"], "cer_before": custom.get("cer"),
        "reviewer": decision.reviewer, "note": decision.note, "time": decision.decided_at or decision.saved_at,
    }  # fmt: skip
    proof = {"listened": decision.listened, "decision_sec": decision.decision_sec}
    trace |= {name: value for name, value in proof.items() if value is not None}
    if decision.decision == "drop":
        return rejected(with_custom(cut, review=trace), STAGE, "dropped_by_reviewer")
    custom = {k: v for k, v in custom.items() if k not in ("reason", "rejected_by")}
    cut = {**cut, "custom": {**custom, "status": APPROVED, "review": trace}}
    if not decision.text or decision.text == before:
        return cut
    # `ok` with an edited text is a correction, too.  People write 3번 in one; what was heard tells
    # which verbalisation they mean.
    verbalisations = candidates(decision.text, extra_words=lexicon)
    text, counts = best_verbalisation(verbalisations, custom.get("hyp_text", ""))
    cut = with_supervision(cut, text=text, alignment={"word": realigned(cut, text.split())})
    return with_custom(
        cut,
        cer=round(counts.rate, 4),
        text_orthographic=decision.text,
        review={**trace, "after": text},
    )


def _is_merged(cut: Cut, decision: Decision) -> bool:
    review = cut["custom"].get("review")
    return review is not None and (
        (review["decision"], review["written"], review["note"], review["reviewer"])
        == (decision.decision, decision.text, decision.note, decision.reviewer)
        and decision.text_digest in ("", text_digest(review["before"]))
    )


def decision_on(decisions: ReviewDecisions, cut: Cut) -> Decision | None:
    """The decision on a cut, of several the one on the text that it has."""
    digest = text_digest(text_of(cut)) if cut["supervisions"] else ""
    return decisions.of(cut["id"], digest)


def misfit(cut: Cut, decision: Decision, lexicon: Path | None = None) -> str:
    """Why a decision is not applied to its cut; empty: it is."""
    if not cut["supervisions"]:
        return "has no text: nothing to decide"
    if decision.text_digest and decision.text_digest != text_digest(text_of(cut)):
        return "was decided on a text that has changed since"
    if decision.decision != "drop" and not reviewable(cut):
        return "was rejected before it was measured and cannot be approved"
    return _too_far(cut, decision, lexicon)


def _too_far(cut: Cut, decision: Decision, lexicon: Path | None) -> str:
    """What is asked about a correction that is further from the sound than the caption was."""
    if decision.decision not in ("ok", "fix") or decision.text in ("", fold(text_of(cut))):
        return ""
    heard = cut["custom"].get("hyp_text", "")
    before = cer(text_of(cut), heard).rate
    _, counts = best_verbalisation(candidates(decision.text, extra_words=lexicon), heard)
    if counts.rate <= max(before, FAR):
        return ""
    return (
        f"is corrected to a text that is further from what was heard (CER {100 * counts.rate:.0f} %) than "
        f"the caption was ({100 * before:.0f} %); if it is right, write fix! as its decision"
    )


def misfits(
    decisions: ReviewDecisions, cuts: Iterable[Cut], lexicon: Path | None = None
) -> list[str]:
    """Decisions that are not applied, as "file:line: why": no such cut, or another text by now."""
    left = {cut_id: several[0] for cut_id, several in decisions.decided.items()}
    lines = []
    for cut in cuts:
        left.pop(cut["id"], None)
        decision = decision_on(decisions, cut)
        undecided = decisions.undecided.get(cut["id"])
        if (
            undecided
            and not decision
            and cut["supervisions"]
            and undecided.text != fold(text_of(cut))
        ):
            lines.append(
                f"{undecided.where}: the text of {cut['id']} was edited, but decision is empty; fix?"
            )
        if (
            decision
            and not _is_merged(cut, decision)
            and (problem := misfit(cut, decision, lexicon))
        ):
            lines.append(f"{decision.where}: {decision.id} {problem}")
    return lines + [
        f"{decision.where}: there is no cut {decision.id}" for decision in left.values()
    ]


def outdated(decisions: ReviewDecisions, cuts: Iterable[Cut]) -> Iterator[tuple[Decision, str]]:
    """Decisions made on a text that has changed since, and the text as it is now."""
    for cut in cuts:
        decision = decision_on(decisions, cut)
        if (
            decision
            and cut["supervisions"]
            and decision.text_digest not in ("", text_digest(text_of(cut)))
        ):
            yield decision, text_of(cut)


def with_known_times(decisions: ReviewDecisions, merged_before: Iterable[Cut]) -> ReviewDecisions:
    """A copy in which decisions whose row says no time are dated as an earlier merge did: a file is
    saved again for other rows, too."""
    decided = dict(decisions.decided)
    for cut in merged_before:
        several, review = decided.get(cut["id"], ()), cut["custom"].get("review")
        if several and not several[0].decided_at and review and _is_merged(cut, several[0]):
            decided[cut["id"]] = (replace(several[0], decided_at=review["time"]), *several[1:])
    return replace(decisions, decided=decided)


def count_decisions(cuts: Iterable[Cut]) -> Counter[str]:
    """How many cuts were decided, by what was done: an `ok` with another text is a `fix`."""
    return Counter(_kind(c["custom"]["review"]) for c in cuts if "review" in c["custom"])


def _kind(review: dict[str, str]) -> str:
    if review["decision"] == "drop":
        return "drop"
    return "ok" if review["after"] == review["before"] else "fix"


def exportable(cut: Cut) -> bool:
    """Whether a cut belongs in the data set."""
    return cut["custom"]["status"] in (ACCEPTED, APPROVED)
