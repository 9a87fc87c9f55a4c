"""Recognition by Vosk (an extra), on a CPU: Kaldi's time-delay networks with a graph of words.

Slow beside neural recognisers and weaker, and unlike all of them: a second recogniser that errs
elsewhere.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.models.extras import require

_TAIL_SEC = 0.25  # of stillness after an utterance: the network looks ahead


class VoskRecogniser:
    """One model, loaded once, for as many utterances at a time as there are threads."""

    def __init__(self, model: str, num_threads: int = 1) -> None:
        """
        Args:
            model: folder of a Vosk model, such as vosk-model-small-ko-0.22 unpacked.

        Raises:
            MissingExtraError: if vosk is not installed.
            FileNotFoundError: if the folder holds no model.
        """
        self._vosk = require("vosk", "vosk")
        if not (Path(model) / "am" / "final.mdl").is_file():
            raise FileNotFoundError(
                f"{model} is no folder of a Vosk model: it has no am/final.mdl; unpack one there, such as "
                "vosk-model-small-ko-0.22"
            )
        self._vosk.SetLogLevel(-1)
        with tempfile.TemporaryDirectory() as folder:
            self._model = self._vosk.Model(
                str(_without_dither(Path(model), Path(folder) / "model"))
            )
        self._threads = num_threads

    def transcribe(self, utterances: Sequence[np.ndarray]) -> list[str]:
        with ThreadPoolExecutor(self._threads) as pool:
            return list(pool.map(self._heard, utterances))

    def _heard(self, utterance: np.ndarray) -> str:
        recogniser = self._vosk.KaldiRecognizer(self._model, SAMPLING_RATE)
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
