"""Loudness every 10 ms, and where it says that nobody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE

HOP_SEC = 0.01
WINDOW_SEC = 0.025
PREEMPHASIS = 0.97  # against hum and rumble
FLOOR_POWER = 1e-10
BLOCK_FRAMES = 100  # the background is judged once a second ...
CONTEXT_BLOCKS = 5  # ... from as many seconds on both sides
MAX_RANGE_DB = 45.0  # digital silence: what is this far below speech is quiet all the same
QUIET_SHARE = 0.18  # of the range from background to speech
MIN_ABOVE_DB = 3.0
_GRAIN = 40  # samples: windows begin and end at multiples of it
_PART = 60 * SAMPLING_RATE  # worked on at once


@dataclass(frozen=True)
class Loudness:
    """Of one recording; frame k is centred at (k + 0.5) * 10 ms.

    Attributes:
        db: (num_frames,) level of the pre-emphasised sound.
    """

    db: np.ndarray

    @classmethod
    def of(cls, samples: np.ndarray) -> Loudness:
        """16 kHz samples (num_samples,)."""
        hop, window = int(HOP_SEC * SAMPLING_RATE), int(WINDOW_SEC * SAMPLING_RATE)
        energy = np.concatenate([[0.0], np.cumsum(_energy(samples), dtype=np.float64)])
        begins = np.arange(len(samples) // hop) * hop + hop // 2 - window // 2
        ends = np.minimum((begins + window) // _GRAIN, len(energy) - 1)
        power = (energy[ends] - energy[np.maximum(begins // _GRAIN, 0)]) / window
        return cls(10 * np.log10(np.maximum(power, 0.0) + FLOOR_POWER).astype(np.float32))

    @cached_property
    def quiet(self) -> np.ndarray:
        """(num_frames,) where the level is near the background of the seconds around."""
        starts = range(0, len(self.db), BLOCK_FRAMES)
        reach = CONTEXT_BLOCKS * BLOCK_FRAMES
        limits = [_limit(self.db[max(0, s - reach) : s + BLOCK_FRAMES + reach]) for s in starts]
        return self.db < np.repeat(np.array(limits, np.float32), BLOCK_FRAMES)[: len(self.db)]

    def of_speech(self, regions: np.ndarray) -> Loudness:
        """The same, in which all sound outside of regions (num_regions, 2) in seconds is quiet."""
        voiced = np.zeros(len(self.db), bool)
        for start, end in regions:
            voiced[round(float(start) / HOP_SEC) : round(float(end) / HOP_SEC)] = True
        return _Masked(self.db, self.quiet | ~voiced)

    def quiet_runs(self, start_sec: float, end_sec: float) -> list[tuple[float, float]]:
        """Stretches of quiet frames between two times, in order."""
        first = max(0, round(start_sec / HOP_SEC))
        part = self.quiet[first : max(first, round(end_sec / HOP_SEC))]
        edges = np.flatnonzero(np.diff(part, prepend=False, append=False)) + first
        return [(a * HOP_SEC, b * HOP_SEC) for a, b in zip(edges[::2], edges[1::2], strict=True)]

    def still_before(self, time_sec: float, reach_sec: float) -> float:
        """How long it has been quiet right before a time, at most `reach_sec`."""
        stop = round(time_sec / HOP_SEC)
        part = self.quiet[max(0, stop - round(reach_sec / HOP_SEC)) : max(0, stop)]
        return _leading(part[::-1])

    def still_after(self, time_sec: float, reach_sec: float) -> float:
        """How long it stays quiet right after a time, at most `reach_sec`."""
        first = max(0, round(time_sec / HOP_SEC))
        return _leading(self.quiet[first : first + round(reach_sec / HOP_SEC)])

    def quiet_share(self, start_sec: float, end_sec: float) -> float:
        """Share of quiet frames between two times; 0 of none."""
        part = self.quiet[max(0, round(start_sec / HOP_SEC)) : round(end_sec / HOP_SEC)]
        return float(part.mean()) if len(part) else 0.0


class _Masked(Loudness):
    """A loudness of which something else than its level says where it is quiet."""

    def __init__(self, db: np.ndarray, quiet: np.ndarray) -> None:
        super().__init__(db)
        self.__dict__["quiet"] = quiet  # where the property of the parent would keep it


def _energy(samples: np.ndarray) -> np.ndarray:
    """Of every 40 samples, pre-emphasised."""
    sums = []
    for start in range(0, len(samples), _PART):
        part = samples[start : start + _PART].astype(np.float32)  # a copy
        part[1:] -= PREEMPHASIS * samples[start : start + _PART - 1][: len(part) - 1]
        part[:1] -= PREEMPHASIS * samples[start - 1] if start else part[:1]
        grains = np.pad(part, (0, -len(part) % _GRAIN)).reshape(-1, _GRAIN)
        sums.append(np.einsum("ij,ij->i", grains, grains))
    return np.concatenate(sums) if sums else np.zeros(0, np.float32)


def _leading(quiet: np.ndarray) -> float:
    """Seconds until the first frame that is not quiet; the one at the edge may be loud."""
    loud = np.flatnonzero(~quiet)
    loud = loud[loud > 0]
    return float(loud[0] if len(loud) else len(quiet)) * HOP_SEC if quiet[1:2].any() else 0.0


def _limit(db: np.ndarray) -> float:
    background, speech = np.quantile(db, (0.05, 0.9))
    background = max(background, speech - MAX_RANGE_DB)
    return float(background + max(QUIET_SHARE * (speech - background), MIN_ABOVE_DB))
