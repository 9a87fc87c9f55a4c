"""What makes synthetic voices differ: bodies, microphones, codecs; the words and their haste stay."""

import numpy as np
import pytest

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.sources.synthetic.espeak import Espeak, espeak
from echoharvester.sources.synthetic.grammar import Grammar
from echoharvester.training.augment import coded, through_channel
from echoharvester.training.synthetic import SyntheticConfig, SyntheticData

PLAIN = {"noisy": False, "rate_wpm": (160, 161), "pitch": (50, 51), "pause_share": 0.0}


def spoken(**settings):
    data = SyntheticData(SyntheticConfig(**{**PLAIN, **settings}), seed=3)
    rng, grammar = np.random.default_rng(4), Grammar("voices", "train")
    with espeak() as speaker:
        return [data.utterance(speaker, grammar, rng) for _ in range(3)]


def joined(utterances):
    return np.concatenate([u.samples for u in utterances])


def pitch_hz(samples):
    """The median of the strongest period of voiced frames."""
    found = []
    for start in range(0, len(samples) - 1024, 512):
        frame = samples[start : start + 1024]
        if np.abs(frame).max() > 0.1:
            echo = np.correlate(frame, frame, "full")[1023:]
            lag = 40 + int(np.argmax(echo[40:320]))
            if echo[lag] > 0.6 * echo[0]:
                found.append(SAMPLING_RATE / lag)
    return float(np.median(found))


def warped(samples, factor):
    """Mean power by frequency, where all frequencies are `factor` times as high; 100 Hz to 3.5 kHz."""
    frames = samples[: len(samples) // 512 * 512].reshape(-1, 512) * np.hanning(512)
    power = np.log((np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0) + 1e-9)
    return np.interp(np.linspace(100, 3500, 100) / factor, np.arange(257) * 31.25, power)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_another_body_moves_formants_and_leaves_text_pitch_and_haste(factor):
    plain, other = spoken(), spoken(tract=(factor, factor))
    assert [u.text for u in plain] == [u.text for u in other]
    a, b = joined(plain), joined(other)
    assert len(b) == pytest.approx(len(a), rel=0.1)
    assert pitch_hz(b) == pytest.approx(pitch_hz(a), rel=0.1)
    factors = np.arange(0.7, 1.45, 0.05)
    alike = [np.corrcoef(warped(a, f), warped(b, 1.0))[0, 1] for f in factors]
    assert factors[int(np.argmax(alike))] == pytest.approx(factor, abs=0.11)


def test_a_range_of_bodies_is_drawn_from_and_none_changes_nothing():
    assert joined(spoken()).tolist() == joined(spoken(tract=(1.0, 1.0))).tolist()
    assert joined(spoken(tract=(0.8, 1.25))).tolist() == joined(spoken(tract=(0.8, 1.25))).tolist()


def test_channels_differ_and_keep_length_and_loudness():
    samples = spoken()[0].samples
    rng = np.random.default_rng(0)
    heard = [through_channel(samples, rng) for _ in range(12)]  # some are coded
    for one in heard:
        assert one.dtype == np.float32 and one.shape == samples.shape
        assert np.abs(one).max() == pytest.approx(np.abs(samples).max(), rel=0.3)
    assert len({one.tobytes() for one in heard}) == 12
    again = through_channel(samples, np.random.default_rng(0))
    assert again.tobytes() == heard[0].tobytes()


@pytest.mark.parametrize("seed", range(6))
def test_codecs_keep_what_is_said_where_it_is(seed):
    samples = spoken()[0].samples
    decoded = coded(samples, np.random.default_rng(seed))
    assert decoded.shape == samples.shape and decoded.tobytes() != samples.tobytes()
    echo = np.correlate(decoded, samples[4000:20000], "valid")
    assert abs(int(np.argmax(echo)) - 4000) <= 0.03 * SAMPLING_RATE


def test_silence_passes_every_channel():
    silence = np.zeros(8000, np.float32)
    for seed in range(8):
        assert np.abs(through_channel(silence, np.random.default_rng(seed))).max() < 1e-3


def test_a_library_of_espeak_goes_with_its_data():
    with pytest.raises(ValueError, match="give both"):
        Espeak(library="/usr/lib/libespeak-ng.so.1")
