"""A round of `pipeline.rounds`: how many there are, and what one brought."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.pipeline.records import load_record
from echoharvester.report.round_figures import RoundFigures

RECORD, MANIFESTS, REPORT = "round.json", "manifests", "report.html"  # in a round's folder
ALIGNED, SETS = KEPT = ("aligned", "sets")  # in that of round 1, for later ones
PAGE, IN_USE = "rounds.html", "in_use"  # beside these folders


@dataclass(frozen=True)
class RoundsConfig:
    """How often.

    Attributes:
        count: rounds at most.
        min_gain: the last round is one that brings less, of speech kept and of dev errors, as a share.
        sure_worse: a round with more dev errors is not used where they are more with at least this
            probability, by bootstrap over the dev utterances; 0: whatever the probability.
        keep_manifests: whether those of all rounds stay.
    """

    count: int = 1
    min_gain: float = 0.02
    sure_worse: float = 0.0
    keep_manifests: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise UserError(f"rounds.count is at least 1, not {self.count}")
        if not 0 <= self.min_gain < 1:
            raise UserError(f"rounds.min_gain is a share from 0 to below 1, not {self.min_gain}")
        if not 0 <= self.sure_worse <= 1:
            raise UserError(
                f"rounds.sure_worse is a probability from 0 to 1, not {self.sure_worse}"
            )


@dataclass(frozen=True)
class Round:
    """A round that has ended.

    Attributes:
        fingerprint: of what it depends on.
        used: whether later rounds build on it; not where dev errors went up.
        last: whether no round follows it, however many are asked for.
        verdict: why, for people.
        seconds: it took; 0 for a part that was there already.
    """

    number: int
    fingerprint: str
    figures: RoundFigures
    used: bool
    last: bool
    verdict: str
    seconds: float

    @property
    def summary(self) -> str:
        return f"{self.figures.line()}; {self.verdict}"


def read_round(folder: Path) -> Round | None:
    """What a round has left in its folder, whatever it was made from; None where it has not ended."""
    values = load_record(folder / RECORD)
    try:
        own = {f.name: values[f.name] for f in fields(Round)} if values else None
        return Round(**{**own, "figures": RoundFigures(**own["figures"])}) if own else None
    except (KeyError, TypeError):
        return None
