"""A media cut to the utterances of its captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from echoharvester.captions.parse import read_track
from echoharvester.captions.utterances import SegmentConfig, Utterance, segment
from echoharvester.manifests.cuts import is_rejected, rejected, utterance_cut
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut
from echoharvester.text.hangul import hangul_share
from echoharvester.text.scores import comparable
from echoharvester.text.spoken import spoken

STEP = "segment"


def segment_media(
    media: Cut, config: SegmentConfig, min_chars: int = 2, min_hangul_share: float = 0.3
) -> list[Cut]:
    """One cut for every utterance, or the media cut itself, rejected, where there is none.

    Raises:
        CaptionError: if the caption file cannot be read.
    """
    if is_rejected(media):
        return [media]
    track = read_track(Path(media["custom"]["caption_path"]))
    utterances = _within(segment(track, config).utterances, media["duration"])
    if not utterances:
        return [rejected(media, STEP, "captions_empty")]
    korean = hangul_share(comparable("".join(u.text for u in utterances)))
    if korean < min_hangul_share:
        return [rejected(media, STEP, "captions_not_korean")]
    cuts = []
    for utterance_id, utterance in zip(_ids(media["id"], utterances), utterances, strict=True):
        fields = {
            "text_raw": utterance.raw,
            "text_orthographic": utterance.text,
            "caption_start_sec": utterance.start_sec,
            "caption_end_sec": utterance.end_sec,
        }
        text = spoken(utterance.text)
        cut = utterance_cut(
            media, utterance_id, utterance.start_sec, utterance.end_sec, text, fields
        )
        chars = comparable(text)
        if len(chars) < min_chars or hangul_share(chars) < min_hangul_share:
            cut = rejected(cut, STEP, "invalid_text")
        cuts.append(cut)
    return cuts


def _within(utterances: Sequence[Utterance], duration_sec: float) -> list[Utterance]:
    """Captions may run past the end of the media; their times may not."""
    latest = max(0.0, duration_sec - 0.01)
    return [
        Utterance(min(u.start_sec, latest), min(max(u.end_sec, 0.01), duration_sec), u.text, u.raw)
        for u in utterances
    ]


def _ids(media_id: str, utterances: Sequence[Utterance]) -> list[str]:
    """Ids from time and text: an utterance keeps its id when others come or go."""
    ids: list[str] = []
    for utterance in utterances:
        digest = fingerprint(utterance.text)[:6]
        stem = f"{media_id}-{round(utterance.start_sec * 1000):08d}-{digest}"
        ids.append(stem if stem not in ids else f"{stem}-{len(ids)}")
    return ids
