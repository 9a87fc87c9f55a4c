"""Qwen3-ForcedAligner: how recordings are cut for it, and a tiny random model in its format."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import TIMESTAMP_MS, qwen3

from echoharvester.align import make_aligner
from echoharvester.align.base import AlignedWord, Request
from echoharvester.align.media import MediaAlignment, align_media
from echoharvester.align.qwen3 import Qwen3Aligner, _by_text, chunks
from echoharvester.audio.pauses import Loudness
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut


@given(
    st.lists(st.tuples(st.floats(0, 200, allow_subnormal=False), st.floats(0.2, 25)), max_size=30),
    st.floats(30, 180),
    st.integers(0, 3),
)
def test_every_caption_is_in_one_chunk_that_is_not_too_long(spans, max_sec, seed):
    requests, start = [], 0.0
    for gap, length in spans:
        start += gap
        requests.append(Request(["가"], start, start + length))
        start += length
    duration = start + 5
    level = np.where(np.random.default_rng(seed).random(int(duration * 100)) < 0.2, -80, -20)
    found = list(chunks(requests, Loudness(level.astype(np.float32)), duration, max_sec))
    assert [i for chunk in found for i in chunk.requests] == list(range(len(requests)))
    assert all(0 < c.end_sec - c.start_sec <= max_sec + 1e-6 for c in found)
    assert all(a.end_sec <= b.start_sec + 1e-6 for a, b in zip(found, found[1:], strict=False))


def test_a_border_between_chunks_lies_in_a_pause():
    level = np.full(6000, -20, np.float32)
    level[2950:3020] = -80
    requests = [Request(["가"], 1, 29), Request(["나"], 30, 58)]
    first, second = chunks(requests, Loudness(level), 60.0, 40.0)
    assert 29.5 < first.end_sec < 30.2 and second.start_sec == first.end_sec


def test_the_first_chunk_begins_near_the_first_caption():
    requests = [Request(["가"], 200, 203), Request(["나"], 204, 207)]
    (only,) = chunks(requests, Loudness(np.full(30000, -20, np.float32)), 300.0, 180.0)
    assert only.start_sec == 198 and only.requests == range(2)


def test_morphemes_without_signs_become_the_words_of_the_text():
    items = [
        AlignedWord(t, i, i + 1.0, 0.5)
        for i, t in enumerate(["오늘", "은", "GPU", "3", "대", "끝"])
    ]
    first, second, third = _by_text(["오늘은, GPU", "3대!", "끝 ..."], items, 0.04)
    assert [(w.text, w.start_sec, w.end_sec) for w in first.words] == [
        ("오늘은,", 0.04, 1.96), ("GPU", 2.04, 2.96),
    ]  # fmt: skip
    assert [w.text for w in second.words] == ["3대!"] and third is None


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("qwen_asr")
    return qwen3(tmp_path_factory.mktemp("aligner") / "model", aligner=True)


@pytest.mark.slow
@pytest.mark.parametrize("max_chunk_sec", [10.0, 180.0])
def test_a_random_model_gives_every_word_a_time(model, spoken_sentences, max_chunk_sec):
    samples, sentences = spoken_sentences
    requests = [
        Request([" ".join(w.text for w in ws)], ws[0].start_sec, ws[-1].end_sec) for ws in sentences
    ]
    aligner = Qwen3Aligner(str(model), "cpu", max_chunk_sec)
    for request, alignment in zip(requests, aligner.align(samples, requests), strict=True):
        assert alignment.text == request.verbalisations[0]
        assert [w.text for w in alignment.words] == alignment.text.split()
        assert all(w.start_sec <= w.end_sec and 0 <= w.score <= 1 for w in alignment.words)
    assert aligner.align(samples, []) == []


@pytest.mark.slow
def test_its_times_are_those_of_the_package(model, spoken_sentences):
    import torch
    from qwen_asr import Qwen3ForcedAligner

    samples, sentences = spoken_sentences
    text = " ".join(w.text for w in sentences[0])
    package = Qwen3ForcedAligner.from_pretrained(str(model), dtype=torch.float32)
    theirs = package.align([(samples, 16000)], [text], ["Korean"])[0]
    (ours,) = Qwen3Aligner(str(model), "cpu").align(
        samples, [Request([text], 0.0, len(samples) / 16000)]
    )
    half = TIMESTAMP_MS / 2000
    assert ours.words[0].start_sec - half == pytest.approx(theirs[0].start_time, abs=half)
    assert ours.words[-1].end_sec + half == pytest.approx(
        theirs[len(theirs) - 1].end_time, abs=half
    )


@pytest.mark.slow
def test_stage_4_keeps_the_readings_that_it_did_not_choose(model, spoken_sentences, tmp_path):
    import soundfile

    samples, sentences = spoken_sentences
    soundfile.write(tmp_path / "m.flac", samples, 16000)
    media = media_cut("m", recording("m", str(tmp_path / "m.flac"), 16000, len(samples)), {})
    words = sentences[0]
    text = " ".join(w.text for w in words)
    start, end = words[0].start_sec, words[-1].end_sec
    custom = {
        "caption_start_sec": start,
        "caption_end_sec": end,
        "text_candidates": [text, "다른 말"],
    }
    cut = utterance_cut(media, "m-1", start, end, text, custom)
    settings = {
        "kind": "qwen3", "repo": str(model), "device": "cpu", "max_chunk_sec": 60.0, "revision": None,
        "lead_sec": 0.04, "tail_sec": 0.04, "min_pause_sec": 0.09, "reach_sec": 0.4,
        "pad_sec": 0.15, "trim": True, "calibration": None,
    }  # fmt: skip
    (aligned,) = align_media([cut], make_aligner(settings), MediaAlignment(0.15))
    assert aligned["custom"]["text_candidates"] == [text, "다른 말"]
    assert 0 <= aligned["custom"]["align_score"] <= 1


def test_chunks_longer_than_it_was_made_for_are_refused():
    with pytest.raises(ValueError, match="300"):
        Qwen3Aligner("x", max_chunk_sec=600)
