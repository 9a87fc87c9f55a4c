"""Stage 5, second: who speaks in each utterance, and where several do (with speakers=sherpa_onnx)."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.asr.speakers import Diariser, SpeakersConfig, speakers_media
from echoharvester.audio.media import SoundPrefetcher
from echoharvester.manifests.shards import Cut
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    diariser = Diariser(SpeakersConfig(**taken_by(SpeakersConfig, plain(cfg.speakers))))
    load = SoundPrefetcher()

    def process(cuts: list[Cut]) -> list[Cut]:
        return speakers_media(cuts, diariser.turns, load)

    run_stage_shard(recipe, "speakers", cfg.shard, ShardWork(process, prefetch=load.begin))


if __name__ == "__main__":
    stage_main(main)
