"""Prints the cleaned utterances of a caption file: `python -m echoharvester.captions FILE`.

Standard output: one utterance a line, TSV without header: start_sec, end_sec, text, and the speaker
where the file names any.
Standard error: how the file was read, what was repaired, what was taken out, and what became of every cue.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import Counter
from pathlib import Path

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.parse import SUFFIXES, read_track
from echoharvester.captions.utterances import segment


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m echoharvester.captions", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("file", type=Path, help=f"a caption file ({' '.join(SUFFIXES)})")
    path = parser.parse_args(arguments).file
    try:
        track = read_track(path)
    except (CaptionError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    result = segment(track)
    named = any(utterance.speaker for utterance in result.utterances)
    for utterance in result.utterances:
        row = [f"{utterance.start_sec:.3f}", f"{utterance.end_sec:.3f}", utterance.text]
        print("\t".join([*row, utterance.speaker] if named else row))
    kind = "rolling" if track.rolling else "plain"
    print(
        f"{path}: {track.read} {kind} cues in {track.encoding}; "
        f"repaired: {_listed(track.repairs)}; removed: {_listed(result.removed)}; "
        f"cues: {track.read} = {result.used} used + {_listed(result.gone)}",
        file=sys.stderr,
    )
    return 0


def _listed(counter: Counter[str]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in counter.most_common()) or "nothing"


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `... | head` ends quietly
    sys.exit(main())
