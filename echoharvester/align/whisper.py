"""Alignment by Whisper: what it hears in full windows anchors the captions; the captions, put in place
of what was heard, are then forced on the same encoder output.

What was heard stays where nobody captioned it, so that neither uncaptioned speech nor a caption that
nobody spoke moves its neighbours.  The forced pass gives times, and the evidence for the text that
stage 6 judges by: the probability of its tokens on the sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from itertools import zip_longest

import numpy as np
from rapidfuzz.distance import Levenshtein

from echoharvester.align.base import (
    AlignedWord,
    Alignment,
    BoundaryConfig,
    Evidence,
    Request,
)
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.pauses import Loudness
from echoharvester.audio.vad import EDGE_VAD, speech_regions
from echoharvester.manifests.cuts import shared_word_times
from echoharvester.models.whisper import Encoded, ForcedWord, Whisper
from echoharvester.text.scores import normalize_for_scoring

MIN_FILLED = 0.55  # of a window, at least, where it ends at a pause
GOOD_PAUSE_SEC = 0.3  # between phrases; a stop within a word is shorter
MIN_MATCHED = 0.35  # share of a caption's characters that were heard, in order
MAX_STRAY_CHARS = 4  # heard beside a caption, fewer are a mishearing of its edge
SYLLABLE_SEC = 0.18  # about; a word's core reaches back so far from its end
CORE_MARGIN_SEC = 0.06
MIN_CORE_SEC = 0.04
MIN_SYLLABLE_SEC = 0.05  # nobody speaks faster: with less sound, a word lies elsewhere
MAX_QUIET_SHARE = 0.97


@dataclass
class _Window:
    """A stretch of the recording that Whisper hears at once.

    Attributes:
        words: heard in it.
        log_probs: of each of these words, forced on the window; empty until they are asked for.
        entries: the text that is forced: words, and of which request (None: as heard) and which
            word of it they are.
    """

    start_sec: float
    end_sec: float
    encoded: Encoded | None = None
    words: list[str] = field(default_factory=list)
    log_probs: list[float] = field(default_factory=list)
    entries: list[tuple[str, int | None, int]] = field(default_factory=list)


@dataclass(frozen=True)
class HeardRecording:
    """What a Whisper heard in a recording.

    Attributes:
        speech: quiet wherever no voice is heard, however loud it is.
    """

    speech: Loudness
    windows: list[_Window]


@dataclass(frozen=True)
class _HeardWord:
    text: str
    window: int
    first: int  # place of its first character among all that were heard
    stop: int
    log_prob: float = 0.0


class WhisperAligner:
    """Aligns with any multilingual Whisper in CTranslate2's form."""

    chooses_verbalisations = False
    edges_by_vad = True

    def __init__(
        self, model: Whisper, boundaries: BoundaryConfig | None = None, read_out: bool = True
    ) -> None:
        """
        Args:
            read_out: whether digits and Latin letters become how they are read where that takes other
                words than the caption has; else the caption's words stay.
        """
        self.model, self.boundaries = model, boundaries or BoundaryConfig()
        self.read_out = read_out
        self.heard_by = f"faster_whisper {model.name}"

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        return self.align_heard(self.hear(samples), requests)

    def hear(self, samples: np.ndarray) -> HeardRecording:
        """A recording in windows, each encoded and transcribed, of 16 kHz samples (num_samples,)."""
        loudness = Loudness.of(samples)
        speech = loudness.of_speech(speech_regions(samples, EDGE_VAD))
        windows = list(cut_windows(loudness, len(samples) / SAMPLING_RATE, self.model.max_sec))
        for window in windows:
            first, stop = (round(t * SAMPLING_RATE) for t in (window.start_sec, window.end_sec))
            if loudness.quiet_share(window.start_sec, window.end_sec) < MAX_QUIET_SHARE:
                window.encoded = self.model.encode(samples[first:stop])
        loud = [window for window in windows if window.encoded]
        texts = self.model.transcribe([window.encoded for window in loud if window.encoded])
        for window, words in zip(loud, texts, strict=True):
            window.words = words
            if window.encoded and words:
                forced = self.model.force(window.encoded, words)
                window.log_probs = [sum(word.log_probs) for word in forced]
        return HeardRecording(speech, windows)

    def align_heard(
        self, recording: HeardRecording, requests: Sequence[Request]
    ) -> list[Alignment | None]:
        """Utterances in what was heard, which may be asked again with other texts."""
        windows, speech = recording.windows, recording.speech
        heard = list(_heard(windows))
        texts = [request.heard_as.split() for request in requests]
        places = _places(texts, heard)
        hypotheses = _compose(windows, heard, texts, places)
        found: list[dict[int, ForcedWord]] = [{} for _ in requests]
        for window in windows:
            if window.encoded is None or not window.entries:
                continue
            forced = self.model.force(window.encoded, [word for word, _, _ in window.entries])
            for (_, owner, k), word in zip(window.entries, forced, strict=False):
                if owner is not None:
                    at = window.start_sec
                    found[owner][k] = ForcedWord(
                        word.text, word.start_sec + at, word.end_sec + at, word.log_probs
                    )
        return [
            _alignment(request, texts[i], found[i], hypotheses[i], speech, self.read_out)
            for i, request in enumerate(requests)
        ]


def cut_windows(loudness: Loudness, duration_sec: float, max_sec: float) -> Iterator[_Window]:
    """The whole recording in windows of at most `max_sec`, which end in the middle of the last good
    pause in reach, or of the longest."""
    start = 0.0
    while start < duration_sec:
        if duration_sec - start <= max_sec:
            yield _Window(start, duration_sec)
            return
        runs = loudness.quiet_runs(start + MIN_FILLED * max_sec, start + max_sec)
        good = [run for run in runs if run[1] - run[0] >= GOOD_PAUSE_SEC]
        if good:
            a, b = good[-1]
        else:
            nothing = (start + max_sec,) * 2
            a, b = max(runs, key=lambda run: run[1] - run[0], default=nothing)
        end = float(a + b) / 2
        yield _Window(start, end)
        start = end


def _heard(windows: Sequence[_Window]) -> Iterator[_HeardWord]:
    position = 0
    for i, window in enumerate(windows):
        for word, log_prob in zip_longest(window.words, window.log_probs, fillvalue=0.0):
            size = len(normalize_for_scoring(str(word)))
            if size:
                yield _HeardWord(str(word), i, position, position + size, float(log_prob))
                position += size


def _places(
    texts: Sequence[Sequence[str]], heard: Sequence[_HeardWord]
) -> list[list[tuple[int, int]] | None]:
    """For every text the place of each of its words among the characters heard; None where too
    little of it was heard."""
    chars = ["".join(map(normalize_for_scoring, words)) for words in texts]
    everything = "".join(normalize_for_scoring(word.text) for word in heard)
    whole = "".join(chars)
    place = np.full(len(whole), -1)
    for block in Levenshtein.opcodes(whole, everything):
        if block.tag == "equal":
            place[block.src_start : block.src_end] = np.arange(block.dest_start, block.dest_end)
    result: list[list[tuple[int, int]] | None] = []
    position = 0
    for words, text in zip(texts, chars, strict=True):
        own = place[position : position + len(text)]
        position += len(text)
        result.append(_spread(words, own))
    return result


def _spread(words: Sequence[str], place: np.ndarray) -> list[tuple[int, int]] | None:
    """Places of words from those of their characters; what was misheard lies in between."""
    known = np.flatnonzero(place >= 0)
    if not len(place) or not len(known):
        return None
    # A stray match far from the others is none: they lie as close as the text is long.
    offsets = place[known] - known
    known = known[np.abs(offsets - np.median(offsets)) <= max(8, 0.5 * len(place))]
    if len(known) < MIN_MATCHED * len(place):
        return None
    spread = np.interp(np.arange(len(place)), known, place[known])
    spread[: known[0]] = place[known[0]] - np.arange(known[0], 0, -1)
    tail = len(place) - known[-1] - 1
    spread[known[-1] + 1 :] = place[known[-1]] + np.arange(1, tail + 1)
    result: list[tuple[int, int]] = []
    position = 0
    for word in words:
        size = len(normalize_for_scoring(word))
        part = spread[position : position + size]
        position += size
        last = result[-1][1] if result else int(max(0, round(spread[0])))
        result.append((int(round(part[0])), int(round(part[-1])) + 1) if size else (last, last))
    return result


def _compose(
    windows: Sequence[_Window],
    heard: Sequence[_HeardWord],
    texts: Sequence[Sequence[str]],
    places: Sequence[list[tuple[int, int]] | None],
) -> list[list[_HeardWord]]:
    """Fills the windows' texts: captions where they were heard, elsewhere what was heard.

    Returns what was heard in place of each caption.
    """
    owner_of = np.full(max((w.stop for w in heard), default=0), -1)
    spans = {}
    for i, place in enumerate(places):
        if place:
            first, stop = max(0, place[0][0]), min(len(owner_of), place[-1][1])
            free = owner_of[first:stop] < 0
            owner_of[first:stop][free] = i
            spans[i] = (first, stop)
    window_of = np.concatenate(
        [np.full(w.stop - w.first, w.window) for w in heard] or [np.zeros(0, int)]
    )
    keyed: list[tuple[float, int, str, int | None, int]] = []
    hypotheses: list[list[_HeardWord]] = [[] for _ in texts]
    strays: list[_HeardWord] = []
    for word in heard:
        owners = owner_of[word.first : word.stop]
        mine = owners[owners >= 0]
        if len(mine) * 2 >= len(owners) and len(mine):
            hypotheses[int(np.bincount(mine).argmax())].append(word)
        else:
            strays.append(word)
    for run in _runs(strays):
        if sum(w.stop - w.first for w in run) > MAX_STRAY_CHARS:
            keyed += [(float(w.first), w.window, w.text, None, 0) for w in run]
    for i in spans:
        place = places[i]
        assert place is not None
        for k, (text, (first, stop)) in enumerate(zip(texts[i], place, strict=True)):
            middle = min(max((first + stop - 1) / 2, 0.0), max(len(window_of) - 1.0, 0.0))
            keyed.append((middle, int(window_of[int(middle)]), text, i, k))
    order = sorted(keyed, key=lambda entry: entry[0])
    # Words of a caption stay in their order, whatever their places round to.
    for number, window in enumerate(windows):
        window.entries = [(w, i, k) for _, at, w, i, k in order if at == number]
    return hypotheses


def _runs(words: Sequence[_HeardWord]) -> Iterator[list[_HeardWord]]:
    """Words that follow one another."""
    run: list[_HeardWord] = []
    for word in words:
        if run and (run[-1].stop != word.first or run[-1].window != word.window):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def _alignment(
    request: Request,
    words: Sequence[str],
    found: dict[int, ForcedWord],
    hypothesis: Sequence[_HeardWord],
    loudness: Loudness,
    read_out: bool,
) -> Alignment | None:
    """Words as cores, see `boundaries`; None where not all of them were forced."""
    if not words or len(found) < len(words):
        return None
    forced = [found[k] for k in range(len(words))]
    cores = _cores(forced, loudness)
    written = tuple(
        AlignedWord(word.text, *core, float(np.mean(np.exp(word.log_probs))))
        for core, word in zip(cores, forced, strict=True)
    )
    spoken = request.verbalisations[0].split()
    if len(spoken) == len(words):
        aligned = tuple(replace(word, text=t) for word, t in zip(written, spoken, strict=True))
    else:  # a number of one word may be said in several
        aligned = read_as(written, spoken) if read_out else written
    sizes = [len(word.text) for word in aligned]
    score = float(np.average([word.score for word in aligned], weights=sizes))
    evidence = Evidence(
        tuple(words),
        tuple(word.log_probs for word in forced),
        tuple(word.text for word in hypothesis),
        tuple(word.log_prob for word in hypothesis),
    )
    return Alignment(" ".join(word.text for word in aligned), aligned, score, evidence)


def read_as(written: Sequence[AlignedWord], spoken: Sequence[str]) -> tuple[AlignedWord, ...]:
    """The words of a verbalisation, in the place of those that were aligned.

    What is read as it is written keeps its time; what stands for several words, or the other way
    round, shares its time by length.
    """
    result: list[AlignedWord] = []
    blocks = SequenceMatcher(None, [w.text for w in written], spoken, autojunk=False).get_opcodes()
    for tag, a, b, c, d in blocks:
        if tag == "equal":
            result += written[a:b]
            continue
        group, texts = [*written[a:b]], [*spoken[c:d]]
        if not group:  # nothing is written for it: it shares the time of the word before
            if not result:
                return tuple(written)
            group = [result.pop()]
            texts = [group[0].text, *texts]
        times = shared_word_times(texts, group[0].start_sec, group[-1].end_sec)
        score = float(np.mean([word.score for word in group]))
        for text, (start, end) in zip(texts, times, strict=True):
            result.append(AlignedWord(text, start, end, score))
    return tuple(result or written)


def _cores(words: Sequence[ForcedWord], loudness: Loudness) -> list[tuple[float, float]]:
    """Inside of which each word certainly is.

    A word's end is told well; a pause in front of it is counted as its own, so that a word may even
    lie in nothing but the pause: it then shares the sound of those behind it, by syllables.
    """
    cores: list[tuple[float, float]] = []
    group: list[ForcedWord] = []
    for k, word in enumerate(words):
        group.append(word)
        syllables = sum(len(w.text) for w in group)
        span = (group[0].start_sec, word.end_sec)
        loud = _loud_runs(loudness, *span)
        if sum(b - a for a, b in loud) < MIN_SYLLABLE_SEC * syllables and k + 1 < len(words):
            continue
        cores += [_core(word, loudness)] if len(group) == 1 else _shared(group, loud or [span])
        group = []
    return cores


def _loud_runs(loudness: Loudness, start: float, end: float) -> list[tuple[float, float]]:
    """Stretches between pauses."""
    edges = [start]
    for a, b in loudness.quiet_runs(start, end):
        if b - a >= 2 * CORE_MARGIN_SEC or a <= start + 0.01 or b >= end - 0.01:
            edges += [a, b]
    edges.append(end)
    return [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a > 0.015]


def _shared(
    group: Sequence[ForcedWord], loud: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Cores of words that share stretches of sound, by their syllables."""
    total = sum(b - a for a, b in loud)
    sizes = np.cumsum([0, *(len(w.text) for w in group)]) / sum(len(w.text) for w in group)

    def at(share: float) -> float:
        left = share * total
        for a, b in loud:
            if left <= b - a:
                return a + left
            left -= b - a
        return loud[-1][1]

    return [
        (at(a + 0.2 * (b - a)), max(at(a + 0.8 * (b - a)), at(a + 0.2 * (b - a)) + MIN_CORE_SEC))
        for a, b in zip(sizes, sizes[1:], strict=False)
    ]


def _core(word: ForcedWord, loudness: Loudness) -> tuple[float, float]:
    """Inside of which a word certainly is: its end is told well, a pause in front of it is not."""
    end = word.end_sec - CORE_MARGIN_SEC
    start = max(word.start_sec + CORE_MARGIN_SEC, end - SYLLABLE_SEC * len(word.text))
    for a, b in loudness.quiet_runs(word.start_sec, word.end_sec):
        if b - a < 2 * CORE_MARGIN_SEC:
            continue
        if word.end_sec - b >= 0.5 * MIN_CORE_SEC * len(word.text) + CORE_MARGIN_SEC:
            start = max(start, b + MIN_CORE_SEC / 2)
        elif a - word.start_sec >= MIN_CORE_SEC:
            end = min(end, a - MIN_CORE_SEC / 2)
            break
    start = min(start, end - MIN_CORE_SEC)
    return max(0.0, start), max(end, MIN_CORE_SEC)
