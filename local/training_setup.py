"""Models and data as the configuration describes them, for stages 11 to 13."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from echoharvester.errors import UserError
from echoharvester.exporting.check import SpokenExample
from echoharvester.models.ctc import CtcModel, build_model
from echoharvester.models.hub import fetch
from echoharvester.models.initial import InitialModel, load_initial, load_initial_weights
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.text.tokenizers import (
    JamoTokenizer,
    Tokenizer,
    read_tokenizer,
)
from echoharvester.training.batch import TrainingData
from echoharvester.training.config import CutDataConfig, TrainConfig
from echoharvester.training.cuts import CutData
from echoharvester.training.synthetic import SyntheticConfig, SyntheticData, judged_speech

from config import plain, torch_threads


def model_config(cfg: DictConfig, initial: InitialModel | None = None) -> dict[str, Any]:
    """Arguments of `build_model`; those of the initial weights with model=from_init."""
    options: dict[str, Any] = OmegaConf.to_container(cfg.model, resolve=True)  # type: ignore[assignment]
    options.pop("name")
    if options["encoder"] != "from_init":
        return options
    if initial is None:
        raise UserError("model=from_init takes its architecture from train.init: set that")
    return {**initial.config, **{k: v for k, v in options.items() if k != "encoder"}}


def make_model(cfg: DictConfig, tokens: Tokenizer) -> tuple[CtcModel, dict[str, Any]]:
    """The model to train, with its first weights, and what a checkpoint holds beside weights: enough
    to build, decode and repeat."""
    initial = (
        load_initial(fetch(cfg.train.init), cfg.train.init_weights) if cfg.train.init else None
    )
    architecture = model_config(cfg, initial)
    torch.manual_seed(cfg.seed)
    model = build_model(architecture, len(tokens.symbols))
    if initial:
        left = load_initial_weights(model, initial, cfg.train.init_prefix, tokens.symbols)
        print(
            f"stage 11 train: weights from {cfg.train.init}; new: {_listed(left)}; not taken: "
            f"{_listed(initial.other)}"
        )
    kept = {key: plain(cfg[key]) for key in ("model", "train", "tokenizer")} | {"seed": cfg.seed}
    return model, {"model_config": architecture, "config": kept}


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return (", ".join(names[:5]) or "none") + more


def train_config(cfg: DictConfig) -> TrainConfig:
    torch_threads(cfg.train.num_threads)
    options = taken_by(TrainConfig, plain(cfg.train))
    return TrainConfig(**{**options, "seed": cfg.seed, "device": device(cfg)})


def device(cfg: DictConfig) -> str:
    """`train.device`, or what there is."""
    if cfg.train.device != "auto":
        return str(cfg.train.device)
    return "cuda" if torch.cuda.is_available() else "cpu"


def tokenizer(cfg: DictConfig, recipe: Recipe) -> Tokenizer:
    """The tokenizer of stage 10; endless synthetic speech needs none but the jamo table."""
    if cfg.train.data == "synthetic":
        return JamoTokenizer.train()
    lang = recipe.paths.lang
    path = lang / "tokens.txt"
    if not path.is_file():
        raise UserError(f"{path}: no such file; run stage 10 with tokenizer={cfg.tokenizer.kind}")
    return read_tokenizer(lang)


def train_data(cfg: DictConfig, recipe: Recipe, tokens: Tokenizer) -> TrainingData:
    if cfg.train.data == "synthetic":
        options: dict[str, Any] = OmegaConf.to_container(cfg.train.synthetic, resolve=True)  # type: ignore[assignment]
        seed = options.pop("seed")
        for key in ("dev_seed", "dev_voices"):
            options.pop(key)
        return SyntheticData(SyntheticConfig(num_workers=cfg.train.num_workers, **options), seed)
    return CutData(_cuts(recipe, "train"), tokens, _cut_config(cfg, shuffle=True))


def eval_data(
    cfg: DictConfig,
    recipe: Recipe,
    tokens: Tokenizer,
    name: str,
    batch_sec: float | None = None,
    num_workers: int = 0,
) -> TrainingData:
    """A set to judge on: `dev`, `test`, or `NAME=PATH`, a manifest of cuts or a folder of Shar; of
    synthetic speech `dev` (clean), `noisy` (15 dB) and `varied` (bodies and channels)."""
    if cfg.train.data == "synthetic" and "=" not in name:
        options = cfg.train.synthetic
        return SyntheticData(judged_speech(name, list(options.dev_voices)), options.dev_seed)
    config = _cut_config(cfg, shuffle=False)
    config = dataclasses.replace(
        config, batch_sec=batch_sec or config.batch_sec, num_workers=num_workers
    )
    return CutData(_cuts(recipe, name), tokens, config)


def some_utterances(cfg: DictConfig, recipe: Recipe, count: int) -> list[SpokenExample]:
    """Utterances of the dev set, from its beginning to its end; of synthetic speech unheard ones."""
    if cfg.train.data == "synthetic":
        data = eval_data(cfg, recipe, JamoTokenizer.train(), "dev")
        assert isinstance(data, SyntheticData)
        return [SpokenExample(u.samples, u.text) for u in data.utterances(count)]
    cuts = list(_cuts(recipe, "dev"))
    picked = [cuts[i * len(cuts) // min(count, len(cuts))] for i in range(min(count, len(cuts)))]
    return [SpokenExample(cut.load_audio()[0], cut.supervisions[0].text) for cut in picked]


def _cuts(recipe: Recipe, name: str):  # type: ignore[no-untyped-def]
    from lhotse import CutSet

    from echoharvester.dataset.shar import open_shar

    _, _, described = name.partition("=")
    path = Path(described) if described else recipe.paths.split(name)
    if path.is_dir():
        return open_shar(path)
    if not path.is_file():
        raise UserError(
            f"{path}: no such set; " + ("see decode.sets" if described else "run stage 10")
        )
    return CutSet.from_jsonl_lazy(path)


def _cut_config(cfg: DictConfig, shuffle: bool) -> CutDataConfig:
    """How cuts become batches; a set to judge on is neither shuffled nor changed."""
    options = taken_by(CutDataConfig, plain(cfg.train))
    if not shuffle:
        as_is = {"augment": False, "noise_dir": None, "rir_dir": None, "speed_factors": ()}
        options |= {"num_workers": 0, **as_is}
    return CutDataConfig(**{**options, "shuffle": shuffle, "seed": cfg.seed})
