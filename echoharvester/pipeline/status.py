"""What is done, stage by stage (`run.sh --status`), and the summary at the end of a run."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from echoharvester.errors import UserError
from echoharvester.manifests.accounting import Counts, counted
from echoharvester.manifests.collected import num_shards_of
from echoharvester.manifests.shards import shard_path
from echoharvester.pipeline.failures import name_errors
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import load_record
from echoharvester.pipeline.stage import Stage

COLUMNS = (
    "fresh", "stale", "missing", "in", "accepted", "to review", "rejected", "errors", "hours",
)  # fmt: skip


def print_status(recipe: Recipe) -> None:
    """A line a stage, why items were rejected, and which are errors."""
    print(f"{'stage':16s}" + "".join(f"{column:>10s}" for column in COLUMNS))
    last: tuple[Stage, Counts] | None = None
    behind = ""
    for name, stage in recipe.stages.items():
        counts = recipe.counts(name)
        state = _row(recipe, stage, counts) if stage.target else f"  {_state(recipe, name)}"
        old = f"   stale: {behind} has to run first" if behind and _is_there(recipe, stage) else ""
        print(f"{stage.number:2d} {name:13s}{state}{old}")
        behind = behind or (stage.title if _is_stale(recipe, stage) else "")
        last = (stage, counts) if counts else last
    if last and last[1].rejected:
        reasons = ", ".join(f"{reason} {n}" for reason, n in last[1].rejected.most_common())
        print(f"\nrejected up to stage {last[0].number}: {reasons}")
    _print_errors(recipe)


def _is_there(recipe: Recipe, stage: Stage) -> bool:
    """Whether a stage has left anything, fresh or not."""
    if not recipe.has(stage.name):
        return False
    if stage.target:
        return recipe.counts(stage.name) is not None
    return stage.output is not None and stage.output.path(recipe.paths).exists()


def _is_stale(recipe: Recipe, stage: Stage) -> bool:
    """Whether what a stage has left is of other settings or other input, or is not all there: what was
    made of it is no newer."""
    if not _is_there(recipe, stage) or stage.number == 0:
        return False
    try:
        if stage.sharded:
            return bool(recipe.stale_shards(stage.name))
        return not stage.target and recipe.fresh_summary(stage.name) is None
    except (UserError, OSError):
        return True


def _row(recipe: Recipe, stage: Stage, counts: Counts | None) -> str:
    """Shards by state, and what became of the items."""
    if not recipe.has(stage.name):
        return "  not asked for"
    try:
        shards = [f"{count:10d}" if count else f"{'.':>10s}" for count in _shards(recipe, stage)]
    except (UserError, OSError) as error:
        return f"  waits: {error}"
    if not counts:
        return "".join(shards)
    items = (
        counts.items,
        counts.accepted,
        counts.review,
        counts.rejected.total(),
        counts.errors.total(),
    )
    numbers = "".join(f"{count:10d}" if count else f"{'.':>10s}" for count in items)
    return "".join(shards) + numbers + f"{counts.accepted_sec / 3600:10.2f}"


def _shards(recipe: Recipe, stage: Stage) -> tuple[int, int, int]:
    """Fresh, stale and missing ones."""
    folder = recipe.paths.manifests
    num_shards = num_shards_of(folder) or 0
    there = [k for k in range(num_shards) if shard_path(folder, stage.target, k).exists()]
    if not stage.sharded or not there:  # stage 1 lists its sources anew every time
        return len(there), 0, num_shards - len(there)
    stale = recipe.stale_shards(stage.name).keys() & set(there)
    return len(there) - len(stale), len(stale), num_shards - len(there)


def _state(recipe: Recipe, name: str) -> str:
    if not recipe.has(name):
        return "not asked for"
    try:
        summary = recipe.fresh_summary(name)
    except (UserError, OSError) as error:
        return f"waits: {error}"
    return summary.partition("\n")[0] if summary else "missing or stale"


def _print_errors(recipe: Recipe) -> None:
    for name, stage in recipe.stages.items():
        counts = recipe.counts(name)
        if counts and counts.errors:
            causes = ", ".join(f"{cause} {n}" for cause, n in counts.errors.most_common())
            print(f"errors of {stage.title}: {causes}; tried again by the next run")
            name_errors(recipe.paths.manifests, stage.target, sys.stdout)


def summary_lines(recipe: Recipe) -> Iterator[str]:
    """What a run has left: the data set, and what was made of it; nothing before stage 9 ran."""
    paths = recipe.paths
    stats = load_record(paths.data_dir / "stats.json")
    if stats is None:
        return
    line = f"kept {counted(stats['cuts'], 'utterance')}, {stats['hours'] * 60:.1f} min"
    if not stats["cuts"]:
        line = _why_nothing(recipe)
    if "mean_cer" in stats:
        line += f", mean CER (no spaces) against the recogniser {100 * stats['mean_cer']:.1f} %"
    yield f"\n{line}\n  data set  {paths.shar}\n  card      {paths.data_dir / 'data_card.md'}"
    for name, path in (("decode", paths.decode_record), ("export_model", paths.export_record)):
        if found := _fresh_or_none(recipe, name):
            yield f"  {name:9s} {found}\n            {path.parent}"
    if found := _fresh_or_none(recipe, "report"):
        yield f"  report    {found}"


def _why_nothing(recipe: Recipe) -> str:
    """Why no utterance was kept, and which reason would bring most."""
    counts = next(
        filter(None, (recipe.counts(name) for name in reversed(list(recipe.stages)))), None
    )
    if counts is None or not counts.rejected:
        return "kept no utterances"
    (worst, most), *_ = counts.rejected.most_common()
    reasons = ", ".join(f"{reason} {n}" for reason, n in counts.rejected.most_common())
    return (
        f"kept no utterances; rejected {counts.rejected.total()}: {reasons}. {worst} would bring most ({most}): "
        "docs/stages.md, Reasons, says what decides it"
    )


def _fresh_or_none(recipe: Recipe, name: str) -> str | None:
    try:
        return recipe.fresh_summary(name)
    except (UserError, OSError):
        return None
