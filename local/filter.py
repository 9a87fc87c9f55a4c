"""Stage 5, last: the judgement on every utterance, from its measures and the duplicates."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.dataset.filter import FilterConfig, judge_media
from echoharvester.manifests.cuts import shard_of
from echoharvester.manifests.shards import read_cuts
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    config = FilterConfig(**plain(cfg.filter))

    def of_shard(shard: int) -> ShardWork:
        duplicate_of = {
            found["cut_id"]: found["of"]
            for found in read_cuts(recipe.paths.duplicates)
            if shard_of(found["media_id"], cfg.num_shards) == shard
        }
        return ShardWork(
            lambda cuts: judge_media(cuts, config, duplicate_of),
            lambda cuts: [
                (c["id"], duplicate_of[c["id"]]) for c in cuts if c["id"] in duplicate_of
            ],
        )

    run_stage_shard(recipe, "filter", cfg.shard, of_shard)


if __name__ == "__main__":
    stage_main(main)
