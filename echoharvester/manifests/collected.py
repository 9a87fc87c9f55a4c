"""The manifest of what was collected: rewritten at every listing, unchanged if nothing changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from echoharvester.manifests.accounting import Counts
from echoharvester.manifests.shards import (
    Cut,
    ManifestError,
    ShardWriter,
    errors_path,
    read_cuts,
    read_info,
    shard_path,
)

NAME = "cuts_media"


def known_media(folder: Path) -> dict[str, Cut]:
    """Media of the previous listing, by path or url."""
    known = {}
    for path in sorted(folder.glob(f"{NAME}.[0-9]*.jsonl.gz")):
        try:
            for cut in read_cuts(path):
                known[cut["custom"].get("media_path") or cut["custom"]["source_url"]] = cut
        except ManifestError:
            continue  # a damaged listing is simply made again
    return known


def num_shards_of(folder: Path) -> int | None:
    """The number of shards that a data folder was begun with; None for a new one.

    Every shard knows it, so that a listing cut short half-way can be made again.
    """
    infos = (read_info(path) for path in sorted(folder.glob(f"{NAME}.[0-9]*.jsonl.gz")))
    return next(
        (int(i.counts["num_shards"]) for i in infos if i and "num_shards" in i.counts), None
    )


def write_media(
    folder: Path, index: int, num_shards: int, cuts: Sequence[Cut], fingerprint: str
) -> Counts:
    """Writes one shard of media cuts, sorted by id, and its errors beside it."""
    counts = Counts(items=len(cuts))
    errors = [cut for cut in cuts if "error" in cut["custom"]]
    with ShardWriter(shard_path(folder, NAME, index)) as writer:
        for cut in sorted(cuts, key=lambda cut: cut["id"]):
            if "error" in cut["custom"]:
                counts.errors[cut["custom"]["error"]["kind"]] += 1
                continue
            writer.write(cut)
            counts.add(cut)
        counts.check("collect")
        path = errors_path(folder, NAME, index)
        if errors:
            with ShardWriter(path) as error_writer:
                for cut in errors:
                    error_writer.write(cut)
                error_writer.close("collect", fingerprint, "", {"errors": len(errors)})
        else:
            path.unlink(missing_ok=True)
        values = {**counts.to_dict(), "num_shards": num_shards}
        writer.close("collect", fingerprint, "", values)
    return counts
