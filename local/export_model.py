"""Stage 13: ONNX (offline, streaming; fp32, fp16, int8) and TorchScript, each checked, with a card."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from echoharvester.audio.fbank import fbank
from echoharvester.decoding.select import load_selected
from echoharvester.exporting.card import check_table, model_card
from echoharvester.exporting.check import Checked, check_offline, check_streaming
from echoharvester.exporting.onnx import (
    export_onnx,
    export_torchscript,
    largest_difference,
    offline_metadata,
    quantise,
    to_half,
)
from echoharvester.exporting.streaming import export_streaming
from echoharvester.manifests.shards import write_atomic
from echoharvester.models.checkpoint import load_checkpoint, save_checkpoint, tokenizer_values
from echoharvester.models.ctc import CtcModel

from common import UserError, stage_main, write_record
from singles import decode_records, export_record_path, single_fingerprint, train_record_path
from training_setup import some_utterances

COMPARED = 4  # utterances whose log-probabilities are compared number by number


def main(cfg: DictConfig) -> None:
    torch.set_num_threads(1)
    options, folder = cfg.export_model, export_record_path(cfg).parent
    folder.mkdir(parents=True, exist_ok=True)
    model, tokens, choice = load_selected(Path(cfg.train_dir), str(options.checkpoint), options.avg)
    utterances = some_utterances(cfg, options.check_utterances)
    onnx, script, weights = folder / "model.onnx", folder / "model.jit", folder / "pretrained.pt"
    comment = f"{cfg.model.encoder} CTC, {cfg.tokenizer.kind} tokens, {choice}"
    export_onnx(model, tokens, onnx, offline_metadata(model, comment))
    export_torchscript(model, script)
    _check_numbers(
        cfg, model, [onnx, script], [fbank(u.samples).numpy() for u in utterances[:COMPARED]]
    )
    config = load_checkpoint(Path(cfg.train_dir) / f"{choice.partition('-avg')[0]}.pt")[
        "model_config"
    ]
    save_checkpoint({"model_config": config, "model": model.state_dict(), **tokenizer_values(tokens)}, weights)  # fmt: skip
    offline = [onnx, *_smaller(cfg, onnx)]
    checked = check_offline(model, tokens, offline, utterances)
    files = [*offline, script, weights, folder / "tokens.txt"]
    if _streams(cfg, model):
        path = folder / "streaming.onnx"
        streaming = export_streaming(model, tokens, path, options.chunk_size, options.left_context)
        files += [path, *(smaller := _smaller(cfg, path))]
        checked += check_streaming(streaming, tokens, [path, *smaller], utterances)
    _write_card(cfg, model, tokens.symbols, checked, files)
    sizes = ", ".join(f"{f.name} {f.stat().st_size / 1e6:.1f} MB" for f in files)
    write_record(
        export_record_path(cfg), single_fingerprint(cfg, "export_model"), files, summary=sizes,
        checked=[asdict(row) for row in checked],
    )  # fmt: skip
    print("\n".join([f"stage 13 export_model: {sizes}", *check_table(checked)]))


def _smaller(cfg: DictConfig, path: Path) -> list[Path]:
    written = []
    for wanted, name, make in ((cfg.export_model.fp16, "fp16", to_half), (cfg.export_model.int8, "int8", quantise)):  # fmt: skip
        if wanted:
            written.append(path.with_suffix(f".{name}.onnx"))
            make(path, written[-1])
    return written


def _streams(cfg: DictConfig, model: CtcModel) -> bool:
    is_causal = bool(getattr(model.encoder, "causal", False))
    return is_causal if cfg.export_model.streaming == "auto" else bool(cfg.export_model.streaming)


def _check_numbers(
    cfg: DictConfig, model: CtcModel, files: list[Path], features: list[Any]
) -> None:
    for path in files:
        difference = largest_difference(model, path, features)
        if difference > cfg.export_model.max_difference:
            raise UserError(
                f"{path}: log-probabilities differ from PyTorch's by {difference:.2g}, more than "
                f"export_model.max_difference={cfg.export_model.max_difference}"
            )


def _write_card(
    cfg: DictConfig, model: CtcModel, symbols: Any, checked: list[Checked], files: list[Path]
) -> None:
    path = export_record_path(cfg).with_name("README.md")
    records = [record for p in decode_records(cfg) if (record := _read(p))]
    text = model_card(
        cfg.model.name, sum(p.numel() for p in model.parameters()), len(symbols),
        cfg.tokenizer.kind, _read(train_record_path(cfg)), records, checked,
        _read(Path(cfg.data_dir) / "data_card.json"),
    )  # fmt: skip
    write_atomic(path, text)
    files.append(path)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    stage_main(main)
