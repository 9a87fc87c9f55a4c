"""CTC models of other makers that hear samples, in their true formats with random weights."""

import numpy as np
import pytest
from tiny_models import omnilingual, transformers_ctc

from echoharvester.align import make_aligner
from echoharvester.align.base import Request
from echoharvester.align.ctc import forced_path, space_as_blank
from echoharvester.asr.ctc import CtcRecogniser
from echoharvester.errors import UserError
from echoharvester.models.acoustic import load_acoustic_model, load_fbank_model
from echoharvester.models.emissions import NEVER
from echoharvester.models.raw_ctc import ForeignTokenizer
from echoharvester.text.tokenizers import BLANK_ID, SPACE, UNK_ID, WILDCARD_ID

KINDS = ("omnilingual", "wav2vec2", "hubert", "wav2vec2-bert")


@pytest.fixture(scope="module", params=KINDS)
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "omnilingual":
        return load_acoustic_model(omnilingual(folder))
    pytest.importorskip("transformers")
    return load_acoustic_model(transformers_ctc(folder, request.param))


def noise(seconds, seed=0):
    return np.random.default_rng(seed).standard_normal(round(seconds * 16000)).astype(np.float32)


def test_every_20_ms_have_log_probabilities_that_add_up(model):
    samples = 0.1 * noise(3.1)
    log_probs = model.log_probs(samples)
    assert log_probs.shape == (155, len(model.tokenizer.symbols))
    np.testing.assert_allclose(np.exp(log_probs).sum(axis=1), 1.0, atol=1e-4)
    assert (log_probs[:, [1, 2]] == NEVER).all() and model.frame_sec == 0.02


def test_long_sound_is_heard_in_parts_that_fit_together(model):
    samples = 0.1 * noise(65.0)
    whole = model.log_probs(samples, chunk_sec=20.0)
    assert len(whole) == 3250
    (short,) = model.batch_log_probs([0.1 * noise(70.0)])  # longer than it takes at once
    assert len(short) >= 3500


def test_how_loud_a_sound_is_does_not_matter(model):
    quiet, loud = model.log_probs(0.03 * noise(2.0)), model.log_probs(0.3 * noise(2.0))
    np.testing.assert_allclose(np.exp(quiet), np.exp(loud), atol=0.05)


def test_it_aligns_and_recognises(model):
    samples = 0.1 * noise(8.0)
    (text,) = CtcRecogniser(model).transcribe([samples])
    assert set(text) <= {*"".join(model.tokenizer.symbols), " "} and "<" not in text
    settings = {
        "kind": "ctc",
        "model": model.name,
        "num_threads": 1,
        "chunk_sec": 20.0,
        "tokens": None,
    }
    aligner = make_aligner(settings)
    requests = [
        Request(["가나 다라"], 0.0, 4.0),
        Request(["가나 힣라"], 4.0, 8.0),  # a syllable that the vocabulary lacks
        Request(["A B"], 4.0, 8.0),
    ]
    known, lacking, foreign = aligner.align(samples, requests)
    assert foreign is None
    for found in (a for a in (known, lacking) if a):
        assert [w.text for w in found.words] == found.text.split() and 0 <= found.score <= 1
        assert found.evidence and found.evidence.min_log_prob <= 0


def test_our_own_models_are_told_from_others(model, recogniser_dir):
    assert load_fbank_model(recogniser_dir / "model.int8.onnx").frame_sec == 0.04
    with pytest.raises(UserError, match="no model of this project"):
        load_fbank_model(model.name)


def tokenizer(symbols="가 나 다 | [PAD]", blank=4, space=3):
    return ForeignTokenizer(symbols.split(), blank, space)


def test_columns_are_put_in_our_order():
    ours = tokenizer()
    assert ours.symbols == ("<blk>", "<sos/eos>", "<unk>", "가", "나", "다", SPACE)
    given = np.log(np.array([[0.1, 0.2, 0.3, 0.15, 0.25]], np.float32))
    np.testing.assert_allclose(
        np.exp(ours.mapped(given))[0], [0.25, 0, 0, 0.1, 0.2, 0.3, 0.15], atol=1e-6
    )
    assert ours.encode("가 다") == [3, 6, 5] and ours.decode([3, 6, 5, 0]) == "가 다"
    assert ours.encode("가힣x") == [3, WILDCARD_ID, UNK_ID]


@pytest.mark.parametrize(
    "symbols",
    ["ㅎ ㅏ ㄴ ㄱ ㅡ ㄹ ㅇ ㅣ", "ᄒ ᅡ ᆫ ᄀ ᅳ ᆯ ᄋ ᅵ", "ᄒ ᅡ ᆫ ᄀ ᅳ ᆯ ᅵ"],
)
def test_vocabularies_of_letters_spell_syllables(symbols):
    letters = tokenizer(f"[PAD] {symbols}", blank=0, space=None)
    ids = letters.encode("한글이")
    assert WILDCARD_ID not in ids and len(ids) in (7, 8) and letters.decode(ids) == "한글이"


def test_a_syllable_without_a_token_fits_any_sound_and_moves_nothing():
    log_probs = np.full((12, 6), -8.0, np.float32)
    for frame, symbol in enumerate([0, 3, 3, 0, 5, 5, 0, 4, 4, 0, 0, 0]):
        log_probs[frame, symbol] = -0.01
    path = forced_path(log_probs, [3, WILDCARD_ID, 4])
    assert list(path.first) == [1, 4, 7]
    assert path.probability[0] > 0.9 and path.probability[2] > 0.9


def test_spaces_of_a_vocabulary_are_blanks_to_an_aligner(model):
    log_probs = model.log_probs(0.1 * noise(2.0))
    space = model.tokenizer.symbols.index(SPACE)
    merged = space_as_blank(model, log_probs)
    np.testing.assert_allclose(np.exp(merged).sum(axis=1), 1.0, atol=1e-4)
    assert (merged[:, space] == NEVER).all() and (
        merged[:, BLANK_ID] >= log_probs[:, BLANK_ID]
    ).all()


def test_tokens_that_do_not_fit_are_named(tmp_path):
    path = omnilingual(tmp_path)
    (tmp_path / "tokens.txt").write_text("<s> 0\n가 2\n", encoding="utf-8")
    with pytest.raises(UserError, match="tokens.txt: its numbers"):
        load_acoustic_model(path, 2)
    (tmp_path / "tokens.txt").write_text("<s> 0\n가 1\n", encoding="utf-8")
    with pytest.raises(UserError, match="2 symbols, but the model has 15"):
        load_acoustic_model(path, 3)
    with pytest.raises(UserError, match="cannot be loaded as a CTC model of transformers"):
        load_acoustic_model(tmp_path)
