"""Cuts of other Lhotse Shar folders, made ours: their sound on disk, their fields as ours are."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.dataset.shar import DatasetError, open_shar, shar_shards
from echoharvester.manifests.accounting import ACCEPTED, APPROVED
from echoharvester.manifests.cuts import recording, safe_id
from echoharvester.manifests.fingerprints import file_digest, fingerprint
from echoharvester.manifests.shards import Cut
from echoharvester.review.merge import exportable

logger = logging.getLogger(__name__)


def with_merged(
    own: Iterable[Cut],
    folders: Sequence[Path],
    audio_dir: Path,
    left_out: Counter[str],
    wanted: Callable[[Cut], bool] = lambda cut: True,
) -> Iterator[Cut]:
    """Our exportable cuts, then those of other folders; see `joined_cuts`.

    An id of ours is not taken from elsewhere: what was rejected or dropped here stays out.  Sound
    below `audio_dir` that nothing needs any more goes.

    Args:
        own: all our cuts, the rejected among them.
        wanted: whether a joined cut may be in the data set (nobody has had it taken down).
    """
    seen: set[str] = set()
    for cut in own:
        seen.add(cut["id"])
        if exportable(cut):
            yield cut
    needed: set[Path] = set()
    for folder in folders:
        for cut in joined_cuts(folder, audio_dir, left_out, wanted):
            if cut["id"] in seen:
                left_out["already_decided_here"] += 1
                continue
            seen.add(cut["id"])
            needed.add(Path(cut["recording"]["sources"][0]["source"]))
            yield cut
    for path in audio_dir.rglob("*.flac"):
        if path not in needed:
            path.unlink()


def joined_cuts(
    folder: Path,
    audio_dir: Path,
    left_out: Counter[str],
    wanted: Callable[[Cut], bool] = lambda cut: True,
) -> Iterator[Cut]:
    """The cuts of a Shar folder, their sound as 16 kHz mono flac below `audio_dir`.

    Stray files in the folder do no harm.  What cannot be used is counted in `left_out`.

    Raises:
        DatasetError: if there is no Shar, or one of its tars holds less than its cuts.
    """
    if not any(True for _ in shar_shards(folder)):
        raise DatasetError(
            f"export.merge_shar_dirs: {folder} holds no Lhotse Shar (cuts.000000.jsonl.gz ...)"
        )
    # Its content names the place: sound of a folder that was written anew is not that of before.
    place = fingerprint(
        str(folder.resolve()), [file_digest(cuts) for cuts, _ in shar_shards(folder)]
    )
    count = 0
    try:
        for cut in open_shar(folder):
            count += 1
            reason = _unusable(cut)
            if not reason and not wanted(_description(cut)):
                reason = "taken_down"
            if reason:
                left_out[reason] += 1
                logger.warning("%s: %s left out: %s", folder, cut.id, reason)
                continue
            yield _ours(cut, audio_dir / place, folder.name)
    except (OSError, ValueError, RuntimeError, AssertionError, EOFError, StopIteration) as error:
        raise DatasetError(f"{folder}: {error} (after {count} cuts)") from error
    expected = sum(_lines(cuts) for cuts, _ in shar_shards(folder))
    if count != expected:
        raise DatasetError(
            f"{folder}: sound for {count} of its {expected} cuts; get it whole, or take it out of export.merge_shar_dirs"
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


def _description(cut: Any) -> Cut:
    """What a cut says of itself, as ours do."""
    custom = json.loads(json.dumps(cut.custom or {}, default=str))
    custom["media_id"] = str(custom.get("media_id") or cut.recording_id)
    return {"id": cut.id, "custom": custom}


def _own_id(text: str) -> str:
    """An id that is a safe file name, and still only this one's."""
    safe = safe_id(text)
    if safe == text:
        return safe
    return f"{safe[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"


def _ours(cut: Any, folder: Path, name: str) -> Cut:
    import soundfile

    cut_id = _own_id(cut.id)
    path = folder / cut_id[:2] / f"{cut_id}.flac"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        samples = cut.resample(SAMPLING_RATE).load_audio().mean(axis=0)
        temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp.flac")
        soundfile.write(temporary, samples, SAMPLING_RATE, subtype="PCM_16")
        os.replace(temporary, path)
    info = soundfile.info(path)
    (supervision,) = cut.supervisions
    custom = _description(cut)["custom"]
    status = custom.get("status") if custom.get("status") in (ACCEPTED, APPROVED) else ACCEPTED
    custom |= {
        "status": status,
        "joined_from": name,
        "caption_kind": custom.get("caption_kind", "external"),
    }
    text = {
        **supervision.to_dict(),
        "id": cut_id,
        "recording_id": cut_id,
        "start": 0.0,
        "duration": info.duration,
        "channel": 0,
    }
    return {
        "id": cut_id, "start": 0.0, "duration": info.duration, "channel": 0,
        "supervisions": [text], "custom": custom, "type": "MonoCut",
        "recording": recording(cut_id, str(path), SAMPLING_RATE, info.frames),
    }  # fmt: skip
