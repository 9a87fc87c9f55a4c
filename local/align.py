"""Stage 4: word times and confidence from forced alignment."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.align import make_aligner
from echoharvester.align.calibration import read_calibration
from echoharvester.align.media import align_media
from echoharvester.audio.media import SoundPrefetcher
from echoharvester.manifests.shards import Cut
from echoharvester.models.hub import fetch
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    aligner, load = make_aligner(plain(cfg.align)), SoundPrefetcher()
    path = cfg.align.calibration if cfg.align.kind == "ctc" else None
    calibration = read_calibration(Path(path), fetch(cfg.align.model)) if path else None

    def process(cuts: list[Cut]) -> list[Cut]:
        return align_media(cuts, aligner, cfg.align.pad_sec, cfg.align.trim, load, calibration)

    run_stage_shard(recipe, "align", cfg.shard, process, prefetch=load.begin)


if __name__ == "__main__":
    stage_main(main)
