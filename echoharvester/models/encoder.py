"""What all encoders share."""

from __future__ import annotations

from torch import nn


class Encoder(nn.Module):
    """What a CTC model needs of an encoder.

    Attributes:
        output_dim: channels of its output.
        subsampling_factor: input frames for one output frame, frontend included.
        first_frame: middle of the input frames that output frame 0 stands for.
    """

    output_dim: int
    subsampling_factor: int
    first_frame: float
