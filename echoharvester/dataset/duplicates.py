"""The same speech uploaded twice, whole or in part: found by its text and by its sound.

Media that are alike are found without comparing all with all; only within such pairs are
utterances compared.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from echoharvester.audio.fingerprint import least_difference
from echoharvester.dataset.measure import fingerprint_of
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.runner import units
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import comparable

SHINGLE_CHARS = 12  # long enough that set phrases of a language are not shared by chance
MIN_SHINGLES = 30  # a medium with less text tells nothing
NUM_PERMUTATIONS = 128  # the containment of a quarter of a medium is known to about 0.1
MIN_SHINGLES_SHARE = 0.8  # of an utterance, that the other medium says, too
# Of a fingerprint's values every fourth is kept, chosen by its hash, so that the same ones are
# kept of every medium.  Re-encoded sound keeps 9 to 60 % of its values, other sound 0.2 %.
_SAMPLED_BITS = 2
MIN_SHARED_VALUES, MIN_SHARED_SHARE = 3, 0.03
MAX_SHARING = 50  # media with the same value: it is silence, or a jingle
MIN_VALUES = 8  # an utterance of a second; shorter ones are not compared by sound
MAX_DIFFERENT_BITS = 6.0  # of 32: the same sound has 1 to 3, the same voice 11
# Of two media the one with the better captions keeps the speech.
_CAPTION_RANK = {"manual": 0, "external": 1, "auto": 2}
BY = ("audio", "text")


@dataclass(frozen=True)
class Likeness:
    """Two media, and the share of the text of the one with less that is in the other's, too."""

    first: str
    second: str
    containment: float


def alike_media(cuts: Iterable[Cut], min_containment: float) -> list[Likeness]:
    """Pairs of media of which much of the text is the same.

    Found by MinHash over the shingles of each medium's text and an LSH ensemble for containment
    (Zhu et al. 2016); a kilobyte of memory a medium.

    Args:
        cuts: those of a medium one after the other.
    """
    return _alike(dict(_sketches(cuts)), min_containment)


def _alike(sketches: Mapping[str, tuple[Any, int]], min_containment: float) -> list[Likeness]:
    if len(sketches) < 2:
        return []
    from datasketch import MinHashLSHEnsemble

    index = MinHashLSHEnsemble(
        threshold=min_containment, num_perm=NUM_PERMUTATIONS, num_part=min(16, len(sketches))
    )
    index.index([(media_id, sketch, size) for media_id, (sketch, size) in sketches.items()])
    pairs = []
    for media_id, (sketch, size) in sketches.items():
        for other in index.query(sketch, size):
            if other == media_id:
                continue
            share = _containment(sketch, size, *sketches[other])
            if share >= min_containment:
                first, second = sorted((media_id, other))
                pairs.append(Likeness(first, second, round(share, 3)))
    return sorted(set(pairs), key=lambda pair: (pair.first, pair.second))


def _sketches(cuts: Iterable[Cut]) -> Iterator[tuple[str, tuple[Any, int]]]:
    for media_id, of_media in units(cuts):
        shingles = set().union(*(_shingles(text_of(cut)) for cut in of_media))
        if sketch := _sketch(shingles):
            yield media_id, (sketch, len(shingles))


def _shingles(text: str) -> set[str]:
    chars = comparable(text)
    return {chars[i : i + SHINGLE_CHARS] for i in range(max(1, len(chars) - SHINGLE_CHARS + 1))}


def _sketch(shingles: set[str]) -> Any:
    """A MinHash; None of too little text."""
    if len(shingles) < MIN_SHINGLES:
        return None
    from datasketch import MinHash

    # It announces the hash functions of its next version, in a log that is ours to keep short.
    logging.getLogger("datasketch").setLevel(logging.ERROR)
    sketch = MinHash(NUM_PERMUTATIONS)
    sketch.update_batch([shingle.encode() for shingle in sorted(shingles)])
    return sketch


def _containment(one: Any, size: int, other: Any, other_size: int) -> float:
    """From the Jaccard similarity j = shared / (a + b - shared)."""
    likeness = float(one.jaccard(other))
    shared = likeness * (size + other_size) / (1 + likeness)
    return min(1.0, shared / min(size, other_size))


@dataclass(frozen=True)
class Duplicate:
    """An utterance that another medium says, too, and which keeps it.

    Attributes:
        by: "audio" or "text".
    """

    cut_id: str
    media_id: str
    of: str
    by: str


@dataclass
class _Medium:
    """What is remembered of a medium in the first pass; about 60 kB an hour of its sound.

    Attributes:
        rank: of two alike, the one with the smaller rank keeps the speech.
    """

    rank: tuple[int, str]
    sketch: tuple[Any, int] | None
    values: np.ndarray  # sampled from its fingerprint


@dataclass
class _Content:
    """What is compared in the second pass."""

    shingles: set[str] = field(default_factory=set)
    values: np.ndarray = field(default_factory=lambda: np.zeros(0, np.uint32))


class DuplicateFinder:
    """Finds utterances that lie in two media, in two passes over all accepted cuts.

    The first pass (`add`) remembers a sketch of every medium; `pairs` are then known; the
    second (`remember`, then `duplicates_of`) compares the utterances of those few media.
    """

    def __init__(self, by: Iterable[str] = BY, min_containment: float = 0.5) -> None:
        """
        Raises:
            ValueError: for a kind of likeness that does not exist.
        """
        self.by = tuple(by)
        if unknown := set(self.by) - set(BY):
            raise ValueError(f"filter.duplicates: {sorted(unknown)}; there are {', '.join(BY)}")
        self.min_containment = min_containment
        self._media: dict[str, _Medium] = {}
        self._contents: dict[str, _Content] = {}

    def add(self, media_id: str, cuts: list[Cut]) -> None:
        """Takes note of a medium: its cuts that were accepted so far."""
        if not cuts:
            return
        shingles = set().union(*(_shingles(text_of(cut)) for cut in cuts))
        sketch = _sketch(shingles) if "text" in self.by else None
        values = np.concatenate([fingerprint_of(cut) for cut in cuts])
        kind = _CAPTION_RANK.get(cuts[0]["custom"].get("caption_kind", ""), 3)
        self._media[media_id] = _Medium(
            (kind, media_id),
            (sketch, len(shingles)) if sketch else None,
            _sampled(values) if "audio" in self.by else values[:0],
        )

    def keepers(self) -> dict[str, list[tuple[str, str]]]:
        """For every medium that is like others: those that keep what they share, and by what."""
        names = sorted(self._media)
        found = [
            (names[a], names[b], "audio")
            for a, b in _sharing([self._media[name].values for name in names])
        ]
        sketches = {name: m.sketch for name, m in self._media.items() if m.sketch}
        found += [(p.first, p.second, "text") for p in _alike(sketches, self.min_containment)]
        result: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for first, second, by in found:
            keeper, other = sorted((first, second), key=lambda name: self._media[name].rank)
            result[other].append((keeper, by))
        return dict(result)

    def remember(self, media_id: str, cuts: list[Cut]) -> None:
        """Second pass: takes in the content of a medium that keeps what others repeat."""
        shingles = set().union(*(_shingles(text_of(cut)) for cut in cuts))
        values = np.concatenate([fingerprint_of(cut) for cut in cuts])
        self._contents[media_id] = _Content(shingles, values)

    def duplicates_of(
        self, cuts: list[Cut], keepers: Iterable[tuple[str, str]]
    ) -> Iterator[Duplicate]:
        """Of a medium's accepted cuts those that one of its `keepers` says, too."""
        for cut in cuts:
            for keeper, by in keepers:
                if self._is_said(cut, self._contents[keeper], by):
                    yield Duplicate(cut["id"], cut["custom"]["media_id"], keeper, by)
                    break

    def _is_said(self, cut: Cut, content: _Content, by: str) -> bool:
        if by == "text":
            shingles = _shingles(text_of(cut))
            return len(shingles & content.shingles) >= MIN_SHINGLES_SHARE * len(shingles)
        values = fingerprint_of(cut)
        if len(values) < MIN_VALUES:
            return False
        edge = len(values) // 8  # the other may begin or end a little inside of it
        values = values[edge : len(values) - edge]
        return least_difference(values, content.values) <= MAX_DIFFERENT_BITS


def _sampled(values: np.ndarray) -> np.ndarray:
    """Every fourth of the different values of a fingerprint, chosen by their hash."""
    different = np.unique(values)
    mixed = different * np.uint32(2654435761)  # Knuth's multiplicative hash, modulo 2**32
    return different[mixed >> np.uint32(32 - _SAMPLED_BITS) == 0]


def _sharing(sampled: list[np.ndarray]) -> list[tuple[int, int]]:
    """Pairs of media that share enough of their sampled values."""
    sizes = [len(values) for values in sampled]
    values = np.concatenate(sampled) if sampled else np.zeros(0, np.uint32)
    owners = np.repeat(np.arange(len(sampled), dtype=np.int32), sizes)
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    starts = np.flatnonzero(np.diff(values.astype(np.int64), prepend=-1))
    lengths = np.diff(starts, append=len(values))
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for run in np.flatnonzero((lengths > 1) & (lengths <= MAX_SHARING)):
        # Owners are in ascending order: the sort is stable.
        group = owners[starts[run] : starts[run] + lengths[run]].tolist()
        for pair in combinations(group, 2):
            counts[pair] += 1
    return [
        pair
        for pair, shared in sorted(counts.items())
        if shared >= max(MIN_SHARED_VALUES, MIN_SHARED_SHARE * min(sizes[i] for i in pair))
    ]
