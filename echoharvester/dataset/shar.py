"""The data set as Lhotse Shar, complete and verified before it replaces the one before."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echoharvester.dataset.folders import recover, swap
from echoharvester.manifests.cuts import to_lhotse
from echoharvester.manifests.shards import Cut

VERIFIED_CUTS = 5
# Losing formats cannot be read back bit for bit.
LOSSLESS = ("flac", "wav")


class DatasetError(RuntimeError):
    """A data set that was not written as it should be."""


@dataclass(frozen=True)
class SharFiles:
    """What was written: cuts, and the files with their sizes."""

    num_cuts: int
    sizes: dict[str, int]


def write_shar(
    cuts: Iterable[Cut], folder: Path, cuts_per_shard: int = 1000, audio_format: str = "flac"
) -> SharFiles:
    """Writes all cuts as Shar into `folder`, in place of what was there.

    Everything is written beside, counted, read back, and only then swapped in.

    Raises:
        DatasetError: if what was written is not what was meant.
    """
    from lhotse.shar import SharWriter

    recover(folder)
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    num_cuts = 0
    sample: list[Cut] = []
    with SharWriter(
        str(beside).replace("%", "%%"),
        fields={"recording": audio_format},
        shard_size=cuts_per_shard,
    ) as writer:
        for cut in cuts:
            writer.write(to_lhotse(cut))
            num_cuts += 1
            if len(sample) < VERIFIED_CUTS or num_cuts % cuts_per_shard == 0:
                sample.append(cut)
    _verify(beside, num_cuts, sample if audio_format in LOSSLESS else [])
    for path in beside.iterdir():
        _sync(path)
    swap(beside, folder)
    return SharFiles(num_cuts, shar_sizes(folder))


def shar_sizes(folder: Path) -> dict[str, int]:
    """Sizes of the files of a Shar folder, by name."""
    return {path.name: path.stat().st_size for path in sorted(folder.glob("*"))}


def shar_shards(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Pairs of cuts file and recordings file, named, so that stray files do no harm."""
    for cuts in sorted(folder.glob("cuts.[0-9]*.jsonl.gz")):
        index = cuts.name.split(".")[1]
        yield cuts, folder / f"recording.{index}.tar"


def _verify(folder: Path, num_cuts: int, sample: list[Cut]) -> None:
    """Counts cuts and recordings (a short tar reads without an error), compares a sample."""
    from lhotse import CutSet

    total = 0
    for cuts, tar in shar_shards(folder):
        in_cuts = sum(1 for _ in CutSet.from_jsonl_lazy(cuts))
        with tarfile.open(tar) as file:
            in_tar = sum(member.name.endswith(".json") for member in file)
        if in_cuts != in_tar:
            raise DatasetError(f"{tar}: {in_tar} recordings for {in_cuts} cuts; run stage 9 again")
        total += in_cuts
    if total != num_cuts:
        raise DatasetError(f"{folder}: {total} of {num_cuts} cuts written; run stage 9 again")
    wanted = {cut["id"]: cut for cut in sample}
    if not wanted:
        return
    for cut in open_shar(folder):
        if cut.id in wanted:
            original = to_lhotse(wanted[cut.id]).load_audio()
            if not np.array_equal(cut.load_audio(), original):
                raise DatasetError(f"{folder}: {cut.id} sounds different from its recording")


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
