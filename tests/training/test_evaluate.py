"""A model judged on a set."""

import math

import torch
from torch import nn

from echoharvester.text.tokenizers import CharTokenizer
from echoharvester.training.batch import Batch
from echoharvester.training.distributed import DistributedContext
from echoharvester.training.evaluate import evaluate


class Fixed(nn.Module):
    """Gives every frame the same distribution, at a quarter of the rate of the features."""

    def forward(self, features, lens):
        frames = features.size(1) // 4
        return torch.full((features.size(0), frames, 6), -math.log(6)), lens // 4


class Batches:
    """One batch, or as many as there are groups of texts."""

    def __init__(self, *texts, frames):
        groups = [texts] if isinstance(texts[0], str) else texts
        self.made = [
            Batch(torch.zeros(len(group), max(frames), 80), torch.tensor(frames[: len(group)]),
                  list(group), list(map(str, range(len(group)))))
            for group in groups
        ]  # fmt: skip

    def __len__(self):
        return len(self.made)

    def batches(self, epoch, start=0, stride=1):
        yield from self.made[start::stride]


def test_losses_that_are_infinite_are_counted_and_are_not_0():
    tokenizer = CharTokenizer.train(["가나다"])
    alone = evaluate(Fixed(), tokenizer, Batches("가나", frames=[40]), "cpu")
    both = evaluate(Fixed(), tokenizer, Batches("가나", "가가가가", frames=[40, 12]), "cpu")
    assert (alone.infinite, both.infinite) == (0, 1)
    assert both.loss == alone.loss > 0 and both.numbers()["dev_infinite"] == 1.0
    none = evaluate(Fixed(), tokenizer, Batches("가가가가", frames=[12]), "cpu")
    assert none.loss == math.inf and none.cer == 1.0


class Together(DistributedContext):
    """One of several processes whose numbers are added by the test."""

    def __init__(self, rank, size, sent, sums=None):
        super().__init__(rank, size)
        object.__setattr__(self, "sent", sent)
        object.__setattr__(self, "sums", sums)

    def sum_of(self, numbers, device):
        self.sent.append(list(numbers))
        return self.sums or list(numbers)


def test_processes_judge_a_share_each_and_all_have_what_one_has():
    tokenizer = CharTokenizer.train(["가나다"])
    data = Batches(
        ["가나", "다"], ["가다나"], ["나", "가가"], ["다가", "나"], ["가"], frames=[40, 30]
    )
    alone = evaluate(Fixed(), tokenizer, data, "cpu")
    for size in (2, 3, 7):  # more processes than batches: some judge nothing
        sent = []
        for rank in range(size):
            evaluate(Fixed(), tokenizer, data, "cpu", context=Together(rank, size, sent))
        sums = [sum(column) for column in zip(*sent, strict=True)]
        utterances = [numbers[6] for numbers in sent]
        assert sum(utterances) == 8 and max(utterances) <= -(-8 // size) + 2
        for rank in range(size):
            found = evaluate(
                Fixed(), tokenizer, data, "cpu", context=Together(rank, size, [], sums)
            )
            assert (found.loss, found.cer, found.infinite) == (
                alone.loss,
                alone.cer,
                alone.infinite,
            )
