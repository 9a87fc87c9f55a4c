"""Stage 9: everything accepted as Lhotse Shar, with manifest, statistics and data card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from echoharvester.dataset.card import data_card
from echoharvester.dataset.join import with_merged
from echoharvester.dataset.release import ReleaseConfig, write_release
from echoharvester.manifests.shards import Cut, read_all_cuts, read_cuts
from echoharvester.manifests.takedown import read_takedown
from echoharvester.options import taken_by
from echoharvester.pipeline.facts import card_settings
from echoharvester.pipeline.recipe import Recipe
from echoharvester.review.sample import label_error

from config import plain, stage_main
from parts import review_remarks


def main(cfg: DictConfig, recipe: Recipe) -> None:
    paths, options = recipe.paths, plain(cfg.export)
    release = taken_by(ReleaseConfig, options)
    folders, remarks = list(map(Path, options["merge_shar_dirs"])), review_remarks(recipe)

    def cuts(left_out: Counter[str]) -> Iterator[Cut]:
        gone, own = read_takedown(paths.data_dir), read_all_cuts(paths.manifests, "cuts_reviewed")
        into = paths.audio / "joined"
        return with_merged(own, folders, into, left_out, lambda cut: not gone.concerns(cut))

    def card(values: Mapping[str, Any], identity: str) -> dict[str, Any]:
        rows = read_cuts(paths.review_rows) if paths.review_rows.exists() else ()
        error = label_error(rows, read_all_cuts(paths.manifests, "cuts_reviewed"))
        name = options["name"] or paths.name
        return data_card(
            name, dict(values), recipe.yields(), card_settings(recipe), identity, error, remarks
        )

    made_from = recipe.fingerprint("export")
    config = ReleaseConfig(**release)
    for line in write_release(
        cuts, paths.data_dir, paths.dataset_manifest, made_from, card, config
    ):
        print(f"stage  9 export: {line}")


if __name__ == "__main__":
    stage_main(main)
