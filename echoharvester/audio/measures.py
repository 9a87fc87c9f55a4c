"""What can be measured of sound: level, signal to noise, clipping."""

from __future__ import annotations

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE

FRAME_SEC = 0.02
MIN_NOISE_SEC = 0.2  # less non-speech than this says nothing about the noise
MAX_SNR_DB = 60.0  # digital silence between words has no noise; 16 bits end near 90 dB
FLOOR_POWER = 1e-10  # -100 dB, below one step of 16 bits
CLIPPED_LEVEL = 0.999


def frame_power(samples: np.ndarray) -> np.ndarray:
    """Mean square of every 20 ms, (num_frames,)."""
    size = int(FRAME_SEC * SAMPLING_RATE)
    usable = len(samples) // size * size
    return np.mean(samples[:usable].reshape(-1, size).astype(np.float64) ** 2, axis=1)


def speech_mask(regions: np.ndarray, num_frames: int, margin_sec: float = 0.0) -> np.ndarray:
    """Which 20 ms frames touch `regions` (seconds, (num_regions, 2)) widened by a margin."""
    mask = np.zeros(num_frames, bool)
    for start, end in regions:
        first = int(max(0.0, start - margin_sec) / FRAME_SEC)
        mask[first : int(np.ceil((end + margin_sec) / FRAME_SEC))] = True
    return mask


def noise_power(power: np.ndarray, is_speech: np.ndarray) -> float | None:
    """Typical power outside speech; None where there is too little of it."""
    noise = power[~is_speech]
    if len(noise) * FRAME_SEC < MIN_NOISE_SEC:
        return None
    return float(np.median(noise))


def snr_db(power: np.ndarray, is_speech: np.ndarray, noise: float | None) -> float:
    """Energy of the speech above the noise over the noise, in dB, at most 60.

    `noise` None: the quietest tenth of the frames stands in for it.
    """
    if not len(power):
        return 0.0
    if noise is None:
        noise = float(np.quantile(power, 0.1))
    noise = max(noise, FLOOR_POWER)
    loud = power[is_speech] if is_speech.any() else power
    signal = max(float(np.mean(loud)) - noise, FLOOR_POWER)
    return float(np.clip(10 * np.log10(signal / noise), -20.0, MAX_SNR_DB))


def clipped_share(samples: np.ndarray) -> float:
    """Share of samples at full scale."""
    return float(np.mean(np.abs(samples) >= CLIPPED_LEVEL)) if len(samples) else 0.0
