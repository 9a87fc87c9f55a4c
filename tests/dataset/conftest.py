"""Seven utterances of a media item of ten seconds of noise."""

import numpy as np
import pytest
import soundfile

from echoharvester.manifests.cuts import media_cut, recording, utterance_cut


@pytest.fixture
def cuts(tmp_path):
    path = tmp_path / "it's a.flac"
    soundfile.write(path, np.random.default_rng(0).standard_normal(160000) * 0.1, 16000)
    media = media_cut(
        "m",
        recording("m", str(path), 16000, 160000),
        {"license": "CC BY", "cer": 0.0, "channel": "c|1"},
    )
    return [
        utterance_cut(media, f"m-{i}", i, i + 0.8, f"가{i}", {"cer": 0.1 * i}) for i in range(7)
    ]
