"""Takes media out of a data folder, by id or channel; called by scripts/takedown.sh."""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
from datetime import date
from pathlib import Path

from omegaconf import DictConfig

from echoharvester.manifests.collected import num_shards_of, write_media
from echoharvester.manifests.shards import find_shards, read_info, shard_path
from echoharvester.manifests.takedown import (
    Takedown,
    add_to_list,
    cuts_of,
    files_of,
    held_media,
    is_row_of,
    listed,
    read_takedown,
    removal_lines,
    remove_from_shard,
)
from echoharvester.review.edits import review_files
from echoharvester.review.tsv import drop_rows

from common import ROOT, STEPS, UserError, composed, duplicates_path, manifests_dir, sharded_step
from singles import dataset_manifest_path, review_rows_path, split_path

AGAIN = "duplicates filter review merge export split".split()  # made again from what is left


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/takedown.sh", description=__doc__)
    parser.add_argument("--id", action="append", default=[], help="a media id, or a video id")
    parser.add_argument("--channel", action="append", default=[], help="its name or id")
    parser.add_argument("--reason", default="", help="remembered in takedown.tsv")
    options, overrides = parser.parse_known_args(arguments)
    try:
        cfg = composed(overrides)
        wanted = Takedown(frozenset(options.id), frozenset(options.channel))
        return _take_down(cfg, wanted, options.reason, overrides)
    except (UserError, ValueError, OSError) as error:
        print(f"takedown: {error}", file=sys.stderr)
        return 1


def _take_down(cfg: DictConfig, wanted: Takedown, reason: str, overrides: list[str]) -> int:
    folder, data_dir = manifests_dir(cfg), Path(cfg.data_dir).resolve()
    num_shards = num_shards_of(folder)
    if num_shards is None:
        raise UserError(f"{folder}: nothing collected there")
    shards = {k: listed(folder, k) for k in range(num_shards)}
    media_ids = held_media(itertools.chain(*_manifests(cfg).values()), wanted) | {
        c["custom"]["media_id"] for cuts in shards.values() for c in cuts if wanted.concerns(c)
    }
    if not media_ids:
        names = ", ".join(sorted(wanted.ids | wanted.channels)) or "nothing"
        raise UserError(f"{names}: no media with such an id or channel in {folder}; see --help")
    before = _held(cfg, media_ids)
    add_to_list(data_dir, wanted, reason, date.today().isoformat())
    everything = read_takedown(data_dir)
    for k, cuts in shards.items():
        info = read_info(shard_path(folder, "cuts_media", k))
        if info and any(map(wanted.concerns, cuts)):
            write_media(
                folder, k, num_shards, [everything.applied(c) for c in cuts], info.fingerprint
            )
    removed = files_of(data_dir, media_ids)
    for path in removed:
        path.unlink()
    for path in review_files(data_dir / "review"):
        drop_rows(path, lambda row_id: is_row_of(row_id, media_ids))
    existed = [name for name in AGAIN if _exists(cfg, name)]
    for name, spec in STEPS.items():
        if name in existed:
            command = [sys.executable, str(ROOT / "local" / "launch.py"), name, *overrides]
            if code := subprocess.run(command, check=False).returncode:
                return code
        elif spec.sharded and name not in AGAIN:
            for k in range(num_shards):
                if shard_path(folder, spec.target, k).exists():
                    remove_from_shard(sharded_step(cfg, name), k)
    print(f"taken down: {', '.join(sorted(media_ids))}")
    for line in removal_lines(before, _held(cfg, media_ids)):
        print(f"  {line}")
    print(f"  {len(removed)} files deleted; remembered in takedown.tsv")
    print("  models trained and sets decoded before are as they were: run stages 10 to 14 again")
    return 0


def _exists(cfg: DictConfig, name: str) -> bool:
    if STEPS[name].sharded:
        return bool(find_shards(manifests_dir(cfg), STEPS[name].target))
    if name == "export":  # broken off it has no manifest, but what was exported before is there
        return (Path(cfg.data_dir) / "shar").exists()
    path = {"duplicates": duplicates_path, "review": review_rows_path}.get(name)
    return (path(cfg) if path else split_path(cfg, "train")).exists()


def _manifests(cfg: DictConfig) -> dict[str, list[Path]]:
    """All manifests of cuts, by name."""
    folder = manifests_dir(cfg)
    paths = {s.target: find_shards(folder, s.target) for s in STEPS.values() if s.target}
    paths["data set (Shar)"] = [dataset_manifest_path(cfg)]
    paths |= {f"cuts_{name}": [split_path(cfg, name)] for name in ("train", "dev", "test")}
    return {name: [p for p in found if p.exists()] for name, found in paths.items()}


def _held(cfg: DictConfig, media_ids: set[str]) -> dict[str, tuple[int, float]]:
    """What each manifest holds of the media."""
    return {name: cuts_of(paths, media_ids) for name, paths in _manifests(cfg).items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
