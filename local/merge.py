"""Stage 8: the decisions of the review files merged back."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.manifests.runner import run_shard
from echoharvester.manifests.shards import read_cuts, read_info, shard_path
from echoharvester.review.edits import read_edits
from echoharvester.review.merge import edit_of_cut, merge_media, with_known_times

from common import Report, review_files, review_rules, sharded_step, side_input, stage_main


def main(cfg: DictConfig) -> None:
    step, rules = sharded_step(cfg, "merge"), review_rules(cfg)
    edits = read_edits(review_files(cfg), rules)
    before = shard_path(step.folder, step.target, cfg.shard)
    if read_info(before):  # else it is missing or damaged, and made anew
        with_known_times(edits, read_cuts(before))
    run_shard(
        step,
        cfg.shard,
        lambda cuts: merge_media(cuts, edits, rules.lexicon),
        side_input=side_input(cfg, "merge"),
        side_of=lambda cuts: [(c["id"], e.content) for c in cuts if (e := edit_of_cut(edits, c))],
        report=Report(),
    )


if __name__ == "__main__":
    stage_main(main)
