"""Which options a dataclass or a class takes: derived from it, so that they are listed once."""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import typing
from collections.abc import Callable, Iterable, Mapping
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
        return {field.name: hints[field.name] for field in dataclasses.fields(taker) if field.init}
    constructor = vars(taker)["__init__"]
    hints = typing.get_type_hints(constructor)
    names = [name for name in inspect.signature(constructor).parameters if name != "self"]
    return {name: hints[name] for name in names}


def taken_by(taker: Callable[..., Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Of some settings those that `taker` takes: a group may hold what belongs to another."""
    names = options_of(taker)
    return {name: value for name, value in settings.items() if name in names}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to put behind the message that a name is not known; "" where none is near.

    >>> did_you_mean("filter.min_snrdb", ["filter.min_snr_db", "filter.max_sec"])
    ': did you mean filter.min_snr_db?'
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    last = name.rpartition(".")[2]
    near = near or [other for other in names if other.rpartition(".")[2] == last][:1]
    return f": did you mean {near[0]}?" if near else ""
