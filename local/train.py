"""Stage 11: trains a CTC model; goes on where it was stopped."""

from __future__ import annotations

from pathlib import Path

import torch
from omegaconf import DictConfig

from echoharvester.models.checkpoint import load_checkpoint, load_matching
from echoharvester.models.ctc import build_model
from echoharvester.training.trainer import Trainer

from common import stage_main, write_record
from singles import single_fingerprint, train_record_path
from training_setup import eval_data, model_config, tokenizer, train_config, train_data


def main(cfg: DictConfig) -> None:
    config, folder = train_config(cfg), Path(cfg.train_dir)
    tokens = tokenizer(cfg)
    torch.manual_seed(cfg.seed)
    model = build_model(model_config(cfg), len(tokens.symbols))
    size = sum(parameter.numel() for parameter in model.parameters())
    if cfg.train.init:
        initial = load_checkpoint(Path(cfg.train.init))
        prefix = cfg.train.init_prefix
        taken = {k: v for k, v in initial["model"].items() if k.startswith(prefix)}
        old_tokens = () if prefix else initial["tokens"]
        left = load_matching(model, taken, old_tokens, () if prefix else tokens.symbols)
        print(f"stage 11 train: weights from {cfg.train.init}; new: {_listed(left)}")
    made_from = single_fingerprint(cfg, "train")
    description = {"model_config": model_config(cfg), "fingerprint": made_from}
    trainer = Trainer(model, tokens, config, folder, description)
    progress = trainer.fit(train_data(cfg, tokens), eval_data(cfg, tokens, "dev"))
    summary = (
        f"{cfg.model.name}, {size / 1e6:.1f} M parameters, {len(tokens.symbols)} tokens, "
        f"{progress.step} steps; best dev CER (no spaces) {100 * progress.best_cer:.2f} %"
    )
    write_record(
        train_record_path(cfg),
        made_from,
        [folder / "best.pt", folder / "last.pt"],
        summary=summary,
        num_parameters=size,
        history=progress.history,
    )
    print(f"stage 11 train: {summary}")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(names[:5]) or "none") + more


if __name__ == "__main__":
    stage_main(main)
