"""A checkpoint to ONNX (fp32, int8) and TorchScript, each checked against PyTorch."""

from __future__ import annotations

import logging
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from echoharvester.audio.fbank import NUM_BINS
from echoharvester.errors import UserError
from echoharvester.models.acoustic import load_fbank_model
from echoharvester.models.ctc import CtcModel
from echoharvester.text.tokenizers import Tokenizer, write_tokenizer

OPSET = 17
SMALLEST_HALVED = 256  # numbers of a tensor that is worth storing in 16 bits


class ExportError(UserError):
    """An exported file does not compute what the model computes."""


def export_onnx(
    model: CtcModel, tokenizer: Tokenizer, path: Path, metadata: dict[str, str]
) -> None:
    """Writes `path` and `tokens.txt` beside it.

    Inputs `x (N, T, 80)`, `x_lens (N,)`; outputs `log_probs (N, T', V)`, `log_probs_len (N,)`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of sizes that it does follow
        torch.onnx.export(
            model,
            _example(),
            str(path),
            input_names=["x", "x_lens"],
            output_names=["log_probs", "log_probs_len"],
            dynamic_axes={
                "x": {0: "N", 1: "T"},
                "x_lens": {0: "N"},
                "log_probs": {0: "N", 1: "T_out"},
                "log_probs_len": {0: "N"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
    finish_onnx(path, metadata, tokenizer)


def finish_onnx(path: Path, metadata: dict[str, str], tokenizer: Tokenizer) -> None:
    """Adds metadata and the fixed size of the vocabulary, checks, writes `tokens.txt` beside it."""
    import onnx

    proto = onnx.load(str(path))
    for key, value in metadata.items():
        proto.metadata_props.add(key=key, value=value)
    output = next(o for o in proto.graph.output if o.name == "log_probs")
    output.type.tensor_type.shape.dim[2].dim_value = len(tokenizer.symbols)
    onnx.checker.check_model(proto)
    onnx.save(proto, str(path))
    write_tokenizer(tokenizer, path.parent)


def offline_metadata(model: CtcModel, comment: str) -> dict[str, str]:
    """What sherpa-onnx and this project read of an offline file.

    sherpa-onnx knows one kind of offline CTC model with these inputs and outputs, so a Conformer
    goes by that name, too; `comment` says what it is.
    """
    return {
        "model_type": "zipformer2_ctc",
        "version": "1",
        "model_author": "EchoHarvester",
        "comment": comment,
        "subsampling_factor": str(model.subsampling_factor),
        "first_frame": str(model.encoder.first_frame),
    }


def to_half(source: Path, target: Path) -> None:
    """An ONNX file whose weights are stored in 16 bits; inputs and outputs stay as they are.

    Programs widen them while loading and compute in 32 bits: CPUs have few kernels for 16, and
    onnxruntime crashes over some.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    proto = onnx.load(str(source))
    graph, casts = proto.graph, []
    for tensor in list(graph.initializer):
        if tensor.data_type != TensorProto.FLOAT or math.prod(tensor.dims) < SMALLEST_HALVED:
            continue
        most = np.finfo(np.float16).max
        values = np.clip(numpy_helper.to_array(tensor), -most, most).astype(np.float16)
        graph.initializer.remove(tensor)
        graph.initializer.append(numpy_helper.from_array(values, f"{tensor.name}_fp16"))
        casts.append(
            helper.make_node("Cast", [f"{tensor.name}_fp16"], [tensor.name], to=TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    onnx.save(proto, str(target))


def quantise(source: Path, target: Path) -> None:
    """Dynamic int8 quantisation of the matrix products of an ONNX file."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    logging.getLogger().addFilter(_quiet)
    quantize_dynamic(
        str(source), str(target), op_types_to_quantize=["MatMul"], weight_type=QuantType.QInt8
    )


def _quiet(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


def export_torchscript(model: CtcModel, path: Path) -> None:
    """Writes a traced module with the same inputs and outputs as the ONNX file."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(model, _example(), check_trace=False)
    torch.jit.save(traced, str(path))


def _example() -> tuple[Tensor, Tensor]:
    features = torch.randn(2, 211, NUM_BINS, generator=torch.Generator().manual_seed(0))
    return features, torch.tensor([211, 150])


def largest_difference(model: nn.Module, path: Path, features: list[np.ndarray]) -> float:
    """Largest absolute difference of log-probabilities between PyTorch and an exported file.

    `features`: utterances (T, 80), run in one batch and each alone.

    Raises:
        ExportError: if shapes or lengths differ.
    """
    largest = 0.0
    for group in [features, *([f] for f in features)]:
        batch, lens = _padded(group)
        with torch.inference_mode():
            expected, expected_lens = (t.numpy() for t in model(batch, lens))
        found, found_lens = _run(path, batch, lens)
        if found.shape != expected.shape or not np.array_equal(found_lens, expected_lens):
            raise ExportError(f"{path}: gives {found.shape}, PyTorch gives {expected.shape}")
        for row, reference, length in zip(found, expected, expected_lens, strict=True):
            largest = max(largest, float(np.abs(row[:length] - reference[:length]).max()))
    return largest


def _padded(features: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    lens = torch.tensor([len(f) for f in features])
    batch = nn.utils.rnn.pad_sequence([torch.from_numpy(f) for f in features], batch_first=True)
    return batch, lens


def _run(path: Path, batch: Tensor, lens: Tensor) -> tuple[Any, Any]:
    if path.suffix == ".onnx":
        return load_fbank_model(path).forward(batch.numpy(), lens.numpy())
    with torch.inference_mode():
        log_probs, out_lens = torch.jit.load(str(path))(batch, lens)
    return log_probs.numpy(), out_lens.numpy()
