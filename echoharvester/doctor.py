"""Looks over the machine: what is there, what is not, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

MIN_FREE_GIB = 2.0
PACKAGES = ("torch", "torchaudio", "lhotse", "onnxruntime", "silero-vad", "yt-dlp")
OPTIONAL = {
    "k2": "decoding on lattices: see docs/installation.md",
    "sherpa-onnx": "pip install -e .[sherpa]",
}


class MachineError(RuntimeError):
    """The machine lacks something without which nothing works."""


def check_environment(data_dir: Path) -> Iterator[str]:
    """Lines for people.

    Raises:
        MachineError: saying what to do.
    """
    yield f"Python {sys.version.split()[0]}, {os.cpu_count()} cores"
    yield ", ".join(f"{name} {_version(name) or 'missing: pip install -e .'}" for name in PACKAGES)
    for name, remedy in OPTIONAL.items():
        yield f"{name} {_version(name) or f'not installed (optional; {remedy})'}"
    yield javascript_runtime()
    place = data_dir
    while not place.exists():
        place = place.parent
    free_gib = shutil.disk_usage(place).free / 2**30
    if free_gib < MIN_FREE_GIB:
        raise MachineError(
            f"{free_gib:.1f} GiB free at {place}, {MIN_FREE_GIB:.0f} needed: free some, or set data_dir"
        )
    yield f"{free_gib:.0f} GiB free at {place}"


def javascript_runtime() -> str:
    """Which JavaScript runtime yt-dlp would use, or what to do about there being none.

    YouTube hands out the addresses of its media only to who runs its scripts.
    """
    from yt_dlp.utils._jsruntime import (
        BunJsRuntime,
        DenoJsRuntime,
        NodeJsRuntime,
        QuickJsRuntime,
    )

    found = [
        runtime.info for runtime in (DenoJsRuntime(), NodeJsRuntime(), BunJsRuntime(), QuickJsRuntime())
        if runtime.info
    ]  # fmt: skip
    usable = [info for info in found if info.supported]
    if usable:
        names = ", ".join(f"{info.name} {info.version}" for info in usable)
        return f"JavaScript for YouTube: {names} (network.js_runtime)"
    old = "".join(f"; {info.name} {info.version} is too old" for info in found)
    return (
        f"no JavaScript runtime, which YouTube needs (pip install -e .[youtube] brings deno){old}"
    )


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
