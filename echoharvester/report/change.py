"""What changed since the report before: each page holds its own figures for the next one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from echoharvester.review.listening import script_data

Figures = dict[str, float]
_DATA = re.compile(r'<script id="figures" type="application/json">(.*?)</script>', re.DOTALL)


def figures_of(path: Path) -> tuple[Figures, Figures]:
    """The figures of the page that is there, and those of the one before it; empty without one."""
    try:
        match = _DATA.search(path.read_text(encoding="utf-8"))
        values = json.loads(match[1]) if match else {}
        return dict(values.get("now", {})), dict(values.get("before", {}))
    except (OSError, ValueError, AttributeError, TypeError):
        return {}, {}


def page_data(now: Mapping[str, float], before: Mapping[str, float]) -> str:
    """The figures as a page holds them."""
    return script_data({"now": now, "before": before})


def changes(
    now: Mapping[str, float], before: Mapping[str, float]
) -> list[tuple[str, str, str, str]]:
    """Name, before, now and difference of every figure that is another."""
    rows = []
    for name in {**now, **before}:
        old, new = before.get(name), now.get(name)
        if old is not None and new is not None and abs(old - new) < 5e-5:
            continue
        difference = "" if old is None or new is None else f"{new - old:+.4g}"
        rows.append((name, _number(old), _number(new), difference))
    return rows


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}" if value % 1 else f"{value:.0f}"
