"""A second, unlike witness: a CTC model of one's own is asked about utterances that another aligner has
found.

It says what it thinks of every text on its sound (the evidence of `align.ctc`), chooses among the
verbalisations that the first left open, and places the words anew, which it does more finely than a
model that writes without times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from echoharvester.align.base import AlignedWord, Alignment, BoundaryConfig, Evidence, Request
from echoharvester.align.boundaries import safe_spans
from echoharvester.align.ctc import CtcAligner, HeardRecording
from echoharvester.align.media import placed_alignments, with_words
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import load_sound
from echoharvester.audio.pauses import Loudness
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import is_rejected, text_of, with_custom
from echoharvester.manifests.shards import Cut, read_cuts, shard_path
from echoharvester.models.acoustic import load_acoustic_model
from echoharvester.models.hub import fetch

# Of a text, for its words to lie where the witness hears them: one of 78 % character errors made borders of
# real talks a third worse (egs/korean_yt/RESULTS.md).
SURE_SCORE = 0.7


@dataclass(frozen=True)
class WitnessConfig:
    """The model, and what its times are used for.

    Attributes:
        model: a checkpoint (.pt), an ONNX file, or an address.
        aligned: folder of `cuts_aligned` that the first aligner alone has left: it is not run again.
        times: whether the words lie where this model hears them, if it is sure of the text.
        pad_sec: stillness left around an utterance, where there is any.
        num_threads: of the model.
        chunk_sec: heard at once.
    """

    model: str
    aligned: str | None = None
    times: bool = True
    pad_sec: float = 0.15
    num_threads: int = 1
    chunk_sec: float = 20.0


class Witness:
    """A CTC model that seeks every utterance where it was found before (an `Aligner`)."""

    chooses_verbalisations = True
    edges_by_vad = False

    def __init__(self, aligner: CtcAligner) -> None:
        self.aligner, self.boundaries = aligner, aligner.boundaries
        self.heard_by = aligner.heard_by

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        return self.align_heard(self.hear(samples), requests)

    def hear(self, samples: np.ndarray) -> HeardRecording:
        return self.aligner.hear(samples)

    def align_heard(
        self, recording: HeardRecording, requests: Sequence[Request]
    ) -> list[Alignment | None]:
        return self.aligner.align_at(recording, requests)


def make_witness(config: WitnessConfig) -> Witness:
    """
    Raises:
        FileNotFoundError: if the model is missing.
    """
    model = load_acoustic_model(fetch(config.model), config.num_threads)
    return Witness(CtcAligner(model, BoundaryConfig(), config.chunk_sec))


def witnessed_media(
    cuts: Sequence[Cut],
    witness: Witness,
    config: WitnessConfig,
    load: Callable[[Cut], np.ndarray] = load_sound,
) -> list[Cut]:
    """The aligned cuts of one media item with what the witness says of them.

    A text that it cannot place stays as it is, without its evidence.

    Args:
        load: samples (num_samples,) of the recording of a cut.

    Raises:
        MediaError: if the recording cannot be read.
    """
    result = list(cuts)
    wanted = [i for i, cut in enumerate(cuts) if not is_rejected(cut)]
    if not wanted:
        return result
    samples = load(cuts[0])
    loudness = Loudness.of(samples)
    asked = [witness_request(cuts[i]) for i in wanted]
    found = placed_alignments(witness, samples, loudness, asked)
    heard = {i: alignment for i, alignment in zip(wanted, found, strict=True) if alignment}
    moved = {i: a for i, a in heard.items() if config.times and a.score >= SURE_SCORE}
    for i, alignment in heard.items():
        result[i] = _with_evidence(cuts[i], alignment, witness.heard_by)
    words = [w for i in wanted for w in (moved[i].words if i in moved else _words(cuts[i]))]
    order = sorted(moved, key=lambda i: moved[i].words[0].start_sec)
    edges = [(moved[i].words[0].start_sec, moved[i].words[-1].end_sec) for i in order]
    spans = safe_spans(edges, words, loudness, config.pad_sec, len(samples) / SAMPLING_RATE)
    for i, (start, end) in zip(order, spans, strict=True):
        if "text_whole" in cuts[i]["custom"]:  # what was trimmed away lies right beside it
            start = max(start, cuts[i]["start"])
            end = min(end, cuts[i]["start"] + cuts[i]["duration"])
        within = _within(moved[i], start, end)
        if within is None:
            continue  # it hears the words elsewhere: the times stay
        result[i] = with_words(result[i], within, start, end, _scores(cuts[i], within))
        result[i]["custom"].pop("text_candidates", None)
    return result


def _within(alignment: Alignment, start: float, end: float) -> Alignment | None:
    """The words of an alignment as far as they lie between two times; None if one does not."""
    words = tuple(
        replace(word, start_sec=max(word.start_sec, start), end_sec=min(word.end_sec, end))
        for word in alignment.words
    )
    inside = all(word.end_sec > word.start_sec for word in words)
    return replace(alignment, words=words) if inside else None


def witness_request(cut: Cut) -> Request:
    """What a witness is asked of an aligned cut: its text, where it lies."""
    texts = cut["custom"].get("text_candidates") or [text_of(cut)]
    return Request(texts, cut["start"], cut["start"] + cut["duration"])


def _words(cut: Cut) -> Iterator[AlignedWord]:
    """The words that a cut has, with times in the recording."""
    for text, start, duration, *score in cut["supervisions"][0]["alignment"]["word"]:
        begin = cut["start"] + start
        yield AlignedWord(text, begin, begin + duration, score[0] if score else 1.0)


def _scores(cut: Cut, alignment: Alignment) -> list[float]:
    """How sure the words are: as before, where they are the same words."""
    before = cut["supervisions"][0]["alignment"]["word"]
    if [word[0] for word in before] == [word.text for word in alignment.words]:
        return [word[3] for word in before]
    return [round(word.score, 4) for word in alignment.words]


def _with_evidence(cut: Cut, alignment: Alignment, heard_by: str) -> Cut:
    assert alignment.evidence is not None
    score = round(alignment.score, 4)
    return with_custom(
        cut, witness_score=score, witness_by=heard_by, **witness_fields(alignment.evidence)
    )


def witness_fields(evidence: Evidence) -> dict[str, Any]:
    """What a cut keeps of the evidence of a witness."""
    return {
        "witness_text": " ".join(evidence.words),
        "witness_word_log_probs": [[round(p, 2) for p in tokens] for tokens in evidence.log_probs],
        "witness_heard_text": " ".join(evidence.heard),
    }


class AlignedBefore:
    """The cuts of a shard as the first aligner has left them, media item by media item in order."""

    def __init__(self, folder: Path, shard: int) -> None:
        path = shard_path(folder, "cuts_aligned", shard)
        if not path.is_file():
            raise UserError(f"witness.aligned={folder}: {path.name} is not there")
        cuts = read_cuts(path)
        self._groups = groupby(cuts, key=lambda cut: str(cut["custom"]["media_id"]))
        self._path, self._ahead = path, ("", list[Cut]())

    def of(self, cuts: Sequence[Cut]) -> list[Cut]:
        """The aligned cuts of the media item that these cuts of stage 3 are of.

        Raises:
            UserError: if they are of other captions.
        """
        if all(map(is_rejected, cuts)):
            return list(cuts)
        media_id = str(cuts[0]["custom"]["media_id"])
        while self._ahead[0] < media_id:
            key, group = next(self._groups, ("\U0010ffff", iter(())))
            self._ahead = (key, list(group))
        if self._ahead[0] != media_id or [c["id"] for c in self._ahead[1]] != [
            c["id"] for c in cuts
        ]:
            raise UserError(
                f"{self._path}: {media_id} is not there as stage 3 has left it now; align it again"
            )
        return self._ahead[1]
