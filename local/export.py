"""Stage 9: everything accepted as Lhotse Shar, with manifest, statistics and data card."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from tqdm import tqdm

from echoharvester.dataset.card import Statistics, card_markdown, data_card
from echoharvester.dataset.folders import CHECKSUMS, checksums
from echoharvester.dataset.formats import check_formats, write_formats
from echoharvester.dataset.join import with_joined
from echoharvester.dataset.parallel import usable_cores
from echoharvester.dataset.shar import write_shar
from echoharvester.manifests.shards import Cut, ShardWriter, read_all_cuts, read_cuts, write_atomic
from echoharvester.manifests.takedown import read_takedown
from echoharvester.review.edits import read_edits
from echoharvester.review.merge import exportable
from echoharvester.review.sample import label_error

from common import STEPS, manifests_dir, review_files, review_rules, stage_main
from singles import (
    BESIDE_SHAR,
    accounting,
    dataset_manifest_path,
    fingerprint_of_sizes,
    review_rows_path,
    single_fingerprint,
)


def main(cfg: DictConfig) -> None:
    data_dir, stats, left_out = Path(cfg.data_dir), Statistics(), Counter[str]()
    num_workers = cfg.export.num_workers or usable_cores()
    shar, manifest_path = data_dir / "shar", dataset_manifest_path(cfg)
    check_formats(cfg.export.also)
    manifest_path.unlink(missing_ok=True)  # until all is whole again, there is no data set
    with ShardWriter(manifest_path) as manifest:

        def cuts() -> Iterator[Cut]:
            for cut in tqdm(_everything(cfg, left_out), desc="9 export", unit="cut"):
                manifest.write(cut)
                stats.add(cut)
                yield cut

        options = (cfg.export.cuts_per_shard, cfg.export.audio_format, num_workers)
        files = write_shar(cuts(), shar, *options)
        values = stats.to_dict() | {"left_out_of_joined": dict(left_out)}
        counts = {
            "hours": values["hours"], "shar": fingerprint_of_sizes(files.sizes),
            "also": list(cfg.export.also),
        }  # fmt: skip
        identity = manifest.identity
        write_atomic(data_dir / "stats.json", _json(values))
        card = _card(cfg, values, identity)
        write_atomic(data_dir / "data_card.json", _json(card))
        write_atomic(data_dir / "data_card.md", card_markdown(card))
        beside = [data_dir / name for name in BESIDE_SHAR if name != CHECKSUMS]
        write_atomic(
            data_dir / CHECKSUMS,
            checksums([*sorted(shar.iterdir()), *beside], data_dir, num_workers),
        )
        write_formats(lambda: _everything(cfg, Counter()), data_dir, cfg.export.also)
        manifest.close("export", single_fingerprint(cfg, "export"), "", counts)
    print(f"stage  9 export: {values['cuts']} cuts, {values['hours']:.2f} h in {shar}")
    for reason, count in left_out.items():
        print(f"stage  9 export: {count} cuts of joined folders left out: {reason}")


def _everything(cfg: DictConfig, left_out: Counter[str]) -> Iterator[Cut]:
    """All that belongs in the data set: what the harvest accepted, then what is joined in."""
    own = read_all_cuts(manifests_dir(cfg), "cuts_reviewed")
    folders, audio_dir = list(map(Path, cfg.export.join)), Path(cfg.data_dir) / "audio" / "joined"
    if not folders and not audio_dir.exists():
        return filter(exportable, own)
    gone = read_takedown(Path(cfg.data_dir))
    return with_joined(own, folders, audio_dir, left_out, lambda cut: not gone.concerns(cut))


def _card(cfg: DictConfig, values: dict[str, Any], identity: str) -> dict[str, Any]:
    rows = review_rows_path(cfg)
    error = label_error(
        read_cuts(rows) if rows.exists() else (), read_all_cuts(manifests_dir(cfg), "cuts_reviewed")
    )
    agreement = read_edits(review_files(cfg), review_rules(cfg)).remarks
    name = cfg.export.name or Path(cfg.recipe_dir).name
    return data_card(name, values, _yields(cfg), _settings(cfg), identity, error, agreement)


def _yields(cfg: DictConfig) -> dict[str, Any]:
    """The accounting of every sharded stage."""
    return {
        name: {**counts.to_dict(), "item": "media" if STEPS[name].stage <= 3 else "cut"}
        for name, counts in accounting(cfg).items()
    }


def _settings(cfg: DictConfig) -> dict[str, Any]:
    groups = "segment align measure duplicates filter asr second_asr validate".split()
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
