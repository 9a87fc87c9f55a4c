"""Fetching the models that stages 4 and 6 name, before any shard needs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.models.device import has_gpu
from echoharvester.models.extras import require
from echoharvester.models.hub import addresses_in, fetch, fetch_repository


def fetch_models(part: str, settings: Mapping[str, Any]) -> Iterator[Path | str]:
    """Fetches what a part (align, asr, second_asr) names by an address; where each model lies.

    Of a part that is chosen by hardware both are fetched where both may be used: other machines may
    choose otherwise.

    Raises:
        UserError: if one cannot be had, saying what else there is.
    """
    if settings["kind"] == "auto":
        yield from fetch_models(part, settings["cpu"])
        if has_gpu() or find_spec("qwen_asr"):
            yield from fetch_models(part, settings["gpu"])
        return
    try:
        for address in addresses_in(dict(settings)):
            yield fetch(address)
        if settings["kind"] == "qwen3":
            yield fetch_repository(settings["repo"], settings["revision"])
        elif (
            settings["kind"] in ("faster_whisper", "whisper")
            and not Path(settings["repo"]).is_dir()
        ):
            yield require("faster_whisper", "whisper").download_model(settings["repo"])
    except (OSError, ValueError, ImportError) as error:
        raise UserError(
            f"{part}: {error}\nConnect this machine once, or name a model on disk: {part}=sherpa_onnx "
            f"{part}.model=/path/model.onnx"
        ) from error
