"""Values of the library that several stage scripts make from the same settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from echoharvester.asr.evidence import fitted_curve, read_curve
from echoharvester.asr.label_classifier import read_classifier
from echoharvester.asr.machine import UNLIKE, MachineRule, unlike
from echoharvester.asr.validate import CerThresholds
from echoharvester.errors import UserError
from echoharvester.manifests.shards import read_cuts
from echoharvester.models.device import by_hardware
from echoharvester.options import taken_by
from echoharvester.pipeline.facts import limits_of
from echoharvester.pipeline.recipe import Recipe
from echoharvester.review.decision import TextRules
from echoharvester.review.decisions import ReviewDecisions, from_rows
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


def cer_thresholds(cfg: DictConfig, recipe: Recipe) -> CerThresholds:
    """What decides between caption and hypothesis."""
    values = plain(cfg.validate)
    path, evidence = values["acceptance"], values["evidence"]
    curve = read_curve(evidence, by_hardware(plain(cfg.align))["kind"]) if evidence else None
    if values["refit"]:
        curve = fitted_curve(recipe.paths.evidence) or curve
    machine = MachineRule(
        values["max_cer_machine"], values["min_probability_machine"], values["review_margin"],
        unlike_models(cfg) if recipe.has("transcribe") else frozenset(),
    )  # fmt: skip
    return CerThresholds(
        **taken_by(CerThresholds, values),
        machine=machine,
        classifier=read_classifier(Path(path)) if path else None,
        curve=curve,
    ).with_probability()


def unlike_models(cfg: DictConfig) -> frozenset[str]:
    """Who listens besides `asr`, with another model: of `asr.machine.UNLIKE`."""
    return unlike({name: by_hardware(plain(cfg[name])) for name in ("asr", *UNLIKE)})


def review_plan(cfg: DictConfig, recipe: Recipe) -> ReviewPlan:
    """What is asked of whom."""
    options = plain(cfg.review)
    for key in ("media", "reviewers", "reasons"):  # Hydra reads 119 as a number
        options[key] = [str(value) for value in options[key]]
    options["text"] = None if options["text"] is None else str(options["text"])
    return ReviewPlan(
        Selection(**taken_by(Selection, options)),
        cer_thresholds(cfg, recipe).limit,
        StratifiedSample(options["accepted_sample"], options["sample_strata"], cfg.seed),
        Layout(**taken_by(Layout, options), seed=cfg.seed),
        Handout(**taken_by(Handout, options), title=f"{recipe.paths.name}: review"),
    )


def report_facts(recipe: Recipe) -> dict[str, Any]:
    """What the manifests tell a report, by the names of `Findings`."""
    older = [name for name in ("train", "decode") if recipe.fresh_summary(name) is None]
    remarks = (*review_remarks(recipe), *_review(recipe).work)
    return {"limits": limits_of(recipe), "agreement": remarks, "outdated": older}


def bench_limits(cfg: DictConfig, recipe: Recipe) -> dict[str, float | None]:
    """Thresholds that the report's bench begins with; None: that one does not decide."""
    filters, thresholds = recipe.made_with("filter"), cer_thresholds(cfg, recipe)
    judge = thresholds.classifier or thresholds.curve
    return {
        "label_probability": judge.threshold if judge else None,
        "cer_manual": thresholds.max_cer_manual, "cer_other": thresholds.max_cer_other,
        "snr_db": filters["filter.min_snr_db"], "align_score": filters["filter.min_align_score"],
    }  # fmt: skip


def review_remarks(recipe: Recipe) -> Sequence[str]:
    """How far reviewers agree, as stage 8 has found.

    Raises:
        UserError: if it has not run.
    """
    return _review(recipe).remarks


def _review(recipe: Recipe) -> ReviewDecisions:
    path = recipe.paths.review_edits
    if not path.exists():
        raise UserError(f"{path} is missing; run {recipe.stages['review_edits'].title}")
    return from_rows(read_cuts(path), lambda cut_id: False)
