"""One contract for every recogniser."""

import numpy as np
import pytest

from echoharvester.asr import make_recogniser
from echoharvester.asr.base import by_duration
from echoharvester.text.scores import cer, total


@pytest.fixture(params=["ctc checkpoint", "ctc onnx", "sherpa_onnx"])
def recogniser(request, recogniser_dir):
    options = {"num_threads": 1, "batch_sec": 20.0}
    if request.param == "sherpa_onnx":
        options |= {"kind": "sherpa_onnx", "tokens": None, "decoder": None, "joiner": None}
    else:
        options["kind"] = "ctc"
    name = "pretrained.pt" if "checkpoint" in request.param else "model.int8.onnx"
    return make_recogniser({**options, "model": str(recogniser_dir / name)})


@pytest.fixture
def spoken(spoken_sentences):
    samples, sentences = spoken_sentences
    bounds = [(w[0].start_sec - 0.1, w[-1].end_sec + 0.1) for w in sentences]
    cut = [samples[round(a * 16000) : round(b * 16000)].copy() for a, b in bounds]
    return cut, [" ".join(x.text for x in w) for w in sentences]


def test_it_hears_what_is_said_in_the_order_of_the_utterances(recogniser, spoken):
    cut, texts = spoken
    heard = recogniser.transcribe(cut)
    assert total(cer(a, b) for a, b in zip(texts, heard, strict=True)).rate < 0.15
    assert recogniser.transcribe(cut[::-1]) == heard[::-1]


def test_a_batch_changes_nothing(recogniser, spoken):
    cut, _ = spoken
    assert [recogniser.transcribe([one])[0] for one in cut] == recogniser.transcribe(cut)


def test_nothing_said_is_an_empty_text_and_no_utterances_are_none(recogniser):
    assert recogniser.transcribe([np.zeros(16000, np.float32)]) == [""]
    assert recogniser.transcribe([]) == []


def test_very_short_sound_is_no_fault(recogniser):
    assert len(recogniser.transcribe([np.zeros(1600, np.float32)])) == 1


def test_files_that_are_missing_are_named(tmp_path, recogniser_dir):
    options = {
        "kind": "sherpa_onnx",
        "model": str(tmp_path / "no.onnx"),
        "tokens": None,
        "decoder": None,
        "joiner": None,
        "num_threads": 1,
        "batch_sec": 60.0,
    }
    with pytest.raises(FileNotFoundError, match="no.onnx"):
        make_recogniser(options)
    with pytest.raises(ValueError, match="both"):
        make_recogniser({**options, "decoder": "d.onnx"})
    with pytest.raises(ValueError, match="asr.kind"):
        make_recogniser({"kind": "magic"})


def test_batches_hold_no_more_than_they_may():
    utterances = [np.zeros(16000 * n, np.float32) for n in (5, 1, 30, 2, 2)]
    batches = by_duration(utterances, 10.0)
    assert sorted(i for batch in batches for i in batch) == [0, 1, 2, 3, 4]
    assert batches == [[1, 3, 4], [0], [2]]
