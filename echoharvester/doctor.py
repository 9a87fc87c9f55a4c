"""Looks over the machine: what is there, what is not, and what to do about it.

scripts/doctor [DATA_DIR]
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from echoharvester.errors import UserError

MIN_FREE_GIB = 2.0
PACKAGES = ("torch", "torchaudio", "lhotse", "onnxruntime", "sherpa-onnx", "silero-vad", "yt-dlp")
EXTRAS = {
    "qwen-asr": "asr=qwen3 and align=qwen3: ECHO_EXTRAS=qwen ./run.sh",
    "faster-whisper": "asr=faster_whisper: ECHO_EXTRAS=whisper ./run.sh",
    "hydra-submitit-launcher": "sweeps on Slurm: ECHO_EXTRAS=slurm ./run.sh",
}
# What the parts that are used without being ours may be used for.
LICENCES = (
    "licences: espeak-ng and ffmpeg's program GPL-3.0 (run, not linked), Silero VAD MIT, "
    "Qwen3-ASR and the public Zipformer Apache-2.0; of harvested media: custom.license of every cut"
)
SITES = {"the model hub": "huggingface.co", "YouTube": "www.youtube.com"}
TIMEOUT_SEC = 2.0
CODECS = ("aac", "mp3", "opus", "vorbis", "flac", "h264", "vp9")


class MachineError(UserError):
    """The machine lacks something without which nothing works."""


def check_environment(data_dir: Path) -> Iterator[str]:
    """Lines for people.

    Raises:
        MachineError: saying what to do.
    """
    yield f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, {_memory_gib():.0f} GiB memory"
    yield ", ".join(f"{name} {_version(name) or 'missing: pip install -e .'}" for name in PACKAGES)
    for name, use in EXTRAS.items():
        yield f"{name} {_version(name) or f'not installed ({use})'}"
    for check in (_gpu, _k2, _codecs, javascript_runtime, _slurm, _network, _models):
        yield _safely(check)
    yield LICENCES
    place = data_dir
    while not place.exists():
        place = place.parent
    free_gib = shutil.disk_usage(place).free / 2**30
    if free_gib < MIN_FREE_GIB:
        raise MachineError(
            f"{free_gib:.1f} GiB free at {place}, {MIN_FREE_GIB:.0f} needed: free some, or set data_dir"
        )
    yield f"{free_gib:.0f} GiB free at {place}; an hour of speech takes about 0.07 as flac, as much in Shar"


def _safely(check: Callable[[], str]) -> str:
    """A check that fails says so: the doctor must not die of what it looks for."""
    try:
        return check()
    except Exception as error:
        return (
            f"{check.__name__.strip('_')}: could not be looked at ({type(error).__name__}: {error})"
        )


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _gpu() -> str:
    import torch

    if torch.cuda.is_available():
        names = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        return f"GPU: {', '.join(names)}"
    if shutil.which("nvidia-smi"):
        return f"GPU: there is one that torch {torch.__version__} does not see; its CUDA wants another driver"
    return "GPU: none; training is slow, and asr=by_hardware takes the Zipformer on the CPU"


def _k2() -> str:
    """k2 is built for one version of torch."""
    found = _version("k2")
    if not found:
        return "k2: not installed (lattice decoding only: docs/decoding.md; decode=hlg needs none)"
    import torch

    try:
        import k2  # noqa: F401
    except Exception as error:
        return f"k2 {found}: cannot be imported with torch {torch.__version__} ({error}); install the k2 built for it"
    return f"k2 {found} with torch {torch.__version__}"


def _codecs() -> str:
    from echoharvester.audio.media import ffmpeg

    listed = subprocess.run([ffmpeg(), "-hide_banner", "-decoders"], capture_output=True, text=True)
    names = {line.split()[1] for line in listed.stdout.splitlines() if len(line.split()) > 1}
    missing = [codec for codec in CODECS if codec not in names]
    if missing:
        return f"ffmpeg: cannot decode {', '.join(missing)}; reinstall imageio-ffmpeg"
    return f"ffmpeg: decodes {', '.join(CODECS)} and {len(names) - len(CODECS)} others"


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
        runtime.info
        for runtime in (DenoJsRuntime(), NodeJsRuntime(), BunJsRuntime(), QuickJsRuntime())
        if runtime.info
    ]
    usable = [info for info in found if info.supported]
    if usable:
        names = ", ".join(f"{info.name} {info.version}" for info in usable)
        return f"JavaScript for YouTube: {names} (network.js_runtime)"
    old = "".join(f"; {info.name} {info.version} is too old" for info in found)
    return (
        f"no JavaScript runtime, which YouTube needs (pip install -e .[youtube] brings deno){old}"
    )


def _slurm() -> str:
    if not shutil.which("sbatch"):
        return "Slurm: none here; --launcher slurm runs on a machine that submits to one"
    listed = subprocess.run(
        ["sinfo", "-h", "-o", "%P %D nodes %T"], capture_output=True, text=True, timeout=10
    )
    if listed.returncode:
        said = (listed.stderr.strip() or "no reason given").splitlines()[-1]
        return f"Slurm: installed, but does not answer ({said}); ask whoever runs it"
    return f"Slurm: {'; '.join(listed.stdout.split(chr(10))[:4]).strip('; ')}"


def _network() -> str:
    unreached = []
    for what, host in SITES.items():
        try:
            socket.create_connection((host, 443), TIMEOUT_SEC).close()
        except OSError:
            unreached.append(what)
    if unreached:
        return (
            f"network: {' and '.join(unreached)} cannot be reached; media and models on disk need none "
            "(network.proxy is for what fetches)"
        )
    return "network: the model hub and YouTube can be reached"


def _models() -> str:
    """Which models of a hub are on this machine."""
    from huggingface_hub import CacheNotFound, scan_cache_dir

    others = (
        "stage 0 downloads those that a recipe names; models given as a path are read from there"
    )
    try:
        cache = scan_cache_dir()
    except CacheNotFound:
        return f"models: none downloaded from the hub yet; {others}"
    names = [f"{repo.repo_id} ({repo.size_on_disk_str})" for repo in cache.repos]
    return f"models downloaded from the hub: {', '.join(sorted(names)) or 'none'}; {others}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def main() -> int:
    place = Path(sys.argv[1] if len(sys.argv) > 1 else ".").absolute()
    try:
        for line in check_environment(place):
            print(line)
    except MachineError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
