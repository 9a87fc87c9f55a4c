#!/usr/bin/env python
"""Time and memory of training steps on fixed batches, as one line of JSON.

    python scripts/bench_train.py --model zipformer_ctc_medium --utterances 4 --seconds 10
    python scripts/bench_train.py --model zipformer_ctc_medium --icefall /path/of/icefall

`step_ms` is the median of whole steps (forward, loss, backward, update) and `frames_per_s`
counts feature frames (100 a second of audio); `peak_mb` is the most that the GPU, or the
process on a CPU, held.  Weights, input and targets are random but always the same.

With --icefall (a checkout; k2 must be installed) icefall's Zipformer of the same size and its
ScaledAdam take every step beside ours, in turn, so that what else the machine does slows both:
`icefall_step_ms`, and `ratio`, the median over pairs of our time divided by theirs.  The peak is
of both together then.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
from pathlib import Path
from typing import Any

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
    parser.add_argument("--icefall", type=Path, help="a checkout, measured beside ours")
    options = parser.parse_args()
    print(json.dumps(measure(options)))


def measure(options: argparse.Namespace) -> dict[str, object]:
    import torch
    from omegaconf import OmegaConf

    from echoharvester.models.ctc import build_model
    from echoharvester.models.zipformer.schedule import set_batch_count
    from echoharvester.training.losses import batch_losses
    from echoharvester.training.optim import ScaledAdam
    from echoharvester.training.step_cost import Steps

    if options.num_threads:
        torch.set_num_threads(options.num_threads)
    torch.manual_seed(0)
    config: dict[str, Any] = dict(OmegaConf.load(ROOT / f"conf/model/{options.model}.yaml"))
    name, device = config.pop("name"), torch.device(options.device)
    longest = options.seconds
    durations = torch.linspace(longest, 0.8 * longest, options.utterances).tolist()
    steps = Steps(durations, options.tokens, options.device, options.precision, options.steps)
    model = build_model(config, options.tokens).to(device).train()
    set_batch_count(model, options.batch_count)
    compute = torch.compile(model) if options.compile else model

    def loss_of(features, lens, targets):  # type: ignore[no-untyped-def]
        losses = batch_losses(compute, features, lens, targets, 0.0)
        return losses.total, losses.frames

    optimizer = ScaledAdam(model.parameters(), lr=1e-3, clipping_scale=2.0)
    step = steps.stepper(loss_of, optimizer)
    beside: dict[str, object] = {}
    if options.icefall:
        other = icefall_loss(options, config, device)
        theirs = steps.stepper(other.loss, other.optimizer)
        for _ in range(2):
            step(), theirs()
        pairs = [(step(), theirs()) for _ in range(options.steps)]
        cost = steps.said(statistics.median(a for a, _ in pairs))
        beside = {
            "icefall_step_ms": round(1000 * statistics.median(b for _, b in pairs), 1),
            "icefall_parameters": sum(p.numel() for p in other.model.parameters()),
            "ratio": round(statistics.median(a / b for a, b in pairs), 3),
        }
    else:
        cost = steps.cost(step)
    return {
        "model": name,
        "parameters": sum(p.numel() for p in model.parameters()),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "threads": torch.get_num_threads(),
        "precision": options.precision,
        "batch": [options.utterances, round(100 * longest)],
        "step_ms": round(1000 * cost.seconds, 1),
        "peak_mb": round(cost.peak_mb),
        "frames_per_s": round(cost.frames_per_sec),
        **beside,
    }


# Options of a Zipformer that have the same name here and there.
_SAME = (
    "downsampling_factor", "encoder_dim", "encoder_unmasked_dim", "num_encoder_layers", "num_heads",
    "feedforward_dim", "cnn_module_kernel", "query_head_dim", "value_head_dim", "pos_head_dim", "pos_dim",
    "causal", "chunk_size", "left_context_frames",
)  # fmt: skip


def icefall_loss(options: argparse.Namespace, config: dict[str, Any], device: Any) -> Any:
    """icefall's model, loss and optimiser as its `zipformer/train.py` makes them, for CTC alone."""
    import torch
    from torch import nn

    from echoharvester.models.ctc import ctc_loss

    recipe = options.icefall / "egs" / "librispeech" / "ASR" / "zipformer"
    if not (recipe / "zipformer.py").is_file() or config["encoder"] != "zipformer":
        raise SystemExit(f"{recipe}/zipformer.py: no such file, or {options.model} is no Zipformer")
    sys.path[:0] = [str(recipe), str(options.icefall)]
    try:
        scaling, subsampling, zipformer, optim = map(
            importlib.import_module, ("scaling", "subsampling", "zipformer", "optim")
        )
    except ImportError as error:
        raise SystemExit(f"icefall cannot be imported ({error}); it needs k2") from error

    class Icefall(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            shapes = {key: config[key] for key in _SAME}
            kept = {k: tuple(v) if hasattr(v, "__len__") else v for k, v in shapes.items()}

            def dropout() -> Any:
                return scaling.ScheduledFloat((0.0, 0.3), (20000.0, 0.1))

            width = max(kept["encoder_dim"])
            self.encoder_embed = subsampling.Conv2dSubsampling(
                in_channels=80, out_channels=kept["encoder_dim"][0], dropout=dropout()
            )
            self.encoder = zipformer.Zipformer2(
                output_downsampling_factor=2, dropout=dropout(), warmup_batches=4000.0, **kept
            )
            self.ctc_output = nn.Sequential(
                nn.Dropout(0.1), nn.Linear(width, options.tokens), nn.LogSoftmax(dim=-1)
            )
            self.to(device).train()
            for module in self.modules():
                if hasattr(module, "batch_count"):
                    module.batch_count = options.batch_count
            parameters = self.named_parameters()
            self.optimizer = optim.ScaledAdam(parameters, lr=1e-3, clipping_scale=2.0)

        def loss(self, features, lens, targets):  # type: ignore[no-untyped-def]
            x, lens = self.encoder_embed(features, lens)
            mask = torch.arange(x.size(1), device=lens.device)[None] >= lens[:, None]
            x, lens = self.encoder(x.permute(1, 0, 2), lens, mask)
            log_probs = self.ctc_output(x.permute(1, 0, 2)).float()
            return ctc_loss(log_probs, lens, targets), int(lens.sum())

        @property
        def model(self) -> nn.Module:
            return self

    return Icefall()


if __name__ == "__main__":
    main()
