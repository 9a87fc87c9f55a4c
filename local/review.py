"""Stage 7: what is doubtful, as a TSV for people; edits already made are kept."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.manifests.shards import ShardWriter, read_all_cuts, write_atomic
from echoharvester.review.tsv import EDITABLE, format_rows, read_rows, row_of, select, text_digest

from common import manifests_dir, stage_main
from singles import review_rows_path, single_fingerprint


def main(cfg: DictConfig) -> None:
    path = Path(cfg.data_dir) / "review" / "review.tsv"
    cuts = read_all_cuts(manifests_dir(cfg), "cuts_validated")
    chosen = select(cuts, list(cfg.review.statuses), cfg.review.accepted_sample, cfg.seed)
    rows = {cut["id"]: row_of(cut) for cut in chosen}
    kept = _keep_edits(path, rows) if path.exists() else 0
    with ShardWriter(review_rows_path(cfg)) as writer:
        for cut in chosen:
            writer.write(cut)
        write_atomic(path, format_rows(rows.values()))
        writer.close("review", single_fingerprint(cfg, "review"), "", {})
    print(f"stage  7 review: {len(rows)} rows in {path}, {kept} of them decided")


def _keep_edits(path: Path, rows: dict[str, dict[str, str]]) -> int:
    """Carries decisions into the new rows; decided rows that are no longer offered stay, too."""
    kept = 0
    for _, old in read_rows(path):
        edited = text_digest(old.get("text", "")) != old.get("text_digest")
        if not edited and not any(old.get(name) for name in ("decision", "note", "reviewer")):
            continue
        kept += 1
        row = rows.setdefault(old["id"], old)
        # The digest stays that of the text the decision was made on, so that a conflict shows.
        row.update({name: old[name] for name in (*EDITABLE, "text_digest") if name in old})
    return kept


if __name__ == "__main__":
    stage_main(main)
