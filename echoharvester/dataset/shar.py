"""The data set as Lhotse Shar, complete and verified before it replaces the one before."""

from __future__ import annotations

import itertools
import math
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from echoharvester.dataset.folders import recover, swap
from echoharvester.dataset.parallel import map_in_order
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import to_lhotse
from echoharvester.manifests.shards import Cut

VERIFIED_CUTS = 5  # of a file
# Losing formats cannot be read back bit for bit.
LOSSLESS = ("flac", "wav")


class DatasetError(UserError):
    """A data set that was not written as it should be."""


@dataclass(frozen=True)
class SharFiles:
    """What was written: cuts, and the files with their sizes."""

    num_cuts: int
    sizes: dict[str, int]


def write_shar(
    cuts: Iterable[Cut],
    folder: Path,
    cuts_per_shard: int = 1000,
    audio_format: str = "flac",
    num_workers: int = 1,
) -> SharFiles:
    """Writes all cuts as Shar into `folder`, in place of what was there.

    Everything is written beside, counted, read back, and only then swapped in.

    Args:
        num_workers: processes that write files of it; what is written is the same.

    Raises:
        DatasetError: if what was written is not what was meant.
    """
    import lhotse.shar  # noqa: F401 (once, for all processes)

    recover(folder)
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    write = partial(_write_file, folder=beside, audio_format=audio_format)
    num_cuts = sum(map_in_order(write, enumerate(_batches(cuts, cuts_per_shard)), num_workers))
    num_files, expected = len(list(beside.iterdir())), 2 * math.ceil(num_cuts / cuts_per_shard)
    if num_files != expected:
        raise DatasetError(f"{beside}: {num_files} files, not {expected}; run stage 9 again")
    swap(beside, folder)
    return SharFiles(num_cuts, shar_sizes(folder))


def _batches(cuts: Iterable[Cut], size: int) -> Iterator[list[Cut]]:
    remaining = iter(cuts)
    while batch := list(itertools.islice(remaining, size)):
        yield batch


def _write_file(batch: tuple[int, list[Cut]], folder: Path, audio_format: str) -> int:
    """One file of cuts with its file of sound, read back; how many cuts."""
    from lhotse.shar import SharWriter

    index, cuts = batch
    with SharWriter(
        str(folder).replace("%", "%%"),
        fields={"recording": audio_format},
        shard_size=len(cuts),
        shard_offset=index,
    ) as writer:
        for cut in cuts:
            writer.write(to_lhotse(cut))
    paths = _pair(folder, index)
    _verify(*paths, cuts, audio_format in LOSSLESS)
    for path in paths:
        _sync(path)
    return len(cuts)


def shar_sizes(folder: Path) -> dict[str, int]:
    """Sizes of the files of a Shar folder, by name."""
    return {path.name: path.stat().st_size for path in sorted(folder.glob("*"))}


def shar_shards(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Pairs of cuts file and recordings file, named, so that stray files do no harm."""
    for cuts in sorted(folder.glob("cuts.[0-9]*.jsonl.gz")):
        yield cuts, folder / f"recording.{cuts.name.split('.')[1]}.tar"


def _pair(folder: Path, index: int) -> tuple[Path, Path]:
    return folder / f"cuts.{index:06d}.jsonl.gz", folder / f"recording.{index:06d}.tar"


def _verify(cuts_path: Path, tar_path: Path, cuts: list[Cut], is_lossless: bool) -> None:
    """Counts cuts and recordings (a short tar reads without an error), compares some sound.

    Raises:
        DatasetError: if they are not those of `cuts`.
    """
    from lhotse import CutSet

    in_cuts = sum(1 for _ in CutSet.from_jsonl_lazy(cuts_path))
    with tarfile.open(tar_path) as file:
        in_tar = sum(member.name.endswith(".json") for member in file)
    if not in_cuts == in_tar == len(cuts):
        raise DatasetError(
            f"{tar_path}: {in_tar} recordings, {in_cuts} cuts written of {len(cuts)}; run stage 9 again"
        )
    written = CutSet.from_shar({"cuts": [str(cuts_path)], "recording": [str(tar_path)]})
    for cut, meant in zip(written, cuts[:VERIFIED_CUTS] if is_lossless else (), strict=False):
        original = to_lhotse(meant)
        if cut.id != original.id or not np.array_equal(cut.load_audio(), original.load_audio()):
            raise DatasetError(f"{tar_path}: {cut.id} sounds different from its recording")


def open_shar(folder: Path):  # type: ignore[no-untyped-def]
    """The cuts of a Shar folder, lazily."""
    from lhotse import CutSet

    pairs = list(shar_shards(folder))
    if not pairs:
        return CutSet.from_cuts([])
    fields = {"cuts": [str(c) for c, _ in pairs], "recording": [str(t) for _, t in pairs]}
    return CutSet.from_shar(fields=fields)


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
