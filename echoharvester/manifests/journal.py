"""Finished media items of a shard under way, so that an interrupted run loses none of them."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from echoharvester.manifests.shards import Cut, ManifestError


@dataclass(frozen=True)
class MediaResult:
    """What a stage made of one media item."""

    cuts: list[Cut]
    errors: list[Cut]


class Journal:
    """An append-only file of results beside a shard; deleted once the shard is whole.

    In memory: an offset for every media item, not the cuts.  A record cut short by a kill is
    dropped.  Holding it open keeps a second run off the same shard.
    """

    def __init__(self, shard: Path) -> None:
        """Opens or creates the journal of `shard`.

        Raises:
            ManifestError: if another process is at work on the shard.
        """
        shard.parent.mkdir(parents=True, exist_ok=True)
        self.path = shard.with_name(f".{shard.name.removesuffix('.jsonl.gz')}.journal.jsonl")
        self._file = open(self.path, "a+b")  # noqa: SIM115 (closed in finish or close)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise ManifestError(
                f"{shard}: another run is at work on this shard; wait for it or stop it"
            ) from error
        self._offsets: dict[tuple[str, str], int] = {}
        self._index()

    def _index(self) -> None:
        self._file.seek(0)
        offset = 0
        for line in self._file:
            try:
                record = json.loads(line) if line.endswith(b"\n") else {}
                self._offsets[record["unit"], record["fingerprint"]] = offset
            except (ValueError, KeyError):
                break
            offset += len(line)
        else:
            return
        self._file.truncate(offset)

    def get(self, media_id: str, fingerprint: str) -> MediaResult | None:
        offset = self._offsets.get((media_id, fingerprint))
        if offset is None:
            return None
        self._file.seek(offset)
        record = json.loads(self._file.readline())
        return MediaResult(record["cuts"], record["errors"])

    def put(self, media_id: str, fingerprint: str, result: MediaResult) -> None:
        """Appends a finished media item; on disk when this returns."""
        record = {"unit": media_id, "fingerprint": fingerprint, **result.__dict__}
        self._file.seek(0, os.SEEK_END)
        self._file.write((json.dumps(record, ensure_ascii=False) + "\n").encode())
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self) -> None:
        """The shard is whole: the journal has served."""
        self.path.unlink(missing_ok=True)
        self._file.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._file.close()
