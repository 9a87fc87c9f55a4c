"""What data were made with, for their card and their report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from echoharvester.models.device import by_hardware
from echoharvester.pipeline.recipe import Recipe


def card_settings(recipe: Recipe) -> dict[str, Any]:
    """The thresholds and models that the data were made with; models without where they lie here."""
    stages = {"asr": "validate", "second_asr": "validate"}
    found: dict[str, Any] = {}
    for group in "segment align measure duplicates filter asr second_asr validate".split():
        values = recipe.made_with(stages.get(group, group))
        of_group = {k: v for k, v in values.items() if k.startswith(f"{group}.")}
        found[group] = {k.removeprefix(f"{group}."): v for k, v in of_group.items()}
    if found["align"].get("kind") == "auto":
        found["align"] = dict(by_hardware(recipe.settings["align"]))
    # Where files lie here is nobody's business, and tells others nothing.
    return {
        group: {k: Path(v).name if str(v).startswith("/") else v for k, v in values.items()}
        for group, values in found.items()
    }


def limits_of(recipe: Recipe) -> dict[str, dict[str, float]]:
    """Thresholds that the data were made with, by measure, each with what it is for."""
    filters, validation = recipe.made_with("filter"), recipe.made_with("validate")
    names = ("min_align_score", "min_snr_db", "min_speech_ratio")
    limits = {name.removeprefix("min_"): {"least": filters[f"filter.{name}"]} for name in names}
    manual, other = (validation[f"validate.max_cer_{kind}"] for kind in ("manual", "other"))
    return {**limits, "cer": {"manual captions": manual, "other captions": other}}
