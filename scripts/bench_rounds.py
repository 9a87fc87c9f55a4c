#!/usr/bin/env python
"""The curve of rounds (docs/rounds.md): what each brings, against a truth that is known.

    python scripts/bench_rounds.py OUT [--minutes 40] [--rounds 3] [overrides]

makes a library in OUT spoken by espeak-ng in voices, speeds and pitches that the shipped recogniser has
not heard, a third of it through a telephone line or in a room, with the caption faults of mini_ko; runs
mini_ko's recipe on it in rounds; and prints, a row a round, the share of the speech that is kept, how
many labels are exactly right, error rates, and what the round cost against the first.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "local")]

from echoharvester.manifests.shards import ShardWriter  # noqa: E402
from echoharvester.pipeline.round import Round, read_round  # noqa: E402
from echoharvester.sources.synthetic.espeak import Voice  # noqa: E402
from echoharvester.sources.synthetic.library import MediaSpec, make_media  # noqa: E402

# Not among those of egs/synth_ko, on which the recogniser was trained and chosen.
VOICES = ("m8", "klatt", "klatt3", "klatt5", "klatt6", "grandpa", "antonio", "announcer", "kaukovalta",
          "edward2", "iven2", "iven3", "iven4", "Jacky", "mike2", "Nguyen", "Storm", "croak")  # fmt: skip
RATES, PITCHES = (115, 150, 185, 215), (15, 45, 80)
THROUGH = ("", "", "telephone", "", "", "room")
FAULTS = ("", "", "shifted", "", "paraphrased", "", "misheard", "", "drift", "other_media")
NOISE = (("", 60.0), ("white", 20.0), ("", 60.0), ("hum", 15.0))
SEED = 11


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=40.0)
    parser.add_argument("--rounds", type=int, default=3)
    options, overrides = parser.parse_known_args()
    out = options.out.resolve()
    if not (out / "data" / "truth").exists():
        make_library(out, 60 * options.minutes)
    command = [
        str(ROOT / "run.sh"), "--rounds", str(options.rounds), "source=local", f"source.paths=[{out}/media]",
        f"data_dir={out}/data", f"exp_dir={out}/exp", "filter.min_bandwidth_hz=3000",  # telephones, too
        "rounds.min_gain=0", *overrides,
    ]  # fmt: skip
    subprocess.run(command, check=True, env=os.environ)
    print(*table(list(rounds(out / "exp"))), sep="\n")


def make_library(out: Path, total_sec: float) -> None:
    """Two media items of every voice."""
    specs = [spec(i) for i in range(2 * len(VOICES))]
    with ShardWriter(out / "data" / "truth" / "cuts_truth.0.jsonl.gz") as truth:
        for one in specs:
            for cut in make_media(one, out / "media", SEED, total_sec / len(specs)):
                truth.write(cut)
        truth.close("prepare", "", "", {})


def spec(number: int) -> MediaSpec:
    noise, snr_db = NOISE[number % len(NOISE)]
    fault = FAULTS[number % len(FAULTS)]
    voice = Voice(
        f"ko+{VOICES[number % len(VOICES)]}",
        RATES[number % len(RATES)],
        PITCHES[number % len(PITCHES)],
    )
    captions = ".ko.auto.vtt" if fault == "misheard" else ".ko.vtt"
    through = THROUGH[number % len(THROUGH)]
    name = f"strange_{number:02d}"
    return MediaSpec(name, ".flac", voice, captions, fault, noise, snr_db, through=through)


def rounds(exp_dir: Path) -> Iterator[Round]:
    number = 1
    while done := read_round(exp_dir / f"round-{number}"):
        yield done
        number += 1


def table(found: list[Round]) -> list[str]:
    """A Markdown row a round."""
    lines = [
        "| round | kept | of the speech | labels right | expected wrong | dev CER | test CER | minutes | used |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for done in found:
        of = done.figures
        shares = (of.harvested, of.precision, of.label_error, of.dev, of.test)
        cells = ["" if share is None else f"{100 * share:.2f} %" for share in shares]
        first = f" ({done.seconds / found[0].seconds:.2f} of the first)" if done.number > 1 else ""
        minutes = f"{done.seconds / 60:.1f}{first}"
        used = "yes" if done.used else "no"
        row = [str(done.number), f"{60 * of.hours:.1f} min", *cells, minutes, used]
        lines.append(f"| {' | '.join(row)} |")
    return lines


if __name__ == "__main__":
    main()
