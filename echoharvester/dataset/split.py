"""Train, dev and test without a media item in two of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection


class SplitError(ValueError):
    """A split that cannot be made without leaking."""


def split_media(media_ids: Collection[str], dev: float, test: float, seed: int) -> dict[str, str]:
    """The set that each media item belongs to: "train", "dev" or "test".

    Each item draws a number from its id and the seed, so that it stays where it is when
    others come.  With few items, dev and test take the lowest numbers, one item at least.

    Raises:
        SplitError: with fewer than three items.
    """
    if len(media_ids) < 3:
        raise SplitError(
            f"{len(media_ids)} media left after filtering: train, dev and test need one each at "
            "least. Add media, or loosen the filters; sharing a recording between them would make "
            "every error rate meaningless"
        )
    ranked = sorted(media_ids, key=lambda media_id: _draw(media_id, seed))
    in_test = [m for m in ranked if _draw(m, seed) < test] or ranked[:1]
    rest = [m for m in ranked if m not in set(in_test)]
    in_dev = [m for m in rest if _draw(m, seed) < test + dev] or rest[:1]
    if len(in_test) + len(in_dev) >= len(ranked):  # few items, large shares
        in_test, in_dev = ranked[:1], ranked[1:2]
    return {
        m: "test" if m in set(in_test) else "dev" if m in set(in_dev) else "train"
        for m in media_ids
    }


def _draw(media_id: str, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}/{media_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
