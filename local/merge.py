"""Stage 8: the decisions of the review files merged back."""

from __future__ import annotations

import logging
from pathlib import Path

from omegaconf import DictConfig

from echoharvester.manifests.runner import run_shard
from echoharvester.review.merge import merge_media, read_edits

from common import report_progress, sharded_step, side_input, stage_main


def main(cfg: DictConfig) -> None:
    edits = read_edits((Path(cfg.data_dir) / "review").glob("*.tsv"))
    for problem in edits.problems:
        logging.warning("%s", problem)
    lexicon = Path(cfg.segment.lexicon) if cfg.segment.lexicon else None
    run_shard(
        sharded_step(cfg, "merge"),
        cfg.shard,
        lambda cuts: merge_media(cuts, edits, lexicon),
        side_input=side_input(cfg, "merge"),
        side_of=lambda cuts: [vars(edits.by_id[c["id"]]) for c in cuts if c["id"] in edits.by_id],
        progress=report_progress,
    )


if __name__ == "__main__":
    stage_main(main)
