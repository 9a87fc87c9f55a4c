"""Cuts of other Lhotse Shar folders, made ours: their sound on disk, their fields as ours are."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.dataset.shar import DatasetError, open_shar, shar_shards
from echoharvester.manifests.accounting import ACCEPTED, APPROVED
from echoharvester.manifests.cuts import recording, safe_id
from echoharvester.manifests.shards import Cut

logger = logging.getLogger(__name__)


def with_joined(
    own: Iterable[Cut], folders: Sequence[Path], audio_dir: Path, left_out: Counter[str]
) -> Iterator[Cut]:
    """Our cuts, then those of other folders whose ids are new; see `joined_cuts`."""
    seen: set[str] = set()
    for cut in own:
        seen.add(cut["id"])
        yield cut
    for folder in folders:
        for cut in joined_cuts(folder, audio_dir, left_out):
            if cut["id"] in seen:
                left_out["already_there"] += 1
                continue
            seen.add(cut["id"])
            yield cut


def joined_cuts(folder: Path, audio_dir: Path, left_out: Counter[str]) -> Iterator[Cut]:
    """The cuts of a Shar folder, their sound as 16 kHz mono flac below `audio_dir`.

    Stray files in the folder do no harm.  What cannot be used is counted in `left_out`.

    Raises:
        DatasetError: if there is no Shar, or one of its tars holds less than its cuts.
    """
    if not any(True for _ in shar_shards(folder)):
        raise DatasetError(f"export.join: {folder} holds no Lhotse Shar (cuts.000000.jsonl.gz ...)")
    place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]
    count = 0
    try:
        for cut in open_shar(folder):
            count += 1
            if reason := _unusable(cut):
                left_out[reason] += 1
                logger.warning("%s: %s left out: %s", folder, cut.id, reason)
                continue
            yield _ours(cut, audio_dir / place, folder.name)
    except (OSError, ValueError, RuntimeError, AssertionError, EOFError, StopIteration) as error:
        raise DatasetError(f"{folder}: {error} (after {count} cuts)") from error
    expected = sum(_lines(cuts) for cuts, _ in shar_shards(folder))
    if count != expected:
        raise DatasetError(
            f"{folder}: sound for {count} of its {expected} cuts; get it whole, or take it out of export.join"
        )


def _lines(path: Path) -> int:
    import gzip

    with gzip.open(path, "rt", encoding="utf-8") as file:
        return sum(1 for line in file if line.strip())


def _unusable(cut: Any) -> str:
    if type(cut).__name__ not in ("MonoCut", "MultiCut") or not cut.has_recording:
        return "no_single_recording"
    if len(cut.supervisions) != 1 or not (cut.supervisions[0].text or "").strip():
        return "not_one_text"
    return ""


def _ours(cut: Any, folder: Path, name: str) -> Cut:
    import soundfile

    cut_id = safe_id(cut.id)
    path = folder / cut_id[:2] / f"{cut_id}.flac"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = cut.resample(SAMPLING_RATE).load_audio().mean(axis=0)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp.flac")
        soundfile.write(temporary, samples, SAMPLING_RATE, subtype="PCM_16")
        os.replace(temporary, path)
    info = soundfile.info(path)
    (supervision,) = cut.supervisions
    custom = json.loads(json.dumps(cut.custom or {}, default=str))
    media_id = str(custom.get("media_id") or cut.recording_id)
    status = custom.get("status") if custom.get("status") in (ACCEPTED, APPROVED) else ACCEPTED
    custom |= {
        "media_id": media_id, "status": status, "joined_from": name,
        "caption_kind": custom.get("caption_kind", "external"),
    }  # fmt: skip
    text = {
        **supervision.to_dict(), "id": cut_id, "recording_id": cut_id, "start": 0.0,
        "duration": info.duration, "channel": 0,
    }  # fmt: skip
    return {
        "id": cut_id, "start": 0.0, "duration": info.duration, "channel": 0,
        "supervisions": [text], "custom": custom, "type": "MonoCut",
        "recording": recording(cut_id, str(path), SAMPLING_RATE, info.frames),
    }  # fmt: skip
