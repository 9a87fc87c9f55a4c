"""Records that stages leave beside their files: results in their own right, and whether they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from echoharvester.manifests.shards import write_atomic


def read_record(path: Path, expected: str) -> dict[str, Any] | None:
    """The record at `path`; None unless it has the fingerprint and its files are whole.

    `fingerprint` and `files` (name to size) tell whether the results in it (scores, sizes, names)
    still hold.
    """
    record = load_record(path)
    try:
        whole = record and all(
            (path.parent / f).stat().st_size == n for f, n in record["files"].items()
        )
        return record if record and whole and record["fingerprint"] == expected else None
    except (OSError, KeyError, AttributeError):
        return None


def load_record(path: Path) -> dict[str, Any] | None:
    """The record at `path`, whatever it was made from; None where there is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def recorded_fingerprint(path: Path) -> str:
    """The fingerprint that a record claims; "" where there is none."""
    return str((load_record(path) or {}).get("fingerprint", ""))


def write_record(path: Path, fingerprint: str, files: list[Path], **results: Any) -> None:
    """Writes the record of a stage, its last act."""
    sizes = {str(f.relative_to(path.parent)): f.stat().st_size for f in files}
    record = {"fingerprint": fingerprint, "files": sizes, **results}
    write_atomic(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")
