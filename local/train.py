"""Stage 11: trains a CTC model; goes on where it was stopped.

With several GPUs:  torchrun --nproc-per-node 4 local/train.py [Hydra overrides]
A sweep:            ./run.sh --stage 11 -m model=conformer_ctc,zipformer_ctc train.lr=0.02,0.045
"""

from __future__ import annotations

import signal

# A queue may ask to stop while what follows is still imported, which takes seconds.
asked_early: list[int] = []
signal.signal(signal.SIGUSR1, lambda number, _: asked_early.append(number))

from omegaconf import DictConfig

from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import write_record
from echoharvester.training.distributed import join_distributed, leave_distributed
from echoharvester.training.trainer import Trainer

from config import stage_main
from training_setup import eval_data, make_model, tokenizer, train_config, train_data


def main(cfg: DictConfig, recipe: Recipe) -> float:
    config, folder, made_from = (
        train_config(cfg),
        recipe.paths.train_dir,
        recipe.fingerprint("train"),
    )
    tokens = tokenizer(cfg, recipe)
    model, description = make_model(cfg, tokens)
    context = join_distributed(config.device)
    trainer = Trainer(
        model, tokens, config, folder, {**description, "fingerprint": made_from}, context
    )
    if asked_early:
        trainer.request_stop(asked_early[0])
    progress = trainer.fit(train_data(cfg, recipe, tokens), eval_data(cfg, recipe, tokens, "dev"))
    leave_distributed()
    size = sum(parameter.numel() for parameter in model.parameters())
    summary = (
        f"{cfg.model.name}, {size / 1e6:.1f} M parameters, {len(tokens.symbols)} tokens, "
        f"{progress.step} steps; best dev CER (no spaces) {100 * progress.best_cer:.2f} %"
    )
    if context.is_first:
        files = [folder / "best.pt", folder / "last.pt"]
        results = {"history": progress.history, "best_cer": progress.best_cer}
        write_record(
            recipe.paths.train_record, made_from, files, summary=summary, num_parameters=size, **results
        )  # fmt: skip
        print(f"stage 11 train: {summary}")
    return progress.best_cer


if __name__ == "__main__":
    stage_main(main)
