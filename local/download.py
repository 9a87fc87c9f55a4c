"""Stage 2: the sound of every media item on disk as 16 kHz mono flac, captions beside it."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.manifests.runner import run_shard
from echoharvester.sources import make_site
from echoharvester.sources.download import fetch, is_there

from common import Report, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    data_dir = Path(cfg.data_dir).resolve()
    site = make_site(cfg.network, data_dir)
    run_shard(
        sharded_step(cfg, "download"),
        cfg.shard,
        lambda cuts: [
            fetch(cut, data_dir / "audio", cfg.download.keep_original, site) for cut in cuts
        ],
        holds=is_there,
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
