"""Figures of the report: matplotlib, as SVG text that an HTML page can hold."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

# Told apart by lightness as well as hue: readable in black and white, and to the colour-blind.
DARK, MIDDLE, LIGHT = "#0b3c5d", "#328cc1", "#d9b310"
plt.rcParams.update(
    {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "echo"}
)


def _svg(figure: Any) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    return re.sub(r"^.*?(?=<svg)", "", out.getvalue(), flags=re.DOTALL)


def funnel(hours: Mapping[str, float]) -> str:
    """Hours accepted after each stage, as bars from top to bottom."""
    figure, axes = plt.subplots(figsize=(6, 0.4 * len(hours) + 0.6))
    names, values = list(hours), [60 * h for h in hours.values()]
    bars = axes.barh(names, values, color=DARK)
    axes.bar_label(bars, [f"{v:.1f} min" for v in values], padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("minutes accepted so far")
    axes.margins(x=0.15)
    return _svg(figure)


def reasons(counts: Mapping[str, int]) -> str:
    """Rejects by reason, the most frequent first."""
    figure, axes = plt.subplots(figsize=(6, 0.35 * max(len(counts), 1) + 0.6))
    names = sorted(counts, key=lambda name: -counts[name])
    bars = axes.barh(names, [counts[name] for name in names], color=MIDDLE)
    axes.bar_label(bars, padding=3)
    axes.invert_yaxis()
    axes.set_xlabel("utterances rejected")
    axes.margins(x=0.1)
    return _svg(figure)


def histogram(
    kept: Sequence[float], other: Sequence[float], label: str, limit: float | None = None
) -> str:
    """A measure over kept and other utterances; `limit` marks the threshold."""
    figure, axes = plt.subplots(figsize=(3.6, 2.2))
    if [*kept, *other]:
        axes.hist(
            [kept, other], bins=30, stacked=True, color=[DARK, LIGHT], label=["kept", "not kept"]
        )
        axes.legend(frameon=False)
    if limit is not None:
        axes.axvline(limit, color="black", linestyle="--", linewidth=1)
    axes.set_xlabel(label)
    axes.set_ylabel("utterances")
    return _svg(figure)


def training_curves(history: Sequence[Mapping[str, float]]) -> str:
    """Losses and dev CER over epochs."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.4))
    epochs = [row["epoch"] for row in history]
    left.plot(epochs, [row["train_loss"] for row in history], "o-", color=DARK, label="train")
    left.plot(epochs, [row["dev_loss"] for row in history], "s--", color=LIGHT, label="dev")
    left.set_xlabel("epoch")
    left.set_ylabel("CTC loss per frame")
    left.legend(frameon=False)
    right.plot(epochs, [100 * row["dev_cer"] for row in history], "o-", color=DARK)
    right.set_xlabel("epoch")
    right.set_ylabel("dev CER without spaces, %")
    right.set_ylim(bottom=0)
    figure.tight_layout()
    return _svg(figure)
