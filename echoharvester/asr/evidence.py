"""From the probability of a text on its sound to the probability that it is exactly what was said.

A logistic curve over six figures of the evidence that stage 4 leaves (`align.base.Evidence`).  It is
fitted on texts as captioned against the same texts corrupted on purpose (`asr.evidence_fit`), so it
needs no human label.  Every figure is known for any part of a text, too, so that of an utterance of
which a part is doubtful the rest can be kept (`asr.salvage`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz.distance import Levenshtein

from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut, ShardWriter, read_cuts, write_atomic
from echoharvester.text.scores import normalize_for_scoring
from echoharvester.text.spoken import candidates

MAX_LACKING, MAX_ENDINGS, MIN_CONTRAST = 4, 2, -15.0  # beyond, figures say no more
ALIGNER, RECOGNISER = "align", "asr"
EVIDENCE_OF = "evidence_of"  # of a cut: RECOGNISER where stage 6 has asked it
PACKAGED = "auto"  # the curve of this package for the kind of aligner
_TO_READ = re.compile("[0-9A-Za-z%]")


@dataclass(frozen=True)
class Figures:
    """What a text has for and against it.

    Attributes:
        mean, least: log-probability of its tokens.
        lacking: letters in a row that were heard between its own and that it lacks.
        contrast: the least, over words that were heard otherwise, of the log-probability of a word
            less that of what was heard in its place; 0 where all was heard as it is written.
        endings: words that were heard with another ending or particle alone.
        left_out: probability of the surest word that was heard between its own and that it lacks.
    """

    mean: float
    least: float
    lacking: int = 0
    contrast: float = 0.0
    endings: int = 0
    left_out: float = 0.0

    def as_row(self) -> list[float]:
        return [
            self.mean,
            self.least,
            float(min(self.lacking, MAX_LACKING)),
            max(self.contrast, MIN_CONTRAST),
            float(min(self.endings, MAX_ENDINGS)),
            self.left_out,
        ]


@dataclass(frozen=True)
class _Word:
    """A word of a text against what was heard.

    Attributes:
        lacking_before, lacking_inside: letters in a row that were heard and are not written.
        left_out: probability of the surest word that was heard before it and is not written.
        contrast: see `Figures`; 0 where it was heard as it is written.
        other_ending: whether it was heard so but for its end.
        heard_in: numbers of the words that were heard in its place.
    """

    log_probs: Sequence[float]
    lacking_before: int
    lacking_inside: int
    left_out: float
    contrast: float
    other_ending: bool
    heard_in: tuple[int, ...] = ()


@dataclass(frozen=True)
class TextEvidence:
    """The evidence for each word of a text."""

    words: tuple[_Word, ...]

    @classmethod
    def of(
        cls,
        words: Sequence[str],
        log_probs: Sequence[Sequence[float]],
        heard: Sequence[str],
        heard_log_probs: Sequence[float],
    ) -> TextEvidence:
        """See `align.base.Evidence`."""
        return cls(tuple(_compared(words, log_probs, heard, heard_log_probs)))

    @classmethod
    def of_cut(cls, cut: Cut) -> TextEvidence | None:
        """None for a cut of an aligner that gives none."""
        custom = cut["custom"]
        if not custom.get("word_log_probs"):
            return None
        return cls.of(
            custom["text_as_heard"].split(),
            custom["word_log_probs"],
            custom["heard_text"].split(),
            custom["heard_log_probs"],
        )

    @classmethod
    def of_witness(cls, cut: Cut) -> TextEvidence | None:
        """That of the second witness; None where there is none, or it could not place the text."""
        custom = cut["custom"]
        if not custom.get("witness_word_log_probs"):
            return None
        heard = custom["witness_heard_text"].split()
        return cls.of(
            custom["witness_text"].split(),
            custom["witness_word_log_probs"],
            heard,
            [0.0] * len(heard),  # a CTC model hears the likeliest: nothing speaks against it
        )

    def figures(self, first: int = 0, stop: int | None = None) -> Figures:
        """Of the words from `first` to before `stop`."""
        words = self.words[first:stop]
        tokens = [p for word in words for p in word.log_probs]
        between = [word.lacking_before for word in words[1:]]
        return Figures(
            float(np.mean(tokens)),
            min(tokens),
            max([*between, *(word.lacking_inside for word in words)]),
            min(word.contrast for word in words),
            sum(word.other_ending for word in words),
            max((word.left_out for word in words[1:]), default=0.0),
        )

    def heard_by(self, first: int, stop: int) -> slice:
        """Which of the words that were heard stand in the place of those from `first` to before `stop`."""
        places = [i for word in self.words[first:stop] for i in word.heard_in]
        return slice(min(places), max(places) + 1) if places else slice(0, 0)


def as_heard(cut: Cut) -> str:
    """What a recogniser that writes digits and Latin letters would write of a cut's text."""
    custom = cut["custom"]
    trimmed = "text_whole" in custom  # the caption holds more then
    return text_of(cut) if trimmed else custom.get("text_orthographic") or text_of(cut)


def _compared(
    words: Sequence[str],
    log_probs: Sequence[Sequence[float]],
    heard: Sequence[str],
    heard_log_probs: Sequence[float],
) -> list[_Word]:
    own, heard_own = _owners(words), _owners(heard)
    letters = "".join(map(normalize_for_scoring, words))
    heard_letters = "".join(map(normalize_for_scoring, heard))
    same = np.zeros(len(own), bool)
    place = np.full(len(own), -1)
    before, inside = np.zeros(len(words) + 1, int), np.zeros(len(words) + 1, int)
    left_out = np.zeros(len(words) + 1)
    sizes = np.bincount(heard_own, minlength=len(heard))
    for op in Levenshtein.opcodes(letters, heard_letters):
        size = op.dest_end - op.dest_start
        if op.tag in ("equal", "replace"):
            same[op.src_start : op.src_end] = op.tag == "equal"
            place[op.src_start : op.src_end] = np.arange(op.dest_start, op.dest_end)
        elif op.tag == "insert" and 0 < op.src_start < len(own):
            word = own[op.src_start]
            lacking = inside if own[op.src_start - 1] == word else before
            lacking[word] = max(lacking[word], size)
            covered = np.bincount(heard_own[op.dest_start : op.dest_end], minlength=len(heard))
            for j in np.flatnonzero((covered == sizes) & (covered > 0)).tolist():
                left_out[word] = max(left_out[word], math.exp(heard_log_probs[j]))
    found = []
    for k, word in enumerate(words):
        mine = np.flatnonzero(own == k)
        others = sorted({int(heard_own[place[i]]) for i in mine if place[i] >= 0})
        there = [heard[j] for j in others]
        alike = not len(mine) or bool(same[mine].all()) or _read_alike(word, there)
        if _TO_READ.search(" ".join([word, *there])):
            before[k : k + 2] = inside[k] = left_out[k : k + 2] = 0  # readings differ in length
        found.append(
            _Word(
                log_probs[k],
                int(before[k]),
                int(inside[k]),
                round(float(left_out[k]), 4),
                0.0
                if alike
                else min(0.0, sum(log_probs[k]) - sum(heard_log_probs[j] for j in others)),
                not alike and bool(same[mine[0]]) and not same[mine[-1]],
                tuple(others),
            )
        )
    return found


def _owners(words: Sequence[str]) -> np.ndarray:
    """For every letter of a text the word that it is of."""
    sizes = [len(normalize_for_scoring(word)) for word in words]
    return np.repeat(np.arange(len(words)), sizes)


def _read_alike(word: str, heard: Sequence[str]) -> bool:
    """Whether a word and what was heard differ in how they are written alone: 3 and 삼."""
    there = " ".join(heard)
    if not heard or not _TO_READ.search(word + there):
        return False
    readings = {normalize_for_scoring(r) for r in (word, *candidates(word))}
    return any(normalize_for_scoring(r) in readings for r in (there, *candidates(there)))


@dataclass(frozen=True)
class EvidenceCurve:
    """A calibrated acceptance by evidence.

    Attributes:
        bias, of_mean, of_least, of_lacking, of_contrast, of_endings, of_left_out: coefficients, see
            `Figures`.
        threshold: at least so probable is accepted.
        review_threshold: less is not worth a reviewer's minute.
        fitted_on: what, for people.
        of_witness: coefficients of the same six figures of a second witness (`align.witness`); empty:
            one alone decides.
        asked: who gave the evidence that it was fitted on, `ALIGNER` or `RECOGNISER`; it says nothing of
            the other's.
    """

    bias: float
    of_mean: float
    of_least: float
    of_lacking: float
    of_contrast: float
    of_endings: float
    of_left_out: float
    threshold: float
    review_threshold: float
    fitted_on: str = ""
    of_witness: tuple[float, ...] = ()
    asked: str = ALIGNER

    def judges(self, cut: Cut) -> bool:
        """Whether the evidence of a cut is of its kind."""
        return self.asked == cut["custom"].get(EVIDENCE_OF, ALIGNER)

    def probability(self, figures: Figures, witness: Figures | None = None) -> float:
        """That a text with these figures is exactly what was said.

        Args:
            witness: figures of the second witness, of a curve that hears one.

        >>> curve = EvidenceCurve(4.0, 1.0, 1.0, -0.5, 0.0, 0.0, 0.0, 0.9, 0.5)
        >>> round(curve.probability(Figures(-1.0, -3.0)), 2)
        0.5
        """
        weights = (
            self.of_mean, self.of_least, self.of_lacking, self.of_contrast, self.of_endings,
            self.of_left_out,
        )  # fmt: skip
        x = self.bias + sum(w * f for w, f in zip(weights, figures.as_row(), strict=True))
        if self.of_witness:
            assert witness is not None, "this curve was fitted on two witnesses"
            x += sum(w * f for w, f in zip(self.of_witness, witness.as_row(), strict=True))
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, x))))

    def write(self, path: Path) -> None:
        write_atomic(path, json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")


def read_curve(name: str, kind: str) -> EvidenceCurve | None:
    """The curve of a file, or with `auto` that of the package for a kind of aligner; None if there is
    none.

    Raises:
        UserError: if the file is not one of `EvidenceCurve.write`.
    """
    if name == PACKAGED:
        packaged = files(__package__) / "curves" / f"{kind}.json"
        return curve_of(json.loads(packaged.read_text("utf-8"))) if packaged.is_file() else None
    try:
        return curve_of(json.loads(Path(name).read_text(encoding="utf-8")))
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"validate.evidence={name}: no curve of evidence ({type(error).__name__}: {error}); make one "
            "with scripts/fit_acceptance.py --corrupt"
        ) from error


def write_fitted(path: Path, curve: EvidenceCurve | None, fingerprint: str, summary: str) -> None:
    """Writes what was fitted on a harvest as a manifest of one row; none where too little was there."""
    with ShardWriter(path) as writer:
        if curve:
            writer.write(asdict(curve))
        writer.close("refit", fingerprint, "", {"summary": summary})


def fitted_curve(path: Path) -> EvidenceCurve | None:
    """What `write_fitted` wrote; None where there was too little.

    Raises:
        ManifestError: if the file is damaged.
    """
    return next(map(curve_of, read_cuts(path)), None)


def curve_of(values: Mapping[str, Any]) -> EvidenceCurve:
    second = tuple(map(float, values.get("of_witness") or ()))
    others = ("of_witness", "fitted_on", "asked")
    names = [f.name for f in fields(EvidenceCurve) if f.name not in others]
    own = {name: values[name] for name in names}
    asked = str(values.get("asked", ALIGNER))
    curve = EvidenceCurve(**own, fitted_on=str(values["fitted_on"]), of_witness=second, asked=asked)
    if asked not in (ALIGNER, RECOGNISER):
        raise UserError(f"validate.evidence: a curve is of align or asr, not {asked!r}")
    numbers = [*own.values(), *second]
    if len(second) not in (0, len(Figures(0.0, 0.0).as_row())):
        raise UserError("validate.evidence: a witness has six figures")
    if not all(math.isfinite(float(number)) for number in numbers):
        raise UserError("validate.evidence: its numbers are not finite")
    return curve
