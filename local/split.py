"""Stage 10: train, dev and test without shared media."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.dataset.sets import write_sets
from echoharvester.pipeline.recipe import Recipe

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    lines = write_sets(
        recipe.paths.dataset_manifest,
        recipe.paths.split,
        recipe.fingerprint("split"),
        recipe.stage_fingerprint("split"),
        **plain(cfg.split),
        seed=cfg.seed,
    )
    for line in lines:
        print(f"stage 10 split: {line}")


if __name__ == "__main__":
    stage_main(main)
