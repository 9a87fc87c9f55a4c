"""The table at the end of a Hydra multirun of local/train.py."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig

from echoharvester.manifests.shards import write_atomic

from config import SWEPT


class Table(Callback):
    """Prints and writes what each job of a sweep reached, best first."""

    def on_multirun_start(self, config: DictConfig, **_kwargs: Any) -> None:
        """Tells jobs which settings vary; an environment variable reaches those on other nodes."""
        overrides = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
        varied = [o.key_or_group for o in overrides if o.is_sweep_override()]
        os.environ[SWEPT] = " ".join(varied)

    def on_job_end(self, config: DictConfig, job_return: Any, **_kwargs: Any) -> None:
        """What is known so far: Hydra does not tell of the end where a job failed."""
        if config.hydra.mode == RunMode.MULTIRUN:
            _write_table(Path(config.exp_dir) / "sweep")

    def on_multirun_end(self, config: DictConfig, **_kwargs: Any) -> None:
        print(_write_table(Path(config.exp_dir) / "sweep"), end="", flush=True)


def _write_table(folder: Path) -> str:
    rows = []
    for record in folder.glob("*/train.json"):
        content = json.loads(record.read_text(encoding="utf-8"))
        rows.append((100 * content["best_cer"], len(content["history"]), record.parent.name))
    lines = [f"{cer:.2f}\t{epochs}\t{name}\n" for cer, epochs, name in sorted(rows)]
    table = "dev_cer_percent\tepochs\tjob\n" + "".join(lines)
    write_atomic(folder / "results.tsv", table)
    return table
