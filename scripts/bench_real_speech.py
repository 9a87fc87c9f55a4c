#!/usr/bin/env python
"""Clips with one long text each, given rough captions, through stages 0 to 9.

    python scripts/bench_real_speech.py CLIPS OUT [overrides]

CLIPS holds `trans.txt` files ("name.wav<TAB>text" a line, audio beside them), in any depth. Captions
are made from the sentences, whose times are shared by their length: rough, as people write them.
OUT gets media, captions and the harvest. Prints what became of every sentence.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from echoharvester.audio.media import probe
from echoharvester.manifests.shards import read_all_cuts
from echoharvester.sources.synthetic.captions import CaptionLine, vtt

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_args()
    media = options.out.resolve() / "media"
    media.mkdir(parents=True, exist_ok=True)
    for audio, text in clips(options.clips):
        name = f"{audio.parent.name}_{audio.name}"
        shutil.copyfile(audio, media / name)
        captions = vtt(list(rough_lines(text, probe(audio).duration_sec)))
        (media / name).with_suffix(".ko.vtt").write_text(captions, encoding="utf-8")
    command = [
        str(ROOT / "run.sh"), "--stop-stage", "9", "source=local", f"source.paths=[{media}]",
        "num_shards=1", f"data_dir={options.out.resolve() / 'data'}", *options.overrides,
    ]  # fmt: skip
    subprocess.run(command, check=True)
    print_table(options.out / "data" / "manifests")


def clips(folder: Path) -> Iterator[tuple[Path, str]]:
    """Audio files and their texts."""
    for path in sorted(folder.rglob("trans.txt")):
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            name, _, text = line.strip().partition("\t")
            if text:
                yield path.with_name(name), text


def rough_lines(text: str, duration_sec: float) -> Iterator[CaptionLine]:
    """Sentences, each with its share of the duration."""
    sentences = re.split(r"(?<=[.?!])\s+", text.strip())
    total, done = sum(map(len, sentences)), 0
    for sentence in sentences:
        start, done = done, done + len(sentence)
        yield CaptionLine(duration_sec * start / total, duration_sec * done / total, sentence)


def print_table(manifests: Path) -> None:
    print(
        "\n| clip | start to end, s | alignment | SNR, dB | CER | outcome | text |\n|---|---|---|---|---|---|---|"
    )
    for cut in read_all_cuts(manifests, "cuts_reviewed"):
        custom, end = cut["custom"], cut["start"] + cut["duration"]
        text = cut["supervisions"][0]["text"] if cut["supervisions"] else ""
        outcome = custom.get("reason") or custom["status"]
        print(
            f"| {custom['title']} | {cut['start']:.1f} to {end:.1f} | {custom.get('align_score', '')} "
            f"| {custom.get('snr_db', '')} | {custom.get('cer', '')} | {outcome} | {text[:40]} |"
        )


if __name__ == "__main__":
    main()
