"""The sound of what is reviewed: a small file for each cut, and its outline for the page."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from echoharvester.audio.media import MediaError
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import safe_id
from echoharvester.manifests.shards import Cut
from echoharvester.review.spectrogram import write_spectrogram

FORMATS = ("flac", "mp3", "wav")  # what every browser plays
PEAKS = 300  # of a clip: enough for a screen


@dataclass(frozen=True)
class Clip:
    """A clip that was written.

    Attributes:
        name: of its file.
        picture: name of the file with its spectrogram; empty: none was asked for.
        peaks: at most `PEAKS` bytes, the largest level of each stretch, 255 that of the loudest.
        start_sec, end_sec: where the cut lies in the clip.
        duration_sec: of the clip, with what is around the cut.
    """

    name: str
    peaks: bytes
    start_sec: float
    end_sec: float
    duration_sec: float
    picture: str = ""


def write_clips(
    cuts: Iterable[Cut],
    folder: Path,
    audio_format: str = "flac",
    padding_sec: float = 0.0,
    pictures: bool = False,
) -> dict[str, Clip]:
    """Writes the clips of these cuts, by id, and takes away all others; `pictures`: their
    spectrograms, too.

    Raises:
        MediaError: naming the recording that cannot be read.
        UserError: for a format that browsers do not play.
    """
    if audio_format not in FORMATS:
        raise UserError(f"review.clip_format is {', '.join(FORMATS)}, not {audio_format!r}")
    folder.mkdir(parents=True, exist_ok=True)
    clips = {cut["id"]: _write(cut, folder, audio_format, padding_sec, pictures) for cut in cuts}
    wanted = {name for clip in clips.values() for name in (clip.name, clip.picture)}
    for path in folder.iterdir():
        if path.name not in wanted:
            path.unlink()
    return clips


def _write(cut: Cut, folder: Path, audio_format: str, padding_sec: float, pictures: bool) -> Clip:
    import soundfile

    source, rate = cut["recording"]["sources"][0]["source"], cut["recording"]["sampling_rate"]
    begin, end = cut["start"], cut["start"] + cut["duration"]
    first = max(0, round((begin - padding_sec) * rate))
    last = min(cut["recording"]["num_samples"], round((end + padding_sec) * rate))
    try:
        samples, _ = soundfile.read(source, start=first, stop=last, dtype="int16")
    except (soundfile.SoundFileError, OSError) as error:
        raise MediaError(f"{source}: {error}; run stage 2 again") from error
    path = folder / f"{safe_id(cut['id'])}.{audio_format}"
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp.{audio_format}")
    soundfile.write(temporary, samples, rate)
    os.replace(temporary, path)
    picture = path.with_suffix(".jpg") if pictures else None
    if picture:
        temporary = picture.with_name(f".{picture.stem}.{os.getpid()}.tmp")
        write_spectrogram(samples, rate, temporary)
        os.replace(temporary, picture)
    start_sec = begin - first / rate
    return Clip(
        path.name,
        peaks(samples),
        round(start_sec, 3),
        round(start_sec + cut["duration"], 3),
        round(len(samples) / rate, 3),
        picture.name if picture else "",
    )


def peaks(samples: np.ndarray) -> bytes:
    """The outline of a sound (num_samples,), see `Clip.peaks`.

    >>> list(peaks(np.array([0, 100, -200, 0], dtype=np.int16)))
    [0, 128, 255, 0]
    """
    if len(samples) == 0:
        return b""
    level = np.abs(samples.astype(np.int32))
    edges = np.linspace(0, len(level), min(PEAKS, len(level)), endpoint=False).astype(int)
    loudest = np.maximum.reduceat(level, edges)
    return np.round(255 * loudest / max(1, loudest.max())).astype(np.uint8).tobytes()
