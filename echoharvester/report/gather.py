"""What a report says of its run beside the data: how it was made, what lies around, what was decoded."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.shards import read_cuts
from echoharvester.report.change import Figures, figures_of
from echoharvester.report.decoded import DecodedSet, decoded_set, recogs_of_run, recogs_path

PACKAGES = ("echoharvester", "torch", "lhotse", "onnxruntime")
_OF_A_RUN = ("launcher", "shard=", "launcher.", "hydra")  # settings that say nothing of the data


def command(recipe: str, settings: Sequence[str], first: int, last: int) -> str:
    """The command line that runs these stages of a recipe.

    >>> command("mini_ko", ["data_dir=/my data", "launcher.nj=2"], 5, 9)
    "./run.sh --recipe mini_ko --stage 5 --stop-stage 9 'data_dir=/my data'"
    """
    given = [
        s for s in settings if not s.startswith(_OF_A_RUN if last > 13 else (*_OF_A_RUN, "report."))
    ]
    words = ["./run.sh", "--recipe", recipe, "--stage", str(first), "--stop-stage", str(last)]
    return shlex.join([*words, *given])


def made_by(whole_command: str) -> dict[str, str]:
    """When, with what and by which command a report was made."""
    versions = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    date = datetime.now().astimezone().isoformat(" ", "minutes")
    return {"made": date, "command": whole_command, "versions": ", ".join(versions)}


def links(report: Path, data_dir: Path) -> dict[str, str]:
    """What belongs to a report, as addresses from where it lies, of what is there."""
    pages = sorted((data_dir / "review").glob("review*.html"))
    errors = sorted((data_dir / "manifests").glob("*.errors.jsonl.gz"))
    found = {
        "data card": data_dir / "data_card.md",
        **{page.stem.replace("-", " ") + " page": page for page in pages[:5]},
        "left out": data_dir / "left_out.tsv",
        **{f"errors of {path.name.removesuffix('.errors.jsonl.gz')}": path for path in errors[:10]},
        "logs": data_dir / "log",
    }
    base = report.parent.absolute()
    return {
        name: Path(os.path.relpath(path.absolute(), base)).as_posix()
        for name, path in found.items()
        if path.exists()
    }


def best_record(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of several methods the one that is best on its first set, dev; not the luckiest on test."""
    if not records:
        return None
    return min(records, key=lambda r: next(iter(r["sets"].values()))["rows"][0]["rate"])


def decoded_sets(
    records: Sequence[tuple[Path, Mapping[str, Any]]],
    cuts_of: Callable[[str], Path],
    other: Path | None = None,
) -> list[DecodedSet]:
    """The sets of the best method, as far as their cuts are those of this data set.

    Args:
        records: of stage 12, with where they lie.
        cuts_of: the manifest of a set.
        other: folder of another run (`exp_dir`).
    """
    best = best_record([record for _, record in records])
    if best is None:
        return []
    path = next(path for path, record in records if record is best)
    found = []
    for name, of_set in best["sets"].items():
        cuts = cuts_of(name)
        if cuts.exists():
            there = recogs_of_run(other, str(best["method"]), name) if other else None
            found.append(decoded_set(name, recogs_path(path, name, of_set), read_cuts(cuts), there))
    return [of_set for of_set in found if of_set]


def of_run(
    recipe: str,
    settings: Sequence[str],
    report: Path,
    data_dir: Path,
    records: Sequence[tuple[Path, Mapping[str, Any]]],
    cuts_of: Callable[[str], Path],
    other: str | None,
) -> dict[str, Any]:
    """What `Findings` has of the run itself, by the names there.

    Args:
        settings: of the command line.
        other: folder of a run to compare with, or nothing.

    Raises:
        UserError: if that holds no report.
    """
    folder = Path(str(other)) if other else None
    return {
        "made": made_by(command(recipe, settings, 14, 14)),
        "links": links(report, data_dir),
        "before": next(filter(None, figures_of(report)), {}),
        "decoding": [record for _, record in records],
        "decoded": decoded_sets(records, cuts_of, folder),
        "beside": beside(folder),
    }


def beside(other: Path | None) -> tuple[str, Figures]:
    """Name and figures of another run, by the report in its folder.

    Raises:
        UserError: if there is none.
    """
    if other is None:
        return "", {}
    figures, _ = figures_of(other / "report.html")
    if not figures:
        raise UserError(f"report.beside: {other / 'report.html'} is no report; give an exp_dir")
    return other.name if other.name != "exp" else other.parent.name, figures
