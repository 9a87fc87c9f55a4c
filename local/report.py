"""Stage 14: one HTML page about the run."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict

from omegaconf import DictConfig

from echoharvester.manifests.shards import Cut, read_all_cuts, read_cuts, write_atomic
from echoharvester.pipeline.outputs import is_synthetic
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import load_record
from echoharvester.report.confidence import judged_confidences
from echoharvester.report.gather import command, of_run
from echoharvester.report.overview import overview
from echoharvester.report.page import Findings, page
from echoharvester.report.truth import truth_table
from echoharvester.review.merge import count_decisions
from echoharvester.review.sample import label_error

from config import stage_main
from parts import bench_limits, report_facts


def main(cfg: DictConfig, recipe: Recipe) -> None:
    paths = recipe.paths
    truth = paths.truth if is_synthetic(recipe) and paths.truth.exists() else None

    def cuts() -> Iterator[Cut]:
        return read_all_cuts(paths.manifests, "cuts_reviewed")

    error = label_error(read_cuts(paths.review_rows) if paths.review_rows.exists() else (), cuts())
    judged, judged_by = judged_confidences(cuts(), read_cuts(truth) if truth else None)
    records = [(path, r) for path in paths.decode_records if (r := load_record(path))]
    given, name, other = sys.argv[1:], paths.recipe_dir.name, cfg.report.beside
    of_cuts, again = overview(cuts()), command(name, given, 5, 9)
    found = Findings(
        f"EchoHarvester: {paths.name}",
        recipe.fingerprint("report"),
        recipe.accounting(),
        of_cuts,
        training=load_record(paths.train_record),
        truth=truth_table(cuts(), read_cuts(truth)) if truth else "",
        judged=[*judged.values()],
        judged_by=judged_by,
        label_error=asdict(error) if error else None,
        **report_facts(recipe),
        decisions=count_decisions(cuts()),
        bench=of_cuts.bench.as_data(bench_limits(cfg, recipe), judged, again, judged_by),
        **of_run(name, given, paths.report, paths.data_dir, records, paths.split, other),
    )
    write_atomic(paths.report, page(found))
    print(f"stage 14 report: {paths.report}")


if __name__ == "__main__":
    stage_main(main)
