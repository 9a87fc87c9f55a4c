"""Stage 5, last step: the judgement on every utterance, from its measures and the duplicates."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.dataset.filter import judge_media
from echoharvester.manifests.cuts import shard_of
from echoharvester.manifests.runner import run_shard
from echoharvester.manifests.shards import Cut, read_cuts

from common import (
    Report,
    duplicates_path,
    filter_config,
    sharded_step,
    side_input,
    stage_main,
)


def main(cfg: DictConfig) -> None:
    config = filter_config(cfg)
    duplicate_of = {
        found["cut_id"]: found["of"]
        for found in read_cuts(duplicates_path(cfg))
        if shard_of(found["media_id"], cfg.num_shards) == cfg.shard
    }

    def process(cuts: list[Cut]) -> list[Cut]:
        return judge_media(cuts, config, duplicate_of)

    run_shard(
        sharded_step(cfg, "filter"),
        cfg.shard,
        process,
        side_input=side_input(cfg, "filter"),
        side_of=lambda cuts: [
            (c["id"], duplicate_of[c["id"]]) for c in cuts if c["id"] in duplicate_of
        ],
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
