"""Folders that are written beside and swapped in, and what is in them."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CHECKSUMS = "checksums.sha256"


def swap(new: Path, folder: Path) -> None:
    """Puts `new` in the place of `folder`: a reader sees the one or the other, whole."""
    recover(folder)
    old = _old(folder)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def recover(folder: Path) -> None:
    """Brings back the old folder if a swap was interrupted between its two renames."""
    old = _old(folder)
    if old.exists():
        if folder.exists():
            shutil.rmtree(old)
        else:
            old.rename(folder)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def checksums(paths: Iterable[Path], relative_to: Path, num_threads: int = 1) -> str:
    """Lines that `sha256sum -c` takes, run in `relative_to`."""
    paths = list(paths)
    with ThreadPoolExecutor(num_threads) as pool:  # hashing leaves the interpreter to others
        digests = list(pool.map(_sha256, paths))
    return "".join(
        f"{digest}  {path.relative_to(relative_to).as_posix()}\n"
        for digest, path in zip(digests, paths, strict=True)
    )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
