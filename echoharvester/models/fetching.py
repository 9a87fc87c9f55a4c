"""Fetching the models that stages 4 and 6 name, before any shard needs them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.shards import write_atomic
from echoharvester.models.device import has_gpu
from echoharvester.models.extras import require
from echoharvester.models.hub import addresses_in, fetch, fetch_repository, file_sha256

_EXTRAS = {
    "qwen3": ("qwen_asr", "qwen"),
    "whisper": ("faster_whisper", "whisper"),
    "faster_whisper": ("faster_whisper", "whisper"),
}  # what runs a kind: a package, and the extra that brings it
RECORD = "models.json"  # in the data folder: which file each address was
_ON_DISK = {
    "align": """Three ways to an aligner for real voices:
  - connect this machine once, and run stage 0 again: it fetches and checks the model;
  - a Whisper in CTranslate2's form on disk, which hears for stage 6, too:
    align=whisper align.repo=/path/whisper asr=faster_whisper asr.repo=/path/whisper
  - a CTC model on disk: align=ctc align.model=/path (an ONNX file with tokens.txt beside it, a folder of
    transformers, or a checkpoint of stage 11)""",
    "asr": """Connect this machine once, and run stage 0 again; or name a model on disk:
asr=faster_whisper asr.repo=/path/whisper, or asr=sherpa_onnx asr.model=/path/model.onnx""",
}
_ON_DISK["second_asr"] = (
    _ON_DISK["asr"].replace("asr=", "asr@second_asr=").replace(" asr.", " second_asr.")
)


_ON_DISK[
    "speakers"
] = """Connect this machine once, and run stage 0 again; or name both models on disk:
speakers=sherpa_onnx speakers.segmentation=/path/model.onnx speakers.embedding=/path/model.onnx"""


def fetch_models(
    part: str, settings: Mapping[str, Any], record: Path | None = None
) -> Iterator[Path | str]:
    """Fetches what a part (align, asr, second_asr, speakers) names by an address; where each model lies.

    Of a part that is chosen by hardware both are fetched where both may be used: other machines may
    choose otherwise.

    Args:
        record: file in which the digest of each file is written down, and looked at again.

    Raises:
        UserError: if one cannot be had, saying what else there is; if what runs it is not installed.
    """
    if settings["kind"] == "auto":
        yield from fetch_models(part, settings["cpu"], record)
        if has_gpu() or find_spec("qwen_asr"):
            yield from fetch_models(part, settings["gpu"], record)
        return
    kind, model = settings["kind"], settings.get("model")
    if extra := _EXTRAS.get(kind):
        require(*extra)
    elif kind == "ctc" and model and Path(str(model)).is_dir():
        require("transformers", "transformers")
    try:
        for address in addresses_in(dict(settings)):
            path = fetch(address)
            if record and path.is_file():
                _check_recorded(record, address, path)
            yield path
        if settings["kind"] == "qwen3":
            yield fetch_repository(settings["repo"], settings["revision"])
        elif (
            settings["kind"] in ("faster_whisper", "whisper")
            and not Path(settings["repo"]).is_dir()
        ):
            yield require("faster_whisper", "whisper").download_model(settings["repo"])
    except (OSError, ValueError, ImportError) as error:
        raise UserError(f"{part}: {_first_line(error)}\n{_ON_DISK[part]}") from error


def _check_recorded(record: Path, address: str, path: Path) -> None:
    """Writes down which file an address is, and refuses another one later."""
    known = json.loads(record.read_text(encoding="utf-8")) if record.is_file() else {}
    found = file_sha256(path)
    if known.get(address, found) != found:
        raise UserError(
            f"{address}: its SHA-256 is {found}, but this data folder was begun with {known[address]} "
            f"({record}); write @{known[address]} behind the address, or delete that line"
        )
    write_atomic(record, json.dumps({**known, address: found}, indent=1) + "\n")


def _first_line(error: BaseException) -> str:
    """Libraries explain at length what a newcomer to them should try."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
