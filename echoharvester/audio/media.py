"""Media files of any kind: what they say of themselves, and their sound as 16 kHz mono flac."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.tracks import Track
from echoharvester.errors import UserError
from echoharvester.manifests.shards import Cut

AUDIO_SUFFIXES = (
    ".wav", ".mp3", ".flac", ".ogg", ".m4a", ".aac", ".wma", ".opus", ".oga", ".mka", ".m4b", ".mp2", ".mpga", ".aiff",
    ".aif", ".aifc", ".weba", ".ac3", ".amr", ".caf", ".ape", ".wv", ".au",
)  # fmt: skip
VIDEO_SUFFIXES = (
    ".mp4", ".mkv", ".avi", ".mov", ".wmv", ".flv", ".webm", ".m4v", ".mpeg", ".mpg", ".ts", ".mts", ".m2ts", ".3gp",
    ".3g2", ".asf", ".ogv", ".ogm", ".vob", ".rm", ".rmvb", ".f4v", ".mxf", ".divx", ".tp",
)  # fmt: skip
MEDIA_SUFFIXES = AUDIO_SUFFIXES + VIDEO_SUFFIXES

# Dropped packets would shift everything after them; the resampler fills such gaps with
# silence, so that times stay those of the file.
_ON_THE_CLOCK = "aresample=async=1000:first_pts=0"
_DEFAULT = 1  # AV_DISPOSITION_DEFAULT
_PIECE_SEC = 10.0
_CANCELLED_SHARE = 0.03  # of the power of the stronger channel: of two microphones half is left
_TIMEOUT_SEC = 6 * 3600
_MOST_FRAMES = 1000 * 3600 * SAMPLING_RATE


class MediaError(UserError):
    """A media file that cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class MediaInfo:
    """What a container declares.

    Attributes:
        duration_sec: 0 where it says nothing.
        sampling_rate: of the first audio track.
        audio, subtitles: its tracks, in their order.
        chapters: start and end in seconds, and title.
    """

    duration_sec: float
    sampling_rate: int
    audio: tuple[Track, ...]
    subtitles: tuple[Track, ...] = ()
    chapters: tuple[tuple[float, float, str], ...] = ()


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
            chapters = [
                (float(c["start"] * unit), float(c["end"] * unit), c["metadata"].get("title", ""))
                for c in container.chapters()
                if (unit := c["time_base"])
            ]
            return MediaInfo(
                max(duration, 0.0),
                stream.codec_context.sample_rate or 0,
                tuple(map(_track, container.streams.audio)),
                tuple(map(_track, container.streams.subtitles)),
                tuple((start, end, title) for start, end, title in chapters if end > start),
            )
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise MediaError(f"{path}: not a readable media file ({error})") from error


def _track(stream: Any) -> Track:
    """What a stream of PyAV says of itself."""
    codec = stream.codec_context.name if stream.codec_context else ""
    return Track(
        codec,
        str(stream.metadata.get("language", "")),
        str(stream.metadata.get("title", "")),
        bool(int(stream.disposition) & _DEFAULT),
    )


def cancelling(path: Path, track: int = 0) -> bool:
    """Whether the two channels of an audio track are in opposite phase, so that their sum is silence.

    Three short pieces of the file are listened to.  What is damaged there says nothing: decoding reads
    around it, or names it.
    """
    import av

    left = right = mixed = 0.0
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            stream = container.streams.audio[track]
            if stream.codec_context.channels != 2:
                return False
            length = (container.duration or 0) / av.time_base
            resampler = av.AudioResampler(format="fltp", layout="stereo", rate=8000)
            for place in (0.1, 0.4, 0.7):
                if length > 3 * _PIECE_SEC:
                    container.seek(int(length * place * av.time_base))
                elif place > 0.1:
                    break
                heard = 0.0
                for frame in container.decode(stream):
                    for piece in resampler.resample(frame):
                        a, b = piece.to_ndarray()
                        left, right = left + float(a @ a), right + float(b @ b)
                        mixed += float((a + b) @ (a + b)) / 4
                        heard += len(a) / 8000
                    if heard >= _PIECE_SEC:
                        break
    except (av.error.FFmpegError, OSError, ValueError, IndexError):
        return False
    return mixed < _CANCELLED_SHARE * max(left, right)


@lru_cache(maxsize=1)
def ffmpeg() -> str:
    """The ffmpeg program that the imageio-ffmpeg wheel carries."""
    import imageio_ffmpeg

    return imageio_ffmpeg.get_ffmpeg_exe()


def decode_to_flac(source: Path, target: Path, track: int = 0, channel: int | None = None) -> float:
    """Decodes an audio track to 16 kHz mono flac; `target` appears only when whole.

    `track`: from 0; `channel`: that alone instead of the sum of all.

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
            ["-threads", "1", "-filter_threads", "1", "-i", f"file:{source}", "-map", f"0:a:{track}", "-vn", "-sn", "-dn", "-af",
             _ON_THE_CLOCK if channel is None else f"pan=mono|c0=c{channel},{_ON_THE_CLOCK}",
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


def extract_subtitles(source: Path, target: Path, track: int) -> None:
    """Writes a text subtitle track of a media file, from 0, to a file in the format of its suffix.

    Raises:
        MediaError: if it cannot be read.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp{target.suffix}")
    try:
        run_ffmpeg(
            ["-i", f"file:{source}", "-map", f"0:s:{track}", f"file:{temporary}"], what=str(source)
        )
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


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
        if any(os.strerror(errno.ENOSPC) in line for line in words):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), arguments[-1])
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
