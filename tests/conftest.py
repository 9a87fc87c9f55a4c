"""Fixture makers shared by all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

# The same examples every time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "local"), str(ROOT / "tests")]
os.environ.setdefault("ECHO_RECIPE_DIR", str(ROOT / "egs" / "mini_ko"))


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def recogniser_dir() -> Path:
    """The recogniser that mini_ko ships."""
    return ROOT / "egs" / "mini_ko" / "recogniser"


@pytest.fixture(scope="session")
def spoken_sentences() -> tuple[np.ndarray, list]:
    """16 kHz speech of a few sentences with pauses, and their words with true times."""
    from scipy.signal import resample_poly

    from echoharvester.sources.synthetic.espeak import Voice, Word, espeak

    texts = [
        "오늘은 날씨가 좋아서 강에 갑니다",
        "친구가 노란 우산을 샀어요",
        "바다에서 배를 기다렸습니다",
    ]
    pieces, words, position = [np.zeros(22050, np.float32)], [], 1.0
    for text in texts:
        with espeak() as speaker:
            speech = speaker.say(text, Voice("ko+m3", 150))
        words.append(
            [Word(w.text, w.start_sec + position, w.end_sec + position) for w in speech.words]
        )
        pieces += [speech.samples, np.zeros(22050, np.float32)]
        position += len(speech.samples) / 22050 + 1.0
    return resample_poly(np.concatenate(pieces), 320, 441).astype(np.float32), words


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A miniature run of the whole recipe, shared by the tests that look at it."""
    from recipe_support import Recipe

    folder = tmp_path_factory.mktemp("recipe")
    recipe = Recipe(folder / "data", folder / "exp")
    recipe.run()
    return recipe
