"""Which options a dataclass or a class takes: derived from it, so that they are listed once."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any

Options = dict[str, Any]  # names of options, and their types


def options_of(taker: Callable[..., Any]) -> Options:
    """Names and types of what a dataclass or the constructor of a class takes.

    >>> @dataclasses.dataclass
    ... class Limits:
    ...     low: float = 0.0
    >>> options_of(Limits)
    {'low': <class 'float'>}
    """
    if dataclasses.is_dataclass(taker):
        hints = typing.get_type_hints(taker)
        return {field.name: hints[field.name] for field in dataclasses.fields(taker)}
    constructor = vars(taker)["__init__"]
    hints = typing.get_type_hints(constructor)
    names = [name for name in inspect.signature(constructor).parameters if name != "self"]
    return {name: hints[name] for name in names}


def taken_by(taker: Callable[..., Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of some settings those that `taker` takes: a group may hold what belongs to another."""
    names = options_of(taker)
    return {name: value for name, value in settings.items() if name in names}
