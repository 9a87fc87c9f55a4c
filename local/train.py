"""Stage 11: trains a CTC model; goes on where it was stopped.

With several GPUs:  torchrun --nproc-per-node 4 local/train.py [Hydra overrides]
A sweep:            python local/train.py -m model=conformer_ctc,zipformer_ctc train.lr=0.02,0.045
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

# A queue may ask to stop while what follows is still imported, which takes seconds.
asked_early: list[int] = []
signal.signal(signal.SIGUSR1, lambda number, _: asked_early.append(number))

import torch
from omegaconf import DictConfig, OmegaConf

from echoharvester.models.checkpoint import load_matching
from echoharvester.models.ctc import build_model
from echoharvester.models.hub import fetch
from echoharvester.models.initial import InitialModel, load_initial
from echoharvester.training.trainer import Trainer
from echoharvester.training.world import join_world, leave_world

from common import stage_main, write_record
from singles import single_fingerprint, train_record_path
from training_setup import eval_data, model_config, tokenizer, train_config, train_data


def main(cfg: DictConfig) -> float:
    config, folder, made_from = train_config(cfg), Path(cfg.train_dir), single_fingerprint(cfg, "train")  # fmt: skip
    tokens = tokenizer(cfg)
    initial = (
        load_initial(fetch(cfg.train.init), cfg.train.init_weights) if cfg.train.init else None
    )
    architecture = model_config(cfg, initial)
    torch.manual_seed(cfg.seed)
    model = build_model(architecture, len(tokens.symbols))
    size = sum(parameter.numel() for parameter in model.parameters())
    if initial:
        _start_from(initial, cfg, model, tokens.symbols)
    world = join_world(config.device)
    trainer = Trainer(model, tokens, config, folder, _description(cfg, architecture, made_from), world)  # fmt: skip
    if asked_early:
        trainer.request_stop(asked_early[0])
    progress = trainer.fit(train_data(cfg, tokens), eval_data(cfg, tokens, "dev"))
    leave_world()
    summary = (
        f"{cfg.model.name}, {size / 1e6:.1f} M parameters, {len(tokens.symbols)} tokens, "
        f"{progress.step} steps; best dev CER (no spaces) {100 * progress.best_cer:.2f} %"
    )
    if world.is_first:
        write_record(
            train_record_path(cfg),
            made_from,
            [folder / "best.pt", folder / "last.pt"],
            summary=summary,
            num_parameters=size,
            history=progress.history,
            best_cer=progress.best_cer,
        )
        print(f"stage 11 train: {summary}")
    return progress.best_cer


def _start_from(initial: InitialModel, cfg: DictConfig, model: torch.nn.Module, symbols) -> None:  # type: ignore[no-untyped-def]
    prefix = cfg.train.init_prefix
    taken = {k: v for k, v in initial.weights.items() if k.startswith(prefix)}
    known = initial.tokens and not prefix
    left = load_matching(model, taken, initial.tokens if known else (), symbols if known else ())
    print(f"stage 11 train: weights from {cfg.train.init}; new: {_listed(left)}; not taken: "
          f"{_listed(initial.other)}")  # fmt: skip


def _description(cfg: DictConfig, architecture: dict[str, Any], made_from: str) -> dict[str, Any]:
    """What a checkpoint holds beside its weights: enough to build, decode and repeat."""
    kept = ("model", "train", "tokenizer", "seed")
    settings = {key: OmegaConf.select(cfg, key) for key in kept}
    return {
        "model_config": architecture,
        "config": {
            k: OmegaConf.to_container(v, resolve=True) if OmegaConf.is_config(v) else v
            for k, v in settings.items()
        },  # fmt: skip
        "fingerprint": made_from,
    }


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(names[:5]) or "none") + more


if __name__ == "__main__":
    stage_main(main)
