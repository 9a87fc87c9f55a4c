#!/usr/bin/env python
"""Kept segments judged against a truth that is known word by word; speed of every stage.

    python scripts/bench_truth.py                      # egs/mini_ko/data, as ./run.sh left it
    python scripts/bench_truth.py DATA_DIR
    python scripts/bench_truth.py --make OUT [--minutes 75] [--long-minutes 60] [overrides]
    python scripts/bench_truth.py --calibrate FILE --made OUT   # OUT made with align.calibration=null

The third form makes a library like mini_ko's in OUT: every kind of media and fault, and one
recording of an hour; runs stages 1 to 9 on it, one process; and prints, besides the table by
kind of fault, the long recording beside the others, each stage as a multiple of real time and
against its floor, how well captions of something else are told apart, and other ways to align
on the same emissions.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from echoharvester.manifests.shards import Cut, ShardWriter, read_all_cuts, read_cuts
from echoharvester.report.truth import judge, table
from echoharvester.review.merge import exportable

ROOT = Path(__file__).resolve().parent.parent
STAGES = ("collect", "download", "segment", "align", "filter", "validate", "review", "merge",
          "export")  # fmt: skip
LONG = "long_lecture"
MODEL = ROOT / "egs/mini_ko/recogniser/model.int8.onnx"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data_dir", nargs="?", type=Path, default=ROOT / "egs/mini_ko/data")
    parser.add_argument("--make", type=Path, metavar="OUT")
    parser.add_argument("--calibrate", type=Path, metavar="FILE", help="fit align.calibration")
    parser.add_argument("--made", type=Path, metavar="OUT", help="what an earlier --make left")
    parser.add_argument("--minutes", type=float, default=75.0, help="of all but the long recording")
    parser.add_argument("--long-minutes", type=float, default=60.0)
    options, overrides = parser.parse_known_args()
    if options.calibrate:
        from bench_truth_confidence import fit

        cuts = list(read_all_cuts(options.made / "data/manifests", "cuts_aligned"))
        truth = list(read_cuts(options.made / "truth.jsonl.gz"))
        print(fit(cuts, truth, MODEL, options.calibrate))
        return
    if not options.make:
        known = read_cuts(options.data_dir / "truth" / "cuts_truth.0.jsonl.gz")
        print(table(judge(_kept(options.data_dir), known)))
        return
    out = options.make.resolve()
    make_library(out, options.minutes * 60, options.long_minutes * 60)
    seconds = run_stages(out, overrides)
    truth = list(read_cuts(out / "truth.jsonl.gz"))
    kept = list(_kept(out / "data"))
    print("\n## By kind of fault\n\n" + table(judge(kept, truth)))
    print("\n## By length of the recording\n\n" + table(_by_length(kept, truth)))
    media = list(_media(out / "data"))
    print_speed(media, seconds)
    print_peers(out / "data", media, truth)


def _kept(data_dir: Path) -> Iterable[Cut]:
    return filter(exportable, read_all_cuts(data_dir / "manifests", "cuts_reviewed"))


def _by_length(kept: list[Cut], truth: list[Cut]):  # type: ignore[no-untyped-def]
    rows = {}
    for name, is_long in (("about a minute each", False), ("one recording", True)):
        part = [
            [c for c in cuts if (LONG in c["custom"]["media_path"]) == is_long]
            for cuts in (kept, truth)
        ]
        rows[name] = judge(*part)["total"]
    return rows


def make_library(out: Path, total_sec: float, long_sec: float) -> None:
    """Media and captions in `out`/media, the truth beside it; what exists stays."""
    from echoharvester.sources.synthetic.espeak import Voice
    from echoharvester.sources.synthetic.library import MediaSpec, default_specs, make_media

    if (out / "truth.jsonl.gz").is_file():
        return
    specs = [(seed, spec) for seed in range(1, 100) for spec in default_specs()]
    each = 75.0
    wanted = [(f"{seed:02d}", seed, spec, each) for seed, spec in specs[: round(total_sec / each)]]
    if long_sec:
        wanted.append(("", 1, MediaSpec(LONG, ".m4a", Voice("ko+f3", 160, 50)), long_sec))
    with ShardWriter(out / "truth.jsonl.gz") as truth:
        for folder, seed, spec, duration in wanted:
            for cut in make_media(spec, out / "media" / folder, seed, duration):
                truth.write(cut)
        truth.close("truth", "", "", {})


def run_stages(out: Path, overrides: list[str]) -> dict[str, float]:
    """Runs stages 1 to 9 one by one in one worker; seconds of each."""
    seconds = {}
    for number, name in enumerate(STAGES, 1):
        start = time.perf_counter()
        subprocess.run(
            [str(ROOT / "run.sh"), "--stage", str(number), "--stop-stage", str(number), "--nj", "1",
             "source=local", f"source.paths=[{out / 'media'}]", "num_shards=1",
             f"data_dir={out / 'data'}", *overrides],
            check=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        seconds[name] = time.perf_counter() - start
    return seconds


def _media(data_dir: Path) -> Iterable[Cut]:
    for cut in read_all_cuts(data_dir / "manifests", "cuts_downloaded"):
        if cut["custom"]["status"] != "rejected":
            yield cut


def print_speed(media: list[Cut], seconds: dict[str, float]) -> None:
    """Stages as multiples of real time, and against what cannot be avoided."""
    import torch

    from echoharvester.audio.media import decode_to_flac, load_sound
    from echoharvester.audio.vad import speech_regions

    torch.set_num_threads(1)
    audio_sec = sum(cut["duration"] for cut in media)
    sounds = [load_sound(cut) for cut in media]
    model = _model()
    scratch = Path(media[0]["recording"]["sources"][0]["source"]).with_name("bench.flac")

    def decode() -> None:
        for cut in media:
            decode_to_flac(Path(cut["custom"]["media_path"]), scratch)
        scratch.unlink()

    floors: dict[str, Callable[[], object]] = {
        "decoding": decode,
        "verbalisation flac": lambda: [load_sound(cut) for cut in media],
        "VAD": lambda: [speech_regions(sound) for sound in sounds],
        "emissions": lambda: [model.log_probs(sound) for sound in sounds],
    }
    floor_sec = {name: _timed(work) for name, work in floors.items()}
    print(
        f"\n## Speed, {audio_sec / 3600:.2f} h of sound, one process\n\n| | seconds | times real time |\n|---|---|---|"
    )
    for name, spent in [*seconds.items(), *((f"floor: {n}", s) for n, s in floor_sec.items())]:
        print(f"| {name} | {spent:.1f} | {audio_sec / spent:.0f} |")
    text_and_filter = seconds["segment"] + seconds["filter"]
    align = seconds["align"] / floor_sec["emissions"]
    print(
        f"\nAlignment takes {align:.2f} times what its emissions take; segmenting and filtering "
        f"{text_and_filter / (floor_sec['decoding'] + floor_sec['VAD']):.2f} times decoding and VAD."
    )


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _model():  # type: ignore[no-untyped-def]
    from echoharvester.models.acoustic import load_acoustic_model

    return load_acoustic_model(MODEL)


def print_peers(data_dir: Path, media: list[Cut], truth: list[Cut]) -> None:
    from bench_truth_peers import compare_aligners, samples_of, separation

    samples = samples_of(data_dir, media, truth, _model())
    print("\n## Captions of something else, told apart by the alignment score\n")
    print(separation(samples, _model()))
    print("\n## Other ways to align, on the same emissions\n")
    print(compare_aligners(samples, _model()))


if __name__ == "__main__":
    main()
