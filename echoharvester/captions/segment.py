"""A media cut to the utterances of its captions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from echoharvester.captions.cues import CaptionError, Track
from echoharvester.captions.parse import read_track
from echoharvester.captions.utterances import Segmentation, SegmentConfig, Utterance, segment
from echoharvester.manifests.cuts import (
    is_rejected,
    rejected,
    utterance_cut,
    with_custom,
    with_supervision,
)
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut
from echoharvester.text.hangul import hangul_share
from echoharvester.text.scores import normalize_for_scoring
from echoharvester.text.spoken import candidates
from echoharvester.text.validity import MIN_CHARS, MIN_HANGUL_SHARE, is_valid_text

STAGE = "segment"


def segment_media(
    media: Cut,
    config: SegmentConfig,
    min_chars: int = MIN_CHARS,
    min_hangul_share: float = MIN_HANGUL_SHARE,
    lexicon: Path | None = None,
) -> list[Cut]:
    """One cut for every utterance, or the media cut itself, rejected, where there is none.

    An utterance with several verbalisations keeps them in `custom.text_candidates`, best first, for the
    audio to choose.  `lexicon`: a recipe's own Latin words.

    Raises:
        CaptionError: if the caption file cannot be read.
    """
    if is_rejected(media):
        return [media]
    try:
        track = read_track(Path(media["custom"]["caption_path"]))
    except CaptionError as error:  # it names our copy; people know the media
        name = media["custom"].get("media_path") or media["custom"].get("source_url")
        raise CaptionError(f"captions of {name}: {error}") from error
    segmentation = segment(track, config)
    media = with_custom(media, caption_cues=cue_report(track, segmentation))
    utterances = segmentation.utterances
    if not utterances:
        return [rejected(media, STAGE, "captions_empty")]
    korean = hangul_share(normalize_for_scoring("".join(u.text for u in utterances)))
    if korean < min_hangul_share:
        return [rejected(media, STAGE, "captions_not_korean")]
    cuts = []
    for utterance_id, utterance in zip(_ids(media["id"], utterances), utterances, strict=True):
        fields: dict[str, Any] = {
            "text_raw": utterance.raw,
            "text_orthographic": utterance.text,
            "caption_start_sec": utterance.start_sec,
            "caption_end_sec": utterance.end_sec,
        }
        if utterance.begins_turn:
            fields["turn"] = "begins"
        verbalisations = candidates(utterance.text, extra_words=lexicon)
        text = verbalisations[0]
        if len(verbalisations) > 1:
            fields["text_candidates"] = verbalisations
        cut = utterance_cut(
            media, utterance_id, *_within(utterance, media["duration"]), text, fields
        )
        if utterance.speaker:
            # The label is of this file: SPEAKER_00 of another one is somebody else.
            speaker = "_".join(f"{media['id']}-{utterance.speaker}".split())
            cut = with_supervision(cut, speaker=speaker)
        if not is_valid_text(text, min_chars, min_hangul_share):
            cut = rejected(cut, STAGE, "invalid_text")
        elif "\ufffd" in utterance.text:
            cut = rejected(cut, STAGE, "damaged_text")
        cuts.append(cut)
    return cuts


def cue_report(track: Track, segmentation: Segmentation) -> dict[str, dict[str, int]]:
    """What became of the cues of a file: `cues` (read, used, and the others by kind), what was
    `repaired` and what was `removed` from texts, by kind."""
    cues = {"read": track.read, "used": segmentation.used, **segmentation.gone}
    return {
        "cues": cues,
        "repaired": dict(track.repairs),
        "removed": dict(segmentation.removed),
    }


def _within(utterance: Utterance, duration_sec: float) -> tuple[float, float]:
    """Captions may run past the end of the media; the times of a cut may not."""
    latest = max(0.0, duration_sec - 0.01)
    return min(utterance.start_sec, latest), min(max(utterance.end_sec, 0.01), duration_sec)


def _ids(media_id: str, utterances: Sequence[Utterance]) -> list[str]:
    """Ids from time and text: an utterance keeps its id when others come or go."""
    ids: dict[str, None] = {}  # in order
    for utterance in utterances:
        digest = fingerprint(utterance.text)[:6]
        stem = f"{media_id}-{round(utterance.start_sec * 1000):08d}-{digest}"
        ids[stem if stem not in ids else f"{stem}-{len(ids)}"] = None
    return list(ids)
