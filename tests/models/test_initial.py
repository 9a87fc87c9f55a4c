import argparse
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from tests_support import CONF

from echoharvester.models.checkpoint import CheckpointError, load_matching
from echoharvester.models.ctc import build_model
from echoharvester.models.initial import load_initial, zipformer_config

from training_setup import model_config


def config(**changes):
    with initialize_config_dir(version_base="1.3", config_dir=CONF):
        return {
            **model_config(compose("config", overrides=["model=zipformer_ctc_tiny"])),
            **changes,
        }


@pytest.mark.parametrize("causal", [False, True])
def test_the_architecture_is_read_from_the_shapes(causal):
    wanted = config(
        causal=causal, num_encoder_layers=[1, 2, 1, 1, 2, 1], num_heads=[4, 4, 2, 8, 4, 4]
    )
    weights = build_model(wanted, 50).state_dict()
    found = zipformer_config(weights)
    told = {k: v for k, v in wanted.items() if k not in
            ("encoder_unmasked_dim", "dropout", "chunk_size", "left_context_frames")}  # fmt: skip
    assert {k: found[k] for k in told} == told
    again = build_model(found, 50)
    again.load_state_dict(weights, strict=True)


def icefall_checkpoint(path, weights):
    """A training checkpoint as icefall leaves it, its settings beside the weights."""
    content = {
        "model": weights, "model_avg": {k: v.double() for k, v in weights.items()},
        "optimizer": None, "grad_scaler": {}, "sampler": None, "exp_dir": Path("/data/exp"),
        "env_info": {"k2-version": "1.24.4"}, "args": argparse.Namespace(num_epochs=30),
        "batch_idx_train": 1000, "best_valid_loss": float("inf"),
    }  # fmt: skip
    torch.save(content, path)


def test_a_transducer_of_icefall_gives_its_encoder_and_reports_its_heads(tmp_path):
    source = build_model(config(), 500)
    weights = {k: v for k, v in source.state_dict().items() if not k.startswith("ctc_output")}
    heads = {
        "decoder.embedding.weight": torch.zeros(500, 8),
        "joiner.output_linear.bias": torch.zeros(500),
    }
    icefall_checkpoint(tmp_path / "epoch-30.pt", {**weights, **heads})
    for part in ("model", "model_avg"):
        initial = load_initial(tmp_path / "epoch-30.pt", part)
        assert initial.other == sorted(heads) and not initial.tokens
        model = build_model(initial.config, 40)
        left = load_matching(model, initial.weights)
        assert left == ["ctc_output.1.bias", "ctc_output.1.weight"]
        for name, tensor in weights.items():
            assert torch.equal(model.state_dict()[name], tensor), name


def test_what_is_no_model_is_named(tmp_path):
    torch.save({"model": {"layer.weight": torch.zeros(3)}}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match=r"other.pt: is neither"):
        load_initial(tmp_path / "other.pt")
    torch.save({"model": build_model(config(), 5).state_dict()}, tmp_path / "plain.pt")
    with pytest.raises(CheckpointError, match="has no 'model_avg'"):
        load_initial(tmp_path / "plain.pt", "model_avg")


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_published_widths_get_the_published_unmasked_channels(size):
    """What no shape tells: of other widths the narrowest stack's are never masked."""
    import yaml
    from tests_support import ROOT

    from echoharvester.models.initial import _PUBLISHED

    preset = yaml.safe_load((ROOT / f"conf/model/zipformer_ctc_{size}.yaml").read_text())
    assert _PUBLISHED[tuple(preset["encoder_dim"])] == preset["encoder_unmasked_dim"]
