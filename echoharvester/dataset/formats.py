"""The data set in the forms of other toolkits, beside the Shar."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from echoharvester.dataset.folders import swap
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import safe_id, speaker_of, text_of
from echoharvester.manifests.fingerprints import fingerprint
from echoharvester.manifests.shards import Cut, write_atomic

Cuts = Callable[[], Iterator[Cut]]  # begins a pass over the data set

# Of `custom`, what a row of metadata holds.
METADATA = (
    "media_id", "source_url", "title", "channel", "license", "caption_kind", "media_start_sec",
    "media_end_sec", "align_score", "snr_db", "speech_ratio", "hyp_text", "cer", "status",
)  # fmt: skip


def write_formats(cuts: Cuts, data_dir: Path, wanted: Sequence[str]) -> list[Path]:
    """Writes the wanted forms, each into a folder of its name, and removes the others.

    Raises:
        UserError: for a form that does not exist.
    """
    check_formats(wanted)
    written = []
    for name, write in FORMATS.items():
        folder = data_dir / name
        shutil.rmtree(folder.with_name(f".{name}.new"), ignore_errors=True)
        if name not in wanted:
            # What was exported before would keep media that have been taken down since.
            shutil.rmtree(folder, ignore_errors=True)
            continue
        beside = folder.with_name(f".{name}.new")
        beside.mkdir(parents=True)
        write(cuts(), beside)
        swap(beside, folder)
        written.append(folder)
    return written


def check_formats(wanted: Sequence[str]) -> None:
    """
    Raises:
        UserError: for a form that does not exist.
    """
    if unknown := set(wanted) - set(FORMATS):
        raise UserError(
            f"export.extra_formats: {', '.join(sorted(unknown))}: expected some of {', '.join(FORMATS)}"
        )


def _audiofolder(cuts: Iterator[Cut], folder: Path) -> None:
    """Hugging Face's audiofolder: a flac for each cut, `metadata.jsonl`, and a card that names both.

    Names of files are digests: `train`, `test`, `dev` or `val` in one would be taken for a split, and
    whatever has no such word would be left out without a word.
    """
    import soundfile

    with open(folder / "metadata.jsonl", "w", encoding="utf-8") as metadata:
        for cut in cuts:
            custom = cut["custom"]
            digest = fingerprint(cut["id"])
            name = f"data/{digest[:2]}/{digest}.flac"
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            start = round(cut["start"] * cut["recording"]["sampling_rate"])
            stop = start + round(cut["duration"] * cut["recording"]["sampling_rate"])
            source = cut["recording"]["sources"][0]["source"]
            samples, rate = soundfile.read(source, start=start, stop=stop, dtype="int16")
            soundfile.write(path, samples, rate)
            row = {
                "file_name": name,
                "id": cut["id"],
                "text": text_of(cut),
                "speaker": speaker_of(cut),
                "duration_sec": cut["duration"],
                "words": [
                    {"word": word, "start_sec": start, "end_sec": round(start + duration, 4)}
                    for word, start, duration, *_ in cut["supervisions"][0]
                    .get("alignment", {})
                    .get("word", ())
                ],
                **{key: custom.get(key) for key in METADATA},
            }
            metadata.write(json.dumps(row, ensure_ascii=False) + "\n")
        _sync(metadata)
    write_atomic(folder / "README.md", _AUDIOFOLDER_CARD)


_AUDIOFOLDER_CARD = """---
language: ko
task_categories: [automatic-speech-recognition]
configs:
- config_name: default
  data_files:
  - split: train
    path: [metadata.jsonl, "data/**"]
---

`load_dataset("audiofolder", data_dir="THIS FOLDER")` gives a row for each utterance: audio, text, times of its words,
and where it comes from.
"""


def _nemo(cuts: Iterator[Cut], folder: Path) -> None:
    """NeMo's manifest: a JSON object a line; the sound stays where it is, by offset."""
    with open(folder / "manifest.jsonl", "w", encoding="utf-8") as manifest:
        for cut in cuts:
            row = {
                "audio_filepath": _sound(cut), "offset": cut["start"], "duration": cut["duration"],
                "text": text_of(cut), "lang": "ko", "id": cut["id"], "media_id": cut["custom"]["media_id"],
                **({"speaker": speaker_of(cut)} if speaker_of(cut) else {}),
            }  # fmt: skip
            manifest.write(json.dumps(row, ensure_ascii=False) + "\n")
        _sync(manifest)


def _kaldi(cuts: Iterator[Cut], folder: Path) -> None:
    """A Kaldi data folder; where nobody says who speaks, a media item is a speaker.

    Lhotse can write one, too, but leaves paths unquoted in commands that a shell runs.
    """
    tables: dict[str, dict[str, str]] = {
        name: {} for name in ("wav.scp", "segments", "text", "utt2spk", "reco2dur", "utt2dur")
    }
    for cut in cuts:
        own = cut["recording"]
        speaker, record = safe_id(cut["custom"]["media_id"]), safe_id(own["id"])
        if named := speaker_of(cut):
            speaker = f"{speaker}-{fingerprint(named)[:6]}"
        # Kaldi wants a speaker's utterances together: its name begins theirs.
        key = cut["id"] if cut["id"].startswith(speaker) else f"{speaker}-{cut['id']}"
        tables["wav.scp"][record] = f"flac -c -d -s {shlex.quote(_sound(cut))} |"
        tables["reco2dur"][record] = f"{own['duration']:.3f}"
        start = cut["start"]
        tables["segments"][key] = f"{record} {start:.3f} {start + cut['duration']:.3f}"
        tables["text"][key] = " ".join(text_of(cut).split())
        tables["utt2spk"][key] = speaker
        tables["utt2dur"][key] = f"{cut['duration']:.3f}"
    speakers: dict[str, list[str]] = {}
    for key, speaker in sorted(tables["utt2spk"].items()):
        speakers.setdefault(speaker, []).append(key)
    tables["spk2utt"] = {speaker: " ".join(keys) for speaker, keys in speakers.items()}
    for name, table in tables.items():  # code points sort as LC_ALL=C does
        write_atomic(folder / name, "".join(f"{k} {v}\n" for k, v in sorted(table.items())))


FORMATS: dict[str, Callable[[Iterator[Cut], Path], None]] = {
    "audiofolder": _audiofolder,
    "nemo": _nemo,
    "kaldi": _kaldi,
}


def _sound(cut: Cut) -> str:
    return str(Path(cut["recording"]["sources"][0]["source"]).absolute())


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())
