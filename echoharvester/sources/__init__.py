"""Where media comes from."""

from __future__ import annotations

from typing import Any

from echoharvester.sources.base import Source


def make_source(settings: dict[str, Any]) -> Source:
    """The source that `kind` names, the other settings being its arguments.

    Raises:
        ValueError: for a kind that does not exist.
    """
    from echoharvester.sources.local import LocalSource

    kinds = {"local": LocalSource}
    options = dict(settings)
    kind = options.pop("kind")
    if kind not in kinds:
        raise ValueError(f"source.kind is one of {sorted(kinds)}, not {kind!r}")
    return kinds[kind](**options)
