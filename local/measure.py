"""Stage 5, first: what can be measured of the sound of every utterance."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.audio.media import SoundPrefetcher
from echoharvester.audio.vad import VadConfig
from echoharvester.dataset.measure import measure_media
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    vad, load = VadConfig(**plain(cfg.measure)), SoundPrefetcher()
    work = ShardWork(lambda cuts: measure_media(cuts, vad, load), prefetch=load.begin)
    run_stage_shard(recipe, "measure", cfg.shard, work)


if __name__ == "__main__":
    stage_main(main)
