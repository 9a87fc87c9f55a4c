"""The captions and the sound of one video, in two passes: captions that fail cost no download."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.parse import read_track
from echoharvester.manifests.cuts import safe_id
from echoharvester.manifests.shards import Cut
from echoharvester.sources.youtube.site import FetchError, Site
from echoharvester.sources.youtube.tracks import CaptionTrack, choose_track


def fetch_video(
    media: Cut, folder: Path, site: Site
) -> tuple[Path, Path | None, CaptionTrack | None]:
    """The sound in the site's own codec, the caption file in `folder`, and which track that is: none of
    a video that is to be transcribed.

    Raises:
        FetchError: if one of them cannot be had; what was had of the sound is kept for next time.
    """
    custom = media["custom"]
    name = custom["source_url"]
    if "info_json" in custom:
        info = site.info_from_file(Path(custom["info_json"]))
    else:
        info = site.info(name)
    choice = choose_track(info)
    caption = None
    if choice.track:  # it may have got them by now
        caption = _captions(media["id"], name, choice.track, info, folder, site)
    elif custom["caption_kind"] != "none":
        raise FetchError(f"{name}: its Korean captions are gone ({choice.reason})")
    ext = str(info.get("ext") or "")
    if not info.get("url") and not info.get("fragments"):
        raise FetchError(f"{name}: the site offers no sound; a JavaScript runtime may be missing")
    suffix = ext if re.fullmatch(r"[a-z0-9]{1,5}", ext) else "media"
    # What was begun in one format must not go on in another.
    sound = folder / f"{media['id']}.original.{safe_id(str(info.get('format_id')))[:40]}.{suffix}"
    for left_over in folder.glob(f"{media['id']}.original.*.part*"):
        if not left_over.name.startswith(sound.name):
            left_over.unlink()
    site.save(info, sound, f"{name} (sound)")
    return sound, caption, choice.track


def _captions(
    media_id: str, name: str, track: CaptionTrack, info: dict[str, Any], folder: Path, site: Site
) -> Path:
    """One caption file; one without a cue is no better than none."""
    kind = ".auto" if track.kind == "auto" else ""
    target = folder / f"{media_id}.ko{kind}.{track.ext}"
    Path(f"{target}.part").unlink(missing_ok=True)
    request = {
        "id": media_id,
        "url": track.url,
        "ext": track.ext,
        "protocol": "https" if track.url.startswith("https") else "http",
        "http_headers": info.get("http_headers") or {},
    }
    site.save(request, target, f"{name} (captions)")
    try:
        cues = read_track(target).cues
    except (CaptionError, OSError) as error:
        target.unlink(missing_ok=True)
        raise FetchError(f"{name}: what came as captions is none: {error}") from error
    if not cues:
        target.unlink()
        raise FetchError(f"{name}: captions without a cue; tried again next time")
    return target
