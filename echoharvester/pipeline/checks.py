"""Checks of a whole configuration against the types of what takes its settings."""

from __future__ import annotations

import dataclasses
import functools
import operator
import types
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Union

from echoharvester.errors import UserError
from echoharvester.options import Options, did_you_mean, options_of
from echoharvester.pipeline.settings import MISSING


@dataclass(frozen=True)
class Part:
    """Settings that something of the library takes.

    Attributes:
        where: `module:name` of a dataclass or a class, imported when it is needed.
        without: of its arguments, those that are no settings.
    """

    where: str
    without: tuple[str, ...] = ()

    def load(self) -> Callable[..., Any]:
        module, _, name = self.where.partition(":")
        return typing.cast("Callable[..., Any]", getattr(import_module(module), name))

    def options(self) -> Options:
        return {k: v for k, v in options_of(self.load()).items() if k not in self.without}


@dataclass(frozen=True)
class Kind:
    """What a group of one kind takes.

    Attributes:
        parts: of the library.
        more: settings that its script uses.
    """

    parts: tuple[Part, ...] = ()
    more: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def options(self) -> Options:
        found: Options = {}
        for part in self.parts:
            found |= part.options()
        return found | dict(self.more)


@dataclass(frozen=True)
class Schema:
    """The types of all settings.

    Attributes:
        top: what takes those outside of all groups.
        groups: by name the setting that tells its kind, and the kinds; "" where there is but one.
        untyped: groups that are not looked at.
        former_names, gone: settings that have another name by now, or are no more, and why.
        convert: a plain value as one of a plain type; ValueError where it is none.
    """

    top: Part
    groups: Mapping[str, tuple[str, Mapping[str, Kind]]]
    untyped: Collection[str]
    former_names: Mapping[str, str]
    gone: Mapping[str, str]
    convert: Callable[[Any, Any], Any]

    def wrong(self, settings: Mapping[str, Any]) -> list[str]:
        """What is wrong with a whole configuration: a line for every setting, nothing if all is right."""
        top = {k: v for k, v in settings.items() if k not in self.groups and k not in self.untyped}
        lines, typed = self._check_types("", top, self.top.options())
        lines = [
            _no_setting(name, self.top.options())
            for name in sorted(set(top) - {*self.top.options()})
        ] or lines
        lines = lines or list(_check_values([self.top], typed))
        for group, (key, kinds) in self.groups.items():
            lines += self._check_group(group, settings.get(group), key, kinds)
        return lines

    def _check_group(
        self, group: str, values: Any, key: str, kinds: Mapping[str, Kind]
    ) -> list[str]:
        if not isinstance(values, Mapping):
            how = f"asr@{group}=NAME" if group == "second_asr" else f"{group}=NAME"
            return [f"{group} is a group of settings, chosen by '{how}' from conf/, not {values!r}"]
        if unknown := self._unknown(group, values, key, kinds):
            return unknown
        kind = values.get(key, "") if key else ""
        if kind not in kinds:
            return [f"{group}.{key} is one of {', '.join(kinds)}, not {kind!r}"]
        own = {name: value for name, value in values.items() if name != key or not key}
        if kind == "auto":
            return [
                line
                for name in kinds[kind].more
                for line in self._check_group(f"{group}.{name}", own[name], key, kinds)
            ]
        lines, typed = self._check_types(f"{group}.", own, kinds[kind].options())
        return lines or list(_check_values(kinds[kind].parts, typed, f"{group}."))

    def _check_types(
        self, prefix: str, values: Mapping[str, Any], options: Options
    ) -> tuple[list[str], dict[str, Any]]:
        """A line for every value of another type, and the values as what they are meant to be (Hydra
        reads 119 as a number where a text is wanted); what is set for another kind is let be."""
        lines, typed = [], dict(values)
        for name in (name for name in options if name in values):
            value, wanted = values[name], _plain_type(options[name])
            if value == MISSING:
                continue
            try:
                if not _is_written_as(value, wanted):
                    raise ValueError
                typed[name] = self.convert(value, wanted)
            except ValueError:
                described = _described(f"{prefix}{name}", options[name])
                lines.append(f"{prefix}{name} is {described}, not {value!r}")
        return lines, typed

    def _unknown(
        self, group: str, values: Mapping[str, Any], key: str, kinds: Mapping[str, Kind]
    ) -> list[str]:
        """A line for every setting that no kind of a group has: a recipe can bring in any name."""
        known = set().union(*(kind.options() for kind in kinds.values())) | {key}
        renamed = {old: new for new, old in self.former_names.items()}
        lines = []
        for name in sorted(set(values) - known):
            old = f"{group}.{name}"
            if old in self.gone or old in renamed:
                lines.append(
                    f"{old} is no setting: {self.gone.get(old) or f'it is called {renamed[old]} now'}"
                )
            else:
                lines.append(_no_setting(old, [f"{group}.{other}" for other in known]))
        return lines


def _no_setting(name: str, known: Iterable[str]) -> str:
    return f"{name} is no setting{did_you_mean(name, known) or ': misspelt?'}"


def _is_written_as(value: Any, wanted: Any) -> bool:
    """Whether a value may be converted: its library makes a number of "8" and a text of True, which
    whoever reads the setting as it was written would not."""
    if isinstance(value, bool):
        return wanted not in (str, str | None)
    return not (isinstance(value, str) and wanted in _NO_TEXT)


_NO_TEXT = (int, float, bool, int | None, float | None, bool | None)


def _check_values(
    parts: Iterable[Part], values: Mapping[str, Any], prefix: str = ""
) -> Iterator[str]:
    """What dataclasses themselves say of values of the right type, and what none has."""
    for part in parts:
        taker = part.load()
        if not dataclasses.is_dataclass(taker):
            continue
        own = {k: v for k, v in values.items() if k in part.options() and v != MISSING}
        needed = [
            f.name
            for f in dataclasses.fields(taker)
            if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
        ]
        if absent := [name for name in needed if name not in own]:
            known = part.options()
            yield from (f"{prefix}{n} has to be given" for n in absent if n in known)
            continue
        try:
            taker(**own)
        except UserError as error:
            yield str(error)


def _plain_type(wanted: Any) -> Any:
    """A type as simple as settings have them."""
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (Union, types.UnionType):
        plain = [a if a is type(None) else _plain_type(a) for a in arguments]
        return Any if Any in plain else functools.reduce(operator.or_, plain)
    if wanted is Path:
        return str
    if wanted is dict or origin is dict:
        return dict[str, Any]
    if origin is not None and issubclass(origin, Collection):
        element = _plain_type(arguments[0]) if arguments else Any
        return list[element]  # type: ignore[valid-type]
    return wanted if wanted in (int, float, str, bool) else Any


def _described(key: str, wanted: Any) -> str:
    plain = _plain_type(wanted)
    arguments = [a for a in typing.get_args(wanted) if a is not type(None)]
    if typing.get_origin(wanted) in (Union, types.UnionType) and len(arguments) == 1:
        return f"{_described(key, arguments[0])} or null"
    if typing.get_origin(plain) is list:
        return f"a list, written '{key}=[a,b]'"
    names = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
    return names.get(plain, "something else")
