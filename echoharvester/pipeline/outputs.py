"""What stages without shards leave, and whether it still holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from echoharvester.dataset.release import BESIDE_SHAR
from echoharvester.dataset.sets import SETS
from echoharvester.manifests.accounting import counted
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import ShardInfo, read_cuts, read_info
from echoharvester.pipeline.paths import Paths
from echoharvester.pipeline.records import read_record, recorded_fingerprint

if TYPE_CHECKING:
    from echoharvester.pipeline.recipe import Recipe


class Output(Protocol):
    """The output of a stage without shards."""

    def path(self, paths: Paths) -> Path:
        """The file that is written last, and tells of all the others."""
        ...

    def is_wanted(self, recipe: Recipe) -> bool:
        """Whether this recipe has such an output at all."""
        ...

    def made_from(self, path: Path) -> str | None:
        """The fingerprint that it was made with; None where it is damaged."""
        ...

    def summary(self, recipe: Recipe, expected: str) -> str | None:
        """A line about it for people, if it has the fingerprint and is whole; else None."""
        ...


@dataclass(frozen=True)
class ManifestOutput:
    """A manifest, whose header has the fingerprint.

    Attributes:
        path: where it lies.
        describe: a line for people; None if files that belong to it are missing or changed.
        is_wanted: whether this recipe has it.
    """

    path: Callable[[Paths], Path]
    describe: Callable[[Recipe, ShardInfo], str | None]
    is_wanted: Callable[[Recipe], bool] = lambda recipe: True

    def made_from(self, path: Path) -> str | None:
        info = read_info(path)
        return info.fingerprint if info else None

    def summary(self, recipe: Recipe, expected: str) -> str | None:
        if not self.is_wanted(recipe):
            return None
        info = read_info(self.path(recipe.paths))
        return self.describe(recipe, info) if info and info.fingerprint == expected else None


@dataclass(frozen=True)
class RecordOutput:
    """A JSON record, see `records`, with a line for people under `summary`."""

    path: Callable[[Paths], Path]

    def is_wanted(self, recipe: Recipe) -> bool:
        return True

    def made_from(self, path: Path) -> str | None:
        return recorded_fingerprint(path) or None

    def summary(self, recipe: Recipe, expected: str) -> str | None:
        record = read_record(self.path(recipe.paths), expected)
        return str(record["summary"]) if record else None


@dataclass(frozen=True)
class PageOutput:
    """An HTML page that names its fingerprint in its head."""

    path: Callable[[Paths], Path]

    def is_wanted(self, recipe: Recipe) -> bool:
        return True

    def made_from(self, path: Path) -> str | None:
        return _head(path)

    def summary(self, recipe: Recipe, expected: str) -> str | None:
        path = self.path(recipe.paths)
        return str(path) if expected in (_head(path) or "") else None


def _head(path: Path) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(2000)
    except (OSError, ValueError):
        return None


def is_synthetic(recipe: Recipe) -> bool:
    """Whether stage 0 makes the media."""
    return bool(recipe.settings["source"]["kind"] == "synthetic")


def library(recipe: Recipe, info: ShardInfo) -> str | None:
    folder = recipe.paths.library
    whole = all((folder / name).is_file() for name in info.counts["files"])
    return f"library in {folder}" if whole else None


def duplicates(recipe: Recipe, info: ShardInfo) -> str | None:
    return duplicates_line(info.counts["cuts"], info.counts["media"])


def duplicates_line(num_utterances: int, num_media: int) -> str:
    """What stage 5 says of duplicates.

    >>> duplicates_line(0, 0), duplicates_line(5, 2)
    ('no speech is in two media', '5 utterances of 2 media are also in other media')
    """
    if not num_utterances:
        return "no speech is in two media"
    verb = "is" if num_utterances == 1 else "are"
    utterances = counted(num_utterances, "utterance")
    return f"{utterances} of {counted(num_media, 'medium', 'media')} {verb} also in other media"


def is_transcribing(recipe: Recipe) -> bool:
    """Whether media without captions are transcribed."""
    return recipe.settings["source"].get("uncaptioned") == "transcribe"


def is_diarised(recipe: Recipe) -> bool:
    """Whether speakers are told apart."""
    return recipe.settings["speakers"]["kind"] != "none"


def is_refitted(recipe: Recipe) -> bool:
    """Whether the acceptance is fitted on the harvest itself."""
    return bool(recipe.settings["validate"]["refit"])


def evidence(recipe: Recipe, info: ShardInfo) -> str | None:
    return str(info.counts["summary"])


def review_rows(recipe: Recipe, info: ShardInfo) -> str | None:
    """Rows, if their files, pages and clips are there."""
    folder, names = recipe.paths.review, list(info.counts["files"])
    if recipe.settings["review"]["page"]:
        names += [Path(name).with_suffix(".html").name for name in names]
    if not all((folder / name).is_file() for name in names):
        return None
    if info.counts["cuts"] and not any((folder / "clips").glob("*")):
        return None
    return f"{counted(info.counts['cuts'], 'row')} in {folder}"


def review_edits(recipe: Recipe, info: ShardInfo) -> str | None:
    """Decisions, and every problem with them: it stays one until somebody mends it."""
    if info.counts["conflicts"] and not (recipe.paths.review / "conflicts.tsv").is_file():
        return None
    lines = [f"{info.counts['decisions']} decisions in {recipe.paths.review}"]
    for row in read_cuts(recipe.paths.review_edits):
        if row["kind"] in ("problem", "remark"):
            lines.append(f"  {row['message']}")
    return "\n".join(lines)


def dataset(recipe: Recipe, info: ShardInfo) -> str | None:
    """The data set, if the Shar and what lies beside it are whole."""
    paths = recipe.paths
    beside = (*BESIDE_SHAR, *info.counts["also"])
    if sizes_digest(paths.shar) != info.counts["shar"] or not all(
        (paths.data_dir / name).exists() for name in beside
    ):
        return None
    return f"{info.counts['cuts']} cuts, {info.counts['hours']:.2f} h in {paths.shar}"


def sizes_digest(folder: Path) -> str:
    """Changes when a file of a folder comes, goes or grows."""
    return fingerprint({path.name: path.stat().st_size for path in folder.glob("*")})


def split(recipe: Recipe, info: ShardInfo) -> str | None:
    infos = {name: read_info(recipe.paths.split(name)) for name in SETS}
    if not all(found and found.fingerprint == info.fingerprint for found in infos.values()):
        return None
    return ", ".join(
        f"{name} {found.counts['cuts']} cuts" for name, found in infos.items() if found
    )
