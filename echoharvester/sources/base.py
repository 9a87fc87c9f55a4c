"""What a source is: something that lists media, one cut each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from echoharvester.manifests.shards import Cut


class Source(Protocol):
    """Lists what there is.  An item that cannot be used comes with `custom.error`."""

    def media(self, known: dict[str, Cut]) -> Iterator[Cut]:
        """Media cuts; `known` are those of the previous listing, by source path or url."""
        ...
