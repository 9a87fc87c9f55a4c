"""Recognition by Vosk (an extra), on a CPU: Kaldi's time-delay networks with a graph of words.

Slow beside neural recognisers and weaker, and unlike all of them: a second recogniser that errs
elsewhere.  It runs in processes of its own, because its library and sherpa-onnx's both bring OpenFst,
of which one process bears but one copy: with both, memory is damaged sooner or later.
"""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.errors import MissingExtraError
from echoharvester.models.extras import how_to_install

_TAIL_SEC = 0.25  # of stillness after an utterance: the network looks ahead
_loaded: Any = None  # in a process of its own: the package and the model


class VoskRecogniser:
    """As many utterances at a time as there are processes, each with the model loaded once."""

    def __init__(self, model: str, num_threads: int = 1) -> None:
        """
        Args:
            model: folder of a Vosk model, such as vosk-model-small-ko-0.22 unpacked.
            num_threads: processes; each takes the memory of the model.

        Raises:
            MissingExtraError: if vosk is not installed.
            FileNotFoundError: if the folder holds no model.
        """
        if importlib.util.find_spec("vosk") is None:
            raise MissingExtraError(f"vosk is not installed; {how_to_install('vosk')}")
        if not (Path(model) / "am" / "final.mdl").is_file():
            raise FileNotFoundError(
                f"{model} is no folder of a Vosk model: it has no am/final.mdl; unpack one there, such as "
                "vosk-model-small-ko-0.22"
            )
        self._model = model
        self._pool = ProcessPoolExecutor(
            num_threads, multiprocessing.get_context("spawn"), _load, (model,)
        )

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        """See `Recogniser`.

        Raises:
            RuntimeError: if the model cannot be loaded.
        """
        try:
            return list(self._pool.map(_heard, utterances))
        except BrokenProcessPool as error:
            raise RuntimeError(
                f"Vosk has ended before it was done; is {self._model} whole?"
            ) from error


def _load(model: str) -> None:
    global _loaded
    import vosk

    vosk.SetLogLevel(-1)
    with tempfile.TemporaryDirectory() as folder:
        _loaded = vosk, vosk.Model(str(_without_dither(Path(model), Path(folder) / "model")))


def _heard(utterance: np.ndarray) -> str:
    package, model = _loaded
    recogniser = package.KaldiRecognizer(model, SAMPLING_RATE)
    tail = np.zeros(int(_TAIL_SEC * SAMPLING_RATE), np.float32)
    sound = np.clip(np.concatenate([utterance, tail]), -1, 1) * 32767
    parts = []
    if recogniser.AcceptWaveform(sound.astype(np.int16).tobytes()):
        parts.append(recogniser.Result())  # it has taken a pause for the end
    parts.append(recogniser.FinalResult())
    return " ".join(filter(None, (json.loads(part)["text"] for part in parts)))


def _without_dither(model: Path, folder: Path) -> Path:
    """The model in another folder, its features without the noise that Kaldi adds to sound: with it the
    same utterance is heard otherwise by chance."""
    folder.mkdir()
    for path in model.resolve().iterdir():
        if path.name != "conf":
            (folder / path.name).symlink_to(path)
    shutil.copytree(model / "conf", folder / "conf")
    with open(folder / "conf" / "mfcc.conf", "a", encoding="utf-8") as file:
        file.write("\n--dither=0\n")
    return folder
