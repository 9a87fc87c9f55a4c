"""Media files of any kind: what they say of themselves, and their sound as 16 kHz mono flac."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import UserError
from echoharvester.manifests.shards import Cut

AUDIO_SUFFIXES = (".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".wma", ".opus")
VIDEO_SUFFIXES = (
    ".mp4", ".mkv", ".avi", ".mov", ".wmv", ".flv", ".webm", ".m4v", ".mpeg", ".mpg",
)  # fmt: skip
MEDIA_SUFFIXES = AUDIO_SUFFIXES + VIDEO_SUFFIXES

# Dropped packets would shift everything after them; the resampler fills such gaps with
# silence, so that times stay those of the file.
_ON_THE_CLOCK = "aresample=async=1000:first_pts=0"
_TIMEOUT_SEC = 6 * 3600
_MOST_FRAMES = 1000 * 3600 * SAMPLING_RATE


class MediaError(UserError):
    """A media file that cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class MediaInfo:
    """What a container declares.

    Attributes:
        duration_sec: 0 where it says nothing.
        codec: of the audio track.
    """

    duration_sec: float
    sampling_rate: int
    num_channels: int
    codec: str


def probe(path: Path) -> MediaInfo:
    """Reads the container's header, not the sound.

    Raises:
        MediaError: if it is no media file or has no audio track.
    """
    import av

    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise MediaError(f"{path}: has no audio track")
            stream = container.streams.audio[0]
            duration = 0.0
            if stream.duration and stream.time_base:
                duration = float(stream.duration * stream.time_base)
            elif container.duration:
                duration = container.duration / av.time_base
            context = stream.codec_context
            return MediaInfo(
                max(duration, 0.0), context.sample_rate or 0, context.channels or 0, context.name
            )
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise MediaError(f"{path}: not a readable media file ({error})") from error


@lru_cache(maxsize=1)
def ffmpeg() -> str:
    """The ffmpeg program that the imageio-ffmpeg wheel carries."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def decode_to_flac(source: Path, target: Path) -> float:
    """Decodes the first audio track to 16 kHz mono flac; `target` appears only when whole.

    Returns the decoded duration in seconds, which for a damaged file is less than declared.  One
    thread: files in parallel make better use of cores than threads that wait for each other.

    Raises:
        MediaError: if nothing can be decoded.
    """
    import soundfile

    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp.flac")
    try:
        run_ffmpeg(
            ["-threads", "1", "-filter_threads", "1", "-i", f"file:{source}", "-map", "0:a:0", "-vn", "-sn", "-dn", "-af", _ON_THE_CLOCK,
             "-ac", "1", "-ar", str(SAMPLING_RATE), "-sample_fmt", "s16", "-map_metadata", "-1",
             "-fflags", "+bitexact", "-flags:a", "+bitexact", f"file:{temporary}"],
            what=str(source),
        )  # fmt: skip
        info = soundfile.info(str(temporary))
        if not 0 < info.frames < _MOST_FRAMES:  # of nothing, flac says that it knows no length
            raise MediaError(f"{source}: its audio track holds no sound that can be decoded")
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return float(info.frames / SAMPLING_RATE)


def run_ffmpeg(arguments: list[str], what: str, data: bytes | None = None) -> bytes:
    """Runs ffmpeg, feeding it `data`; returns what it writes to its standard output.

    Raises:
        MediaError: with ffmpeg's own last words, if it fails.
    """
    command = [ffmpeg(), "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *arguments]
    if data is not None:
        command.remove("-nostdin")
    done = subprocess.run(
        command,
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        capture_output=True,
        timeout=_TIMEOUT_SEC,
        check=False,
    )
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise MediaError(
            f"{what}: ffmpeg cannot read it ({'; '.join(words[-2:]) or 'no reason given'})"
        )
    return done.stdout


def load_sound(cut: Cut) -> np.ndarray:
    """Samples (num_samples,) of the whole recording that a cut lies in; see `load_flac`."""
    return load_flac(cut["recording"]["sources"][0]["source"])


def load_flac(path: Path | str) -> np.ndarray:
    """Samples (num_samples,) in -1..1 of one of our 16 kHz mono files.

    Raises:
        MediaError: if it is missing, damaged or of another rate.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(str(path), dtype="float32")
    except (soundfile.SoundFileError, OSError) as error:
        raise MediaError(f"{path}: {error}; run stage 2 again") from error
    if rate != SAMPLING_RATE or samples.ndim != 1:
        raise MediaError(
            f"{path}: expected {SAMPLING_RATE} Hz mono, found {rate} Hz; run stage 2 again"
        )
    return samples


class SoundPrefetcher:
    """Decodes the next recording while the current one is worked on."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1)
        self._begun: dict[str, Future[np.ndarray]] = {}

    def begin(self, cuts: Sequence[Cut]) -> None:
        """Begins to decode the recording that these cuts lie in."""
        self._begun = {cuts[0]["recording"]["id"]: self._worker.submit(load_sound, cuts[0])}

    def __call__(self, cut: Cut) -> np.ndarray:
        """The samples of the recording of a cut; see `load_sound`."""
        begun = self._begun.pop(cut["recording"]["id"], None)
        return begun.result() if begun else load_sound(cut)
