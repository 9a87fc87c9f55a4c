"""What must hold of every caption file, however broken: shared by tests and the fuzzer."""

from __future__ import annotations

import html
import json
from collections import Counter
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
    held = _letters(_source(text, suffix))
    for cue in track.cues:
        missing = _letters(cue.text) - held
        assert not missing, f"out of nowhere: {missing}"
        assert all(word.start_sec >= 0 for word in cue.words)
    result = segment(track)
    utterances = result.utterances
    assert all(0 <= u.start_sec < u.end_sec and u.text.strip() for u in utterances)
    assert all(a.start_sec <= b.start_sec for a, b in zip(utterances, utterances[1:], strict=False))
    said = sum((_letters(cue.text) for cue in track.cues), Counter())
    assert not sum((_letters(u.text) for u in utterances), Counter()) - said
    return True


def _letters(text: str) -> Counter[str]:
    """Letters and digits, as written and with entities resolved."""
    return Counter(c for c in fold(text + html.unescape(text)) if c.isalnum())


def _source(text: str, suffix: str) -> str:
    """The text of a file as its format spells it out."""
    if suffix != ".json3":
        return text
    values: list[Any] = [json.loads(text.replace("\x00", ""))]
    strings = []
    while values:
        value = values.pop()
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, dict | list):
            values += value.values() if isinstance(value, dict) else value
    return " ".join(strings)
