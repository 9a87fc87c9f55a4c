import pytest
import torch
import torch.nn.functional as F

from echoharvester.models.ctc import ctc_loss
from echoharvester.training.losses import batch_losses, consistency_loss


class Fixed(torch.nn.Module):
    """Gives log-probabilities that do not depend on its input."""

    def __init__(self, log_probs, lens):
        super().__init__()
        self.log_probs, self.lens = log_probs, lens

    def forward(self, _features, _lens):
        return self.log_probs, self.lens


def test_consistency_is_the_divergence_both_ways_over_frames_that_count():
    log_probs = torch.randn(4, 6, 5).log_softmax(-1)
    lens = torch.tensor([6, 4, 6, 4])
    expected = 0.0
    for a, b in ((0, 2), (1, 3), (2, 0), (3, 1)):
        t = lens[a]
        expected += F.kl_div(log_probs[a, :t], log_probs[b, :t], log_target=True, reduction="sum")
    assert consistency_loss(log_probs, lens).item() == pytest.approx(expected.item(), rel=1e-5)
    same = torch.cat((log_probs[:2], log_probs[:2]))
    assert consistency_loss(same, lens).item() == pytest.approx(0.0, abs=1e-5)


def test_two_equal_copies_cost_what_one_does():
    one = torch.randn(2, 8, 5).log_softmax(-1).requires_grad_()
    lens, targets = torch.tensor([8, 6]), [[1, 2], [3]]
    plain = batch_losses(Fixed(one, lens), None, None, targets, 0.0)
    both = batch_losses(Fixed(torch.cat((one, one)), lens.repeat(2)), None, None, targets, 0.2)
    assert both.total.item() == pytest.approx(plain.total.item(), rel=1e-5)
    assert both.frames == plain.frames == 14
    assert plain.ctc.item() == pytest.approx(ctc_loss(one, lens, targets).item(), rel=1e-6)


def test_each_copy_learns_from_the_other_held_fixed():
    logits = torch.randn(2, 3, 4, requires_grad=True)
    consistency_loss(logits.log_softmax(-1), torch.tensor([3, 3])).backward()
    probabilities = logits.detach().softmax(-1)
    expected = probabilities - probabilities.flip(0)
    torch.testing.assert_close(logits.grad, expected, atol=1e-5, rtol=1e-4)
