"""Stage 6: every utterance heard by a recogniser; accepted, rejected, or sent to review."""

from __future__ import annotations

from omegaconf import DictConfig, OmegaConf

from echoharvester.asr import make_recogniser
from echoharvester.asr.validate import Gate, validate_media
from echoharvester.manifests.runner import run_shard

from common import report_progress, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    recogniser = make_recogniser(OmegaConf.to_container(cfg.asr, resolve=True))  # type: ignore[arg-type]
    gate = Gate(**OmegaConf.to_container(cfg.validate))  # type: ignore[arg-type]
    run_shard(
        sharded_step(cfg, "validate"),
        cfg.shard,
        lambda cuts: validate_media(cuts, recogniser, gate),
        progress=report_progress,
    )


if __name__ == "__main__":
    stage_main(main)
