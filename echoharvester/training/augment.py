"""What makes clean speech sound like the world: noise, rooms, telephones, loudness, masks."""

from __future__ import annotations

import numpy as np
import torch
from scipy.signal import butter, fftconvolve, sosfilt
from torch import Tensor

from echoharvester.audio.fbank import SAMPLING_RATE


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


def augment(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One random version of a 16 kHz utterance (num_samples,)."""
    if rng.random() < 0.3:
        samples = reverberate(samples, rng)
    if rng.random() < 0.7:
        if rng.random() < 0.3:
            noise = tones(len(samples), rng)
        else:
            noise = colored_noise(len(samples), rng.uniform(0, 2), rng)
        samples = add_noise(samples, noise, rng.uniform(5, 35))
    if rng.random() < 0.25:
        samples = band_limit(samples, rng.uniform(3200, 7500))
    peak = np.max(np.abs(samples)) + 1e-9
    return (samples * (10 ** rng.uniform(-1.5, -0.02) / peak)).astype(np.float32)


def spec_augment(
    features: Tensor,
    lens: Tensor,
    generator: torch.Generator,
    num_freq_masks: int = 2,
    max_freq_bins: int = 20,
    time_masks_per_sec: float = 0.4,
    max_time_frames: int = 20,
) -> Tensor:
    """Masks bands and stretches with the utterance's mean (Park et al. 2019, arXiv:1904.08779).

    Returns new features (N, T, F); the input is not changed.
    """

    def draw(high: int) -> int:
        return int(torch.randint(0, high + 1, (1,), generator=generator))

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
