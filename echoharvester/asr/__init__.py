"""Recognisers, behind one interface."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from echoharvester.asr.base import Recogniser


def make_recogniser(settings: dict[str, Any]) -> Recogniser:
    """The recogniser that `kind` names.

    Raises:
        ValueError: for a kind that does not exist.
    """
    if settings["kind"] == "ctc":
        from echoharvester.asr.ctc import CtcRecogniser
        from echoharvester.models.acoustic import load_acoustic_model

        model = load_acoustic_model(Path(settings["model"]), settings["num_threads"])
        return CtcRecogniser(model, settings["batch_sec"])
    if settings["kind"] == "sherpa_onnx":
        from echoharvester.asr.sherpa import SherpaRecogniser

        paths = {
            name: Path(settings[name]) if settings[name] else None
            for name in ("tokens", "decoder", "joiner")
        }
        return SherpaRecogniser(
            Path(settings["model"]), num_threads=settings["num_threads"],
            batch_sec=settings["batch_sec"], **paths,
        )  # fmt: skip
    raise ValueError(f"asr.kind is sherpa_onnx or ctc, not {settings['kind']!r}")
