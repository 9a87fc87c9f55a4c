"""Stage 2: the sound of every media item on disk as 16 kHz mono flac, captions beside it."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.manifests.shards import Cut
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard
from echoharvester.sources import make_site
from echoharvester.sources.download import fetch

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    data_dir, keep_original = recipe.paths.data_dir.resolve(), cfg.download.keep_original
    site = make_site(plain(cfg.network), data_dir)

    def process(cuts: list[Cut]) -> list[Cut]:
        return [fetch(cut, data_dir / "audio", keep_original, site) for cut in cuts]

    run_stage_shard(recipe, "download", cfg.shard, ShardWork(process))


if __name__ == "__main__":
    stage_main(main)
