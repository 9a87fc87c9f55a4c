"""Media to 16 kHz mono flac in the data folder, captions beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from echoharvester.audio.damage import missing_spans
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import MediaError, cancelling, decode_to_flac, extract_subtitles
from echoharvester.audio.tracks import TEXT_CODECS
from echoharvester.manifests.cuts import is_rejected, recording, with_custom
from echoharvester.manifests.shards import Cut
from echoharvester.sources.youtube.fetch import fetch_video
from echoharvester.sources.youtube.site import FetchError, Site

# Decoded less than declared by more than this: the file is cut short or damaged.
TOLERATED_LOSS_SEC, TOLERATED_LOSS_SHARE = 1.0, 0.02


def is_there(media: Cut) -> bool:
    """Whether the files that a downloaded cut names are still there, as long as they were."""
    if is_rejected(media):
        return True
    custom = media["custom"]
    sizes = {media["recording"]["sources"][0]["source"]: custom["audio_bytes"]}
    if "caption_path" in custom:  # media without captions are there to be transcribed
        sizes[custom["caption_path"]] = custom["caption_bytes"]
    try:
        return all(Path(path).stat().st_size == size for path, size in sizes.items())
    except OSError:
        return False


def fetch(
    media: Cut, audio_dir: Path, keep_original: bool = False, site: Site | None = None
) -> Cut:
    """The media cut with its sound and captions in `audio_dir`.

    `site`: for media that is not on disk.

    Raises:
        MediaError: if its sound cannot be decoded.
        FetchError: if a site does not give it.
        OSError: if its captions cannot be copied.
    """
    custom = {k: v for k, v in media["custom"].items() if k != "file_mtime_ns"}
    media = {**media, "custom": custom}
    if is_rejected(media):
        return media
    folder = audio_dir / media["id"][:2]
    target = folder / f"{media['id']}.flac"
    if "media_path" in custom:
        source = Path(custom["media_path"])
        chosen = int(custom.get("audio_track", 1)) - 1
        media, decoded_sec = _decoded(media, source, target, chosen)
        gaps = missing_spans(source, chosen)
        copied = _copied_captions(media, source, folder)
        if keep_original:
            shutil.copyfile(source, folder / f"{media['id']}.original{source.suffix}")
    else:
        if site is None:
            raise FetchError(f"{custom['source_url']}: no network settings to fetch it with")
        source, copied, track = fetch_video(media, folder, site)
        if track:
            media = with_custom(media, caption_kind=track.kind, caption_track=track.key)
        try:
            media, decoded_sec = _decoded(media, source, target)
        except MediaError:
            source.unlink()  # whatever came, it is no sound: fetched anew next time
            raise
        gaps = missing_spans(source)
        if not keep_original:
            source.unlink()
    sound = recording(media["id"], str(target), SAMPLING_RATE, round(decoded_sec * SAMPLING_RATE))
    fields: dict[str, Any] = {
        "decoded_duration_sec": decoded_sec,
        "audio_bytes": target.stat().st_size,
        **_damage(float(custom.get("declared_duration_sec") or decoded_sec), decoded_sec, gaps),
    }
    if copied:
        fields |= {"caption_path": str(copied), "caption_bytes": copied.stat().st_size}
    return {**with_custom(media, **fields), "recording": sound, "duration": sound["duration"]}


def _decoded(media: Cut, source: Path, target: Path, track: int = 0) -> tuple[Cut, float]:
    """The cut, and how many seconds were decoded: the sum of the channels, or, where they cancel each
    other out, the first."""
    if not cancelling(source, track):
        return media, decode_to_flac(source, target, track)
    return with_custom(media, channel_used=1), decode_to_flac(source, target, track, channel=0)


def _copied_captions(media: Cut, source: Path, folder: Path) -> Path | None:
    """The captions of a file on disk, in the data folder: a copy, or its subtitle track; None where it
    has none."""
    custom = media["custom"]
    if custom["caption_kind"] == "none":
        return None
    if "subtitle_track" in custom:
        number = int(custom["subtitle_track"])
        suffix = TEXT_CODECS[custom["subtitle_tracks"][number - 1]["codec"]]
        target = folder / f"{media['id']}.inside{suffix}"
        extract_subtitles(source, target, number - 1)
        return target
    caption = Path(custom["caption_path"])
    target = folder / f"{media['id']}{_caption_suffix(caption, source)}"
    shutil.copyfile(caption, target)
    return target


def _damage(
    declared_sec: float, decoded_sec: float, gaps: list[tuple[float, float]]
) -> dict[str, Any]:
    """What is missing, for people (`media_damage`) and for stage 5 (`media_gaps`); {} if nothing.

    What is left of a damaged file is used: its times are those of the whole one.
    """
    found: dict[str, Any] = {}
    faults = []
    lost = declared_sec - decoded_sec
    if lost > max(TOLERATED_LOSS_SEC, TOLERATED_LOSS_SHARE * declared_sec):
        faults.append(f"{lost:.1f} s of {declared_sec:.1f} s could not be decoded")
    if gaps:
        found["media_gaps"] = [list(gap) for gap in gaps]
        missing = sum(end - start for start, end in gaps)
        faults.append(f"{len(gaps)} gaps of {missing:.1f} s in all")
    if faults:
        found["media_damage"] = "; ".join(faults)
    return found


def _caption_suffix(caption: Path, media: Path) -> str:
    """`.ko.vtt` of x.ko.vtt beside x.mp4; of a file with another name its last suffix."""
    if caption.name.startswith(f"{media.stem}."):
        return caption.name.removeprefix(media.stem)
    return caption.suffix
