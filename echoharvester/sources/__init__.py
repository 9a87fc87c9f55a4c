"""Where media comes from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from echoharvester.errors import UserError
from echoharvester.options import taken_by
from echoharvester.sources.base import Source

if TYPE_CHECKING:
    from echoharvester.sources.youtube.site import Site


def make_source(settings: Mapping[str, Any], site: Site | None = None) -> Source:
    """The source that `kind` names, with what it takes of the other settings: a recipe may have set
    what belongs to another kind.

    Raises:
        UserError: for a kind that does not exist.
    """
    if settings["kind"] == "local":
        from echoharvester.sources.local import LocalSource

        return LocalSource(**taken_by(LocalSource, settings))
    if settings["kind"] != "youtube":
        raise UserError(f"source.kind is local or youtube, not {settings['kind']!r}")
    from echoharvester.sources.youtube.source import VideoFilter, YoutubeSource

    if site is None:
        raise UserError("a youtube source needs network settings")
    options = taken_by(YoutubeSource, settings)
    return YoutubeSource(
        site=site, wanted=VideoFilter(**taken_by(VideoFilter, settings)), **options
    )


def make_site(settings: Mapping[str, Any], data_dir: Path) -> Site:
    """The connection that stages 1 and 2 share the manners of."""
    from echoharvester.sources.youtube.pace import Pace
    from echoharvester.sources.youtube.site import Network, Site

    network = Network(**settings)
    return Site(
        network, Pace(data_dir / "audio" / ".pace", network.interval_sec, network.pause_sec)
    )
