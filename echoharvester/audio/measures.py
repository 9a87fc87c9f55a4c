"""What can be measured of sound: signal to noise, bandwidth, clipping."""

from __future__ import annotations

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE

FRAME_SEC = 0.02
MIN_NOISE_SEC = 0.2  # less non-speech than this says nothing about the noise
MAX_SNR_DB = 60.0  # digital silence between words has no noise; 16 bits end near 90 dB
FLOOR_POWER = 1e-10  # -100 dB, below one step of 16 bits
MIN_SNR_DB = -20.0  # of what holds no speech at all
CLIPPED_LEVEL = 0.999
# Speech without a pause: the noise of each frequency is what remains in its quietest moments.
# Of Gaussian noise the power in a bin is exponentially distributed, so its mean follows from a
# low quantile.  Speech never leaves a bin quite: the line was fitted on mixtures of known SNR
# (espeak-ng ko+m3 m5 f1 f5, white and pink noise, 0 to 30 dB; 1.0 dB off in the mean on m1 and f3).
_QUIET_QUANTILE = 0.05
_FITTED = (1.23, 0.3)
_QUIET_PART_SEC, _QUIET_SHARE = 2.0, 0.1
# What lies around an utterance is not under it where it is this much louder than its quiet moments.
ELSEWHERE = 4.0  # 6 dB
_FFT = 512
# Bandwidth: what lies this far below the strongest bin, or at the steps of 16 bits, is nothing.
_BAND_RANGE_DB = 55.0  # of the average over a sentence; what resamplers leave is lower
_BAND_FLOOR_DB = -118.0  # their noise is at -125 dB in each bin


def frame_power(samples: np.ndarray) -> np.ndarray:
    """Mean square of every 20 ms about its offset, (num_frames,): a constant offset is
    no sound."""
    size = int(FRAME_SEC * SAMPLING_RATE)
    usable = len(samples) // size * size
    frames = samples[:usable].reshape(-1, size)
    squares = np.einsum("ij,ij->i", frames, frames).astype(np.float64) / size
    if not usable:
        return squares
    means = frames.mean(axis=1, dtype=np.float64)
    offset = float(np.median(means))  # digital silence stays silent
    return np.maximum(squares - 2 * offset * means + offset**2, 0.0)


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


def quiet_power(power: np.ndarray) -> float:
    """What an utterance (num_frames,) sinks to between and within its words, on average over its
    parts of two seconds: the noise under it is no louder."""
    size = int(_QUIET_PART_SEC / FRAME_SEC)
    parts = np.array_split(power, max(1, len(power) // size)) if len(power) else []
    return float(np.mean([np.quantile(part, _QUIET_SHARE) for part in parts])) if parts else 0.0


def snr_db(power: np.ndarray, is_speech: np.ndarray, noise: float) -> float:
    """Energy of the speech above the noise over the noise, in dB, -20 to 60.

    Args:
        power: (num_frames,) of the utterance, see `frame_power`.
        is_speech: (num_frames,) which of them hold speech; -20 dB where none does.
        noise: power of the noise, see `noise_power`.
    """
    if not is_speech.any():
        return MIN_SNR_DB
    noise = max(noise, FLOOR_POWER)
    signal = max(float(np.mean(power[is_speech])) - noise, FLOOR_POWER)
    return float(np.clip(10 * np.log10(signal / noise), MIN_SNR_DB, MAX_SNR_DB))


def snr_without_pauses_db(samples: np.ndarray) -> float:
    """The same of sound (num_samples,) that is speech from end to end: by minimum statistics
    (after Martin 2001), -20 to 60."""
    spectrum = _power_spectra(samples)
    if not spectrum.size or not samples.any():
        return MIN_SNR_DB
    noise = float(np.quantile(spectrum, _QUIET_QUANTILE, axis=0).sum())
    noise = max(noise / -np.log(1 - _QUIET_QUANTILE), FLOOR_POWER)
    signal = max(float(spectrum.sum(axis=1).mean()) - noise, FLOOR_POWER)
    slope, offset = _FITTED
    estimate = slope * 10 * np.log10(signal / noise) + offset
    return float(np.clip(estimate, MIN_SNR_DB, MAX_SNR_DB))


def bandwidth_hz(samples: np.ndarray) -> float:
    """The frequency above which sound (num_samples,) holds nothing, at most 8,000; 0 of silence.

    Telephone speech ends near 3,400 Hz, what was once sampled at 8 kHz at 4,000, whatever the
    rate of its file; speech of microphones reaches 8,000.
    """
    spectrum = _power_spectra(samples, hop=2 * _FFT)  # a sixteenth of a second is often enough
    if not spectrum.size:
        return 0.0
    db = 10 * np.log10(spectrum.mean(axis=0) + 1e-20)
    there = np.flatnonzero(db > max(float(db.max()) - _BAND_RANGE_DB, _BAND_FLOOR_DB))
    return float((there[-1] + 1) * SAMPLING_RATE / _FFT) if len(there) else 0.0


def _power_spectra(samples: np.ndarray, hop: int = _FFT // 2) -> np.ndarray:
    """Power every `hop` samples, (num_frames, 256), its sum over bins that of the sound; no DC."""
    if len(samples) < _FFT:
        return np.zeros((0, _FFT // 2))
    centred = samples - samples.mean()  # a window spreads an offset over the lowest bins
    frames = np.lib.stride_tricks.sliding_window_view(centred, _FFT)[::hop]
    window = np.hanning(_FFT).astype(np.float32)
    spectra = np.abs(np.fft.rfft(frames * window)[:, 1:]) ** 2
    return spectra * 2 / (_FFT * float(np.sum(window**2)))


def clipped_share(samples: np.ndarray) -> float:
    """Share of samples at full scale."""
    return float(np.mean(np.abs(samples) >= CLIPPED_LEVEL)) if len(samples) else 0.0
