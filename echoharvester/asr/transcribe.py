"""Media that nobody captioned: a recogniser's transcript becomes the captions (`caption_kind: machine`).

First it is looked where speech is, and whether it is Korean; only there text is asked for.  What a
recogniser writes in circles, over nothing, or faster than anybody speaks is left out.  The captions are
a file beside the sound, as those of people are, and every later stage takes them for what they are:
nobody's word (`asr.machine`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from echoharvester.asr.base import Recogniser
from echoharvester.asr.site_captions import SiteCaptions
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.media import load_sound
from echoharvester.audio.pauses import Loudness
from echoharvester.audio.vad import speech_regions
from echoharvester.captions.cues import CaptionError
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import is_rejected, rejected, with_custom
from echoharvester.manifests.shards import Cut, write_atomic
from echoharvester.text.invented import is_invented
from echoharvester.text.spoken import spoken
from echoharvester.text.validity import is_plausible_rate, is_repetitive, is_valid_text

STAGE = "transcribe"
MACHINE, AUTO = "machine", "auto"  # caption kinds: of our recogniser, and of a site's
PAD_SEC = 0.1  # of stillness is heard around speech
MAX_GAP_SEC = 0.6  # a longer pause ends an utterance
ASKED = 8  # utterances of a media item by which its language is told
_MUSIC = ("♪", "♫")

Span = tuple[float, float]


@runtime_checkable
class LanguageJudge(Protocol):
    """A recogniser that tells how likely sound is Korean speech."""

    def korean(self, utterances: Sequence[np.ndarray]) -> list[float]:
        """Probabilities of 16 kHz utterances, each (num_samples,)."""
        ...


@dataclass(frozen=True)
class TranscribeConfig:
    """How sound becomes utterances with text.

    Attributes:
        max_sec: of an utterance; it is cut at its quietest moment.
        min_sec: shorter speech, alone between pauses, is left out.
        min_korean: probability of Korean, on average over some utterances, that a media item needs.
        automatic: captions that a site's own recogniser wrote are a "witness" of the transcript that
            takes their place, or stay the "captions".
    """

    max_sec: float = 12.0
    min_sec: float = 0.6
    min_korean: float = 0.5
    automatic: str = "witness"

    def __post_init__(self) -> None:
        if not 1 <= self.max_sec <= 30:
            raise UserError(f"transcribe.max_sec is from 1 to 30, not {self.max_sec}")
        if not 0 <= self.min_korean <= 1:
            raise UserError(f"transcribe.min_korean is from 0 to 1, not {self.min_korean}")
        if self.automatic not in ("witness", "captions"):
            raise UserError(f"transcribe.automatic is witness or captions, not {self.automatic!r}")


def transcribe_media(
    media: Cut,
    recogniser_of: Callable[[], Recogniser],
    config: TranscribeConfig,
    folder: Path,
    name: str,
    load: Callable[[Cut], np.ndarray] = load_sound,
) -> Cut:
    """A media item with captions by a recogniser, where people wrote none; rejected where no Korean speech
    is.  Captions by a site's recogniser are kept beside them (`site_caption_path`).

    Args:
        recogniser_of: gives the recogniser, which is loaded when it is needed.
        folder: where its caption file goes.
        name: of the recogniser.

    Raises:
        MediaError: if the recording cannot be read.
    """
    custom = media["custom"]
    of_site = config.automatic == "witness" and custom["caption_kind"] == AUTO
    if is_rejected(media) or ("caption_path" in custom and not of_site):
        return media
    samples = load(media)
    spans = list(utterance_spans(samples, config))
    if not spans:
        return rejected(media, STAGE, "no_speech")
    sounds = [samples[int(a * SAMPLING_RATE) : int(b * SAMPLING_RATE)] for a, b in spans]
    recogniser = recogniser_of()
    if isinstance(recogniser, LanguageJudge):
        some = sounds[:: max(1, -(-len(sounds) // ASKED))]
        korean = float(np.mean(recogniser.korean(some)))
        media = with_custom(media, korean_probability=round(korean, 4))
        if korean < config.min_korean:
            return rejected(media, STAGE, "speech_not_korean")
    texts = recogniser.transcribe(sounds)
    gone: Counter[str] = Counter()
    cues = []
    for (start, end), text in zip(spans, texts, strict=True):
        if fault := fault_of(text, end - start):
            gone[fault] += 1
        else:
            cues.append((start, end, text))
    report = {"heard": len(spans), "written": len(cues), **gone}
    media = with_custom(media, transcript=report, transcribed_by=name)
    if not cues:
        return rejected(media, STAGE, "no_korean_speech")
    path = folder / f"{media['id']}.machine.vtt"
    write_atomic(path, as_vtt(cues))
    if of_site:
        media = _with_witness(media, Path(custom["caption_path"]))
    return with_custom(
        media, caption_kind=MACHINE, caption_path=str(path), caption_bytes=path.stat().st_size
    )


def _with_witness(media: Cut, captions: Path) -> Cut:
    """Captions that cannot be read are none; that is no reason to lose the media item."""
    try:
        SiteCaptions(captions)
    except (CaptionError, OSError):
        return with_custom(media, transcript={**media["custom"]["transcript"], "unreadable_site_captions": 1})  # fmt: skip
    return with_custom(media, site_caption_path=str(captions))


def utterance_spans(samples: np.ndarray, config: TranscribeConfig) -> Iterator[Span]:
    """Where speech is, in seconds, from pause to pause; what is too long is cut where it is quietest."""
    duration = len(samples) / SAMPLING_RATE
    loudness = Loudness.of(samples)
    joined: list[Span] = []
    for start, end in speech_regions(samples).tolist():
        if (
            joined
            and start - joined[-1][1] <= MAX_GAP_SEC
            and end - joined[-1][0] <= config.max_sec
        ):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    for start, end in joined:
        if end - start < config.min_sec:
            continue
        edges = [*_edges(start, end, loudness, config.max_sec)]
        edges[0], edges[-1] = max(0.0, start - PAD_SEC), min(duration, end + PAD_SEC)
        yield from pairwise(edges)


def _edges(start: float, end: float, loudness: Loudness, max_sec: float) -> Iterator[float]:
    """Where speech without a pause is cut; what is left behind a cut is no crumb."""
    yield start
    while end - start > max_sec:
        latest = min(start + max_sec, end - max_sec / 4)
        pauses = loudness.quiet_runs(start + max_sec / 3, latest)
        longest = max(pauses, key=lambda run: run[1] - run[0], default=(latest, latest))
        start = float(sum(longest)) / 2
        yield start
    yield end


def fault_of(text: str, duration_sec: float) -> str:
    """Why a transcript is not what was said in `duration_sec`; "" if nothing speaks against it.

    >>> fault_of("시청해 주셔서 감사합니다", 4.0), fault_of("오늘은 날씨가 좋네요", 2.0), fault_of("♪", 3.0)
    ('invented', '', 'empty')
    """
    if any(sign in text for sign in _MUSIC) and len(text.strip("♪♫ ")) > 1:
        return "sung"
    text = text.strip("♪♫ ")
    if not text:
        return "empty"
    if is_repetitive(text):
        return "repeated"
    if is_invented(text):
        return "invented"
    if not is_valid_text(text):  # as it is written: English read out is Hangul, too
        return "not_korean"
    return "" if is_plausible_rate(spoken(text), duration_sec) else "implausible_rate"


def as_vtt(cues: Sequence[tuple[float, float, str]]) -> str:
    """A WebVTT file."""
    lines = ["WEBVTT", ""]
    for start, end, text in cues:
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        lines += [f"{_time(start)} --> {_time(end)}", " ".join(escaped.split()), ""]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    """
    >>> _time(3725.0625)
    '01:02:05.062'
    """
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
