"""Which settings a stage's output depends on, and how they changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from echoharvester.errors import UserError
from echoharvester.manifests.fingerprints import file_digest, fingerprint
from echoharvester.manifests.shards import read_info, write_atomic
from echoharvester.models.hub import is_address
from echoharvester.pipeline.stage import Stage

MISSING = "???"  # how OmegaConf writes a setting that has to be given
# Settings that say how fast, not what: changing them makes nothing stale.
_RESOURCES = frozenset({"num_threads", "num_workers", "log_every_steps"})
_RESOURCES_OF_MODELS = frozenset({"device", "batch_sec"})  # of align, asr and second_asr
_FOLDERS_OF_CUTS = frozenset({"aligned", "fixed"})  # of witness and split: their content counts
_MODEL_GROUPS = ("align", "asr", "second_asr")


def select(settings: Mapping[str, Any], key: str) -> Any:
    """The value of `a.b.c`; None where there is none.

    >>> select({"a": {"b": 1}}, "a.b"), select({"a": None}, "a.b")
    (1, None)
    """
    value: Any = settings
    for name in key.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    return None if value == MISSING else value


def counted_settings(
    stage: Stage, settings: Mapping[str, Any], former_names: Mapping[str, str]
) -> dict[str, Any]:
    """The settings that a stage's output depends on, by group, under the names of its first version.

    Args:
        former_names: of settings that were renamed: with the former name the fingerprint stays.
    """
    counted = {key: _counted(select(settings, key), key) for key in stage.settings}
    for key in stage.models:
        _drop(counted, key)
    for key in stage.files:
        value = select(counted, key)
        if isinstance(value, str) and Path(value).is_file():
            group, _, leaf = key.rpartition(".")
            select(counted, group)[leaf] = _digest(Path(value))
    for key, neutral in stage.introduced.items():
        if select(counted, key) == neutral:
            _drop(counted, key)
    for key, former in former_names.items():
        group, _, leaf = key.rpartition(".")
        owner = select(counted, group) if group else counted
        if isinstance(owner, dict) and leaf in owner:
            owner[former.rpartition(".")[2]] = owner.pop(leaf)
    return counted


def _counted(value: Any, key: str) -> Any:
    if not isinstance(value, Mapping):
        return value
    names = _RESOURCES | (_RESOURCES_OF_MODELS if key in _MODEL_GROUPS else frozenset())
    return _without(value, names)


def _without(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {k: _without(v, names) for k, v in value.items() if k not in names}


def _drop(counted: dict[str, Any], key: str) -> None:
    group, _, leaf = key.rpartition(".")
    owner = select(counted, group) if group else counted
    if isinstance(owner, dict):
        owner.pop(leaf, None)


def model_digests(stage: Stage, settings: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the model files that a stage uses; addresses stand for themselves.

    Raises:
        UserError: naming the setting whose file is not there.
    """
    digests = {}
    for key in stage.models:
        path = select(settings, key)
        if not path:
            continue
        group, _, leaf = key.rpartition(".")
        if is_address(str(path)):
            digests[key] = str(path)
        elif leaf in _FOLDERS_OF_CUTS:
            infos = map(read_info, sorted(Path(path).glob("*.jsonl.gz")))
            digests[key] = fingerprint([info.identity if info else "damaged" for info in infos])
        elif leaf == "repo":
            digests[key] = _folder_digest(Path(path)) if Path(path).is_dir() else str(path)
        elif leaf == "model" and Path(path).is_dir():
            digests[key] = _folder_digest(Path(path))
        else:
            digests[key] = _digest(_existing(Path(path), key))
            if (
                leaf == "model"
                and path_suffix(path) == ".onnx"
                and not select(settings, f"{group}.tokens")
            ):
                tokens = Path(path).with_name("tokens.txt")
                digests[f"{key} tokens"] = _digest(_existing(tokens, key))
    return digests


def path_suffix(path: Any) -> str:
    return Path(str(path)).suffix


def _digest(path: Path) -> str:
    stat = path.stat()
    return _digest_of_state(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=64)
def _digest_of_state(path: Path, size: int, mtime_ns: int) -> str:
    return file_digest(path)


def _folder_digest(folder: Path) -> str:
    """Of a model that is a folder: gigabytes, so names, sizes and times stand for the content."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return fingerprint([(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files])


def _existing(path: Path, key: str) -> Path:
    if not path.is_file():
        raise UserError(f"{key}={path}: no such file; set {key}, or run stage 0 to fetch it")
    return path


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Settings with their whole names.

    >>> dict(flat({"filter": {"min_sec": 0.5}, "seed": 42}))
    {'filter.min_sec': 0.5, 'seed': 42}
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two sets of flat settings, for people.

    >>> changes({"filter.min_snr_db": 10, "seed": 42}, {"filter.min_snr_db": 12, "seed": 42})
    ['filter.min_snr_db 10 → 12']
    """
    lines = []
    for key in sorted(before.keys() | now.keys()):
        old, new = (values.get(key, "not set") for values in (before, now))
        if old != new:
            lines.append(f"{key} {_shown(old)} → {_shown(new)}")
    return lines


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def remember(folder: Path, name: str, digest: str, values: Mapping[str, Any]) -> None:
    """Keeps the settings that a fingerprint stands for, so that a later run can say what changed.

    Decides nothing: without the file a change is noticed all the same, and not named.
    """
    path = _memory(folder, name, digest)
    if path.exists():
        return
    with suppress(OSError):  # a data folder that others share may be read-only
        write_atomic(path, json.dumps(values, ensure_ascii=False, indent=1, sort_keys=True) + "\n")


def remembered(folder: Path, name: str, digest: str) -> dict[str, Any] | None:
    """The settings that a fingerprint stands for; None where nobody has kept them."""
    try:
        found = json.loads(_memory(folder, name, digest).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _memory(folder: Path, name: str, digest: str) -> Path:
    return folder / "settings" / f"{name}.{digest}.json"
