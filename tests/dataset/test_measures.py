"""Measures of sound whose truth is known."""

import numpy as np
import soundfile

from echoharvester.audio.vad import VadConfig
from echoharvester.dataset.filter import FilterConfig, judge_media
from echoharvester.dataset.measure import measure_media
from echoharvester.manifests.cuts import media_cut, recording, utterance_cut


def test_measures_of_known_sound(tmp_path, spoken_sentences):
    samples, sentences = spoken_sentences
    rng = np.random.default_rng(0)
    speech = samples[np.abs(samples) > 0.003]
    noisy = samples + rng.standard_normal(len(samples)) * np.sqrt(np.mean(speech**2) / 100)
    results = {}
    for name, sound in (("clean", samples), ("noisy", noisy.astype(np.float32))):
        path = tmp_path / f"{name}.flac"
        soundfile.write(path, sound, 16000)
        media = media_cut(name, recording(name, str(path), 16000, len(sound)), {"align_score": 0.9})
        words = sentences[0]
        text = " ".join(w.text for w in words)
        cut = utterance_cut(media, name, words[0].start_sec, words[-1].end_sec, text, {})
        silent = utterance_cut(media, f"{name}-z", 0.0, 0.9, "가나다라", {})
        results[name] = judge_media(
            measure_media([cut, silent], VadConfig()), FilterConfig(min_snr_db=25)
        )
    clean, silent = (c["custom"] for c in results["clean"])
    noisy = results["noisy"][0]["custom"]
    assert clean["status"] == "accepted" and clean["snr_db"] > 30 and clean["speech_ratio"] > 0.9
    assert silent["status"] == "rejected" and silent["reason"] == "low_speech_ratio"
    assert noisy["reason"] == "low_snr" and abs(noisy["snr_db"] - 20) < 4
    assert 3 < clean["syllables_per_sec"] < 9
