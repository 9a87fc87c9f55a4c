"""Stage 4: word times and confidence from forced alignment."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from echoharvester.align import make_aligner
from echoharvester.align.media import align_media
from echoharvester.audio.media import SoundAhead
from echoharvester.manifests.runner import run_shard

from common import report_progress, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    aligner = make_aligner(OmegaConf.to_container(cfg.align, resolve=True))  # type: ignore[arg-type]
    load = SoundAhead()
    run_shard(
        sharded_step(cfg, "align"),
        cfg.shard,
        lambda cuts: align_media(cuts, aligner, cfg.align.pad_sec, cfg.align.salvage, load),
        ahead=load.begin,
        progress=report_progress,
    )


if __name__ == "__main__":
    stage_main(main)
