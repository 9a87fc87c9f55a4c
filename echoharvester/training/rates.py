"""Optimisers and learning rates."""

from __future__ import annotations

import math

import torch
from torch import nn

from echoharvester.training.config import TrainConfig
from echoharvester.training.optim import ScaledAdam, eden


def make_optimizer(model: nn.Module, config: TrainConfig) -> torch.optim.Optimizer:
    """The optimiser, its learning rate still 0."""
    parameters = list(model.parameters())
    if config.optimizer == "scaled_adam":
        return ScaledAdam(parameters, lr=0.0, clipping_scale=config.clipping_scale)
    return torch.optim.AdamW(
        parameters, lr=0.0, betas=(0.9, 0.98), eps=1e-9, weight_decay=config.weight_decay
    )


def learning_rate(
    config: TrainConfig, step: int, epoch: int, steps_per_epoch: int, width: int
) -> float:
    """Learning rate of a step (from 0) in an epoch (from 0); `width`: channels of the encoder."""
    warmup = config.warmup_steps
    if config.warmup_epochs is not None:
        warmup = max(1, round(config.warmup_epochs * steps_per_epoch))
    if config.schedule == "eden":
        return eden(
            config.lr, step, epoch, config.lr_batches, config.lr_epochs, warmup, config.warmup_start
        )
    step += 1
    if config.schedule == "noam":
        return config.lr * width**-0.5 * min(step**-0.5, step * warmup**-1.5)
    if step < warmup:
        return config.lr * step / warmup
    done = (step - warmup) / max(1, config.max_epochs * steps_per_epoch - warmup)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
