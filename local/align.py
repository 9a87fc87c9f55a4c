"""Stage 4: word times and confidence from forced alignment."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.align import make_aligner
from echoharvester.align.calibration import read_calibration
from echoharvester.align.media import MediaAlignment, align_media
from echoharvester.audio.media import SoundPrefetcher
from echoharvester.manifests.shards import Cut
from echoharvester.models.device import by_hardware
from echoharvester.models.hub import fetch
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    settings = by_hardware(plain(cfg.align))
    aligner, load = make_aligner(settings), SoundPrefetcher()
    path = settings["calibration"] if settings["kind"] == "ctc" else None
    calibration = read_calibration(Path(path), fetch(settings["model"])) if path else None
    config = MediaAlignment(
        settings["pad_sec"], settings["trim"], settings["join_sec"], calibration
    )

    def process(cuts: list[Cut]) -> list[Cut]:
        return align_media(cuts, aligner, config, load)

    run_stage_shard(recipe, "align", cfg.shard, ShardWork(process, prefetch=load.begin))


if __name__ == "__main__":
    stage_main(main)
