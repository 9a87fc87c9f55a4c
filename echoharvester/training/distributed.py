"""The processes that train one model together (torchrun or Slurm), or one alone."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn


@dataclass(frozen=True)
class DistributedContext:
    """This process among those that train together.

    Gradients are summed in one piece after each step's backward passes, together with the
    numbers that all must agree on.  Nothing depends on how many batches each process has, so
    N processes do exactly what one does that accumulates N batches.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def all_reduce_sum(
        self, parameters: Sequence[nn.Parameter], numbers: Sequence[float]
    ) -> list[float]:
        """Replaces gradients by their sums over all processes; returns the numbers' sums.

        A parameter that has a gradient in some processes only has one in all afterwards.
        """
        if self.size == 1:
            return list(numbers)
        device = parameters[0].device
        present = torch.tensor(
            [p.grad is not None for p in parameters], dtype=torch.float32, device=device
        )
        dist.all_reduce(present)
        used = [p for p, count in zip(parameters, present.tolist(), strict=True) if count]
        sums = self.sum_of(numbers, device)
        if used:
            grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in used]
            flat = torch.cat([g.reshape(-1) for g in grads])
            dist.all_reduce(flat)
            pieces = flat.split([g.numel() for g in grads])
            for parameter, piece in zip(used, pieces, strict=True):
                parameter.grad = piece.view_as(parameter)
        return sums

    def sum_of(self, numbers: Sequence[float], device: torch.device) -> list[float]:
        """The sums of each number over all processes."""
        values = torch.tensor(list(numbers), dtype=torch.float64, device=device)
        if self.size > 1:
            dist.all_reduce(values)
        return values.tolist()

    def broadcast(self, tensors: Sequence[Tensor]) -> None:
        """Makes tensors equal to those of the first process."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor, 0)

    def broadcast_number(self, number: float, device: torch.device) -> float:
        """The first process's number."""
        value = torch.tensor([number], dtype=torch.float64, device=device)
        self.broadcast([value])
        return value.item()

    def wait(self) -> None:
        if self.size > 1:
            dist.barrier()


def join_distributed(device: str) -> DistributedContext:
    """Joins the processes that `torchrun` or `srun` started; alone if neither did.

    Reads RANK, WORLD_SIZE and LOCAL_RANK, or Slurm's SLURM_PROCID, SLURM_NTASKS and
    SLURM_LOCALID where MASTER_ADDR and MASTER_PORT are set.
    """
    environment = os.environ
    if "WORLD_SIZE" not in environment and "MASTER_ADDR" in environment:
        for name, slurm in _SLURM.items():
            if slurm in environment:
                environment.setdefault(name, environment[slurm])
    size = int(environment.get("WORLD_SIZE", "1"))
    if size == 1:
        return DistributedContext()
    context = DistributedContext(
        int(environment["RANK"]), size, int(environment.get("LOCAL_RANK", "0"))
    )
    if device.startswith("cuda"):
        torch.cuda.set_device(context.local_rank)
    backend = "nccl" if device.startswith("cuda") else "gloo"
    dist.init_process_group(backend, timeout=_TIMEOUT)
    return context


def leave_distributed() -> None:
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()


_SLURM = {"WORLD_SIZE": "SLURM_NTASKS", "RANK": "SLURM_PROCID", "LOCAL_RANK": "SLURM_LOCALID"}
# One process may wait long for another that reads from a slow disk; NCCL's own limit is ten minutes.
_TIMEOUT = timedelta(hours=1)
