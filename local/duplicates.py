"""Stage 5, second: utterances that lie in two media, a short pass over all shards."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.dataset.duplicates import find_duplicates
from echoharvester.dataset.filter import FilterConfig, media_to_keep
from echoharvester.manifests.shards import ShardWriter, read_all_cuts
from echoharvester.pipeline.outputs import duplicates_line
from echoharvester.pipeline.recipe import Recipe

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    made_from, filters = recipe.fingerprint("duplicates"), FilterConfig(**plain(cfg.filter))
    num_media, found = find_duplicates(
        lambda: media_to_keep(read_all_cuts(recipe.paths.manifests, "cuts_measured"), filters),
        **plain(cfg.duplicates),
    )
    count = 0
    with ShardWriter(recipe.paths.duplicates) as writer:
        for count, duplicate in enumerate(found, start=1):  # noqa: B007 (printed below)
            writer.write(vars(duplicate))
        writer.close("duplicates", made_from, "", {"media": num_media})
    print(f"stage  5 duplicates: {duplicates_line(count, num_media)}")


if __name__ == "__main__":
    stage_main(main)
