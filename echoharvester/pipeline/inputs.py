"""What stages without shards read: identities, from which it is told whether they must run again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.fingerprints import file_digest
from echoharvester.manifests.shards import find_shards, known_rows, read_info
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import recorded_fingerprint
from echoharvester.review.decisions import identity as review_identity


def shards(recipe: Recipe, name: str) -> list[str]:
    """Identities of all shards of a manifest.

    Raises:
        UserError: if it is incomplete.
    """
    infos = [read_info(path) for path in find_shards(recipe.paths.manifests, name)]
    if not infos or None in infos:
        raise UserError(
            f"{recipe.paths.manifests}: {name} is incomplete; run {_maker(recipe, name)} again"
        )
    return [info.identity for info in infos if info]


def _maker(recipe: Recipe, name: str) -> str:
    """The stage that makes a manifest."""
    found = next((s for s in recipe.stages.values() if s.target == name), None)
    return found.title if found else "the stage that makes it"


def manifest(path: Path) -> str:
    """Identity of one manifest.

    Raises:
        UserError: if it is missing or damaged.
    """
    info = read_info(path)
    if info is None:
        raise UserError(
            f"{path} is missing or damaged; run an earlier stage again (--status shows which)"
        )
    return info.identity


def files(folder: Path) -> list[tuple[str, int, int]]:
    """The files in a folder, or a file, as far as they tell without being read."""
    found = sorted(folder.glob("*")) if folder.is_dir() else [folder]
    return [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in found]


def of_duplicates(recipe: Recipe) -> list[Any]:
    return shards(recipe, "cuts_measured")


def of_refit(recipe: Recipe) -> list[Any]:
    return shards(recipe, "cuts_filtered")


def fitted_evidence(recipe: Recipe) -> dict[str, Any] | None:
    """The curve that was fitted on this harvest, where one is asked for and there is one."""
    return kept_evidence(recipe) if recipe.settings["validate"]["refit"] else None


def kept_evidence(recipe: Recipe) -> dict[str, Any] | None:
    """The curve that was fitted on this harvest, whether it is asked for now or was once."""
    return next(known_rows(recipe.paths.evidence), None)


def of_review(recipe: Recipe) -> list[Any]:
    return shards(recipe, "cuts_validated")


def of_review_edits(recipe: Recipe) -> list[Any]:
    """The review files, and the cuts that their rows are held against."""
    return [review_identity(recipe.paths.review), shards(recipe, "cuts_validated")]


def of_export(recipe: Recipe) -> list[Any]:
    """The cuts, what the card says of their review, what is merged in, and what may not be."""
    takedown = recipe.paths.data_dir / "takedown.tsv"
    folders = recipe.settings["export"]["merge_shar_dirs"]
    return [
        shards(recipe, "cuts_reviewed"),
        _review_state(recipe),
        [
            [str(folder), sorted(files(Path(folder)) if Path(folder).is_dir() else [])]
            for folder in folders
        ],
        file_digest(takedown) if takedown.exists() and folders else "",
    ]


def of_split(recipe: Recipe) -> list[Any]:
    return [manifest(recipe.paths.dataset_manifest)]


def of_prepare_lang(recipe: Recipe) -> list[Any]:
    texts = recipe.settings["lm"]["text"]
    return [manifest(recipe.paths.split("train")), [file_digest(Path(str(p))) for p in texts]]


def of_train(recipe: Recipe) -> list[Any]:
    if recipe.settings["train"]["data"] == "synthetic":
        return []
    return [manifest(recipe.paths.split("train")), manifest(recipe.paths.split("dev"))]


def of_decode(recipe: Recipe) -> list[Any]:
    """The model, the lang folder for methods that read it, and the sets."""
    paths = recipe.paths
    lang = "" if paths.decode_method == "ctc_greedy" else recorded_fingerprint(paths.lang_record)
    synthetic = recipe.settings["train"]["data"] == "synthetic"
    sets = [] if synthetic else [_set_identity(recipe, name) for name in paths.decode_sets]
    return [recorded_fingerprint(paths.train_record), lang, *sets]


def of_export_model(recipe: Recipe) -> list[Any]:
    """The model, and the error rates that its card has."""
    paths = recipe.paths
    return [recorded_fingerprint(p) for p in (paths.train_record, *paths.decode_records)]


def of_report(recipe: Recipe) -> list[Any]:
    paths = recipe.paths
    records = (paths.train_record, *paths.decode_records, paths.export_record)
    return [
        shards(recipe, "cuts_reviewed"),
        manifest(paths.dataset_manifest),
        _review_state(recipe),
        *map(recorded_fingerprint, records),
    ]


def _review_state(recipe: Recipe) -> list[str]:
    """Review files, and the sample that was drawn for them."""
    info = read_info(recipe.paths.review_rows)
    return [review_identity(recipe.paths.review), info.identity if info else ""]


def _set_identity(recipe: Recipe, name: str) -> Any:
    label, _, path = name.partition("=")
    return [label, path, files(Path(path))] if path else manifest(recipe.paths.split(name))
