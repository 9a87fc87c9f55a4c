"""Tiny models in the form in which sherpa-onnx runs its offline diarisation.

The segmentation hears positive pulses as one voice and negative ones as another; the embedding is the
mean of the filter banks, seen from a few directions.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE, WINDOW, FIELD, SHIFT, CLASSES, DIM = 16000, 160000, 991, 270, 7, 16
SEGMENTATION = {
    "model_type": "pyannote-segmentation-3.0", "version": "1", "sample_rate": RATE, "window_size": WINDOW,
    "receptive_field_size": FIELD, "receptive_field_shift": SHIFT, "num_speakers": 3, "powerset_max_classes": 2,
    "num_classes": CLASSES,
}  # fmt: skip
EMBEDDING = {
    "framework": "wespeaker", "language": "ko", "url": "none", "comment": "none", "sample_rate": RATE,
    "output_dim": DIM, "normalize_samples": 1, "feature_normalize_type": "",
}  # fmt: skip


def _saved(path: Path, nodes, inputs, outputs, constants, about) -> Path:
    initial = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initial)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    for key, value in about.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, str(value)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def tiny_segmentation(path: Path) -> Path:
    """x (N, 1, T) to y (N, frames, 7): nobody, each of three, each pair of three."""
    pool: dict[str, Any] = {"kernel_shape": [FIELD], "strides": [SHIFT]}
    # Logits of loudness a and b of the two voices: 0.1, 10 (a - b), 10 (b - a), never, both.
    weight = np.zeros((2, CLASSES), np.float32)
    weight[:, 1], weight[:, 2], weight[:, 4] = (10, -10), (-10, 10), (9, 9)
    bias = np.full(CLASSES, -50, np.float32)
    bias[[0, 1, 2, 4]] = 0.1, 0.0, 0.0, -0.9
    nodes = [
        helper.make_node("Relu", ["x"], ["up"]),
        helper.make_node("Neg", ["x"], ["minus"]),
        helper.make_node("Relu", ["minus"], ["down"]),
        helper.make_node("AveragePool", ["up"], ["a"], **pool),
        helper.make_node("AveragePool", ["down"], ["b"], **pool),
        helper.make_node("Concat", ["a", "b"], ["ab"], axis=1),
        helper.make_node("Transpose", ["ab"], ["frames"], perm=[0, 2, 1]),
        helper.make_node("MatMul", ["frames", "weight"], ["raw"]),
        helper.make_node("Add", ["raw", "bias"], ["logits"]),
        helper.make_node("LogSoftmax", ["logits"], ["y"], axis=-1),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 1, "T"])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", "frames", CLASSES])]
    return _saved(path, nodes, inputs, outputs, {"weight": weight, "bias": bias}, SEGMENTATION)


def tiny_embedding(path: Path) -> Path:
    """feats (N, T, 80) to embs (N, DIM)."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((80, DIM)).astype(np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["feats"], ["mean"], axes=[1], keepdims=0),
        helper.make_node("ReduceMean", ["mean"], ["level"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["mean", "level"], ["shape"]),
        helper.make_node("MatMul", ["shape", "weight"], ["embs"]),
    ]
    inputs = [helper.make_tensor_value_info("feats", TensorProto.FLOAT, ["N", "T", 80])]
    outputs = [helper.make_tensor_value_info("embs", TensorProto.FLOAT, ["N", DIM])]
    return _saved(path, nodes, inputs, outputs, {"weight": weight}, EMBEDDING)


def voice(sign: float, frequency: float, seconds: float) -> np.ndarray:
    """A voice that the tiny models know: pulses of one sign."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (sign * np.abs(np.sin(np.pi * frequency * time)) * 0.5).astype(np.float32)
