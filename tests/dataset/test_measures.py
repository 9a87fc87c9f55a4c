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


def snr_of(samples, words, tmp_path):
    path = tmp_path / "x.flac"
    soundfile.write(path, samples.astype(np.float32), 16000)
    media = media_cut("x", recording("x", str(path), 16000, len(samples)), {"align_score": 0.9})
    text = " ".join(word.text for word in words)
    cut = utterance_cut(media, "x", words[0].start_sec, words[-1].end_sec, text, {})
    (measured,) = measure_media([cut], VadConfig())
    return measured["custom"]["snr_db"]


def test_music_behind_a_sentence_is_no_noise_under_it(tmp_path, spoken_sentences):
    samples, sentences = spoken_sentences
    words = sentences[0]
    end = round(words[-1].end_sec * 16000) + 1600
    rng = np.random.default_rng(0)
    quiet = samples[:end] + rng.standard_normal(end) * 1e-4
    loud = np.sin(np.arange(5 * 16000) * 0.2) * 0.3
    alone = snr_of(np.concatenate([quiet, np.zeros(16000 * 5)]), words, tmp_path)
    before_music = snr_of(np.concatenate([quiet, loud]), words, tmp_path)
    assert before_music > 20 and alone > 40
    under_all = np.concatenate([quiet + np.resize(loud, end), loud])
    assert snr_of(under_all, words, tmp_path) < 5
