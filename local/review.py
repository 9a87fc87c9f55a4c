"""Stage 7: what is doubtful, as TSV files for people with a page to listen with; edits are kept."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.manifests.accounting import counted
from echoharvester.manifests.shards import ShardWriter, read_all_cuts, read_cuts
from echoharvester.pipeline.recipe import Recipe
from echoharvester.review.hand_out import hand_out

from config import stage_main
from parts import review_plan

MAX_NAMED = 40  # files that the header of the manifest can name


def main(cfg: DictConfig, recipe: Recipe) -> None:
    paths = recipe.paths
    with ShardWriter(paths.review_rows) as writer:
        done = hand_out(
            review_plan(cfg, recipe),
            paths.review,
            read=lambda: read_all_cuts(paths.manifests, "cuts_validated"),
            previous=read_cuts(paths.review_rows) if paths.review_rows.exists() else (),
        )
        for cut in done.cuts:
            writer.write(cut)
        counts = {"files": done.files[:MAX_NAMED]}
        writer.close("review", recipe.fingerprint("review"), "", counts)
    left = f" of {done.offered} that are asked for" if done.offered > done.selected else ""
    print(
        f"stage  7 review: {done.selected} doubtful{left} and {done.sampled} accepted cuts as a sample "
        f"in {counted(len(done.files), 'file')} of {paths.review}, {done.decided} decided"
    )


if __name__ == "__main__":
    stage_main(main)
