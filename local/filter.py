"""Stage 5: duration, SNR, speech ratio, rate, clipping, alignment score."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from echoharvester.audio.vad import VadConfig
from echoharvester.dataset.filter import FilterConfig, filter_media
from echoharvester.manifests.runner import run_shard

from common import report_progress, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    options = dict(OmegaConf.to_container(cfg.filter))  # type: ignore[arg-type]
    vad = VadConfig(**{k[4:]: options.pop(k) for k in list(options) if k.startswith("vad_")})
    config = FilterConfig(**options)
    run_shard(
        sharded_step(cfg, "filter"),
        cfg.shard,
        lambda cuts: filter_media(cuts, config, vad),
        progress=report_progress,
    )


if __name__ == "__main__":
    stage_main(main)
