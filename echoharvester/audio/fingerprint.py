"""Acoustic fingerprints: what stays the same when a recording is encoded again.

Chromaprint, which ffmpeg carries, gives 32 bits every eighth of a second that tell how the
energy of the twelve pitch classes moves around that time.  Of the same sound from another
encoder 1 to 3 bits differ, of other speech by the same voice 11, of anything else 14.
"""

from __future__ import annotations

import numpy as np

from echoharvester.audio.media import run_ffmpeg

RATE = 11025  # chromaprint's own
_TO_CHROMAPRINT = (441, 640)  # from 16 kHz
HOP_SEC = 1365 / RATE
SPAN_SEC = 2.4  # of the sound that one value is made of


def acoustic_fingerprint(samples: np.ndarray) -> np.ndarray:
    """Values (num_values,), unsigned 32 bits, of a whole recording (num_samples,) at 16 kHz."""
    from scipy.signal import resample_poly

    # ffmpeg resamples, and decodes flac, several times as slowly.
    sound = np.clip(resample_poly(samples, *_TO_CHROMAPRINT), -1.0, 1.0)
    raw = run_ffmpeg(
        ["-threads", "1", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0",
         "-f", "chromaprint", "-fp_format", "raw", "pipe:1"],
        what="samples",
        data=(sound * 32767).astype("<i2").tobytes(),
    )  # fmt: skip
    return np.frombuffer(raw, "<u4")


def part(values: np.ndarray, start_sec: float, end_sec: float) -> np.ndarray:
    """The values whose sound is centred between two times."""
    first, stop = ((time - SPAN_SEC / 2) / HOP_SEC for time in (start_sec, end_sec))
    return values[max(0, int(np.ceil(first))) : max(0, int(np.ceil(stop)))]


def least_difference(values: np.ndarray, within: np.ndarray) -> float:
    """How many of 32 bits differ in the mean where `values` lies best inside of `within`.

    32 where it is longer than that, or empty.
    """
    if not 0 < len(values) <= len(within):
        return 32.0
    windows = np.lib.stride_tricks.sliding_window_view(within, len(values))
    return float(np.bitwise_count(windows ^ values).mean(axis=1).min())
