"""Recognition by any of our CTC models, greedily."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echoharvester.asr.base import in_batches
from echoharvester.models.emissions import AcousticModel
from echoharvester.models.greedy import greedy_ids


class CtcRecogniser:
    """Batches utterances by length, so that little of a batch is padding."""

    def __init__(self, model: AcousticModel, batch_sec: float = 60.0) -> None:
        self.model, self.batch_sec = model, batch_sec

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        return in_batches(utterances, self.batch_sec, self._batch)

    def _batch(self, utterances: list[np.ndarray]) -> list[str]:
        decode = self.model.tokenizer.decode
        return [
            decode(greedy_ids(log_probs.argmax(axis=1)))
            for log_probs in self.model.batch_log_probs(utterances)
        ]
