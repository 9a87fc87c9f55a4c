"""Small pieces of HTML from `templates/`; every text from outside is escaped there.

What these functions return is `Markup`: HTML already, which is not escaped again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

MAX_SHADE = 0.75
_SECTION = re.compile(r'<section id="([^"]*)"><h2>(.*?)</h2>')


@lru_cache(maxsize=1)
def _templates() -> Environment:
    loader = PackageLoader("echoharvester.report")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True)
    environment.tests["numeric"] = _is_numeric
    return environment


def _piece(name: str, *values: Any) -> Markup:
    pieces: Any = _templates().get_template("pieces.html").module
    return Markup(getattr(pieces, name)(*values))


def _is_numeric(value: object) -> bool:
    """Whether a cell goes to the right: a number, or how one is written."""
    if isinstance(value, Markup):
        return False
    text = str(value).rstrip(" %").replace(".", "", 1)
    return isinstance(value, int | float) or text.isdigit()


def paragraph(text: str, soft: bool = False) -> Markup:
    return _piece("paragraph", text, soft)


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], lang: str = "", classes: str = ""
) -> Markup:
    """A table; numbers go to the right.  `classes`: `sorts` by its heads, `cards` on a phone."""
    return _piece("table", header, list(rows), lang, classes)


def shaded_table(
    header: Sequence[str], rows: Iterable[tuple[str, Mapping[str, int]]], columns: Sequence[str]
) -> Markup:
    """Counts by row and column, the larger the darker."""
    found = list(rows)
    most = max((n for _, counts in found for n in counts.values()), default=1) or 1
    shaded = [
        (name, [(n := counts.get(column, 0), MAX_SHADE * n / most) for column in columns])
        for name, counts in found
    ]
    return _piece("shaded_table", header, shaded)


def tiles(values: Mapping[str, str]) -> Markup:
    """Figures to see first."""
    return _piece("tiles", values)


def section(name: str, *parts: str) -> Markup:
    """Parts under a heading; those that are no `Markup` are escaped."""
    key = "".join(c if c.isalnum() else "-" for c in name.lower())
    return _piece("section", key, name, parts)


def beside(drawn: Sequence[Markup]) -> Markup:
    """Figures next to each other, where there is room."""
    return _piece("beside", drawn)


def heading(name: str) -> Markup:
    """A heading inside of a section."""
    return _piece("heading", name)


def differing(reference: str, heard: str) -> Markup:
    """Two texts, drawn as their difference."""
    return _piece("differing", reference, heard)


def explained(terms: Mapping[str, str]) -> Markup:
    """Words and what they mean, folded away."""
    return _piece("explained", terms)


def made(about: Mapping[str, str], links: Mapping[str, str]) -> Markup:
    """Of what and how a page was made, and what belongs to it."""
    return _piece("made", about, links)


def place(key: str = "", points: str = "") -> Markup:
    """Where the script draws: the element `key`, or the points of the data `points`."""
    return _piece("place", key, points)


def player(sound: str) -> Markup:
    """An audio element; nothing without a sound."""
    return _piece("player", sound)


def texts(caption: str, heard: str) -> Markup:
    """A caption, and what was heard below it."""
    return _piece("texts", caption, heard)


def document(
    title: str,
    fingerprint: str,
    sections: Sequence[str],
    data: str,
    lead: str,
    about: str = "",
    scripts: Mapping[str, str] | None = None,
) -> str:
    """The whole page.

    Args:
        data: JSON that the next report compares itself with.
        lead, about: what stands before the sections, and below the title.
        scripts: JSON that the page's script works with, by the name of its element.
    """
    page = _templates().get_template("page.html")
    found = (_SECTION.match(section) for section in sections)
    return page.render(
        title=title, fingerprint=fingerprint, sections=sections, data=Markup(data), lead=lead,
        made=about, names=[(m[1], Markup(m[2])) for m in found if m],
        scripts={key: Markup(content) for key, content in (scripts or {}).items()},
    )  # fmt: skip
