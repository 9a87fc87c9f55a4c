"""Stage 4: word times and confidence from forced alignment."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from echoharvester.align import make_aligner
from echoharvester.align.calibration import read_calibration
from echoharvester.align.media import align_media
from echoharvester.audio.media import SoundAhead
from echoharvester.manifests.runner import run_shard
from echoharvester.manifests.shards import Cut
from echoharvester.models.hub import fetch

from common import Report, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    aligner = make_aligner(OmegaConf.to_container(cfg.align, resolve=True))  # type: ignore[arg-type]
    load, path = SoundAhead(), cfg.align.calibration if cfg.align.kind == "ctc" else None
    calibration = read_calibration(Path(path), fetch(cfg.align.model)) if path else None

    def process(cuts: list[Cut]) -> list[Cut]:
        return align_media(cuts, aligner, cfg.align.pad_sec, cfg.align.salvage, load, calibration)

    run_shard(
        sharded_step(cfg, "align"),
        cfg.shard,
        process,
        ahead=load.begin,
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
