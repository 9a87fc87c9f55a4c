#!/usr/bin/env python
"""What manifests cost at ten thousand, a hundred thousand and a million utterances.

    python scripts/bench_scale.py OUT [--sizes 10000,100000,1000000] [--jobs 2] [--plot docs/scalability.png]

Makes a library of stubs (a media item has 100 utterances; its sound is a hundredth of a second) and
runs every stage on it with the real runner; what would listen to sound is replaced by constants, so
that what remains is verbalisation, comparing, judging and writing manifests.  Prints CPU microseconds per
utterance (beyond what the same processes take to start, which a library of 800 tells), the memory of
the largest process, and how long run.sh takes when there is nothing to do.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "local")]
PER_MEDIUM, NUM_SHARDS = 100, 8
SMALLEST = PER_MEDIUM * NUM_SHARDS  # a media item a shard
STUBBED = ("download", "segment", "align", "measure", "validate")
STAGES = ("collect", "download", "segment", "align", "measure", "duplicates", "filter", "validate",
         "review", "review_edits", "merge", "export", "split", "report")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--worker", nargs=2, metavar=("STAGE", "SHARD"), help=argparse.SUPPRESS)
    options, overrides = parser.parse_known_args()
    if options.worker:
        work(options.worker[0], int(options.worker[1]), overrides)
        return
    sizes = [SMALLEST, *map(int, options.sizes.split(","))]
    found = {n: measure(options.out.resolve() / str(n), n, options.jobs) for n in sizes}
    print_table(found)
    if options.plot:
        plot(found, options.plot)


class Spent(NamedTuple):
    """What processes took: the time of the clock, of CPUs, and the memory of the largest."""

    clock_sec: float
    cpu_sec: float
    peak_mib: float


def settings_of(out: Path) -> list[str]:
    return ["source=local", f"source.paths=[{out / 'media'}]", f"num_shards={NUM_SHARDS}",
            f"data_dir={out / 'data'}", f"exp_dir={out / 'exp'}", "review.accepted_sample=0"]  # fmt: skip


def measure(out: Path, size: int, jobs: int) -> dict[str, Spent]:
    """What every stage took, and run.sh when all is done."""
    shutil.rmtree(out, ignore_errors=True)
    make_media(out / "media", size // PER_MEDIUM)
    found = {}
    for name in STAGES:
        start = time.perf_counter()
        with ThreadPoolExecutor(jobs) as pool:
            parts = list(pool.map(run, commands(name, settings_of(out))))
        clock_sec = time.perf_counter() - start
        found[name] = Spent(
            clock_sec, sum(p.cpu_sec for p in parts), max(p.peak_mib for p in parts)
        )
        print(size, name, *(f"{x:.1f}" for x in found[name]), file=sys.stderr, flush=True)
    whole = [str(ROOT / "run.sh"), "--stage", "1", "--stop-stage", "9"]
    found["run.sh, nothing to do"] = run([*whole, *settings_of(out)])
    found["run.sh --status"] = run([str(ROOT / "run.sh"), "--status", *settings_of(out)])
    return found


def make_media(folder: Path, count: int) -> None:
    """Tiny wav files, each with other samples, and captions."""
    folder.mkdir(parents=True)
    head = b"RIFF" + struct.pack("<I", 356) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16) + b"data" + struct.pack("<I", 320)  # fmt: skip
    for i in range(count):
        (folder / f"m{i:06d}.wav").write_bytes(head + struct.pack("<I", i) * 80)
        (folder / f"m{i:06d}.ko.vtt").write_text(
            "WEBVTT\n\n00:00.000 --> 00:01.000\n가\n", encoding="utf-8"
        )


def commands(name: str, settings: list[str]) -> list[list[str]]:
    stubbed = [sys.executable, __file__, "x", "--worker", name]
    script = [sys.executable, str(ROOT / "local" / f"{name}.py")]
    if name in STUBBED:
        return [[*stubbed, str(k), *settings] for k in range(NUM_SHARDS)]
    if name in ("filter", "merge"):
        return [[*script, f"shard={k}", *settings] for k in range(NUM_SHARDS)]
    if name == "export":
        return [[*stubbed, "0", *settings]]
    return [[*script, *settings]]


# A process between, because what a process knows of its children is their sum.
_MEASURED = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
clock = time.perf_counter() - start
print(json.dumps([clock, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
sys.exit(status)
"""


def run(command: list[str]) -> Spent:
    here = {"PYTHONPATH": f"{ROOT}:{ROOT / 'local'}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, *command],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **here},
    )
    if done.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    return Spent(*json.loads(done.stdout))


def work(name: str, shard: int, overrides: list[str]) -> None:
    """One shard of a stage whose listening is replaced; `export` writes no sound."""
    from echoharvester.manifests.runner import run_shard

    from config import composed, recipe_of

    recipe = recipe_of(composed(overrides))
    if name == "export":
        export(recipe)
        return
    run_shard(recipe.run_of(name), shard, STUBS[name](recipe.paths.data_dir))


WORDS = [a + b for a in "가나다라마바사아자차카타파하" for b in "구누두루무부수우주추쿠투푸후"]


def stub_download(data: Path) -> Callable[[list[Any]], list[Any]]:
    from echoharvester.manifests.cuts import recording, with_custom

    sound = data / "audio" / "stub.flac"
    sound.parent.mkdir(parents=True, exist_ok=True)
    sound.write_bytes(b"x")

    def process(cuts: list[Any]) -> list[Any]:
        return [
            {
                **with_custom(c, caption_bytes=1, audio_bytes=1, caption_path=str(sound)),
                "recording": recording(c["id"], str(sound), 16000, 16000 * 500),
            }
            for c in cuts
        ]

    return process


def stub_segment(data: Path) -> Callable[[list[Any]], list[Any]]:
    from echoharvester.manifests.cuts import utterance_cut

    def process(cuts: list[Any]) -> list[Any]:
        rng, media_item = random.Random(cuts[0]["id"]), cuts[0]
        made = []
        for i in range(PER_MEDIUM):
            text = " ".join(rng.choices(WORDS, k=8))
            custom = {
                "text_raw": text,
                "text_orthographic": text,
                "caption_start_sec": i * 5.0,
                "caption_end_sec": i * 5.0 + 4,
            }
            made.append(
                utterance_cut(
                    media_item, f"{media_item['id']}-{i:05d}", i * 5.0, i * 5.0 + 4, text, custom
                )
            )
        return made

    return process


def stub_align(data: Path) -> Callable[[list[Any]], list[Any]]:
    from echoharvester.manifests.cuts import text_of, with_custom, with_supervision

    def process(cuts: list[Any]) -> list[Any]:
        done = []
        for cut in cuts:
            words = [[w, i * 0.5, 0.5, 0.98] for i, w in enumerate(text_of(cut).split())]
            done.append(
                with_custom(with_supervision(cut, alignment={"word": words}), align_score=0.95)
            )
        return done

    return process


def stub_measure(data: Path) -> Callable[[list[Any]], list[Any]]:
    from echoharvester.manifests.cuts import with_custom

    def process(cuts: list[Any]) -> list[Any]:
        rng = random.Random(cuts[0]["id"])
        return [
            with_custom(c, snr_db=30.0, speech_ratio=0.9, syllables_per_sec=5.0, clipped_share=0.0,
                        bandwidth_hz=8000, hangul_share=1.0,
                        audio_fingerprint=base64.b64encode(rng.randbytes(4 * 32)).decode())
            for c in cuts
        ]  # fmt: skip

    return process


def stub_validate(data: Path) -> Callable[[list[Any]], list[Any]]:
    from echoharvester.manifests.cuts import text_of, with_custom

    return lambda cuts: [
        with_custom(c, hyp_text=text_of(c), cer=0.0, recogniser="stub") for c in cuts
    ]


STUBS = {"download": stub_download, "segment": stub_segment, "align": stub_align,
         "measure": stub_measure, "validate": stub_validate}  # fmt: skip


def export(recipe: Any) -> None:
    """The manifest that stage 9 leaves, without sound."""
    from echoharvester.dataset.release import BESIDE_SHAR
    from echoharvester.manifests.shards import ShardWriter, read_all_cuts
    from echoharvester.pipeline.outputs import sizes_digest

    paths = recipe.paths
    paths.shar.mkdir(exist_ok=True)
    for name in BESIDE_SHAR:
        (paths.data_dir / name).write_text('{"cuts": 0, "hours": 0.0}')
    with ShardWriter(paths.dataset_manifest) as writer:
        for cut in read_all_cuts(paths.manifests, "cuts_reviewed"):
            writer.write(cut)
        counts = {"hours": 0.0, "shar": sizes_digest(paths.shar), "also": []}
        writer.close("export", recipe.fingerprint("export"), "", counts)


def per_utterance_usec(found: dict[int, dict[str, Spent]], name: str, size: int) -> float:
    """CPU time of one more utterance."""
    more = found[size][name].cpu_sec - found[SMALLEST][name].cpu_sec
    return 1e6 * more / (size - SMALLEST)


def print_table(found: dict[int, dict[str, Spent]]) -> None:
    sizes = list(found)[1:]
    columns = [f"{n:,}: us" for n in sizes] + [f"{n:,}: MiB" for n in sizes]
    print("| step | starting, s | " + " | ".join(columns) + " |")
    print("|---" * (len(columns) + 2) + "|")
    for name in STAGES:
        each = [f"{per_utterance_usec(found, name, n):.0f}" for n in sizes]
        print_row(name, f"{found[SMALLEST][name].cpu_sec:.1f}", each, found, sizes)
    sums = [f"{sum(per_utterance_usec(found, name, n) for name in STAGES):.0f}" for n in sizes]
    print(f"| all | | {' | '.join(sums)} |" + " |" * len(sizes))
    for name in list(found[SMALLEST])[len(STAGES) :]:
        print_row(name, "", [f"{found[n][name].clock_sec:.1f} s" for n in sizes], found, sizes)


def print_row(
    name: str, starting: str, each: list[str], found: dict[int, dict[str, Spent]], sizes: list[int]
) -> None:
    memory = [f"{found[n][name].peak_mib:.0f}" for n in sizes]
    print(f"| {name} | {starting} | {' | '.join([*each, *memory])} |")


def plot(found: dict[int, dict[str, Spent]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.8), layout="constrained")
    colours = plt.get_cmap("tab20").colors  # type: ignore[attr-defined]
    left.set_prop_cycle(color=colours)
    right.set_prop_cycle(color=colours)
    sizes = list(found)[1:]
    for name in found[SMALLEST]:
        style = "o--" if name.startswith("run.sh") else "o-"
        left.loglog(sizes, [found[n][name].cpu_sec for n in sizes], style, label=name, markersize=3)
        right.semilogx(sizes, [found[n][name].peak_mib for n in sizes], style, markersize=3)
    left.set_xlabel("utterances")
    left.set_ylabel("CPU seconds")
    right.set_xlabel("utterances")
    right.set_ylabel("memory of the largest process, MiB")
    right.set_ylim(0, 500)
    figure.legend(*left.get_legend_handles_labels(), fontsize=7, loc="outside right center")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
