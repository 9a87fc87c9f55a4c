"""All files of a model for other programs, each checked before it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from echoharvester.audio.fbank import fbank
from echoharvester.exporting.check import (
    Checked,
    SpokenExample,
    check_offline,
    check_streaming,
)
from echoharvester.exporting.onnx import (
    ExportError,
    export_onnx,
    export_torchscript,
    largest_difference,
    offline_metadata,
    quantise,
    to_half,
)
from echoharvester.exporting.streaming import export_streaming
from echoharvester.models.checkpoint import save_checkpoint, tokenizer_values
from echoharvester.models.ctc import CtcModel
from echoharvester.text.tokenizers import Tokenizer

COMPARED = 4  # utterances whose log-probabilities are compared number by number


@dataclass(frozen=True)
class ModelReleaseConfig:
    """Which files are made of a model.

    Attributes:
        fp16, int8: smaller files beside the ONNX ones.
        streaming: whether there is one that hears sound as it comes; "auto": of a causal encoder.
        chunk_size, left_context: of it, in frames at 50 Hz.
        max_difference: of log-probabilities, between PyTorch and fp32 files.
    """

    fp16: bool = True
    int8: bool = True
    streaming: bool | str = "auto"
    chunk_size: int = 16
    left_context: int = 128
    max_difference: float = 0.001

    def streams(self, model: CtcModel) -> bool:
        """Whether a streaming file of this model is made."""
        is_causal = bool(getattr(model.encoder, "causal", False))
        return is_causal if self.streaming == "auto" else bool(self.streaming)


def release_model(
    model: CtcModel,
    architecture: dict[str, Any],
    tokens: Tokenizer,
    folder: Path,
    comment: str,
    examples: Sequence[SpokenExample],
    config: ModelReleaseConfig,
) -> tuple[list[Path], list[Checked]]:
    """Writes and checks the files of a model; them, and what the checks found.

    Args:
        architecture: arguments of `build_model`, kept in `pretrained.pt`.
        comment: metadata of the ONNX file.
        examples: utterances to check with.

    Raises:
        ExportError: if a file computes other numbers, or hears another text, than PyTorch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    onnx, script, weights = folder / "model.onnx", folder / "model.jit", folder / "pretrained.pt"
    export_onnx(model, tokens, onnx, offline_metadata(model, comment))
    export_torchscript(model, script)
    features = [fbank(example.samples).numpy() for example in examples[:COMPARED]]
    for path in (onnx, script):
        difference = largest_difference(model, path, features)
        if difference > config.max_difference:
            raise ExportError(
                f"{path}: log-probabilities differ from PyTorch's by {difference:.2g}, more than "
                f"export_model.max_difference={config.max_difference}"
            )
    content = {"model_config": architecture, "model": model.state_dict()}
    save_checkpoint({**content, **tokenizer_values(tokens)}, weights)
    offline = [onnx, *_smaller(config, onnx)]
    checked = check_offline(model, tokens, offline, examples)
    files = [*offline, script, weights, folder / "tokens.txt"]
    if config.streams(model):
        path = folder / "streaming.onnx"
        streaming = export_streaming(model, tokens, path, config.chunk_size, config.left_context)
        files += [path, *(smaller := _smaller(config, path))]
        checked += check_streaming(streaming, tokens, [path, *smaller], examples)
    return files, checked


def _smaller(config: ModelReleaseConfig, path: Path) -> list[Path]:
    written = []
    for wanted, name, make in (
        (config.fp16, "fp16", to_half),
        (config.int8, "int8", quantise),
    ):
        if wanted:
            written.append(path.with_suffix(f".{name}.onnx"))
            make(path, written[-1])
    return written
