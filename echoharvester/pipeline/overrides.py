"""Settings of the command line as people write them, for Hydra, whose grammar takes Hangul, `=`, `#`, `&`
and brackets in a value for its own signs."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from echoharvester.options import did_you_mean

_OVERRIDE = re.compile(r"(?P<key>[+~]{0,2}[\w.@/-]+)=(?P<value>.*)", re.DOTALL)
_INTERPOLATION = re.compile(r"(?<!\\)\$\{(?P<name>\w+)[^{}:]*\}")
_ELEMENT = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[^,\"']+|[\"']")


def quoted(override: str, known: Collection[str] = ()) -> str:
    """An override that Hydra reads as it is meant.

    What Hydra reads already stays, but for commas: a value is one value, and of a list those parts that
    together name a file or folder that exists are one.

    Args:
        known: names of settings and groups; `${name}` of another is text.

    >>> quoted("data_dir=/data/한국 영화"), quoted("train.lr=0.1"), quoted("source.paths=[/a/b#c,/d]")
    ('data_dir="/data/한국 영화"', 'train.lr=0.1', 'source.paths=["/a/b#c","/d"]')
    """
    found = _OVERRIDE.fullmatch(override)
    if not found:
        return override
    key, value = found["key"], _as_text(found["value"], known)
    if value.startswith("[") and value.endswith("]"):
        return f"{key}={_list(key, value)}"
    if _is_read(f"{key}={value}"):
        return f"{key}={value}"
    if value.startswith("~/"):
        value = str(Path(value).expanduser())
    return f"{key}={_in_quotes(value)}"


def with_exp_dir(overrides: Sequence[str]) -> list[str]:
    """The overrides with an experiment folder inside of the data folder where only that is named: what
    other data gave is never written over.

    >>> with_exp_dir(["seed=3", 'data_dir="/data/a b"'])
    ['seed=3', 'data_dir="/data/a b"', 'exp_dir=${data_dir}/exp']
    """
    names = {override.partition("=")[0] for override in overrides}
    if "data_dir" in names and not names & {"exp_dir", "train_dir"}:
        return [*overrides, "exp_dir=${data_dir}/exp"]
    return list(overrides)


def _list(key: str, value: str) -> str:
    """The text of a list whose elements Hydra reads as they are meant."""
    elements = _elements(value[1:-1])
    if _is_read(f"{key}={value}") and len(elements) == len(_split(value[1:-1])):
        return value
    return "[" + ",".join(e if _is_quoted(e) else _in_quotes(e) for e in elements) + "]"


def _elements(inside: str) -> list[str]:
    """The elements of a list; parts of a path that holds commas are one."""
    parts = _split(inside)
    result: list[str] = []
    while parts:
        whole = 1
        if not _is_quoted(parts[0]) and parts[0].lstrip().startswith(("/", "~", ".")):
            for count in range(len(parts), 1, -1):
                if _exists(",".join(parts[:count]).strip()):
                    whole = count
                    break
        result.append(",".join(parts[:whole]).strip())
        parts = parts[whole:]
    return result


def _split(inside: str) -> list[str]:
    """Text between commas that are in no quotes."""
    parts = [""]
    position = 0
    while position < len(inside):
        if inside[position] == ",":
            parts.append("")
            position += 1
        elif found := _ELEMENT.match(inside, position):
            parts[-1] += found.group()
            position = found.end()
    return [part for part in parts if part.strip()]


def _exists(name: str) -> bool:
    try:
        return Path(name).expanduser().exists()
    except (OSError, ValueError):
        return False


def _is_quoted(text: str) -> bool:
    text = text.strip()
    return len(text) > 1 and text[0] in "\"'" and text[-1] == text[0]


def _in_quotes(text: str) -> str:
    escaped = re.sub(r'(\\*)"', lambda m: m[1] * 2 + '\\"', text)
    trailing = len(escaped) - len(escaped.rstrip("\\"))
    return f'"{escaped}{chr(92) * trailing}"'


def _as_text(value: str, known: Collection[str]) -> str:
    """`${name}` of no setting with a backslash, which makes it text."""
    return _INTERPOLATION.sub(lambda m: m[0] if m["name"] in known else "\\" + m[0], value)


def _is_read(override: str) -> bool:
    """Whether Hydra reads an override, and as one value."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        parsed = OverridesParser.create().parse_override(override)
    except HydraException:
        return False
    return not parsed.is_sweep_override()


_NO_SETTING = re.compile(r"Could not override '([^']+)'")
_NO_CHOICE = re.compile(
    r"Could not find '([\w@]+)/([^']+)'\s+Available options in '[^']+':(.*?)(?:\n\S|$)", re.DOTALL
)


def misspelt(problem: str, known: Callable[[], Iterable[str]]) -> str:
    """What Hydra says of a name that there is not, in words that help; "" where it says something else.

    Args:
        known: gives the names of all settings.
    """
    if found := _NO_SETTING.search(problem):
        return f"there is no setting {found[1]}{did_you_mean(found[1], known())}"
    if not (found := _NO_CHOICE.search(problem)):
        return ""
    group, choice = found[1], found[2]
    names = [name for name in found[3].split() if not name.startswith("_")]
    asked = did_you_mean(choice, names) or "."
    return f"there is no {group}={choice}{asked} There are {', '.join(names)}"
