import copy

import numpy as np
import pytest
import torch

from echoharvester.exporting.onnx import (
    export_onnx,
    export_torchscript,
    largest_difference,
    quantise,
)
from echoharvester.models.acoustic import load_acoustic_model
from echoharvester.models.ctc import build_model
from echoharvester.text.tokenizers import JamoTokenizer

MODEL = {
    "encoder": "conformer", "d_model": 32, "num_layers": 2, "num_heads": 4, "feedforward_dim": 64,
    "kernel_size": 7, "subsampling_channels": 8,
}  # fmt: skip


ZIPFORMER = {
    "encoder": "zipformer", "downsampling_factor": [1, 2, 4], "encoder_dim": [64, 96, 64],
    "encoder_unmasked_dim": [64, 64, 64], "num_encoder_layers": [1, 1, 1], "num_heads": [2, 2, 2],
    "feedforward_dim": [256, 384, 256], "cnn_module_kernel": [7, 7, 7], "query_head_dim": 8,
    "value_head_dim": 4, "frontend_channels": 8,
}  # fmt: skip


@pytest.fixture(scope="module", params=[MODEL, ZIPFORMER], ids=["conformer", "zipformer"])
def exported(request, tmp_path_factory):
    torch.manual_seed(0)
    tokenizer = JamoTokenizer.train()
    model = build_model(request.param, len(tokenizer.symbols)).eval()
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    first_frame = str(model.encoder.first_frame)
    export_onnx(model, tokenizer, path, {"subsampling_factor": "4", "first_frame": first_frame})
    return model, tokenizer, path


def features():
    rng = np.random.default_rng(0)
    return [(rng.standard_normal((t, 80)) * 2 - 6).astype(np.float32) for t in (40, 333, 1200)]


def test_every_file_computes_what_the_model_computes(exported):
    model, _, path = exported
    assert largest_difference(model, path, features()) < 1e-3
    export_torchscript(model, path.with_name("model.jit"))
    assert largest_difference(model, path.with_name("model.jit"), features()) < 1e-3
    quantise(path, path.with_name("model.int8.onnx"))
    assert path.with_name("model.int8.onnx").stat().st_size < path.stat().st_size
    assert largest_difference(model, path.with_name("model.int8.onnx"), features()) < 2


def test_other_weights_are_noticed(exported):
    model, _, path = exported
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.ctc_output[1].weight.mul_(1.1)
    assert largest_difference(other, path, features()) > 0.01


def test_long_sound_in_chunks_equals_the_whole(exported):
    _, tokenizer, path = exported
    model = load_acoustic_model(path)
    assert model.tokenizer.symbols == tokenizer.symbols
    sound = (np.random.default_rng(0).standard_normal(16000 * 12) * 0.1).astype(np.float32)
    whole = model.log_probs(sound, chunk_sec=60.0)
    assert len(whole) == 300
    chunked = model.log_probs(sound, chunk_sec=4.0, context_sec=4.0, batch_size=2)
    assert chunked.shape == whole.shape
    assert np.abs(chunked - whole).max() < 0.5
