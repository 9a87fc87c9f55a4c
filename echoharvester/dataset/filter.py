"""The judgement on every utterance, from what was measured of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.dataset.measure import FINGERPRINT
from echoharvester.manifests.cuts import is_rejected, rejected, with_custom
from echoharvester.manifests.runner import by_media
from echoharvester.manifests.shards import Cut
from echoharvester.text.invented import INVENTED_SPEECH_RATIO, is_invented
from echoharvester.text.validity import MAX_SYLLABLES_PER_SEC, MIN_SYLLABLES_PER_SEC

STAGE = "filter"
DUPLICATE = "duplicate"


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
    min_bandwidth_hz: float = 5000.0
    min_hangul_share: float = 0.2
    max_rate_deviation: float = 5.0
    max_mismatch_share: float = 0.8
    max_overlap_ratio: float = 0.1


_MIN_RATES = 10  # utterances that tell how fast a media item is spoken
_MIN_RATE_SPREAD = 0.1  # of the natural logarithm of the rate: nobody is as even as a machine
# Media with fewer utterances that were tried tell nothing about the rest.
_MIN_TRIED = 5
_MISMATCHES = ("low_align_score", "not_alignable")


def judge_media(
    cuts: Sequence[Cut], config: FilterConfig, duplicate_of: Mapping[str, str] | None = None
) -> list[Cut]:
    """The measured cuts of one media item, judged.

    Args:
        duplicate_of: for each cut whose speech lies in other media, too, which one keeps it.
    """
    judged = [
        c if is_rejected(c) else _judged(c, config, duplicate_of or {})
        for c in with_rate_deviations(cuts)
    ]
    return without_foreign_captions(judged, config)


def media_to_keep(cuts: Iterable[Cut], config: FilterConfig) -> Iterator[tuple[str, list[Cut]]]:
    """Media, by id, with the measured cuts that would be accepted, were it not for duplicates."""
    for media_id, measured in by_media(cuts):
        fine = {cut["id"] for cut in judge_media(measured, config) if not is_rejected(cut)}
        kept = [cut for cut in measured if cut["id"] in fine]  # judged ones have no fingerprint
        if kept:
            yield media_id, kept


def with_rate_deviations(cuts: Sequence[Cut]) -> list[Cut]:
    """The measured cuts of a media item, each with how far its speaking rate is from their median.

    In robust standard deviations of the logarithm; 0 where there are too few to tell.
    """
    measured = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    rates = np.log([max(cuts[i]["custom"]["syllables_per_sec"], 0.1) for i in measured])
    deviations = np.zeros(len(measured))
    if len(measured) >= _MIN_RATES:
        from_median = rates - np.median(rates)
        spread = 1.4826 * float(np.median(np.abs(from_median)))
        deviations = from_median / max(spread, _MIN_RATE_SPREAD)
    result = list(cuts)
    for i, deviation in zip(measured, deviations, strict=True):
        result[i] = with_custom(cuts[i], rate_deviation=round(float(deviation), 2))
    return result


def without_foreign_captions(cuts: list[Cut], config: FilterConfig) -> list[Cut]:
    """All cuts rejected where nearly none of the captions fits the sound.

    Such captions translate foreign speech, or belong to another video; the few that seem to fit do
    so by chance.
    """
    fitting = [c for c in cuts if not is_rejected(c) or c["custom"].get("reason") == DUPLICATE]
    amiss = sum(c["custom"].get("reason") in _MISMATCHES for c in cuts if is_rejected(c))
    num_tried = len(fitting) + amiss
    if num_tried < _MIN_TRIED or amiss <= config.max_mismatch_share * num_tried:
        return cuts
    wanted = {
        c["id"] for c in cuts if not is_rejected(c) or c["custom"].get("reason") in _MISMATCHES
    }
    return [rejected(c, STAGE, "captions_do_not_match") if c["id"] in wanted else c for c in cuts]


def _is_damaged(cut: Cut) -> bool:
    """Whether sound is missing inside of it (see `echoharvester.audio.damage`)."""
    end = cut["start"] + cut["duration"]
    return any(a < end and cut["start"] < b for a, b in cut["custom"].get("media_gaps", ()))


def _judged(cut: Cut, config: FilterConfig, duplicate_of: Mapping[str, str]) -> Cut:
    cut = {**cut, "custom": {k: v for k, v in cut["custom"].items() if k != FINGERPRINT}}
    custom = cut["custom"]
    reasons = {
        "too_short": cut["duration"] < config.min_sec,
        "too_long": cut["duration"] > config.max_sec,
        "damaged_audio": _is_damaged(cut),
        "low_speech_ratio": custom["speech_ratio"] < config.min_speech_ratio,
        "invented_phrase": custom["speech_ratio"] < INVENTED_SPEECH_RATIO
        and is_invented(custom.get("text_orthographic", "")),
        "low_snr": custom["snr_db"] < config.min_snr_db,
        "clipped": custom["clipped_share"] > config.max_clipped_share,
        "overlapped_speech": custom.get("overlap_ratio", 0.0) > config.max_overlap_ratio,
        "narrow_band": custom["bandwidth_hz"] < config.min_bandwidth_hz,
        "not_korean": custom["hangul_share"] < config.min_hangul_share,
        "low_align_score": custom["align_score"] < config.min_align_score,
        "too_fast": custom["syllables_per_sec"] > config.max_syllables_per_sec,
        "too_slow": custom["syllables_per_sec"] < config.min_syllables_per_sec,
        "unusual_rate": abs(custom["rate_deviation"]) > config.max_rate_deviation,
        DUPLICATE: cut["id"] in duplicate_of,
    }
    reason = next((name for name, holds in reasons.items() if holds), None)
    if reason == DUPLICATE:
        cut = with_custom(cut, duplicate_of=duplicate_of[cut["id"]])
    return rejected(cut, STAGE, reason) if reason else cut
