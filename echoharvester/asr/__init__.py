"""Recognisers, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from echoharvester.asr.base import Recogniser
from echoharvester.errors import UserError
from echoharvester.models.device import has_gpu

_OPTIONS = {
    "sherpa_onnx": ("model", "tokens", "decoder", "joiner", "num_threads", "batch_sec"),
    "ctc": ("model", "num_threads", "batch_sec"),
    "qwen3": ("repo", "revision", "device", "batch_sec", "max_new_tokens"),
    "faster_whisper": ("repo", "device", "compute_type", "beam_size", "num_threads", "batch_sec"),
}
KINDS = (*_OPTIONS, "auto", "none")


def chosen(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings themselves; of `auto` those of `gpu` where torch finds one, else of `cpu`."""
    if settings["kind"] != "auto":
        return settings
    return settings["gpu" if has_gpu() else "cpu"]


def make_recogniser(settings: Mapping[str, Any]) -> Recogniser | None:
    """The recogniser that `kind` names; None for `none`.

    Files may be named by an address on the hub (`models.hub`).

    Raises:
        UserError: for a kind that does not exist.
        ImportError: if it needs a package that is not installed.
        FileNotFoundError: if its model is missing.
    """
    settings = chosen(settings)
    kind = settings["kind"]
    if kind == "none":
        return None
    if kind not in _OPTIONS:
        raise UserError(f"asr.kind is one of {', '.join(KINDS)}, not {kind!r}")
    # By name: a recipe may have set what belongs to another kind.
    options = {name: settings[name] for name in _OPTIONS[kind]}
    if kind == "ctc":
        from echoharvester.asr.ctc import CtcRecogniser
        from echoharvester.models.acoustic import load_acoustic_model

        model = load_acoustic_model(_file(options["model"]), options["num_threads"])
        return CtcRecogniser(model, options["batch_sec"])
    if kind == "sherpa_onnx":
        from echoharvester.asr.sherpa import SherpaRecogniser

        for name in ("model", "tokens", "decoder", "joiner"):
            options[name] = _file(options[name]) if options[name] else None
        return SherpaRecogniser(**options)
    if kind == "qwen3":
        from echoharvester.asr.qwen3 import Qwen3Recogniser

        return Qwen3Recogniser(**options)
    from echoharvester.asr.faster_whisper import WhisperRecogniser

    return WhisperRecogniser(**options)


def _file(reference: str) -> Path:
    from echoharvester.models.hub import fetch

    return fetch(str(reference))
