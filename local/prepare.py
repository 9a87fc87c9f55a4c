"""Stage 0: the environment is checked and, for mini_ko, the synthetic library is made."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig
from tqdm import tqdm

from echoharvester.doctor import check_environment
from echoharvester.manifests.shards import ShardWriter

from common import stage_main
from singles import single_fingerprint, truth_path


def main(cfg: DictConfig) -> None:
    for line in check_environment(Path(cfg.data_dir)):
        print(f"stage  0 prepare: {line}")
    if cfg.source.kind == "synthetic":
        _make_library(cfg)


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
