"""Stage 6: every utterance heard by a recogniser; accepted, rejected, or sent to review."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.asr import LateRecogniser, make_recogniser
from echoharvester.asr.validate import validate_media
from echoharvester.audio.media import SoundPrefetcher
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import with_custom
from echoharvester.manifests.shards import Cut
from echoharvester.models.device import by_hardware
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main
from parts import cer_thresholds


def main(cfg: DictConfig, recipe: Recipe) -> None:
    settings = [by_hardware(plain(cfg.asr)), by_hardware(plain(cfg.second_asr))]
    wanted = [s for s in settings if s["kind"] != "none"]
    if not wanted:
        raise UserError("asr=none: stage 6 needs a recogniser; second_asr may be none")
    used = " + ".join(s["kind"] for s in settings if s["kind"] != "none")
    thresholds, load = cer_thresholds(cfg, recipe), SoundPrefetcher()
    heard_by = f"{settings[0]['kind']} {settings[0].get('repo')} {settings[0].get('compute_type')}"
    # What stage 4 has heard with the same model is all that is needed, mostly: it is loaded if not.
    late = cfg.align.kind == "whisper" and settings[0]["kind"] == "faster_whisper"
    makers = [LateRecogniser if late and s is wanted[0] else make_recogniser for s in wanted]
    recognisers = [made for make, s in zip(makers, wanted, strict=True) if (made := make(s))]

    def process(cuts: list[Cut]) -> list[Cut]:
        done = validate_media(cuts, recognisers, thresholds, load, heard_by)
        return [with_custom(c, recogniser=used) if "cer" in c["custom"] else c for c in done]

    curve = recipe.extra("validate")
    work = ShardWork(process, extra_of=lambda cuts: curve, prefetch=load.begin)
    run_stage_shard(recipe, "validate", cfg.shard, work)


if __name__ == "__main__":
    stage_main(main)
