"""Recognition by Whisper through faster-whisper (an extra), on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from echoharvester.asr.base import in_batches
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.models.extras import require
from echoharvester.models.whisper import WINDOW_SEC, Whisper


class WhisperRecogniser:
    """One model, loaded once; every utterance alone in its window, several windows at a time."""

    def __init__(
        self,
        repo: str,
        device: str = "auto",
        compute_type: str = "auto",
        beam_size: int = 5,
        num_threads: int = 1,
        batch_sec: float = 240.0,
    ) -> None:
        """
        Args:
            repo, device, compute_type, num_threads: see `models.whisper.Whisper`; errors, too.
        """
        package = require("faster_whisper", "whisper")
        model = Whisper(repo, device, compute_type, num_threads).model
        self._model = model
        self._pipeline = package.BatchedInferencePipeline(model)
        self.beam_size, self.batch_sec = beam_size, batch_sec

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        return in_batches(utterances, self.batch_sec, self._batch)

    def korean(self, utterances: Sequence[np.ndarray]) -> list[float]:
        """The probability that each is Korean, by the first 30 s of it."""
        found = []
        for utterance in utterances:
            longest = utterance[: int(WINDOW_SEC * SAMPLING_RATE)]
            _, _, languages = self._model.detect_language(longest)
            found.append(float(dict(languages).get("ko", 0.0)))
        return found

    def _batch(self, utterances: list[np.ndarray]) -> list[str]:
        """Utterances laid end to end, each of them a window of its own."""
        clips: list[dict[str, Any]] = []
        owners, position = [], 0.0
        for i, utterance in enumerate(utterances):
            seconds = len(utterance) / SAMPLING_RATE
            for start in np.arange(0.0, max(seconds, 0.01), WINDOW_SEC):
                stop = min(start + WINDOW_SEC, seconds)
                clips.append({"start": position + start, "end": position + stop})
                owners.append(i)
            position += seconds
        # Nothing is tried a second time with chance, and no text leaks into the next window.
        segments, _ = self._pipeline.transcribe(
            np.concatenate(utterances), language="ko", beam_size=self.beam_size, temperature=0.0,
            vad_filter=False, without_timestamps=True, condition_on_previous_text=False,
            clip_timestamps=clips, batch_size=max(1, int(self.batch_sec // WINDOW_SEC)),
        )  # fmt: skip
        texts = [""] * len(utterances)
        starts = np.array([clip["start"] for clip in clips])
        for segment in segments:
            window = int(np.searchsorted(starts, segment.start + 1e-3, side="right")) - 1
            texts[owners[window]] += segment.text
        return [text.strip() for text in texts]
