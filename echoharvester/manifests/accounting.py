"""Items in = accepted + rejected + errors, at every stage."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

ACCEPTED, REVIEW, APPROVED, REJECTED = "accepted", "review", "approved", "rejected"
STATUSES = (ACCEPTED, REVIEW, APPROVED, REJECTED)


class AccountingError(RuntimeError):
    """Items were lost or invented: a fault of the program."""


@dataclass
class Counts:
    """What became of the items of a stage.

    Attributes:
        items: items in.
        accepted: kept so far, those marked for review included.
        review: of them, marked for review.
        rejected, errors: by reason.
        accepted_sec: seconds of audio in the accepted.
    """

    items: int = 0
    accepted: int = 0
    review: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    accepted_sec: float = 0.0

    def add(self, cut: dict[str, Any]) -> None:
        """Counts one cut of the stage's output."""
        custom = cut["custom"]
        if custom["status"] == REJECTED:
            self.rejected[custom["reason"]] += 1
            return
        self.accepted += 1
        self.review += custom["status"] == REVIEW
        self.accepted_sec += cut["duration"]

    def check(self, stage: str) -> None:
        """Raises `AccountingError` unless every item is accounted for."""
        rejected, errors = self.rejected.total(), self.errors.total()
        if self.items != self.accepted + rejected + errors:
            raise AccountingError(
                f"{stage}: {self.items} items in, but {self.accepted} accepted + {rejected} rejected "
                f"+ {errors} errors = {self.accepted + rejected + errors}; please report this"
            )

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.items + other.items,
            self.accepted + other.accepted,
            self.review + other.review,
            self.rejected + other.rejected,
            self.errors + other.errors,
            self.accepted_sec + other.accepted_sec,
        )

    @property
    def error_rate(self) -> float:
        return self.errors.total() / self.items if self.items else 0.0

    def to_dict(self) -> dict[str, Any]:
        return {
            "items": self.items,
            "accepted": self.accepted,
            "review": self.review,
            "rejected": dict(self.rejected),
            "errors": dict(self.errors),
            "accepted_sec": round(self.accepted_sec, 3),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Counts:
        return cls(
            values["items"],
            values["accepted"],
            values["review"],
            Counter(values["rejected"]),
            Counter(values["errors"]),
            values["accepted_sec"],
        )

    def line(self, item: str = "") -> str:
        """One line for people; `item`: what is counted, "media" or "cut".

        >>> Counts(3, 1, 0, Counter(too_short=2), Counter(), 3600.0).line("cut")
        'in 3 = accepted 1 (1.00 h) + rejected 2 (too_short 2) + errors 0 (utterances)'
        """
        review = f", {self.review} of them to review" if self.review else ""
        return (
            f"in {self.items} = accepted {self.accepted} ({self.accepted_sec / 3600:.2f} h{review})"
            f" + rejected {self.rejected.total()}{_by_reason(self.rejected)}"
            f" + errors {self.errors.total()}{_by_reason(self.errors)}"
            + {"media": " (media)", "cut": " (utterances)"}.get(item, "")
        )


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number of things.

    >>> counted(1, "channel"), counted(2, "channel"), counted(0, "medium", "media")
    ('1 channel', '2 channels', 'no media')
    """
    name = noun if count == 1 else plural or f"{noun}s"
    return f"{count or 'no'} {name}"


def total(counts: Iterable[Counts]) -> Counts:
    return sum(counts, Counts())


def _by_reason(counter: Counter[str]) -> str:
    if not counter:
        return ""
    return " (" + ", ".join(f"{reason} {n}" for reason, n in counter.most_common()) + ")"
