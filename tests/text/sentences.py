"""The table of sentences and the verbalisations that a Korean speaker accepts of each."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

TABLE = Path(__file__).with_name("spoken_sentences.tsv")


def read_table(path: Path = TABLE) -> list[tuple[str, str, set[str]]]:
    """Category, sentence, and its accepted verbalisations without spaces and punctuation."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            category, written, accepted = line.split("\t")
            rows.append((category, written, expanded(accepted)))
    return rows


def expanded(pattern: str) -> set[str]:
    """All texts of a pattern with alternatives.

    >>> sorted(expanded("{서른|삼십} 명"))
    ['삼십명', '서른명']
    """
    pieces = re.split(r"\{([^{}]*)\}", pattern)
    choices = [piece.split("|") if i % 2 else [piece] for i, piece in enumerate(pieces)]
    return {re.sub(r"[\s.,?!]", "", "".join(choice)) for choice in product(*choices)}
