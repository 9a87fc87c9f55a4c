"""Figures of the report: matplotlib, as SVG text that an HTML page can hold."""

from __future__ import annotations

import io
import logging
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from markupsafe import Markup, escape

# Told apart by lightness and by hatching, not by hue: readable in black and white, and to the
# colour-blind.
DARK, MIDDLE, LIGHT = "#0b3c5d", "#5b8fb9", "#d8dee6"
HATCH = "////"
_LINES = ("--", ":", "-.")
plt.rcParams.update({
    "font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "echo",
    "svg.fonttype": "none",  # text stays text: the reader's fonts have Hangul, ours may not
    "font.sans-serif": ["DejaVu Sans"], "hatch.linewidth": 0.5, "hatch.color": "#7a8694",
})  # fmt: skip
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def _svg(figure: Any, alt: str) -> Markup:
    out = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure.savefig(out, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    svg = re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{escape(alt)}" ', 1))


def bars(values: Mapping[str, float], label: str, form: str = "{:.0f}") -> Markup:
    """One bar a name, from top to bottom, with its value behind it."""
    figure, axes = plt.subplots(figsize=(6.4, 0.34 * max(len(values), 1) + 0.6))
    drawn = axes.barh(list(values), list(values.values()), color=DARK)
    axes.bar_label(drawn, [form.format(v) for v in values.values()], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.margins(x=0.15)
    return _svg(figure, label)


def histogram(
    kept: Sequence[float],
    other: Sequence[float],
    label: str,
    limits: Mapping[str, float] | None = None,
) -> Markup:
    """A measure over kept and other utterances; `limits` marks thresholds, by what each is for."""
    figure, axes = plt.subplots(figsize=(3.6, 2.2))
    everything = np.array([*kept, *other])
    if len(everything):
        # A few extremes must not squeeze all else into one bar.
        low, high = np.percentile(everything, [0.5, 99.5])
        edges = np.linspace(low, max(high, low + 1e-6), 31)
        drawn = [np.clip(kept, low, high), np.clip(other, low, high)]
        axes.hist(
            drawn,
            bins=list(edges),
            stacked=True,
            color=[DARK, LIGHT],
            hatch=["", HATCH],
            label=["kept", "not kept"],
        )
    for (name, limit), style in zip((limits or {}).items(), _LINES, strict=False):
        axes.axvline(limit, color="black", linestyle=style, linewidth=1, label=f"{name}: {limit:g}")
    if len(everything):
        axes.legend(frameon=False, fontsize=7)
    axes.set_xlabel(label)
    axes.set_ylabel("utterances")
    return _svg(figure, f"distribution of {label}")


def binned(
    kept: Mapping[str, int], other: Mapping[str, int], bins: Sequence[str], label: str
) -> Markup:
    """Counts of kept and other utterances by named bin."""
    figure, axes = plt.subplots(figsize=(3.6, 2.2))
    own = [kept.get(name, 0) for name in bins]
    axes.bar(bins, own, color=DARK, label="kept")
    drawn = axes.bar(
        bins, [other.get(name, 0) for name in bins], bottom=own, color=LIGHT, hatch=HATCH, label="not kept"
    )  # fmt: skip
    axes.bar_label(drawn, [str(kept.get(n, 0) + other.get(n, 0)) for n in bins], fontsize=7)
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlabel(label)
    axes.legend(frameon=False)
    return _svg(figure, label)


def reliability(
    predicted: Sequence[float], observed: Sequence[float], counts: Sequence[int]
) -> Markup:
    """What share was right, by confidence; on the diagonal a confidence means what it says."""
    figure, axes = plt.subplots(figsize=(3.6, 3.0))
    axes.plot([0, 1], [0, 1], color="black", linestyle=":", linewidth=1)
    axes.plot(predicted, observed, "o-", color=DARK)
    for x, y, count in zip(predicted, observed, counts, strict=True):
        axes.annotate(str(count), (x, y), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set_xlim(0, 1.02)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("confidence (mean of the bin)")
    axes.set_ylabel("share with exactly the right text")
    return _svg(figure, "reliability of the confidence")


def training_curves(history: Sequence[Mapping[str, float]]) -> Markup:
    """Losses and dev CER over epochs."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4))
    epochs = [row["epoch"] for row in history]
    left.plot(epochs, [row["train_loss"] for row in history], "o-", color=DARK, label="train")
    left.plot(epochs, [row["dev_loss"] for row in history], "s--", color=MIDDLE, label="dev")
    left.set_xlabel("epoch")
    left.set_ylabel("CTC loss per frame")
    left.legend(frameon=False)
    right.plot(epochs, [100 * row["dev_cer"] for row in history], "o-", color=DARK)
    right.set_xlabel("epoch")
    right.set_ylabel("dev CER without spaces, %")
    right.set_ylim(bottom=0)
    figure.tight_layout()
    return _svg(figure, "training curves")


def rounds_curve(minutes: Sequence[float], rates: Mapping[str, Sequence[float | None]]) -> Markup:
    """Speech kept, and error rates by set, over rounds."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4))
    numbers = list(range(1, len(minutes) + 1))
    left.plot(numbers, minutes, "o-", color=DARK)
    left.set_ylabel("minutes kept")
    for (name, found), marker, color in zip(
        rates.items(), ("o-", "s--"), (DARK, MIDDLE), strict=True
    ):
        points = [
            (n, 100 * rate) for n, rate in zip(numbers, found, strict=True) if rate is not None
        ]
        if points:
            right.plot(*zip(*points, strict=True), marker, color=color, label=name)
    right.set_ylabel("CER, %")
    right.legend(frameon=False)
    for axes in (left, right):
        axes.set_xlabel("round")
        axes.set_xticks(numbers)
        axes.set_ylim(bottom=0)
    figure.tight_layout()
    return _svg(figure, "speech kept and error rates over rounds")
