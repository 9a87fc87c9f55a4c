"""How far two reviewers agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from echoharvester.review.decision import Decision, agree


@dataclass(frozen=True)
class Agreement:
    """Two reviewers on the cuts that both have decided.

    Attributes:
        cuts: how many.
        agreed: of them, decided alike, the text included.
        kappa: Cohen's, of ok, fix and drop; None where neither ever varied.
    """

    first: str
    second: str
    cuts: int
    agreed: int
    kappa: float | None

    def line(self) -> str:
        """One line for people.

        >>> Agreement("kim", "lee", 50, 46, 0.834).line()
        'kim and lee: 50 cuts decided by both, 46 alike (92 %), kappa 0.83'
        """
        kappa = (
            "undefined, there is but one decision" if self.kappa is None else f"{self.kappa:.2f}"
        )
        return (
            f"{self.first} and {self.second}: {self.cuts} cuts decided by both, {self.agreed} alike "
            f"({self.agreed / self.cuts:.0%}), kappa {kappa}".replace("%)", " %)")
        )


def agreement(opinions: Iterable[Decision]) -> list[Agreement]:
    """The agreement of every pair of reviewers with cuts in common."""
    by_cut: dict[str, dict[str, Decision]] = defaultdict(dict)
    for edit in opinions:
        by_cut[edit.id][edit.rater] = edit
    common: dict[tuple[str, str], list[tuple[Decision, Decision]]] = defaultdict(list)
    for raters in by_cut.values():
        for first, second in combinations(sorted(raters), 2):
            common[first, second].append((raters[first], raters[second]))
    return [
        Agreement(*names, len(pairs), sum(agree(*pair) for pair in pairs), _kappa(pairs))
        for names, pairs in sorted(common.items())
    ]


def _kappa(pairs: list[tuple[Decision, Decision]]) -> float | None:
    kinds = [(one.kind, other.kind) for one, other in pairs]
    if len({kind for pair in kinds for kind in pair}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(*zip(*kinds, strict=True)))
