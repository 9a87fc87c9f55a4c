"""What makes clean speech sound like the world: noise, rooms, telephones, loudness, masks."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import torch
from scipy.signal import butter, fftconvolve, resample_poly, sosfilt
from torch import Tensor

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import UserError

CHANNEL_POINTS, CHANNEL_DB = 8, 4.0
CODECS = (("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS"), ("OGG", "OPUS"))


def colored_noise(num_samples: int, exponent: float, rng: np.random.Generator) -> np.ndarray:
    """Noise whose power falls with frequency ** exponent: 0 white, 1 pink, 2 brown; RMS 1."""
    spectrum = rng.standard_normal(num_samples // 2 + 1) + 1j * rng.standard_normal(
        num_samples // 2 + 1
    )
    frequency = np.maximum(np.arange(len(spectrum)), 1.0)
    noise = np.fft.irfft(spectrum * frequency ** (-exponent / 2), n=num_samples)
    return (noise / (np.sqrt(np.mean(noise**2)) + 1e-12)).astype(np.float32)


def tones(num_samples: int, rng: np.random.Generator) -> np.ndarray:
    """Something like music: chords of decaying harmonics, one every half second or so; RMS 1."""
    out = np.zeros(num_samples, np.float32)
    start = 0
    while start < num_samples:
        length = min(int(SAMPLING_RATE * rng.uniform(0.2, 0.8)), num_samples - start)
        time = np.arange(length, dtype=np.float32) / SAMPLING_RATE
        for _ in range(rng.integers(1, 4)):
            pitch = 110.0 * 2 ** (rng.integers(0, 36) / 12)
            for harmonic in (1, 2, 3):
                wave = np.sin(2 * np.pi * pitch * harmonic * time) / harmonic
                out[start : start + length] += wave * np.exp(-3 * time)
        start += length
    return out / (np.sqrt(np.mean(out**2)) + 1e-12)


def add_noise(samples: np.ndarray, noise: np.ndarray, snr_db: float) -> np.ndarray:
    """`samples` plus `noise` (RMS 1), `snr_db` below the power of the samples' louder half."""
    loud = np.sort(np.abs(samples))[len(samples) // 2 :]
    level = np.sqrt(np.mean(loud**2) / 2) * 10 ** (-snr_db / 20)
    return samples + level * noise[: len(samples)]


def reverberate(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A room made of decaying noise, its direct sound first so that nothing is delayed."""
    decay_sec = rng.uniform(0.1, 0.5)
    time = np.arange(int(decay_sec * SAMPLING_RATE)) / SAMPLING_RATE
    response = rng.standard_normal(len(time)) * np.exp(-6.9 * time / decay_sec)
    response *= rng.uniform(0.1, 0.5) / np.sqrt(np.sum(response**2))
    response[0] = 1.0
    return fftconvolve(samples, response)[: len(samples)].astype(np.float32)


def band_limit(samples: np.ndarray, cutoff_hz: float) -> np.ndarray:
    """Nothing above `cutoff_hz`, as a telephone or a lossy codec leaves it."""
    sos = butter(6, cutoff_hz, fs=SAMPLING_RATE, output="sos")
    return sosfilt(sos, samples).astype(np.float32)


def through_channel(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A microphone's uneven response and, one time in three, a lossy codec; as loud as before."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / SAMPLING_RATE)
    mels = np.log1p(frequency / 700)
    points = np.linspace(0, mels[-1], CHANNEL_POINTS)
    gains_db = rng.normal(0, CHANNEL_DB, CHANNEL_POINTS)
    gains_db += rng.uniform(-2, 2) * CHANNEL_DB * np.linspace(-1, 1, CHANNEL_POINTS)  # a tilt
    spectrum *= 10 ** (np.interp(mels, points, gains_db) / 20)
    changed = np.fft.irfft(spectrum, n=len(samples)).astype(np.float32)
    changed *= np.max(np.abs(samples)) / (np.max(np.abs(changed)) + 1e-9)
    return coded(changed, rng) if rng.random() < 1 / 3 else changed


def coded(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(num_samples,) as MP3, Vorbis or Opus leaves it at a random quality."""
    container, subtype = CODECS[rng.integers(len(CODECS))]
    buffer = io.BytesIO()
    with soundfile.SoundFile(
        buffer,
        "w",
        SAMPLING_RATE,
        1,
        subtype,
        format=container,
        compression_level=rng.uniform(0.3, 0.95),
    ) as file:
        file.write(samples)
    buffer.seek(0)
    decoded = soundfile.read(buffer, dtype="float32")[0][: len(samples)]
    return np.pad(decoded, (0, len(samples) - len(decoded)))


class AudioFolder:
    """Recordings below a folder, such as MUSAN or a set of room responses."""

    SUFFIXES = frozenset((".wav", ".flac", ".ogg", ".mp3"))

    def __init__(self, folder: Path) -> None:
        """Raises FileNotFoundError if there is no audio below `folder`."""
        self.paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in self.SUFFIXES)
        if not self.paths:
            raise FileNotFoundError(f"{folder}: no .wav, .flac, .ogg or .mp3 files below it")

    def draw(self, num_samples: int | None, rng: np.random.Generator) -> np.ndarray:
        """A random stretch of a random recording at 16 kHz, repeated if short; None: all of it."""
        path = self.paths[rng.integers(len(self.paths))]
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            if num_samples is not None:
                wanted = -(-num_samples * rate // SAMPLING_RATE)
                file.seek(int(rng.integers(max(1, file.frames - wanted))))
                samples = file.read(wanted, dtype="float32", always_2d=True)[:, 0]
            else:
                samples = file.read(dtype="float32", always_2d=True)[:, 0]
        if not len(samples):
            raise UserError(f"{path}: holds no audio; remove it")
        if rate != SAMPLING_RATE:
            divisor = math.gcd(rate, SAMPLING_RATE)
            samples = resample_poly(samples, SAMPLING_RATE // divisor, rate // divisor)
        return samples if num_samples is None else np.resize(samples, num_samples)


@dataclass(frozen=True)
class AcousticEnvironments:
    """What sound is put into: noises and rooms, made up where no recordings are given."""

    noises: AudioFolder | None = None
    rooms: AudioFolder | None = None

    def noise(self, num_samples: int, rng: np.random.Generator) -> np.ndarray:
        """(num_samples,) of RMS 1."""
        if self.noises:
            noise = self.noises.draw(num_samples, rng)
            return (noise / (np.sqrt(np.mean(noise**2)) + 1e-12)).astype(np.float32)
        if rng.random() < 0.3:
            return tones(num_samples, rng)
        return colored_noise(num_samples, rng.uniform(0, 2), rng)

    def reverberate(self, samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """In a recorded room, its direct sound first so that nothing is delayed, or a made up one."""
        if not self.rooms:
            return reverberate(samples, rng)
        response = self.rooms.draw(None, rng)
        response = response[int(np.argmax(np.abs(response))) :]
        response = response / (np.abs(response[0]) + 1e-12)
        return fftconvolve(samples, response)[: len(samples)].astype(np.float32)


MADE_UP = AcousticEnvironments()


def augment(
    samples: np.ndarray, rng: np.random.Generator, environments: AcousticEnvironments = MADE_UP
) -> np.ndarray:
    """One random version of a 16 kHz utterance (num_samples,): room, noise, band, loudness."""
    if rng.random() < 0.3:
        samples = environments.reverberate(samples, rng)
    if rng.random() < 0.7:
        noise = environments.noise(len(samples), rng)
        samples = add_noise(samples, noise, rng.uniform(5, 35))
    if rng.random() < 0.25:
        samples = band_limit(samples, rng.uniform(3200, 7500))
    peak = np.max(np.abs(samples)) + 1e-9
    return (samples * (10 ** rng.uniform(-1.5, -0.02) / peak)).astype(np.float32)


def spec_augment(
    features: Tensor,
    lens: Tensor,
    generator: torch.Generator,
    time_mask_factor: float = 1.0,
    num_freq_masks: int = 2,
    max_freq_bins: int = 20,
    time_masks_per_sec: float = 0.4,
    max_time_frames: int = 20,
) -> Tensor:
    """Masks bands and stretches with the utterance's mean (Park et al. 2019, arXiv:1904.08779).

    `time_mask_factor`: so many times the usual number of time masks.
    Returns new features (N, T, F); the input is not changed.
    """

    def draw(high: int) -> int:
        return int(torch.randint(0, high + 1, (1,), generator=generator))

    time_masks_per_sec *= time_mask_factor
    features = features.clone()
    for row, length in zip(features, lens.tolist(), strict=True):
        mean = row[:length].mean()
        for _ in range(num_freq_masks):
            width = draw(max_freq_bins)
            start = draw(row.size(1) - width)
            row[:length, start : start + width] = mean
        for _ in range(round(length / 100 * time_masks_per_sec)):
            width = draw(min(max_time_frames, length // 4))
            start = draw(length - width)
            row[start : start + width] = mean
    return features


def time_warp(features: Tensor, lens: Tensor, generator: torch.Generator, max_shift: int) -> Tensor:
    """Moves a random moment of each utterance by up to `max_shift` frames (Park et al. 2019).

    What is before it is stretched and what is after squeezed, or the other way round.
    Returns new features (N, T, F); utterances too short to warp stay as they are.
    """
    features = features.clone()
    for row, length in zip(features, lens.tolist(), strict=True):
        if length < 2 * max_shift + 3:
            continue
        center = int(torch.randint(max_shift + 1, length - max_shift - 1, (), generator=generator))
        moved = center + int(torch.randint(-max_shift, max_shift + 1, (), generator=generator))
        if moved == center:
            continue
        pieces = ((row[:center], moved), (row[center:length], length - moved))
        row[:length] = torch.cat([_resized(piece, size) for piece, size in pieces])
    return features


def _resized(frames: Tensor, length: int) -> Tensor:
    """(T, F) to (length, F)."""
    resized = torch.nn.functional.interpolate(frames.T[None], size=length, mode="linear")
    return resized[0].T
