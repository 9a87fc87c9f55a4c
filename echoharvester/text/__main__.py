"""Korean text on the command line.

python -m echoharvester.text spoken [--all] [--lexicon TSV] [TEXT]   the spoken form
python -m echoharvester.text corpus [TEXT]       a transcript without its notation: written, tab, spoken
python -m echoharvester.text score REF HYP       two texts, or two files, line by line

Without TEXT standard input is read, and a line is written for each line.
"""

from __future__ import annotations

import argparse
import io
import json
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from echoharvester.text.notations import read_transcript
from echoharvester.text.scores import ErrorCounts, all_scores, total
from echoharvester.text.spoken import MAX_CANDIDATES, candidates
from echoharvester.text.verbalisation.words import lexicon


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m echoharvester.text",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    verbalisation = commands.add_parser("spoken", help="the spoken form")
    verbalisation.add_argument(
        "--all", action="store_true", help="all candidates, tabs between them"
    )
    verbalisation.add_argument(
        "--lexicon", type=Path, help="more Latin words: WORD<TAB>READING|READING"
    )
    verbalisation.add_argument("text", nargs="?")
    corpus = commands.add_parser("corpus", help="KsponSpeech, AI-Hub and NIKL notation resolved")
    corpus.add_argument("text", nargs="?")
    scoring = commands.add_parser("score", help="error rates, as JSON")
    scoring.add_argument("reference")
    scoring.add_argument("hypothesis")
    options = parser.parse_args(arguments)
    if options.command == "score":
        return _print_scores(options.reference, options.hypothesis)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a damaged line costs its own characters only
    lines = [options.text] if options.text is not None else sys.stdin
    if options.command == "corpus":
        _print_corpus(lines)
        return 0
    try:
        lexicon(options.lexicon)
        _print_spoken(lines, options.all, options.lexicon)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _print_spoken(lines: Iterable[str], everything: bool, extra_words: Path | None) -> None:
    limit = MAX_CANDIDATES if everything else 1
    for line in lines:
        print("\t".join(candidates(line, limit, extra_words)))


def _print_corpus(lines: Iterable[str]) -> None:
    for line in lines:
        transcript = read_transcript(line)
        print(f"{transcript.written}\t{transcript.spoken}")


def _print_scores(reference: str, hypothesis: str) -> int:
    if not (_is_file(reference) and _is_file(hypothesis)):
        print(json.dumps(_plain(all_scores(reference, hypothesis)), ensure_ascii=False))
        return 0
    pairs = [_lines(Path(path)) for path in (reference, hypothesis)]
    if len(pairs[0]) != len(pairs[1]):
        print(
            f"{reference} has {len(pairs[0])} lines, {hypothesis} {len(pairs[1])}", file=sys.stderr
        )
        return 1
    rows = [all_scores(r, h) for r, h in zip(*pairs, strict=True)]
    for row in rows:
        print(json.dumps(_plain(row), ensure_ascii=False))
    sums = {name: total(row[name] for row in rows) for name in (rows[0] if rows else {})}
    print(json.dumps({"total": _plain(sums)}, ensure_ascii=False))
    return 0


def _lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return text.removesuffix("\n").split("\n") if text else []


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except OSError:  # a text too long to be a name
        return False


def _plain(scores: dict[str, ErrorCounts]) -> dict[str, Any]:
    return {name: {"rate": counts.rate, **counts.__dict__} for name, counts in scores.items()}


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... | head` ends quietly
    sys.exit(main())
