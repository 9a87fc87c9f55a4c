"""What a source is: something that lists media, one cut each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from echoharvester.manifests.shards import Cut
from echoharvester.sources.folders import LeftOut


class Source(Protocol):
    """Lists what there is.  An item that cannot be used comes with `custom.error`."""

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """What else folders hold, with reasons, when `media` has ended."""
        ...

    def media(self, known: dict[str, Cut]) -> Iterator[Cut]:
        """Media cuts; `known` are those of the previous listing, by source path or url."""
        ...
