"""Every utterance heard by a recogniser and compared with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.asr.base import Recogniser
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import load_sound
from echoharvester.manifests.accounting import REVIEW
from echoharvester.manifests.cuts import (
    is_rejected,
    rejected,
    shared_word_times,
    text_of,
    with_custom,
    with_supervision,
)
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import best_reading, cer
from echoharvester.text.validity import is_repetitive

STEP = "validate"


@dataclass(frozen=True)
class Gate:
    """Limits of the CER (without spaces and punctuation) between caption and hypothesis.

    Attributes:
        max_cer_manual: for captions that people wrote.
        max_cer_other: for all others.
        review_margin: this much above the limit is for people to decide.
    """

    max_cer_manual: float = 0.15
    max_cer_other: float = 0.10
    review_margin: float = 0.10

    def limit(self, caption_kind: str) -> float:
        return self.max_cer_manual if caption_kind == "manual" else self.max_cer_other


def validate_media(cuts: Sequence[Cut], recogniser: Recogniser, gate: Gate) -> list[Cut]:
    """The cuts of one media item with hypothesis and CER, accepted, rejected or for review.

    Raises:
        MediaError: if the recording cannot be read.
    """
    wanted = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    result = list(cuts)
    if not wanted:
        return result
    samples = load_sound(cuts[0])
    hypotheses = recogniser.transcribe([_sound(cuts[i], samples) for i in wanted])
    for i, hypothesis in zip(wanted, hypotheses, strict=True):
        result[i] = judged(cuts[i], hypothesis, gate)
    return result


def _sound(cut: Cut, samples: np.ndarray) -> np.ndarray:
    start = round(cut["start"] * SAMPLING_RATE)
    return samples[start : start + round(cut["duration"] * SAMPLING_RATE)]


def judged(cut: Cut, hypothesis: str, gate: Gate) -> Cut:
    """The cut with hypothesis, CER and status.

    Where no aligner has chosen among the readings of the text, the one nearest to the hypothesis
    becomes the text.
    """
    cut, rate = _scored(cut, hypothesis)
    cut = with_custom(cut, hyp_text=hypothesis, cer=rate)
    limit = gate.limit(cut["custom"]["caption_kind"])
    if rate <= limit:
        return cut
    if not hypothesis.strip():
        return rejected(cut, STEP, "empty_hypothesis")
    if is_repetitive(hypothesis) and not is_repetitive(text_of(cut)):
        return rejected(cut, STEP, "repetitive_hypothesis")
    if rate <= limit + gate.review_margin:
        return with_custom(cut, status=REVIEW, reason="cer_near_limit")
    return rejected(cut, STEP, "cer_too_high")


def _scored(cut: Cut, hypothesis: str) -> tuple[Cut, float]:
    """CER against the text, or, where no aligner has chosen its reading, against the nearest one."""
    readings = cut["custom"].get("text_candidates")
    if not readings:
        return cut, round(cer(text_of(cut), hypothesis).rate, 4)
    text, counts = best_reading(readings, hypothesis)
    words = text.split()
    times = shared_word_times(words, 0.0, cut["duration"])
    shared = [
        [w, round(a, 4), round(b - a, 4), 1.0] for w, (a, b) in zip(words, times, strict=True)
    ]
    return with_supervision(cut, text=text, alignment={"word": shared}), round(counts.rate, 4)
