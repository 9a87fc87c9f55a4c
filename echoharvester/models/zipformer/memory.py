"""What modules remember of the sound before a chunk, when sound comes chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


class Past:
    """The last frames that went through a module."""

    def __init__(self, frames: Tensor, dim: int = 1) -> None:
        """`dim`: the dimension of `frames` that is time."""
        self.frames, self.dim = frames, dim

    def before(self, x: Tensor) -> Tensor:
        """`x` behind the frames remembered; from then on its last ones are."""
        joined = torch.cat((self.frames, x), dim=self.dim)
        length = self.frames.size(self.dim)
        self.frames = joined.narrow(self.dim, joined.size(self.dim) - length, length)
        return joined


def behind(past: Past | None, x: Tensor) -> Tensor:
    """`x` as a module sees it: alone, or behind what is remembered."""
    return x if past is None else past.before(x)


@dataclass(frozen=True)
class LayerMemory:
    """Memories of one layer; without any it sees the whole sound at once.

    Attributes:
        key: (N, L, H * query_head_dim).
        nonlin: values of the nonlinear attention, (N, L, 3 * C / 4).
        value1, value2: (N, L, H * value_head_dim).
        conv1, conv2: (N, C, kernel // 2).
    """

    key: Past | None = None
    nonlin: Past | None = None
    value1: Past | None = None
    value2: Past | None = None
    conv1: Past | None = None
    conv2: Past | None = None

    @classmethod
    def of(cls, frames: list[Tensor]) -> LayerMemory:
        """From tensors in the order of the attributes."""
        key, nonlin, value1, value2, conv1, conv2 = frames
        attention = Past(key), Past(nonlin), Past(value1), Past(value2)
        return cls(*attention, Past(conv1, dim=2), Past(conv2, dim=2))

    def frames(self) -> list[Tensor]:
        """What is remembered now, in the order of the attributes."""
        parts = (self.key, self.nonlin, self.value1, self.value2, self.conv1, self.conv2)
        return [past.frames for past in parts if past is not None]


NO_MEMORY = LayerMemory()
