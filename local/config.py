"""The configuration of a run, composed and checked, and the entry that all stage scripts share."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from echoharvester.errors import UserError
from echoharvester.pipeline.overrides import misspelt, with_exp_dir
from echoharvester.pipeline.progress import tell_failure
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.settings import flat
from echoharvester.pipeline.worker import log_to_file

from stages import FORMER_NAMES, GONE, STAGES

ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("ECHO_RECIPE_DIR", str(ROOT / "egs" / "mini_ko"))
SWEPT = "ECHO_SWEPT"  # environment variable: the settings that a multirun varies


def composed(overrides: Sequence[str]) -> DictConfig:
    """The configuration with these overrides.

    Raises:
        UserError: naming everything that is wrong with it, and how it is written.
    """
    _refuse_old_names(overrides)
    try:
        cfg = _composed(overrides)
    except (HydraException, ValueError) as error:
        _refuse_old_names(re.findall(r"full_key: (\S+)", str(error)))
        if told := misspelt(str(error), lambda: _known(overrides)):
            raise UserError(f"configuration: {told}") from error
        raise UserError(
            f"configuration: {error}\n(a value that Hydra takes apart needs quotes inside quotes: "
            '\'data_dir="/data/my talks"\', \'source.paths=["/a, b","/c"]\'; \\${name} is text)'
        ) from error
    recipe_of(cfg)  # checks it
    return cfg


def _composed(overrides: Sequence[str]) -> DictConfig:
    from hydra import compose, initialize_config_dir

    with initialize_config_dir(version_base="1.3", config_dir=str(ROOT / "conf")):
        return compose("config", overrides=list(overrides))


def _known(overrides: Sequence[str]) -> list[str]:
    """All settings of the groups that these overrides choose; none where one of their files is at fault."""
    from schema import GROUPS

    chosen = [o for o in overrides if o.partition("=")[0] in GROUPS]
    try:
        whole: Any = OmegaConf.to_container(_composed(chosen))
    except (HydraException, ValueError):
        return []
    return [name for name, _ in flat(whole)]


def _refuse_old_names(overrides: Sequence[str]) -> None:
    """Raises for settings that have another name by now, or are gone."""
    lines = []
    for override in overrides:
        name = override.partition("=")[0].lstrip("+~")
        renamed = {old: new for new, old in FORMER_NAMES.items()}
        if name in renamed:
            lines.append(f"{name} is called {renamed[name]} now")
        elif name in GONE:
            lines.append(f"{name} is gone: {GONE[name]}")
    if lines:
        raise UserError("configuration: " + "; ".join(lines))


def recipe_of(cfg: DictConfig, check: bool = True) -> Recipe:
    """The recipe that a configuration describes.

    Args:
        check: whether types and values are looked at; the driver has done it for its workers.

    Raises:
        UserError: naming every setting that is of another type than it has, or cannot be.
    """
    try:
        settings: Any = OmegaConf.to_container(cfg, resolve=True)
    except OmegaConfBaseException as error:
        raise UserError(f"configuration: {error}") from error
    if check:
        from schema import SCHEMA

        if wrong := SCHEMA.wrong(settings):
            raise UserError("configuration: " + "\n  ".join(wrong))
    return Recipe(STAGES, settings, FORMER_NAMES)


def plain(group: DictConfig) -> dict[str, Any]:
    """A part of the configuration as plain values."""
    return dict(OmegaConf.to_container(group, resolve=True))  # type: ignore[arg-type]


def torch_threads(count: int) -> None:
    """Sets torch's threads; 0: as many as `OMP_NUM_THREADS` says, else as this job has cores."""
    import torch

    from echoharvester.dataset.parallel import usable_cores

    if count or "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(count or usable_cores())


def is_users(error: BaseException) -> bool:
    """Whether people can mend it: our own errors, files and networks, settings; not a fault of the
    program."""
    users = UserError | OSError | UnicodeDecodeError | OmegaConfBaseException
    return isinstance(error, users) or hasattr(error, "exit_status")


def stage_main(work: Callable[[DictConfig, Recipe], Any]) -> None:
    """Runs a stage script: Hydra, a log file, and errors that speak to people."""
    import hydra

    name = Path(sys.argv[0]).stem

    @hydra.main(version_base="1.3", config_path=str(ROOT / "conf"), config_name="config")
    def run(cfg: DictConfig) -> Any:
        logging.getLogger().addHandler(logging.NullHandler())  # until there is a log
        swept = sweep_folder(cfg)
        if swept:
            cfg.train_dir = str(swept)
        try:
            recipe = recipe_of(cfg, check=cfg.shard is None)
            log_to_file(log_path(recipe, name, cfg.shard))
            if cfg.shard is None:
                recipe.remember_settings(name)
            return work(cfg, recipe)
        except Exception as error:
            logging.getLogger(name).exception("failed")
            status = getattr(error, "exit_status", 1)
            _say_failure(cfg, name, error)
            if swept and status == 1:
                raise  # Hydra goes on with the other jobs of the sweep
            sys.exit(status)

    try:
        _refuse_old_names(sys.argv[1:])
        sys.argv[1:] = with_exp_dir(sys.argv[1:])
    except UserError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(1)
    run()


def _say_failure(cfg: DictConfig, name: str, error: Exception) -> None:
    if cfg.shard is not None:  # the driver says it, once for all shards
        tell_failure(error, not is_users(error))
    elif is_users(error):
        print(f"{name}: {error}", file=sys.stderr, flush=True)
    else:
        print(
            f"{name}: unexpected {type(error).__name__}: {error}. This is a fault of the program; "
            f"please report it with {log_path(recipe_of(cfg, check=False), name, cfg.shard)}",
            file=sys.stderr,
            flush=True,
        )


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


def log_path(recipe: Recipe, name: str, shard: int | None) -> Path:
    return recipe.paths.log(STAGES[name].place, name, shard)
