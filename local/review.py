"""Stage 7: what is doubtful, as TSV files for people with a page to listen with; edits are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from echoharvester.asr.validate import Gate
from echoharvester.manifests.shards import ShardWriter, read_all_cuts, read_cuts
from echoharvester.review.hand_out import Handout, hand_out
from echoharvester.review.layout import Layout
from echoharvester.review.sample import StratifiedSample
from echoharvester.review.select import Selection

from common import manifests_dir, stage_main
from singles import review_rows_path, single_fingerprint

SELECTED_BY = (
    "statuses", "media", "reasons", "text", "min_cer", "max_cer", "min_duration_sec",
    "max_duration_sec", "min_snr_db", "max_snr_db", "max_rows",
)  # fmt: skip
MAX_NAMED = 40  # files that the header of the manifest can name


def main(cfg: DictConfig) -> None:
    options: dict[str, Any] = OmegaConf.to_container(cfg.review, resolve=True)  # type: ignore[assignment]
    for key in ("media", "reviewers", "reasons"):  # Hydra reads 119 as a number
        options[key] = [str(value) for value in options[key]]
    options["text"] = None if options["text"] is None else str(options["text"])
    rows_path = review_rows_path(cfg)
    with ShardWriter(rows_path) as writer:
        done = hand_out(
            read=lambda: read_all_cuts(manifests_dir(cfg), "cuts_validated"),
            folder=Path(cfg.data_dir) / "review",
            selection=Selection(**{name: options[name] for name in SELECTED_BY}),
            sample=StratifiedSample(
                options["accepted_sample"], options["sample_strata"], cfg.seed
            ),
            layout=Layout(
                options["batch_rows"], options["reviewers"], options["overlap"], cfg.seed
            ),
            limit_of=Gate(cfg.validate.max_cer_manual, cfg.validate.max_cer_other).limit,
            previous=read_cuts(rows_path) if rows_path.exists() else (),
            handout=Handout(
                options["page"], options["clip_format"], options["clip_padding_sec"],
                options["labels"], f"{Path(cfg.recipe_dir).name}: review",
            ),
        )  # fmt: skip
        for cut in done.cuts:
            writer.write(cut)
        counts = {"files": done.files[:MAX_NAMED]}
        writer.close("review", single_fingerprint(cfg, "review"), "", counts)
    left = f" of {done.offered} that are asked for" if done.offered > done.selected else ""
    print(
        f"stage  7 review: {done.selected} doubtful{left} and {done.sampled} accepted cuts as a sample "
        f"in {len(done.files)} files of {Path(cfg.data_dir) / 'review'}, {done.decided} decided"
    )


if __name__ == "__main__":
    stage_main(main)
