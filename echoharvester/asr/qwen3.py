"""Recognition by Qwen3-ASR through its package (an extra), on a GPU or, slowly, a CPU."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from echoharvester.asr.base import in_batches
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.models.device import device_of, dtype_on
from echoharvester.models.extras import require
from echoharvester.models.hub import loading


class Qwen3Recogniser:
    """One model, loaded once; utterances in batches by length."""

    def __init__(
        self,
        repo: str,
        device: str = "auto",
        batch_sec: float = 120.0,
        max_new_tokens: int = 256,
        revision: str | None = None,
    ) -> None:
        """
        Args:
            repo: a folder, or the name of a repository on the hub.
            device: cpu, cuda, cuda:N; auto: the GPU where there is one.

        Raises:
            MissingExtraError: saying what to install.
            OSError: if the model is not there.
        """
        package = require("qwen_asr", "qwen")
        place = device_of(device)
        logging.getLogger("transformers").setLevel(logging.ERROR)
        options = {} if revision is None else {"revision": revision}
        with loading(repo, "a Qwen3-ASR"):
            self._model = package.Qwen3ASRModel.from_pretrained(
                repo,
                dtype=dtype_on(place),
                device_map=place,
                max_new_tokens=max_new_tokens,
                max_inference_batch_size=-1,
                **options,
            )
        self.batch_sec = batch_sec

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        return in_batches(utterances, self.batch_sec, self._batch)

    def _batch(self, utterances: list[np.ndarray]) -> list[str]:
        found: list[Any] = self._model.transcribe(
            [(utterance, SAMPLING_RATE) for utterance in utterances], language="Korean"
        )
        return [str(result.text).strip() for result in found]
