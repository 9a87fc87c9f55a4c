"""Alignment by a CTC model: anchors over the whole recording, then a forced path in each window.

The path may begin and end in a wildcard that fits any sound almost as well as the best
token, so what lies around an utterance does not pull its words out of place (the "star"
of Pratap et al. 2023, arXiv:2305.13516).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.align.anchors import CaptionSpan, TimedCharacter, find_windows
from echoharvester.align.base import AlignedWord, Alignment, BoundaryConfig, Request
from echoharvester.models.acoustic import AcousticModel
from echoharvester.models.greedy import greedy_path, min_frames
from echoharvester.text.hangul import VOWELS, from_jamo
from echoharvester.text.scores import normalize_for_scoring
from echoharvester.text.tokenizers import BLANK_ID, UNK_ID

WILDCARD_PENALTY = 1.0  # nats a frame, against the best token of that frame
VERBALISATION_PENALTY = 1.5  # nats for every place further down the list of verbalisations
MAX_CELLS = 1 << 28  # forced_align crashes beyond 2**31, and needs a byte a cell


@dataclass(frozen=True)
class _Path:
    """A forced path: for each token its first and last frame and its mean probability."""

    first: np.ndarray
    last: np.ndarray
    probability: np.ndarray
    log_prob: float


class CtcAligner:
    """Aligns with any `AcousticModel`; words are cores, see `boundaries`."""

    chooses_verbalisations = True
    heard_by = ""
    edges_by_vad = False

    def __init__(
        self,
        model: AcousticModel,
        boundaries: BoundaryConfig | None = None,
        chunk_sec: float = 20.0,
    ) -> None:
        self.model, self.chunk_sec = model, chunk_sec
        self.boundaries = boundaries or BoundaryConfig()

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        log_probs = self.model.log_probs(samples, chunk_sec=self.chunk_sec)
        heard = list(timed_characters(self.model, log_probs))
        captioned = [
            CaptionSpan(normalize_for_scoring(r.verbalisations[0]), r.start_sec, r.end_sec)
            for r in requests
        ]
        duration_sec = len(log_probs) * self.model.frame_sec
        windows = find_windows(heard, captioned, duration_sec)
        return [
            self._in_window(log_probs, request, window.start_sec, window.end_sec)
            for request, window in zip(requests, windows, strict=True)
        ]

    def _in_window(
        self, log_probs: np.ndarray, request: Request, start_sec: float, end_sec: float
    ) -> Alignment | None:
        first = max(0, int(start_sec / self.model.frame_sec))
        window = log_probs[first : int(np.ceil(end_sec / self.model.frame_sec))]
        best: tuple[float, Alignment] | None = None
        for rank, verbalisation in enumerate(request.verbalisations):
            words = verbalisation.split()
            ids = [self.model.tokenizer.encode(word) for word in words]
            flat = [i for word in ids for i in word]
            if not flat or UNK_ID in flat:
                continue
            path = forced_path(window, flat)
            if path is None:
                continue
            merit = path.log_prob - rank * VERBALISATION_PENALTY
            if best is None or merit > best[0]:
                best = (merit, self._alignment(words, [len(i) for i in ids], path, first))
        return best[1] if best else None

    def _alignment(
        self, words: Sequence[str], lengths: Sequence[int], path: _Path, offset: int
    ) -> Alignment:
        ends = np.cumsum(lengths)
        starts = ends - lengths
        zero, frame_sec = (
            self.model.first_frame_sec + offset * self.model.frame_sec,
            self.model.frame_sec,
        )
        begin = zero + path.first[starts] * frame_sec
        finish = zero + path.last[ends - 1] * frame_sec
        aligned = tuple(
            AlignedWord(word, float(b), float(e), float(path.probability[s:t].mean()))
            for word, b, e, s, t in zip(words, begin, finish, starts, ends, strict=True)
        )
        return Alignment(" ".join(words), aligned, float(path.probability.mean()))


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
    return _Path(first, last, probability, float(values.sum()))


def timed_characters(model: AcousticModel, log_probs: np.ndarray) -> Iterator[TimedCharacter]:
    """What greedy decoding hears, character by character, with times."""
    ids, frames = greedy_path(log_probs.argmax(axis=1))
    symbols = [model.tokenizer.symbols[i] for i in ids]
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
