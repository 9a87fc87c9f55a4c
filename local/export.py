"""Stage 9: everything accepted as Lhotse Shar, with manifest, statistics and data card."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from echoharvester.dataset.card import Statistics, card_markdown, data_card
from echoharvester.dataset.shar import write_shar
from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.shards import (
    Cut,
    ShardWriter,
    find_shards,
    read_all_cuts,
    read_info,
    write_atomic,
)
from echoharvester.review.merge import exportable

from common import STEPS, manifests_dir, stage_main
from singles import dataset_manifest_path, fingerprint_of_sizes, single_fingerprint


def main(cfg: DictConfig) -> None:
    data_dir, stats = Path(cfg.data_dir), Statistics()
    with ShardWriter(dataset_manifest_path(cfg)) as manifest:

        def cuts() -> Iterator[Cut]:
            everything = read_all_cuts(manifests_dir(cfg), "cuts_reviewed")
            for cut in tqdm(filter(exportable, everything), desc="9 export", unit="cut"):
                manifest.write(cut)
                stats.add(cut)
                yield cut

        shar = data_dir / "shar"
        files = write_shar(cuts(), shar, cfg.export.cuts_per_shard, cfg.export.audio_format)
        values = stats.to_dict()
        card = data_card(values, _yields(cfg), _settings(cfg))
        write_atomic(data_dir / "stats.json", _json(values))
        write_atomic(data_dir / "data_card.json", _json(card))
        write_atomic(data_dir / "data_card.md", card_markdown(card))
        counts = {"hours": values["hours"], "shar": fingerprint_of_sizes(files.sizes)}
        manifest.close("export", single_fingerprint(cfg, "export"), "", counts)
    print(f"stage  9 export: {values['cuts']} cuts, {values['hours']:.2f} h in {shar}")


def _yields(cfg: DictConfig) -> dict[str, Any]:
    """The accounting of every sharded stage."""
    result = {}
    for name, spec in STEPS.items():
        if spec.target:
            infos = [read_info(path) for path in find_shards(manifests_dir(cfg), spec.target)]
            counts = total(Counts.from_dict(info.counts) for info in infos if info)
            result[name] = counts.to_dict()
    return result


def _settings(cfg: DictConfig) -> dict[str, Any]:
    groups = ("segment", "align", "filter", "asr", "validate")
    plain = {name: OmegaConf.to_container(cfg[name], resolve=True) for name in groups}
    for name in ("align", "asr"):  # a model's name, not where it lies on this machine
        options: Any = plain[name]
        if "model" in options:
            options["model"] = Path(options["model"]).name
    return plain


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    stage_main(main)
