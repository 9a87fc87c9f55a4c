"""One contract for every recogniser."""

import numpy as np
import pytest
from tiny_models import qwen3, whisper

from echoharvester.asr import make_recogniser
from echoharvester.asr.base import TextJudge, by_duration, in_batches
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


@pytest.fixture(params=["qwen3", "faster_whisper"])
def random_model(request, tmp_path):
    """A model of other makers, tiny, with random weights: it hears nothing, but it runs."""
    if request.param == "qwen3":
        pytest.importorskip("qwen_asr")
        folder = qwen3(tmp_path / "model", aligner=False)
        options = {"batch_sec": 20.0, "max_new_tokens": 8, "revision": None}
    else:
        pytest.importorskip("faster_whisper")
        folder = whisper(tmp_path / "model")
        options = {"batch_sec": 240.0, "compute_type": "float32", "beam_size": 1, "num_threads": 1}
    return make_recogniser({"kind": request.param, "repo": str(folder), "device": "cpu", **options})


@pytest.mark.slow
def test_models_of_other_makers_run_in_batches(random_model, spoken):
    cut, _ = spoken
    sounds = [*cut, cut[0][:3200], np.tile(cut[1], 15)[: 16000 * 40]]
    heard = random_model.transcribe(sounds)
    assert len(heard) == len(sounds) and all(isinstance(text, str) for text in heard)
    assert any(heard)
    assert random_model.transcribe(sounds[::-1]) == heard[::-1]
    assert random_model.transcribe([]) == []


@pytest.mark.slow
def test_qwen3_says_how_probable_a_text_is_as_its_own_text_pass_does(tmp_path, spoken):
    """Against the whole prompt with its text, put through the package's processor and model at once."""
    import torch

    pytest.importorskip("qwen_asr")
    folder = str(qwen3(tmp_path / "model", aligner=False))
    options = {"batch_sec": 60.0, "max_new_tokens": 8, "revision": None, "device": "cpu"}
    recogniser = make_recogniser({"kind": "qwen3", "repo": folder, "evidence": True, **options})
    assert isinstance(recogniser, TextJudge) and recogniser.heard_by == f"qwen3 {folder}"
    cut, _ = spoken
    sounds, texts = (
        [cut[0], cut[1][:24000], cut[0][:8000]],
        ["오늘은 날씨가 좋아요", "네", "3번 만나요"],
    )
    heard = ["오늘은 날씨", "", "세 번"]
    found = recogniser.evidence(sounds, texts, heard)
    package = recogniser._model
    for sound, text, other, evidence in zip(sounds, texts, heard, found, strict=True):
        assert list(evidence.words) == text.split() and list(evidence.heard) == other.split()
        prompt = package._build_text_prompt(context="", force_language="Korean")
        inputs = package.processor(text=[prompt + text], audio=[sound], return_tensors="pt")
        with torch.inference_mode():
            logits = package.model.thinker(**inputs).logits[0].float().log_softmax(-1)
        tokens = package.processor.tokenizer(text)["input_ids"]
        ids = inputs["input_ids"][0]
        assert ids[-len(tokens) :].tolist() == tokens
        theirs = [float(logits[i - 1, ids[i]]) for i in range(len(ids) - len(tokens), len(ids))]
        ours = [p for word in evidence.log_probs for p in word]
        assert ours[:-1] == pytest.approx(theirs, abs=1e-3)
        end = package.processor.tokenizer.convert_tokens_to_ids("<|im_end|>")
        assert float(logits[-1, end]) < ours[-1] <= 0  # its end, or a full stop
        assert len(evidence.heard_log_probs) == len(other.split())
    assert recogniser.evidence(sounds[:1], [""], [""]) == [None]
    again = recogniser.evidence(sounds[:1], texts[:1], heard[:1])[0]
    assert again.mean_log_prob == pytest.approx(found[0].mean_log_prob, abs=1e-4)
    without = make_recogniser({"kind": "qwen3", "repo": folder, "evidence": False, **options})
    assert not without.heard_by


def test_a_model_that_is_not_there_is_named(tmp_path):
    pytest.importorskip("qwen_asr")
    options = {"batch_sec": 20.0, "max_new_tokens": 8, "revision": None, "device": "cpu"}
    with pytest.raises((OSError, ValueError), match="nowhere"):
        make_recogniser({"kind": "qwen3", "repo": str(tmp_path / "nowhere"), **options})


def test_a_package_that_is_missing_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "qwen_asr", None)
    with pytest.raises(ImportError, match=r"\[qwen\]"):
        make_recogniser({"kind": "qwen3", "repo": "x", "revision": None, "device": "cpu",
                         "batch_sec": 1.0, "max_new_tokens": 1})  # fmt: skip


def seconds(count):
    return [np.full(16000, i, np.float32) for i in range(count)]


@pytest.mark.parametrize("error", [
    MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"),
    RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory"), RuntimeError("std::bad_alloc"),
])  # fmt: skip
def test_memory_that_does_not_suffice_halves_the_batch(error):
    sizes = []

    def recognise(batch):
        if len(batch) > 3:
            raise error
        sizes.append(len(batch))
        return [str(int(sound[0])) for sound in batch]

    assert in_batches(seconds(16), 16.0, recognise) == [str(i) for i in range(16)]
    assert sizes == [2] * 8


def test_an_utterance_that_never_fits_and_other_faults_are_errors():
    def recognise(batch):
        raise RuntimeError("out of memory")

    with pytest.raises(MemoryError, match=r"1\.0 s of speech"):
        in_batches(seconds(4), 4.0, recognise)

    def broken(batch):
        raise RuntimeError("kernel missing")

    with pytest.raises(RuntimeError, match="kernel missing"):
        in_batches(seconds(4), 4.0, broken)
    with pytest.raises(RuntimeError, match="0 results came back for 4"):
        in_batches(seconds(4), 4.0, lambda batch: [])


def test_by_hardware_is_the_part_for_this_machine(recogniser_dir):
    cpu = {"kind": "ctc", "model": str(recogniser_dir / "model.int8.onnx"), "num_threads": 1, "batch_sec": 20.0}  # fmt: skip
    import torch

    if not torch.cuda.is_available():
        made = make_recogniser({"kind": "auto", "gpu": {"kind": "qwen3"}, "cpu": cpu})
        assert type(made).__name__ == "CtcRecogniser"
    assert make_recogniser({"kind": "none"}) is None


def test_a_transducer_of_icefall_runs_from_its_four_files(tmp_path, spoken):
    """The format of the public Korean Zipformer; the weights are random."""
    from tiny_models import transducer

    files = transducer(tmp_path / "model")
    made = make_recogniser({
        "kind": "sherpa_onnx", "model": str(files["encoder"]), "decoder": str(files["decoder"]),
        "joiner": str(files["joiner"]), "tokens": str(files["tokens"]), "num_threads": 1,
        "batch_sec": 20.0,
    })  # fmt: skip
    cut, _ = spoken
    heard = made.transcribe(cut)
    assert len(heard) == len(cut) and any(heard)
    assert set("".join(heard)) <= set("가나다라마바사아자 ")
    assert made.transcribe(cut[::-1]) == heard[::-1]
