"""One HTML page about a run, with all its data inside."""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from echoharvester.manifests.accounting import REJECTED, Counts
from echoharvester.manifests.shards import Cut
from echoharvester.report import figures
from echoharvester.review.merge import exportable

MEASURES = {
    "cer": "CER without spaces",
    "align_score": "alignment score",
    "snr_db": "SNR, dB",
    "speech_ratio": "speech ratio",
    "syllables_per_sec": "syllables per second of speech",
    "duration_sec": "duration, s",
}
MAX_POINTS = 20000  # of each histogram: enough to draw, whatever the size of the data
EXAMPLES = 12

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
h1,h2{line-height:1.2}table{border-collapse:collapse;margin:.5rem 0;display:block;overflow-x:auto}
td,th{border:1px solid #bbb;padding:.2rem .5rem;text-align:left;vertical-align:top}
th{background:#eee}.figures{display:flex;flex-wrap:wrap;gap:1rem}svg{max-width:100%;height:auto}
.num{text-align:right}
"""


@dataclass
class Overview:
    """What the page needs of the cuts, gathered in one pass."""

    kept: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    other: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    reasons: Counter[str] = field(default_factory=Counter)
    media: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    examples: dict[str, list[Cut]] = field(default_factory=lambda: defaultdict(list))

    def add(self, cut: Cut) -> None:
        custom = cut["custom"]
        is_kept = exportable(cut)
        group = self.kept if is_kept else self.other
        for name in MEASURES:
            value = cut["duration"] if name == "duration_sec" else custom.get(name)
            if value is not None and len(group[name]) < MAX_POINTS:
                group[name].append(float(value))
        row = self.media[str(custom.get("title", custom["media_id"]))]
        row["utterances"] += 1
        row["kept"] += is_kept
        row["kept_ms"] += round(1000 * cut["duration"]) if is_kept else 0
        kind = "kept" if is_kept else custom.get("reason", custom["status"])
        if custom["status"] == REJECTED:
            self.reasons[custom["reason"]] += 1
        if cut["supervisions"] and len(self.examples[kind]) < EXAMPLES // 3:
            self.examples[kind].append(cut)


def overview(cuts: Iterable[Cut]) -> Overview:
    result = Overview()
    for cut in cuts:
        result.add(cut)
    return result


def page(
    title: str,
    fingerprint: str,
    stages: Mapping[str, Counts],
    of_cuts: Overview,
    limits: Mapping[str, float],
    training: Mapping[str, Any] | None,
    decoding: Mapping[str, Any] | None,
    truth: str = "",
) -> str:
    """The whole page.

    Args:
        fingerprint: of what the page was made from, kept in its head.
        stages: accounting by stage.
        limits: threshold of a measure, where it has one.
        training, decoding: records of stages 11 and 12.
        truth: a Markdown table of figures against the truth, where that is known.
    """
    parts = [f"<h1>{html.escape(title)}</h1>", *_harvest(stages, of_cuts, limits)]
    if truth:
        parts += ["<h2>Against the truth</h2>", _markdown_table(truth)]
    if training:
        parts += ["<h2>Training</h2>", f"<p>{html.escape(training['summary'])}</p>"]
        parts.append(figures.training_curves(training["history"]))
    if decoding:
        parts += [
            "<h2>Decoding</h2>",
            f"<p>{html.escape(decoding['summary'])}</p>",
            _rates(decoding),
        ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="fingerprint" content="{fingerprint}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _harvest(
    stages: Mapping[str, Counts], of_cuts: Overview, limits: Mapping[str, float]
) -> list[str]:
    hours = {name: counts.accepted_sec / 3600 for name, counts in stages.items()}
    rows = [
        (
            name,
            c.items,
            c.accepted,
            c.review,
            c.rejected.total(),
            c.errors.total(),
            f"{hours[name]:.3f}",
        )
        for name, c in stages.items()
    ]
    drawn = [
        figures.histogram(of_cuts.kept[name], of_cuts.other[name], label, limits.get(name))
        for name, label in MEASURES.items()
    ]
    media = [
        (title, c["utterances"], c["kept"], f"{c['kept_ms'] / 60000:.2f}")
        for title, c in sorted(of_cuts.media.items(), key=lambda item: -item[1]["kept_ms"])
    ][:200]
    examples = [
        (
            kind,
            _text(cut),
            cut["custom"].get("hyp_text", ""),
            _figure(cut, "cer"),
            _figure(cut, "align_score"),
        )
        for kind, cuts in sorted(of_cuts.examples.items())
        for cut in cuts
    ]
    return [
        "<h2>From captions to data</h2>",
        figures.funnel(hours),
        _table(
            ("stage", "in", "accepted", "to review", "rejected", "errors", "hours accepted"), rows
        ),
        "<h2>Why utterances were rejected</h2>",
        figures.reasons(of_cuts.reasons),
        "<h2>Measures</h2>",
        f'<div class="figures">{"".join(drawn)}</div>',
        "<h2>Media</h2>",
        _table(("media", "utterances", "kept", "minutes kept"), media),
        "<h2>Examples</h2>",
        _table(("outcome", "text", "heard", "CER", "alignment"), examples),
    ]


def _text(cut: Cut) -> str:
    return str(cut["supervisions"][0]["text"])


def _figure(cut: Cut, name: str) -> str:
    value = cut["custom"].get(name)
    return "" if value is None else f"{value:.3f}"


def _rates(decoding: Mapping[str, Any]) -> str:
    rows = [
        (name, row["measure"], f"{100 * row['rate']:.2f} %", f"{row['errors']} / {row['reference']}",
         f"{100 * row['ci95'][0]:.2f} to {100 * row['ci95'][1]:.2f}")
        for name, result in decoding["sets"].items()
        for row in result["rows"]
    ]  # fmt: skip
    return _table(("set", "measure", "rate", "errors", "95 % interval"), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _markdown_table(text: str) -> str:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return _table(lines[0], lines[2:])
