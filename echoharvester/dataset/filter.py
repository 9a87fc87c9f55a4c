"""Measures of the sound of every utterance, and the judgement that follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.measures import (
    FRAME_SEC,
    clipped_share,
    frame_power,
    noise_power,
    snr_db,
    speech_mask,
)
from echoharvester.audio.media import load_sound
from echoharvester.audio.vad import VadConfig, overlap_sec, speech_regions
from echoharvester.manifests.cuts import is_rejected, rejected, text_of, with_custom
from echoharvester.manifests.shards import Cut
from echoharvester.text.validity import (
    MAX_SYLLABLES_PER_SEC,
    MIN_SYLLABLES_PER_SEC,
    syllables_per_sec,
)

STEP = "filter"
NOISE_CONTEXT_SEC = 10.0  # the noise of an utterance is that of the pauses around it


@dataclass(frozen=True)
class FilterConfig:
    """Limits; what lies beyond is rejected, the first reason in this order."""

    min_sec: float = 0.5
    max_sec: float = 30.0
    min_snr_db: float = 10.0
    min_speech_ratio: float = 0.5
    min_align_score: float = 0.3
    max_syllables_per_sec: float = MAX_SYLLABLES_PER_SEC
    min_syllables_per_sec: float = MIN_SYLLABLES_PER_SEC
    max_clipped_share: float = 0.01
    max_mismatch_share: float = 0.8


# Media with fewer utterances that were tried tell nothing about the rest.
_MIN_TRIED = 5
_MISMATCHES = ("low_align_score", "not_alignable")


def filter_media(cuts: Sequence[Cut], config: FilterConfig, vad: VadConfig) -> list[Cut]:
    """The cuts of one media item with measures, judged; the recording is read once.

    Raises:
        MediaError: if the recording cannot be read.
    """
    if all(is_rejected(cut) for cut in cuts):
        return list(cuts)
    samples = load_sound(cuts[0])
    regions = speech_regions(samples, vad)
    power = frame_power(samples)
    is_speech = speech_mask(regions, len(power))
    near_speech = speech_mask(regions, len(power), margin_sec=0.1)
    result = []
    for cut in cuts:
        if not is_rejected(cut):
            measures = _measures(cut, samples, regions, power, is_speech, near_speech)
            cut = _judged(with_custom(cut, **measures), config)
        result.append(cut)
    return without_foreign_captions(result, config)


def without_foreign_captions(cuts: list[Cut], config: FilterConfig) -> list[Cut]:
    """All cuts rejected where nearly none of the captions fits the sound.

    Such captions translate foreign speech, or belong to another video; the few that seem to fit do
    so by chance.
    """
    tried = [c for c in cuts if not is_rejected(c) or c["custom"].get("reason") in _MISMATCHES]
    amiss = sum(is_rejected(cut) for cut in tried)
    if len(tried) < _MIN_TRIED or amiss <= config.max_mismatch_share * len(tried):
        return cuts
    wanted = {cut["id"] for cut in tried}
    return [rejected(c, STEP, "captions_do_not_match") if c["id"] in wanted else c for c in cuts]


def _measures(
    cut: Cut,
    samples: np.ndarray,
    regions: np.ndarray,
    power: np.ndarray,
    is_speech: np.ndarray,
    near_speech: np.ndarray,
) -> dict[str, float]:
    start, end = cut["start"], cut["start"] + cut["duration"]
    frames = slice(int(start / FRAME_SEC), int(np.ceil(end / FRAME_SEC)))
    context = slice(
        int(max(0.0, start - NOISE_CONTEXT_SEC) / FRAME_SEC),
        int((end + NOISE_CONTEXT_SEC) / FRAME_SEC),
    )
    noise = noise_power(power[context], near_speech[context])
    speech_sec = overlap_sec(regions, start, end)
    sound = samples[int(start * SAMPLING_RATE) : int(end * SAMPLING_RATE)]
    return {
        "snr_db": round(snr_db(power[frames], is_speech[frames], noise), 2),
        "speech_ratio": round(speech_sec / max(cut["duration"], 1e-6), 4),
        "syllables_per_sec": round(syllables_per_sec(text_of(cut), speech_sec), 3),
        "clipped_share": round(clipped_share(sound), 5),
    }


def _judged(cut: Cut, config: FilterConfig) -> Cut:
    custom = cut["custom"]
    reasons = {
        "too_short": cut["duration"] < config.min_sec,
        "too_long": cut["duration"] > config.max_sec,
        "low_speech_ratio": custom["speech_ratio"] < config.min_speech_ratio,
        "low_snr": custom["snr_db"] < config.min_snr_db,
        "clipped": custom["clipped_share"] > config.max_clipped_share,
        "low_align_score": custom["align_score"] < config.min_align_score,
        "too_fast": custom["syllables_per_sec"] > config.max_syllables_per_sec,
        "too_slow": custom["syllables_per_sec"] < config.min_syllables_per_sec,
    }
    reason = next((name for name, holds in reasons.items() if holds), None)
    return rejected(cut, STEP, reason) if reason else cut
