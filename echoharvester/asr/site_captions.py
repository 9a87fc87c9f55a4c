"""What a site's own recogniser wrote: a witness of what another one wrote."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np

from echoharvester.asr.machine import SITE_TEXT
from echoharvester.captions.cues import CaptionError
from echoharvester.captions.parse import read_track
from echoharvester.captions.utterances import SegmentConfig, segment
from echoharvester.manifests.cuts import with_custom
from echoharvester.manifests.shards import Cut

NEAR_SEC = 1.5  # such captions are shown up to that much beside what they say


class SiteCaptions:
    """Automatic captions by time."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            CaptionError: if the file cannot be read.
        """
        utterances = segment(read_track(path), SegmentConfig(cut_at="cues")).utterances
        spans = [(u.start_sec, u.end_sec, f"{u.text} ") for u in utterances]
        # Within an utterance its letters are as far apart as each other.
        times = [np.linspace(a, b, len(text)) for a, b, text in spans]
        self._text = "".join(text for *_, text in spans)
        self._times = np.concatenate(times) if times else np.zeros(0)

    def beside(self, cut: Cut) -> Cut:
        """The cut with what the site wrote there (`site_text`)."""
        text = self.between(cut["start"], cut["start"] + cut["duration"])
        return with_custom(cut, **{SITE_TEXT: text})

    def between(self, start_sec: float, end_sec: float) -> str:
        """The whole words that may have been said there, and some around them."""
        near = (self._times >= start_sec - NEAR_SEC) & (self._times <= end_sec + NEAR_SEC)
        borders = [-1, *(i for i, c in enumerate(self._text) if c == " ")]
        words = [self._text[a + 1 : b] for a, b in pairwise(borders) if near[a + 1 : b].any()]
        return " ".join(words)


def site_captions(cut: Cut) -> SiteCaptions | None:
    """Those of its media item, where they are a witness and are still there: others may bear it out."""
    path = cut["custom"].get("site_caption_path")
    try:
        return SiteCaptions(Path(path)) if path else None
    except (CaptionError, OSError):
        return None
