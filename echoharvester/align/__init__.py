"""Aligners, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from echoharvester.align.base import Aligner, BoundaryConfig
from echoharvester.errors import UserError
from echoharvester.models.device import by_hardware
from echoharvester.options import taken_by

ASKED = ("whisper", "ctc")  # hear a recording once, and are asked of many texts


def make_aligner(settings: Mapping[str, Any]) -> Aligner:
    """The aligner that `kind` names; of `auto` that of this machine's hardware.

    Raises:
        UserError: for a kind that does not exist.
        FileNotFoundError: if its model is missing.
    """
    settings = by_hardware(settings)
    kind = settings["kind"]
    if kind == "none":
        from echoharvester.align.media import CaptionTimes

        return CaptionTimes()
    if kind not in ("ctc", "whisper", "qwen3"):
        raise UserError(f"align.kind is ctc, whisper, qwen3, auto or none, not {kind!r}")
    # By name: a recipe may have set what belongs to another kind.
    boundaries = BoundaryConfig(**taken_by(BoundaryConfig, settings))
    if kind == "qwen3":
        from echoharvester.align.qwen3 import Qwen3Aligner

        return Qwen3Aligner(**taken_by(Qwen3Aligner, settings), boundaries=boundaries)
    if kind == "whisper":
        from echoharvester.align.whisper import WhisperAligner
        from echoharvester.models.whisper import Whisper

        whisper = Whisper(**taken_by(Whisper, settings))
        return WhisperAligner(whisper, boundaries, settings["read_out"])
    from echoharvester.align.ctc import CtcAligner
    from echoharvester.models.acoustic import load_acoustic_model
    from echoharvester.models.hub import fetch

    tokens = settings.get("tokens")
    model = load_acoustic_model(
        fetch(str(settings["model"])),
        settings["num_threads"],
        fetch(str(tokens)) if tokens else None,
    )
    return CtcAligner(model, boundaries, settings["chunk_sec"])
