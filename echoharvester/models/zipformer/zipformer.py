"""Zipformer2 encoder (Yao et al. 2024, "Zipformer", arXiv:2310.11230).

Stacks of layers at falling and rising frame rates.  Names and shapes of parameters are those
of icefall's published checkpoints; layout here is batch first, (N, T, C).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from echoharvester.errors import UserError
from echoharvester.models.encoder import Encoder
from echoharvester.models.zipformer.attention import compact_positions
from echoharvester.models.zipformer.layer import DROPOUT, Bypass, ZipformerLayer
from echoharvester.models.zipformer.memory import NO_MEMORY, LayerMemory
from echoharvester.models.zipformer.regularize import ScheduledDropout
from echoharvester.models.zipformer.schedule import Schedule

WARMUP_BATCHES = 4000.0  # stacks come in one after the other
FEATURE_MASK_RATE = 0.125


class Zipformer(Encoder):
    """(N, T, encoder_dim[0]) at 50 Hz to (N, T', max(encoder_dim)) at 25 Hz."""

    subsampling_factor = 4
    first_frame = 4.0  # the mean of two frontend frames: input frames 0 to 6, and 2 to 8

    def __init__(
        self,
        downsampling_factor: Sequence[int],
        encoder_dim: Sequence[int],
        num_encoder_layers: Sequence[int],
        encoder_unmasked_dim: Sequence[int],
        num_heads: Sequence[int],
        feedforward_dim: Sequence[int],
        cnn_module_kernel: Sequence[int],
        query_head_dim: int = 32,
        pos_head_dim: int = 4,
        value_head_dim: int = 12,
        pos_dim: int = 48,
        causal: bool = False,
        chunk_size: Sequence[int] = (-1,),
        left_context_frames: Sequence[int] = (-1,),
        dropout: float | None = None,
        frontend_channels: int = 128,
    ) -> None:
        """One number a stack; `dropout` None: as published, 0.3 falling to 0.1.

        In training a causal model draws each batch's chunk size and left context (frames at
        50 Hz) from the lists; otherwise it takes their first entries.

        Raises:
            UserError: for lists of unequal length, or chunks that do not divide.
        """
        super().__init__()
        lists = (encoder_dim, num_encoder_layers, encoder_unmasked_dim, num_heads)
        if any(
            len(x) != len(downsampling_factor) for x in (*lists, feedforward_dim, cnn_module_kernel)
        ):
            raise UserError("a Zipformer takes one number a stack in every list of its options")
        if any(size > 0 and size % max(downsampling_factor) for size in chunk_size):
            raise UserError(
                f"chunk_size {list(chunk_size)}: a multiple of {max(downsampling_factor)} is needed"
            )
        self.dropout: Schedule | float = DROPOUT if dropout is None else dropout
        self.encoder_dim, self.unmasked_dim = list(encoder_dim), list(encoder_unmasked_dim)
        self.downsampling_factor = list(downsampling_factor)
        self.output_dim, self.frontend_channels = max(encoder_dim), frontend_channels
        self.causal = causal
        self.chunk_size, self.left_context_frames = list(chunk_size), list(left_context_frames)
        stacks: list[nn.Module] = []
        for i, factor in enumerate(downsampling_factor):
            begin, end = (WARMUP_BATCHES * k / (len(encoder_dim) + 1) for k in (i + 1, i + 2))
            width = (end - begin) / num_encoder_layers[i]
            layers = [
                ZipformerLayer(
                    dim=encoder_dim[i],
                    pos_dim=pos_dim,
                    num_heads=num_heads[i],
                    query_head_dim=query_head_dim,
                    pos_head_dim=pos_head_dim,
                    value_head_dim=value_head_dim,
                    feedforward_dim=feedforward_dim[i],
                    kernel_size=cnn_module_kernel[i],
                    causal=causal,
                    dropout=self.dropout,
                    bypass_skip_rate=Schedule(
                        (begin + k * width, 0.5), (begin + (k + 1) * width, 0.035 * factor**0.5)
                    ),
                )
                for k in range(num_encoder_layers[i])
            ]
            stack = Stack(layers, pos_dim)
            stacks.append(stack if factor == 1 else DownsampledStack(stack, encoder_dim[i], factor))
        self.encoders = nn.ModuleList(stacks)
        self.downsample_output = Downsample(2)

    def forward(self, x: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        """(N, T, encoder_dim[0]) and (N,) frames to (N, (T + 1) // 2, C) and (N,) frames."""
        frames = torch.arange(x.size(1), device=x.device)
        padding = frames[None, :] >= lens[:, None]  # (N, T)
        chunk_size, left_context = self._chunks()
        future = _outside_chunks(frames, chunk_size, left_context)
        feature_masks = self._feature_masks(x)
        outputs = []
        for stack, dim, factor, feature_mask in zip(
            self.encoders, self.encoder_dim, self.downsampling_factor, feature_masks, strict=True
        ):
            x = with_channels(x, dim)
            hidden = padding[:, None, None, ::factor]
            if future is not None:
                hidden = hidden | future[None, None, ::factor, ::factor]
            x = stack(x, hidden, padding[:, ::factor, None], chunk_size, feature_mask)
            outputs.append(x)
        return self.downsample_output(widest(outputs)), (lens + 1) // 2

    def _chunks(self) -> tuple[int, int]:
        """Chunk size in frames, below 0 for one chunk, and chunks of left context, below 0: all."""
        if not self.causal:
            return -1, -1
        pick = 0, 0
        if self.training:
            pick = (
                int(torch.randint(len(self.chunk_size), ())),
                int(torch.randint(len(self.left_context_frames), ())),
            )
        size, left = self.chunk_size[pick[0]], self.left_context_frames[pick[1]]
        if size < 0:
            return -1, -1
        return size, -1 if left < 0 else max(1, left // size)

    def _feature_masks(self, x: Tensor) -> list[Tensor | None]:
        """For each stack, 0 in training for the upper channels of some utterances, (N, 1, C)."""
        if not self.training:
            return [None] * len(self.encoder_dim)
        keep = torch.rand(2, x.size(0), 1, 1, device=x.device) > FEATURE_MASK_RATE
        first, second = keep[0].to(x.dtype), (keep[0] & keep[1]).to(x.dtype)
        masks: list[Tensor | None] = []
        for dim, low in zip(self.encoder_dim, self.unmasked_dim, strict=True):
            middle = low + (dim - low) // 2
            ones = torch.ones_like(first)
            parts = ((ones, low), (first, middle - low), (second, dim - middle))
            masks.append(torch.cat([m.expand(-1, 1, width) for m, width in parts], dim=-1))
        return masks


def _outside_chunks(frames: Tensor, chunk_size: int, left_chunks: int) -> Tensor | None:
    """(T, T), true where a frame (row) may not see another: later chunks, and long past ones."""
    if chunk_size < 0:
        return None
    chunk = frames // chunk_size
    outside = chunk[None, :] > chunk[:, None]
    if left_chunks >= 0:
        outside = outside | (chunk[None, :] < chunk[:, None] - left_chunks)
    return outside


def with_channels(x: Tensor, dim: int) -> Tensor:
    """The first `dim` channels, zeros where there are fewer."""
    if x.size(-1) >= dim:
        return x[..., :dim]
    return nn.functional.pad(x, (0, dim - x.size(-1)))


def widest(outputs: list[Tensor]) -> Tensor:
    """The last stack's output, and behind it the channels that only earlier stacks have."""
    pieces, width = [outputs[-1]], outputs[-1].size(-1)
    for output in reversed(outputs[:-1]):
        if output.size(-1) > width:
            pieces.append(output[..., width:])
            width = output.size(-1)
    return torch.cat(pieces, dim=-1)


class Stack(nn.Module):
    """Layers at one frame rate."""

    def __init__(self, layers: list[ZipformerLayer], pos_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.pos_dim = pos_dim
        self.pos_dropout = ScheduledDropout(0.15)

    def forward(
        self,
        x: Tensor,
        hidden: Tensor,
        padding: Tensor | None,
        chunk_size: int,
        feature_mask: Tensor | None,
        memories: Sequence[LayerMemory] = (),
    ) -> Tensor:
        """x (N, T, C), hidden (N, 1, T or 1, L + T), padding (N, T, 1); a memory for each layer."""
        past = hidden.size(-1) - x.size(1) if memories else 0
        positions = self.pos_dropout(compact_positions(x.size(1), self.pos_dim, x, past))
        if feature_mask is not None:
            x = x * feature_mask
        for i, layer in enumerate(self.layers):
            memory = memories[i] if memories else NO_MEMORY
            x = layer(x, positions, hidden, padding, chunk_size, memory)
            if feature_mask is not None:
                x = x * feature_mask
        return x


class DownsampledStack(nn.Module):
    """A stack at a fraction of the frame rate, between downsampling and upsampling."""

    def __init__(self, stack: Stack, dim: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        self.downsample = Downsample(factor)
        self.encoder = stack
        self.out_combiner = Bypass(dim)

    def forward(
        self,
        x: Tensor,
        hidden: Tensor,
        padding: Tensor | None,
        chunk_size: int,
        feature_mask: Tensor | None,
        memories: Sequence[LayerMemory] = (),
    ) -> Tensor:
        """As a stack; masks are at its own, lower rate, `chunk_size` and x at the higher."""
        chunk = chunk_size // self.factor if chunk_size > 0 else chunk_size
        y = self.encoder(self.downsample(x), hidden, padding, chunk, feature_mask, memories)
        y = y.repeat_interleave(self.factor, dim=1)[:, : x.size(1)]
        return self.out_combiner(x, y)


class Downsample(nn.Module):
    """Learnt mean of each `factor` frames; the last frame is repeated to fill up."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(factor))
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        """(N, T, C) to (N, T', C), T' = T / factor rounded up."""
        t, factor = x.size(1), self.factor
        groups = (t + factor - 1) // factor
        if torch.jit.is_tracing() or groups * factor != t:
            x = x[:, torch.arange(groups * factor, device=x.device).clamp(max=t - 1)]
        weights = self.bias.softmax(dim=0).to(x.dtype)
        return (x.unflatten(1, (-1, factor)) * weights[:, None]).sum(dim=2)
