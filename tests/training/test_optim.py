"""ScaledAdam updates large parameters where they are as it updates stacked ones."""

import pytest
import torch
from torch import nn

from echoharvester.training import optim


def trained(large, monkeypatch, transposed=False):
    """Values, state and norms after 50 steps: some gradients huge, missing or not finite."""
    monkeypatch.setattr(optim, "LARGE", large)
    monkeypatch.setattr(optim, "BLOCK", 1000)
    generator = torch.Generator().manual_seed(0)

    def drawn(*shape):
        return torch.randn(*shape, generator=generator)

    matrices = [nn.Parameter(drawn(70, 50) * 0.1) for _ in range(3)]
    if transposed:
        matrices[1] = nn.Parameter((drawn(50, 70) * 0.1).t())
    others = [nn.Parameter(drawn(50)), nn.Parameter(drawn(1)), nn.Parameter(drawn(8, 4, 3))]
    parameters = [*matrices, *others]
    optimizer = optim.ScaledAdam(parameters, lr=0.03, clipping_scale=2.0, size_update_period=4)
    norms = []
    for step in range(50):
        for parameter in parameters:
            parameter.grad = drawn(*parameter.shape) * (1000.0 if step == 30 else 1.0)
        if step == 20:
            matrices[1].grad = None
        if step == 40:
            matrices[2].grad[3, 3] = float("inf")
        optimizer.step()
        norms.append(optimizer.grad_norm)
    state = [optimizer.state[p] for p in parameters if optimizer.state.get(p)]
    return parameters, state, norms


@pytest.mark.parametrize("transposed", [False, True])
def test_alone_and_in_blocks_as_stacked(monkeypatch, transposed):
    stacked = trained(10**9, monkeypatch, transposed)
    alone = trained(500, monkeypatch, transposed)
    for a, b in zip(stacked[0], alone[0], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)
        assert torch.isfinite(a).all()
    for a, b in zip(stacked[1], alone[1], strict=True):
        assert a["step"] == b["step"] == 50
        assert {k: v.shape for k, v in a.items() if k != "step"} == {
            k: v.shape for k, v in b.items() if k != "step"
        }
    torch.testing.assert_close(torch.tensor(stacked[2]), torch.tensor(alone[2]), rtol=1e-4, atol=0)


def test_gradients_are_left_as_they_are():
    """Others, such as a logger, may look at them after the step."""
    parameter = nn.Parameter(torch.randn(200, 200))
    optimizer = optim.ScaledAdam([parameter], lr=0.01, clipping_scale=2.0)
    for _ in range(15):
        grad = torch.randn(200, 200) * 10 ** torch.rand(()).item()
        parameter.grad = grad.clone()
        optimizer.step()
        assert torch.equal(parameter.grad, grad)
