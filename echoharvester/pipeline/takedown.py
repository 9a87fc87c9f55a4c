"""Takes media out of a data folder: out of every manifest, and what is made from them made again."""

from __future__ import annotations

import itertools
import shutil
from datetime import date
from pathlib import Path

from echoharvester.dataset.publish import HUB
from echoharvester.dataset.sets import SETS
from echoharvester.errors import UserError
from echoharvester.manifests.collected import num_shards_of, write_media
from echoharvester.manifests.cuts import media_id_of
from echoharvester.manifests.shards import Cut, find_shards, read_info, shard_path
from echoharvester.manifests.takedown import (
    Takedown,
    add_to_list,
    cuts_of,
    files_of,
    held_media,
    listed,
    read_takedown,
    removal_lines,
    remove_from_shard,
    without_media,
)
from echoharvester.pipeline.inputs import kept_evidence
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.round import KEPT, MANIFESTS, PAGE, REPORT
from echoharvester.pipeline.run import Driver
from echoharvester.pipeline.stage import Stage
from echoharvester.review.decisions import review_files
from echoharvester.review.taken_back import FILE as TAKEN_BACK
from echoharvester.review.tsv import drop_rows


def take_down(driver: Driver, wanted: Takedown, reason: str) -> int:
    """Removes media for good, and says what it removed; the exit status.

    Raises:
        UserError: if no media is concerned.
    """
    recipe = driver.recipe
    folder, data_dir = recipe.paths.manifests, recipe.paths.data_dir.resolve()
    num_shards = num_shards_of(folder)
    if num_shards is None:
        raise UserError(f"{folder}: nothing collected there")
    shards = {k: listed(folder, k) for k in range(num_shards)}
    media_ids = held_media(itertools.chain(*_manifests(recipe).values()), wanted) | {
        c["custom"]["media_id"] for cuts in shards.values() for c in cuts if wanted.concerns(c)
    }
    if not media_ids:
        names = ", ".join(sorted(wanted.ids | wanted.channels)) or "nothing"
        raise UserError(f"{names}: no media with such an id or channel in {folder}; see --help")
    before = _held(recipe, media_ids)
    add_to_list(data_dir, wanted, reason, date.today().isoformat())
    _rewrite_listing(recipe, shards, wanted)
    of_rounds = _out_of_rounds(recipe.paths.exp_dir, media_ids)
    removed = files_of(data_dir, media_ids)
    for path in removed:
        path.unlink()
    published = data_dir / HUB
    if published.exists():  # made of all of it, and made again by publishing again
        shutil.rmtree(published)
    kept = data_dir / TAKEN_BACK
    for path in [*review_files(data_dir / "review"), *([kept] if kept.exists() else ())]:
        drop_rows(path, lambda row_id: media_id_of(row_id) in media_ids)
    existed = {name for name, stage in recipe.stages.items() if _exists(recipe, stage)}
    # What they read besides their shards is made, too: data of before may not have it.
    existed |= {recipe.stages[name].extra_input for name in existed} - {""}
    for name, stage in recipe.stages.items():  # in order: each reads what the one before leaves
        if stage.after_takedown and name in existed:
            if status := driver.run([name]):
                print("takedown: not finished; mend the cause and run the same takedown again")
                return status
        elif stage.sharded and not stage.after_takedown:
            for k in range(num_shards):
                if shard_path(folder, stage.target, k).exists():
                    extras = (None, kept_evidence(recipe)) if stage.extra else (None,)
                    remove_from_shard(recipe.run_of(name), k, extras)
    print(f"taken down: {', '.join(sorted(media_ids))}")
    for line in removal_lines(before, _held(recipe, media_ids)):
        print(f"  {line}")
    print(f"  {len(removed)} files deleted; remembered in takedown.tsv")
    if of_rounds:
        print(f"  rounds: {of_rounds} cuts removed; what a round could go back to is gone")
    print("  what was published has it still: run scripts/publish_dataset.py again")
    print("  models trained and sets decoded before are as they were: run stages 10 to 14 again")
    return 0


def _out_of_rounds(exp_dir: Path, media_ids: set[str]) -> int:
    """Takes media out of what rounds have kept; how many cuts."""
    gone = 0
    for folder in sorted(exp_dir.glob("round-[0-9]*")):
        for name in (MANIFESTS, *(f".{d}.partial" for d in (MANIFESTS, *KEPT))):
            shutil.rmtree(folder / name, ignore_errors=True)
        for path in [
            *folder.glob("*.jsonl.gz"),
            *(p for d in KEPT for p in (folder / d).glob("*")),
        ]:
            if read_info(path):
                gone += without_media(path, media_ids)
            else:
                path.unlink()  # damaged: nobody can tell what it holds
        (folder / REPORT).unlink(missing_ok=True)
    (exp_dir / PAGE).unlink(missing_ok=True)  # both play their sound
    return gone


def _rewrite_listing(recipe: Recipe, shards: dict[int, list[Cut]], wanted: Takedown) -> None:
    folder, everything = recipe.paths.manifests, read_takedown(recipe.paths.data_dir)
    for k, cuts in shards.items():
        info = read_info(shard_path(folder, "cuts_media", k))
        if info and any(map(wanted.concerns, cuts)):
            left = [everything.applied(cut) for cut in cuts]
            write_media(folder, k, len(shards), left, info.fingerprint)


def _exists(recipe: Recipe, stage: Stage) -> bool:
    if stage.sharded:
        return bool(find_shards(recipe.paths.manifests, stage.target))
    if (
        stage.name == "export"
    ):  # broken off it has no manifest, but what was exported before is there
        return recipe.paths.shar.exists()
    return stage.output is not None and stage.output.path(recipe.paths).exists()


def _manifests(recipe: Recipe) -> dict[str, list[Path]]:
    """All manifests of cuts, by name."""
    paths = recipe.paths
    targets = [stage.target for stage in recipe.stages.values() if stage.target]
    found = {target: find_shards(paths.manifests, target) for target in targets}
    found["data set (Shar)"] = [paths.dataset_manifest]
    found |= {f"cuts_{name}": [paths.split(name)] for name in SETS}
    return {name: [p for p in several if p.exists()] for name, several in found.items()}


def _held(recipe: Recipe, media_ids: set[str]) -> dict[str, tuple[int, float]]:
    """What each manifest holds of the media."""
    return {name: cuts_of(paths, media_ids) for name, paths in _manifests(recipe).items()}
