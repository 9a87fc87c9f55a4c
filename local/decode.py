"""Stage 12: decodes sets with a method, writes recogs, errs and summaries of error rates."""

from __future__ import annotations

import sys

from omegaconf import DictConfig

from echoharvester.decoding.methods import make_method
from echoharvester.decoding.select import load_selected
from echoharvester.decoding.sets import decode_sets
from echoharvester.errors import UserError
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import write_record

from config import plain, stage_main, torch_threads
from training_setup import eval_data


def main(cfg: DictConfig, recipe: Recipe) -> None:
    options, paths = plain(cfg.decode), recipe.paths
    torch_threads(options["num_threads"])
    if not options["sets"]:
        raise UserError("decode.sets is empty: name dev, test, or NAME=PATH")
    checkpoint = str(options["checkpoint"])
    model, tokens, choice = load_selected(paths.train_dir, checkpoint, options["avg"])
    if recipe.fresh_summary("train") is None:
        print(
            f"decode: training is not finished, or was of other settings; decoding {choice} as it is",
            file=sys.stderr,
        )
    method = make_method(options["method"], options["options"], tokens, paths.lang)

    def batches(described: str):  # type: ignore[no-untyped-def]
        limits = (options["batch_sec"], options["num_workers"])
        return eval_data(cfg, recipe, tokens, described, *limits).batches(0)

    sets = ((name.partition("=")[0], batches(name)) for name in paths.decode_sets)
    folder, device = paths.decode_record.parent, options["device"]
    done = decode_sets(
        model, method, sets, folder, choice, device, lambda line: print(f"stage 12 decode: {line}")
    )
    setting = done.best_setting
    figures = done.with_setting(setting)
    rates = ", ".join(f"{n} {100 * t['rows'][0]['rate']:.2f} %" for n, t in figures.items())
    write_record(
        paths.decode_record,
        recipe.fingerprint("decode"),
        done.files,
        method=options["method"],
        summary=f"{options['method']}, {setting}: CER without spaces {rates}",
        sets=figures,
        settings=done.tables,
    )


if __name__ == "__main__":
    stage_main(main)
