"""The same speech uploaded twice, whole or in part: found by its text and by its sound.

Media that are alike are found without comparing all with all; only within such pairs are
utterances compared.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.audio.fingerprint import least_difference
from echoharvester.dataset.measure import fingerprint_of
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.runner import by_media
from echoharvester.manifests.shards import Cut
from echoharvester.text.scores import normalize_for_scoring

SHINGLE_CHARS = 12  # long enough that set phrases of a language are not shared by chance
MIN_SHINGLES = 30  # a media item with less text tells nothing
MIN_SHINGLES_SHARE = 0.8  # of an utterance, that the other media item says, too
# Of a media item's values (those of its fingerprint, hashes of its shingles) every fourth is kept,
# chosen by its hash, so that the same ones are kept of every media item (FracMinHash, Irber et al. 2022).
_SAMPLED_BITS = 2
MIN_SHARED_VALUES = 3
MIN_SHARED_SOUND = 0.03  # re-encoded sound keeps 9 to 60 % of its values, other sound 0.2 %
MAX_VALUES_AT_ONCE = 5_000_000  # 200 MB while they are sorted
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

    Args:
        cuts: those of a media item one after the other.
    """
    sketches = {media_id: _text_sketch(_all_shingles(part)) for media_id, part in by_media(cuts)}
    names = sorted(sketches)
    found = _sharing([sketches[name] for name in names], min_containment, common_counts=True)
    return [Likeness(names[a], names[b], round(share, 3)) for a, b, share in found]


def _all_shingles(cuts: Iterable[Cut]) -> set[str]:
    return set().union(*(_shingles(text_of(cut)) for cut in cuts))


def _shingles(text: str) -> set[str]:
    chars = normalize_for_scoring(text)
    return {chars[i : i + SHINGLE_CHARS] for i in range(max(1, len(chars) - SHINGLE_CHARS + 1))}


def _text_sketch(shingles: set[str]) -> np.ndarray:
    """Sampled hashes (num_values,), 64 bits; none of too little text."""
    if len(shingles) < MIN_SHINGLES:
        return np.zeros(0, np.uint64)
    return _sampled(_hashes(shingles))


def _hashes(shingles: Iterable[str]) -> np.ndarray:
    digests = [hashlib.blake2b(text.encode(), digest_size=8).digest() for text in shingles]
    return np.frombuffer(b"".join(digests), np.uint64)


@dataclass(frozen=True)
class Duplicate:
    """An utterance that another media item says, too, and which keeps it.

    Attributes:
        by: "audio" or "text".
    """

    cut_id: str
    media_id: str
    of: str
    by: str


@dataclass
class _Medium:
    """What is remembered of a media item in the first pass; about 64 kB an hour of speech.

    Attributes:
        rank: of two alike, the one with the smaller rank keeps the speech.
    """

    rank: tuple[int, str]
    text: np.ndarray  # sampled hashes of its shingles
    sound: np.ndarray  # sampled values of its fingerprint


@dataclass(frozen=True)
class _Content:
    """What is compared in the second pass."""

    shingles: np.ndarray  # their hashes
    values: np.ndarray  # of the fingerprint


Media = Iterable[tuple[str, list[Cut]]]  # ids of media items, and their cuts


def find_duplicates(
    read: Callable[[], Media], by: Iterable[str] = BY, min_containment: float = 0.5
) -> tuple[int, Iterator[Duplicate]]:
    """How many media share speech with others, and the utterances that these say, too.

    Args:
        read: begins a pass over all media with what of them would be kept; up to three are made.
        by, min_containment: see `DuplicateFinder`.

    Raises:
        UserError: for a kind of likeness that does not exist.
    """
    finder = DuplicateFinder(by, min_containment)
    if not finder.by:
        return 0, iter(())
    for media_id, cuts in read():
        finder.add(media_id, cuts)
    keepers = finder.keepers()
    if not keepers:
        return 0, iter(())
    wanted = {keeper for pairs in keepers.values() for keeper, _ in pairs}
    for media_id, cuts in read():
        if media_id in wanted:
            finder.remember(media_id, cuts)
    return len(keepers), (
        found
        for media_id, cuts in read()
        for found in finder.duplicates_of(cuts, keepers.get(media_id, ()))
    )


class DuplicateFinder:
    """Finds utterances that lie in two media, in two passes over all accepted cuts.

    The first pass (`add`) remembers a sketch of every media item; `keepers` are then known; the
    second (`remember`, then `duplicates_of`) compares the utterances of those few media.
    """

    def __init__(self, by: Iterable[str] = BY, min_containment: float = 0.5) -> None:
        """
        Raises:
            UserError: for a kind of likeness that does not exist.
        """
        self.by = tuple(by)
        if unknown := set(self.by) - set(BY):
            raise UserError(f"duplicates.by: {sorted(unknown)}; there are {', '.join(BY)}")
        self.min_containment = min_containment
        self._media: dict[str, _Medium] = {}
        self._contents: dict[str, _Content] = {}

    def add(self, media_id: str, cuts: list[Cut]) -> None:
        """Takes note of a media item: its cuts that were accepted so far."""
        if not cuts:
            return
        kind = _CAPTION_RANK.get(cuts[0]["custom"].get("caption_kind", ""), 3)
        self._media[media_id] = _Medium(
            (kind, media_id),
            _text_sketch(_all_shingles(cuts) if "text" in self.by else set()),
            _sampled(_fingerprint(cuts if "audio" in self.by else [])),
        )

    def keepers(self) -> dict[str, list[tuple[str, str]]]:
        """For every media item that is like others: those that keep what they share, and by what."""
        names = sorted(self._media, key=lambda name: self._media[name].rank)
        media = [self._media[name] for name in names]
        by_sound = _sharing([media_item.sound for media_item in media], MIN_SHARED_SOUND)
        by_text = _sharing([media_item.text for media_item in media], self.min_containment, True)
        found = [(names[a], names[b], "audio") for a, b, _ in by_sound]
        found += [(names[a], names[b], "text") for a, b, _ in by_text]
        result: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for first, second, by in found:
            keeper, other = sorted((first, second), key=lambda name: self._media[name].rank)
            result[other].append((keeper, by))
        return dict(result)

    def remember(self, media_id: str, cuts: list[Cut]) -> None:
        """Second pass: takes in the content of a media item that keeps what others repeat."""
        self._contents[media_id] = _Content(_hashes(_all_shingles(cuts)), _fingerprint(cuts))

    def duplicates_of(
        self, cuts: list[Cut], keepers: Iterable[tuple[str, str]]
    ) -> Iterator[Duplicate]:
        """Of a media item's accepted cuts those that one of its `keepers` says, too."""
        for cut in cuts:
            for keeper, by in keepers:
                if self._is_said(cut, self._contents[keeper], by):
                    yield Duplicate(cut["id"], cut["custom"]["media_id"], keeper, by)
                    break

    def _is_said(self, cut: Cut, content: _Content, by: str) -> bool:
        if by == "text":
            shingles = _hashes(_shingles(text_of(cut)))
            shared = int(np.isin(shingles, content.shingles).sum())
            return shared >= MIN_SHINGLES_SHARE * len(shingles)
        values = fingerprint_of(cut)
        if len(values) < MIN_VALUES:
            return False
        edge = len(values) // 8  # the other may begin or end a little inside of it
        values = values[edge : len(values) - edge]
        return least_difference(values, content.values) <= MAX_DIFFERENT_BITS


def _fingerprint(cuts: Sequence[Cut]) -> np.ndarray:
    return np.concatenate([np.zeros(0, np.uint32), *map(fingerprint_of, cuts)])


def _sampled(values: np.ndarray) -> np.ndarray:
    """Every fourth of the different values, unsigned 32 or 64 bits, chosen by their hash."""
    different = np.unique(values)
    # Knuth's multiplicative hash, of the lower half.
    mixed = different.astype(np.uint32) * np.uint32(2654435761)
    return different[mixed >> np.uint32(32 - _SAMPLED_BITS) == 0]


def _sharing(
    sampled: Sequence[np.ndarray], min_share: float, common_counts: bool = False
) -> list[tuple[int, int, float]]:
    """Pairs of media that share enough of their sampled values, and the share.

    The share is of the values of the media item with fewer.

    Args:
        common_counts: whether values that more than `MAX_SHARING` media have count, for pairs of
            media that follow each other; else they count for none.
    """
    if not sampled:
        return []
    sizes = np.array([len(values) for values in sampled])
    found = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for part in _parts(sampled, int(sizes.sum())):
        for firsts, seconds in _pairs(part, common_counts):
            found.append(np.unique(firsts * len(sampled) + seconds, return_counts=True))
            if sum(len(k) for k, _ in found[1:]) > max(len(found[0][0]), MAX_VALUES_AT_ONCE):
                found = [_added_up(found)]
    keys, counts = _added_up(found)
    firsts, seconds = np.divmod(keys, len(sampled))
    shares = counts / np.minimum(sizes[firsts], sizes[seconds])
    enough = (counts >= MIN_SHARED_VALUES) & (shares >= min_share)
    columns = (firsts[enough].tolist(), seconds[enough].tolist(), shares[enough].tolist())
    return list(zip(*columns, strict=True))


def _added_up(found: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Different keys, and the sums of their counts."""
    keys, places = np.unique(np.concatenate([k for k, _ in found]), return_inverse=True)
    counts = np.concatenate([c for _, c in found])
    return keys, np.bincount(places, counts, len(keys)).astype(np.int64)


def _parts(sampled: Sequence[np.ndarray], total: int) -> Iterator[list[np.ndarray]]:
    """All media's values between two bounds, and so on: no more at once than memory holds.

    Of a hundred thousand hours there are a billion.
    """
    count = 1 + total // MAX_VALUES_AT_ONCE
    top = int(np.iinfo(sampled[0].dtype).max)
    ends = [np.zeros(len(sampled), np.int64)]
    for i in range(1, count):
        bound = sampled[0].dtype.type(top * i // count)
        ends.append(np.array([np.searchsorted(values, bound) for values in sampled]))
        yield _between(sampled, *ends)
        del ends[0]
    yield _between(sampled, ends[0], np.array([len(values) for values in sampled]))


def _between(
    sampled: Sequence[np.ndarray], starts: np.ndarray, stops: np.ndarray
) -> list[np.ndarray]:
    return [v[i:j] for v, i, j in zip(sampled, starts, stops, strict=True)]


def _pairs(
    sampled: Sequence[np.ndarray], common_counts: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Numbers of two media with the same value, once for every such value."""
    values = np.concatenate(sampled)
    owners = np.repeat(np.arange(len(sampled)), [len(part) for part in sampled])
    order = np.argsort(values, kind="stable")
    values, owners = values[order], owners[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(values)) + 1])
    lengths = np.diff(starts, append=len(values))
    if common_counts:
        common = np.repeat(lengths > MAX_SHARING, lengths)
        same = (values[1:] == values[:-1]) & common[1:]
        yield owners[:-1][same], owners[1:][same]
    shared = np.repeat((lengths > 1) & (lengths <= MAX_SHARING), lengths)
    values, owners = values[shared], owners[shared]
    # Of equal values the owners ascend (the sort is stable), and each owner has a value once.
    for distance in range(1, MAX_SHARING):
        same = values[distance:] == values[:-distance]
        if not same.any():
            break
        yield owners[:-distance][same], owners[distance:][same]
