"""Coverage-guided fuzzing of the caption parsers with Atheris (`pip install atheris`, Linux).

python scripts/fuzz_captions.py [-max_total_time=300] [libFuzzer's options] [CORPUS_FOLDER]

The first byte of an input chooses the format.  What breaks an invariant of
tests/captions_invariants.py is written to crash-*, to become a line of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def main() -> None:
    try:
        import atheris
    except ImportError:
        sys.exit("fuzz_captions: needs Atheris: pip install atheris")
    with atheris.instrument_imports(include=["echoharvester"]):
        from captions_invariants import check_bytes

        from echoharvester.captions.parse import SUFFIXES

    def test_one(data: bytes) -> None:
        if data:
            check_bytes(data[1:], SUFFIXES[data[0] % len(SUFFIXES)])

    atheris.Setup(sys.argv, test_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
