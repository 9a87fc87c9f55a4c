"""Stage 10: train, dev and test without shared media."""

from __future__ import annotations

import contextlib
from collections import Counter

from omegaconf import DictConfig

from echoharvester.dataset.duplicates import alike_media
from echoharvester.dataset.split import split_media
from echoharvester.manifests.shards import ShardWriter, read_cuts, read_info

from common import stage_main, step_fingerprint
from singles import dataset_manifest_path, single_fingerprint, split_path

NAMED = 10  # pairs of media that are printed
SETS = ("dev", "test", "train")


def main(cfg: DictConfig) -> None:
    manifest = dataset_manifest_path(cfg)
    channels = {_media(cut): str(cut["custom"].get("channel") or "") for cut in read_cuts(manifest)}
    alike = alike_media(read_cuts(manifest), cfg.split.max_containment)
    for pair in alike[:NAMED]:
        print(
            f"stage 10 split: {pair.first} and {pair.second} say much the same ({pair.containment:.0%}): kept together"
        )
    before = {}
    for name in SETS:
        info = read_info(split_path(cfg, name))
        if info and info.counts.get("of") == _settings(cfg):  # else the sets are wanted otherwise
            before |= {_media(cut): name for cut in read_cuts(split_path(cfg, name))}
    belongs = split_media(
        channels,
        cfg.split.dev,
        cfg.split.test,
        cfg.seed,
        cfg.split.by,
        [(pair.first, pair.second) for pair in alike],
        before,
    )
    made_from = single_fingerprint(cfg, "split")
    seconds, count = dict.fromkeys(SETS, 0.0), dict.fromkeys(SETS, 0)
    with contextlib.ExitStack() as stack:
        writers = {name: stack.enter_context(ShardWriter(split_path(cfg, name))) for name in SETS}
        for cut in read_cuts(manifest):
            name = belongs[_media(cut)]
            writers[name].write(cut)
            seconds[name] += cut["duration"]
            count[name] += 1
        for name, writer in writers.items():
            counts = {"hours": seconds[name] / 3600, "of": _settings(cfg)}
            writer.close("split", made_from, "", counts)
    num_media = Counter(belongs.values())
    sizes = (
        f"{name} {count[name]} cuts of {num_media[name]} media ({seconds[name] / 60:.1f} min)"
        for name in SETS
    )
    print(f"stage 10 split: {', '.join(sizes)}")


def _settings(cfg: DictConfig) -> str:
    return step_fingerprint(cfg, "split")


def _media(cut: dict) -> str:  # type: ignore[type-arg]
    return str(cut["custom"]["media_id"])


if __name__ == "__main__":
    stage_main(main)
