"""Sets decoded with every setting of a method: files of what was heard, and tables of error rates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from echoharvester.decoding.base import Decoded, Method, decode_set
from echoharvester.decoding.results import (
    confusions,
    file_name,
    summary_line,
    summary_table,
    write_errs,
    write_recogs,
    write_summaries,
)
from echoharvester.models.ctc import CtcModel
from echoharvester.training.batch import Batch


@dataclass
class DecodedSets:
    """What decoding has left.

    Attributes:
        tables: figures by set and setting.
        files: recogs, errs and summaries.
    """

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    @property
    def best_setting(self) -> str:
        """The setting for all sets, chosen on the first: choosing it on the test set would flatter."""
        first = next(iter(self.tables.values()))
        return min(first, key=lambda label: first[label]["rows"][0]["rate"])

    def with_setting(self, setting: str) -> dict[str, dict[str, Any]]:
        """The figures of every set with one setting."""
        return {
            name: {**of_set[setting], "setting": setting} for name, of_set in self.tables.items()
        }


def decode_sets(
    model: CtcModel,
    method: Method,
    sets: Iterable[tuple[str, Iterable[Batch]]],
    folder: Path,
    choice: str,
    device: str,
    say: Callable[[str], None],
) -> DecodedSets:
    """Decodes sets and writes recogs, errs and summaries into `folder`.

    Args:
        sets: names, and their batches.
        choice: what the weights are called in file names.
        say: told a line for every set and setting.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = DecodedSets()
    for name, batches in sets:
        table = done.tables[name] = {}
        for setting, found in decode_set(model, batches, method, device).items():
            label = f"{choice}-{setting}" if setting else choice
            done.files += _write(folder, name, label, found)
            table[label] = _figures(found)
            empty = table[label]["empty_hypotheses"]
            say(
                f"{name} {label}, {len(found.results)} utterances{f' ({empty} with nothing heard)' if empty else ''}, RTF {found.real_time_factor:.4f}: "
                f"{summary_line(table[label]['rows'])}"
            )
        rows = {label: figures["rows"] for label, figures in table.items()}
        done.files += write_summaries(folder, name, choice, rows)
    return done


def _write(folder: Path, name: str, label: str, found: Decoded) -> list[Path]:
    recogs, errs = (folder / file_name(kind, name, label) for kind in ("recogs", "errs"))
    write_recogs(found.results, recogs)
    write_errs(found.results, errs)
    return [recogs, errs]


def _figures(found: Decoded) -> dict[str, Any]:
    return {
        "rows": summary_table(found.results),
        "utterances": len(found.results),
        "empty_hypotheses": sum(bool(r.reference) and not r.hypothesis for r in found.results),
        "audio_sec": found.audio_sec,
        "real_time_factor": found.real_time_factor,
        "confusions": confusions(found.results),
    }
