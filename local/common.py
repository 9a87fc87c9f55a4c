"""What every stage script shares: Hydra's entry, logging, and the table of steps."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from omegaconf import DictConfig, OmegaConf

from echoharvester.dataset.filter import FilterConfig
from echoharvester.manifests.fingerprints import file_digest, fingerprint
from echoharvester.manifests.runner import Step
from echoharvester.manifests.shards import find_shards, read_cuts, read_info, write_atomic
from echoharvester.models.hub import is_address
from echoharvester.review.edits import Rules
from echoharvester.review.edits import identity as review_identity
from echoharvester.review.edits import review_files as find_review_files

from launchers import ALONE, BEGUN, DIED, PROGRESS
from settings import UserError, check_types

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("ECHO_RECIPE_DIR", str(ROOT / "egs" / "mini_ko"))

# Settings that say how fast, not what: changing them makes nothing stale.
NAMED_ERRORS = 10  # printed; all are in the manifests
_RESOURCES = {"num_threads", "chunk_sec", "num_workers", "log_every_steps"}
_RESOURCES_OF_MODELS = {"device", "batch_sec"}  # of align, asr and second_asr


@dataclass(frozen=True)
class StepSpec:
    """One stage as data.

    Attributes:
        settings: parts of the configuration that its output depends on.
        models: settings that name model files; their content counts.
        source, target: manifests, where the step works shard by shard.
        version: raised whenever the code changes what comes out.
    """

    stage: int
    settings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    source: str = ""
    target: str = ""
    item: str = "cut"
    version: int = 1

    @property
    def sharded(self) -> bool:
        return bool(self.source)


SWEPT = "ECHO_SWEPT"  # environment variable: the settings that a multirun varies

_RECOGNISERS = ("asr", "asr.cpu", "asr.gpu", "second_asr", "second_asr.cpu", "second_asr.gpu")
_RECOGNISER_FILES = ("model", "tokens", "decoder", "joiner", "repo")
STEPS: dict[str, StepSpec] = {
    "prepare": StepSpec(0, ("source", "prepare")),
    "collect": StepSpec(1, ("source", "collect"), target="cuts_media"),
    "download": StepSpec(2, ("download",), (), "cuts_media", "cuts_downloaded", version=2),
    "segment": StepSpec(
        3, ("segment",), ("segment.lexicon",), "cuts_downloaded", "cuts_segmented", "media", 3
    ),
    "align": StepSpec(
        4,
        ("align",),
        ("align.model", "align.calibration", "align.repo"),
        "cuts_segmented",
        "cuts_aligned",
        version=5,
    ),
    "measure": StepSpec(5, ("measure",), (), "cuts_aligned", "cuts_measured"),
    "duplicates": StepSpec(5, ("duplicates", "filter"), version=2),
    "filter": StepSpec(5, ("filter",), (), "cuts_measured", "cuts_filtered", version=3),
    "validate": StepSpec(
        6,
        ("validate", "asr", "second_asr"),
        (
            *(f"{asr}.{file}" for asr in _RECOGNISERS for file in _RECOGNISER_FILES),
            "validate.acceptance",
        ),
        "cuts_filtered",
        "cuts_validated",
        version=4,
    ),
    "review": StepSpec(7, ("review", "validate", "seed"), version=2),
    "merge": StepSpec(
        8,
        ("segment.min_chars", "segment.min_hangul_share"),
        ("segment.lexicon",),
        "cuts_validated",
        "cuts_reviewed",
        version=3,
    ),
    "export": StepSpec(9, ("export",), version=2),
    "split": StepSpec(10, ("split", "seed"), version=3),
    "prepare_lang": StepSpec(10, ("tokenizer", "lm"), ("segment.lexicon",)),
    "train": StepSpec(11, ("train", "model", "tokenizer", "seed"), ("train.init",)),
    "decode": StepSpec(12, ("decode",), version=2),
    "export_model": StepSpec(13, ("export_model",)),
    "report": StepSpec(14, version=2),
}


def step_fingerprint(cfg: DictConfig, name: str, *inputs: Any) -> str:
    """Digest of what a step's output depends on."""
    spec = STEPS[name]
    settings = {key: _plain(OmegaConf.select(cfg, key), key) for key in spec.settings}
    digests = {}
    for key in spec.models:
        path = OmegaConf.select(cfg, key, default=None)
        group, _, leaf = key.rpartition(".")
        if path and is_address(str(path)):
            digests[key] = str(path)
        elif path and leaf == "repo":
            digests[key] = _folder_digest(Path(path)) if Path(path).is_dir() else str(path)
        elif path:
            digests[key] = file_digest(_existing(Path(path), key))
            beside = leaf == "model" and not OmegaConf.select(cfg, f"{group}.tokens", default=None)
            if beside and Path(path).suffix == ".onnx":
                tokens = Path(path).with_name("tokens.txt")
                digests[f"{key} tokens"] = file_digest(_existing(tokens, key))
        top, *inner = group.split(".")
        owner = settings.get(top)
        for part in inner:
            owner = owner.get(part) if isinstance(owner, dict) else None
        if isinstance(owner, dict):
            owner.pop(leaf, None)
    return fingerprint(name, spec.version, settings, digests, *inputs)


def plain(group: DictConfig) -> dict[str, Any]:
    """A part of the configuration as plain values."""
    return dict(OmegaConf.to_container(group, resolve=True))  # type: ignore[arg-type]


def _plain(value: Any, key: str) -> Any:
    """A setting as plain values, without what only says how fast."""
    if not OmegaConf.is_config(value):
        return value
    of_model = key in ("align", "asr", "second_asr")
    fast = _RESOURCES | (_RESOURCES_OF_MODELS if of_model else set())
    return _without(OmegaConf.to_container(value, resolve=True), fast)


def _without(value: Any, names: set[str]) -> Any:
    if not isinstance(value, dict):
        return value
    return {k: _without(v, names) for k, v in value.items() if k not in names}


def _folder_digest(folder: Path) -> str:
    """Of a model that is a folder: gigabytes, so names, sizes and times stand for the content."""
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return fingerprint([(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files])


def _existing(path: Path, key: str) -> Path:
    if not path.is_file():
        raise UserError(f"{key}={path}: no such file; set {key}, or run stage 0 to fetch it")
    return path


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration with these overrides.

    Raises:
        UserError: naming what is wrong with an override and how to write it.
    """
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException

    try:
        with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
            cfg = compose("config", overrides=list(overrides))
    except HydraException as error:
        raise UserError(
            f"configuration: {error}\n(values with spaces, commas, brackets or Hangul need quotes inside "
            "quotes: 'data_dir=\"/data/my talks\"', 'source.paths=[\"/a, b\"]')"
        ) from error
    check_types(cfg)
    return cfg


def manifests_dir(cfg: DictConfig) -> Path:
    return Path(cfg.data_dir) / "manifests"


def sharded_step(cfg: DictConfig, name: str) -> Step:
    """The step as the runner takes it."""
    spec = STEPS[name]
    return Step(
        name, step_fingerprint(cfg, name), spec.source, spec.target, manifests_dir(cfg), spec.item
    )


def shards_identity(cfg: DictConfig, name: str) -> list[str]:
    """Identities of all shards of a manifest: what a step that reads them all depends on."""
    infos = [read_info(path) for path in find_shards(manifests_dir(cfg), name)]
    if not infos or None in infos:
        raise UserError(f"{manifests_dir(cfg)}: {name} is incomplete; run the stage that makes it")
    return [info.identity for info in infos if info]


def review_files(cfg: DictConfig) -> list[Path]:
    """The files that stage 8 merges."""
    return find_review_files(Path(cfg.data_dir) / "review")


def review_rules(cfg: DictConfig) -> Rules:
    """What a corrected text must be: what stage 3 asks of a caption."""
    segment = cfg.segment
    lexicon = Path(segment.lexicon) if segment.lexicon else None
    return Rules(segment.min_chars, segment.min_hangul_share, lexicon)


def side_input(cfg: DictConfig, name: str) -> str:
    """Identity of what a sharded step reads besides its shard."""
    if name == "filter":
        info = read_info(duplicates_path(cfg))
        if info is None:
            raise UserError(
                f"{duplicates_path(cfg)} is missing or damaged; run stage 5 from its start"
            )
        return info.identity
    return review_identity(Path(cfg.data_dir) / "review") if name == "merge" else ""


def duplicates_path(cfg: DictConfig) -> Path:
    """Utterances that lie in two media, a line each."""
    return manifests_dir(cfg) / "duplicates.0.jsonl.gz"


def filter_config(cfg: DictConfig) -> FilterConfig:
    return FilterConfig(**cfg.filter)


def read_record(path: Path, expected: str) -> dict[str, Any] | None:
    """The record that a step left beside its output; None unless fresh and its files are there.

    Records are results in their own right (scores, sizes, names); `fingerprint` and `files`
    (name to size) tell whether they still hold.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        whole = all((path.parent / f).stat().st_size == n for f, n in record["files"].items())
    except (OSError, ValueError, KeyError):
        return None
    return record if whole and record["fingerprint"] == expected else None


def write_record(path: Path, fingerprint: str, files: list[Path], **results: Any) -> None:
    """Writes the record of a step, its last act."""
    sizes = {str(f.relative_to(path.parent)): f.stat().st_size for f in files}
    record = {"fingerprint": fingerprint, "files": sizes, **results}
    write_atomic(path, json.dumps(record, ensure_ascii=False, indent=1) + "\n")


def torch_threads(count: int) -> None:
    """Sets torch's threads; 0: as many as there are cores."""
    import torch

    torch.set_num_threads(count or os.cpu_count() or 1)


# What the library raises for people to act on; anything else is a fault of the program.
_SPEAKING_ERRORS = (
    UserError, ValueError, OSError, RuntimeError, FloatingPointError, MemoryError, ImportError,
)  # fmt: skip


def stage_main(work: Callable[[DictConfig], Any]) -> None:
    """Runs a stage script: Hydra, a log file, and errors that speak to people."""
    import hydra

    name = Path(sys.argv[0]).stem

    @hydra.main(version_base="1.3", config_path=str(ROOT / "conf"), config_name="config")
    def run(cfg: DictConfig) -> Any:
        swept = sweep_folder(cfg)
        if swept:
            cfg.train_dir = str(swept)
        log_to_file(cfg, name)
        try:
            return work(cfg)
        except _SPEAKING_ERRORS as error:
            logging.getLogger(name).exception("failed")
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            status = getattr(error, "exit_status", 1)
            if swept and status == 1:
                raise  # Hydra goes on with the other jobs of the sweep
            sys.exit(status)
        except Exception as error:
            logging.getLogger(name).exception("unexpected")
            print(
                f"{name}: unexpected {type(error).__name__}: {error}. This is a fault of the program; "
                f"please report it with {log_path(cfg, name, cfg.shard)}",
                file=sys.stderr,
                flush=True,
            )
            if swept:
                raise
            sys.exit(1)

    run()


def sweep_folder(cfg: DictConfig) -> Path | None:
    """Where a job of a multirun works: a folder named by what differs, below `sweep`."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    hydra = HydraConfig.get()
    if hydra.mode != RunMode.MULTIRUN:
        return None
    varied = os.environ.get(SWEPT, "").split()
    told = [o for o in hydra.overrides.task if o.partition("=")[0].lstrip("+") in varied]
    name = ",".join(told).replace("/", "_") or f"job{hydra.job.num}"
    return Path(cfg.exp_dir) / "sweep" / name


def log_path(cfg: DictConfig, name: str, shard: int | None) -> Path:
    folder = Path(cfg.exp_dir if STEPS[name].stage >= 11 else cfg.data_dir) / "log"
    return folder / (f"{name}.log" if shard is None else f"{name}.{shard}.log")


def log_to_file(cfg: DictConfig, name: str) -> None:
    path = log_path(cfg, name, cfg.shard)
    path.parent.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        filename=path,
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        force=True,
    )
    logging.captureWarnings(True)
    logging.info("%s", " ".join(map(_without_secrets, sys.argv)))


def _without_secrets(argument: str) -> str:
    """An override as logs may show it: network.proxy holds a password."""
    key, sign, _ = argument.partition("=")
    secret = key.lstrip("+~").startswith(("network.proxy", "network.cookies"))
    return f"{key}=***" if sign and secret else argument


def name_errors(folder: Path, target: str, file: TextIO = sys.stderr) -> None:
    """Prints what went wrong with which items, the first few of them."""
    paths = sorted(folder.glob(f"{target}.[0-9]*.errors.jsonl.gz"))
    failed = (cut["custom"]["error"]["message"] for path in paths for cut in read_cuts(path))
    for message in islice(failed, NAMED_ERRORS):
        print(f"  {message}", file=file)
    if more := sum(1 for _ in failed):
        print(f"  ... and {more} more in {folder}/{target}.*.errors.jsonl.gz", file=file)


class Report:
    """Tells the launcher what a worker does, by lines that it looks for."""

    def __init__(self) -> None:
        self.died = os.environ.get(DIED, "").split()
        self.alone = bool(os.environ.get(ALONE))

    def begun(self, media_id: str) -> None:
        print(f"{BEGUN}{media_id}", flush=True)

    def done(self, items: int) -> None:
        print(f"{PROGRESS}{items}", flush=True)
