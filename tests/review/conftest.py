"""Ten measured utterances of one media item, with its sound."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile
from review_support import make_cuts


@pytest.fixture
def sound(tmp_path):
    """Ten seconds, a tone that gets louder every second."""
    path = tmp_path / "m.flac"
    seconds = np.arange(160000) / 16000
    tone = 0.05 * (1 + seconds.astype(int)) * np.sin(2 * np.pi * 300 * seconds)
    soundfile.write(path, tone, 16000)
    return path


@pytest.fixture
def cuts(sound):
    return make_cuts(str(sound))
