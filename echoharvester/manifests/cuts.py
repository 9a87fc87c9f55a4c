"""Cuts as JSON: what their fields are, and the few moves that stages make on them.

Steps that only read text handle cuts as the plain dicts that a manifest holds, which
loads neither lhotse nor torch.  `to_lhotse` gives the same cut as a Lhotse object.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from echoharvester.manifests.accounting import ACCEPTED, REJECTED
from echoharvester.manifests.shards import Cut

if TYPE_CHECKING:
    from lhotse import MonoCut

_UNSAFE_IN_ID = re.compile(r"[^A-Za-z0-9_-]")
_UTTERANCE_ID = re.compile(r"(.+)-\d{8}-[0-9a-f]{6}(?:-\d+)?")


def shard_of(media_id: str, num_shards: int) -> int:
    """The shard a media item lies in, now and for ever.

    >>> 0 <= shard_of("abc", 4) < 4
    True
    """
    return int.from_bytes(hashlib.sha256(media_id.encode()).digest()[:8], "big") % num_shards


def media_id_of(utterance_id: str) -> str:
    """The media item of an utterance, by the ids that stage 3 gives; "" for other ids.

    >>> media_id_of("yt-abcdefghijk-00001200-12ab9f")
    'yt-abcdefghijk'
    """
    found = _UTTERANCE_ID.fullmatch(utterance_id)
    return found[1] if found else ""


def safe_id(text: str) -> str:
    """`text` as part of an id or a file name: what could leave its folder becomes `_`.

    >>> safe_id("../x y")
    '___x_y'
    """
    return _UNSAFE_IN_ID.sub("_", text)[:100]


def recording(
    recording_id: str, source: str, sampling_rate: int, num_samples: int, kind: str = "file"
) -> dict[str, Any]:
    """A mono Lhotse recording."""
    return {
        "id": recording_id,
        "sources": [{"type": kind, "channels": [0], "source": source}],
        "sampling_rate": sampling_rate,
        "num_samples": num_samples,
        "duration": num_samples / sampling_rate,
        "channel_ids": [0],
    }


def media_cut(media_id: str, of_recording: dict[str, Any], custom: dict[str, Any]) -> Cut:
    """A cut of a whole media item."""
    return {
        "id": media_id,
        "start": 0.0,
        "duration": of_recording["duration"],
        "channel": 0,
        "supervisions": [],
        "recording": of_recording,
        "custom": {"media_id": media_id, "status": ACCEPTED, **custom},
        "type": "MonoCut",
    }


def utterance_cut(media: Cut, utterance_id: str, start_sec: float, end_sec: float, text: str,
                  custom: dict[str, Any]) -> Cut:  # fmt: skip
    """A cut of one utterance of `media`, with one supervision."""
    cut = {
        "id": utterance_id,
        "channel": 0,
        "supervisions": [
            {
                "id": utterance_id,
                "recording_id": media["recording"]["id"],
                "start": 0.0,
                "duration": 0.0,
                "channel": 0,
                "text": text,
                "language": "Korean",
            }
        ],
        "recording": media["recording"],
        "custom": {**media["custom"], **custom},
        "type": "MonoCut",
    }
    return with_times(cut, start_sec, end_sec)


def with_times(cut: Cut, start_sec: float, end_sec: float) -> Cut:
    """A copy that spans other times of its recording, its supervision with it."""
    duration = round(end_sec - start_sec, 4)
    supervision = {**cut["supervisions"][0], "start": 0.0, "duration": duration}
    custom = {
        **cut["custom"],
        "media_start_sec": round(start_sec, 4),
        "media_end_sec": round(end_sec, 4),
    }
    return {
        **cut,
        "start": round(start_sec, 4),
        "duration": duration,
        "supervisions": [supervision],
        "custom": custom,
    }


def with_custom(cut: Cut, **fields: Any) -> Cut:
    """A copy with more `custom` fields."""
    return {**cut, "custom": {**cut["custom"], **fields}}


def with_supervision(cut: Cut, **fields: Any) -> Cut:
    """A copy whose supervision has other fields."""
    return {**cut, "supervisions": [{**cut["supervisions"][0], **fields}]}


def rejected(cut: Cut, stage: str, reason: str) -> Cut:
    """A copy judged unfit, by which stage and why."""
    return with_custom(cut, status=REJECTED, reason=reason, rejected_by=stage)


def is_rejected(cut: Cut) -> bool:
    return bool(cut["custom"]["status"] == REJECTED)


def text_of(cut: Cut) -> str:
    return str(cut["supervisions"][0]["text"])


def speaker_of(cut: Cut) -> str:
    """Who speaks, where captions name or number speakers; else ""."""
    return str(cut["supervisions"][0].get("speaker") or "")


def to_lhotse(cut: Cut) -> MonoCut:
    """The cut as a Lhotse object."""
    from lhotse.serialization import deserialize_item

    return deserialize_item(copy.deepcopy(cut))  # it takes its argument apart


def shared_word_times(
    words: Sequence[str], start_sec: float, end_sec: float
) -> list[tuple[float, float]]:
    """Start and end of each word where nobody measured them: by number of characters.

    >>> shared_word_times(["네", "아니요"], 0.0, 4.0)
    [(0.0, 1.0), (1.0, 4.0)]
    """
    total = sum(map(len, words))
    bounds, done = [start_sec], 0
    for word in words:
        done += len(word)
        bounds.append(start_sec + (end_sec - start_sec) * done / total)
    return list(zip(bounds[:-1], bounds[1:], strict=True))
