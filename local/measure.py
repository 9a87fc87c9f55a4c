"""Stage 5, first step: what can be measured of the sound of every utterance."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.audio.media import SoundAhead
from echoharvester.audio.vad import VadConfig
from echoharvester.dataset.measure import measure_media
from echoharvester.manifests.runner import run_shard

from common import Report, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    vad, load = VadConfig(**cfg.measure), SoundAhead()
    run_shard(
        sharded_step(cfg, "measure"),
        cfg.shard,
        lambda cuts: measure_media(cuts, vad, load),
        ahead=load.begin,
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
