"""Judging a model on a set."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, field

import torch
from torch import nn

from echoharvester.models.ctc import ctc_loss
from echoharvester.models.greedy import greedy_ids, min_frames
from echoharvester.text.scores import ErrorCounts, cer, total
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.batch import TrainingData
from echoharvester.training.distributed import DistributedContext


@dataclass(frozen=True)
class EvaluationResult:
    """What a model does on a set.

    Attributes:
        loss: per frame of the utterances that have a path.
        cer: without spaces, of all.
        infinite: utterances with more tokens than frames, whose loss is infinite.
        examples: id, reference, hypothesis of the first.
    """

    loss: float = math.inf
    cer: float = math.inf
    seconds: float = 0.0
    examples: list[tuple[str, str, str]] = field(default_factory=list)
    infinite: int = 0

    def numbers(self) -> dict[str, float]:
        return {
            "dev_loss": self.loss,
            "dev_cer": self.cer,
            "dev_sec": self.seconds,
            "dev_infinite": float(self.infinite),
        }


@torch.inference_mode()
def evaluate(
    model: nn.Module,
    tokenizer: Tokenizer,
    data: TrainingData,
    device: str,
    num_examples: int = 12,
    context: DistributedContext | None = None,
) -> EvaluationResult:
    """Greedy decoding and CTC loss of all batches; of many processes each takes its share, and all have
    the same result, which is that of one.

    Args:
        context: the processes; each must call this.  The examples are of its own share.
    """
    training = model.training
    model.eval()
    context = context or DistributedContext()
    start, frames, infinite, seen = time.monotonic(), 0, 0, 0
    # Each in its place, so that their sum is rounded as that of one process is.
    losses = [0.0] * len(data)
    counts: list[ErrorCounts] = []
    examples: list[tuple[str, str, str]] = []
    share = data.batches(0, context.rank, context.size)
    for place, batch in zip(itertools.count(context.rank, context.size), share, strict=False):
        log_probs, lens = model(batch.features.to(device), batch.lens.to(device))
        targets = [tokenizer.encode(text) for text in batch.texts]
        losses[place] = ctc_loss(log_probs, lens, targets).item()
        fits = [min_frames(ids) <= n for ids, n in zip(targets, lens.tolist(), strict=True)]
        frames += sum(n for n, fit in zip(lens.tolist(), fits, strict=True) if fit)
        infinite += fits.count(False)
        seen += len(fits)
        best = log_probs.argmax(dim=-1).cpu().numpy()
        rows = zip(best, lens.tolist(), batch.texts, batch.ids, strict=True)
        for row, length, text, name in rows:
            hypothesis = tokenizer.decode(greedy_ids(row[:length]))
            counts.append(cer(text, hypothesis))
            if len(examples) < num_examples:
                examples.append((name, text, hypothesis))
    model.train(training)
    mine = total(counts)
    edits = (mine.reference_length, mine.insertions, mine.deletions, mine.substitutions)
    sums = context.sum_of([*edits, frames, infinite, seen, *losses], torch.device(device))
    *edits_of_all, frames, infinite, seen = map(int, sums[:7])
    if not seen:
        return EvaluationResult()
    per_frame = sum(sums[7:]) / frames if frames else math.inf
    seconds = time.monotonic() - start
    return EvaluationResult(per_frame, ErrorCounts(*edits_of_all).rate, seconds, examples, infinite)
