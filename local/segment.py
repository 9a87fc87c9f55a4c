"""Stage 3: captions parsed, cleaned, joined and cut into utterances."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.captions.segment import segment_media
from echoharvester.captions.utterances import SegmentConfig
from echoharvester.manifests.shards import Cut
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main
from parts import text_rules


def main(cfg: DictConfig, recipe: Recipe) -> None:
    options = taken_by(SegmentConfig, plain(cfg.segment))
    config, rules = SegmentConfig(**options), text_rules(cfg)

    def process(cuts: list[Cut]) -> list[Cut]:
        return [cut for media in cuts for cut in segment_media(media, config, **vars(rules))]

    run_stage_shard(recipe, "segment", cfg.shard, ShardWork(process))


if __name__ == "__main__":
    stage_main(main)
