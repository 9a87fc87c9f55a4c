"""Recognition by any of our CTC models, greedily."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from echoharvester.asr.base import by_duration
from echoharvester.models.acoustic import AcousticModel
from echoharvester.models.greedy import greedy_ids


class CtcRecogniser:
    """Batches utterances by length, so that little of a batch is padding."""

    def __init__(self, model: AcousticModel, batch_sec: float = 60.0) -> None:
        self.model, self.batch_sec = model, batch_sec

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        texts = [""] * len(utterances)
        for batch in by_duration(utterances, self.batch_sec):
            for i, log_probs in zip(
                batch, self.model.batch_log_probs([utterances[i] for i in batch]), strict=True
            ):
                texts[i] = self.model.tokenizer.decode(greedy_ids(log_probs.argmax(axis=1)))
        return texts
