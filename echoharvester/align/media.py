"""All utterances of a media item, aligned, with boundaries that cut nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from echoharvester.align.base import AlignedWord, Aligner, Alignment, Evidence, Request
from echoharvester.align.boundaries import place_words, safe_spans, within_speech
from echoharvester.align.calibration import Calibration
from echoharvester.align.trim import trimmed
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import load_sound
from echoharvester.audio.pauses import Loudness
from echoharvester.audio.vad import EDGE_VAD, speech_regions
from echoharvester.manifests.cuts import (
    is_rejected,
    rejected,
    shared_word_times,
    text_of,
    with_custom,
    with_supervision,
    with_times,
)
from echoharvester.manifests.shards import Cut

STAGE = "align"


class CaptionTimes:
    """The aligner `none`: captions are believed, words share their time by length."""

    boundaries = None
    chooses_verbalisations = False
    heard_by = ""
    edges_by_vad = False

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        return [_shared_by_length(request) for request in requests]


def _shared_by_length(request: Request) -> Alignment:
    words = request.verbalisations[0].split()
    times = shared_word_times(words, request.start_sec, request.end_sec)
    aligned = tuple(AlignedWord(word, a, b, 1.0) for word, (a, b) in zip(words, times, strict=True))
    return Alignment(" ".join(words), aligned, 1.0)


def align_media(
    cuts: Sequence[Cut],
    aligner: Aligner,
    pad_sec: float,
    trim: bool = True,
    load: Callable[[Cut], np.ndarray] = load_sound,
    calibration: Calibration | None = None,
) -> list[Cut]:
    """The cuts of one media item with word times; those that fit nowhere are rejected.

    Args:
        trim: an utterance of which a part does not fit is cut down to what does.
        load: samples (num_samples,) of the recording of a cut.
        calibration: makes probabilities of the scores of words, and `align_confidence`.

    Raises:
        MediaError: if the recording cannot be read.
    """
    wanted = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    result = list(cuts)
    if not wanted:
        return result
    samples = load(cuts[0])
    alignments = aligner.align(samples, [request_of(cuts[i]) for i in wanted])
    loudness = Loudness.of(samples)
    if aligner.boundaries:
        alignments = place_words(alignments, loudness, aligner.boundaries)
    if aligner.edges_by_vad:
        regions = speech_regions(samples, EDGE_VAD)
        alignments = [a and within_speech(a, regions) for a in alignments]
    for i, alignment in zip(wanted, alignments, strict=True):
        if alignment is None:
            result[i] = rejected(with_custom(cuts[i], align_score=0.0), STAGE, "not_alignable")
    found = [(i, a) for i, a in zip(wanted, alignments, strict=True) if a is not None]
    words = [word for _, alignment in found for word in alignment.words]
    parts = [trimmed(alignment) if trim else alignment for _, alignment in found]
    spans = [(part.words[0].start_sec, part.words[-1].end_sec) for part in parts]
    if aligner.boundaries:
        spans = safe_spans(spans, words, loudness, pad_sec, len(samples) / SAMPLING_RATE)
    for (i, whole), part, (start, end) in zip(found, parts, spans, strict=True):
        result[i] = _aligned(cuts[i], part, start, end, calibration)
        if part is not whole:
            left_out = len(whole.words) - len(part.words)
            result[i] = with_custom(result[i], text_whole=whole.text, words_trimmed=left_out)
        if aligner.chooses_verbalisations:
            result[i]["custom"].pop("text_candidates", None)
        if part.evidence:
            result[i] = with_custom(result[i], **_fields(part.evidence, aligner.heard_by))
    return result


def request_of(cut: Cut) -> Request:
    """What an aligner is asked of a cut of stage 3, or of one of a later stage."""
    custom = cut["custom"]
    verbalisations = custom.get("text_candidates") or [text_of(cut)]
    times = custom["caption_start_sec"], custom["caption_end_sec"]
    return Request(verbalisations, *times, custom.get("text_orthographic", ""))


def _fields(evidence: Evidence, heard_by: str) -> dict[str, Any]:
    return {
        "text_log_prob_mean": round(evidence.mean_log_prob, 4),
        "text_log_prob_min": round(evidence.min_log_prob, 4),
        "weakest_word": evidence.weakest_word,
        "text_as_heard": " ".join(evidence.words),
        "word_log_probs": [[round(p, 2) for p in tokens] for tokens in evidence.log_probs],
        "heard_text": " ".join(evidence.heard),
        "heard_log_probs": [round(p, 2) for p in evidence.heard_log_probs],
        "heard_by": heard_by,
    }


def _aligned(
    cut: Cut,
    alignment: Alignment,
    start_sec: float,
    end_sec: float,
    calibration: Calibration | None,
) -> Cut:
    cut = with_times(cut, start_sec, end_sec)
    words = [
        [
            w.text,
            round(w.start_sec - start_sec, 4),
            round(w.end_sec - w.start_sec, 4),
            calibration.word(w.score) if calibration else round(w.score, 4),
        ]
        for w in alignment.words
    ]
    cut = with_supervision(cut, text=alignment.text, alignment={"word": words})
    cut = with_custom(cut, align_score=round(alignment.score, 4))
    if calibration:
        cut = with_custom(cut, align_confidence=calibration.utterance(alignment.score))
    return cut
