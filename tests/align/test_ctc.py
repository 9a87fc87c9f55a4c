import numpy as np
import pytest

from echoharvester.align.anchors import CaptionSpan, TimedCharacter, find_windows
from echoharvester.align.base import Request
from echoharvester.align.boundaries import place_words
from echoharvester.align.ctc import CtcAligner, forced_path
from echoharvester.audio.pauses import Loudness
from echoharvester.models.acoustic import load_acoustic_model


@pytest.fixture(scope="module")
def aligner(recogniser_dir):
    return CtcAligner(load_acoustic_model(recogniser_dir / "model.int8.onnx"))


def errors_ms(alignment, words):
    return [
        1000 * abs(a.start_sec - w.start_sec) for a, w in zip(alignment.words, words, strict=True)
    ]


@pytest.mark.parametrize("shift_sec", [0.0, 3.0, -2.0])
def test_words_are_found_however_far_the_captions_are_off(aligner, spoken_sentences, shift_sec):
    samples, sentences = spoken_sentences
    requests = [
        Request(
            [" ".join(w.text for w in ws)], ws[0].start_sec + shift_sec, ws[-1].end_sec + shift_sec
        )
        for ws in sentences
    ]
    found = place_words(aligner.align(samples, requests), Loudness.of(samples), aligner.boundaries)
    for alignment, words in zip(found, sentences, strict=True):
        assert alignment is not None and alignment.score > 0.6
        assert np.mean(errors_ms(alignment, words)) < 35


def test_a_caption_of_something_else_scores_low(aligner, spoken_sentences):
    samples, sentences = spoken_sentences
    words = sentences[1]
    request = Request(["복잡한 회의는 어제 끝났습니까"], words[0].start_sec, words[-1].end_sec)
    (alignment,) = aligner.align(samples, [request])
    assert alignment is None or alignment.score < 0.3


def test_the_sound_chooses_the_reading(aligner, spoken_sentences):
    samples, sentences = spoken_sentences
    words = sentences[2]
    right = " ".join(w.text for w in words)
    request = Request(
        ["바다에서 구십구 배를 기다렸습니다", right], words[0].start_sec, words[-1].end_sec
    )
    (alignment,) = aligner.align(samples, [request])
    assert alignment.text == right


def test_a_window_that_is_too_short_has_no_path():
    log_probs = np.log(np.full((5, 10), 0.1, np.float32))
    assert forced_path(log_probs, [3, 4, 5, 6]) is None


def test_a_forced_path_spells_its_tokens():
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((40, 10)).astype(np.float32)
    log_probs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    path = forced_path(log_probs, [3, 3, 5])
    assert path is not None and (np.diff(path.first) > 0).all() and (path.last >= path.first).all()


def test_one_early_short_match_does_not_drag_the_rest():
    text = "오늘은날씨가참좋습니다"
    heard = [TimedCharacter("네", 1.0)] + [
        TimedCharacter(c, 60.0 + 0.2 * i) for i, c in enumerate(text)
    ]
    captioned = [CaptionSpan("네", 58.0, 58.5), CaptionSpan(text, 60.0, 63.0)]
    windows = find_windows(heard, captioned, 100.0)
    assert 58 < windows[1].start_sec < 61 and windows[1].matched == 1.0


def test_text_that_was_never_spoken_is_sought_where_its_neighbours_were_found():
    first, third = "가나다라마바사아", "자차카타파하거너"
    heard = [TimedCharacter(c, 10 + 0.2 * i) for i, c in enumerate(first)]
    heard += [TimedCharacter(c, 20 + 0.2 * i) for i, c in enumerate(third)]
    captioned = [
        CaptionSpan(first, 5, 6.6),
        CaptionSpan("뵤뵤뵤뵤뵤뵤", 10, 11),
        CaptionSpan(third, 15, 16.6),
    ]
    windows = find_windows(heard, captioned, 60.0)
    assert windows[1].matched == 0 and windows[1].start_sec < 15 < windows[1].end_sec
