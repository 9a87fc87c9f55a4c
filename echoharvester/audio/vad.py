"""Where speech is, by Silero VAD (its weights come in its wheel)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE


@dataclass(frozen=True)
class VadConfig:
    """Speech is what passes `threshold` for `min_speech_ms`, pauses shorter than
    `min_silence_ms` included."""

    threshold: float = 0.5
    min_speech_ms: int = 250
    min_silence_ms: int = 100


EDGE_VAD = VadConfig(0.5, 100, 100)  # short pauses and words count where words begin and end


def speech_regions(samples: np.ndarray, config: VadConfig | None = None) -> np.ndarray:
    """Speech in 16 kHz samples (num_samples,), as (num_regions, 2) seconds, in order."""
    from silero_vad.utils_vad import get_speech_timestamps_from_probs

    config = config or VadConfig()
    probabilities = _model().audio_forward(samples)
    regions = get_speech_timestamps_from_probs(
        np.asarray(probabilities).reshape(-1).tolist(),
        sampling_rate=SAMPLING_RATE,
        threshold=config.threshold,
        min_speech_duration_ms=config.min_speech_ms,
        min_silence_duration_ms=config.min_silence_ms,
        speech_pad_ms=30,
        audio_length_samples=len(samples),
    )
    return np.array([(r["start"], r["end"]) for r in regions], float).reshape(-1, 2) / SAMPLING_RATE


@lru_cache(maxsize=1)
def _model():  # type: ignore[no-untyped-def]
    import torch

    threads = torch.get_num_threads()
    from silero_vad import load_silero_vad  # sets the process to one thread

    model = load_silero_vad(sequence=True)
    torch.set_num_threads(threads)
    return model


def overlap_sec(regions: np.ndarray, start_sec: float, end_sec: float) -> float:
    """Seconds of `regions` (num_regions, 2) that lie between two times."""
    clipped = np.clip(regions, start_sec, end_sec)
    return float((clipped[:, 1] - clipped[:, 0]).sum())
