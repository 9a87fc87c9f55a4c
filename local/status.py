"""What is done, stage by stage (`run.sh --status`), and the summary at the end of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.collected import num_shards_of
from echoharvester.manifests.runner import is_fresh
from echoharvester.manifests.shards import ManifestError, read_info, shard_path

from common import STEPS, UserError, composed, manifests_dir, sharded_step, side_input
from singles import decode_record_path, export_record_path, fresh_summary


def main(arguments: Sequence[str]) -> int:
    summary = "--summary" in arguments
    try:
        cfg = composed([a for a in arguments if a != "--summary"])
    except UserError as error:
        print(f"status: {error}", file=sys.stderr)
        return 1
    if summary:
        _print_summary(cfg)
        return 0
    for name, spec in STEPS.items():
        print(f"{spec.stage:2d} {name:13s} {_state(cfg, name)}")
    return 0


def _state(cfg: DictConfig, name: str) -> str:
    try:
        if STEPS[name].sharded:
            return _sharded_state(cfg, name)
        if name == "collect":
            return _counts_line(cfg, name) or "not run"
        return fresh_summary(cfg, name) or "missing or stale"
    except (UserError, ManifestError, OSError) as error:
        return f"waits: {error}"


def _sharded_state(cfg: DictConfig, name: str) -> str:
    step, num_shards = sharded_step(cfg, name), num_shards_of(manifests_dir(cfg)) or 0
    states = {"fresh": 0, "stale": 0, "missing": 0}
    for k in range(num_shards):
        if not shard_path(step.folder, step.target, k).exists():
            states["missing"] += 1
        else:
            states["fresh" if is_fresh(step, k, side_input(cfg, name)) else "stale"] += 1
    shards = ", ".join(f"{count} {state}" for state, count in states.items() if count)
    return f"{shards or 'not run'}; {_counts_line(cfg, name)}"


def _counts_line(cfg: DictConfig, name: str) -> str:
    folder, target = manifests_dir(cfg), STEPS[name].target
    infos = [read_info(path) for path in sorted(folder.glob(f"{target}.[0-9]*.jsonl.gz"))]
    found = [Counts.from_dict(i.counts) for i in infos if i and "items" in i.counts]
    return total(found).line() if found else ""


def _print_summary(cfg: DictConfig) -> None:
    data_dir = Path(cfg.data_dir)
    try:
        stats = json.loads((data_dir / "stats.json").read_text(encoding="utf-8"))
    except OSError:
        return
    line = f"kept {stats['cuts']} utterances, {stats['hours'] * 60:.1f} min"
    if "mean_cer" in stats:
        line += f", mean CER (no spaces) against the recogniser {100 * stats['mean_cer']:.1f} %"
    print(f"\n{line}\n  data set  {data_dir / 'shar'}\n  card      {data_dir / 'data_card.md'}")
    outputs = {
        "decode": decode_record_path(cfg).parent,
        "export_model": export_record_path(cfg).parent,
    }
    for name, folder in outputs.items():
        if line := _fresh_or_none(cfg, name):
            print(f"  {name:9s} {line}\n            {folder}")
    if line := _fresh_or_none(cfg, "report"):
        print(f"  report    {line}")


def _fresh_or_none(cfg: DictConfig, name: str) -> str | None:
    try:
        return fresh_summary(cfg, name)
    except (UserError, ManifestError, OSError):
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
