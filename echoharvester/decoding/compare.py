"""Two folders of decoding results: which is better, how sure that is, and what changed."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import kaldialign

from echoharvester.errors import UserError
from echoharvester.text.scores import ErrorCounts, confidence_interval, count_errors, total

_LINE = re.compile(r"(?P<id>.+):\t(?P<kind>ref|hyp)=(?P<units>\[.*\])")


@dataclass(frozen=True)
class Changed:
    """An utterance that two systems write differently, and its errors with each."""

    id: str
    reference: str
    first: str
    second: str
    first_errors: int
    second_errors: int


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same utterances.

    Attributes:
        first, second: error counts.
        first_ci95, second_ci95: 95 % intervals by bootstrap over utterances.
        p_second_better: share of the samples in which the second has fewer errors.
        changed: what they write differently, the largest differences first.
    """

    first: ErrorCounts
    second: ErrorCounts
    first_ci95: tuple[float, float]
    second_ci95: tuple[float, float]
    p_second_better: float
    changed: Sequence[Changed]


def read_recogs(path: Path) -> dict[str, tuple[list[str], list[str]]]:
    """References and hypotheses of a `recogs-*` file, ours or icefall's, by utterance.

    Raises:
        UserError: naming file and line.
    """
    found: dict[str, dict[str, list[str]]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        match = _LINE.fullmatch(line)
        try:
            units = ast.literal_eval(match["units"]) if match else None
        except (ValueError, SyntaxError):
            units = None
        if match is None or not isinstance(units, list):
            raise UserError(f"{path}:{number}: not a line of a recogs file: {line[:60]!r}")
        found.setdefault(match["id"], {})[match["kind"]] = [str(unit) for unit in units]
    if broken := [key for key, pair in found.items() if len(pair) != 2]:
        raise UserError(f"{path}: reference or hypothesis of {broken[0]} is missing")
    return {key: (pair["ref"], pair["hyp"]) for key, pair in found.items()}


def compare(first: Path, second: Path, samples: int = 10_000) -> Comparison:
    """Two `recogs-*` files of the same set.

    Raises:
        UserError: if they are not of the same utterances with the same references.
    """
    one, two = read_recogs(first), read_recogs(second)
    if one.keys() != two.keys():
        missing = sorted(one.keys() ^ two.keys())
        raise UserError(f"{first} and {second}: not the same utterances: {missing[:3]} ...")
    if other := [key for key in one if one[key][0] != two[key][0]]:
        raise UserError(f"{first} and {second}: other references: {other[:3]} ...")
    ids = sorted(one)
    references = [one[i][0] for i in ids]
    ours, theirs = [one[i][1] for i in ids], [two[i][1] for i in ids]
    found = kaldialign.bootstrap_wer_ci(references, ours, theirs, replications=samples)
    counts = [
        [count_errors(r, h) for r, h in zip(references, hyps, strict=True)]
        for hyps in (ours, theirs)
    ]
    changed = [
        Changed(i, "".join(r), "".join(a), "".join(b), x.errors, y.errors)
        for i, r, a, b, x, y in zip(ids, references, ours, theirs, *counts, strict=True)
        if a != b
    ]
    changed.sort(key=lambda c: (-abs(c.first_errors - c.second_errors), c.id))
    return Comparison(
        total(counts[0]),
        total(counts[1]),
        confidence_interval(counts[0]),
        confidence_interval(counts[1]),
        float(found["p_s2_improv_over_s1"]),
        changed,
    )
