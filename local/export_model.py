"""Stage 13: ONNX, int8 and TorchScript, each checked against PyTorch before it counts."""

from __future__ import annotations

import numpy as np
from omegaconf import DictConfig

from echoharvester.exporting.onnx import (
    export_onnx,
    export_torchscript,
    largest_difference,
    quantise,
)
from echoharvester.models.checkpoint import load_checkpoint, load_model, save_checkpoint

from common import UserError, stage_main, write_record
from decode import checkpoint_path
from singles import export_record_path, single_fingerprint
from training_setup import eval_data

CHECKED_UTTERANCES = 4


def main(cfg: DictConfig) -> None:
    folder = export_record_path(cfg).parent
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = checkpoint_path(cfg, str(cfg.export_model.checkpoint))
    model, tokens = load_model(checkpoint)
    onnx, script, weights = folder / "model.onnx", folder / "model.jit", folder / "pretrained.pt"
    metadata = {
        "model_type": f"{cfg.model.encoder}_ctc",
        "version": "1",
        "model_author": "EchoHarvester",
        "comment": f"CTC, {cfg.tokenizer.kind} tokens",
        "subsampling_factor": str(model.subsampling_factor),
        "first_frame": str(model.encoder.first_frame),
        "vocab_size": str(len(tokens.symbols)),
    }
    export_onnx(model, tokens, onnx, metadata)
    export_torchscript(model, script)
    content = load_checkpoint(checkpoint)
    kept = ("model_config", "tokens", "model")
    save_checkpoint({key: content[key] for key in kept}, weights)
    features = _utterances(cfg, tokens)
    differences = {p.name: largest_difference(model, p, features) for p in (onnx, script)}
    worst = max(differences, key=lambda name: differences[name])
    if differences[worst] > cfg.export_model.max_difference:
        raise UserError(
            f"{folder / worst}: log-probabilities differ from PyTorch's by {differences[worst]:.2g}, "
            f"more than export_model.max_difference={cfg.export_model.max_difference}"
        )
    files = [onnx, script, weights, folder / "tokens.txt"]
    if cfg.export_model.int8:
        files.append(folder / "model.int8.onnx")
        quantise(onnx, files[-1])
        differences[files[-1].name] = largest_difference(model, files[-1], features)
    sizes = ", ".join(f"{f.name} {f.stat().st_size / 1e6:.1f} MB" for f in files)
    summary = f"{sizes}; largest difference from PyTorch {differences['model.onnx']:.1e} (fp32)"
    write_record(
        export_record_path(cfg),
        single_fingerprint(cfg, "export_model"),
        files,
        summary=summary,
        differences=differences,
    )
    print(f"stage 13 export_model: {summary}")


def _utterances(cfg: DictConfig, tokens) -> list[np.ndarray]:  # type: ignore[no-untyped-def]
    """A few utterances of the dev set, of unequal length."""
    batch = next(iter(eval_data(cfg, tokens, "dev").batches(0)))
    lens = batch.lens.tolist()
    picked = np.linspace(0, len(lens) - 1, min(CHECKED_UTTERANCES, len(lens))).astype(int)
    return [batch.features[i, : lens[i]].numpy() for i in picked]


if __name__ == "__main__":
    stage_main(main)
