"""Stage 13: ONNX (offline, streaming; fp32, fp16, int8) and TorchScript, each checked, with a card."""

from __future__ import annotations

from dataclasses import asdict

import torch
from omegaconf import DictConfig

from echoharvester.decoding.select import load_selected
from echoharvester.exporting.card import check_table, model_card
from echoharvester.exporting.release import ModelReleaseConfig, release_model
from echoharvester.manifests.shards import write_atomic
from echoharvester.models.checkpoint import load_checkpoint
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import load_record, write_record

from config import plain, stage_main
from training_setup import some_utterances


def main(cfg: DictConfig, recipe: Recipe) -> None:
    torch.set_num_threads(1)
    options, paths = plain(cfg.export_model), recipe.paths
    folder, checkpoint = paths.export_record.parent, str(options["checkpoint"])
    model, tokens, choice = load_selected(paths.train_dir, checkpoint, options["avg"])
    weights = load_checkpoint(paths.train_dir / f"{choice.partition('-avg')[0]}.pt")
    comment = f"{cfg.model.encoder} CTC, {cfg.tokenizer.kind} tokens, {choice}"
    examples = some_utterances(cfg, recipe, options["check_utterances"])
    release = taken_by(ModelReleaseConfig, options)
    files, checked = release_model(
        model, weights["model_config"], tokens, folder, comment, examples, ModelReleaseConfig(**release)
    )  # fmt: skip
    files.append(folder / "README.md")
    card = model_card(
        cfg.model.name,
        sum(p.numel() for p in model.parameters()),
        len(tokens.symbols),
        cfg.tokenizer.kind,
        load_record(paths.train_record),
        [record for path in paths.decode_records if (record := load_record(path))],
        checked,
        load_record(paths.data_dir / "data_card.json"),
    )
    write_atomic(files[-1], card)
    sizes = ", ".join(f"{f.name} {f.stat().st_size / 1e6:.1f} MB" for f in files)
    write_record(
        paths.export_record,
        recipe.fingerprint("export_model"),
        files,
        summary=sizes,
        checked=[asdict(row) for row in checked],
    )
    print("\n".join([f"stage 13 export_model: {sizes}", *check_table(checked)]))


if __name__ == "__main__":
    stage_main(main)
