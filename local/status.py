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

from common import (
    STEPS,
    UserError,
    composed,
    manifests_dir,
    name_errors,
    sharded_step,
    side_input,
)
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
    print(f"{'stage':16s}" + "".join(f"{column:>10s}" for column in COLUMNS))
    last = None
    for name, spec in STEPS.items():
        counts = _counts(cfg, name) if spec.target else None
        label = f"{spec.stage:2d} {name:13s}"
        print(label + (_row(cfg, name, counts) if spec.target else f"  {_state(cfg, name)}"))
        last = (name, counts) if counts else last
    _print_causes(cfg, last)
    return 0


COLUMNS = (
    "fresh",
    "stale",
    "missing",
    "in",
    "accepted",
    "to review",
    "rejected",
    "errors",
    "hours",
)


def _row(cfg: DictConfig, name: str, counts: Counts | None) -> str:
    """Shards by state, and what became of the items."""
    try:
        shards = [f"{count:10d}" if count else f"{'.':>10s}" for count in _shards(cfg, name)]
    except (UserError, ManifestError, OSError) as error:
        return f"  waits: {error}"
    if not counts:
        return "".join(shards)
    items = (
        counts.items, counts.accepted, counts.review, counts.rejected.total(), counts.errors.total(),
    )  # fmt: skip
    numbers = "".join(f"{count:10d}" if count else f"{'.':>10s}" for count in items)
    return "".join(shards) + numbers + f"{counts.accepted_sec / 3600:10.2f}"


def _shards(cfg: DictConfig, name: str) -> tuple[int, int, int]:
    """Fresh, stale and missing ones."""
    num_shards, target = num_shards_of(manifests_dir(cfg)) or 0, STEPS[name].target
    there = [k for k in range(num_shards) if shard_path(manifests_dir(cfg), target, k).exists()]
    if not STEPS[name].sharded:  # stage 1 lists its sources anew every time
        return len(there), 0, num_shards - len(there)
    step, side = sharded_step(cfg, name), side_input(cfg, name) if there else ""
    fresh = sum(is_fresh(step, k, side) for k in there)
    return fresh, len(there) - fresh, num_shards - len(there)


def _counts(cfg: DictConfig, name: str) -> Counts | None:
    folder, target = manifests_dir(cfg), STEPS[name].target
    infos = [read_info(path) for path in sorted(folder.glob(f"{target}.[0-9]*.jsonl.gz"))]
    found = [Counts.from_dict(i.counts) for i in infos if i and "items" in i.counts]
    return total(found) if found else None


def _state(cfg: DictConfig, name: str) -> str:
    try:
        return fresh_summary(cfg, name) or "missing or stale"
    except (UserError, ManifestError, OSError) as error:
        return f"waits: {error}"


def _print_causes(cfg: DictConfig, last: tuple[str, Counts] | None) -> None:
    """Why items were rejected up to the last stage that ran, and the errors of every stage."""
    if last and last[1].rejected:
        reasons = ", ".join(f"{reason} {n}" for reason, n in last[1].rejected.most_common())
        print(f"\nrejected up to stage {STEPS[last[0]].stage}: {reasons}")
    for name, spec in STEPS.items():
        counts = _counts(cfg, name) if spec.target else None
        if counts and counts.errors:
            causes = ", ".join(f"{cause} {n}" for cause, n in counts.errors.most_common())
            print(f"errors of stage {spec.stage} {name}: {causes}; tried again by the next run")
            name_errors(manifests_dir(cfg), spec.target, sys.stdout)


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
