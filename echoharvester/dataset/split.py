"""Train, dev and test without a media item, a channel or the same speech in two of them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping

from echoharvester.errors import UserError

ENOUGH_CHANNELS = 20  # with fewer, one channel would be most of dev or test
# A group this many times larger than dev or test should be stays in train.
MAX_OVERSIZE = 3.0
BY = ("auto", "channel", "media")


class SplitError(UserError):
    """A split that cannot be made without leaking."""


def split_media(
    channels: Mapping[str, str],
    dev: float,
    test: float,
    seed: int,
    by: str = "auto",
    alike: Iterable[tuple[str, str]] = (),
    before: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The set that each media item belongs to: "train", "dev" or "test".

    What belongs together (the same channel, the same speech) is a group.  A group stays where it
    was; where new media join what was apart, what was held out stays held out.  New groups draw a
    number from their smallest name and the seed.  Where no group, or only too large ones, draw a
    number for dev or test, the smallest take it.

    Args:
        channels: the channel of every media item; "" where there is none.
        by: channel, media, or auto: by channel where there are at least `ENOUGH_CHANNELS`.
        alike: pairs of media that must not be apart.
        before: sets of an earlier split of fewer media.

    Raises:
        SplitError: with fewer than three groups.
    """
    if by not in BY:
        raise SplitError(f"split.by is {', '.join(BY)}, not {by!r}")
    if not (0 < dev < 1 and 0 < test < 1 and dev + test < 1):
        raise SplitError(f"split.dev={dev} and split.test={test}: expected shares that leave some")
    groups = _groups(channels, is_by_channel(channels, by), alike)
    if len(groups) < 3:
        raise SplitError(_too_few(len(channels), len(groups)))
    limit = {"test": MAX_OVERSIZE * test, "dev": MAX_OVERSIZE * dev}
    share = {name: len(media) / len(channels) for name, media in groups.items()}
    draws = {name: _draw(name, seed) for name in groups}
    belongs: dict[str, str] = {}
    known = before or {}
    for name, draw in draws.items():
        earlier = {known[media_item] for media_item in groups[name] if media_item in known}
        if earlier:
            belongs[name] = next(part for part in ("test", "dev", "train") if part in earlier)
            continue
        part = "test" if draw < test else "dev" if draw < test + dev else "train"
        belongs[name] = part if share[name] <= limit.get(part, 1.0) else "train"
    for part in ("test", "dev"):
        if part not in belongs.values():
            in_train = [name for name, where in belongs.items() if where == "train"]
            belongs[min(in_train, key=lambda name: (share[name], draws[name]))] = part
    if "train" not in belongs.values():  # few groups, large shares
        held_out = sorted(draws, key=lambda name: draws[name])
        belongs = dict.fromkeys(draws, "train") | {held_out[0]: "test", held_out[1]: "dev"}
    return {media_item: belongs[name] for name, media in groups.items() for media_item in media}


def apart_from(
    held: Iterable[str],
    channels: Mapping[str, str],
    by: str = "auto",
    alike: Iterable[tuple[str, str]] = (),
) -> set[str]:
    """Media that share neither channel (where that counts) nor speech with any that is held out.

    Args:
        held: media of dev and test; they need not be among the others.
        channels, by, alike: see `split_media`, of the held ones, too.
    """
    if by not in BY:
        raise SplitError(f"split.by is {', '.join(BY)}, not {by!r}")
    out = set(held)
    groups = _groups(channels, is_by_channel(channels, by), alike).values()
    return {m for media in groups if not out & set(media) for m in media}


def is_by_channel(channels: Mapping[str, str], by: str) -> bool:
    """Whether media of one channel stay together.

    Args:
        channels, by: see `split_media`.
    """
    return by == "channel" or (
        by == "auto" and len(set(channels.values()) - {""}) >= ENOUGH_CHANNELS
    )


def _groups(
    channels: Mapping[str, str], by_channel: bool, alike: Iterable[tuple[str, str]]
) -> dict[str, list[str]]:
    """Media that stay together, by the smallest of the names that hold them together."""
    import numpy as np
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    names = {m: f"channel {c}" if by_channel and c else f"media {m}" for m, c in channels.items()}
    numbers = {name: i for i, name in enumerate(sorted(set(names.values())))}
    pairs = [(numbers[names[a]], numbers[names[b]]) for a, b in alike if a in names and b in names]
    rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
    links = coo_matrix((np.ones(len(pairs)), (rows, columns)), shape=(len(numbers),) * 2)
    labels = connected_components(links, directed=False)[1]
    named: dict[int, str] = {}
    for name, i in numbers.items():
        named.setdefault(labels[i], name)
    groups: dict[str, list[str]] = defaultdict(list)
    for media_item, name in names.items():
        groups[named[labels[numbers[name]]]].append(media_item)
    return groups


def _too_few(num_media: int, num_groups: int) -> str:
    held = (
        f", which form {num_groups} groups of the same channel or the same speech"
        if num_groups < num_media
        else ""
    )
    return (
        f"{num_media} media left after filtering{held}: train, dev and test need one each at least. "
        "Add media, loosen the filters, or (where channels are the cause) set split.by=media; "
        "sharing speech between the sets would make every error rate meaningless"
    )


def _draw(name: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
