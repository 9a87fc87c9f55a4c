#!/usr/bin/env python
"""What reading training data costs: cuts held in memory, read lazily from their manifest, from Shar.

    python scripts/bench_training_data.py OUT [--sizes 2000,20000]

Makes recordings of ten minutes of noise as flac, cuts of 3 to 9 seconds in them with 5 kB of fields
of their own (what stage 9 writes), and the same as a Lhotse Shar.  For each way a process of its own
opens them, counts an epoch's batches, and prints seconds, the peak of its memory beyond its imports,
and how full the batches are; then how fast sound comes, in order of the sampler, and what it takes to
go on in the middle of an epoch.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]
RECORDING_SEC, RATE, BATCH_SEC = 600, 16000, 200.0
WAYS = ("in memory", "lazily", "from Shar")
HEARD_CUTS = 300  # whose sound is read
RECORDINGS = 20  # that all cuts lie in, over and over
MAX_IN_SHAR = 20_000  # cuts: 3 GB of sound


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--sizes", default="2000,20000")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure(options.out, options.way)))
        return
    print(
        "| cuts | way | counting an epoch, s | memory, MiB | fill | sound, x real time | going on, s |"
    )
    print("|---|---|---|---|---|---|---|")
    for size in map(int, options.sizes.split(",")):
        folder = options.out / str(size)
        if not (folder / "cuts.jsonl.gz").exists():
            make(folder, size)
        for way in WAYS if size <= MAX_IN_SHAR else WAYS[:2]:
            command = [sys.executable, __file__, str(folder), "--way", way]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            values = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {size} | {way} | " + " | ".join(f"{v:.3g}" for v in values) + " |", flush=True
            )


def make(folder: Path, size: int) -> None:
    """Recordings, their cuts as a manifest, and the same cuts as Shar."""
    import numpy as np
    import soundfile
    from lhotse import CutSet

    from echoharvester.dataset.shar import write_shar
    from echoharvester.manifests.cuts import media_cut, recording, utterance_cut
    from echoharvester.manifests.shards import ShardWriter

    folder.mkdir(parents=True, exist_ok=True)
    rng, cuts, position, number = random.Random(1), [], float(RECORDING_SEC), -1
    paths = [folder / f"{k:02d}.flac" for k in range(RECORDINGS)]
    for k, path in enumerate(paths):
        noise = np.random.default_rng(k).standard_normal(RECORDING_SEC * RATE) * 0.05
        soundfile.write(path, noise.astype("float32"), RATE)
    for i in range(size):
        if position > RECORDING_SEC - 10:
            position, number = 0.0, number + 1
        path = paths[number % RECORDINGS]
        sec = rng.uniform(3, 9)
        media = media_cut(
            path.stem, recording(path.stem, str(path), RATE, RECORDING_SEC * RATE), {}
        )
        words = [[f"낱말{k}", 0.3 * k, 0.3, 0.9] for k in range(10)]
        cut = utterance_cut(
            media, f"u{i:07d}", position, position + sec, "가나다 " * 8, {"more": "x" * 4000}
        )
        cut["supervisions"][0]["alignment"] = {"word": words}
        cuts.append(cut)
        position += sec
    with ShardWriter(folder / "cuts.jsonl.gz") as writer:
        for cut in cuts:
            writer.write(cut)
        writer.close("bench", "", "", {})
    if size <= MAX_IN_SHAR:
        write_shar(iter(cuts), folder / "shar", 1000, "flac", 2)
    assert len(list(CutSet.from_jsonl_lazy(folder / "cuts.jsonl.gz"))) == size


def measure(folder: Path, way: str) -> list[float]:
    """Seconds, MiB, fill, times real time, seconds to go on."""
    from lhotse import CutSet
    from lhotse.dataset import DynamicBucketingSampler

    from echoharvester.dataset.shar import open_shar

    before = peak_mib()
    start = time.perf_counter()
    cuts: Any
    if way == "from Shar":
        cuts = open_shar(folder / "shar")
    elif way == "lazily":
        cuts = CutSet.from_jsonl_lazy(folder / "cuts.jsonl.gz")
    else:
        cuts = CutSet.from_file(folder / "cuts.jsonl.gz").to_eager()

    def sampler() -> Any:
        options = {"max_duration": BATCH_SEC, "shuffle": True, "seed": 1}
        return DynamicBucketingSampler(cuts, num_buckets=10, world_size=1, rank=0, **options)

    fills = []
    for batch in sampler():
        durations = [cut.duration for cut in batch]
        fills.append(sum(durations) / (max(durations) * len(durations)))
    counting, memory = time.perf_counter() - start, peak_mib() - before
    half, batches = len(fills) // 2, iter(sampler())
    start = time.perf_counter()
    for _ in range(half):
        next(batches)
    going_on = time.perf_counter() - start
    start, seconds, heard = time.perf_counter(), 0.0, 0
    for batch in batches:
        for cut in batch:
            seconds += cut.load_audio().shape[1] / RATE
            heard += 1
        if heard >= HEARD_CUTS:
            break
    speed = seconds / (time.perf_counter() - start)
    return [counting, memory, sum(fills) / len(fills), speed, going_on]


def peak_mib() -> float:
    """Of this program alone: what getrusage tells counts that of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    main()
