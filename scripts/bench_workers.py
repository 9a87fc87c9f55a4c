#!/usr/bin/env python
"""How much faster two local workers are than one, stage by stage; peak memory of a long recording.

    python scripts/bench_workers.py OUT                 # OUT: what bench_truth.py --make left
    python scripts/bench_workers.py OUT --stages segment,measure     # on what an earlier call left
    python scripts/bench_workers.py OUT --long-hours 3  # memory of stages 4 to 6 at one and three hours

Media of about a minute in four shards; every stage is run by one worker, its output deleted, and
run by two.  Starting processes counts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "local"))
STAGES = {"download": 2, "segment": 3, "align": 4, "measure": 5, "validate": 6}
OUTPUTS = {"download": "cuts_downloaded", "segment": "cuts_segmented", "align": "cuts_aligned",
           "measure": "cuts_measured", "validate": "cuts_validated"}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--long-hours", type=int)
    parser.add_argument("--stages")
    options = parser.parse_args()
    out = options.out.resolve()
    if options.long_hours:
        print_memory(out, options.long_hours)
    else:
        print_speedup(out, options.stages.split(",") if options.stages else None)


def print_speedup(out: Path, stages: list[str] | None) -> None:
    data, folders = out / "workers", sorted(f for f in (out / "media").iterdir() if f.is_dir())
    settings = [
        "source=local",
        f"source.paths=[{','.join(map(str, folders))}]",
        "num_shards=4",
        f"data_dir={data}",
    ]
    if not stages:
        shutil.rmtree(data, ignore_errors=True)
        run(1, 1, settings)
    total = np.zeros(2)
    print("| stage | one worker, s | two workers, s | times as fast |\n|---|---|---|---|")
    for name in stages or STAGES:
        seconds = []
        for workers in (1, 2):
            for path in (data / "manifests").glob(f"{OUTPUTS[name]}.*"):
                path.unlink()
            start = time.perf_counter()
            launch(name, workers, settings)
            seconds.append(time.perf_counter() - start)
        if name == "measure":
            run(STAGES[name], 1, settings)
        one, two = seconds
        total += seconds
        print(f"| {name} | {one:.1f} | {two:.1f} | {one / two:.2f} |", flush=True)
    print(f"| together | {total[0]:.1f} | {total[1]:.1f} | {total[0] / total[1]:.2f} |")


def launch(name: str, workers: int, settings: list[str]) -> None:
    """One stage, as run.sh runs it."""
    subprocess.run(
        [sys.executable, str(ROOT / "local/run.py"), f"{STAGES[name]}:{name}", f"launcher.nj={workers}",
         *settings],
        check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def run(stage: int, workers: int, settings: list[str]) -> None:
    subprocess.run(
        [str(ROOT / "run.sh"), "--stage", str(stage), "--stop-stage", str(stage), "--nj", str(workers),
         *settings], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def print_memory(out: Path, hours: int) -> None:
    """Peak memory of the worker of every stage, on the long recording once and several times over."""
    print("| hours of one recording | stage | peak memory, MiB |\n|---|---|---|")
    for repeats in (1, hours):
        folder = out / f"memory_{repeats}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make_longer(out, folder, repeats)
        settings = [
            "source=local",
            f"source.paths=[{folder}]",
            "num_shards=1",
            f"data_dir={folder / 'data'}",
        ]
        run(1, 1, settings)
        for name in (*STAGES, "duplicates", "filter"):
            if name == "validate":
                continue
            peak = peak_mib(name, settings)
            print(f"| {repeats} | {name} | {peak:.0f} |", flush=True)
        print(f"| {repeats} | validate | {peak_mib('validate', settings):.0f} |", flush=True)


def make_longer(out: Path, folder: Path, repeats: int) -> None:
    """The long recording, and captions of what is said in it, so many times one after the other."""
    from echoharvester.audio.media import decode_to_flac, load_flac
    from echoharvester.manifests.shards import read_cuts
    from echoharvester.sources.synthetic.captions import CaptionLine, vtt

    scratch = folder / "one.flac"
    decode_to_flac(next((out / "media").glob("long_lecture.m4a")), scratch)
    sound = load_flac(scratch)
    scratch.unlink()
    soundfile.write(folder / "long.flac", np.tile(sound, repeats), 16000)
    said = [
        c for c in read_cuts(out / "truth.jsonl.gz") if "long_lecture" in c["custom"]["media_path"]
    ]
    lines = []
    for k in range(repeats):
        for cut in said:
            start = k * len(sound) / 16000 + cut["custom"]["media_start_sec"]
            lines.append(
                CaptionLine(start, start + cut["duration"], cut["supervisions"][0]["text"])
            )
    (folder / "long.ko.vtt").write_text(vtt(lines), encoding="utf-8")


def peak_mib(name: str, settings: list[str]) -> float:
    """Peak resident memory of the stage script of one shard."""
    shard = [] if name == "duplicates" else ["shard=0"]
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "local" / f"{name}.py"), *shard, *settings],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    peak = 0.0
    while process.poll() is None:
        # Its own mark: the one of wait4 counts what this process held when it started the other.
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) / 1024)
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return peak


if __name__ == "__main__":
    main()
