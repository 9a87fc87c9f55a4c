"""Short digests that say whether something was made from the same settings and input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DIGEST_CHARS = 16  # 64 bits: a clash among 10 million items has a chance of 3e-6


def fingerprint(*parts: Any) -> str:
    """Digest of plain values; the order of keys in a dict does not matter.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:DIGEST_CHARS]


# Of a cut's custom fields, those that say when or by what it was made, not what it is.
_NOT_CONTENT = {"fingerprint", "file_mtime_ns"}


def media_fingerprint(stage_fingerprint: str, cuts: Iterable[dict[str, Any]]) -> str:
    """Digest of a stage's settings and the cuts it works on.

    What made those cuts does not count, only what they are: an earlier stage that is
    redone with the same result leaves later ones untouched.
    """
    bare = [
        {**cut, "custom": {k: v for k, v in cut["custom"].items() if k not in _NOT_CONTENT}}
        for cut in cuts
    ]
    return fingerprint(stage_fingerprint, bare)


def file_digest(path: Path) -> str:
    """Digest of a file's content (BLAKE2b).

    Raises:
        FileNotFoundError: naming the file.
    """
    digest = hashlib.blake2b(digest_size=DIGEST_CHARS)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
