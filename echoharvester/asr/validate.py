"""Every utterance heard by a recogniser, or two, and compared with its caption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from echoharvester.asr.base import Recogniser, TextJudge
from echoharvester.asr.evidence import (
    EVIDENCE_OF,
    RECOGNISER,
    EvidenceCurve,
    TextEvidence,
    as_heard,
)
from echoharvester.asr.label_classifier import LabelClassifier
from echoharvester.asr.machine import MachineRule, judged_machine
from echoharvester.asr.salvage import sure_part
from echoharvester.asr.site_captions import site_captions
from echoharvester.asr.transcribe import MACHINE
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import load_sound
from echoharvester.errors import UserError
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
from echoharvester.text.invented import INVENTED_SPEECH_RATIO, is_invented
from echoharvester.text.scores import best_verbalisation, cer
from echoharvester.text.spoken import candidates
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
        curve: decides instead of the limits where there is evidence for the text.
        read_hypotheses: whether digits and Latin letters that were heard are read out, too.
        machine: what labels need that a recogniser wrote.
        min_probability: of a text to be accepted, where classifier or curve decide; None: theirs.
    """

    max_cer_manual: float = 0.15
    max_cer_other: float = 0.10
    review_margin: float = 0.10
    classifier: LabelClassifier | None = None
    curve: EvidenceCurve | None = None
    read_hypotheses: bool = False
    machine: MachineRule = field(default_factory=MachineRule)
    min_probability: float | None = None

    def with_probability(self) -> CerThresholds:
        """A copy whose classifier and curve accept from `min_probability` on.

        Raises:
            UserError: if that is no probability.
        """
        least = self.min_probability
        if least is None:
            return self
        if not 0 <= least <= 1:
            raise UserError(f"validate.min_probability is from 0 to 1, not {least}")
        found = self
        if self.classifier:
            review = min(least, self.classifier.review_threshold)
            changed = replace(self.classifier, threshold=least, review_threshold=review)
            found = replace(found, classifier=changed)
        if self.curve:
            review = min(least, self.curve.review_threshold)
            curve = replace(self.curve, threshold=least, review_threshold=review)
            found = replace(found, curve=curve)
        return found

    def limit(self, caption_kind: str) -> float:
        return self.max_cer_manual if caption_kind == "manual" else self.max_cer_other


def validate_media(
    cuts: Sequence[Cut],
    recognisers: Sequence[Recogniser],
    thresholds: CerThresholds,
    load: Callable[[Cut], np.ndarray] = load_sound,
    heard_by: str = "",
) -> list[Cut]:
    """The cuts of one media item with hypotheses and CER, accepted, rejected or for review.

    Args:
        recognisers: one, or two unlike ones whose agreement counts.
        load: samples (num_samples,) of the recording of a cut.
        heard_by: name of the first recogniser: what stage 4 has heard by it is not heard again.

    Raises:
        MediaError: if the recording cannot be read.
    """
    wanted = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    result = list(cuts)
    if not wanted:
        return result
    known = {
        i: [str(cuts[i]["custom"]["heard_text"])]
        for i in wanted
        if heard_by and cuts[i]["custom"].get("heard_by") == heard_by
    }
    samples = load(cuts[0]) if len(known) < len(wanted) or len(recognisers) > 1 else np.zeros(0)
    heard: list[dict[int, str]] = []
    for number, recogniser in enumerate(recognisers):
        open_ones = [i for i in wanted if number or i not in known]
        sounds = [_sound(cuts[i], samples) for i in open_ones]
        texts = recogniser.transcribe(sounds) if sounds else []
        heard.append(dict(zip(open_ones, texts, strict=True)))
    site = site_captions(cuts[wanted[0]])
    first_heard = {i: known[i][0] if i in known else heard[0][i] for i in wanted}
    evident = _with_evidence(cuts, first_heard, recognisers[0], samples)
    for i in wanted:
        first = [first_heard[i]]
        cut = site.beside(evident[i]) if site else evident[i]
        result[i] = judged(cut, [*first, *(texts[i] for texts in heard[1:])], thresholds)
    return result


def _with_evidence(
    cuts: Sequence[Cut], heard: Mapping[int, str], recogniser: Recogniser, samples: np.ndarray
) -> dict[int, Cut]:
    """The cuts that were heard, with the evidence of their recogniser where the aligner gave none."""
    found = {i: cuts[i] for i in heard}
    if not isinstance(recogniser, TextJudge) or not recogniser.heard_by:
        return found
    # What it wrote itself it finds right, whatever it is.
    asked = [
        i for i, cut in found.items()
        if not TextEvidence.of_cut(cut) and cut["custom"].get("caption_kind") != MACHINE
    ]  # fmt: skip
    evidence = recogniser.evidence(
        [_sound(cuts[i], samples) for i in asked],
        [as_heard(cuts[i]) for i in asked],
        [heard[i] for i in asked],
    )
    for i, one in zip(asked, evidence, strict=True):
        if one:
            fields = {**one.fields(recogniser.heard_by), EVIDENCE_OF: RECOGNISER}
            found[i] = with_custom(cuts[i], **fields)
    return found


def _sound(cut: Cut, samples: np.ndarray) -> np.ndarray:
    start = round(cut["start"] * SAMPLING_RATE)
    return samples[start : start + round(cut["duration"] * SAMPLING_RATE)]


def judged(cut: Cut, hypotheses: Sequence[str], thresholds: CerThresholds) -> Cut:
    """The cut with hypotheses, CER and status.

    Where no aligner has chosen among the verbalisations of the text, the one nearest to the (first)
    hypothesis becomes the text.
    """
    if thresholds.read_hypotheses:
        cut, rate = _scored_both_ways(cut, hypotheses[0])
    else:
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
    if is_heard_over_nothing(cut, hypotheses[0]):
        return rejected(cut, STAGE, "empty_hypothesis")
    if cut["custom"].get("caption_kind") == MACHINE:
        return judged_machine(cut, hypotheses, thresholds.machine, thresholds.curve)
    if thresholds.classifier:
        return _judged_by_probability(cut, thresholds.classifier)
    curve = thresholds.curve
    evidence = TextEvidence.of_cut(cut) if curve and curve.judges(cut) else None
    if curve and evidence:
        return _judged_by_evidence(cut, evidence, curve)
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


def _judged_by_evidence(cut: Cut, evidence: TextEvidence, curve: EvidenceCurve) -> Cut:
    """By how probable the text is on its sound; where the whole is not sure, a part may be."""
    witness = TextEvidence.of_witness(cut) if curve.of_witness else None
    if curve.of_witness and not witness:  # it could not place the text: nothing is sure
        return with_custom(cut, label_probability=0.0, status=REVIEW, reason="label_doubtful")
    probability = curve.probability(evidence.figures(), witness.figures() if witness else None)
    cut = with_custom(cut, label_probability=round(probability, 4))
    if probability >= curve.threshold:
        return cut
    if part := sure_part(cut, evidence, curve, witness):
        heard = part["custom"]["heard_text"]
        if cut["custom"]["hyp_text"] != cut["custom"]["heard_text"]:
            return part  # another recogniser has heard the whole
        rate = min(_rate(text_of(part), reading) for reading in (heard, *candidates(heard)))
        return with_custom(part, hyp_text=heard, cer=rate)
    if probability >= curve.review_threshold:
        return with_custom(cut, status=REVIEW, reason="label_doubtful")
    return rejected(cut, STAGE, "label_unlikely")


def is_heard_over_nothing(cut: Cut, hypothesis: str) -> bool:
    """Whether a hypothesis is what recognisers write over silence and music, and little else than
    these is heard: caption and hypothesis may agree on what nobody said."""
    speech_ratio = cut["custom"].get("speech_ratio", 1.0)
    return speech_ratio < INVENTED_SPEECH_RATIO and is_invented(hypothesis)


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


def _scored_both_ways(cut: Cut, hypothesis: str) -> tuple[Cut, float]:
    """The least CER over verbalisations of the text and of the hypothesis, which may hold digits."""
    readings = candidates(hypothesis) or [hypothesis]
    return min((_scored(cut, reading) for reading in readings), key=lambda scored: scored[1])


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
