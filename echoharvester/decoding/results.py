"""Decoding results in icefall's form: `recogs-*`, `errs-*` and a summary of rates."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kaldialign

from echoharvester.manifests.shards import write_atomic
from echoharvester.text.scores import (
    ErrorCounts,
    cer,
    cer_with_spaces,
    confidence_interval,
    normalize_for_scoring,
    swer,
    total,
    wer,
)

EPSILON = "*"


@dataclass(frozen=True)
class Result:
    """One decoded utterance."""

    id: str
    reference: str
    hypothesis: str


def characters(text: str) -> list[str]:
    """Units of the CER without spaces and punctuation, the headline."""
    return list(normalize_for_scoring(text))


Measure = Callable[[str, str], ErrorCounts]
MEASURES: dict[str, Measure] = {
    "CER without spaces": cer,
    "CER with spaces": cer_with_spaces,
    "WER": wer,
    "sWER": swer,
}


def score(results: Sequence[Result], measure: Measure) -> ErrorCounts:
    """Error counts over a whole set."""
    return total(measure(r.reference, r.hypothesis) for r in results)


def write_recogs(results: Sequence[Result], path: Path) -> None:
    """References and hypotheses as lists of characters, sorted by utterance id."""
    lines = []
    for r in sorted(results, key=lambda r: r.id):
        lines.append(f"{r.id}:\tref={characters(r.reference)}\n")
        lines.append(f"{r.id}:\thyp={characters(r.hypothesis)}\n")
    write_atomic(path, "".join(lines))


def write_errs(results: Sequence[Result], path: Path) -> ErrorCounts:
    """Every utterance aligned, then errors by kind and by character; returns the counts."""
    substitutions: Counter[tuple[str, str]] = Counter()
    insertions: Counter[str] = Counter()
    deletions: Counter[str] = Counter()
    by_unit: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])  # correct, sub, ins, del
    details = []
    for r in sorted(results, key=lambda r: r.id):
        pairs = kaldialign.align(characters(r.reference), characters(r.hypothesis), EPSILON)
        for ref, hyp in pairs:
            if ref == hyp:
                by_unit[ref][0] += 1
            elif ref == EPSILON:
                insertions[hyp] += 1
                by_unit[hyp][2] += 1
            elif hyp == EPSILON:
                deletions[ref] += 1
                by_unit[ref][3] += 1
            else:
                substitutions[ref, hyp] += 1
                by_unit[ref][1] += 1
        details.append(f"{r.id}:\t" + " ".join(a if a == b else f"({a}->{b})" for a, b in pairs))
    counts = score(results, cer)
    correct = counts.reference_length - counts.substitutions - counts.deletions
    lines = [
        f"%CER = {100 * counts.rate:.2f}",
        f"Errors: {counts.insertions} insertions, {counts.deletions} deletions, "
        f"{counts.substitutions} substitutions, over {counts.reference_length} reference "
        f"characters ({correct} correct)",
        "Search below for sections starting with PER-UTT DETAILS:, SUBSTITUTIONS:, DELETIONS:, "
        "INSERTIONS:, PER-CHARACTER STATS:",
        "",
        "PER-UTT DETAILS: corr or (ref->hyp)",
        *details,
        "",
        "SUBSTITUTIONS: count ref -> hyp",
        *(f"{n}   {ref} -> {hyp}" for (ref, hyp), n in substitutions.most_common()),
        "",
        "DELETIONS: count ref",
        *(f"{n}   {ref}" for ref, n in deletions.most_common()),
        "",
        "INSERTIONS: count hyp",
        *(f"{n}   {hyp}" for hyp, n in insertions.most_common()),
        "",
        "PER-CHARACTER STATS: character  corr tot_errs count_in_ref count_in_hyp",
        *(
            f"{unit}   {c} {s + i + d} {c + s + d} {c + s + i}"
            for unit, (c, s, i, d) in sorted(by_unit.items(), key=lambda x: -sum(x[1][1:]))
        ),
    ]
    write_atomic(path, "\n".join(lines) + "\n")
    return counts


def confusions(results: Sequence[Result], most: int = 30) -> list[tuple[str, str, int]]:
    """The most frequent errors: reference, hypothesis (∅ for none), how often."""
    found: Counter[tuple[str, str]] = Counter()
    for r in results:
        pairs = kaldialign.align(characters(r.reference), characters(r.hypothesis), EPSILON)
        found.update((a, b) for a, b in pairs if a != b)
    named = ((a.replace(EPSILON, "∅"), b.replace(EPSILON, "∅"), n) for (a, b), n in found.items())
    return sorted(named, key=lambda row: (-row[2], row[:2]))[:most]


def summary_table(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Every measure with its counts and interval, as plain values."""
    rows: list[dict[str, Any]] = []
    for name, measure in MEASURES.items():
        each = [measure(r.reference, r.hypothesis) for r in results]
        counts = total(each)
        low, high = confidence_interval(each)
        rows.append(
            {
                "measure": name,
                "rate": counts.rate,
                "ci95": [low, high],
                "errors": counts.errors,
                "reference": counts.reference_length,
                "insertions": counts.insertions,
                "deletions": counts.deletions,
                "substitutions": counts.substitutions,
            }
        )
    return rows


def summary_line(rows: Sequence[dict[str, Any]]) -> str:
    """All measures in one line, as Kaldi and icefall write counts."""
    parts = []
    for row in rows:
        low, high = row["ci95"]
        parts.append(
            f"{row['measure']} {100 * row['rate']:.2f} % [ {row['errors']} / {row['reference']}, "
            f"{row['insertions']} ins, {row['deletions']} del, {row['substitutions']} sub ] "
            f"95 % CI {100 * low:.2f} to {100 * high:.2f}"
        )
    return "; ".join(parts)


def file_name(kind: str, name: str, label: str) -> str:
    """`recogs-test-best.txt`; nothing in a name can leave its folder.

    >>> file_name("recogs", "a/b", "best-lm_scale-0.3")
    'recogs-a_b-best-lm_scale-0.3.txt'
    """
    return f"{kind}-{name}-{label}.txt".replace("/", "_")


def write_summaries(
    folder: Path, name: str, choice: str, rows_of: Mapping[str, Sequence[dict[str, Any]]]
) -> list[Path]:
    """`cer-summary-*` and `wer-summary-*` of a set: all its settings, the best first."""
    written = []
    for kind, measure in (("cer", "CER without spaces"), ("wer", "WER")):
        lines = ["settings\t" + "\t".join(f"{m}\t95 % CI" for m in MEASURES)]
        by_measure = {
            label: {row["measure"]: row for row in rows} for label, rows in rows_of.items()
        }
        for label in sorted(by_measure, key=lambda label: by_measure[label][measure]["rate"]):
            cells = [label]
            for row in by_measure[label].values():
                low, high = row["ci95"]
                cells += [f"{100 * row['rate']:.2f}", f"{100 * low:.2f} to {100 * high:.2f}"]
            lines.append("\t".join(cells))
        path = folder / file_name(f"{kind}-summary", name, choice)
        write_atomic(path, "\n".join(lines) + "\n")
        written.append(path)
    return written
