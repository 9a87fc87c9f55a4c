"""Where media comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from echoharvester.errors import UserError
from echoharvester.sources.base import Source

if TYPE_CHECKING:
    from echoharvester.sources.youtube.site import Site


def make_source(settings: Mapping[str, Any], site: Site | None = None) -> Source:
    """The source that `kind` names, the other settings being its arguments.

    Raises:
        UserError: for a kind that does not exist, or a setting that it does not take.
    """
    options = dict(settings)
    kind = options.pop("kind")
    try:
        if kind == "local":
            from echoharvester.sources.local import LocalSource

            return LocalSource(**options)
        if kind == "youtube":
            return _youtube(options, site)
    except TypeError as error:
        raise UserError(f"source: {error}") from error
    raise UserError(f"source.kind is local or youtube, not {kind!r}")


def _youtube(options: dict[str, Any], site: Site | None) -> Source:
    from dataclasses import fields

    from echoharvester.sources.youtube.source import VideoFilter, YoutubeSource

    if site is None:
        raise UserError("a youtube source needs network settings")
    names = {f.name for f in fields(VideoFilter)}
    wanted = VideoFilter(**{key: options.pop(key) for key in list(options) if key in names})
    return YoutubeSource(site=site, wanted=wanted, **options)


def make_site(settings: Mapping[str, Any], data_dir: Path) -> Site:
    """The connection that stages 1 and 2 share the manners of."""
    from echoharvester.sources.youtube.pace import Pace
    from echoharvester.sources.youtube.site import Network, Site

    network = Network(**settings)
    return Site(
        network, Pace(data_dir / "audio" / ".pace", network.interval_sec, network.pause_sec)
    )
