"""What a round of `pipeline.rounds` brought, in numbers."""

from __future__ import annotations

from dataclasses import dataclass

CHANGED = "changed.0.jsonl.gz"  # in the folder of a round: utterances that changed sides


@dataclass(frozen=True)
class RoundFigures:
    """A round in numbers.

    Attributes:
        utterances, hours: kept.
        label_error: share of wrong labels among those kept, by what the curve of evidence expects;
            None where none decides.
        reviewed: the estimate from people's decisions, for people to read; "" where there is none.
        dev, test: CER of the method that is best on dev; None where that set was not decoded.
        p_worse: probability that dev errors are more than with the round it builds on, by bootstrap over
            utterances; None where that is not known.
        precision, harvested: share of the labels that are exactly right, and of the speech that could
            be kept; None where the truth is not known.
    """

    utterances: int
    hours: float
    label_error: float | None
    reviewed: str
    dev: float | None
    test: float | None
    precision: float | None = None
    harvested: float | None = None
    p_worse: float | None = None

    def line(self) -> str:
        rates = [
            f"{name} CER {100 * rate:.2f} %"
            for name, rate in (("dev", self.dev), ("test", self.test))
            if rate is not None
        ]
        wrong = [] if self.label_error is None else [f"expected label error {self.label_error:.2%}"]
        kept = f"kept {self.utterances} utterances, {60 * self.hours:.1f} min"
        true = [
            f"{100 * share:.1f} % {what}"
            for what, share in (
                ("of the labels right", self.precision),
                ("of the speech", self.harvested),
            )
            if share is not None
        ]
        return ", ".join([kept, *wrong, *rates, *true])
