"""Stage 8, last: the decisions of reviewers merged back."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.manifests.cuts import media_id_of, shard_of
from echoharvester.manifests.shards import Cut, read_cuts, read_info, shard_path
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.worker import ShardWork, run_stage_shard
from echoharvester.review.decisions import from_rows
from echoharvester.review.merge import decision_on, merge_media, with_known_times

from config import stage_main
from parts import text_rules


def main(cfg: DictConfig, recipe: Recipe) -> None:
    lexicon = text_rules(cfg).lexicon

    def of_shard(shard: int) -> ShardWork:
        decisions = from_rows(
            read_cuts(recipe.paths.review_edits),
            lambda cut_id: shard_of(media_id_of(cut_id), cfg.num_shards) == shard,
        )
        before = shard_path(recipe.paths.manifests, recipe.stages["merge"].target, shard)
        if read_info(before):  # else it is missing or damaged, and made anew
            decisions = with_known_times(decisions, read_cuts(before))

        def extra_of(cuts: list[Cut]) -> list[tuple[str, tuple[str, ...]]]:
            found = ((cut["id"], decision_on(decisions, cut)) for cut in cuts)
            return [(cut_id, decision.content) for cut_id, decision in found if decision]

        return ShardWork(lambda cuts: merge_media(cuts, decisions, lexicon), extra_of)

    run_stage_shard(recipe, "merge", cfg.shard, of_shard)


if __name__ == "__main__":
    stage_main(main)
