"""What must hold of every caption file, however broken: shared by tests and the fuzzer."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from echoharvester.captions.cues import CaptionError
from echoharvester.captions.encoding import decode
from echoharvester.captions.parse import parse
from echoharvester.captions.utterances import segment
from echoharvester.text.unicode import fold


def check_bytes(data: bytes, suffix: str) -> bool:
    """Parses `data` and checks the result; False for what cannot be read, which must say so."""
    try:
        text, _ = decode(data, "file")
        track = parse(text, suffix, "file")
    except CaptionError as error:
        assert str(error).startswith("file")
        return False
    assert all(0 <= cue.start_sec < cue.end_sec for cue in track.cues)
    assert track.cues == sorted(track.cues, key=lambda cue: cue.start_sec)
    source = _source(text, suffix)
    once = html.unescape(source)  # references, also those escaped twice, are resolved
    held = _letters(source + once + html.unescape(once))
    for cue in track.cues:
        missing = _letters(cue.text) - held
        assert not missing, f"out of nowhere: {missing}"
        assert all(word.start_sec >= 0 for word in cue.words)
    result = segment(track)
    utterances = result.utterances
    assert track.read == result.used + sum(result.gone.values()), "a cue is not accounted for"
    assert all(0 <= u.start_sec < u.end_sec and u.text.strip() for u in utterances)
    assert all(a.start_sec <= b.start_sec for a, b in zip(utterances, utterances[1:], strict=False))
    said = sum((_letters(cue.text) for cue in track.cues), Counter())
    assert not sum((_letters(u.text) for u in utterances), Counter()) - said
    return True


def _letters(text: str) -> Counter[str]:
    return Counter(c for c in fold(text) if c.isalnum())


def _source(text: str, suffix: str) -> str:
    """The text of a file as its format spells it out."""
    if suffix != ".json3":
        return text
    try:
        values: list[Any] = [json.loads(text.replace("\x00", ""))]
    except ValueError:  # another format behind that suffix, read by its content
        return text
    strings = []
    while values:
        value = values.pop()
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
    return " ".join(strings)


def _one_cue(piece: str) -> Callable[[int], str]:
    return lambda n: f"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n{piece * n}\n"


def _clock(tenths: int) -> str:
    return f"{tenths // 36000:02d}:{tenths // 600 % 60:02d}:{tenths // 10 % 60:02d},{tenths % 10}00"


_SRT = "1\n00:00:01,000 --> 00:00:02,000\n"
_PIECES = (
    "<|{\\|(|[|♪| |:|-|1|가:|&#|<00:00:01.000>|<c>|\\N|(음악|!|가 |>> |자막|http://|\n|1\n|<ruby>|<rt|www.|<00:00:01.500>나 "
).split("|")
# Files that make careless parsers slow: format, and the file of a size.
HOSTILE: dict[str, tuple[str, Callable[[int], str]]] = {
    **{repr(piece): (".vtt", _one_cue(piece)) for piece in _PIECES},
    "an address and marks": (".vtt", lambda n: _one_cue("")(0).rstrip() + "\nwww." + "!" * n + "가\n"),
    "nested paragraphs": (
        ".srv3",
        lambda n: "<timedtext>" + '<p t="1" d="2">가 ' * n + "</p>" * n + "</timedtext>",
    ),
    "two cues of many lines": (
        ".vtt",
        lambda n: "WEBVTT\n\n00:01.000 --> 00:02.000\n" + "가\n" * n + "\n00:02.000 --> 00:03.000\n" + "나\n" * n,
    ),
    "combining marks": (".srt", lambda n: _SRT + "가" + "\u0301\u0316" * n + "\n"),
    "sami, tags that nobody closes": (".smi", lambda n: "<SAMI><SYNC Start=1>" + "<P" * n + "<br" * n + "가\n"),
    "sami, many classes": (".smi", lambda n: "<SAMI>" + "".join(f"<SYNC Start={i}><P Class=A{i}>가{i}\n" for i in range(n))),
    "ass, overrides": (".ass", lambda n: "[Script Info]\n[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,A,,0,0,0,," + "{\\k1}가" * n + "{" * n),
    "ass, frames": (".ass", lambda n: "[Script Info]\n[Events]\n" + "".join(f"Dialogue: 0,0:00:{i / 1000 % 60:05.2f},0:01:00.00,A,,0,0,0,,가{i}\n" for i in range(n))),
    "ttml, nested spans": (".ttml", lambda n: "<tt><body><div><p begin='1s' end='2s'>" + "<span>가" * n + "</span>" * n + "</p></div></body></tt>"),
    "clocks that restart": (".srt", lambda n: "".join(f"{i}\n00:00:{i % 7 * 2:02d},000 --> 00:00:{i % 7 * 2 + 2:02d},000\n네{i}\n\n" for i in range(n))),
    "a display that grows": (".srt", lambda n: "".join(f"{i}\n{_clock(i)} --> {_clock(i + 1)}\n{' '.join(f'가{k}' for k in range(i - i % 40, i + 1))}\n\n" for i in range(n))),
    "a display of one word": (".srt", lambda n: "".join(f"{i}\n{_clock(i)} --> {_clock(i + 1)}\n{'가 ' * 60}{i}\n\n" for i in range(n // 10))),
    "many turns in a cue": (".srt", lambda n: _SRT + "- 네\n" * n),
    "cues without times": (
        ".srt",
        lambda n: "".join(f"{i}\n00:00:00,000 --> 00:00:00,000\n네{i}\n\n" for i in range(n)),
    ),
}  # fmt: skip
