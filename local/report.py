"""Stage 14: one HTML page about the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from echoharvester.manifests.shards import (
    read_all_cuts,
    read_cuts,
    write_atomic,
)
from echoharvester.report.page import overview, page
from echoharvester.report.truth import judge, table
from echoharvester.review.merge import exportable

from common import manifests_dir, stage_main
from singles import (
    accounting,
    decode_record_path,
    report_path,
    single_fingerprint,
    train_record_path,
    truth_path,
)


def main(cfg: DictConfig) -> None:
    folder = manifests_dir(cfg)
    stages = accounting(cfg)
    limits = {
        "cer": cfg.validate.max_cer_manual,
        "align_score": cfg.filter.min_align_score,
        "snr_db": cfg.filter.min_snr_db,
        "speech_ratio": cfg.filter.min_speech_ratio,
    }
    text = page(
        f"EchoHarvester: {Path(cfg.recipe_dir).name}",
        single_fingerprint(cfg, "report"),
        stages,
        overview(read_all_cuts(folder, "cuts_reviewed")),
        limits,
        _record(train_record_path(cfg)),
        _record(decode_record_path(cfg)),
        _truth(cfg),
    )
    write_atomic(report_path(cfg), text)
    print(f"stage 14 report: {report_path(cfg)}")


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record


def _truth(cfg: DictConfig) -> str:
    if cfg.source.kind != "synthetic" or not truth_path(cfg).exists():
        return ""
    kept = filter(exportable, read_all_cuts(manifests_dir(cfg), "cuts_reviewed"))
    return table(judge(kept, read_cuts(truth_path(cfg))))


if __name__ == "__main__":
    stage_main(main)
