"""Decoding a set of batches with a CTC model."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from echoharvester.audio.fbank import FRAME_SHIFT_SEC
from echoharvester.decoding.results import Result
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.batch import Batch


@dataclass(frozen=True)
class Decoded:
    """Results of a set, the audio in it and the time the model and the search took."""

    results: list[Result]
    audio_sec: float
    wall_sec: float

    @property
    def real_time_factor(self) -> float:
        return self.wall_sec / max(self.audio_sec, 1e-9)


@torch.inference_mode()
def decode_greedy(model: nn.Module, tokenizer: Tokenizer, batches: Iterable[Batch]) -> Decoded:
    """The best token of every frame, repeats and blanks removed."""
    results, audio_sec, wall_sec = [], 0.0, 0.0
    for batch in batches:
        start = time.perf_counter()
        log_probs, lens = model(batch.features, batch.lens)
        best = log_probs.argmax(dim=-1).numpy()
        for row, length, text, utterance_id in zip(
            best, lens.tolist(), batch.texts, batch.ids, strict=True
        ):
            results.append(Result(utterance_id, text, tokenizer.decode(greedy_ids(row[:length]))))
        wall_sec += time.perf_counter() - start
        audio_sec += float(batch.lens.sum()) * FRAME_SHIFT_SEC
    return Decoded(results, audio_sec, wall_sec)
