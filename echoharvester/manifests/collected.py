"""The manifest of what was collected: rewritten at every listing, unchanged if nothing changed."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.cuts import shard_of
from echoharvester.manifests.shards import (
    Cut,
    ManifestError,
    ShardWriter,
    errors_path,
    read_cuts,
    read_info,
    shard_path,
)
from echoharvester.manifests.takedown import read_takedown

NAME = "cuts_media"
SAVE_SEC = 60.0  # between two savings of a listing under way


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


def check_num_shards(folder: Path, wanted: int) -> None:
    """
    Raises:
        UserError: if the data folder was begun with another number of shards.
    """
    found = num_shards_of(folder)
    if found not in (None, wanted):
        raise UserError(
            f"num_shards={wanted}, but {folder.parent} was begun with {found}, which never changes in a "
            f"data folder: set num_shards={found}, or another data_dir"
        )


def nothing_usable(counts: Counts) -> str:
    """Why nothing can be harvested, and what to do about it."""
    reasons = counts.rejected + counts.errors
    listed = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    text = f"none of the {counts.items} media can be used: {listed}"
    if reasons["no_captions"]:
        text += (
            ". Captions lie beside a file under its name (talk.mp4: talk.ko.srt, talk.vtt, talk.smi ...) or "
            "inside of it, or a list names them (source.list); docs/sources.md has all names that count"
        )
    if reasons["NoCaptionsError"]:
        text += ". The site lists no captions; it is asked again next time"
    return text


class Listing:
    """A listing under way, saved from time to time: hours of questions must survive a kill."""

    def __init__(
        self,
        data_dir: Path,
        folder: Path,
        num_shards: int,
        fingerprint: str,
        known: Mapping[str, Cut],
    ) -> None:
        """`known`: media of the listing before, which stay until this one is whole."""
        self._data_dir, self._folder, self._num_shards = data_dir, folder, num_shards
        self._fingerprint, self._known = fingerprint, known
        self._cuts: list[Cut] = []
        self._saved = time.monotonic()

    @property
    def cuts(self) -> Sequence[Cut]:
        """What was collected so far."""
        return self._cuts

    def add(self, cut: Cut) -> None:
        """Takes in a media item; may save."""
        self._cuts.append(cut)
        if time.monotonic() - self._saved > SAVE_SEC:
            ids = {cut["id"] for cut in self._cuts}
            self._write([*self._cuts, *(c for c in self._known.values() if c["id"] not in ids)])
            self._saved = time.monotonic()

    def finish(self) -> Counts:
        """Writes the listing.

        Raises:
            UserError: if it is empty; what was collected before is kept then.
        """
        if not self._cuts:
            raise UserError(
                f"the sources hold no media; check source.paths and source.pattern (the {len(self._known)} "
                "media collected before are kept)"
            )
        return self._write(self._cuts)

    def _write(self, cuts: Sequence[Cut]) -> Counts:
        """All shards, without what has been taken down by now."""
        by_shard: dict[int, list[Cut]] = defaultdict(list)
        taken_down = read_takedown(self._data_dir)
        for cut in cuts:
            by_shard[shard_of(cut["id"], self._num_shards)].append(taken_down.applied(cut))
        return total(
            write_media(self._folder, k, self._num_shards, by_shard[k], self._fingerprint)
            for k in range(self._num_shards)
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
