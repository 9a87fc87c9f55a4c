"""Convolutions in another layout give what torch's own give, values and gradients."""

import pytest
import torch
from torch import nn

from echoharvester.models.cpu_layout import as_image, depthwise_1d, depthwise_2d, pointwise


def gradients(out, *inputs):
    torch.manual_seed(1)
    return torch.autograd.grad((out * torch.randn(out.shape)).sum(), inputs)


def alike(ours, theirs, conv, x):
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs)
    for a, b in zip(*(gradients(y, x, *conv.parameters()) for y in (ours, theirs)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("frames, kernel, padding", [(50, 31, 15), (7, 15, 7), (40, 16, 0), (1, 3, 1)])  # fmt: skip
@pytest.mark.parametrize("bias", [True, False])
def test_over_time(frames, kernel, padding, bias):
    torch.manual_seed(0)
    conv = nn.Conv1d(12, 12, kernel, padding=padding, groups=12, bias=bias)
    x = torch.randn(3, frames, 12, requires_grad=True)
    alike(depthwise_1d(conv, x), conv(x.transpose(1, 2)).transpose(1, 2), conv, x)


def test_over_time_of_what_lies_otherwise():
    torch.manual_seed(0)
    conv = nn.Conv1d(12, 12, 5, padding=2, groups=12)
    x = torch.randn(3, 12, 30, requires_grad=True)
    alike(depthwise_1d(conv, x.transpose(1, 2)), conv(x).transpose(1, 2), conv, x)


@pytest.mark.parametrize("kernel", [(7, 7), (3, 5), (1, 1)])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_over_time_and_frequency(kernel, layout):
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 6, kernel, padding=tuple(k // 2 for k in kernel), groups=6)
    x = torch.randn(2, 6, 23, 9).to(memory_format=layout).requires_grad_()
    alike(depthwise_2d(conv, x), conv(x), conv, x)


def test_no_gradient_is_computed_that_nobody_asked_for():
    conv = nn.Conv2d(4, 4, 3, padding=1, groups=4)
    x = torch.randn(1, 4, 8, 5)
    depthwise_2d(conv, x).sum().backward()
    assert x.grad is None and conv.weight.grad is not None
    conv.requires_grad_(False)
    assert not depthwise_2d(conv, x).requires_grad


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_of_one_tap(layout):
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 10, 1)
    x = torch.randn(2, 6, 23, 9).to(memory_format=layout).requires_grad_()
    alike(pointwise(conv, x), conv(x), conv, x)


def test_an_image_is_the_features_and_what_is_convolved_from_it_keeps_its_layout():
    x = torch.randn(2, 30, 16)
    assert torch.equal(as_image(x), x.unsqueeze(1))
    out = nn.Conv2d(1, 8, 3, stride=2)(as_image(x))
    assert out.is_contiguous(memory_format=torch.channels_last)


def test_half_precision_is_torchs_own():
    conv = nn.Conv2d(4, 4, 7, padding=3, groups=4)
    x = torch.randn(1, 4, 20, 9)
    with torch.autocast("cpu", torch.bfloat16):
        out = depthwise_2d(conv, x)
        assert out.dtype == torch.bfloat16 and torch.equal(out, conv(x))
    out.sum().backward()
    assert conv.weight.grad is not None
