"""Recognisers, behind one interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from echoharvester.asr.base import Recogniser
from echoharvester.errors import UserError
from echoharvester.models.device import by_hardware
from echoharvester.options import taken_by

KINDS = ("sherpa_onnx", "ctc", "qwen3", "faster_whisper", "vosk", "auto", "none")


class LateRecogniser:
    """A recogniser that is made when it is first needed."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._made: Recogniser | None = None

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        self._made = self._made or make_recogniser(self._settings)
        assert self._made
        return self._made.transcribe(utterances)


def make_recogniser(settings: Mapping[str, Any]) -> Recogniser | None:
    """The recogniser that `kind` names; None for `none`.

    Files may be named by an address on the hub (`models.hub`).

    Raises:
        UserError: for a kind that does not exist.
        ImportError: if it needs a package that is not installed.
        FileNotFoundError: if its model is missing.
    """
    settings = by_hardware(settings)
    kind = settings["kind"]
    if kind == "none":
        return None
    if kind == "ctc":
        from echoharvester.asr.ctc import CtcRecogniser
        from echoharvester.models.acoustic import load_acoustic_model

        model = load_acoustic_model(_file(settings["model"]), settings["num_threads"])
        return CtcRecogniser(model, settings["batch_sec"])
    if kind == "sherpa_onnx":
        from echoharvester.asr.sherpa import SherpaRecogniser

        options = taken_by(SherpaRecogniser, settings)
        for name in ("model", "tokens", "decoder", "joiner"):
            options[name] = _file(options[name]) if options[name] else None
        return SherpaRecogniser(**options)
    if kind == "qwen3":
        from echoharvester.asr.qwen3 import Qwen3Recogniser

        return Qwen3Recogniser(**taken_by(Qwen3Recogniser, settings))
    if kind == "faster_whisper":
        from echoharvester.asr.faster_whisper import WhisperRecogniser

        return WhisperRecogniser(**taken_by(WhisperRecogniser, settings))
    if kind == "vosk":
        from echoharvester.asr.vosk import VoskRecogniser

        return VoskRecogniser(**taken_by(VoskRecogniser, settings))
    raise UserError(f"asr.kind is one of {', '.join(KINDS)}, not {kind!r}")


def _file(reference: str) -> Path:
    from echoharvester.models.hub import fetch

    return fetch(str(reference))
