"""One HTML page about a run, with all its data and sound inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from echoharvester.dataset.card import label_error_line
from echoharvester.manifests.accounting import Counts, counted
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut
from echoharvester.report import figures
from echoharvester.report.change import Figures, changes, page_data
from echoharvester.report.decoded import DecodedSet
from echoharvester.report.gather import best_record
from echoharvester.report.html import (
    beside,
    document,
    explained,
    made,
    paragraph,
    player,
    section,
    shaded_table,
    table,
    texts,
    tiles,
)
from echoharvester.report.interactive import (
    bench_section,
    decoded_section,
    points_data,
    points_key,
)
from echoharvester.report.listen import sound_of
from echoharvester.report.overview import CER_BINS, MEASURES, Overview, cer_bin
from echoharvester.report.reasons import TERMS, meaning
from echoharvester.review.listening import script_data
from echoharvester.text.scores import respaced

MOST_MEDIA = 10  # the best and the worst
MOST_SOURCES, MOST_REASONS = 15, 12
MIN_POINTS = 8  # a reliability of fewer utterances says nothing


@dataclass
class Findings:
    """All that the page shows.

    Attributes:
        fingerprint: of what the page was made from, kept in its head.
        stages: accounting by stage.
        limits: thresholds of a measure, where it has any, by what each is for.
        training, decoding: records of stages 11 and 12.
        truth: a Markdown table of figures against the truth, where that is known.
        judged: confidence of an utterance, and whether its text is right.
        judged_by: who knows that: the truth, or reviewers.
        label_error: the estimate, as plain values.
        agreement, decisions: of reviewers.
        before: figures of the report before.
        outdated: of train and decode, what was done before the data or its settings changed.
        made: date, command and versions.
        links: files that belong to it, by what they are called.
        bench: data of the threshold bench.
        decoded: utterances of the sets that were decoded, with the method that is best on dev.
        beside: name and figures of another run.
    """

    title: str
    fingerprint: str
    stages: Mapping[str, Counts]
    of_cuts: Overview
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    training: Mapping[str, Any] | None = None
    decoding: Sequence[Mapping[str, Any]] = ()
    truth: str = ""
    judged: Sequence[tuple[float, bool]] = ()
    judged_by: str = ""
    label_error: Mapping[str, Any] | None = None
    agreement: Sequence[str] = ()
    decisions: Mapping[str, int] = field(default_factory=dict)
    before: Figures = field(default_factory=dict)
    outdated: Sequence[str] = ()
    made: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    bench: Mapping[str, Any] | None = None
    decoded: Sequence[DecodedSet] = ()
    beside: tuple[str, Figures] = ("", {})


def page(found: Findings) -> str:
    """The whole page."""
    now = key_figures(found)
    sections = [
        _changes(now, found.before, "Since the report before", ("before", "now")),
        _changes(now, found.beside[1], f"Beside {found.beside[0]}", (found.beside[0], "here")),
        _harvest(found),
        _rejects(found),
        bench_section(found.bench),
        _measures(found),
        _confidence(found),
        _media(found),
        _examples(found),
        _review(found),
        _truth(found),
        _training(found),
        _decoding(found),
        *map(decoded_section, found.decoded),
    ]
    lead = tiles(_headline(found)) + explained(TERMS)
    scripts = {points_key(of_set): points_data(of_set) for of_set in found.decoded}
    if found.bench and found.bench["points"]:
        scripts["bench-data"] = script_data(found.bench)
    return document(
        found.title, found.fingerprint, [s for s in sections if s], page_data(now, found.before), lead,
        made(found.made, found.links), scripts,
    )  # fmt: skip


def key_figures(found: Findings) -> Figures:
    """What the next report compares itself with."""
    kept = found.of_cuts.outcomes["kept"]
    result = {
        "utterances kept": float(kept),
        "minutes kept": round(found.of_cuts.seconds["kept"] / 60, 3),
        "utterances to review": float(found.of_cuts.outcomes["review"]),
        **{f"rejected: {reason}": float(n) for reason, n in sorted(found.of_cuts.rejected.items())},
    }
    if rates := found.of_cuts.kept["cer"]:
        result["mean CER of kept, %"] = round(100 * sum(rates) / len(rates), 3)
    if found.training:
        result["best dev CER, %"] = round(100 * found.training["best_cer"], 3)
    for record in found.decoding:
        for name, of_set in record["sets"].items():
            rate = of_set["rows"][0]["rate"]
            result[f"CER, {record.get('method', '')} on {name}, %"] = round(100 * rate, 3)
    return result


def _headline(found: Findings) -> dict[str, str]:
    of_cuts = found.of_cuts
    captioned = sum(of_cuts.seconds.values())
    share = of_cuts.seconds["kept"] / captioned if captioned else 0.0
    values = {
        "kept": _duration(of_cuts.seconds["kept"]),
        "utterances kept": f"{of_cuts.outcomes['kept']}",
        "of the captioned time": f"{100 * share:.0f} %",
        "to review": f"{of_cuts.outcomes['review']}",
    }
    if rates := of_cuts.kept["cer"]:
        values["mean CER of kept text"] = f"{100 * sum(rates) / len(rates):.1f} %"
    if found.label_error:
        error = found.label_error
        values["estimated label error"] = f"{100 * error['rate']:.1f} %"
    if record := best_record(found.decoding):
        name, of_set = list(record["sets"].items())[-1]
        older = ", older than the data" if found.outdated else ""
        values[f"CER on {name}, {record.get('method', '')}{older}"] = (
            f"{100 * of_set['rows'][0]['rate']:.1f} %"
        )
    return values


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 2 * 3600 else f"{seconds / 60:.1f} min"


def _changes(now: Figures, before: Figures, name: str, names: tuple[str, str]) -> str:
    if not before:
        return ""
    rows = changes(now, before)
    if not rows:
        return section(name, paragraph("Nothing has changed."))
    return section(name, table(("figure", *names, "difference"), rows))


def _harvest(found: Findings) -> str:
    stages = found.stages
    minutes = {
        name: counts.accepted_sec / 60 for name, counts in stages.items() if counts.accepted_sec
    }
    minutes["export"] = found.of_cuts.seconds["kept"] / 60
    rows = [
        (n, c.items, c.accepted, c.review, c.rejected.total(), c.errors.total(), f"{c.accepted_sec / 60:.1f}")
        for n, c in stages.items()
    ]  # fmt: skip
    names = (
        "stage",
        "in",
        "accepted, with those to review",
        "to review",
        "rejected",
        "errors",
        "minutes accepted",
    )
    trimmed = found.of_cuts.trimmed
    parts = [
        figures.bars(minutes, "minutes accepted after each stage", "{:.1f}"),
        table(names, rows),
    ]
    if trimmed:
        parts.append(
            paragraph(
                f"{counted(trimmed['utterances'], 'utterance')} did not fit as a whole and were cut down to the part "
                f"that does; {trimmed['kept']} passed all checks, {trimmed['kept_ms'] / 60000:.1f} minutes."
            )
        )
    return section("From captions to data", *parts)


def _rejects(found: Findings) -> str:
    reasons = found.of_cuts.rejected
    if not reasons:
        return ""
    most = dict(reasons.most_common())
    columns = ["kept", "review", *list(most)[:MOST_REASONS]]
    sources = sorted(found.of_cuts.by_source.items(), key=lambda item: -item[1].total())
    return section(
        "Why utterances were rejected",
        figures.bars(most, "utterances rejected"),
        table(
            ("reason", "utterances", "what it means, and the setting"),
            [(reason, n, meaning(reason)) for reason, n in most.items()],
        ),
        shaded_table(("source", *columns), sources[:MOST_SOURCES], columns),
        paragraph(f"{counted(len(sources), 'source')}; the largest are shown.", soft=True),
    )


def _measures(found: Findings) -> str:
    of_cuts = found.of_cuts
    bins = [cer_bin(end if end < 10 else 10.0) for end in CER_BINS]
    drawn = [figures.binned(of_cuts.cer_bins["kept"], of_cuts.cer_bins["other"], bins, "CER, %")]
    drawn += [
        figures.histogram(of_cuts.kept[name], of_cuts.other[name], label, found.limits.get(name))
        for name, label in MEASURES.items()
    ]
    return section("Measures", beside(drawn))


def _confidence(found: Findings) -> str:
    if len(found.judged) < MIN_POINTS:
        return ""
    import numpy as np
    from sklearn.metrics import brier_score_loss

    scores = np.array([score for score, _ in found.judged])
    right = np.array([is_right for _, is_right in found.judged], dtype=float)
    num_bins = min(10, len(scores) // 4)
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, num_bins + 1)))
    owner = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, max(len(edges) - 2, 0))
    present = sorted(set(owner.tolist()))
    predicted = [float(scores[owner == i].mean()) for i in present]
    observed = [float(right[owner == i].mean()) for i in present]
    counts = [int((owner == i).sum()) for i in present]
    gaps = [abs(p - o) * n for p, o, n in zip(predicted, observed, counts, strict=True)]
    words = (
        f"{counted(len(scores), 'utterance')}, compared with {found.judged_by}. Expected calibration error "
        f"{sum(gaps) / len(scores):.3f}, Brier score {brier_score_loss(right, scores.clip(0, 1)):.3f}."
    )
    return section(
        "How far the confidence can be trusted",
        figures.reliability(predicted, observed, counts),
        paragraph(words),
    )


def _media(found: Findings) -> str:
    of_cuts = found.of_cuts
    ranked = sorted(of_cuts.media.items(), key=lambda item: item[1]["kept"] / item[1]["utterances"])
    worst, best = ranked[:MOST_MEDIA], ranked[::-1][:MOST_MEDIA]
    if len(ranked) <= 2 * MOST_MEDIA:
        worst, best = ranked[: len(ranked) // 2], ranked[len(ranked) // 2 :][::-1]

    def rows(chosen: Sequence[tuple[str, Mapping[str, int]]]) -> list[tuple[object, ...]]:
        return [
            (of_cuts.titles[m], c["utterances"], c["kept"], f"{100 * c['kept'] / c['utterances']:.0f} %", f"{c['kept_ms'] / 60000:.1f}")
            for m, c in chosen
        ]  # fmt: skip

    names = ("media", "utterances", "kept", "share", "minutes kept")
    return section(
        "Media",
        paragraph("Best yield"),
        table(names, rows(best)),
        paragraph("Worst yield"),
        table(names, rows(worst)),
    )


def _examples(found: Findings) -> str:
    order = ["kept", "review", *(reason for reason, _ in found.of_cuts.rejected.most_common())]
    rows = [
        (outcome, player(sound_of(cut)), _texts(cut), _figure(cut, "cer"), _figure(cut, "align_score"))
        for outcome in order
        for _, _, cut in sorted(found.of_cuts.examples.get(outcome, ()), reverse=True)
    ]  # fmt: skip
    return section(
        "Examples to listen to",
        table(
            ("outcome", "sound", "text, and what was heard", "CER", "confidence"),
            rows,
            classes="sorts cards",
        ),
    )


def _texts(cut: Cut) -> str:
    heard, caption = cut["custom"].get("hyp_text", ""), text_of(cut)
    return texts(caption, heard if " " in heard else respaced(heard, caption))


def _figure(cut: Cut, name: str) -> str:
    value = cut["custom"].get(name)
    return "" if value is None else f"{value:.3f}"


def _review(found: Findings) -> str:
    parts = [
        paragraph(
            f"Estimated label error of what was accepted unseen: {label_error_line(found.label_error).replace('`', '')}."
        )
    ]
    if found.decisions:
        parts.append(table(("decision", "utterances"), sorted(found.decisions.items())))
    parts += [paragraph(line) for line in found.agreement]
    return section("Review", *parts)


def _truth(found: Findings) -> str:
    if not found.truth:
        return ""
    lines = [[c.strip() for c in line.strip("|").split("|")] for line in found.truth.splitlines()]
    return section("Against the truth", table(lines[0], lines[2:]))


def _training(found: Findings) -> str:
    if not found.training:
        return ""
    curves = figures.training_curves(found.training["history"]) if found.training["history"] else ""
    older = [paragraph(_OLDER)] if "train" in found.outdated else []
    return section("Training", *older, paragraph(found.training["summary"]), curves)


_OLDER = "Older than the data: what it was made from, or a setting, has changed since. Run stages 11 and 12 again."


def _decoding(found: Findings) -> str:
    parts: list[str] = [paragraph(_OLDER)] if found.decoding and found.outdated else []
    for record in found.decoding:
        parts.append(paragraph(record["summary"]))
        parts.append(_rates(record))
    if found.decoding:
        last = found.decoding[-1]
        for name, of_set in last["sets"].items():
            parts += _confusions(name, of_set)
    return section("Decoding", *parts) if parts else ""


def _rates(record: Mapping[str, Any]) -> str:
    rows = [
        (name, row["measure"], f"{100 * row['rate']:.2f} %", f"{row['errors']} / {row['reference']}",
         f"{100 * row['ci95'][0]:.2f} to {100 * row['ci95'][1]:.2f}")
        for name, result in record["sets"].items()
        for row in result["rows"]
    ]  # fmt: skip
    return table(("set", "measure", "rate", "errors", "95 % interval"), rows)


def _confusions(name: str, of_set: Mapping[str, Any]) -> list[str]:
    confused = of_set.get("confusions")
    if not confused:
        return []
    row = of_set["rows"][0]
    kinds = {kind: row[kind] for kind in ("substitutions", "deletions", "insertions")}
    pairs = {f"{ref} → {hyp}": n for ref, hyp, n in confused[:MOST_REASONS]}
    drawn = [figures.bars(kinds, f"errors on {name}, by kind")]
    drawn.append(figures.bars(pairs, f"most confused on {name} (∅: nothing)"))
    return [beside(drawn)]
