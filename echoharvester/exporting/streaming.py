"""A causal Zipformer as an ONNX file that sherpa-onnx hears chunk by chunk.

Names, shapes and metadata are those that sherpa-onnx's streaming Zipformer2 CTC reads: inputs
`x (N, T, 80)` and the states, outputs `log_probs (N, T', V)` and the states for the next chunk.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from echoharvester.exporting.onnx import OPSET, ExportError, finish_onnx
from echoharvester.models.ctc import CtcModel
from echoharvester.models.zipformer.frontend import ConvFrontend
from echoharvester.models.zipformer.layer import ZipformerLayer
from echoharvester.models.zipformer.streaming import STATES_PER_LAYER, StreamingZipformer
from echoharvester.models.zipformer.zipformer import DownsampledStack, Stack, Zipformer
from echoharvester.text.tokenizers import Tokenizer

# Of the six states of a layer (see LayerMemory): name, and where sherpa-onnx wants the batch.
_LAYER_STATES = (
    ("cached_key", 1),
    ("cached_nonlin_attn", 1),
    ("cached_val1", 1),
    ("cached_val2", 1),
    ("cached_conv1", 0),
    ("cached_conv2", 0),
)
_FRONTEND_CHANNELS = 128  # sherpa-onnx makes the frontend's first state of this size


class StreamingCtc(nn.Module):
    """The streaming encoder with its head, states laid out as sherpa-onnx has them."""

    def __init__(self, model: CtcModel, chunk_size: int, left_context: int) -> None:
        """
        Raises:
            ExportError: for a model that cannot stream in sherpa-onnx.
        """
        super().__init__()
        if not isinstance(model.encoder, Zipformer):
            raise ExportError("only a causal Zipformer streams; export this model offline")
        embed = cast(ConvFrontend, model.encoder_embed)
        channels = embed.convnext.depthwise_conv.in_channels
        if channels != _FRONTEND_CHANNELS:
            raise ExportError(
                f"sherpa-onnx streams models with model.frontend_channels={_FRONTEND_CHANNELS} "
                f"alone, not {channels}"
            )
        try:
            self.encoder = StreamingZipformer(embed, model.encoder, chunk_size, left_context)
        except ValueError as error:
            raise ExportError(str(error)) from error
        self.head = model.ctc_output

    def initial_state(self, batch_size: int = 1) -> list[Tensor]:
        """Zeros, in sherpa-onnx's layout."""
        return self._outward(self.encoder.initial_state(batch_size))

    def forward(self, x: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """(N, T, 80) and the states to (N, T', V) and the next states."""
        hidden, behind = self.encoder(x, self._inward(state))
        return (self.head(hidden), *self._outward(behind))

    def _inward(self, state: Sequence[Tensor]) -> list[Tensor]:
        """From sherpa-onnx's layout to batch first."""
        inner = []
        for i, tensor in enumerate(state[:-2]):
            name, batch_dim = _LAYER_STATES[i % STATES_PER_LAYER]
            tensor = (
                tensor.squeeze(0)
                if name == "cached_nonlin_attn"
                else tensor.transpose(0, batch_dim)
            )
            inner.append(tensor)
        return [*inner, *state[-2:]]

    def _outward(self, state: Sequence[Tensor]) -> list[Tensor]:
        outer = []
        for i, tensor in enumerate(state[:-2]):
            name, batch_dim = _LAYER_STATES[i % STATES_PER_LAYER]
            tensor = (
                tensor.unsqueeze(0)
                if name == "cached_nonlin_attn"
                else tensor.transpose(0, batch_dim)
            )
            outer.append(tensor)
        return [*outer, *state[-2:]]

    def state_names(self) -> list[tuple[str, int]]:
        """Names of the states, and the dimension of each that is the batch."""
        num_layers = (len(self.encoder.initial_state()) - 2) // STATES_PER_LAYER
        layers = [(f"{name}_{i}", dim) for i in range(num_layers) for name, dim in _LAYER_STATES]
        return [*layers, ("embed_states", 0), ("processed_lens", 0)]

    def metadata(self) -> dict[str, str]:
        """What sherpa-onnx reads to make the first states and to cut features into chunks."""
        encoder = self.encoder.encoder
        stacks = [
            s.encoder if isinstance(s, DownsampledStack) else cast(Stack, s)
            for s in encoder.encoders
        ]
        firsts = [cast(ZipformerLayer, stack.layers[0]) for stack in stacks]
        heads = [layer.self_attn_weights.num_heads for layer in firsts]
        values = [
            layer.self_attn1.in_proj.out_features // n
            for layer, n in zip(firsts, heads, strict=True)
        ]
        lists = {
            "num_encoder_layers": [len(stack.layers) for stack in stacks],
            "encoder_dims": encoder.encoder_dim,
            "cnn_module_kernels": [layer.conv_module1.kernel_size for layer in firsts],
            "left_context_len": self.encoder.left_contexts,
            "query_head_dims": [layer.self_attn_weights.query_head_dim for layer in firsts],
            "value_head_dims": values,
            "num_heads": heads,
        }
        return {
            "model_type": "zipformer2",
            "version": "1",
            "model_author": "EchoHarvester",
            "comment": "streaming ctc zipformer2",
            "decode_chunk_len": str(self.encoder.shift),
            "T": str(self.encoder.num_frames),
            **{name: ",".join(map(str, numbers)) for name, numbers in lists.items()},
        }


def export_streaming(
    model: CtcModel, tokenizer: Tokenizer, path: Path, chunk_size: int, left_context: int
) -> StreamingCtc:
    """Writes `path` and `tokens.txt` beside it; returns the module that the file computes.

    Args:
        chunk_size: frames at 50 Hz of a chunk: 16 are 320 ms.
        left_context: frames at 50 Hz before it.

    Raises:
        ExportError: for a model that cannot stream in sherpa-onnx.
    """
    streaming = StreamingCtc(model.eval(), chunk_size, left_context).eval()
    path.parent.mkdir(parents=True, exist_ok=True)
    state, names = streaming.initial_state(), streaming.state_names()
    behind = [(f"new_{name}", dim) for name, dim in names]
    axes = {
        "x": {0: "N"},
        "log_probs": {0: "N"},
        **{name: {dim: "N"} for name, dim in names + behind},
    }
    x = torch.zeros(1, streaming.encoder.num_frames, 80)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the tracer warns of sizes that are fixed here
        torch.onnx.export(
            streaming, (x, *state), str(path), input_names=["x", *(n for n, _ in names)],
            output_names=["log_probs", *(n for n, _ in behind)], dynamic_axes=axes,
            opset_version=OPSET, dynamo=False,
        )  # fmt: skip
    finish_onnx(path, streaming.metadata(), tokenizer)
    return streaming


@torch.inference_mode()
def stream_log_probs(streaming: StreamingCtc, features: Tensor) -> Tensor:
    """(T, 80) to (T', V), chunk by chunk as sherpa-onnx feeds them; a rest too short is not heard."""
    state, rows = streaming.initial_state(), []
    size, shift = streaming.encoder.num_frames, streaming.encoder.shift
    for start in range(0, len(features) - size + 1, shift):
        log_probs, *state = streaming(features[None, start : start + size], *state)
        rows.append(log_probs[0])
    return torch.cat(rows) if rows else torch.zeros(0, 1)
