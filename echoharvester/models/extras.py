"""Packages that are not installed unless asked for."""

from __future__ import annotations

import importlib
from types import ModuleType

from echoharvester.errors import MissingExtraError


def require(package: str, extra: str) -> ModuleType:
    """A package of one of the extras of pyproject.toml.

    Raises:
        MissingExtraError: saying which command installs it.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise MissingExtraError(
            f"{package} cannot be imported ({error}); {how_to_install(extra)}"
        ) from error


def how_to_install(extra: str) -> str:
    """The command that installs an extra."""
    return f"install it with: pip install -c constraints.txt -e '.[{extra}]', or ECHO_EXTRAS={extra} ./run.sh"
