"""Alignment by a CTC model: anchors over the whole recording, then a forced path in each window.

The path may begin and end in a wildcard that fits any sound almost as well as the best
token, so what lies around an utterance does not pull its words out of place (the "star"
of Pratap et al. 2023, arXiv:2305.13516).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from echoharvester.align.anchors import CaptionSpan, TimedCharacter, find_windows
from echoharvester.align.base import (
    AlignedWord,
    Alignment,
    BoundaryConfig,
    Evidence,
    Request,
)
from echoharvester.models.emissions import NEVER, AcousticModel
from echoharvester.models.greedy import greedy_path, min_frames
from echoharvester.text.hangul import VOWELS, conjoining, from_jamo
from echoharvester.text.scores import normalize_for_scoring
from echoharvester.text.tokenizers import BLANK_ID, SPACE, UNK_ID, WILDCARD_ID

WILDCARD_PENALTY = 1.0  # nats a frame, against the best token of that frame
VERBALISATION_PENALTY = 1.5  # nats for every place further down the list of verbalisations
AT_MARGIN_SEC = 0.35  # by how much the place of an utterance that was aligned before may be off
MAX_CELLS = 1 << 28  # forced_align crashes beyond 2**31, and needs a byte a cell


@dataclass(frozen=True)
class _Path:
    """A forced path.

    Attributes:
        first, last: frame of each token.
        probability: mean of each token.
        against_free: of each token, the log-probability of its frames, and of the blanks behind it,
            less that of the best tokens there.
    """

    first: np.ndarray
    last: np.ndarray
    probability: np.ndarray
    against_free: np.ndarray
    log_prob: float


@dataclass(frozen=True)
class _Verbalisation:
    """A text that is tried: its words, and the ids of each."""

    words: Sequence[str]
    ids: Sequence[Sequence[int]]

    @property
    def flat(self) -> list[int]:
        return [i for word in self.ids for i in word]


@dataclass(frozen=True)
class HeardRecording:
    """What a model says of a recording: log-probabilities (T, V), and what it hears without a text."""

    log_probs: np.ndarray
    heard: Sequence[TimedCharacter]


class CtcAligner:
    """Aligns with any `AcousticModel`; words are cores, see `boundaries`.

    The evidence for a text is its forced path against the free one: what every token costs, up to
    where the next begins, against the best token of each frame.
    """

    chooses_verbalisations = True
    edges_by_vad = False

    def __init__(
        self,
        model: AcousticModel,
        boundaries: BoundaryConfig | None = None,
        chunk_sec: float = 20.0,
    ) -> None:
        self.model, self.chunk_sec = model, chunk_sec
        self.boundaries = boundaries or BoundaryConfig()
        self.heard_by = f"ctc {Path(model.name).name}"

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        return self.align_heard(self.hear(samples), requests)

    def hear(self, samples: np.ndarray) -> HeardRecording:
        """What is heard in 16 kHz samples (num_samples,), whatever is captioned."""
        log_probs = self.model.log_probs(samples, chunk_sec=self.chunk_sec)
        log_probs = space_as_blank(self.model, log_probs)
        return HeardRecording(log_probs, list(timed_characters(self.model, log_probs)))

    def align_heard(
        self, recording: HeardRecording, requests: Sequence[Request]
    ) -> list[Alignment | None]:
        """Utterances in what was heard, which may be asked again with other texts."""
        captioned = [
            CaptionSpan(normalize_for_scoring(r.verbalisations[0]), r.start_sec, r.end_sec)
            for r in requests
        ]
        duration_sec = len(recording.log_probs) * self.model.frame_sec
        windows = find_windows(recording.heard, captioned, duration_sec)
        times = [char.time_sec for char in recording.heard]
        return [
            self._in_window(recording, times, request, window.start_sec, window.end_sec)
            for request, window in zip(requests, windows, strict=True)
        ]

    def align_at(
        self, recording: HeardRecording, requests: Sequence[Request]
    ) -> list[Alignment | None]:
        """Utterances where the requests say that they lie, and nowhere else.

        A character that the model does not know fits as a wildcard does.
        """
        times = [char.time_sec for char in recording.heard]
        spans = [(r.start_sec - AT_MARGIN_SEC, r.end_sec + AT_MARGIN_SEC) for r in requests]
        return [
            self._in_window(recording, times, request, *span, unknown=WILDCARD_ID)
            for request, span in zip(requests, spans, strict=True)
        ]

    def _in_window(
        self,
        recording: HeardRecording,
        times: Sequence[float],
        request: Request,
        start_sec: float,
        end_sec: float,
        unknown: int = UNK_ID,
    ) -> Alignment | None:
        first = max(0, int(start_sec / self.model.frame_sec))
        window = recording.log_probs[first : int(np.ceil(end_sec / self.model.frame_sec))]
        best: tuple[float, _Verbalisation, _Path] | None = None
        for rank, verbalisation in enumerate(request.verbalisations):
            words = verbalisation.split()
            encoded = [self.model.tokenizer.encode(word) for word in words]
            ids_of = [[unknown if i == UNK_ID else i for i in ids] for ids in encoded]
            tried = _Verbalisation(words, ids_of)
            ids = tried.flat
            if UNK_ID in ids or all(i == WILDCARD_ID for i in ids):
                continue
            path = forced_path(window, ids)
            if path is None:
                continue
            merit = path.log_prob - rank * VERBALISATION_PENALTY
            if best is None or merit > best[0]:
                best = (merit, tried, path)
        if best is None:
            return None
        return self._alignment(best[1], best[2], first, recording.heard, times)

    def _alignment(
        self,
        text: _Verbalisation,
        path: _Path,
        offset: int,
        heard: Sequence[TimedCharacter],
        times: Sequence[float],
    ) -> Alignment:
        ends = np.cumsum([len(ids) for ids in text.ids])
        starts = np.concatenate([[0], ends[:-1]])
        frame_sec = self.model.frame_sec
        zero = self.model.first_frame_sec + offset * frame_sec
        begin = zero + path.first[starts] * frame_sec
        finish = zero + path.last[ends - 1] * frame_sec
        known = np.array(text.flat) != WILDCARD_ID  # of others the sound says nothing
        score, words, log_probs = float(path.probability[known].mean()), [], []
        for word, b, e, s, t in zip(text.words, begin, finish, starts, ends, strict=True):
            mine = known[s:t]
            sure = path.probability[s:t][mine]
            words.append(
                AlignedWord(word, float(b), float(e), float(sure.mean()) if mine.any() else score)
            )
            costs = path.against_free[s:t][mine] if mine.any() else [-WILDCARD_PENALTY]
            log_probs.append(tuple(map(float, costs)))
        # What was heard belongs to the word that is said there.
        edges = [*(begin - frame_sec / 2), finish[-1] + frame_sec]
        places = np.searchsorted(times, edges)
        spoken = ["".join(c.char for c in heard[a:b]) for a, b in pairwise(places)]
        spoken = [word for word in spoken if word]
        evidence = Evidence(
            tuple(text.words), tuple(log_probs), tuple(spoken), (0.0,) * len(spoken)
        )
        return Alignment(" ".join(text.words), tuple(words), score, evidence)


def forced_path(log_probs: np.ndarray, ids: list[int]) -> _Path | None:
    """The best path of `ids` through a window (T, V), wildcards before and behind.

    None where the window has too few frames.  Every path is verified: collapsed, it must
    spell `ids`.
    """
    import torch
    from torchaudio.functional import forced_align

    frames, vocabulary = log_probs.shape
    if frames < min_frames(ids) + 2 or frames * (2 * len(ids) + 5) > MAX_CELLS:
        return None
    wildcard = log_probs.max(axis=1, keepdims=True) - WILDCARD_PENALTY
    ids = [vocabulary if i == WILDCARD_ID else i for i in ids]
    emission = torch.from_numpy(np.concatenate([log_probs, wildcard], axis=1)[None])
    target = [vocabulary, *ids, vocabulary]
    path, scores = forced_align(emission, torch.tensor([target]), blank=BLANK_ID)
    tokens, values = path[0].numpy(), scores[0].numpy()
    begins = np.flatnonzero(np.diff(tokens, prepend=-1))
    kept = [b for b in begins if tokens[b] != BLANK_ID]
    if [int(tokens[b]) for b in kept] != target:
        return None
    changes = np.append(begins[1:], frames)
    last_of = dict(zip(begins.tolist(), (changes - 1).tolist(), strict=True))
    first = np.array(kept[1:-1])
    last = np.array([last_of[int(b)] for b in first])
    probability = np.array(
        [np.exp(values[a : b + 1]).mean() for a, b in zip(first, last, strict=True)]
    )
    against_free = np.concatenate([[0.0], np.cumsum(values - log_probs.max(axis=1))])
    stops = np.append(first[1:], last[-1] + 1)
    costs = against_free[stops] - against_free[first]
    return _Path(first, last, probability, costs, float(values.sum()))


def space_as_blank(model: AcousticModel, log_probs: np.ndarray) -> np.ndarray:
    """Log-probabilities in which a space between words, which no word's ids hold, is a blank."""
    symbols = model.tokenizer.symbols
    if SPACE not in symbols or symbols.index(SPACE) in model.tokenizer.encode("가"):
        return log_probs
    space, merged = symbols.index(SPACE), log_probs.copy()
    merged[:, BLANK_ID] = np.logaddexp(merged[:, BLANK_ID], merged[:, space])
    merged[:, space] = NEVER
    return merged


def timed_characters(model: AcousticModel, log_probs: np.ndarray) -> Iterator[TimedCharacter]:
    """What greedy decoding hears, character by character, with times."""
    ids, frames = greedy_path(log_probs.argmax(axis=1))
    symbols = conjoining([model.tokenizer.symbols[i] for i in ids])
    begin = 0
    for i in range(1, len(symbols) + 1):
        if i < len(symbols) and not _begins_character(symbols, i):
            continue
        time = model.first_frame_sec + frames[begin] * model.frame_sec
        for char in normalize_for_scoring(from_jamo("".join(symbols[begin:i]))):
            yield TimedCharacter(char, time)
        begin = i


def _begins_character(symbols: Sequence[str], i: int) -> bool:
    """Whether token i begins a new character rather than going on with a syllable."""
    symbol, before = symbols[i], symbols[i - 1]
    if symbol in VOWELS:
        return not "\u1100" <= before <= "\u1112"  # an onset in front belongs to it
    return not ("\u11a8" <= symbol <= "\u11c2" and before in VOWELS)
