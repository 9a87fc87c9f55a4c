"""Stage 12: decodes the sets, writes recogs, errs and a summary of error rates."""

from __future__ import annotations

from pathlib import Path

from omegaconf import DictConfig

from echoharvester.decoding.ctc import decode_greedy
from echoharvester.decoding.results import confusions, summary_table, write_errs, write_recogs
from echoharvester.manifests.shards import write_atomic
from echoharvester.models.checkpoint import load_model

from common import stage_main, torch_threads, write_record
from singles import decode_record_path, single_fingerprint
from training_setup import eval_data


def main(cfg: DictConfig) -> None:
    torch_threads(cfg.decode.num_threads)
    path = decode_record_path(cfg)
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = checkpoint_path(cfg, str(cfg.decode.checkpoint))
    model, tokens = load_model(checkpoint)
    setting, files, tables = checkpoint.stem, [], {}
    for name in cfg.decode.sets:
        decoded = decode_greedy(model, tokens, eval_data(cfg, tokens, name).batches(0))
        recogs = path.parent / f"recogs-{name}-{setting}.txt"
        errs = path.parent / f"errs-{name}-{setting}.txt"
        write_recogs(decoded.results, recogs)
        write_errs(decoded.results, errs)
        rows = summary_table(decoded.results)
        tables[name] = {
            "rows": rows,
            "utterances": len(decoded.results),
            "audio_sec": decoded.audio_sec,
            "real_time_factor": decoded.real_time_factor,
            "confusions": confusions(decoded.results),
        }
        summary = path.parent / f"cer-summary-{name}-{setting}.txt"
        write_atomic(summary, "".join(_line(row) for row in rows))
        files += [recogs, errs, summary]
        print(f"stage 12 decode: {name}, {len(decoded.results)} utterances, RTF "
              f"{decoded.real_time_factor:.4f}: " + "; ".join(_line(r).strip() for r in rows))  # fmt: skip
    headline = ", ".join(f"{n} {100 * t['rows'][0]['rate']:.2f} %" for n, t in tables.items())
    write_record(
        path,
        single_fingerprint(cfg, "decode"),
        files,
        summary=f"{cfg.decode.method} with {setting}, CER without spaces: {headline}",
        method=str(cfg.decode.method),
        sets=tables,
    )


def checkpoint_path(cfg: DictConfig, name: str) -> Path:
    """`best`, `last`, or the number of an epoch."""
    return Path(cfg.train_dir) / (f"epoch-{name}.pt" if name.isdigit() else f"{name}.pt")


def _line(row: dict) -> str:  # type: ignore[type-arg]
    low, high = row["ci95"]
    return (
        f"{row['measure']} {100 * row['rate']:.2f} % [ {row['errors']} / {row['reference']}, "
        f"{row['insertions']} ins, {row['deletions']} del, {row['substitutions']} sub ] "
        f"95 % CI {100 * low:.2f} to {100 * high:.2f}\n"
    )


if __name__ == "__main__":
    stage_main(main)
