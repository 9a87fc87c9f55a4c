"""The spoken form measured: accuracy by category, sentences per second, other tools beside it.

python scripts/bench_text.py [--tool ours] [--tool num2words] [--tool nemo] [FILE.tsv ...]

FILE.tsv has a category, a sentence and its accepted verbalisations, `{서른|삼십}` for alternatives; default:
spoken_sentences.tsv and spoken_kinds.tsv of tests/text.  The other tools are no dependencies: `pip install num2words
nemo_text_processing`.  A tool that is not installed is left out, and that is said.  Spaces do not count.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

TABLES = ("spoken_sentences.tsv", "spoken_kinds.tsv")
Reader = Callable[[str], list[str]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "files", nargs="*", type=Path, default=[ROOT / "tests/text" / name for name in TABLES]
    )
    parser.add_argument("--tool", action="append", choices=list(TOOLS), help="default: all")
    parser.add_argument("--misses", action="store_true", help="list what ours reads otherwise")
    options = parser.parse_args()
    sentences = [s for path in options.files for s in read_sentences(path)]
    readers = {name: reader for name in options.tool or TOOLS if (reader := TOOLS[name]())}
    right: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    counts: dict[str, int] = defaultdict(int)
    seconds: dict[str, float] = defaultdict(float)
    for category, written, accepted in sentences:
        counts[category] += 1
        for name, read in readers.items():
            start = time.perf_counter()
            verbalisations = read(written)
            seconds[name] += time.perf_counter() - start
            right[name][category] += bare(verbalisations[0]) in accepted
            if name == "ours":
                right["ours, any candidate"][category] += any(
                    bare(r) in accepted for r in verbalisations
                )
                if options.misses and bare(verbalisations[0]) not in accepted:
                    print(f"  {category}: {written} -> {verbalisations[0]}", file=sys.stderr)
    print("# The spoken form: sentences read right, by category\n")
    print("Made by `python scripts/bench_text.py > docs/korean_text_accuracy.md`, on one core.")
    print("What the columns tell, and what they do not, is in docs/korean_text.md.\n")
    print_table(counts, right)
    print()
    for name in readers:
        print(f"- {name}: {len(sentences) / seconds[name]:.0f} sentences/s")


def read_sentences(path: Path) -> list[tuple[str, str, set[str]]]:
    """Category, sentence, accepted verbalisations without spaces."""
    from text.sentences import read_table

    return [(kind, written, set(map(bare, texts))) for kind, written, texts in read_table(path)]


def bare(text: str) -> str:
    """Syllables alone: laughing and crying (ㅋㅋ, ㅠㅠ) are not read."""
    return re.sub(r"[\s.,?!'\"ㄱ-ㅎㅏ-ㅣ-]", "", text)


def print_table(counts: dict[str, int], right: dict[str, dict[str, int]]) -> None:
    names = list(right)
    print("| category | sentences | " + " | ".join(names) + " |")
    print("|---|---|" + "---|" * len(names))
    for category in counts:
        row = [str(right[name][category]) for name in names]
        print(f"| {category} | {counts[category]} | " + " | ".join(row) + " |")
    total = sum(counts.values())
    shares = [f"{sum(right[n].values())} ({sum(right[n].values()) / total:.1%})" for n in names]
    print(f"| all | {total} | " + " | ".join(shares) + " |")


def _installed(module: str) -> bool:
    if importlib.util.find_spec(module):
        return True
    print(f"{module} is not installed: left out", file=sys.stderr)
    return False


def _ours() -> Reader:
    from echoharvester.text.spoken import candidates

    return candidates


def _num2words() -> Reader | None:
    """Every number by its cardinal verbalisation, all else as it stands."""
    if not _installed("num2words"):
        return None
    from num2words import num2words

    def read(text: str) -> list[str]:
        def spell(match: re.Match[str]) -> str:
            return str(num2words(float(match.group().replace(",", "")) if "." in match.group()
                                 else int(match.group().replace(",", "")), lang="ko"))  # fmt: skip

        return [re.sub(r"\d+(?:,\d{3})*(?:\.\d+)?", spell, text)]

    return read


def _nemo() -> Reader | None:
    if not _installed("nemo_text_processing"):
        return None
    from nemo_text_processing.text_normalization.normalize import Normalizer

    normalizer = Normalizer(input_case="cased", lang="ko")
    return lambda text: [normalizer.normalize(text)]


TOOLS: dict[str, Callable[[], Reader | None]] = {
    "ours": _ours,
    "num2words": _num2words,
    "nemo": _nemo,
}

if __name__ == "__main__":
    main()
