"""A causal Zipformer that hears sound chunk by chunk, as it comes.

What it says is what the whole sound at once gives with the same chunk size and left context.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from echoharvester.models.zipformer.frontend import ConvFrontend
from echoharvester.models.zipformer.layer import ZipformerLayer
from echoharvester.models.zipformer.memory import LayerMemory
from echoharvester.models.zipformer.zipformer import (
    DownsampledStack,
    Stack,
    Zipformer,
    widest,
    with_channels,
)

FRONTEND_REACH = 3  # frames at 50 Hz that the frontend looks back and ahead
STATES_PER_LAYER = 6


class StreamingZipformer(nn.Module):
    """Chunks of features and a state to encoder output and the next state.

    Attributes:
        chunk_size: frames at 50 Hz of a chunk.
        left_context: frames at 50 Hz before it that attention reaches.
        num_frames: feature frames that a chunk takes ...
        shift: ... and how many of them the next one no longer does.
        left_contexts: the left context at each stack's own rate.
    """

    def __init__(
        self, embed: ConvFrontend, encoder: Zipformer, chunk_size: int, left_context: int
    ) -> None:
        """
        Raises:
            ValueError: for a model that is not causal, and for sizes that do not divide.
        """
        super().__init__()
        largest = max(encoder.downsampling_factor)
        if not encoder.causal:
            raise ValueError("only a causal Zipformer streams: train with model.causal=true")
        if chunk_size <= 0 or chunk_size % largest:
            raise ValueError(f"chunk_size {chunk_size}: a positive multiple of {largest} is needed")
        if left_context <= 0 or left_context % chunk_size:
            raise ValueError(
                f"left_context_frames {left_context}: a positive multiple of chunk_size "
                f"{chunk_size} is needed"
            )
        self.embed, self.encoder = embed, encoder
        self.chunk_size, self.left_context = chunk_size, left_context
        self.shift = 2 * chunk_size
        self.num_frames = self.shift + 2 * FRONTEND_REACH + 7
        self.left_contexts = [left_context // factor for factor in encoder.downsampling_factor]

    def initial_state(self, batch_size: int = 1) -> list[Tensor]:
        """The state before the first chunk, batch first: six tensors a layer (see LayerMemory),
        then the frontend's past (N, channels, 3, F) and the frames at 50 Hz heard so far (N,).
        """
        state: list[Tensor] = []
        for stack, left in zip(self._stacks(), self.left_contexts, strict=True):
            for layer in stack.layers:
                shapes = cast(ZipformerLayer, layer).memory_shapes(left)
                state += [torch.zeros(batch_size, *shape) for shape in shapes]
        channels = self.embed.convnext.depthwise_conv.in_channels
        width = self.embed.out.in_features // channels
        return [
            *state,
            torch.zeros(batch_size, channels, FRONTEND_REACH, width),
            torch.zeros(batch_size, dtype=torch.int64),
        ]

    def forward(self, features: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """(N, num_frames, 80) to (N, chunk_size / 2, C), and the state for the next chunk."""
        *layers, past, heard = state
        x, past = self.embed.stream(features, past)
        hidden = self._hidden(x, heard)
        outputs, kept = [], []
        first = 0
        for module, stack, dim, factor in zip(
            self.encoder.encoders,
            self._stacks(),
            self.encoder.encoder_dim,
            self.encoder.downsampling_factor,
            strict=True,
        ):
            last = first + STATES_PER_LAYER * len(stack.layers)
            memories = [
                LayerMemory.of(list(layers[i : i + STATES_PER_LAYER]))
                for i in range(first, last, STATES_PER_LAYER)
            ]
            x = with_channels(x, dim)
            x = module(x, hidden[:, None, None, ::factor], None, -1, None, memories)
            outputs.append(x)
            kept += [frames for memory in memories for frames in memory.frames()]
            first = last
        x = self.encoder.downsample_output(widest(outputs))
        return x, [*kept, past, heard + self.chunk_size]

    def _hidden(self, x: Tensor, heard: Tensor) -> Tensor:
        """(N, L + T), true where no sound has been yet."""
        age = torch.arange(self.left_context, 0, -1, device=x.device)
        before = age[None, :] > heard[:, None]
        return torch.cat((before, torch.zeros_like(x[..., 0], dtype=torch.bool)), dim=1)

    def _stacks(self) -> list[Stack]:
        return [
            s.encoder if isinstance(s, DownsampledStack) else cast(Stack, s)
            for s in self.encoder.encoders
        ]
