#!/usr/bin/env python
"""Time and memory of training steps on fixed batches, as one line of JSON.

    python scripts/bench_train.py --model zipformer_ctc_medium --utterances 4 --seconds 10

`step_ms` is the median of whole steps (forward, loss, backward, update) and `frames_per_s`
counts feature frames (100 a second of audio); `peak_mb` is the most that the GPU, or the
process on a CPU, held.  Weights, input and targets are random but always the same.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "local")]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="zipformer_ctc_medium", help="a file of conf/model")
    parser.add_argument("--utterances", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0, help="of the longest utterance")
    parser.add_argument("--tokens", type=int, default=500)
    parser.add_argument("--steps", type=int, default=5, help="measured, after two that are not")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="fp32", choices=("fp32", "bf16", "fp16"))
    parser.add_argument("--batch-count", type=float, default=20000.0, help="how far training is")
    parser.add_argument("--num-threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    print(json.dumps(measure(options)))


def measure(options: argparse.Namespace) -> dict[str, object]:
    import torch
    from omegaconf import OmegaConf

    from echoharvester.models.ctc import build_model
    from echoharvester.models.zipformer.schedule import set_batch_count
    from echoharvester.training.losses import batch_losses
    from echoharvester.training.metric_logger import peak_memory_mb
    from echoharvester.training.optim import ScaledAdam

    if options.num_threads:
        torch.set_num_threads(options.num_threads)
    torch.manual_seed(0)
    config = dict(OmegaConf.load(ROOT / f"conf/model/{options.model}.yaml"))
    name, device = config.pop("name"), torch.device(options.device)
    model = build_model(config, options.tokens).to(device).train()
    set_batch_count(model, options.batch_count)
    compute = torch.compile(model) if options.compile else model
    optimizer = ScaledAdam(model.parameters(), lr=1e-3, clipping_scale=2.0)
    frames = round(options.seconds * 100)
    lens = torch.linspace(frames, 0.8 * frames, options.utterances).long()
    features = torch.randn(options.utterances, frames, 80) * 2 - 6
    targets = torch.randint(3, options.tokens, (options.utterances, frames // 12)).tolist()
    features, lens = features.to(device), lens.to(device)
    scaler = torch.amp.GradScaler(device.type, enabled=options.precision == "fp16")
    half = torch.float16 if options.precision == "fp16" else torch.bfloat16

    def step() -> float:
        start = time.perf_counter()
        with torch.autocast(device.type, half, enabled=options.precision != "fp32"):
            losses = batch_losses(compute, features, lens, targets, 0.0)
        scaler.scale(losses.total / losses.frames).backward()
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    for _ in range(2):
        step()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    seconds = statistics.median(step() for _ in range(options.steps))
    return {
        "model": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "precision": options.precision,
        "batch": [options.utterances, frames],
        "step_ms": round(1000 * seconds, 1),
        "peak_mb": round(peak_memory_mb()),
        "frames_per_s": round(int(lens.sum()) / seconds),
    }


if __name__ == "__main__":
    main()
