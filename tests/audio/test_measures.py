"""Signal to noise and bandwidth of mixtures whose truth is known."""

import numpy as np
import pytest
from scipy.signal import resample_poly

from echoharvester.audio.measures import (
    MAX_SNR_DB,
    MIN_SNR_DB,
    bandwidth_hz,
    frame_power,
    noise_power,
    snr_db,
    snr_without_pauses_db,
    speech_mask,
)
from echoharvester.audio.vad import speech_regions
from echoharvester.sources.synthetic.espeak import Voice, espeak
from echoharvester.sources.synthetic.grammar import Grammar
from echoharvester.training.augment import colored_noise

TIME = np.arange(80_000) / 16_000


def spoken(voice: str, pause_sec: float) -> np.ndarray:
    grammar, pieces = Grammar(voice), []
    with espeak() as speaker:
        for _ in range(3):
            said = speaker.say(grammar.sentence().spoken, Voice(voice, 165, 50, 50)).samples
            pieces += [said, np.zeros(int(pause_sec * speaker.sampling_rate), np.float32)]
    return resample_poly(np.concatenate(pieces), 320, 441).astype(np.float32)


def mixed(speech: np.ndarray, snr: float, color: float) -> np.ndarray:
    noise = colored_noise(len(speech), color, np.random.default_rng(1))
    speaking = speech[np.abs(speech) > 1e-3]
    level = np.sqrt(np.mean(speaking**2) / np.mean(noise**2)) * 10 ** (-snr / 20)
    mixture = speech + level * noise
    return (0.7 * mixture / np.abs(mixture).max()).astype(np.float32)


def snr_with_pauses(sound: np.ndarray) -> float:
    regions, power = speech_regions(sound), frame_power(sound)
    noise = noise_power(power, speech_mask(regions, len(power), margin_sec=0.1))
    return snr_db(power, speech_mask(regions, len(power)), noise or 0.0)


@pytest.mark.parametrize(
    "measure, pause_sec", [(snr_with_pauses, 0.8), (snr_without_pauses_db, 0.0)]
)
def test_snr_is_two_db_off_at_most(measure, pause_sec):
    """Voices that the estimator was not fitted on."""
    errors = []
    for voice in ("ko+m1", "ko+f3"):
        speech = spoken(voice, pause_sec)
        errors += [
            abs(measure(mixed(speech, snr, color)) - snr)
            for snr in (0, 10, 20, 30)
            for color in (0.0, 1.0)
        ]
    assert np.mean(errors) < 2.0


def test_tight_clean_speech_is_clean():
    assert snr_without_pauses_db(spoken("ko+m1", 0.0)) > 30


@pytest.mark.parametrize("sound", [np.zeros(80_000, np.float32), np.zeros(0, np.float32),
                                   0.5 * np.sin(2 * np.pi * 440 * TIME).astype(np.float32)])  # fmt: skip
def test_what_is_no_speech_has_no_snr(sound):
    assert snr_with_pauses(sound) == MIN_SNR_DB
    assert snr_without_pauses_db(sound) == MIN_SNR_DB


def test_speech_over_digital_silence_has_the_largest_snr():
    assert snr_with_pauses(spoken("ko+m1", 0.8)) == MAX_SNR_DB


def test_bandwidth_tells_telephone_from_microphone():
    speech = spoken("ko+m1", 0.3)
    upsampled = resample_poly(resample_poly(speech, 1, 2), 2, 1)
    sixteen_bits = np.round(upsampled * 32768).astype(np.float32) / 32768
    noisy = mixed(speech, 20, 0.0)
    assert bandwidth_hz(speech) > 7000 and bandwidth_hz(noisy) > 7500
    assert 3500 < bandwidth_hz(sixteen_bits) < 5000
    assert bandwidth_hz(np.zeros(16_000, np.float32)) == 0


def in_sixteen_bits(sound: np.ndarray) -> np.ndarray:
    return np.round(sound * 32768).astype(np.float32) / 32768


@pytest.mark.parametrize("offset", [0.01, -0.05])
def test_a_constant_offset_is_no_noise(offset):
    speech = mixed(spoken("ko+m1", 0.8), 25, 0.0)
    shifted = (0.5 * speech + offset).astype(np.float32)
    assert snr_with_pauses(shifted) == pytest.approx(snr_with_pauses(0.5 * speech), abs=0.5)
    tight = mixed(spoken("ko+m1", 0.0), 25, 0.0)
    moved = (0.5 * tight + offset).astype(np.float32)
    assert snr_without_pauses_db(moved) == pytest.approx(
        snr_without_pauses_db(0.5 * tight), abs=0.5
    )
    assert bandwidth_hz(shifted) == bandwidth_hz(0.5 * speech)


def test_bandwidth_does_not_depend_on_the_level():
    speech = spoken("ko+m1", 0.3)
    speech = speech / np.abs(speech).max()
    telephone = resample_poly(resample_poly(speech, 1, 2), 2, 1)
    for db in (0, -20, -40):
        level = 0.9 * 10 ** (db / 20)
        assert bandwidth_hz(in_sixteen_bits(level * speech)) > 7000, db
        assert bandwidth_hz(in_sixteen_bits(level * telephone)) < 5000, db
