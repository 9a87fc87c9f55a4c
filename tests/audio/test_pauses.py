import numpy as np
import pytest

from echoharvester.audio.pauses import Loudness

RATE = 16000


def sound(*parts, noise_db=-80.0, seed=0):
    """Seconds of speech-like noise (positive) and of background (negative), in turn."""
    rng = np.random.default_rng(seed)
    pieces = [np.full(int(abs(p) * RATE), 0.1 if p > 0 else 0.0) for p in parts]
    level = np.concatenate(pieces)
    signal = level * rng.standard_normal(len(level))
    return (signal + 10 ** (noise_db / 20) * rng.standard_normal(len(level))).astype(np.float32)


@pytest.mark.parametrize("noise_db", [-200.0, -60.0, -40.0])
def test_pauses_are_found_to_the_frame_whatever_the_background(noise_db):
    loudness = Loudness.of(sound(-1.0, 2.0, -0.5, 1.5, -1.0, noise_db=noise_db))
    runs = [r for r in loudness.quiet_runs(0.0, 6.0) if r[1] - r[0] > 0.05]
    assert np.allclose(runs, [(0.0, 1.0), (3.0, 3.5), (5.0, 6.0)], atol=0.021)


def test_how_long_it_stays_quiet():
    loudness = Loudness.of(sound(-1.0, 2.0, -0.5, 1.5, -1.0))
    assert loudness.still_before(1.0, 0.3) == pytest.approx(0.3, abs=0.02)
    assert loudness.still_after(3.0, 2.0) == pytest.approx(0.5, abs=0.02)
    assert loudness.still_before(2.0, 0.3) == 0.0
    assert loudness.still_before(0.0, 0.3) == 0.0
    assert loudness.quiet_share(2.5, 3.5) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("num_samples", [0, 1, 2, 159, 161])
def test_almost_no_sound_has_almost_no_frames(num_samples):
    loudness = Loudness.of(np.zeros(num_samples, np.float32))
    assert len(loudness.db) == len(loudness.quiet) == num_samples // 160
    assert loudness.quiet_runs(0.0, 1.0) == [] or num_samples == 161
