"""Stages that are one piece of work: what each depends on, and whether its output still holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from echoharvester.manifests.accounting import Counts, total
from echoharvester.manifests.fingerprints import file_digest
from echoharvester.manifests.shards import ShardInfo, find_shards, read_info

from common import (
    STEPS,
    UserError,
    duplicates_path,
    manifests_dir,
    read_record,
    shards_identity,
    side_input,
    step_fingerprint,
)


def truth_path(cfg: DictConfig) -> Path:
    """The truth about the synthetic library; no stage reads it."""
    return Path(cfg.data_dir) / "truth" / "cuts_truth.0.jsonl.gz"


def review_rows_path(cfg: DictConfig) -> Path:
    return manifests_dir(cfg) / "review_rows.0.jsonl.gz"


# What stage 9 leaves beside the Shar and its manifest.
BESIDE_SHAR = ("stats.json", "data_card.json", "data_card.md", "checksums.sha256")


def dataset_manifest_path(cfg: DictConfig) -> Path:
    """All exported cuts, a line each, beside the Shar."""
    return Path(cfg.data_dir) / "manifest.jsonl.gz"


def split_path(cfg: DictConfig, name: str) -> Path:
    return manifests_dir(cfg) / f"cuts_{name}.jsonl.gz"


def lang_dir(cfg: DictConfig) -> Path:
    return Path(cfg.data_dir) / f"lang_{cfg.tokenizer.kind}"


def lang_record_path(cfg: DictConfig) -> Path:
    return lang_dir(cfg) / "lang.json"


def train_record_path(cfg: DictConfig) -> Path:
    return Path(cfg.train_dir) / "train.json"


def decode_record_path(cfg: DictConfig) -> Path:
    """Sets of one's own have a record of their own, beside that of dev and test."""
    own = [name.partition("=")[0].replace("/", "_") for name in cfg.decode.sets if "=" in name]
    name = "-".join(["decode", *own]) + ".json"
    return Path(cfg.train_dir) / str(cfg.decode.method) / name


def decode_records(cfg: DictConfig) -> list[Path]:
    """The records of all methods that have decoded with this model, the configured one last."""
    own = decode_record_path(cfg)
    others = sorted(p for p in Path(cfg.train_dir).glob("*/decode*.json") if p != own)
    return [*others, own]


def export_record_path(cfg: DictConfig) -> Path:
    return Path(cfg.train_dir) / "export" / "export.json"


def report_path(cfg: DictConfig) -> Path:
    return Path(cfg.exp_dir) / "report.html"


def accounting(cfg: DictConfig) -> dict[str, Counts]:
    """What became of the items of every stage that has shards."""
    result = {}
    for name, spec in STEPS.items():
        if spec.target:
            infos = [read_info(path) for path in find_shards(manifests_dir(cfg), spec.target)]
            result[name] = total(Counts.from_dict(info.counts) for info in infos if info)
    return result


def single_fingerprint(cfg: DictConfig, name: str) -> str:
    """Digest of the settings and inputs of a single-piece stage."""
    return step_fingerprint(cfg, name, *_INPUTS[name](cfg))


def _identity(path: Path) -> str:
    info = read_info(path)
    if info is None:
        raise UserError(f"{path} is missing or damaged; run the stage that makes it")
    return info.identity


def _recorded(path: Path) -> str:
    """The fingerprint that a record claims; "" where there is none."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError):
        return ""


def _sets(cfg: DictConfig) -> list[str]:
    if cfg.train.data == "synthetic":
        return []
    return [_set_identity(cfg, name) for name in cfg.decode.sets]


def _set_identity(cfg: DictConfig, name: str) -> Any:
    label, _, path = name.partition("=")
    if not path:
        return _identity(split_path(cfg, name))
    files = sorted(Path(path).glob("*")) if Path(path).is_dir() else [Path(path)]
    return [label, path, [(f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files]]


def _lang_used(cfg: DictConfig) -> str:
    """The lang folder, for methods that read it."""
    return "" if cfg.decode.method == "ctc_greedy" else _recorded(lang_record_path(cfg))


def _lang_inputs(cfg: DictConfig) -> list[Any]:
    return [_identity(split_path(cfg, "train")), [file_digest(Path(p)) for p in cfg.lm.text]]


def _report_inputs(cfg: DictConfig) -> list[Any]:
    records = (train_record_path(cfg), *decode_records(cfg), export_record_path(cfg))
    return [
        shards_identity(cfg, "cuts_reviewed"),
        _identity(dataset_manifest_path(cfg)),
        _review_state(cfg),
        *map(_recorded, records),
    ]


def _train_inputs(cfg: DictConfig) -> list[Any]:
    if cfg.train.data == "synthetic":
        return []
    return [_identity(split_path(cfg, "train")), _identity(split_path(cfg, "dev"))]


def _export_inputs(cfg: DictConfig) -> list[Any]:
    """The cuts, what the card says of their review, what is joined in, and what may not be."""
    takedown = Path(cfg.data_dir) / "takedown.tsv"
    return [
        shards_identity(cfg, "cuts_reviewed"),
        _review_state(cfg),
        _joined(cfg),
        file_digest(takedown) if takedown.exists() and cfg.export.join else "",
    ]


def _review_state(cfg: DictConfig) -> list[str]:
    """Review files, and the sample that was drawn for them."""
    info = read_info(review_rows_path(cfg))
    return [side_input(cfg, "merge"), info.identity if info else ""]


def _joined(cfg: DictConfig) -> list[Any]:
    """The folders that stage 9 joins in, as far as their files tell without being read."""
    return [
        [
            str(folder),
            sorted(
                (p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in Path(folder).glob("*")
            ),
        ]
        for folder in cfg.export.join
    ]


_INPUTS: dict[str, Callable[[DictConfig], list[Any]]] = {
    "prepare": lambda cfg: [],
    "collect": lambda cfg: [],
    "duplicates": lambda cfg: shards_identity(cfg, "cuts_measured"),
    "review": lambda cfg: shards_identity(cfg, "cuts_validated"),
    "export": _export_inputs,
    "split": lambda cfg: [_identity(dataset_manifest_path(cfg))],
    "prepare_lang": _lang_inputs,
    "train": _train_inputs,
    "decode": lambda cfg: [_recorded(train_record_path(cfg)), _lang_used(cfg), *_sets(cfg)],
    "export_model": lambda cfg: [  # the model card has error rates
        _recorded(train_record_path(cfg)),
        *map(_recorded, decode_records(cfg)),
    ],
    "report": _report_inputs,
}


def fresh_summary(cfg: DictConfig, name: str) -> str | None:
    """One line about a stage's output if it still holds, else None: it must run."""
    return _FRESH[name](cfg, single_fingerprint(cfg, name)) if name in _FRESH else None


def why_unmade(cfg: DictConfig, name: str) -> str:
    """Why a stage that is one piece of work has to run, as far as what it left tells."""
    if name not in OUTPUT or (name == "prepare" and cfg.source.kind != "synthetic"):
        return "it does every time"
    path = OUTPUT[name](cfg)
    if not path.exists():
        return f"{path} is missing"
    if name == "report":
        return "its settings, or what it reads, changed"
    if path.name.endswith(".gz"):
        info = read_info(path)
        if info is None:
            return f"{path} is damaged"
        made_from = info.fingerprint
    else:
        made_from = _recorded(path)
    if made_from == single_fingerprint(cfg, name):
        return f"files that belong to {path} are missing or changed"
    return "its settings, or what it reads, changed"


def _fresh_info(path: Path, expected: str) -> ShardInfo | None:
    info = read_info(path)
    return info if info and info.fingerprint == expected else None


def _prepare(cfg: DictConfig, expected: str) -> str | None:
    if cfg.source.kind != "synthetic":
        return None
    info = _fresh_info(truth_path(cfg), expected)
    folder = Path(cfg.data_dir) / "library"
    whole = info and all((folder / name).is_file() for name in info.counts["files"])
    return f"library in {folder}" if whole else None


def _duplicates(cfg: DictConfig, expected: str) -> str | None:
    info = _fresh_info(duplicates_path(cfg), expected)
    if not info:
        return None
    return f"{info.counts['cuts']} utterances of {info.counts['media']} media are in others, too"


def _review(cfg: DictConfig, expected: str) -> str | None:
    info, folder = _fresh_info(review_rows_path(cfg), expected), Path(cfg.data_dir) / "review"
    if not info:
        return None
    pages = [
        Path(name).with_suffix(".html").name for name in info.counts["files"] if cfg.review.page
    ]
    if not all((folder / name).is_file() for name in (*info.counts["files"], *pages)):
        return None
    if info.counts["cuts"] and not any((folder / "clips").glob("*")):
        return None
    return f"{info.counts['cuts']} rows in {folder}"


def _export(cfg: DictConfig, expected: str) -> str | None:
    info = _fresh_info(dataset_manifest_path(cfg), expected)
    if not info:
        return None
    shar = Path(cfg.data_dir) / "shar"
    sizes = {path.name: path.stat().st_size for path in shar.glob("*")}
    beside = (*BESIDE_SHAR, *info.counts["also"])
    if fingerprint_of_sizes(sizes) != info.counts["shar"] or not all(
        (Path(cfg.data_dir) / name).exists() for name in beside
    ):
        return None
    return f"{info.counts['cuts']} cuts, {info.counts['hours']:.2f} h in {shar}"


def fingerprint_of_sizes(sizes: dict[str, int]) -> str:
    from echoharvester.manifests.fingerprints import fingerprint

    return fingerprint(sizes)


def _split(cfg: DictConfig, expected: str) -> str | None:
    infos = {
        name: _fresh_info(split_path(cfg, name), expected) for name in ("dev", "test", "train")
    }
    if not all(infos.values()):
        return None
    return ", ".join(f"{name} {info.counts['cuts']} cuts" for name, info in infos.items() if info)


def _record(path_of: Callable[[DictConfig], Path]) -> Callable[[DictConfig, str], str | None]:
    def fresh(cfg: DictConfig, expected: str) -> str | None:
        record = read_record(path_of(cfg), expected)
        return str(record["summary"]) if record else None

    return fresh


def _report(cfg: DictConfig, expected: str) -> str | None:
    try:
        with open(report_path(cfg), encoding="utf-8") as file:
            return str(report_path(cfg)) if expected in file.read(2000) else None
    except OSError:
        return None


_FRESH: dict[str, Callable[[DictConfig, str], str | None]] = {
    "prepare": _prepare,
    "duplicates": _duplicates,
    "review": _review,
    "export": _export,
    "split": _split,
    "prepare_lang": _record(lang_record_path),
    "train": _record(train_record_path),
    "decode": _record(decode_record_path),
    "export_model": _record(export_record_path),
    "report": _report,
}

OUTPUT: dict[str, Callable[[DictConfig], Path]] = {
    "prepare": truth_path,
    "duplicates": duplicates_path,
    "review": review_rows_path,
    "export": dataset_manifest_path,
    "split": lambda cfg: split_path(cfg, "train"),
    "prepare_lang": lang_record_path,
    "train": train_record_path,
    "decode": decode_record_path,
    "export_model": export_record_path,
    "report": report_path,
}
