"""A model judged on a set."""

import math

import torch
from torch import nn

from echoharvester.text.tokenizers import CharTokenizer
from echoharvester.training.batch import Batch
from echoharvester.training.evaluate import evaluate


class Fixed(nn.Module):
    """Gives every frame the same distribution, at a quarter of the rate of the features."""

    def forward(self, features, lens):
        frames = features.size(1) // 4
        return torch.full((features.size(0), frames, 6), -math.log(6)), lens // 4


class Batches:
    def __init__(self, *texts, frames):
        self.made = Batch(
            torch.zeros(len(texts), max(frames), 80),
            torch.tensor(frames),
            list(texts),
            list(map(str, range(len(texts)))),
        )

    def batches(self, epoch):
        yield self.made


def test_losses_that_are_infinite_are_counted_and_are_not_0():
    tokenizer = CharTokenizer.train(["가나다"])
    alone = evaluate(Fixed(), tokenizer, Batches("가나", frames=[40]), "cpu")
    both = evaluate(Fixed(), tokenizer, Batches("가나", "가가가가", frames=[40, 12]), "cpu")
    assert (alone.infinite, both.infinite) == (0, 1)
    assert both.loss == alone.loss > 0 and both.numbers()["dev_infinite"] == 1.0
    none = evaluate(Fixed(), tokenizer, Batches("가가가가", frames=[12]), "cpu")
    assert none.loss == math.inf and none.cer == 1.0
