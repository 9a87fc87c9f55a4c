"""What every CTC model gives: log-probabilities of its tokens, frame by frame, for sound of any length."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import DivergedError
from echoharvester.text.tokenizers import Tokenizer

NEVER = -30.0  # log-probability of a column that is none, or is counted elsewhere


class AcousticModel(ABC):
    """Log-probabilities of recordings of any length.

    Attributes:
        tokenizer: whose ids the columns are; CTC's blank is column 0.
        frame_sec: time between output frames.
        first_frame_sec: time of the middle of output frame 0.
        name: of its file, for messages.
    """

    tokenizer: Tokenizer
    frame_sec: float
    first_frame_sec: float
    name: str

    @abstractmethod
    def hear(self, sounds: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Log-probabilities (T', V) of each of a batch of sounds (num_samples,) at 16 kHz.

        T' is at least `num_samples / samples_per_frame` less four: callers put that much silence, or
        what follows, behind a sound.
        """

    @property
    def samples_per_frame(self) -> int:
        return round(self.frame_sec * SAMPLING_RATE)

    def log_probs(
        self,
        samples: np.ndarray,
        chunk_sec: float = 20.0,
        context_sec: float = 2.0,
        batch_size: int = 4,
    ) -> np.ndarray:
        """(num_samples,) at 16 kHz to (T', V), T' = num_samples / samples_per_frame, rounded up.

        Long sound is cut into chunks that see `context_sec` on both sides; their edges are
        dropped, so that where chunks meet does not show.
        """
        step = self.samples_per_frame
        total = -(-len(samples) // step)
        chunk, context = round(chunk_sec / self.frame_sec), round(context_sec / self.frame_sec)
        # Unpadded convolutions eat the last frames: silence behind the sound gives them back.
        padded = np.pad(samples, (0, (total + 4) * step - len(samples)))
        starts = list(range(0, total, chunk))
        rows: list[np.ndarray] = []
        for i in range(0, len(starts), batch_size):
            spans = [
                (max(0, s - context), min(total, s + chunk + context))
                for s in starts[i : i + batch_size]
            ]
            outputs = self._checked([padded[a * step : (b + 4) * step] for a, b in spans])
            for start, (first, _), output in zip(
                starts[i : i + batch_size], spans, outputs, strict=True
            ):
                stop = min(total, start + chunk)
                rows.append(output[start - first : stop - first])
        return (
            np.concatenate(rows) if rows else np.zeros((0, len(self.tokenizer.symbols)), np.float32)
        )

    def batch_log_probs(self, utterances: list[np.ndarray]) -> list[np.ndarray]:
        """Log-probabilities of short utterances in one batch, each (T', V)."""
        step = self.samples_per_frame
        return self._checked([np.pad(u, (0, 4 * step)) for u in utterances])

    def _checked(self, sounds: Sequence[np.ndarray]) -> list[np.ndarray]:
        outputs = self.hear(sounds)
        if not all(np.isfinite(output).all() for output in outputs):
            raise DivergedError(f"{self.name}: gives values that are not finite")
        return outputs
