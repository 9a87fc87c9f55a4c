"""Runs a stage over one shard: only what is new or stale, and never half.

What is worked on at once is a media item: all cuts of one `media_id`, which lie together in
every shard, sorted by that id.  Input, previous output and new output are walked
side by side, so memory does not grow with the shard.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from echoharvester.errors import UserError, disk_full, is_disk_full
from echoharvester.manifests.accounting import REJECTED, AccountingError, Counts
from echoharvester.manifests.cuts import is_rejected
from echoharvester.manifests.fingerprints import fingerprint as digest
from echoharvester.manifests.fingerprints import media_fingerprint
from echoharvester.manifests.journal import Journal, MediaResult
from echoharvester.manifests.shards import (
    Cut,
    ManifestError,
    ShardWriter,
    errors_path,
    read_cuts,
    read_info,
    shard_path,
)

logger = logging.getLogger(__name__)
T = TypeVar("T")

Process = Callable[[list[Cut]], list[Cut]]


class WorkerCrashedError(UserError):
    """A worker process was killed while it worked on an item."""


class ProgressReporter(Protocol):
    """Is told how far a shard is.

    Attributes:
        crashed: media items that workers have crashed on: errors, without being tried again.
        isolated: whether nothing may be prefetched, so that one item is to blame for a crash.
    """

    crashed: Collection[str]
    isolated: bool

    def begun(self, media_id: str) -> None:
        """A media item will be processed now."""
        ...

    def done(self, items: int) -> None:
        """So many more items are done, processed or known from before."""
        ...


@dataclass(frozen=True)
class StageRun:
    """A sharded stage, bound to settings and a folder.

    Attributes:
        name: "align".
        fingerprint: of its settings, models and version.
        source, target: manifests read and written, "cuts_segmented", "cuts_aligned".
        folder: where they lie.
        item: what its accounting counts, "cut" or (where one becomes many) "media".
    """

    name: str
    fingerprint: str
    source: str
    target: str
    folder: Path
    item: str = "cut"


def input_identity(stage: StageRun, index: int, extra_input: str = "") -> str:
    """Identity of what shard `index` is made from.

    Raises:
        ManifestError: if the shard of the stage before is missing or damaged.
    """
    path = shard_path(stage.folder, stage.source, index)
    info = read_info(path)
    if info is None:
        problem = "was cut short or edited" if path.exists() else "is missing"
        raise ManifestError(f"{path} {problem}; run the stage that makes {stage.source} again")
    return digest(info.identity, extra_input)


def why_stale(stage: StageRun, index: int, extra_input: str = "") -> str:
    """Why a shard has to be made (again); "" where it need not: it is whole, made from today's
    settings and input, and free of errors."""
    path = shard_path(stage.folder, stage.target, index)
    info = read_info(path)
    if info is None:
        return "damaged" if path.exists() else "missing"
    if info.fingerprint != stage.fingerprint:
        return "made with other settings"
    if info.input != input_identity(stage, index, extra_input):
        return "made from other input"
    return "errors to try again" if info.counts["errors"] else ""


def is_fresh(stage: StageRun, index: int, extra_input: str = "") -> bool:
    """Whether a shard need not be made again."""
    return not why_stale(stage, index, extra_input)


def run_shard(
    stage: StageRun,
    index: int,
    process: Process,
    extra_input: str = "",
    extra_of: Callable[[list[Cut]], Any] = lambda cuts: None,
    holds: Callable[[Cut], bool] = lambda cut: True,
    prefetch: Callable[[list[Cut]], None] = lambda cuts: None,
    reporter: ProgressReporter | None = None,
) -> Counts:
    """Brings one shard of `stage.target` up to date.

    Args:
        process: makes the output cuts of one media item from its input cuts.  A cut that
            comes back with `custom.error` is an error; an exception makes errors of the
            whole item.  It must not change its argument.
        extra_input: identity of whatever else the stage reads.
        extra_of: the part of it that concerns one media item, as plain values.
        holds: whether what an output cut names (its audio file) is still there.
        prefetch: told the cuts of the next media item that will be processed (some of which are not
            rejected), before `process` of the current one.
        reporter: told what is being done, and knows which media items workers have crashed on.
    """
    identity = input_identity(stage, index, extra_input)
    source = shard_path(stage.folder, stage.source, index)
    target = shard_path(stage.folder, stage.target, index)
    counts, errors, start = Counts(), [], time.monotonic()
    previous = _Previous(target, _failed_media(stage, index))
    with Journal(target) as journal, ShardWriter(target) as writer:

        def plan() -> Iterator[tuple[str, list[Cut], str, MediaResult | None]]:
            """Media items with what is known of them, None where they have to be processed."""
            for media_id, cuts in by_media(read_cuts(source)):
                made_from = media_fingerprint(digest(stage.fingerprint, extra_of(cuts)), cuts)
                known = journal.get(media_id, made_from) or previous.get(media_id, made_from)
                whole = known is not None and all(map(holds, known.cuts))
                yield media_id, cuts, made_from, known if whole else None

        for (media_id, cuts, made_from, result), following in _with_next(plan()):
            if result is None:
                if following and _is_worth_prefetching(following, reporter):
                    prefetch(following[1])
                if reporter:
                    reporter.begun(media_id)
                work = _fatal if reporter and media_id in reporter.crashed else process
                result = _process(stage, work, cuts, made_from)
                if not result.errors:  # what failed is tried again by the run that resumes
                    journal.put(media_id, made_from, result)
            _count(stage, counts, cuts, result)
            for cut in result.cuts:
                writer.write(cut)
            errors += result.errors
            if reporter:
                reporter.done(len(cuts))
        counts.check(stage.name)
        _write_errors(stage, index, identity, errors)
        writer.close(stage.name, stage.fingerprint, identity, counts.to_dict())
        journal.finish()
    logger.info("shard %d: %d items in %.1f s", index, counts.items, time.monotonic() - start)
    return counts


def _is_worth_prefetching(
    planned: tuple[str, list[Cut], str, MediaResult | None], reporter: ProgressReporter | None
) -> bool:
    """Whether the next media item should be prepared: not where one must be found to blame."""
    media_id, cuts, _, known = planned
    if known is not None or all(map(is_rejected, cuts)):
        return False
    return reporter is None or not (reporter.isolated or media_id in reporter.crashed)


def _with_next(items: Iterable[T]) -> Iterator[tuple[T, T | None]]:
    """Each item and the one behind it."""
    remaining = iter(items)
    for current in remaining:
        for following in remaining:
            yield current, following
            current = following
        yield current, None


def by_media(cuts: Iterable[Cut]) -> Iterator[tuple[str, list[Cut]]]:
    """Cuts grouped by media item."""
    for media_id, group in itertools.groupby(cuts, key=lambda cut: cut["custom"]["media_id"]):
        yield media_id, list(group)


def _fatal(cuts: list[Cut]) -> list[Cut]:
    raise WorkerCrashedError(
        f"{cuts[0]['custom'].get('media_path') or cuts[0]['id']}: the worker was killed twice while it "
        "worked on this, most likely for want of memory; give it more, or take it out of the source"
    )


def _process(stage: StageRun, process: Process, cuts: list[Cut], made_from: str) -> MediaResult:
    try:
        outcome = process(cuts)
    except Exception as error:
        if is_disk_full(error):
            raise disk_full(stage.folder.parent) from error
        logger.exception("%s: %s", stage.name, cuts[0]["custom"]["media_id"])
        outcome = [with_error(cut, error) for cut in cuts]
    for cut in outcome:
        cut["custom"] = {**cut["custom"], "fingerprint": made_from}
    failed = [cut for cut in outcome if "error" in cut["custom"]]
    return MediaResult([cut for cut in outcome if "error" not in cut["custom"]], failed)


def with_error(cut: Cut, error: BaseException) -> Cut:
    """A copy of `cut` that says what went wrong with it."""
    cause = {"kind": type(error).__name__, "message": str(error)}
    return {**cut, "custom": {**cut["custom"], "error": cause}}


def _count(stage: StageRun, counts: Counts, cuts: list[Cut], result: MediaResult) -> None:
    """Adds one media item to the accounting.

    Where items are cuts, what came in must have come out, by id.
    """
    counts.items += 1 if stage.item == "media" else len(cuts)
    if stage.item == "media":
        _count_media(counts, result)
        return
    for cut in result.cuts:
        counts.add(cut)
    for cut in result.errors:
        counts.errors[cut["custom"]["error"]["kind"]] += 1
    came_out = [cut["id"] for cut in result.cuts + result.errors]
    went_in = {cut["id"] for cut in cuts}
    if set(came_out) != went_in or not len(came_out) == len(went_in) == len(cuts):
        lost = sorted(set(came_out) ^ went_in) or ["the same id twice"]
        raise AccountingError(f"{stage.name}: cuts lost or invented: {lost[:5]}")


def _count_media(counts: Counts, result: MediaResult) -> None:
    if result.errors:
        counts.errors[result.errors[0]["custom"]["error"]["kind"]] += 1
        return
    kept = [cut for cut in result.cuts if cut["custom"]["status"] != REJECTED]
    if kept:
        counts.accepted += 1
        counts.accepted_sec += sum(cut["duration"] for cut in kept)
    else:
        reason = result.cuts[0]["custom"]["reason"] if result.cuts else "nothing_left"
        counts.rejected[reason] += 1


def _write_errors(stage: StageRun, index: int, identity: str, errors: list[Cut]) -> None:
    path = errors_path(stage.folder, stage.target, index)
    if not errors:
        path.unlink(missing_ok=True)
        return
    with ShardWriter(path) as writer:
        for cut in errors:
            writer.write(cut)
        writer.close(stage.name, stage.fingerprint, identity, {"errors": len(errors)})


def _failed_media(stage: StageRun, index: int) -> set[str]:
    path = errors_path(stage.folder, stage.target, index)
    return {cut["custom"]["media_id"] for cut in _readable(path)} if path.exists() else set()


class _Previous:
    """The previous output of a shard, read side by side with the input."""

    def __init__(self, path: Path, failed: set[str]) -> None:
        """`failed`: media items of which a part is in the errors file, so not complete here."""
        self._failed = failed
        self._items = iter(by_media(_readable(path)))
        self._next = next(self._items, None)

    def get(self, media_id: str, made_from: str) -> MediaResult | None:
        while self._next is not None and self._next[0] < media_id:
            self._next = next(self._items, None)
        if self._next is None or self._next[0] != media_id or media_id in self._failed:
            return None
        cuts = self._next[1]
        if any(cut["custom"].get("fingerprint") != made_from for cut in cuts):
            return None
        return MediaResult(cuts, [])


def _readable(path: Path) -> Iterator[Cut]:
    """Cuts of a shard up to where it ends or breaks; what is lost is made again."""
    if read_info(path) is None:
        return
    try:
        yield from read_cuts(path)
    except ManifestError as error:
        logger.warning("%s", error)
