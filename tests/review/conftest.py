"""Ten measured utterances of one medium, with its sound."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from echoharvester.manifests.cuts import media_cut, recording, text_of, utterance_cut, with_custom

SYLLABLES = "가나다라마바사아자차"


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
    """Cuts m-0 to m-9; the odd ones are for review, with a CER of 0.1 times their number."""
    of_media = {"caption_kind": "manual", "media_path": "/media/m.mp4", "title": "날씨", "channel": "c"}
    media = media_cut("m", recording("m", str(sound), 16000, 160000), of_media)
    result = []
    for i, syllable in enumerate(SYLLABLES):
        text = f"오늘은 날씨가 좋네요 {syllable}"
        cut = utterance_cut(media, f"m-{i}", i, i + 1.0, text, {"text_orthographic": f"{text}."})
        times = [(0.1, 0.2), (0.3, 0.2), (0.5, 0.2), (0.7, 0.2)]
        words = [[w, *at, 0.9] for w, at in zip(text.split(), times, strict=True)]
        cut["supervisions"][0]["alignment"] = {"word": words}
        cut = with_custom(cut, align_score=0.9, snr_db=30.0, speech_ratio=0.9)
        status = {"status": "review", "reason": "cer_near_limit"} if i % 2 else {"status": "accepted"}
        result.append(with_custom(cut, **status, cer=round(0.1 * i, 4), hyp_text=text_of(cut)))
    return result
