"""Taking media out of a data folder, for good: by id or by channel.

The list `takedown.tsv` in the data folder remembers what was taken down, so that a source that
still offers it does not bring it back.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.manifests.cuts import is_rejected, rejected
from echoharvester.manifests.fingerprints import fingerprint, media_fingerprint
from echoharvester.manifests.runner import StageRun, by_media, input_identity, run_shard
from echoharvester.manifests.shards import (
    Cut,
    ManifestError,
    ShardWriter,
    errors_path,
    read_cuts,
    read_info,
    shard_path,
    write_atomic,
)

NAME = "takedown.tsv"
REASON = "taken_down"
_COLUMNS = ("kind", "value", "reason", "date")
# What stays of an item: enough to know it again, nothing of its content.
_KEPT = ("media_id", "media_path", "source_url", "video_id", "channel", "channel_id")


@dataclass(frozen=True)
class Takedown:
    """Media ids and channels (by name or id) that must not be in a data folder."""

    ids: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()

    def concerns(self, media: Cut) -> bool:
        custom = media["custom"]
        names = {custom.get("channel"), custom.get("channel_id")} - {None, ""}
        own = {media["id"], custom["media_id"], custom.get("video_id")}
        # A file that was there twice is `ID-copy-...`.
        own.add(str(custom["media_id"]).partition("-copy-")[0])
        return bool(own & self.ids or names & self.channels)

    def applied(self, media: Cut) -> Cut:
        """The media cut, or what stays of it: a rejected cut without its metadata."""
        if not self.concerns(media):
            return media
        custom = {key: media["custom"][key] for key in _KEPT if key in media["custom"]}
        return rejected({**media, "supervisions": [], "custom": custom}, "collect", REASON)


def read_takedown(data_dir: Path) -> Takedown:
    """The list of a data folder; empty if there is none.

    Raises:
        ManifestError: naming the line that is not of its form.
    """
    path = data_dir / NAME
    if not path.exists():
        return Takedown()
    found: dict[str, set[str]] = {"id": set(), "channel": set()}
    text = path.read_text(encoding="utf-8-sig")
    for i, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter="\t"), 1):
        if not row or tuple(row) == _COLUMNS:
            continue
        if len(row) < 2 or row[0] not in found or not row[1].strip():
            raise ManifestError(f"{path}:{i}: expected id or channel, a tab, and its value: {row}")
        found[row[0]].add(row[1].strip())
    return Takedown(frozenset(found["id"]), frozenset(found["channel"]))


def add_to_list(data_dir: Path, wanted: Takedown, reason: str, date: str) -> None:
    """Writes what is new to the list; what is there stays."""
    known, path = read_takedown(data_dir), data_dir / NAME
    text = path.read_text(encoding="utf-8-sig") if path.exists() else "\t".join(_COLUMNS) + "\n"
    text += "" if text.endswith("\n") else "\n"
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerows(("id", value, reason, date) for value in sorted(wanted.ids - known.ids))
    writer.writerows(
        ("channel", value, reason, date) for value in sorted(wanted.channels - known.channels)
    )
    write_atomic(path, text + out.getvalue())


def remove_from_shard(stage: StageRun, index: int, extras: Sequence[Any] = (None,)) -> None:
    """Makes one shard again from its taken-down input, all else as it is; nothing is computed.

    The stage before must be done already.  The shard keeps the fingerprint of the settings that it
    was made with, and its errors.  What was not finished becomes an error, to be done by the next
    run; a shard that cannot be read is removed, to be made again.

    Args:
        extras: what its media items may depend on besides their cuts; the shard tells which it was.
    """
    path = shard_path(stage.folder, stage.target, index)
    info, source = read_info(path), read_info(shard_path(stage.folder, stage.source, index))
    if info is None or source is None:
        path.unlink(missing_ok=True)
        errors_path(stage.folder, stage.target, index).unlink(missing_ok=True)
        return
    if info.input == input_identity(stage, index):
        return
    failed = _failed_media(stage, index)
    same = StageRun(
        stage.name, info.fingerprint, stage.source, stage.target, stage.folder, stage.item
    )

    def as_before(cuts: list[Cut]) -> list[Cut]:
        media_id = cuts[0]["custom"]["media_id"]
        if all(map(is_rejected, cuts)):
            return list(cuts)
        if media_id in failed:
            return failed[media_id]
        raise ManifestError(f"{path}: {media_id} is not up to date; it is made by the next run")

    extra = _made_with(same, index, extras)
    run_shard(same, index, as_before, extra_of=lambda cuts: extra)


def _made_with(stage: StageRun, index: int, extras: Sequence[Any]) -> Any:
    """Of some values that with which the media items of a shard were made."""
    if len(extras) == 1:
        return extras[0]
    made = {
        media_id: cuts[0]["custom"].get("fingerprint")
        for media_id, cuts in by_media(read_cuts(shard_path(stage.folder, stage.target, index)))
    }
    for media_id, cuts in by_media(read_cuts(shard_path(stage.folder, stage.source, index))):
        for extra in extras:
            if media_fingerprint(fingerprint(stage.fingerprint, extra), cuts) == made.get(media_id):
                return extra
    return extras[0]


def without_media(path: Path, media_ids: Collection[str]) -> int:
    """Takes the cuts of media out of one manifest, which stays what it is else; how many there were."""
    info, gone = read_info(path), 0
    if info is None:
        return 0
    with ShardWriter(path) as writer:
        for cut in read_cuts(path):
            if cut["custom"]["media_id"] in media_ids:
                gone += 1
            else:
                writer.write(cut)
        if gone:
            writer.close(info.stage, info.fingerprint, info.input, info.counts)
    return gone


def _failed_media(stage: StageRun, index: int) -> dict[str, list[Cut]]:
    """All cuts, good and failed, of the media that have an error in a shard."""
    path = errors_path(stage.folder, stage.target, index)
    failed: dict[str, list[Cut]] = {}
    for cut in read_cuts(path) if path.exists() else ():
        failed.setdefault(cut["custom"]["media_id"], []).append(cut)
    for cut in read_cuts(shard_path(stage.folder, stage.target, index)) if failed else ():
        if cut["custom"]["media_id"] in failed:
            failed[cut["custom"]["media_id"]].append(cut)
    return failed


def held_media(paths: Iterable[Path], wanted: Takedown) -> set[str]:
    """Ids of the media in some manifests that are to be taken down."""
    found: set[str] = set()
    for path in paths:
        try:
            found |= {c["custom"]["media_id"] for c in read_cuts(path) if wanted.concerns(c)}
        except ManifestError:
            continue  # damaged: it is made again, from what is left
    return found


def listed(folder: Path, index: int) -> list[Cut]:
    """All media of one shard of stage 1, those that could not be reached among them."""
    paths = (shard_path(folder, "cuts_media", index), errors_path(folder, "cuts_media", index))
    return [cut for path in paths if path.exists() for cut in read_cuts(path)]


Held = dict[str, tuple[int, float]]  # cuts and seconds, by manifest


def removal_lines(before: Held, after: Held) -> list[str]:
    """What was removed from which manifest, for people."""
    lines = []
    for name, (count, seconds) in before.items():
        if count:
            left = f"; {after[name][0]} left" if after[name][0] else ""
            lines.append(f"{name}: {count} cuts, {seconds / 3600:.2f} h removed{left}")
    return lines


def cuts_of(paths: Iterable[Path], media_ids: set[str]) -> tuple[int, float]:
    """Number and seconds of the cuts in some manifests that came from these media."""
    count, seconds = 0, 0.0
    for path in paths:
        for cut in read_cuts(path):
            if cut["custom"]["media_id"] in media_ids and not is_rejected(cut):
                count += 1
                seconds += float(cut["duration"])
    return count, seconds


def files_of(data_dir: Path, media_ids: Iterable[str]) -> Sequence[Path]:
    """Audio and caption files of media in a data folder."""
    found: list[Path] = []
    for media_id in media_ids:
        folder = data_dir / "audio" / media_id[:2]
        found += sorted(p for p in folder.glob("*") if p.name.startswith(f"{media_id}."))
    return found
