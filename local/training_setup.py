"""Models and data as the configuration describes them, for stages 11 to 13."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig, OmegaConf

from echoharvester.exporting.check import Utterance
from echoharvester.models.initial import InitialModel
from echoharvester.text.tokenizers import (
    JamoTokenizer,
    Tokenizer,
    read_tokenizer,
)
from echoharvester.training.batch import TrainingData
from echoharvester.training.config import TrainConfig
from echoharvester.training.cuts import CutData, CutDataConfig
from echoharvester.training.synthetic import SyntheticConfig, SyntheticData

from common import UserError, torch_threads
from singles import lang_dir, split_path


def model_config(cfg: DictConfig, initial: InitialModel | None = None) -> dict[str, Any]:
    """Arguments of `build_model`; those of the initial weights with model=from_init."""
    options: dict[str, Any] = OmegaConf.to_container(cfg.model, resolve=True)  # type: ignore[assignment]
    options.pop("name")
    if options["encoder"] != "from_init":
        return options
    if initial is None:
        raise UserError("model=from_init takes its architecture from train.init: set that")
    return {**initial.config, **{k: v for k, v in options.items() if k != "encoder"}}


def train_config(cfg: DictConfig) -> TrainConfig:
    torch_threads(cfg.train.num_threads)
    names = {field.name for field in dataclasses.fields(TrainConfig)} - {"seed", "device"}
    options = {name: cfg.train[name] for name in names}
    try:
        return TrainConfig(**options, seed=cfg.seed, device=device(cfg))
    except ValueError as error:
        raise UserError(str(error)) from error


def device(cfg: DictConfig) -> str:
    """`train.device`, or what there is."""
    if cfg.train.device != "auto":
        return str(cfg.train.device)
    return "cuda" if torch.cuda.is_available() else "cpu"


def tokenizer(cfg: DictConfig) -> Tokenizer:
    """The tokenizer of stage 10; endless synthetic speech needs none but the jamo table."""
    if cfg.train.data == "synthetic":
        return JamoTokenizer.train()
    path = lang_dir(cfg) / "tokens.txt"
    if not path.is_file():
        raise UserError(f"{path}: no such file; run stage 10 with tokenizer={cfg.tokenizer.kind}")
    return read_tokenizer(lang_dir(cfg))


def train_data(cfg: DictConfig, tokens: Tokenizer) -> TrainingData:
    if cfg.train.data == "synthetic":
        options: dict[str, Any] = OmegaConf.to_container(cfg.train.synthetic, resolve=True)  # type: ignore[assignment]
        seed = options.pop("seed")
        for key in ("dev_seed", "dev_voices"):
            options.pop(key)
        return SyntheticData(SyntheticConfig(num_workers=cfg.train.num_workers, **options), seed)
    return CutData(_cuts(cfg, "train"), tokens, _cut_config(cfg, shuffle=True))


def eval_data(
    cfg: DictConfig,
    tokens: Tokenizer,
    name: str,
    batch_sec: float | None = None,
    num_workers: int = 0,
) -> TrainingData:
    """A set to judge on: `dev`, `test`; of synthetic speech `dev` (clean) and `noisy` (15 dB); or
    `NAME=PATH`, a manifest of cuts or a folder of Shar."""
    if cfg.train.data == "synthetic" and "=" not in name:
        options = cfg.train.synthetic
        config = SyntheticConfig(
            part="heldout",
            voices=list(options.dev_voices),
            batches_per_epoch=12,
            batch_sec=90.0,
            num_workers=0,
            noisy=False,
            snr_db=15.0 if name == "noisy" else None,
        )
        return SyntheticData(config, options.dev_seed)
    config = _cut_config(cfg, shuffle=False)
    config = dataclasses.replace(
        config, batch_sec=batch_sec or config.batch_sec, num_workers=num_workers
    )
    return CutData(_cuts(cfg, name), tokens, config)


def some_utterances(cfg: DictConfig, count: int) -> list[Utterance]:
    """Utterances of the dev set, from its beginning to its end; of synthetic speech unheard ones."""
    if cfg.train.data == "synthetic":
        data = eval_data(cfg, JamoTokenizer.train(), "dev")
        assert isinstance(data, SyntheticData)
        return [Utterance(u.samples, u.text) for u in data.utterances(count)]
    cuts = list(_cuts(cfg, "dev"))
    picked = [cuts[i * len(cuts) // min(count, len(cuts))] for i in range(min(count, len(cuts)))]
    return [Utterance(cut.load_audio()[0], cut.supervisions[0].text) for cut in picked]


def _cuts(cfg: DictConfig, name: str):  # type: ignore[no-untyped-def]
    from lhotse import CutSet

    from echoharvester.dataset.shar import open_shar

    _, _, described = name.partition("=")
    path = Path(described) if described else split_path(cfg, name)
    if path.is_dir():
        return open_shar(path)
    if not path.is_file():
        raise UserError(f"{path}: no such set; " + ("see decode.sets" if described else "run stage 10"))  # fmt: skip
    return CutSet.from_file(path)


def _cut_config(cfg: DictConfig, shuffle: bool) -> CutDataConfig:
    train = cfg.train
    return CutDataConfig(
        batch_sec=train.batch_sec,
        min_sec=train.min_sec,
        max_sec=train.max_sec,
        num_buckets=train.num_buckets,
        num_workers=train.num_workers if shuffle else 0,
        shuffle=shuffle,
        augment=train.augment and shuffle,
        noise_dir=train.noise_dir if shuffle else None,
        rir_dir=train.rir_dir if shuffle else None,
        speed_factors=tuple(train.speed_factors) if shuffle else (),
        seed=cfg.seed,
    )
