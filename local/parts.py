"""Values of the library that several stage scripts make from the same settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from echoharvester.asr.evidence import read_curve
from echoharvester.asr.label_classifier import read_classifier
from echoharvester.asr.validate import CerThresholds
from echoharvester.errors import UserError
from echoharvester.manifests.shards import read_cuts
from echoharvester.models.device import by_hardware
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.review.decision import TextRules
from echoharvester.review.decisions import from_rows
from echoharvester.review.hand_out import Handout, ReviewPlan
from echoharvester.review.layout import Layout
from echoharvester.review.sample import StratifiedSample
from echoharvester.review.select import Selection

from config import plain


def text_rules(cfg: DictConfig) -> TextRules:
    """What a text must be, of a caption or of a correction."""
    segment = cfg.segment
    lexicon = Path(segment.lexicon) if segment.lexicon else None
    return TextRules(segment.min_chars, segment.min_hangul_share, lexicon)


def cer_thresholds(cfg: DictConfig) -> CerThresholds:
    """What decides between caption and hypothesis."""
    values = plain(cfg.validate)
    path, evidence = values.pop("acceptance"), values.pop("evidence")
    return CerThresholds(
        **values,
        classifier=read_classifier(Path(path)) if path else None,
        curve=read_curve(evidence, by_hardware(plain(cfg.align))["kind"]) if evidence else None,
    )


def review_plan(cfg: DictConfig, recipe: Recipe) -> ReviewPlan:
    """What is asked of whom."""
    options = plain(cfg.review)
    for key in ("media", "reviewers", "reasons"):  # Hydra reads 119 as a number
        options[key] = [str(value) for value in options[key]]
    options["text"] = None if options["text"] is None else str(options["text"])
    return ReviewPlan(
        Selection(**taken_by(Selection, options)),
        cer_thresholds(cfg).limit,
        StratifiedSample(options["accepted_sample"], options["sample_strata"], cfg.seed),
        Layout(**taken_by(Layout, options), seed=cfg.seed),
        Handout(**taken_by(Handout, options), title=f"{recipe.paths.recipe_dir.name}: review"),
    )


def card_settings(recipe: Recipe) -> dict[str, Any]:
    """The thresholds and models that a data card names; models without where they lie here."""
    groups = "segment align measure duplicates filter asr second_asr validate".split()
    found = {name: dict(recipe.settings[name]) for name in groups}
    found["align"] = dict(by_hardware(found["align"]))
    for name in ("align", "asr"):
        if "model" in found[name]:
            found[name]["model"] = Path(str(found[name]["model"])).name
    return found


def report_limits(cfg: DictConfig) -> dict[str, float]:
    """Thresholds that the report draws, by measure."""
    return {
        "cer": cfg.validate.max_cer_manual,
        "align_score": cfg.filter.min_align_score,
        "snr_db": cfg.filter.min_snr_db,
        "speech_ratio": cfg.filter.min_speech_ratio,
    }


def review_remarks(recipe: Recipe) -> Sequence[str]:
    """How far reviewers agree, as stage 8 has found.

    Raises:
        UserError: if it has not run.
    """
    path = recipe.paths.review_edits
    if not path.exists():
        raise UserError(f"{path} is missing; run {recipe.stages['review_edits'].title}")
    return from_rows(read_cuts(path)).remarks
