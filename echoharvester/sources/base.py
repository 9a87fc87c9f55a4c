"""What a source is: something that lists media, one cut each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from echoharvester.errors import UserError
from echoharvester.manifests.shards import Cut
from echoharvester.sources.folders import LeftOut

# What becomes of media without captions: they are rejected, or stage 3 transcribes them.
REJECT, TRANSCRIBE = UNCAPTIONED = ("reject", "transcribe")


def check_uncaptioned(value: str) -> None:
    """Raises `UserError` for what is none of `UNCAPTIONED`."""
    if value not in UNCAPTIONED:
        raise UserError(f"source.uncaptioned is {' or '.join(UNCAPTIONED)}, not {value!r}")


class Source(Protocol):
    """Lists what there is.  An item that cannot be used comes with `custom.error`."""

    @property
    def left_out(self) -> Sequence[LeftOut]:
        """What else folders hold, with reasons, when `media` has ended."""
        ...

    def media(self, known: dict[str, Cut]) -> Iterator[Cut]:
        """Media cuts; `known` are those of the previous listing, by source path or url."""
        ...
