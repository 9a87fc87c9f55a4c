"""Media that say much the same: one speech uploaded twice, whole or in part."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.runner import units
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import comparable

SHINGLE_CHARS = 12  # long enough that set phrases of a language are not shared by chance
MIN_SHINGLES = 30  # a medium with less text tells nothing
NUM_PERMUTATIONS = 128  # the containment of a quarter of a medium is known to about 0.1


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
    sketches = dict(_sketches(cuts))
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


def _sketches(cuts: Iterable[Cut]) -> Iterable[tuple[str, tuple[Any, int]]]:
    from datasketch import MinHash

    # It announces the hash functions of its next version, in a log that is ours to keep short.
    logging.getLogger("datasketch").setLevel(logging.ERROR)
    for media_id, of_media in units(cuts):
        shingles = set()
        for cut in of_media:
            text = comparable(text_of(cut))
            shingles |= {
                text[i : i + SHINGLE_CHARS] for i in range(max(1, len(text) - SHINGLE_CHARS + 1))
            }
        if len(shingles) < MIN_SHINGLES:
            continue
        sketch = MinHash(NUM_PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in sorted(shingles)])
        yield media_id, (sketch, len(shingles))


def _containment(one: Any, size: int, other: Any, other_size: int) -> float:
    """From the Jaccard similarity j = shared / (a + b - shared)."""
    likeness = float(one.jaccard(other))
    shared = likeness * (size + other_size) / (1 + likeness)
    return min(1.0, shared / min(size, other_size))
