"""Stage 8, first: the review files read once: decisions, and whatever is wrong with them."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from echoharvester.manifests.accounting import counted
from echoharvester.manifests.shards import ShardWriter, known_rows, read_all_cuts, read_cuts
from echoharvester.pipeline.recipe import Recipe
from echoharvester.review.conflicts import write_conflicts
from echoharvester.review.decisions import from_rows, read_decisions, review_files, unread_files
from echoharvester.review.listening import refresh_pages
from echoharvester.review.merge import misfits, outdated
from echoharvester.review.planted import planted_texts
from echoharvester.review.taken_back import keep, taken_back

from config import stage_main
from parts import text_rules


def main(cfg: DictConfig, recipe: Recipe) -> None:
    paths, made_from = recipe.paths, recipe.fingerprint("review_edits")
    rows = read_cuts(paths.review_rows) if paths.review_rows.exists() else ()
    rules, planted = text_rules(cfg), planted_texts(rows)
    found = read_decisions(review_files(paths.review), rules, planted)
    problems = unread_files(paths.review)
    if found.decided or found.undecided:
        problems += misfits(found, read_all_cuts(paths.manifests, "cuts_validated"), rules.lexicon)
    old = outdated(found, read_all_cuts(paths.manifests, "cuts_validated") if found.decided else ())
    conflicts = write_conflicts(paths.review, found, old)
    gone = taken_back(from_rows(known_rows(paths.review_edits)), found)
    kept = keep(gone, paths.data_dir)
    pages = refresh_pages(paths.review)
    with ShardWriter(paths.review_edits) as writer:
        for row in found.rows(problems):
            writer.write(row)
        counts = {"decisions": len(found.decided), "conflicts": conflicts}
        writer.close("review_edits", made_from, "", counts)
    for problem in (*found.faults, *problems):
        print(f"review_edits: {problem}", file=sys.stderr)
    for remark in (*found.remarks, *found.work):
        print(f"review_edits: {remark}")
    lost = f", {len(gone)} of before taken back ({kept} keeps them)" if gone else ""
    again = f"; {counted(pages, 'page')} made again" if pages else ""
    print(f"stage  8 review_edits: {len(found.decided)} decisions in {paths.review}{lost}{again}")


if __name__ == "__main__":
    stage_main(main)
