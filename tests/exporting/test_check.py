"""Exported files through sherpa-onnx itself: offline, streaming, with fewer bits, with a graph."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
import soundfile
import torch
from decoding_support import build_graph, uninformative

from echoharvester.audio.fbank import fbank
from echoharvester.decoding.graph import write_fst
from echoharvester.exporting.card import TASK, model_card
from echoharvester.exporting.check import SpokenExample, check_offline, check_streaming
from echoharvester.exporting.onnx import (
    ExportError,
    export_onnx,
    offline_metadata,
    quantise,
    to_half,
)
from echoharvester.exporting.streaming import StreamingCtc, export_streaming, stream_log_probs
from echoharvester.models.checkpoint import load_model
from echoharvester.models.ctc import build_model
from echoharvester.text.scores import cer
from echoharvester.text.tokenizers import CharTokenizer, JamoTokenizer, write_tokens

ZIPFORMER = {
    "encoder": "zipformer", "downsampling_factor": [1, 2, 4], "encoder_dim": [32, 48, 32],
    "encoder_unmasked_dim": [32, 32, 32], "num_encoder_layers": [1, 2, 1], "num_heads": [2, 4, 2],
    "feedforward_dim": [64, 96, 64], "cnn_module_kernel": [7, 15, 7], "query_head_dim": 8,
    "value_head_dim": 4, "frontend_channels": 128,
}  # fmt: skip
CAUSAL = {**ZIPFORMER, "causal": True, "chunk_size": [16], "left_context_frames": [64]}


def random_model(config):
    """A model with opinions: random weights, but few frames where two tokens are nearly equal."""
    torch.manual_seed(3)
    tokenizer = JamoTokenizer.train(["가 나"], keep_space=True)
    model = build_model(config, len(tokenizer.symbols)).eval()
    with torch.no_grad():
        model.ctc_output[1].weight.mul_(30)
    return model, tokenizer


@pytest.fixture(scope="module")
def utterances(spoken_sentences):
    samples, _ = spoken_sentences
    return [
        SpokenExample(samples[i * 20000 : i * 20000 + n].copy(), "오늘은 날씨가 좋아서")
        for i, n in enumerate((30000, 52000, 41000))
    ]


def test_the_shipped_recogniser_says_the_same_everywhere(
    tmp_path, recogniser_dir, spoken_sentences
):
    samples, sentences = spoken_sentences
    spoken = [
        SpokenExample(
            samples[
                round((w[0].start_sec - 0.2) * 16000) : round((w[-1].end_sec + 0.2) * 16000)
            ].copy(),
            " ".join(x.text for x in w),
        )
        for w in sentences
    ]
    model, tokenizer = load_model(recogniser_dir / "pretrained.pt")
    path = tmp_path / "model.onnx"
    export_onnx(model, tokenizer, path, offline_metadata(model, "Conformer"))
    half, small = path.with_suffix(".fp16.onnx"), path.with_suffix(".int8.onnx")
    to_half(path, half)
    quantise(path, small)
    rows = check_offline(model, tokenizer, [path, half, small], spoken)
    assert [row.program for row in rows] == ["PyTorch fp32", *["onnxruntime", "sherpa-onnx"] * 3]
    assert all(row.same_tokens == 3 for row in rows[:3])
    assert rows[0].rate < 0.2 and rows[5].size_mb < rows[1].size_mb / 2.5
    card = model_card("m", 2_500_000, 69, "jamo", None, [], rows, None)
    assert "model.int8.onnx | sherpa-onnx" in card and "2.5 M parameters" in card
    # What the card tells people to do prints Korean.
    write_tokens(tokenizer.symbols, tmp_path / "tokens.txt")
    soundfile.write(tmp_path / "speech.wav", spoken[0].samples, 16000)
    code = card.partition("```python\n")[2].partition("```")[0]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert cer(spoken[0].text, done.stdout).rate < 0.2


def test_a_hub_reads_the_card():
    from huggingface_hub import ModelCard

    rows = [
        {"measure": m, "rate": 0.0123, "ci95": [0.01, 0.02]} for m in ("CER without spaces", "WER")
    ]
    decoding = [{"method": "hlg", "sets": {"test": {"rows": rows, "setting": "best"}}}]
    stats = {"cuts": 5, "hours": 0.1, "license": {"CC BY 4.0": 5}}
    text = model_card(
        "m", 1, 69, "char", None, decoding, [], {"name": "talks", "statistics": stats}
    )
    card = ModelCard(text).data
    assert (card.language, card.license, card.pipeline_tag) == ("ko", "cc-by-4.0", TASK)
    assert card.datasets == ["talks"]
    found = [(r.metric_type, r.metric_value, r.dataset_split) for r in card.eval_results]
    assert found == [("cer", 1.23, "test"), ("wer", 1.23, "test")]
    assert "from_jamo" not in text and "print(stream.result.text)" in text


def test_metadata_and_shapes_are_those_that_sherpa_reads(tmp_path):
    model, tokenizer = random_model(ZIPFORMER)
    export_onnx(model, tokenizer, tmp_path / "model.onnx", offline_metadata(model, "test"))
    proto = onnx.load(str(tmp_path / "model.onnx"))
    metadata = {p.key: p.value for p in proto.metadata_props}
    assert metadata["model_type"] == "zipformer2_ctc" and metadata["version"] == "1"
    assert metadata["model_author"] and metadata["comment"] == "test"
    assert [i.name for i in proto.graph.input] == ["x", "x_lens"]
    assert [o.name for o in proto.graph.output] == ["log_probs", "log_probs_len"]
    dims = proto.graph.output[0].type.tensor_type.shape.dim
    assert dims[2].dim_value == len(tokenizer.symbols) and dims[0].dim_param and dims[1].dim_param


def test_a_zipformer_offline_and_a_difference_is_noticed(tmp_path, utterances):
    model, tokenizer = random_model(ZIPFORMER)
    path = tmp_path / "model.onnx"
    export_onnx(model, tokenizer, path, offline_metadata(model, "test"))
    half = path.with_suffix(".fp16.onnx")
    to_half(path, half)
    rows = check_offline(model, tokenizer, [path, half], utterances)
    assert [row.same_tokens for row in rows[:3]] == [3, 3, 3]
    assert rows[3].size_mb < 0.8 * rows[1].size_mb
    with torch.no_grad():
        model.ctc_output[1].bias.normal_(std=20)
    with pytest.raises(ExportError, match="other tokens than PyTorch's for"):
        check_offline(model, tokenizer, [path], utterances)


def test_a_causal_zipformer_chunk_by_chunk(tmp_path, utterances):
    model, tokenizer = random_model(CAUSAL)
    path = tmp_path / "streaming.onnx"
    streaming = export_streaming(model, tokenizer, path, 16, 64)
    small = path.with_suffix(".int8.onnx")
    quantise(path, small)
    rows = check_streaming(streaming, tokenizer, [path], utterances)
    assert [row.same_tokens for row in rows] == [3, 3]
    metadata = {p.key: p.value for p in onnx.load(str(small)).metadata_props}
    assert metadata["T"] == "45" and metadata["decode_chunk_len"] == "32"
    assert metadata["left_context_len"] == "64,32,16" and metadata["num_heads"] == "2,4,2"
    assert metadata["value_head_dims"] == "4,4,4" and metadata["cnn_module_kernels"] == "7,15,7"
    # What streams is what the whole utterance at once gives, up to its last chunk.
    features = fbank(utterances[1].samples)
    streamed = stream_log_probs(streaming, features)
    with torch.inference_mode():
        whole, _ = model(features[None], torch.tensor([len(features)]))
    torch.testing.assert_close(streamed, whole[0, : len(streamed)], atol=5e-3, rtol=1e-3)


def test_several_streams_at_once_are_each_alone(tmp_path):
    model, tokenizer = random_model(CAUSAL)
    import onnxruntime

    streaming = export_streaming(model, tokenizer, tmp_path / "streaming.onnx", 16, 64)
    session = onnxruntime.InferenceSession(str(tmp_path / "streaming.onnx"))
    names = [i.name for i in session.get_inputs()]
    x = torch.randn(2, 45, 80)
    together = session.run(
        None,
        dict(
            zip(names, [x.numpy(), *(s.numpy() for s in streaming.initial_state(2))], strict=True)
        ),
    )[0]
    for i in range(2):
        alone = session.run(
            None,
            dict(
                zip(
                    names,
                    [x[i : i + 1].numpy(), *(s.numpy() for s in streaming.initial_state(1))],
                    strict=True,
                )
            ),
        )[0]
        np.testing.assert_allclose(together[i], alone[0], atol=1e-4)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (ZIPFORMER, r"model\.causal=true"),
        ({**CAUSAL, "frontend_channels": 8}, "frontend_channels=128"),
        (
            {
                "encoder": "conformer",
                "d_model": 16,
                "num_layers": 1,
                "num_heads": 2,
                "feedforward_dim": 32,
                "kernel_size": 7,
                "subsampling_channels": 4,
            },
            "only a causal Zipformer",
        ),
    ],
)
def test_what_cannot_stream_says_why(config, message):
    with pytest.raises(ExportError, match=message):
        StreamingCtc(build_model(config, 20), 16, 64)


def test_sherpa_onnx_takes_the_graph_of_stage_10(tmp_path, utterances):
    """HLG by kaldifst in sherpa-onnx gives what it gives here."""
    import sherpa_onnx

    from echoharvester.decoding.hlg import HlgOptions, HlgSearch
    from echoharvester.decoding.lexicon import read_words

    torch.manual_seed(0)
    tokenizer = CharTokenizer.train(["가나다라"])
    model = build_model(ZIPFORMER, len(tokenizer.symbols)).eval()
    with torch.no_grad():
        model.ctc_output[1].weight.mul_(10)
    path = tmp_path / "model.onnx"
    export_onnx(model, tokenizer, path, offline_metadata(model, "test"))
    words = ["가나", "다", "라", "나"]
    graph, _ = build_graph(tmp_path, tokenizer, words, uninformative(words))
    write_fst(graph, tmp_path / "HLG.fst")
    recogniser = sherpa_onnx.OfflineRecognizer.from_zipformer_ctc(
        str(path), str(tmp_path / "tokens.txt"), ctc_graph=str(tmp_path / "HLG.fst")
    )
    search = HlgSearch(
        graph,
        read_words(tmp_path / "words.txt"),
        HlgOptions(beam=20, max_active=3000, lm_scale=1.0),
    )
    for utterance in utterances:
        stream = recogniser.create_stream()
        stream.accept_waveform(16000, utterance.samples)
        recogniser.decode_stream(stream)
        features = fbank(utterance.samples)
        with torch.inference_mode():
            log_probs, _ = model(features[None], torch.tensor([len(features)]))
        assert stream.result.text.replace(" ", "") == "".join(
            search.search(log_probs[0].numpy()) or []
        )


def test_a_loss_is_told_from_chance_by_how_much_was_heard():
    from echoharvester.exporting.check import Checked, _judge

    def row(errors, chars):
        return Checked("model.int8.onnx", "x", 1.0, 0, 9, errors / chars, errors, chars, 0.01)

    _judge(row(7, 71), row(5, 71), is_full=False)  # two errors of seventy
    _judge(row(54, 1000), row(50, 1000), is_full=False)
    for found, reference in ((row(20, 71), row(5, 71)), (row(60, 1000), row(50, 1000))):
        with pytest.raises(ExportError, match="were lost"):
            _judge(found, reference, is_full=False)
