"""Small pieces of HTML; every text from outside is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence

STYLE = """
:root{--ink:#1d1f21;--soft:#5b6066;--line:#c9ccd1;--mark:#0b3c5d}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,"Noto Sans KR","NanumGothic",sans-serif;max-width:64rem;margin:0 auto;padding:1rem;color:var(--ink)}
h1{font-size:1.5rem;margin:.2rem 0;overflow-wrap:anywhere}h2{font-size:1.15rem;margin:2rem 0 .5rem;border-top:1px solid var(--line);padding-top:1rem}
p{margin:.4rem 0}nav a{margin-right:.8rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}
td,th{border-bottom:1px solid var(--line);padding:.2rem .6rem;text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}
.figures{display:flex;flex-wrap:wrap;gap:.5rem 1rem}svg{max-width:100%;height:auto}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:.6rem;margin:1rem 0}
.tile{border:1px solid var(--line);border-radius:.4rem;padding:.5rem .7rem}
.tile b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}.tile span{color:var(--soft);font-size:.85rem}
audio{height:2rem;width:14rem;max-width:100%}.soft{color:var(--soft)}
@media print{nav,audio{display:none}}
"""


def escape(value: object) -> str:
    return html.escape(str(value))


def paragraph(text: str, soft: bool = False) -> str:
    return f"<p{' class=soft' if soft else ''}>{escape(text)}</p>"


def table(header: Sequence[str], rows: Iterable[Sequence[object]], lang: str = "") -> str:
    """A table; numbers go to the right.  Cells of type `Raw` are HTML already."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    attribute = f' lang="{lang}"' if lang else ""
    return f'<div class="scroll"><table{attribute}><tr>{head}</tr>{body}</table></div>'


class Raw(str):
    """HTML made here, of parts that were escaped."""


def _cell(value: object) -> str:
    text = str(value)
    if isinstance(value, Raw):
        return f"<td>{text}</td>"
    number = isinstance(value, int | float) or text.rstrip(" %").replace(".", "", 1).isdigit()
    return f"<td{' class=n' if number else ''}>{escape(text)}</td>"


def shaded_table(
    header: Sequence[str], rows: Iterable[tuple[str, Mapping[str, int]]], columns: Sequence[str]
) -> str:
    """Counts by row and column, the larger the darker."""
    found = list(rows)
    most = max((n for _, counts in found for n in counts.values()), default=1) or 1
    lines = []
    for name, counts in found:
        cells = [_cell(name)]
        for column in columns:
            count = counts.get(column, 0)
            share = 0.75 * count / most
            ink = ";color:#fff" if share > 0.45 else ""
            cells.append(
                f'<td class=n style="background:rgba(11,60,93,{share:.2f}){ink}">{count or ""}</td>'
            )
        lines.append("<tr>" + "".join(cells) + "</tr>")
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(lines)}</table></div>'


def tiles(values: Mapping[str, str]) -> str:
    """Figures to see first."""
    return (
        '<div class="tiles">'
        + "".join(f'<div class="tile"><b>{escape(v)}</b><span>{escape(k)}</span></div>' for k, v in values.items())
        + "</div>"
    )  # fmt: skip


def section(name: str, *parts: str) -> str:
    key = "".join(c if c.isalnum() else "-" for c in name.lower())
    return f'<section id="{key}"><h2>{escape(name)}</h2>{"".join(parts)}</section>'


def document(title: str, fingerprint: str, sections: Sequence[str], data: str, lead: str) -> str:
    """The whole page; `data`: JSON that the next report compares itself with."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="fingerprint" content="{escape(fingerprint)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        + lead
        + "\n".join(sections)
        + f'<script id="figures" type="application/json">{data}</script></body></html>\n'
    )
