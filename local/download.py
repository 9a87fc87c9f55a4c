"""Stage 2: the sound of every media item on disk as 16 kHz mono flac, captions beside it."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.manifests.runner import run_shard
from echoharvester.sources.download import fetch, is_there

from common import report_progress, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    audio_dir = Path(cfg.data_dir).resolve() / "audio"
    run_shard(
        sharded_step(cfg, "download"),
        cfg.shard,
        lambda cuts: [fetch(cut, audio_dir, cfg.download.keep_original) for cut in cuts],
        holds=is_there,
        progress=report_progress,
    )


if __name__ == "__main__":
    stage_main(main)
