"""Caption parsing measured: cues per second by format, and whether time grows with the file alone.

python scripts/bench_captions.py [--cues 20000] [--hostile]

Prints, for each format, cues per second of parsing and of the whole way to utterances, and the ratio
of the time for a file four times as large (4 is linear).
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from echoharvester.captions.parse import parse
from echoharvester.captions.utterances import segment

WORDS = "오늘은 날씨가 좋아서 3시에 공원에 갔는데 사람이 정말 많았습니다".split()


def clock(seconds: float, mark: str = ".") -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{int(seconds * 1000) % 1000:03d}"


def line(i: int) -> str:
    return " ".join(WORDS[(5 * i + k) % len(WORDS)] for k in range(5)) + ("." if i % 3 == 2 else "")


def vtt(count: int) -> str:
    cues = (
        f"{clock(2 * i)} --> {clock(2 * i + 1.9)}\n<c.a>{line(i)}</c>\n\n" for i in range(count)
    )
    return "WEBVTT\n\n" + "".join(cues)


def rolling(count: int) -> str:
    out, shown = ["WEBVTT\n\n"], ""
    for i in range(count // 2):
        words = line(i).split()
        tagged = words[0] + "".join(
            f"<{clock(2 * i + 0.3 * k)}><c> {w}</c>" for k, w in enumerate(words[1:], 1)
        )
        out.append(f"{clock(2 * i)} --> {clock(2 * i + 1.99)}\n{shown}\n{tagged}\n\n")
        shown = " ".join(words)
        out.append(f"{clock(2 * i + 1.99)} --> {clock(2 * i + 2)}\n{shown}\n\n")
    return "".join(out)


def srt(count: int) -> str:
    return "".join(
        f"{i}\n{clock(2 * i, ',')} --> {clock(2 * i + 1.9, ',')}\n{line(i)}\n\n"
        for i in range(count)
    )


def sbv(count: int) -> str:
    return "".join(f"{clock(2 * i)},{clock(2 * i + 1.9)}\n{line(i)}\n\n" for i in range(count))


def json3(count: int) -> str:
    events = [
        {"tStartMs": 2000 * i, "dDurationMs": 4000,
         "segs": [{"utf8": w + " ", "tOffsetMs": 300 * k} for k, w in enumerate(line(i).split())]}
        for i in range(count)
    ]  # fmt: skip
    return json.dumps({"events": events})


def srv3(count: int) -> str:
    body = "".join(
        f'<p t="{2000 * i}" d="1900">'
        + "".join(f'<s t="{300 * k}">{w} </s>' for k, w in enumerate(line(i).split()))
        + "</p>"
        for i in range(count)
    )
    return f'<?xml version="1.0" encoding="utf-8" ?><timedtext format="3"><body>{body}</body></timedtext>'


def smi(count: int) -> str:
    cues = (
        f"<SYNC Start={2000 * i}><P Class=KRCC>{line(i)}\n<SYNC Start={2000 * i + 1900}><P Class=KRCC>&nbsp;\n"
        for i in range(count)
    )
    return "<SAMI><BODY>\n" + "".join(cues) + "</BODY></SAMI>"


def ass(count: int) -> str:
    rows = (
        f"Dialogue: 0,{clock(2 * i)[1:-1]},{clock(2 * i + 1.9)[1:-1]},Default,,0,0,0,,{{\\an8}}{line(i)}\n"
        for i in range(count)
    )
    return "[Script Info]\n[Events]\n" + "".join(rows)


def ttml(count: int) -> str:
    rows = (
        f'<p begin="{clock(2 * i)}" end="{clock(2 * i + 1.9)}">{line(i)}</p>' for i in range(count)
    )
    return f'<tt xmlns="http://www.w3.org/ns/ttml"><body><div>{"".join(rows)}</div></body></tt>'


def live(count: int) -> str:
    """Two rows that roll up a word at a time."""
    words = [word for i in range(count // 5) for word in line(i).split()]
    cues = []
    for i in range(len(words)):
        rows = [words[j : min(j + 5, i + 1)] for j in range(max(0, i // 5 * 5 - 5), i + 1, 5)]
        shown = "\n".join(" ".join(row) for row in rows)
        cues.append(f"{i}\n{clock(0.4 * i, ',')} --> {clock(0.4 * i + 0.36, ',')}\n{shown}\n\n")
    return "".join(cues)


MAKERS: dict[str, tuple[str, Callable[[int], str]]] = {
    "vtt": (".vtt", vtt),
    "vtt, rolling": (".vtt", rolling),
    "srt": (".srt", srt),
    "sbv": (".sbv", sbv),
    "json3": (".json3", json3),
    "srv3": (".srv3", srv3),
    "smi": (".smi", smi),
    "ass": (".ass", ass),
    "ttml": (".ttml", ttml),
    "srt, live, word by word": (".srt", live),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--cues", type=int, default=20_000)
    parser.add_argument("--hostile", action="store_true", help="files made to be slow, instead")
    options = parser.parse_args()
    if options.hostile:
        hostile()
        return
    count = options.cues
    print("| format | cues/s, parsed | cues/s, to utterances | four times the file |")
    print("|---|---|---|---|")
    for name, (suffix, make) in MAKERS.items():
        parsing, whole = seconds(make(count), suffix)
        small = sum(seconds(make(count // 4), suffix))
        print(
            f"| {name} | {count / parsing:,.0f} | {count / (parsing + whole):,.0f} | "
            f"{(parsing + whole) / small:.1f} |"
        )


def hostile() -> None:
    """Files that make careless parsers slow: the time for one four times as long; 16 is quadratic."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    from captions_invariants import HOSTILE

    print("| file | s for 20,000 pieces | ratio to 5,000 |")
    print("|---|---|---|")
    for name, (suffix, make) in HOSTILE.items():
        small, large = sum(seconds(make(5_000), suffix)), sum(seconds(make(20_000), suffix))
        print(f"| {name} | {large:.2f} | {large / max(small, 1e-6):.1f} |")


def seconds(text: str, suffix: str) -> tuple[float, float]:
    """CPU seconds of parsing and of what follows; the faster of two runs."""
    times = []
    gc.collect()
    gc.disable()  # its pauses depend on what else is alive
    for _ in range(2):
        start = time.process_time()
        track = parse(text, suffix)
        middle = time.process_time()
        segment(track)
        times.append((middle - start, time.process_time() - middle))
    gc.enable()
    return min(times)


if __name__ == "__main__":
    main()
