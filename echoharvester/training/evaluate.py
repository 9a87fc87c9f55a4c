"""Judging a model on a set."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import torch
from torch import nn

from echoharvester.models.ctc import ctc_loss
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.scores import ErrorCounts, cer, total
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.batch import TrainingData


@dataclass(frozen=True)
class EvaluationResult:
    """What a model does on a set: loss per frame, CER without spaces, and some hypotheses."""

    loss: float = math.inf
    cer: float = math.inf
    seconds: float = 0.0
    examples: list[tuple[str, str, str]] = field(default_factory=list)  # id, reference, hypothesis

    def numbers(self) -> dict[str, float]:
        return {"dev_loss": self.loss, "dev_cer": self.cer, "dev_sec": self.seconds}


@torch.inference_mode()
def evaluate(
    model: nn.Module, tokenizer: Tokenizer, data: TrainingData, device: str, num_examples: int = 12
) -> EvaluationResult:
    """Greedy decoding and CTC loss of all batches."""
    training = model.training
    model.eval()
    start, loss, frames = time.monotonic(), 0.0, 0
    counts: list[ErrorCounts] = []
    examples: list[tuple[str, str, str]] = []
    for batch in data.batches(0):
        log_probs, lens = model(batch.features.to(device), batch.lens.to(device))
        loss += ctc_loss(log_probs, lens, [tokenizer.encode(t) for t in batch.texts]).item()
        frames += int(lens.sum())
        best = log_probs.argmax(dim=-1).cpu().numpy()
        rows = zip(best, lens.tolist(), batch.texts, batch.ids, strict=True)
        for row, length, text, name in rows:
            hypothesis = tokenizer.decode(greedy_ids(row[:length]))
            counts.append(cer(text, hypothesis))
            if len(examples) < num_examples:
                examples.append((name, text, hypothesis))
    model.train(training)
    if not frames:
        return EvaluationResult()
    return EvaluationResult(loss / frames, total(counts).rate, time.monotonic() - start, examples)
