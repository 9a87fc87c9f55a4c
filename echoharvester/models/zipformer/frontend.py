"""Convolutions that halve the frame rate before the first stack."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from echoharvester.models.cpu_layout import as_image, depthwise_2d, pointwise
from echoharvester.models.zipformer.regularize import (
    Balancer,
    ScaleGrad,
    ScheduledDropout,
    Whiten,
)
from echoharvester.models.zipformer.schedule import Schedule, Scheduled
from echoharvester.models.zipformer.swoosh import BiasNorm, Swoosh, scale_initial


class ConvFrontend(nn.Module):
    """Filterbank features (N, T, 80) to (N, T', dim), T' = (T - 7) // 2."""

    def __init__(
        self, num_features: int, dim: int, dropout: Schedule | float, channels: int = 128
    ) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=(0, 1)),
            ScaleGrad(0.2),
            Balancer(channel_dim=1, max_abs=1.0),
            Swoosh("R"),
            nn.Conv2d(8, 32, 3, stride=2),
            Balancer(channel_dim=1, max_abs=4.0),
            Swoosh("R"),
            nn.Conv2d(32, channels, 3, stride=(1, 2)),
            Balancer(channel_dim=1, max_abs=4.0),
            Swoosh("R"),
        )
        self.convnext = ConvNeXt(channels)
        width = ((num_features - 1) // 2 - 1) // 2
        self.out = nn.Linear(width * channels, dim)
        self.out_whiten = Whiten(Schedule((0.0, 4.0), (20000.0, 8.0)), grad_scale=0.02)
        self.out_norm = BiasNorm(dim)
        self.dropout = ScheduledDropout(dropout, shared_dim=1)

    def forward(self, features: Tensor, lens: Tensor) -> tuple[Tensor, Tensor]:
        x = self.convnext(self.conv(as_image(features)))  # (N, C, T', F)
        return self._project(x), (lens - 7) // 2

    def stream(self, features: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """A chunk, in time with `forward`: (N, 2T + 13, 80) to (N, T, dim).

        Chunks overlap by 13 frames: 7 of the convolutions and, at half the rate, 3 that the
        ConvNeXt looks ahead.  `past` (N, channels, 3, F) is what it looks back at, zeros at
        first; that for the next chunk is returned, too.
        """
        x, past = self.convnext.stream(self.conv(as_image(features)), past)
        return self._project(x), past

    def _project(self, x: Tensor) -> Tensor:
        """(N, C, T, F) to (N, T, dim)."""
        x = self.out(x.transpose(1, 2).flatten(2))
        return self.dropout(self.out_norm(self.out_whiten(x)))


class ConvNeXt(Scheduled):
    """Depthwise 7 x 7, three times as many channels, and back; a residual (Liu et al. 2022)."""

    def __init__(self, channels: int, expansion: int = 3) -> None:
        super().__init__()
        self.depthwise_conv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.pointwise_conv1 = nn.Conv2d(channels, expansion * channels, 1)
        self.hidden_balancer = Balancer(
            channel_dim=1, min_positive=0.3, max_positive=1.0, min_abs=0.75, max_abs=5.0
        )
        self.activation = Swoosh("L")
        self.pointwise_conv2 = nn.Conv2d(expansion * channels, channels, 1)
        scale_initial(self.pointwise_conv2, 0.01)
        self.out_balancer = Balancer(
            channel_dim=1, min_positive=0.4, max_positive=0.6, min_abs=1.0, max_abs=6.0
        )
        self.out_whiten = Whiten(5.0)
        self.skip_rate = Schedule((0.0, 0.2), (20000.0, 0.015))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, F)."""
        residual, x = x, self._pointwise(depthwise_2d(self.depthwise_conv, x))
        if self.training:
            keep = torch.rand(x.size(0), 1, 1, 1, device=x.device) > self.now(self.skip_rate)
            x = x * keep.to(x.dtype)
        x = self.out_balancer(residual + x)
        if self.training and x.requires_grad:
            x = self.out_whiten(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x

    def stream(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, T + 3, F) and what was before, (N, C, 3, F), to (N, C, T, F) and the next past."""
        conv, reach = self.depthwise_conv, past.size(2)
        t = x.size(2) - reach
        window = torch.cat((past, x), dim=2)
        mixed = F.conv2d(window, conv.weight, conv.bias, padding=(0, 3), groups=conv.groups)
        return x[:, :, :t] + self._pointwise(mixed), window[:, :, t : t + reach]

    def _pointwise(self, x: Tensor) -> Tensor:
        x = self.hidden_balancer(pointwise(self.pointwise_conv1, x))
        return pointwise(self.pointwise_conv2, self.activation(x))
