import numpy as np
import pytest

from echoharvester.align.base import AlignedWord, Alignment, BoundaryConfig
from echoharvester.align.boundaries import place_words, safe_spans, within_speech
from echoharvester.audio.pauses import Loudness

RATE = 16000
CONFIG = BoundaryConfig()


def loudness(spans, duration_sec=10.0):
    """Noise where the spans are, nearly nothing elsewhere."""
    rng = np.random.default_rng(0)
    samples = 1e-4 * rng.standard_normal(int(duration_sec * RATE))
    for start, end, *level in spans:
        part = slice(int(start * RATE), int(end * RATE))
        samples[part] += (level or [0.1])[0] * rng.standard_normal(part.stop - part.start)
    return Loudness.of(samples.astype(np.float32))


def aligned(*words):
    return Alignment(
        " ".join(w[0] for w in words), tuple(AlignedWord(*w, score=0.8) for w in words), 0.8
    )


def times(alignment):
    return [(w.start_sec, w.end_sec) for w in alignment.words]


def test_words_reach_to_the_pauses_around_them():
    sound = loudness([(1.0, 2.0), (2.3, 3.0)])
    (found,) = place_words([aligned(("가나", 1.2, 1.7), ("다라", 2.4, 2.9))], sound, CONFIG)
    assert np.allclose(times(found), [(1.0, 2.0), (2.3, 3.0)], atol=0.025)
    assert found.score == 0.8


def test_without_a_pause_the_quietest_point_parts_two_words():
    sound = loudness([(1.0, 2.0), (2.0, 2.02, 0.02), (2.02, 3.0)])
    (found,) = place_words([aligned(("가나", 1.2, 1.8), ("다라", 2.08, 2.8))], sound, CONFIG)
    (_, end), (start, _) = times(found)
    assert start == end == pytest.approx(2.0, abs=0.02)


def test_pauses_between_utterances_count_as_well():
    sound = loudness([(1.0, 2.0), (2.3, 3.0)])
    first, second = place_words(
        [aligned(("가나", 1.2, 1.7)), aligned(("다라", 2.4, 2.9))], sound, CONFIG
    )
    assert first.words[0].end_sec == pytest.approx(2.0, abs=0.025)
    assert second.words[0].start_sec == pytest.approx(2.3, abs=0.025)


@pytest.mark.parametrize(
    ("word", "why"),
    [
        (("가나다라마바사아자차", 1.4, 1.5), "no time to say it"),
        (("가", 1.1, 2.9), "stretched"),
        (("가나다", 5.0, 5.6), "placed in silence"),
    ],
)
def test_impossible_words_count_against_the_utterance(word, why):
    sound = loudness([(1.0, 1.3), (1.4, 1.5), (1.6, 3.0)] if why[0] == "n" else [(1.0, 3.0)])
    first, second = place_words([aligned(word), aligned(("나라", 8.0, 8.4))], sound, CONFIG)
    assert first.score == first.words[0].score == 0.0, why


def test_missing_alignments_stay_missing():
    assert place_words([None], loudness([(1.0, 2.0)]), CONFIG) == [None]


def words(*spans):
    return [AlignedWord("가", start, end, 1.0) for start, end in spans]


def test_padding_stays_in_the_stillness():
    sound = loudness([(0.5, 0.95), (1.0, 2.0), (2.3, 3.0)])
    spans = safe_spans([(1.0, 2.0), (2.3, 3.0)], words((1.0, 2.0), (2.3, 3.0)), sound, 0.15, 10.0)
    (start, end), (second, last) = spans
    assert start == pytest.approx(0.95, abs=0.025)  # speech that nobody captioned lies before
    assert end == second == pytest.approx(2.15, abs=0.001)  # the middle between two captions
    assert last == pytest.approx(3.15, abs=0.001)


def test_padding_stays_in_the_recording():
    sound = loudness([(0.05, 9.95)])
    assert safe_spans([(0.05, 9.95)], words((0.05, 9.95)), sound, 0.15, 10.0) == [(0.0, 10.0)]


def test_what_trimming_left_out_is_a_neighbour_like_any_other():
    """Two words were cut off behind 2.0 s; their sound is not padding."""
    sound = loudness([(1.0, 2.0), (2.2, 3.0)])
    ((_, end),) = safe_spans([(1.0, 2.0)], words((1.0, 2.0), (2.2, 3.0)), sound, 0.15, 10.0)
    assert end == pytest.approx(2.1, abs=0.001)


def test_a_hundred_random_layouts_never_overlap():
    rng = np.random.default_rng(1)
    for _ in range(100):
        borders = np.cumsum(rng.uniform(0.05, 0.8, 12))
        speech = list(zip(borders[::2], borders[1::2], strict=True))
        cores = [
            aligned(("가", a + 0.2 * (b - a), b - 0.2 * (b - a))) for a, b in speech
        ]  # fmt: skip
        sound = loudness(speech)
        placed = place_words(cores, sound, CONFIG)
        found = [p.words[0] for p in placed]
        spans = safe_spans([(w.start_sec, w.end_sec) for w in found], found, sound, 0.15, 10.0)
        assert all(a[1] <= b[0] + 1e-9 for a, b in zip(spans, spans[1:], strict=False))
        assert all(a < b for a, b in spans)


def test_utterances_begin_and_end_where_a_voice_is_heard():
    """Breath in front and echo behind are loud, but no speech; a word is not cut to nothing."""
    words = (AlignedWord("네", 1.0, 1.5, 0.9), AlignedWord("그렇습니다", 1.6, 3.0, 0.9))
    found = within_speech(Alignment("네 그렇습니다", words, 0.9), np.array([[1.3, 2.6]]))
    assert (found.words[0].start_sec, found.words[-1].end_sec) == (1.3, 2.6)
    short = within_speech(Alignment("네 그렇습니다", words, 0.9), np.array([[1.48, 1.65]]))
    assert short.words == words
    assert within_speech(Alignment("네", words[:1], 0.9), np.zeros((0, 2))).words == words[:1]
