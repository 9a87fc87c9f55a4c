"""Stage 0: the environment is checked, models are fetched; mini_ko: the synthetic library is made."""

from __future__ import annotations

from omegaconf import DictConfig

from echoharvester.doctor import check_environment
from echoharvester.manifests.shards import ShardWriter
from echoharvester.models.fetching import RECORD, fetch_models
from echoharvester.pipeline.recipe import Recipe
from echoharvester.progress import bar

from config import plain, stage_main


def main(cfg: DictConfig, recipe: Recipe) -> None:
    for line in check_environment(recipe.paths.data_dir):
        print(f"stage  0 prepare: {line}")
    for part in ("align", "asr", "second_asr", "speakers"):
        for model in fetch_models(part, plain(cfg[part]), recipe.paths.data_dir / RECORD):
            print(f"stage  0 prepare: {part}: {model}")
    if cfg.source.kind == "synthetic":
        _make_library(cfg, recipe)


def _make_library(cfg: DictConfig, recipe: Recipe) -> None:
    from echoharvester.sources.synthetic.library import default_specs, make_media

    folder, specs = recipe.paths.library, default_specs()
    with ShardWriter(recipe.paths.truth) as truth:
        for spec in bar(specs, desc="0 synthetic library"):
            for cut in make_media(spec, folder, cfg.source.library_seed, cfg.source.duration_sec):
                truth.write(cut)
        files = [spec.name + end for spec in specs for end in (spec.suffix, spec.captions) if end]
        truth.close("prepare", recipe.fingerprint("prepare"), "", {"files": files})
    print(f"stage  0 prepare: library of {len(specs)} media in {folder}")


if __name__ == "__main__":
    stage_main(main)
