"""Whether reviewers listened, and how long their decisions took, as the listening page notes it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from echoharvester.review.decision import Decision

UNHEARD = 0.02  # share of a cut: less was played by accident at most


@dataclass(frozen=True)
class Diligence:
    """How one reviewer worked.

    Attributes:
        decisions: of which the page noted how much was played.
        accepted, unheard: those that keep the text or a correction of it; without a sound of it.
        median_sec: of a decision; None where none was timed.
    """

    reviewer: str
    decisions: int
    accepted: int
    unheard: int
    median_sec: float | None

    def line(self) -> str:
        """One line for people.

        >>> Diligence("kim", 26, 20, 4, 5.24).line()
        'kim: 26 decisions in the page, 4 of 20 accepted without a sound, 5.2 s each (median)'
        """
        time = "" if self.median_sec is None else f", {self.median_sec:.1f} s each (median)"
        return (
            f"{self.reviewer}: {self.decisions} decisions in the page, {self.unheard} of "
            f"{self.accepted} accepted without a sound{time}"
        )


def diligence(opinions: Iterable[Decision]) -> list[Diligence]:
    """Of every reviewer whose decisions say how much was played."""
    by_reviewer: dict[str, list[Decision]] = defaultdict(list)
    for one in opinions:
        if one.listened is not None:
            by_reviewer[one.rater].append(one)
    return [_of(who, several) for who, several in sorted(by_reviewer.items())]


def _of(reviewer: str, several: Sequence[Decision]) -> Diligence:
    accepted = [one for one in several if one.decision != "drop"]
    seconds = [one.decision_sec for one in several if one.decision_sec is not None]
    unheard = sum((one.listened or 0.0) < UNHEARD for one in accepted)
    return Diligence(
        reviewer, len(several), len(accepted), unheard, median(seconds) if seconds else None
    )
