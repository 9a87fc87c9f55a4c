"""Every utterance heard by a recogniser, or two, and compared with its caption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.asr.base import Recogniser
from echoharvester.asr.label_classifier import LabelClassifier
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
from echoharvester.text.scores import best_verbalisation, cer
from echoharvester.text.validity import is_repetitive

STAGE = "validate"


@dataclass(frozen=True)
class CerThresholds:
    """What decides between caption and hypothesis.

    Attributes:
        max_cer_manual: limit of the CER (without spaces and punctuation) of captions that people
            wrote.
        max_cer_other: of all others.
        review_margin: this much above the limit is for people to decide.
        classifier: learned from reviews; decides instead of the limits.
    """

    max_cer_manual: float = 0.15
    max_cer_other: float = 0.10
    review_margin: float = 0.10
    classifier: LabelClassifier | None = None

    def limit(self, caption_kind: str) -> float:
        return self.max_cer_manual if caption_kind == "manual" else self.max_cer_other


def validate_media(
    cuts: Sequence[Cut],
    recognisers: Sequence[Recogniser],
    thresholds: CerThresholds,
    load: Callable[[Cut], np.ndarray] = load_sound,
) -> list[Cut]:
    """The cuts of one media item with hypotheses and CER, accepted, rejected or for review.

    Args:
        recognisers: one, or two unlike ones whose agreement counts.
        load: samples (num_samples,) of the recording of a cut.

    Raises:
        MediaError: if the recording cannot be read.
    """
    wanted = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    result = list(cuts)
    if not wanted:
        return result
    samples = load(cuts[0])
    sounds = [_sound(cuts[i], samples) for i in wanted]
    heard = [recogniser.transcribe(sounds) for recogniser in recognisers]
    for i, *hypotheses in zip(wanted, *heard, strict=True):
        result[i] = judged(cuts[i], hypotheses, thresholds)
    return result


def _sound(cut: Cut, samples: np.ndarray) -> np.ndarray:
    start = round(cut["start"] * SAMPLING_RATE)
    return samples[start : start + round(cut["duration"] * SAMPLING_RATE)]


def judged(cut: Cut, hypotheses: Sequence[str], thresholds: CerThresholds) -> Cut:
    """The cut with hypotheses, CER and status.

    Where no aligner has chosen among the verbalisations of the text, the one nearest to the (first)
    hypothesis becomes the text.
    """
    cut, rate = _scored(cut, hypotheses[0])
    cut = with_custom(cut, hyp_text=hypotheses[0], cer=rate)
    rates = [rate]
    if len(hypotheses) > 1:
        second = _rate(text_of(cut), hypotheses[1])
        between = _rate(hypotheses[1], hypotheses[0])
        cut = with_custom(
            cut, hyp_text_second=hypotheses[1], cer_second=second, cer_between=between
        )
        rates.append(second)
    if thresholds.classifier:
        return _judged_by_probability(cut, thresholds.classifier)
    return _judged_by_limit(cut, rates, thresholds)


def _judged_by_limit(cut: Cut, rates: Sequence[float], thresholds: CerThresholds) -> Cut:
    """Accepted where every recogniser hears the caption; for review where only one does."""
    limit = thresholds.limit(cut["custom"]["caption_kind"])
    agree = [rate <= limit for rate in rates]
    if all(agree):
        return cut
    if any(agree):
        return with_custom(cut, status=REVIEW, reason="recognisers_disagree")
    if reason := _unusable(cut):
        return rejected(cut, STAGE, reason)
    if min(rates) <= limit + thresholds.review_margin:
        return with_custom(cut, status=REVIEW, reason="cer_near_limit")
    return rejected(cut, STAGE, "cer_too_high")


def _judged_by_probability(cut: Cut, classifier: LabelClassifier) -> Cut:
    probability = classifier.probability(cut)
    cut = with_custom(cut, label_probability=round(probability, 4))
    if probability >= classifier.threshold:
        return cut
    if reason := _unusable(cut):
        return rejected(cut, STAGE, reason)
    if probability >= classifier.review_threshold:
        return with_custom(cut, status=REVIEW, reason="label_doubtful")
    return rejected(cut, STAGE, "label_unlikely")


def _unusable(cut: Cut) -> str:
    """Why a hypothesis says nothing of a text; "" if it does."""
    hypothesis = cut["custom"]["hyp_text"]
    if not hypothesis.strip():
        return "empty_hypothesis"
    if is_repetitive(hypothesis) and not is_repetitive(text_of(cut)):
        return "repetitive_hypothesis"
    return ""


def _rate(reference: str, hypothesis: str) -> float:
    return round(cer(reference, hypothesis).rate, 4)


def _scored(cut: Cut, hypothesis: str) -> tuple[Cut, float]:
    """CER against the text, or, where no aligner has chosen its verbalisation, against the nearest one."""
    verbalisations = cut["custom"].get("text_candidates")
    if not verbalisations:
        return cut, _rate(text_of(cut), hypothesis)
    text, counts = best_verbalisation(verbalisations, hypothesis)
    if text == text_of(cut):
        return cut, round(counts.rate, 4)
    words = text.split()  # nobody has measured the times of this verbalisation
    times = shared_word_times(words, 0.0, cut["duration"])
    shared = [
        [w, round(a, 4), round(b - a, 4), 1.0] for w, (a, b) in zip(words, times, strict=True)
    ]
    return with_supervision(cut, text=text, alignment={"word": shared}), round(counts.rate, 4)
