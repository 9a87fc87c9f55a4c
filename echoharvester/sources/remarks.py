"""What people should know of media on disk that were taken, or not: tracks, and captions that lie unused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from echoharvester.audio.tracks import Track
from echoharvester.manifests.shards import Cut

MAX_NAMED = 10  # of each kind; every cut has it in its custom fields


def remarks(cuts: Iterable[Cut]) -> Iterator[str]:
    """Lines about the first media of each kind, and how many more there are."""
    by_kind: dict[str, list[str]] = {"tracks": [], "inside": [], "beside": [], "unused": []}
    for cut in cuts:
        custom = cut["custom"]
        name = Path(str(custom.get("media_path", ""))).name
        others = ", ".join(custom.get("captions_beside", ()))
        tracks = [Track(**track) for track in custom.get("audio_tracks", ())]
        if len(tracks) > 1 and "audio_track" in custom:
            number = int(custom["audio_track"])
            by_kind["tracks"].append(
                f"{name}: audio track {number} of {len(tracks)} ({tracks[number - 1]}); "
                "source.audio_track chooses another"
            )
        if "subtitle_track" in custom:
            track = Track(**custom["subtitle_tracks"][custom["subtitle_track"] - 1])
            by_kind["inside"].append(f"{name}: captions from inside of it ({track})")
        if custom.get("reason") == "no_captions" and others:
            by_kind["unused"].append(f"{name}: no Korean captions; there are {others}")
        elif others and "caption_path" in custom:
            chosen = Path(custom["caption_path"]).name
            by_kind["beside"].append(f"{name}: {chosen} taken; not {others}")
    for lines in by_kind.values():
        yield from lines[:MAX_NAMED]
        if len(lines) > MAX_NAMED:
            yield f"... and {len(lines) - MAX_NAMED} more like this"
