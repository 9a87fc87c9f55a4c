"""Stage 8, last: the decisions of reviewers merged back."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.manifests.cuts import media_id_of, shard_of
from echoharvester.manifests.shards import read_cuts, read_info, shard_path
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import run_stage_shard
from echoharvester.review.decisions import from_rows
from echoharvester.review.merge import decision_on, merge_media, with_known_times

from config import stage_main
from parts import text_rules


def main(cfg: DictConfig, recipe: Recipe) -> None:
    lexicon = text_rules(cfg).lexicon
    decisions = from_rows(
        read_cuts(recipe.paths.review_edits),
        lambda cut_id: shard_of(media_id_of(cut_id), cfg.num_shards) == cfg.shard,
    )
    before = shard_path(recipe.paths.manifests, recipe.stages["merge"].target, cfg.shard)
    if read_info(before):  # else it is missing or damaged, and made anew
        decisions = with_known_times(decisions, read_cuts(before))
    run_stage_shard(
        recipe,
        "merge",
        cfg.shard,
        lambda cuts: merge_media(cuts, decisions, lexicon),
        extra_of=lambda cuts: [
            (c["id"], d.content) for c in cuts if (d := decision_on(decisions, c))
        ],
    )


if __name__ == "__main__":
    stage_main(main)
