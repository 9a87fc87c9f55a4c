import math

import pytest
import torch
from hydra import compose, initialize_config_dir
from tests_support import CONF
from torch import nn

from echoharvester.models.ctc import build_model, ctc_loss
from echoharvester.models.zipformer import swoosh
from echoharvester.models.zipformer.attention import by_distance, compact_positions
from echoharvester.models.zipformer.regularize import (
    Balancer,
    Whiten,
    balanced_gradient,
    balancer_bounds,
    limited,
    whitening,
)
from echoharvester.models.zipformer.schedule import Schedule, set_batch_count
from echoharvester.models.zipformer.zipformer import Downsample

from training_setup import model_config


def config(name, **changes):
    with initialize_config_dir(version_base="1.3", config_dir=CONF):
        return {
            **model_config(compose("config", overrides=[f"model=zipformer_ctc_{name}"])),
            **changes,
        }


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return build_model(config("tiny"), 30)


@pytest.mark.parametrize(
    ("name", "changes", "size"),
    [
        ("small", {}, 22_100_803),
        ("medium", {}, 64_215_719),
        ("large", {}, 146_957_802),
        ("medium", {"causal": True}, 64_777_639),
    ],
)
def test_sizes_are_the_published_ones(name, changes, size):
    with torch.device("meta"):
        model = build_model(config(name, **changes), 432)
    assert sum(p.numel() for p in model.parameters()) == size


@pytest.mark.parametrize("frames", [9, 11, 64, 211, 2000])
def test_any_length(tiny, frames):
    log_probs, lens = tiny.eval()(torch.randn(2, frames, 80), torch.tensor([frames, 9]))
    assert log_probs.shape == (2, ((frames - 7) // 2 + 1) // 2, 30)
    assert lens.tolist() == [log_probs.size(1), 1]
    assert torch.isfinite(log_probs).all()


def test_what_comes_after_a_chunk_cannot_be_heard_in_it():
    torch.manual_seed(0)
    causal = config("tiny", causal=True, chunk_size=[16], left_context_frames=[64])
    model = build_model(causal, 30).eval()
    features = torch.randn(1, 400, 80)
    changed = features.clone()
    changed[:, 200:] = 3.0
    lens = torch.tensor([400])
    before, after = model(features, lens)[0], model(changed, lens)[0]
    # Chunks are 8 output frames; the frontend looks 3 + 3 + 1 frames of 50 Hz ahead.
    unheard = (200 // 2 - 7) // 16 * 8
    torch.testing.assert_close(before[:, :unheard], after[:, :unheard], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(before[:, unheard + 8 :], after[:, unheard + 8 :], atol=1e-2)


def test_padding_reaches_no_further_than_the_frontend_sees(tiny):
    features = torch.randn(1, 300, 80)
    padded = torch.cat((features, torch.full((1, 90, 80), -23.0)), dim=1)
    lens = torch.tensor([300])
    alone, together = tiny.eval()(features, lens)[0], tiny(padded, lens)[0]
    difference = (alone - together[:, : alone.size(1)]).abs().amax(dim=(0, 2))
    assert difference[: alone.size(1) // 2].max() < 0.05  # near its end it shows, as published


def test_training_learns_and_eval_has_no_dice(tiny):
    tiny.train()
    optimizer = torch.optim.AdamW(tiny.parameters(), lr=2e-3)
    features, lens, targets = torch.randn(4, 120, 80), torch.full((4,), 120), [[1, 2, 3, 4]] * 4
    losses = []
    for step in range(25):
        set_batch_count(tiny, 1000.0 * step)
        loss = ctc_loss(*tiny(features, lens), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]
    tiny.eval()
    assert torch.equal(tiny(features, lens)[0], tiny(features, lens)[0])


def test_options_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match="one number a stack"):
        build_model(config("tiny", num_heads=[4, 4]), 30)
    with pytest.raises(ValueError, match="multiple of 8"):
        build_model(config("tiny", causal=True, chunk_size=[12]), 30)
    with pytest.raises(ValueError, match="conformer"):
        build_model({"encoder": "lstm"}, 30)


@pytest.mark.parametrize("kind", ["L", "R"])
def test_swoosh_is_as_published_and_its_gradient_right(kind):
    shift, constant = {"L": (4.0, 0.035), "R": (1.0, 0.313261687)}[kind]
    x = torch.linspace(-6, 6, 25, dtype=torch.float64, requires_grad=True)
    expected = (1 + (x - shift).exp()).log() - 0.08 * x - constant
    torch.testing.assert_close(swoosh.swoosh(x, kind), expected)
    assert torch.autograd.gradcheck(lambda y: swoosh.swoosh(y, kind), x)


@pytest.mark.parametrize("kind", ["L", "R"])
@pytest.mark.parametrize("block", [5, 2**16])
@pytest.mark.parametrize(
    "x",
    [
        torch.linspace(-100, 100, 77),
        torch.randn(3, 8, 5, 7).to(memory_format=torch.channels_last),
        torch.randn(4, 9, 6).transpose(1, 2),
        torch.randn(4, 30)[:, 3:9],
        torch.tensor([3e38, -3e38, 79.0, 81.0, 85.0, -1e-30]),
        torch.tensor(2.0),
        torch.zeros(0, 3),
    ],
    ids=["line", "channels last", "transposed", "with gaps", "huge", "single", "empty"],
)
def test_swoosh_of_single_precision_is_that_of_double(kind, block, x, monkeypatch):
    monkeypatch.setattr(swoosh, "BLOCK", block)
    results = []
    for dtype in (torch.float32, torch.float64):
        given = x.to(dtype).requires_grad_()
        out = swoosh.swoosh(given, kind)
        results.append((out.float(), torch.autograd.grad(out.sum(), given)[0].float()))
        assert torch.equal(out, swoosh.swoosh(given.detach(), kind))
    for single, double in zip(*results, strict=True):
        torch.testing.assert_close(single, double, rtol=1e-6, atol=3e-7)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_linear_layer_behind_swoosh_has_right_gradients(dropout):
    layer = swoosh.SwooshLinear(6, 4, "L", scale=1.0, dropout=dropout).double().train()
    x = torch.randn(2, 5, 6, dtype=torch.float64, requires_grad=True)

    def run(x, weight, bias):
        torch.manual_seed(3)
        mask = layer.dropout.mask(x)
        return swoosh._SwooshLinear.apply(x, weight, bias, mask, *swoosh.SHIFTS["L"])

    assert torch.autograd.gradcheck(run, (x, layer.weight, layer.bias))
    torch.manual_seed(3)
    torch.testing.assert_close(layer(x), run(x, layer.weight, layer.bias))


def test_bias_norm_has_right_gradients():
    x, bias = (torch.randn(*s, dtype=torch.float64, requires_grad=True) for s in ((3, 4, 6), (6,)))
    log_scale = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(swoosh._BiasNorm.apply, (x, bias, log_scale))
    found = swoosh._BiasNorm.apply(x, bias, log_scale)
    rms = (x - bias).square().mean(-1, keepdim=True).sqrt()
    torch.testing.assert_close(found, x / rms * math.exp(0.3))


@pytest.mark.parametrize(
    "bounds", [(0.45, 0.55, 0.2, 4.0), (0.0, 1.0, 1.5, 1.0), (0.3, 1.0, 0.75, 5.0)]
)
def test_a_balancer_penalises_as_differentiating_its_loss_would(bounds):
    torch.manual_seed(0)
    scale, offset = torch.tensor([0.1, 1.0, 3.0, 9.0]), torch.tensor([0.0, 2.0, -3.0, 90.0])
    x = (torch.randn(3, 50, 4) * scale + offset).requires_grad_()
    limits = balancer_bounds(*bounds)
    square, mean = (x**2).mean((0, 1)), x.mean((0, 1))
    ratio, rms = mean / (square - mean**2).sqrt(), square.sqrt()
    loss = (ratio - ratio.clamp(*limits[:2])).abs() + (rms.clamp(*limits[2:]) / rms).log().abs()
    loss.sum().backward()
    norm = x.grad.square().mean((0, 1), keepdim=True).sqrt().clamp(min=1e-20)
    grad = torch.randn(3, 50, 4)
    expected = grad + grad.abs() * x.grad * (0.04 / norm)
    torch.testing.assert_close(
        balanced_gradient(x.detach(), grad, limits, 0.04, -1), expected, atol=1e-4, rtol=1e-4
    )


@pytest.mark.parametrize("frames", [1, 3, 20_000])
@pytest.mark.parametrize("spread", [0.0, 1e-6, 1e-4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_balancer_changes_no_gradient_by_more_than_it_may(frames, spread, dtype):
    """Channels that hardly move about a large mean, that are constant, or of a single frame."""
    torch.manual_seed(0)
    means = torch.tensor([0.0, 1e-3, 1.0, 100.0, -3e4])
    x = (means + spread * torch.randn(frames, 1, 5)).to(dtype)
    grad = torch.randn(frames, 1, 5).to(dtype)
    for bounds in ((0.05, 0.95, 0.2, 100.0), (0.45, 0.55, 0.2, 4.0), (0.0, 1.0, 0.0, 2.0)):
        found = balanced_gradient(x, grad, balancer_bounds(*bounds), 0.04, -1)
        assert torch.isfinite(found).all()
        change = ((found - grad).float() / grad.float().abs()).square().mean((0, 1)).sqrt()
        assert change.max() <= 0.0404 + (0.01 if dtype == torch.bfloat16 else 0)


def test_whitening_is_one_for_white_and_its_direction_is_its_gradient():
    torch.manual_seed(0)
    assert whitening(torch.randn(20000, 8), 1)[0] == pytest.approx(1.0, abs=0.01)
    assert whitening(torch.randn(500, 1).expand(500, 8), 1)[0] == pytest.approx(8.0, rel=1e-3)
    x = (torch.randn(40, 12) @ torch.randn(12, 12)).double().requires_grad_()
    for groups in (1, 3):
        metric, direction = whitening(x, groups)
        (gradient,) = torch.autograd.grad(metric, x)
        cosine = nn.functional.cosine_similarity(gradient.flatten(), direction.flatten(), dim=0)
        assert cosine.item() == pytest.approx(1.0, abs=1e-9)


def test_regularizers_leave_values_alone_and_rest_in_eval_mode():
    x = (torch.randn(6, 40, 8) + 5).requires_grad_()
    for module in (Balancer(-1, prob=1.0, max_abs=1.0), Whiten(1.0, prob=(1.0, 1.0))):
        torch.testing.assert_close(module(x), x)
        (grad,) = torch.autograd.grad(module(x).sum(), x)
        assert not torch.equal(grad, torch.ones_like(grad))
        (grad,) = torch.autograd.grad(module.eval()(x).sum(), x)
        assert torch.equal(grad, torch.ones_like(grad))


def test_a_parameter_out_of_bounds_is_led_back():
    x = torch.tensor([0.0, 0.5, 2.0], requires_grad=True)
    for sign in (1.0, -1.0):
        (grad,) = torch.autograd.grad(sign * limited(x, 0.1, 1.0, prob=1.0).sum(), x)
        assert grad.tolist() == [-1.0, sign, 1.0]


def test_schedules_are_piecewise_linear():
    schedule = Schedule((0, 1.0), (10, 0.0), (20, 0.5))
    assert [schedule(t) for t in (-1, 0, 5, 10, 15, 99)] == [1.0, 1.0, 0.5, 0.0, 0.25, 0.5]
    with pytest.raises(ValueError, match="go up"):
        Schedule((10, 1.0), (0, 0.0))


def test_scores_by_distance_are_put_at_keys():
    scores = torch.randn(2, 3, 5, 9)
    found = by_distance(scores)
    for i in range(5):
        for j in range(5):
            assert torch.equal(found[:, :, i, j], scores[:, :, i, 4 - i + j])
    traced = torch.jit.trace(by_distance, torch.randn(1, 1, 4, 7))
    assert torch.equal(traced(scores), found)


def test_positions_tell_near_distances_apart_and_have_a_bias():
    positions = compact_positions(200, 48, torch.zeros(1))
    assert positions.shape == (399, 48) and (positions[:, -1] == 1).all()
    near, far = (positions[199 + a] - positions[199 + a + 1] for a in (0, 150))
    assert near.norm() > 5 * far.norm()


def test_downsampling_repeats_the_last_frame():
    downsample = Downsample(4)
    x = torch.arange(6.0).reshape(1, 6, 1)
    assert downsample(x).flatten().tolist() == [1.5, 4.75]
