"""How a model is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from echoharvester.errors import UserError

OPTIMIZERS = ("scaled_adam", "adamw")
SCHEDULES = ("eden", "noam", "cosine")
PRECISIONS = ("fp32", "bf16", "fp16")


@dataclass(frozen=True)
class TrainConfig:
    """Settings of the trainer.

    Attributes:
        max_epochs: epochs in all, finished ones included.
        optimizer: "scaled_adam" or "adamw".
        schedule: "eden" (Yao et al. 2024), "noam" (Vaswani et al. 2017: lr is its factor) or
            "cosine" (lr is its peak).
        warmup_steps: steps until the peak; `warmup_epochs`, if given, replaces it.
        lr_batches, lr_epochs, warmup_start: of eden: where the rate begins to fall, and what
            share of it the first step has.
        weight_decay, grad_clip: of adamw.
        clipping_scale: of scaled_adam, times the median gradient norm.
        accumulate: batches of one process that make up a step.
        precision: "fp32", or autocast to "bf16" or "fp16".
        compile: whether torch.compile is used.
        batch_count_sec: seconds of audio that count as one batch in the schedules inside the
            model (dropout, skip rates); published ones were tuned on 600.
        cr_ctc: consistency of two augmented copies (Yao et al. 2025, arXiv:2410.05101), weighted
            by `cr_scale`.
        spec_augment: masks; `time_warp`: largest shift in frames, 0 for none.
        freeze_encoder_epochs: epochs in which only the head learns.
        average_period: the running average takes in the model every so many steps; 0: none.
        early_stop_epochs: epochs without a better dev CER after which training ends; 0: never.
        save_every_steps: a checkpoint inside an epoch, too; 0: only at its end.
        keep_checkpoints: so many of the epochs' checkpoints, and of those by steps, are kept.
        probe: whether the largest batch is tried before training starts.
    """

    max_epochs: int = 50
    optimizer: str = "scaled_adam"
    lr: float = 0.045
    schedule: str = "eden"
    warmup_steps: int = 500
    warmup_epochs: float | None = None
    warmup_start: float = 0.5
    lr_batches: float = 7500.0
    lr_epochs: float = 3.5
    weight_decay: float = 1e-6
    grad_clip: float = 5.0
    clipping_scale: float = 2.0
    accumulate: int = 1
    precision: str = "fp32"
    compile: bool = False
    batch_count_sec: float = 600.0
    cr_ctc: bool = False
    cr_scale: float = 0.2
    spec_augment: bool = True
    time_warp: int = 0
    freeze_encoder_epochs: int = 0
    average_period: int = 100
    early_stop_epochs: int = 0
    save_every_steps: int = 0
    keep_checkpoints: int = 5
    log_every_steps: int = 50
    probe: bool = True
    seed: int = 42
    device: str = "cpu"

    def __post_init__(self) -> None:
        """Raises ValueError naming every setting that cannot be."""
        wrong = [
            f"train.{name} is one of {', '.join(allowed)}, not {getattr(self, name)!r}"
            for name, allowed in (
                ("optimizer", OPTIMIZERS),
                ("schedule", SCHEDULES),
                ("precision", PRECISIONS),
            )
            if getattr(self, name) not in allowed
        ]
        for name in ("max_epochs", "accumulate", "keep_checkpoints", "log_every_steps"):
            if getattr(self, name) < 1:
                wrong.append(f"train.{name} is at least 1, not {getattr(self, name)}")
        if self.precision == "fp16" and self.device == "cpu":
            wrong.append("train.precision=fp16 needs a GPU; bf16 and fp32 run on a CPU")
        if wrong:
            raise UserError("; ".join(wrong))


@dataclass(frozen=True)
class CutDataConfig:
    """How cuts become batches.

    Attributes:
        batch_sec: seconds of audio in a batch, padding included.
        min_sec, max_sec: cuts outside are left out, and counted.
        shuffle: a new order every epoch; otherwise the order of the manifest.
        augment: noise, rooms, bandwidth, loudness; recordings of noises and of room responses
            are taken from `noise_dir` and `rir_dir` where given.
        speed_factors: each cut is also there at these speeds.
    """

    batch_sec: float = 200.0
    min_sec: float = 0.3
    max_sec: float = 30.0
    num_buckets: int = 10
    num_workers: int = 1
    shuffle: bool = True
    augment: bool = False
    noise_dir: str | None = None
    rir_dir: str | None = None
    speed_factors: Sequence[float] = ()
    seed: int = 42
