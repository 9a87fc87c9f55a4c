"""A small picture of a sound, for reviewers who read spectrograms."""

from __future__ import annotations

from pathlib import Path

import numpy as np

WINDOW_SEC, HOP_SEC = 0.032, 0.01
ROWS = 128  # from 0 Hz at the bottom to half the sampling rate
RANGE_DB = 70.0  # below the loudest, white


def write_spectrogram(samples: np.ndarray, rate: int, path: Path) -> None:
    """Writes (num_samples,) as a grey JPEG, a column for each `HOP_SEC`, loud dark."""
    from PIL import Image

    levels = spectrogram(samples, rate)
    Image.fromarray(255 - levels.T[::-1]).save(path, "JPEG", quality=50)


def spectrogram(samples: np.ndarray, rate: int) -> np.ndarray:
    """Levels (num_columns, ROWS) as bytes, 255 the loudest, 0 what is `RANGE_DB` below or less.

    >>> spectrogram(np.sin(2 * np.pi * 2000 * np.arange(16000) / 16000), 16000)[50].argmax()
    np.int64(32)
    """
    bins = 2 * ROWS
    window, hop = 2 * bins, round(HOP_SEC * rate)
    padded = np.pad(np.asarray(samples, dtype=np.float32), window // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    shape = np.zeros(window, dtype=np.float32)
    width = min(window, round(WINDOW_SEC * rate))
    shape[(window - width) // 2 :][:width] = np.hanning(width)
    power = np.abs(np.fft.rfft(frames * shape, axis=1))[:, :bins]
    loudest = power.reshape(len(power), ROWS, 2).max(axis=2)
    level = 20 * np.log10(np.maximum(loudest, 1e-9))
    scaled = (level - level.max() + RANGE_DB) / RANGE_DB if level.size else level
    return np.round(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
