"""What a reviewer decided on one cut."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.review.rows import text_digest
from echoharvester.review.tsv import DECISIONS, Row
from echoharvester.text.spoken import spoken
from echoharvester.text.unicode import fold
from echoharvester.text.validity import MIN_CHARS, MIN_HANGUL_SHARE, is_valid_text


@dataclass(frozen=True)
class Decision:
    """What a reviewer decided on one cut, and where it is written.

    Attributes:
        text: as written; empty: the text that the cut has.
        text_digest: of the text that the decision was made on; empty where the column is gone.
        decided_at: as the row says, else empty.
        listened: share of the cut that was played before, 0 to 1; None: not known.
        decision_sec: how long the row was looked at; None: not known.
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
    listened: float | None = None
    decision_sec: float | None = None

    @property
    def changes_text(self) -> bool:
        """Whether the text was edited, as far as the row itself can tell."""
        if not self.text_digest:  # the column is gone
            return self.decision in ("fix", "fix!")
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
            str(self.listened), str(self.decision_sec),
        )  # fmt: skip


def agree(one: Decision, other: Decision) -> bool:
    """Whether two decisions on one cut come to the same."""
    if "drop" in (one.decision, other.decision):
        return one.decision == other.decision
    if one.text and other.text and one.text_digest and other.text_digest:
        return one.text == other.text
    return not (one.changes_text or other.changes_text)


@dataclass(frozen=True)
class TextRules:
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


def decision_of(where: str, row: Row, rules: TextRules, saved_at: str = "") -> Decision:
    """The decision in a row.

    Raises:
        UserError: naming file and line, for what cannot be taken.
    """
    decision = row.get("decision", "").lower()
    if row.get(""):
        raise UserError(
            f"{where}: {row['']!r} lies behind the last column; a tab inside a cell? Take it out"
        )
    if decision not in DECISIONS:
        raise UserError(f"{where}: decision is ok, fix, drop or empty, not {decision!r}")
    text, digest = row.get("text", ""), row.get("text_digest", "")
    if text_digest(text) != digest:
        text = fold(text)
    made = Decision(
        row["id"], decision, text, digest,
        row.get("note", ""), row.get("reviewer", ""), row.get("decided_at", ""), saved_at, where,
        _number(row.get("listened", "")), _number(row.get("decision_sec", "")),
    )  # fmt: skip
    if decision and not made.id:
        raise UserError(f"{where}: a decision, but no id")
    if not decision and made.text_digest and made.changes_text and "opinion" not in row:
        raise UserError(f"{where}: the text of {made.id} was edited, but decision is empty; fix?")
    if decision in ("fix", "fix!") and not made.text:
        raise UserError(f"{where}: decision fix needs a text; drop takes a cut out")
    if (
        decision in ("ok", "fix", "fix!")
        and made.changes_text
        and (fault := rules.fault_of(made.text))
    ):
        raise UserError(f"{where}: the text {made.text!r} {fault}")
    return made


def _number(cell: str) -> float | None:
    """A cell that only informs: what is no number there is as good as none."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
