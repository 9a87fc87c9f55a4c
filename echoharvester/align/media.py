"""All utterances of a media item, aligned, with boundaries that cut nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.align.base import AlignedWord, Aligner, Alignment, Request
from echoharvester.align.boundaries import place_words, safe_spans, within_speech
from echoharvester.align.calibration import Calibration
from echoharvester.align.joining import Found, joined
from echoharvester.align.recutting import recut
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
BELIEVED_SCORE = 0.35  # of utterances below it one in thirty was said (the truth benchmark)


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


@dataclass(frozen=True)
class MediaAlignment:
    """How the utterances of a media item become cuts.

    Attributes:
        pad_sec: stillness left around an utterance, where there is any.
        trim: an utterance of which a part does not fit is cut down to what does.
        join_sec: utterances between which nobody pauses are joined, up to so long, or parted
            at a pause nearby; None: never.
        calibration: makes probabilities of the scores of words, and `align_confidence`.
    """

    pad_sec: float
    trim: bool = True
    join_sec: float | None = None
    calibration: Calibration | None = None


def align_media(
    cuts: Sequence[Cut],
    aligner: Aligner,
    config: MediaAlignment,
    load: Callable[[Cut], np.ndarray] = load_sound,
) -> list[Cut]:
    """The cuts of one media item with word times; those that fit nowhere are rejected.

    A cut whose words went into the one before is rejected as `joined`.

    Args:
        load: samples (num_samples,) of the recording of a cut.

    Raises:
        MediaError: if the recording cannot be read.
    """
    wanted = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    result = list(cuts)
    if not wanted:
        return result
    samples = load(cuts[0])
    loudness = Loudness.of(samples)
    alignments = placed_alignments(
        aligner, samples, loudness, [request_of(cuts[i]) for i in wanted]
    )
    found = []
    for i, alignment in zip(wanted, alignments, strict=True):
        if alignment is None:
            result[i] = rejected(with_custom(cuts[i], align_score=0.0), STAGE, "not_alignable")
        else:
            found.append(_found(i, cuts[i], alignment, config.trim))
    words = [w for a in alignments if a and is_believed(a) for w in a.words]
    if config.join_sec is not None:
        found = recut(joined(found, config.join_sec), config.join_sec)
    spans = [(f.alignment.words[0].start_sec, f.alignment.words[-1].end_sec) for f in found]
    if aligner.boundaries:
        duration_sec = len(samples) / SAMPLING_RATE
        spans = safe_spans(spans, words, loudness, config.pad_sec, duration_sec)
    for one, (start, end) in zip(found, spans, strict=True):
        done = _aligned(one.cut, one.alignment, start, end, config.calibration)
        if one.whole:
            done = with_custom(done, text_whole=one.whole, words_trimmed=one.words_trimmed)
        if aligner.chooses_verbalisations:
            done["custom"].pop("text_candidates", None)
        if one.alignment.evidence:
            done = with_custom(done, **one.alignment.evidence.fields(aligner.heard_by))
        result[one.index] = done
        for i in one.absorbed:
            result[i] = rejected(with_custom(cuts[i], joined_to=one.cut["id"]), STAGE, "joined")
    return result


def placed_alignments(
    aligner: Aligner, samples: np.ndarray, loudness: Loudness, requests: Sequence[Request]
) -> list[Alignment | None]:
    """Alignments whose words have true boundaries.

    What hardly fits was not said, most likely: it does not move the words of what was.
    """
    alignments = aligner.align(samples, requests)
    if aligner.boundaries:
        believed = [a if a and is_believed(a) else None for a in alignments]
        others = [a if a and not is_believed(a) else None for a in alignments]
        pairs = zip(
            place_words(believed, loudness, aligner.boundaries),
            place_words(others, loudness, aligner.boundaries),
            strict=True,
        )
        alignments = [a or b for a, b in pairs]
    if aligner.edges_by_vad:
        regions = speech_regions(samples, EDGE_VAD)
        alignments = [a and within_speech(a, regions) for a in alignments]
    return alignments


def is_believed(alignment: Alignment) -> bool:
    """Whether a text was said where it was aligned, as far as one can tell before boundaries."""
    return alignment.score >= BELIEVED_SCORE


def _found(index: int, cut: Cut, whole: Alignment, trim: bool) -> Found:
    part = trimmed(whole) if trim else whole
    if part is whole:
        return Found(index, cut, whole)
    return Found(index, cut, part, whole.text, len(whole.words) - len(part.words))


def request_of(cut: Cut) -> Request:
    """What an aligner is asked of a cut of stage 3, or of one of a later stage."""
    custom = cut["custom"]
    verbalisations = custom.get("text_candidates") or [text_of(cut)]
    times = custom["caption_start_sec"], custom["caption_end_sec"]
    return Request(verbalisations, *times, custom.get("text_orthographic", ""))


def _aligned(
    cut: Cut,
    alignment: Alignment,
    start_sec: float,
    end_sec: float,
    calibration: Calibration | None,
) -> Cut:
    scored = calibration.word if calibration else (lambda score: round(score, 4))
    cut = with_words(cut, alignment, start_sec, end_sec, [scored(w.score) for w in alignment.words])
    cut = with_custom(cut, align_score=round(alignment.score, 4))
    if calibration:
        cut = with_custom(cut, align_confidence=calibration.utterance(alignment.score))
    return cut


def with_words(
    cut: Cut, alignment: Alignment, start_sec: float, end_sec: float, scores: Sequence[float]
) -> Cut:
    """The cut from `start_sec` to `end_sec` of its recording, with the words of an alignment.

    Args:
        scores: of the words, as they are stored.
    """
    words = [
        [w.text, round(w.start_sec - start_sec, 4), round(w.end_sec - w.start_sec, 4), score]
        for w, score in zip(alignment.words, scores, strict=True)
    ]
    cut = with_times(cut, start_sec, end_sec)
    return with_supervision(cut, text=alignment.text, alignment={"word": words})
