"""Measures of the sound of every utterance; judging them is `dataset.filter`'s."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.fingerprint import acoustic_fingerprint, part
from echoharvester.audio.measures import (
    ELSEWHERE,
    FRAME_SEC,
    bandwidth_hz,
    clipped_share,
    frame_power,
    noise_power,
    quiet_power,
    snr_db,
    snr_without_pauses_db,
    speech_mask,
)
from echoharvester.audio.media import load_sound
from echoharvester.audio.vad import VadConfig, overlap_sec, speech_regions
from echoharvester.manifests.cuts import is_rejected, text_of, with_custom
from echoharvester.manifests.shards import Cut
from echoharvester.text.hangul import hangul_share
from echoharvester.text.validity import syllables_per_sec

NOISE_CONTEXT_SEC = 10.0  # the noise of an utterance is that of the pauses around it
FINGERPRINT = "audio_fingerprint"  # on cuts_measured only, base64 of 32-bit values


def measure_media(
    cuts: Sequence[Cut], vad: VadConfig, load: Callable[[Cut], np.ndarray] = load_sound
) -> list[Cut]:
    """The cuts of one media item with measures; the recording is decoded once.

    Args:
        load: samples (num_samples,) of the recording of a cut.

    Raises:
        MediaError: if the recording cannot be read.
    """
    if all(is_rejected(cut) for cut in cuts):
        return list(cuts)
    samples = load(cuts[0])
    values = acoustic_fingerprint(samples)
    regions = speech_regions(samples, vad)
    power = frame_power(samples)
    is_speech = speech_mask(regions, len(power))
    near_speech = speech_mask(regions, len(power), margin_sec=0.1)
    result = []
    for cut in cuts:
        if not is_rejected(cut):
            measures = _measures(cut, samples, regions, power, is_speech, near_speech)
            end = cut["start"] + cut["duration"]
            measures[FINGERPRINT] = base64.b64encode(
                part(values, cut["start"], end).tobytes()
            ).decode()
            cut = with_custom(cut, **measures)
        result.append(cut)
    return result


def fingerprint_of(cut: Cut) -> np.ndarray:
    """The acoustic fingerprint of a measured cut, (num_values,) of 32 bits."""
    return np.frombuffer(base64.b64decode(cut["custom"].get(FINGERPRINT, "")), "<u4")


def _measures(
    cut: Cut,
    samples: np.ndarray,
    regions: np.ndarray,
    power: np.ndarray,
    is_speech: np.ndarray,
    near_speech: np.ndarray,
) -> dict[str, Any]:
    start, end = cut["start"], cut["start"] + cut["duration"]
    frames = slice(int(start / FRAME_SEC), int(np.ceil(end / FRAME_SEC)))
    context = slice(
        int(max(0.0, start - NOISE_CONTEXT_SEC) / FRAME_SEC),
        int((end + NOISE_CONTEXT_SEC) / FRAME_SEC),
    )
    sound = _part(samples, start, end)
    speech_sec = overlap_sec(regions, start, end)
    noise = noise_power(power[context], near_speech[context])
    if noise is not None and noise > ELSEWHERE * quiet_power(power[frames]):
        snr = snr_without_pauses_db(sound)  # music before or behind it is not under it
    elif noise is None and speech_sec:
        around = _part(samples, start - NOISE_CONTEXT_SEC, end + NOISE_CONTEXT_SEC)
        snr = snr_without_pauses_db(around)
    else:
        snr = snr_db(power[frames], is_speech[frames], noise or 0.0)
    return {
        "snr_db": round(snr, 2),
        "speech_ratio": round(speech_sec / max(cut["duration"], 1e-6), 4),
        "syllables_per_sec": round(syllables_per_sec(text_of(cut), speech_sec), 3),
        "clipped_share": round(clipped_share(sound), 5),
        "bandwidth_hz": round(bandwidth_hz(sound)),
        "hangul_share": round(_hangul_share_of_letters(cut), 3),
    }


def _part(samples: np.ndarray, start_sec: float, end_sec: float) -> np.ndarray:
    return samples[max(0, int(start_sec * SAMPLING_RATE)) : int(end_sec * SAMPLING_RATE)]


def _hangul_share_of_letters(cut: Cut) -> float:
    """Of the text as captioned: what is spoken is Hangul throughout, whatever the language."""
    text = cut["custom"].get("text_orthographic") or text_of(cut)
    letters = "".join(filter(str.isalpha, text))
    return hangul_share(letters) if letters else 1.0  # a number is read out in Korean
