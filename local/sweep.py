"""The table at the end of a Hydra multirun of local/train.py."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from common import SWEPT


class Table(Callback):
    """Prints and writes what each job of a sweep reached, best first."""

    def on_multirun_start(self, config: DictConfig, **_kwargs: Any) -> None:
        """Tells jobs which settings vary; an environment variable reaches those on other nodes."""
        overrides = OverridesParser.create().parse_overrides(list(config.hydra.overrides.task))
        varied = [o.key_or_group for o in overrides if o.is_sweep_override()]
        os.environ[SWEPT] = " ".join(varied)

    def on_multirun_end(self, config: DictConfig, **_kwargs: Any) -> None:
        folder = Path(config.exp_dir) / "sweep"
        rows = []
        for record in folder.glob("*/train.json"):
            content = json.loads(record.read_text(encoding="utf-8"))
            best = min(content["history"], key=lambda row: row["dev_cer"], default=None)
            if best:
                rows.append((100 * best["dev_cer"], int(best["epoch"]), record.parent.name))
        lines = [f"{cer:.2f}\t{epoch}\t{name}\n" for cer, epoch, name in sorted(rows)]
        path = folder / "results.tsv"
        path.write_text("dev_cer_percent\tepoch\tjob\n" + "".join(lines), encoding="utf-8")
        print(path.read_text(encoding="utf-8"), end="", flush=True)
