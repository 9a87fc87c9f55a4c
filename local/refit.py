"""Stage 6, first: the acceptance fitted on captions of this harvest, corrupted on purpose."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.align.witness import WitnessConfig, make_witness
from echoharvester.asr.evidence import write_fitted
from echoharvester.asr.evidence_fit import fit_on_harvest, hearing, media_to_fit
from echoharvester.models.device import by_hardware
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    if not cfg.validate.refit:
        return
    asked = hearing(by_hardware(plain(cfg.align)), by_hardware(plain(cfg.asr)))
    witness = None
    if cfg.witness.kind != "none":
        witness = make_witness(WitnessConfig(**taken_by(WitnessConfig, plain(cfg.witness))))
    media = media_to_fit(recipe.paths.manifests, 3600 * cfg.validate.refit_hours, cfg.seed)
    curve, summary = fit_on_harvest(media, asked, witness, cfg.validate.refit_precision, cfg.seed)
    write_fitted(recipe.paths.evidence, curve, recipe.fingerprint("refit"), summary)
    print(f"stage  6 refit: {summary}")


if __name__ == "__main__":
    stage_main(main)
