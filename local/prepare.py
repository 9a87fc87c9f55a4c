"""Stage 0: the environment is checked, models are fetched; mini_ko: the synthetic library is made."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from tqdm import tqdm

from echoharvester.asr import chosen
from echoharvester.doctor import check_environment
from echoharvester.manifests.shards import ShardWriter
from echoharvester.models.extras import require
from echoharvester.models.hub import addresses_in, fetch, fetch_repository

from common import UserError, plain, stage_main
from singles import single_fingerprint, truth_path


def main(cfg: DictConfig) -> None:
    for line in check_environment(Path(cfg.data_dir)):
        print(f"stage  0 prepare: {line}")
    for part in ("align", "asr", "second_asr"):
        settings = plain(cfg[part])
        if settings["kind"] == "auto":  # other machines may choose otherwise
            _fetch_models(part, settings["cpu"])
            if chosen(settings) is settings["gpu"] or find_spec("qwen_asr"):
                _fetch_models(part, settings["gpu"])
        else:
            _fetch_models(part, settings)
    if cfg.source.kind == "synthetic":
        _make_library(cfg)


def _fetch_models(part: str, settings: Mapping[str, Any]) -> None:
    """Fetches the models that stages 4 and 6 name by an address.

    Raises:
        UserError: if one cannot be had, saying what else there is.
    """
    try:
        for address in addresses_in(dict(settings)):
            print(f"stage  0 prepare: {part}: {fetch(address)}")
        if settings["kind"] == "qwen3":
            path = fetch_repository(settings["repo"], settings["revision"])
            print(f"stage  0 prepare: {part}: {path}")
        elif settings["kind"] == "faster_whisper" and not Path(settings["repo"]).is_dir():
            whisper = require("faster_whisper", "whisper")
            print(f"stage  0 prepare: {part}: {whisper.download_model(settings['repo'])}")
    except (OSError, ValueError, ImportError) as error:
        raise UserError(
            f"{part}: {error}\nConnect this machine once, or name a model on disk: {part}=sherpa_onnx "
            f"{part}.model=/path/model.onnx"
        ) from error


def _make_library(cfg: DictConfig) -> None:
    from echoharvester.sources.synthetic.library import default_specs, make_media

    folder = Path(cfg.data_dir) / "library"
    files = []
    with ShardWriter(truth_path(cfg)) as truth:
        for spec in tqdm(default_specs(), desc="0 synthetic library"):
            for cut in make_media(spec, folder, cfg.source.library_seed, cfg.source.duration_sec):
                truth.write(cut)
            files.append(spec.name + spec.suffix)
            if spec.captions:
                files.append(spec.name + spec.captions)
        truth.close("prepare", single_fingerprint(cfg, "prepare"), "", {"files": files})
    print(f"stage  0 prepare: library of {len(default_specs())} media in {folder}")


if __name__ == "__main__":
    stage_main(main)
