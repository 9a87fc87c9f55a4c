#!/usr/bin/env python
"""Writes the parts of docs/ that the code tells: the table of stages, and the data dictionary.

    python scripts/write_docs.py [--check]

With --check nothing is written; exit status 1 says that a page is not up to date.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "local")]

from echoharvester.manifests.fields import FIELDS  # noqa: E402
from echoharvester.pipeline.stage import Stage  # noqa: E402

from stages import STAGES  # noqa: E402

DICTIONARY = """# Data dictionary

The fields of `custom` on our cuts, in the order in which they come. Made by `scripts/write_docs.py` from
`echoharvester/manifests/fields.py`; a test holds the manifests of a whole run against it. What Lhotse knows itself
(recording, supervision, word times under `alignment`) is not here. A stage passes on what earlier ones wrote.

"""


def main() -> int:
    pages = {
        ROOT / "docs" / "stages.md": _with_part(ROOT / "docs" / "stages.md", stage_table()),
        ROOT / "docs" / "data_dictionary.md": DICTIONARY + field_table(),
    }
    stale = [path for path, text in pages.items() if not _is(path, text)]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not up to date: run scripts/write_docs.py", file=sys.stderr)  # fmt: skip
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"written: {path.relative_to(ROOT)}")
    return 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _with_part(path: Path, part: str) -> str:
    """A page with the text between its two marks replaced."""
    pattern = r"(<!-- stages -->\n).*?(<!-- /stages -->)"
    return re.sub(
        pattern, lambda m: m[1] + part + m[2], path.read_text(encoding="utf-8"), flags=re.DOTALL
    )


def stage_table() -> str:
    lines = ["| | stage | reads | leaves | depends on | runs as |", "|---|---|---|---|---|---|"]
    for stage in STAGES.values():
        cells = [
            str(stage.number), stage.name, _reads(stage), _leaves(stage),
            ", ".join(f"`{key}`" for key in (*stage.settings, *_models(stage))) or "its inputs", _runs(stage),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _reads(stage: Stage) -> str:
    extra = STAGES[stage.extra_input].name if stage.extra_input else ""
    names = [name for name in (stage.source, extra, *stage.reads) if name]
    return ", ".join(f"`{name}`" for name in names) or (
        "the sources" if stage.target else "nothing"
    )


def _leaves(stage: Stage) -> str:
    from echoharvester.pipeline.paths import Paths

    if stage.target:
        return f"`{stage.target}`"
    folders = (Path("data"), Path("exp"), Path("exp/MODEL_TOKENIZER"), Path("egs/NAME"))
    paths = Paths(*folders, tokenizer="KIND", decode_method="METHOD")
    return f"`{stage.output.path(paths)}`" if stage.output else "nothing"


def _models(stage: Stage) -> list[str]:
    """Of recognisers the groups stand for their files."""
    return [key for key in stage.models if key.count(".") == 1 and not key.startswith(("asr", "second"))]  # fmt: skip


def _runs(stage: Stage) -> str:
    how = "a process a shard" if stage.sharded else "one process"
    more = [word for word, holds in (("a job of its own on Slurm", stage.long), ("GPU", stage.gpu)) if holds]  # fmt: skip
    return ", ".join([how, *more])


def field_table() -> str:
    lines = ["| field | type | from | value | range | absent |", "|---|---|---|---|---|---|"]
    for field in FIELDS:
        low = "" if field.low is None else f"{field.low:g}"
        high = "" if field.high is None else f"{field.high:g}"
        span = f"{low} to {high}" if high else f"from {low} on" if low else ""
        number = STAGES[field.stage].number
        cells = [f"`{field.name}`", field.type, f"{number} {field.stage}", field.meaning, span, field.absent or "never"]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
