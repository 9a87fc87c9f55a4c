#!/usr/bin/env python
"""Rounds and uncaptioned media on real talks, whose truth is known.

    python scripts/bench_rounds_real.py CLIPS WEIGHTS OUT [--rounds 2] [--loop 8:20] [--judge 0:8] [--vosk MODEL] [--only uncaptioned] [overrides]

CLIPS and WEIGHTS are those of bench_real_speech.py.  The talks of --loop are harvested in rounds, Whisper
the first witness and the model of the round before the second; the student begins at mini_ko's recogniser.
The talks of --judge take no part in that: they are harvested with the first witness alone, with both, and
once more without their captions (source.uncaptioned=transcribe: Whisper writes, the student bears out).
With --vosk, the folder of a Vosk model, that is the second recogniser of what nobody captioned; with
--only uncaptioned nothing else is measured, and no student listens.
Prints Markdown: the curve, the three harvests, and of the last by threshold how much is kept and how wrong.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT), str(ROOT / "local")]

from bench_real_speech import Row, Talk, build, is_exact, print_kept  # noqa: E402
from bench_rounds import rounds, table  # noqa: E402

from echoharvester.manifests.shards import read_all_cuts  # noqa: E402
from echoharvester.text.scores import nearest_words_cer, normalize_for_scoring  # noqa: E402
from echoharvester.text.spoken import candidates  # noqa: E402

MINI = ROOT / "egs" / "mini_ko" / "recogniser"
STUDENT = (
    "tokenizer=jamo", "tokenizer.keep_space=true", "model=conformer_ctc_tiny", f"train.init={MINI}/pretrained.pt",
    "train.max_epochs=5", "train.optimizer=adamw", "train.lr=0.001", "train.schedule=cosine",
    "train.warmup_steps=50", "train.weight_decay=0.001", "train.batch_sec=60", "train.early_stop_epochs=0",
    "lm.synthetic_sentences=0", "split.dev=0.1", "split.test=0.1",
)  # fmt: skip
LIMITS = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, math.inf)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--loop", default="8:20", help="which talks, in order of their names")
    parser.add_argument("--judge", default="0:8")
    parser.add_argument("--vosk", type=Path)
    parser.add_argument("--only", choices=("uncaptioned",))
    options = parser.parse_intermixed_args()
    out, weights = options.out.resolve(), options.weights.resolve()
    whisper = [
        "align=whisper", f"align.repo={weights}", "asr=faster_whisper", f"asr.repo={weights}", *options.overrides,
    ]  # fmt: skip
    second = () if options.only else in_rounds(options, whisper, out)
    judged = build(options.clips, out / "one", *map(int, options.judge.split(":")), 0)
    build(options.clips, out / "two", *map(int, options.judge.split(":")), 0)
    build(options.clips, out / "none", *map(int, options.judge.split(":")), 0)
    for caption in [
        *(out / "none" / "media").glob("*.srt"),
        *(out / "none" / "media").glob("*.vtt"),
    ]:
        caption.unlink()
    vosk = (
        ("asr@second_asr=vosk", f"second_asr.model={options.vosk.resolve()}")
        if options.vosk
        else ()
    )
    ways = {
        "one": ("the first witness alone", ()),
        "two": ("both witnesses", (*second, "validate.refit=true")),
        "none": ("without captions", (*second, *vosk, "source.uncaptioned=transcribe")),
    }
    for folder, (name, settings) in ways.items():
        if options.only and folder == "two":
            continue
        run(out / folder, "--stage", "0", "--stop-stage", "9", "num_shards=4", *whisper, *settings)
        print(f"\n{len(judged)} other talks, {name}\n")
        print_kept(judged, out / folder / "data" / "manifests")
    print(
        "\nwithout captions, by threshold\n",
        *by_limit(judged, out / "none" / "data" / "manifests"),
        sep="\n",
    )


def in_rounds(options: argparse.Namespace, whisper: Sequence[str], out: Path) -> tuple[str, ...]:
    """Runs rounds, prints what they brought, and gives the settings by which the last student listens."""
    looped = build(options.clips, out / "loop", *map(int, options.loop.split(":")), 0)
    run(
        out / "loop", "--rounds", str(options.rounds), "rounds.min_gain=0", "rounds.keep_manifests=true",
        "num_shards=4", *STUDENT, *whisper,
    )  # fmt: skip
    done = list(rounds(out / "loop" / "exp"))
    print(f"\n{len(looped)} talks in rounds\n", *table(done), sep="\n")
    for one in done:
        print(f"\nround {one.number} against the truth\n")
        print_kept(looped, out / "loop" / "exp" / f"round-{one.number}" / "manifests")
    used = [one.number for one in done if one.used][-1]
    (student,) = (out / "loop" / "exp" / f"round-{used}").glob("*/export/model.int8.onnx")
    return "witness=ctc", f"witness.model={student}"


def run(out: Path, *arguments: str) -> None:
    command = [
        str(ROOT / "run.sh"), "--recipe", "korean_yt", *arguments, "source=local",
        f"source.paths=[{out}/media]", f"data_dir={out}/data", f"exp_dir={out}/exp",
    ]  # fmt: skip
    subprocess.run(command, check=True, env=os.environ)


def by_limit(talks: Sequence[Talk], manifests: Path) -> list[str]:
    """What would be kept of machine labels, by how far the unlike model may have heard otherwise."""
    by_name = {talk.name: talk for talk in talks}
    total = sum(row.end - row.start for talk in talks for row in talk.rows)
    found = []
    for cut in read_all_cuts(manifests, "cuts_validated"):
        if "machine_cer" not in cut["custom"]:
            continue
        rows, start, end = by_name[Path(cut["custom"]["media_path"]).stem].rows, cut["start"], cut["start"] + cut["duration"]  # fmt: skip
        inside = [row for row in rows if min(row.end, end) - max(row.start, start) > 0.12]
        text = cut["supervisions"][0]["text"]
        exact = bool(inside) and is_exact(text, inside, start, end)
        found.append((cut["custom"]["machine_cer"], cut["duration"], exact, *wrong(text, inside)))
    lines = ["| CER up to | utterances | of all speech | exactly right | CER against the truth |", "|---|---|---|---|---|"]  # fmt: skip
    for limit in LIMITS:
        kept = [one for one in found if one[0] <= limit]
        seconds, letters = sum(one[1] for one in kept), sum(one[4] for one in kept)
        right = f"{sum(one[2] for one in kept) / len(kept):.1%}" if kept else ""
        rate = f"{sum(one[3] for one in kept) / letters:.1%}" if letters else ""
        lines.append(
            f"| {'any' if limit == math.inf else f'{limit:.2f}'} | {len(kept)} | {min(1.0, seconds / total):.1%} | {right} | {rate} |"
        )
    return lines


def wrong(text: str, rows: Sequence[Row]) -> tuple[int, int]:
    """Letters of a label that are not what was said there, and how many it has: against the nearest
    stretch of what was said."""
    said = " ".join((candidates(row.said) or [row.said])[0] for row in rows)
    letters = len(normalize_for_scoring(text))
    return round(nearest_words_cer(text, said) * letters), letters


if __name__ == "__main__":
    main()
