"""Stage 3: captions parsed, cleaned, joined and cut into utterances."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from echoharvester.captions.segment import segment_media
from echoharvester.captions.utterances import SegmentConfig
from echoharvester.manifests.runner import run_shard

from common import Report, sharded_step, stage_main


def main(cfg: DictConfig) -> None:
    options = dict(OmegaConf.to_container(cfg.segment))  # type: ignore[arg-type]
    validity = {key: options.pop(key) for key in ("min_chars", "min_hangul_share")}
    lexicon = options.pop("lexicon")
    config = SegmentConfig(**options)
    validity["lexicon"] = Path(lexicon) if lexicon else None
    run_shard(
        sharded_step(cfg, "segment"),
        cfg.shard,
        lambda cuts: [c for media in cuts for c in segment_media(media, config, **validity)],
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
