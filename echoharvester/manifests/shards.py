"""Shard files: Lhotse manifests (`NAME.K.jsonl.gz`) that know what made them.

A shard is plain gzip that any program opens.  Its gzip header carries an extra field
(RFC 1952, section 2.3.1.1) with a small JSON record: the stage, the fingerprint of its
settings, the identity of its input, the accounting, and the size and checksum of the
content.  So whether a shard is whole and fresh is known from its first 4 KiB, however
long it is, and no second file can disagree with it.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from echoharvester.errors import UserError

Cut = dict[str, Any]  # a Lhotse cut as its JSON has it

HEADER_BYTES = 4096  # the JSON record, padded with spaces
_SUBFIELD = b"EH"
_STAGE_KEY = "step"  # as records have always called it
_GZIP_START = struct.pack("<BBBBIBBH", 0x1F, 0x8B, 8, 4, 0, 0, 255, HEADER_BYTES + 4)
_RECORD_OFFSET = len(_GZIP_START) + 4
_SHARD_NAME = re.compile(r"(?P<name>.+)\.(?P<index>\d+)\.jsonl\.gz")


class ManifestError(UserError):
    """A manifest that cannot be used; the message names it and the remedy."""


@dataclass(frozen=True)
class ShardInfo:
    """What the header of a shard says.

    Attributes:
        stage: the stage that wrote it; in the record it is called `step`.
        fingerprint: of that stage's settings.
        input: identity of what it was made from.
        counts: accounting, see `accounting.Counts`, and `cuts`: how many there are.
        crc: CRC-32 of the content.
        size: bytes of the whole file.
    """

    stage: str
    fingerprint: str
    input: str
    counts: dict[str, Any]
    crc: int = 0
    size: int = 0

    @property
    def identity(self) -> str:
        """Changes when the content does."""
        return f"{self.crc:08x}"


def shard_path(folder: Path, name: str, index: int) -> Path:
    return folder / f"{name}.{index}.jsonl.gz"


def errors_path(folder: Path, name: str, index: int) -> Path:
    return folder / f"{name}.{index}.errors.jsonl.gz"


def find_shards(folder: Path, name: str) -> list[Path]:
    """Shards of `name` in order of their index.

    Raises:
        ManifestError: if an index is missing in between.
    """
    found = {}
    for path in folder.glob(f"{name}.*.jsonl.gz"):
        match = _SHARD_NAME.fullmatch(path.name)
        if match and match["name"] == name:
            found[int(match["index"])] = path
    missing = sorted(set(range(max(found, default=-1) + 1)) - found.keys())
    if missing:
        raise ManifestError(
            f"{folder}: shards {missing} of {name} are missing; run its stage again"
        )
    return [found[i] for i in sorted(found)]


def read_info(path: Path) -> ShardInfo | None:
    """The header of a shard; None where it is missing, damaged, or not written by us."""
    try:
        with open(path, "rb") as file:
            start = file.read(_RECORD_OFFSET)
            record = file.read(HEADER_BYTES)
            file.seek(-8, os.SEEK_END)
            crc, _ = struct.unpack("<II", file.read(8))
            size = file.tell()
    except OSError:
        return None
    if start[: len(_GZIP_START)] != _GZIP_START:
        return None
    try:
        values = json.loads(record)
        info = ShardInfo(stage=values.pop(_STAGE_KEY), **values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return info if (info.crc, info.size) == (crc, size) else None


def read_cuts(path: Path) -> Iterator[Cut]:
    """Cuts of one shard, one at a time.

    Raises:
        ManifestError: naming file and line where it is truncated or not JSON.
    """
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):  # noqa: B007 (named in the error)
                yield json.loads(line)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise ManifestError(
            f"{path}, after line {number}: {error}; delete this shard and run its stage again"
        ) from error


def known_rows(path: Path) -> Iterator[Cut]:
    """Rows of a manifest that may not be there yet, or not be whole: then none."""
    if read_info(path):
        yield from read_cuts(path)


def read_all_cuts(folder: Path, name: str) -> Iterator[Cut]:
    """Cuts of all shards of `name`, in order."""
    for path in find_shards(folder, name):
        yield from read_cuts(path)


class ShardWriter:
    """Writes one shard; it appears under its name only when `close` succeeds.

    Used as a context manager; an exception inside leaves nothing behind, and what killed writers
    of this shard left behind goes.  One process at a time may write it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        self.path = path
        self._temporary = path.with_name(f".{path.name.removesuffix('.gz')}.{os.getpid()}.tmp.gz")
        self._file = open(self._temporary, "wb")  # noqa: SIM115 (closed in close or abort)
        self._file.write(_GZIP_START + _SUBFIELD + struct.pack("<H", HEADER_BYTES))
        self._file.write(b" " * HEADER_BYTES)
        self._deflate = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._crc, self._length, self._num_cuts = 0, 0, 0

    def write(self, cut: Cut) -> None:
        line = (json.dumps(cut, ensure_ascii=False) + "\n").encode()
        self._crc = zlib.crc32(line, self._crc)
        self._length += len(line)
        self._num_cuts += 1
        self._file.write(self._deflate.compress(line))

    @property
    def identity(self) -> str:
        """Of what has been written so far; see `ShardInfo.identity`."""
        return f"{self._crc:08x}"

    def close(
        self, stage: str, fingerprint: str, input_identity: str, counts: dict[str, Any]
    ) -> None:
        """Completes the file and moves it to its name."""
        self._file.write(self._deflate.flush())
        self._file.write(struct.pack("<II", self._crc, self._length & 0xFFFFFFFF))
        counts = {**counts, "cuts": self._num_cuts}
        info = ShardInfo(stage, fingerprint, input_identity, counts, self._crc, self._file.tell())
        values = {
            _STAGE_KEY: info.stage,
            **{k: v for k, v in info.__dict__.items() if k != "stage"},
        }
        record = json.dumps(values, ensure_ascii=False).encode()
        if len(record) > HEADER_BYTES:
            raise ManifestError(f"{self.path}: accounting takes {len(record)} bytes in the header")
        self._file.seek(_RECORD_OFFSET)
        self._file.write(record)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.replace(self._temporary, self.path)

    def abort(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if not self._file.closed:
            self.abort()


def _remove_leftovers(path: Path) -> None:
    stem = path.name.removesuffix(".gz")
    for leftover in path.parent.glob(f".{stem}.*.tmp.gz"):
        if leftover.name != f".{stem}.{os.getpid()}.tmp.gz":
            leftover.unlink(missing_ok=True)


def write_atomic(path: Path, text: str) -> None:
    """Writes a small text file so that a reader sees the old one or the whole new one.

    Processes of several machines may write the same file: the last one counts.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
