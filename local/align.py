"""Stage 4: word times and confidence from forced alignment, and what a second witness says of it."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.align import make_aligner
from echoharvester.align.calibration import read_calibration
from echoharvester.align.media import CaptionTimes, MediaAlignment, align_media
from echoharvester.align.witness import AlignedBefore, WitnessConfig, make_witness, witnessed_media
from echoharvester.audio.media import SoundPrefetcher
from echoharvester.manifests.shards import Cut
from echoharvester.models.device import by_hardware
from echoharvester.models.hub import fetch
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    asked = None
    if cfg.witness.kind != "none":
        asked = WitnessConfig(**taken_by(WitnessConfig, plain(cfg.witness)))
    before = asked.aligned if asked else None
    load = SoundPrefetcher()
    witness = make_witness(asked) if asked else None
    settings = by_hardware(plain(cfg.align))
    aligner = CaptionTimes() if before else make_aligner(settings)  # it is not asked
    path = settings["calibration"] if settings["kind"] == "ctc" and not before else None
    calibration = read_calibration(Path(path), fetch(settings["model"])) if path else None
    config = MediaAlignment(
        settings["pad_sec"], settings["trim"], settings["join_sec"], calibration
    )

    def work(shard: int) -> ShardWork:
        kept = AlignedBefore(Path(before), shard) if before else None

        def process(cuts: list[Cut]) -> list[Cut]:
            found = kept.of(cuts) if kept else align_media(cuts, aligner, config, load)
            return witnessed_media(found, witness, asked, load) if witness and asked else found

        return ShardWork(process, prefetch=load.begin)

    run_stage_shard(recipe, "align", cfg.shard, work)


if __name__ == "__main__":
    stage_main(main)
