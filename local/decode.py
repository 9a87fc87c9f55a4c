"""Stage 12: decodes sets with a method, writes recogs, errs and summaries of error rates."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from echoharvester.decoding.base import Decoded, decode_set
from echoharvester.decoding.methods import make_method
from echoharvester.decoding.results import (
    confusions,
    file_name,
    summary_line,
    summary_table,
    write_errs,
    write_recogs,
    write_summaries,
)
from echoharvester.decoding.select import load_selected

from common import UserError, stage_main, torch_threads, write_record
from singles import decode_record_path, fresh_summary, lang_dir, single_fingerprint
from training_setup import eval_data


def main(cfg: DictConfig) -> None:
    torch_threads(cfg.decode.num_threads)
    folder = decode_record_path(cfg).parent
    folder.mkdir(parents=True, exist_ok=True)
    if not cfg.decode.sets:
        raise UserError("decode.sets is empty: name dev, test, or NAME=PATH")
    model, tokens, choice = load_selected(Path(cfg.train_dir), str(cfg.decode.checkpoint), cfg.decode.avg)  # fmt: skip
    if fresh_summary(cfg, "train") is None:
        print(
            f"decode: training is not finished, or was of other settings; decoding {choice} as it is",
            file=sys.stderr,
        )
    options: dict[str, Any] = OmegaConf.to_container(cfg.decode.get("options") or OmegaConf.create(), resolve=True)  # type: ignore[assignment]  # fmt: skip
    method = make_method(cfg.decode.method, options, tokens, lang_dir(cfg))
    tables: dict[str, dict[str, Any]] = {}
    files: list[Path] = []
    for described in cfg.decode.sets:
        name = described.partition("=")[0]
        data = eval_data(cfg, tokens, described, cfg.decode.batch_sec, cfg.decode.num_workers)
        decoded = decode_set(model, data.batches(0), method, cfg.decode.device)
        tables[name] = {}
        for setting, found in decoded.items():
            label = f"{choice}-{setting}" if setting else choice
            files += _write(folder, name, label, found)
            tables[name][label] = _of_setting(found)
            print(f"stage 12 decode: {name} {label}, {len(found.results)} utterances, RTF "
                  f"{found.real_time_factor:.4f}: {summary_line(tables[name][label]['rows'])}")  # fmt: skip
        files += write_summaries(folder, name, choice, {k: v["rows"] for k, v in tables[name].items()})  # fmt: skip
    # One setting for all sets, chosen on the first: choosing it on the test set would flatter.
    first = next(iter(tables.values()))
    chosen = min(first, key=lambda label: first[label]["rows"][0]["rate"])
    sets = {name: {**of_set[chosen], "setting": chosen} for name, of_set in tables.items()}
    headline = ", ".join(f"{n} {100 * t['rows'][0]['rate']:.2f} %" for n, t in sets.items())
    write_record(
        decode_record_path(cfg), single_fingerprint(cfg, "decode"), files, method=cfg.decode.method,
        summary=f"{cfg.decode.method} with {chosen}, CER without spaces: {headline}", sets=sets,
        settings=tables,
    )  # fmt: skip


def _write(folder: Path, name: str, label: str, found: Decoded) -> list[Path]:
    recogs, errs = (folder / file_name(kind, name, label) for kind in ("recogs", "errs"))
    write_recogs(found.results, recogs)
    write_errs(found.results, errs)
    return [recogs, errs]


def _of_setting(found: Decoded) -> dict[str, Any]:
    return {
        "rows": summary_table(found.results),
        "utterances": len(found.results),
        "audio_sec": found.audio_sec,
        "real_time_factor": found.real_time_factor,
        "confusions": confusions(found.results),
    }


if __name__ == "__main__":
    stage_main(main)
