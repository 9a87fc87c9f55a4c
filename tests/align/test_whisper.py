"""Alignment by Whisper: a tiny random model in the real format, and how captions take the place of
what was heard."""

from itertools import pairwise

import numpy as np
import pytest
from tiny_models import whisper

from echoharvester.align.base import AlignedWord, Request
from echoharvester.align.whisper import (
    WhisperAligner,
    _compose,
    _cores,
    _heard,
    _places,
    _Window,
    cut_windows,
    read_as,
)
from echoharvester.audio.pauses import Loudness
from echoharvester.errors import UserError
from echoharvester.models.whisper import ForcedWord, Whisper

pytest.importorskip("faster_whisper")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Whisper(str(whisper(tmp_path_factory.mktemp("whisper") / "model")), "cpu")


def test_a_text_is_forced_word_by_word_with_times_and_probabilities(model, spoken_sentences):
    samples, sentences = spoken_sentences
    words = [w.text for w in sentences[0]]
    encoded = model.encode(samples[: 16000 * 6])
    forced = model.force(encoded, words)
    assert [w.text for w in forced] == words
    assert all(0 <= a.start_sec <= a.end_sec <= 30 for a in forced)
    assert all(a.end_sec <= b.start_sec + 1e-6 for a, b in zip(forced, forced[1:], strict=False))
    assert all(w.log_probs and all(p <= 0 for p in w.log_probs) for w in forced)
    assert model.force(encoded, []) == [] and len(model.transcribe([encoded] * 2)) == 2


def test_the_probability_of_a_text_does_not_depend_on_what_comes_behind_it(model, spoken_sentences):
    samples, _ = spoken_sentences
    encoded = model.encode(samples[: 16000 * 6])
    one = model.force(encoded, ["오늘은", "날씨가"])
    more = model.force(encoded, ["오늘은", "날씨가", "좋아서"])
    for a, b in zip(one, more, strict=False):
        np.testing.assert_allclose(a.log_probs, b.log_probs, atol=1e-3)


@pytest.mark.parametrize("repo", ["/nowhere", "no such model"])
def test_a_model_that_is_none_says_what_may_be_named(repo):
    with pytest.raises(UserError, match="cannot be loaded as a Whisper"):
        Whisper(repo, "cpu")


def test_what_nobody_heard_is_aligned_nowhere_and_nothing_is_lost(model, spoken_sentences):
    samples, _ = spoken_sentences
    requests = [Request(["전혀 다른 말입니다"], 0.0, 2.0), Request(["또 다른 말"], 3.0, 4.0)]
    found = WhisperAligner(model).align(samples, requests)
    assert len(found) == 2  # a random model hears nothing of it


def window(start, words, number=0):
    return _Window(start, start + 30.0, words=words.split())


def composed(windows, *captions):
    texts = [caption.split() for caption in captions]
    heard = list(_heard(windows))
    places = _places(texts, heard)
    found = _compose(windows, heard, texts, places)
    hypotheses = [" ".join(word.text for word in words) for words in found]
    return places, hypotheses, [[(w, i) for w, i, _ in win.entries] for win in windows]


def test_captions_take_the_place_of_what_was_heard_and_uncaptioned_speech_stays():
    windows = [
        window(
            0,
            "안녕하세요 여러분 저는 김철수 압니다 그런데 아무도 적지 않은 말이 있었고 다음은 날씨 입니다",
        )
    ]
    _, hypotheses, (entries,) = composed(windows, "저는 김철수입니다", "다음은 날씨입니다")
    words = [word for word, _ in entries]
    assert (
        words
        == "안녕하세요 여러분 저는 김철수입니다 그런데 아무도 적지 않은 말이 있었고 다음은 날씨입니다".split()
    )
    assert [owner for _, owner in entries if owner is not None] == [0, 0, 1, 1]
    assert hypotheses == ["저는 김철수 압니다", "다음은 날씨 입니다"]


def test_a_caption_that_nobody_spoke_moves_nobody():
    windows = [window(0, "오늘은 날씨가 정말 좋습니다 내일은 비가 온다고 합니다")]
    places, _, (entries,) = composed(
        windows,
        "오늘은 날씨가 정말 좋습니다",
        "구독과 좋아요 부탁드려요 감사",
        "내일은 비가 온다고 합니다",
    )
    assert places[0] and places[1] is None and places[2]
    assert [owner for _, owner in entries] == [0, 0, 0, 0, 2, 2, 2, 2]


def test_a_caption_over_the_border_of_two_windows_is_forced_in_both():
    windows = [window(0, "우리가 오늘 이야기할"), window(20, "것은 바로 사랑입니다")]
    _, hypotheses, entries = composed(windows, "우리가 오늘 이야기할 것은 바로 사랑입니다")
    assert [w for w, _ in entries[0]] == ["우리가", "오늘", "이야기할"]
    assert [w for w, _ in entries[1]] == ["것은", "바로", "사랑입니다"]
    assert hypotheses == ["우리가 오늘 이야기할 것은 바로 사랑입니다"]


def noise_with_pauses(*spans, seconds):
    rng, sound = np.random.default_rng(0), np.zeros(int(16000 * seconds), np.float32)
    sound += rng.standard_normal(len(sound)).astype(np.float32) * 1e-4
    for start, end in spans:
        part = slice(int(start * 16000), int(end * 16000))
        syllables = 0.05 + np.abs(np.sin(np.arange(part.stop - part.start) * 2 * np.pi * 2 / 16000))
        sound[part] = rng.standard_normal(part.stop - part.start) * 0.1 * syllables
    return Loudness.of(sound)


def test_windows_end_in_pauses_and_cover_everything():
    loudness = noise_with_pauses((0, 20), (20.6, 27), (27.2, 41), (41.5, 70), seconds=70)
    windows = list(cut_windows(loudness, 70.0, 29.5))
    assert windows[0].start_sec == 0 and windows[-1].end_sec == 70
    assert all(a.end_sec == b.start_sec for a, b in zip(windows, windows[1:], strict=False))
    assert all(w.end_sec - w.start_sec <= 29.5 for w in windows)
    assert 20.0 < windows[0].end_sec < 20.6  # the longest pause in reach, not the last


def test_a_pause_in_front_of_a_word_is_not_the_word():
    """As Whisper tells times: a word begins where the one before ends, the pause is its own."""
    loudness = noise_with_pauses((1.0, 1.6), (3.0, 3.9), seconds=6)
    words = [ForcedWord("그래서", 0.9, 1.6, (-0.1,)), ForcedWord("제가", 1.6, 3.3, (-0.1,)), ForcedWord("갔어요", 3.3, 3.9, (-0.1,))]  # fmt: skip
    cores = _cores(words, loudness)
    assert 2.95 <= cores[1][0] < cores[1][1] <= 3.3
    # One that lies in nothing but the pause shares the sound of the next.
    starved = [words[0], ForcedWord("제가", 1.6, 2.6, (-0.1,)), ForcedWord("갔어요", 2.6, 3.9, (-0.1,))]  # fmt: skip
    first, second = _cores(starved, loudness)[1:]
    assert 2.95 <= first[0] < first[1] <= second[0] + 0.05 and second[1] <= 3.95


def test_windows_are_filled_up_to_a_good_pause_and_else_to_the_longest():
    def cut(pauses, seconds=60.0):
        loudness = Loudness(np.zeros(round(seconds * 100), np.float32))
        times = np.arange(len(loudness.db)) / 100
        quiet = [(times >= start) & (times < end) for start, end in pauses]
        loudness.__dict__["quiet"] = np.any([np.zeros(len(times), bool), *quiet], axis=0)
        return [w.end_sec for w in cut_windows(loudness, seconds, 29.5)]

    assert cut([(18.0, 19.0), (28.0, 28.4), (45.0, 46.0)])[0] == pytest.approx(28.2, abs=0.1)
    assert cut([(18.0, 18.2), (25.0, 25.1)])[0] == pytest.approx(18.1, abs=0.1)
    assert cut([])[0] == 29.5 and cut([])[-1] == 60.0


def test_texts_that_are_heard_together_are_heard_as_alone(model, spoken_sentences):
    samples, _ = spoken_sentences
    windows = [model.encode(samples[i * 16000 : (i + 3) * 16000]) for i in range(3)]
    assert model.transcribe(windows) == [model.transcribe([w])[0] for w in windows]


def written(text):
    return [
        AlignedWord(word, float(k), k + 0.8, 0.9 - 0.1 * k) for k, word in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("text", "spoken", "starts"),
    [
        ("벌써 3개월 됐어요", "벌써 삼 개월 됐어요", [0.0, 1.0, 1.267, 2.0]),
        ("2005년 졸업식", "이천오 년 졸업식", [0.0, 0.6, 1.0]),
        ("약 1 2 번", "약 십이 번", [0.0, 1.0, 3.0]),  # two words, read as one
        ("끝 - 입니다", "끝 입니다", [0.0, 2.0]),  # nobody reads a dash
        ("같은 말", "같은 말", [0.0, 1.0]),
    ],
)
def test_what_is_written_in_digits_is_read_out_in_its_place(text, spoken, starts):
    found = read_as(written(text), spoken.split())
    assert [w.text for w in found] == spoken.split()
    assert [w.start_sec for w in found] == pytest.approx(starts, abs=1e-3)
    assert all(a.end_sec <= b.start_sec + 1e-9 for a, b in pairwise(found))
    assert found[-1].end_sec == written(text)[-1].end_sec and all(0 < w.score <= 0.9 for w in found)


def test_a_verbalisation_of_other_words_changes_nothing():
    assert read_as(written("가 나"), []) == tuple(written("가 나"))
    found = read_as(written("가 나"), "가 나 다".split())
    assert [w.text for w in found] == ["가", "나", "다"] and found[1].end_sec == found[2].start_sec
