"""Aligners, behind one interface."""

from __future__ import annotations

from typing import Any

from echoharvester.align.base import Aligner


def make_aligner(settings: dict[str, Any]) -> Aligner:
    """The aligner that `kind` names.

    Raises:
        ValueError: for a kind that does not exist.
    """
    options = dict(settings)
    kind = options.pop("kind")
    if kind == "none":
        from echoharvester.align.media import CaptionTimes

        return CaptionTimes()
    for of_every_aligner in ("pad_sec", "salvage", "calibration"):
        options.pop(of_every_aligner)
    if kind == "qwen3":
        from echoharvester.align.base import BoundaryConfig
        from echoharvester.align.qwen3 import Qwen3Aligner

        own = {k: options.pop(k) for k in ("repo", "device", "max_chunk_sec", "revision")}
        return Qwen3Aligner(**own, boundaries=BoundaryConfig(**options))
    if kind == "ctc":
        from echoharvester.align.base import BoundaryConfig
        from echoharvester.align.ctc import CtcAligner
        from echoharvester.models.acoustic import load_acoustic_model
        from echoharvester.models.hub import fetch

        model = load_acoustic_model(fetch(str(options.pop("model"))), options.pop("num_threads"))
        chunk_sec = options.pop("chunk_sec")
        return CtcAligner(model, BoundaryConfig(**options), chunk_sec)
    raise ValueError(f"align.kind is ctc, qwen3 or none, not {kind!r}")
