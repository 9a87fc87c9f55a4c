"""Stage 3, first: with source.uncaptioned=transcribe, captions by a recogniser where there are none."""

from __future__ import annotations

from functools import cache

from omegaconf import DictConfig

from echoharvester.asr import make_recogniser
from echoharvester.asr.base import Recogniser
from echoharvester.asr.transcribe import TranscribeConfig, transcribe_media
from echoharvester.errors import UserError
from echoharvester.manifests.shards import Cut
from echoharvester.models.device import by_hardware
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    if cfg.asr.kind == "none":
        raise UserError("asr=none: source.uncaptioned=transcribe needs a recogniser")
    settings, config = by_hardware(plain(cfg.asr)), TranscribeConfig(**plain(cfg.transcribe))

    @cache
    def recogniser() -> Recogniser:
        made = make_recogniser(settings)
        assert made
        return made

    name = f"{settings['kind']} {settings.get('repo') or settings.get('model')}"
    audio = recipe.paths.data_dir.resolve() / "audio"

    def process(cuts: list[Cut]) -> list[Cut]:
        return [
            transcribe_media(cut, recogniser, config, audio / cut["id"][:2], name) for cut in cuts
        ]

    run_stage_shard(recipe, "transcribe", cfg.shard, ShardWork(process))


if __name__ == "__main__":
    stage_main(main)
