"""Stage 14: one HTML page about the run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from echoharvester.manifests.shards import Cut, read_all_cuts, read_cuts, write_atomic
from echoharvester.report.change import figures_of
from echoharvester.report.overview import overview
from echoharvester.report.page import Findings, page
from echoharvester.report.truth import are_right, judge, table
from echoharvester.review.edits import read_edits
from echoharvester.review.merge import decisions, exportable
from echoharvester.review.sample import are_right_by_review, label_error

from common import manifests_dir, review_files, review_rules, stage_main
from singles import (
    accounting,
    decode_records,
    report_path,
    review_rows_path,
    single_fingerprint,
    train_record_path,
    truth_path,
)


def main(cfg: DictConfig) -> None:
    path = report_path(cfg)
    rows = review_rows_path(cfg)
    error = label_error(read_cuts(rows) if rows.exists() else (), _cuts(cfg))
    judged, judged_by = _judged(cfg)
    found = Findings(
        f"EchoHarvester: {Path(cfg.recipe_dir).name}",
        single_fingerprint(cfg, "report"),
        accounting(cfg),
        overview(_cuts(cfg)),
        limits={
            "cer": cfg.validate.max_cer_manual,
            "align_score": cfg.filter.min_align_score,
            "snr_db": cfg.filter.min_snr_db,
            "speech_ratio": cfg.filter.min_speech_ratio,
        },
        training=_record(train_record_path(cfg)),
        decoding=[record for p in decode_records(cfg) if (record := _record(p))],
        truth=_truth(cfg),
        judged=judged,
        judged_by=judged_by,
        label_error=asdict(error) if error else None,
        agreement=read_edits(review_files(cfg), review_rules(cfg)).remarks,
        decisions=decisions(_cuts(cfg)),
        before=next(filter(None, figures_of(path)), {}),
    )
    write_atomic(path, page(found))
    print(f"stage 14 report: {path}")


def _cuts(cfg: DictConfig) -> Iterator[Cut]:
    return read_all_cuts(manifests_dir(cfg), "cuts_reviewed")


def _record(path: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record


def _knows_truth(cfg: DictConfig) -> bool:
    return cfg.source.kind == "synthetic" and truth_path(cfg).exists()


def _judged(cfg: DictConfig) -> tuple[Sequence[tuple[float, bool]], str]:
    """Confidences, and whether the text was right: by the truth, else by what people decided."""
    measured = (c for c in _cuts(cfg) if c["supervisions"] and "align_score" in c["custom"])
    if _knows_truth(cfg):
        pairs, by = are_right(measured, read_cuts(truth_path(cfg))), "the truth"
    else:
        pairs, by = are_right_by_review(measured), "reviewers"
    return [(_confidence(cut), right) for cut, right in pairs], by


def _confidence(cut: Cut) -> float:
    """Calibrated, where that was possible."""
    custom = cut["custom"]
    return float(custom.get("align_confidence", custom["align_score"]))


def _truth(cfg: DictConfig) -> str:
    if not _knows_truth(cfg):
        return ""
    return table(judge(filter(exportable, _cuts(cfg)), read_cuts(truth_path(cfg))))


if __name__ == "__main__":
    stage_main(main)
