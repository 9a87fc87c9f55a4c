import pytest
import torch

from echoharvester.models.ctc import build_model, ctc_loss
from echoharvester.models.greedy import min_frames

CONFIG = {
    "encoder": "conformer", "d_model": 32, "num_layers": 2, "num_heads": 4, "feedforward_dim": 64,
    "kernel_size": 7, "subsampling_channels": 8, "dropout": 0.0,
}  # fmt: skip


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_model(CONFIG, 20).eval()


def test_padding_never_changes_an_output(model):
    features = torch.randn(2, 200, 80)
    lens = torch.tensor([200, 120])
    together, out_lens = model(features, lens)
    features[1, 120:] = 1e3
    changed, _ = model(features, lens)
    alone, alone_lens = model(features[1:, :120], lens[1:])
    assert out_lens[1] == alone_lens[0]
    length = int(out_lens[1])
    torch.testing.assert_close(together[1, :length], alone[0, :length], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(together[1, :length], changed[1, :length], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("frames", [8, 211, 3000])
def test_any_length(model, frames):
    log_probs, lens = model(torch.randn(1, frames, 80), torch.tensor([frames]))
    assert log_probs.shape == (1, ((frames - 1) // 2 - 1) // 2, 20) and lens[0] == log_probs.size(1)
    torch.testing.assert_close(log_probs.exp().sum(-1), torch.ones(log_probs.shape[:2]))


def test_the_default_size():
    from hydra import compose, initialize_config_dir
    from tests_support import CONF

    from training_setup import model_config

    with initialize_config_dir(version_base="1.3", config_dir=CONF):
        config = model_config(compose("config", overrides=["model=conformer_ctc"]))
    size = sum(p.numel() for p in build_model(config, 432).parameters())
    assert abs(size - 32.9e6) / 32.9e6 < 0.03


def test_ctc_loss_is_that_of_a_sum_over_alignments():
    log_probs = torch.randn(1, 3, 3).log_softmax(-1)
    a, b, blank = 1, 2, 0
    paths = [(a, b, blank), (a, blank, b), (blank, a, b), (a, a, b), (a, b, b)]
    total = torch.logsumexp(
        torch.stack([sum(log_probs[0, t, p] for t, p in enumerate(x)) for x in paths]), 0
    )
    torch.testing.assert_close(ctc_loss(log_probs, torch.tensor([3]), [[a, b]]), -total)


def test_equal_neighbours_need_a_blank_between_them():
    assert min_frames([5, 5, 6]) == 4
