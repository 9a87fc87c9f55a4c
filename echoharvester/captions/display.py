"""What is shown again is said once: live captions that roll up or grow, words lit up in turn, cues that
a server cut.

A cue is a screen.  Of a run of screens without a pause, what a screen carries over from the one before
it (its last words, at the front of the next) was said with that one.  People repeat themselves, too: so
a run has to carry words again and again and add others, and a text that is only said twice is left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from echoharvester.captions.cues import Cue, TimedWord

NO_PAUSE_SEC = 0.2  # editors leave up to four or five frames between the screens of a live caption
TOUCHING_SEC = 0.02  # the two halves of a cue that a server cut
OVERLAP_SEC = 0.05
FADE_SEC = 0.3  # shown for less than this, a text is a step of a fade
_MAX_ROWS = 8  # of a display
_LEAST_RUN_SHARE = 1 / 3  # of the pairs of a run that carry words, where it rolls
_SEGMENTS_SEC = (2, 3, 4, 5, 6, 8, 10, 12)  # lengths that streams are cut to
_TAG = re.compile(r"<(/?)([A-Za-z]+)([^<>]*)>|\{(\\[^{}]*)\}")


def once(cues: Sequence[Cue]) -> tuple[list[Cue], Counter[str]]:
    """Cues in order of time with every phrase where it was said, and how many went by what they were.

    >>> show = [Cue(0, 1, ("오늘",)), Cue(1, 2, ("오늘 날씨",)), Cue(2, 3, ("오늘 날씨 참",))]
    >>> [cue.text for cue in once(show)[0]], [word.start_sec for word in once(show)[0][0].words]
    (['오늘 날씨 참'], [0, 1, 2])
    """
    repairs: Counter[str] = Counter()
    chained = list(_chained(cues, repairs))
    result: list[Cue] = []
    for run in _runs(chained):
        result += _unrolled(run, repairs) if _rolls(run) else run
    return result, repairs


# --- The same text again ---


def _chained(cues: Sequence[Cue], repairs: Counter[str]) -> Iterator[Cue]:
    """Cues of which none shows the same text as the one before it without a pause, unless it may
    have been said again."""
    touching = [
        abs(b.start_sec - a.end_sec) <= TOUCHING_SEC for a, b in pairwise(cues) if a.text != b.text
    ]
    seldom = sum(touching) * 4 <= len(touching)
    chain: list[Cue] = []
    for cue in cues:
        if chain and cue.text == chain[-1].text and not cue.words:
            chain.append(cue)
            continue
        yield from _one(chain, seldom, repairs)
        chain = [cue]
    yield from _one(chain, seldom, repairs)


def _one(chain: list[Cue], seldom: bool, repairs: Counter[str]) -> Iterator[Cue]:
    """Cues of the same text in a row: those that are one cue shown in pieces as one.

    `seldom`: cues of this file do not touch otherwise.
    """
    part: list[Cue] = []
    for cue in chain:
        if part and _is_continued(part[-1], cue, seldom):
            part.append(cue)
            continue
        if part:
            yield _whole(part, repairs)
        part = [cue]
    if part:
        yield _whole(part, repairs)


def _is_continued(before: Cue, cue: Cue, seldom: bool) -> bool:
    gap = cue.start_sec - before.end_sec
    if before.speakers != cue.speakers:
        return False
    if gap <= -OVERLAP_SEC:
        return True  # nobody says a sentence while saying it
    if gap > NO_PAUSE_SEC:
        return False
    if (
        before.marked != cue.marked
    ):  # some of its words are lit; all of it: another voice, or a fade
        brief = min(before.end_sec - before.start_sec, cue.end_sec - cue.start_sec) < FADE_SEC
        return brief or _is_mixed(before.marked) or _is_mixed(cue.marked)
    border = cue.start_sec
    on_grid = abs(border - round(border)) <= 0.002 and any(
        round(border) % length == 0 for length in _SEGMENTS_SEC
    )
    edges = (before.start_sec, cue.end_sec)
    off_grid = all(abs(edge - round(edge)) > 0.002 for edge in edges)
    is_sentence = " " in cue.text  # single words are shouted twice
    return abs(gap) <= TOUCHING_SEC and ((seldom and is_sentence) or (on_grid and off_grid))


def _is_mixed(marked: str) -> bool:
    """Whether some words have other tags than others."""
    return len({style for _, style in styled_words(marked)}) > 1


def _whole(part: Sequence[Cue], repairs: Counter[str]) -> Cue:
    """One cue for those that show one text, with the times at which its words are lit."""
    first = part[0]
    if len(part) == 1:
        return first
    repairs["shown_again"] += sum(cue.count for cue in part[1:])
    end = max(cue.end_sec for cue in part)
    return replace(first, end_sec=end, words=first.words or _lit(part))


def _lit(part: Sequence[Cue]) -> tuple[TimedWord, ...]:
    """Words with the time at which their style first changes; () unless that is in their order."""
    styles = [styled_words(cue.marked) for cue in part]
    words = [word for word, _ in styles[0]]
    if not words or any([word for word, _ in found] != words for found in styles):
        return ()
    if all(_all_change(a, b) for a, b in pairwise(styles)):
        return ()  # it fades in
    times = [part[0].start_sec]
    for i in range(1, len(words)):
        changes = (
            cue.start_sec
            for cue, now, before in zip(part[1:], styles[1:], styles, strict=False)
            if now[i][1] != before[i][1]
        )
        times.append(next(changes, -1.0))
    known = [TimedWord(word, time) for word, time in zip(words, times, strict=True) if time >= 0]
    in_order = all(a.start_sec <= b.start_sec for a, b in pairwise(known))
    return tuple(known) if in_order and len(known) > 1 else ()


def _all_change(before: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]]) -> bool:
    changes = [a[1] != b[1] for a, b in zip(before, now, strict=True)]
    return all(changes) or not any(changes)


def styled_words(marked: str) -> list[tuple[str, str]]:
    """The words of marked-up text, each with the tags that are open where it begins.

    >>> styled_words('오늘은 <b>날씨</b>가')
    [('오늘은', ''), ('날씨가', 'b')]
    """
    found: list[tuple[str, str]] = []
    open_tags: list[str] = []
    overrides, position, within = "", 0, False
    for tag in [*_TAG.finditer(marked), None]:
        piece = marked[position : tag.start() if tag else len(marked)]
        style = "|".join(open_tags) + overrides
        for k, part in enumerate(re.split(r"(\s+)", piece)):
            if not part:
                continue
            if k % 2:
                within = False
            elif within:
                found[-1] = (found[-1][0] + part, found[-1][1])
            else:
                found.append((part, style))
                within = True
        if not tag:
            break
        position = tag.end()
        if tag[4]:
            overrides = tag[4]
        elif not tag[1]:
            open_tags.append((tag[2] + tag[3]).strip())
        elif open_tags:
            open_tags.pop()
    return found


# --- Screens that carry words over ---


def _runs(cues: Sequence[Cue]) -> Iterator[list[Cue]]:
    """Cues without a pause between them, and none whose words have times already."""
    run: list[Cue] = []
    for cue in cues:
        if run and (cue.words or run[-1].words or cue.start_sec - run[-1].end_sec > NO_PAUSE_SEC):
            yield run
            run = []
        run.append(cue)
    if run:
        yield run


def _rolls(run: Sequence[Cue]) -> bool:
    """Whether the screens of a run carry words over and add others."""
    if len(run) < 3:
        return False
    pairs = [(a.text.split(), b.text.split(), _carried(a, b)) for a, b in pairwise(run)]
    carrying = [(a, b, count) for a, b, count in pairs if count]
    adding = sum(count < len(b) or b[count - 1] != a[-1] for a, b, count in carrying)
    return adding >= 2 and len(carrying) >= _LEAST_RUN_SHARE * len(pairs)


def _carried(before: Cue, cue: Cue) -> int:
    """How many words a screen has of the one before it; nothing is carried from one speaker to another."""
    if before.speakers != cue.speakers:
        return 0
    return carried_words([line.split() for line in before.lines], cue.text.split())


def carried_words(rows: Sequence[Sequence[str]], words: Sequence[str]) -> int:
    """How many first words of a screen are the last rows of the screen before: rows scroll off as a whole,
    so that a word which is only said again is none of them.  All of that screen may be carried while its
    last word still grows.

    >>> carried_words([["내일"], ["비가"]], ["비가", "옵니다"]), carried_words([["안녕하"]], ["안녕하세요"])
    (1, 1)
    >>> carried_words([["너를", "사랑해"]], ["사랑해", "영원히"])
    0
    """
    shown = [word for row in rows for word in row]
    count = len(shown)
    if 0 < count <= len(words) and list(words[: count - 1]) == list(shown[:-1]):
        if words[count - 1] == shown[-1]:
            return count
        if len(shown[-1]) > 1 and words[count - 1].startswith(shown[-1]):
            return count
    for row in rows[:1]:
        count -= len(row)
    for row in [*rows[1:_MAX_ROWS], ()]:
        if 0 < count <= len(words) and shown[-count:] == list(words[:count]):
            return count
        count -= len(row)
    return 0


def _unrolled(run: Sequence[Cue], repairs: Counter[str]) -> list[Cue]:
    """A cue for every row of a run, with the times at which its words came where they came singly."""
    rows: list[Cue] = []
    before: Cue | None = None
    for cue in run:
        words = cue.text.split()
        carried = _carried(before, cue) if before else 0
        if carried and rows:
            row = _grown(rows[-1], words[carried - 1])
            rows[-1] = replace(row, end_sec=max(row.end_sec, cue.start_sec))
        lines = _new_lines(cue, carried)
        count = cue.count
        if lines and carried and rows and not lines[0][0]:  # it goes on where the last row ended
            rows[-1] = _continued(rows[-1], lines[0][1], cue)
            lines, count = lines[1:], 0
        if lines:
            text = tuple(" ".join(new) for _, new in lines)
            rows.append(
                replace(
                    cue, lines=text, speakers=cue.speakers[:1] * len(text), marked="", count=count
                )
            )
        elif carried:
            rows[-1] = replace(rows[-1], end_sec=max(rows[-1].end_sec, cue.end_sec))
        repairs["shown_again"] += cue.count * (carried == len(words))
        repairs["rolled"] += 0 < carried < len(words)
        before = cue
    return [
        replace(row, end_sec=max(following.start_sec, row.start_sec + 0.01))
        if following and 0 < following.start_sec - row.end_sec <= NO_PAUSE_SEC
        else row
        for row, following in zip(rows, [*rows[1:], None], strict=True)
    ]


def _new_lines(cue: Cue, carried: int) -> list[tuple[bool, list[str]]]:
    """The words of each row that are new, and whether they begin the row."""
    found = []
    for line in cue.lines:
        words = line.split()
        if new := words[max(0, carried) :]:
            found.append((carried <= 0, new))
        carried -= len(words)
    return found


def _continued(row: Cue, new: Sequence[str], cue: Cue) -> Cue:
    """A row with more words at its end, which came with `cue`."""
    known = row.words or (TimedWord(row.lines[-1].split()[0], row.start_sec),)
    text = (*row.lines[:-1], f"{row.lines[-1]} {' '.join(new)}")
    words = (*known, TimedWord(new[0], cue.start_sec))
    count = row.count + cue.count
    return replace(row, lines=text, end_sec=cue.end_sec, words=words, count=count)


def _grown(row: Cue, last: str) -> Cue:
    """A row whose last word got longer."""
    *front, text = row.lines
    before = text.split()
    if before[-1] == last or not last.startswith(before[-1]):
        return row
    words = row.words
    if words and words[-1].text == before[-1]:
        words = (*words[:-1], TimedWord(last, words[-1].start_sec))
    return replace(row, lines=(*front, " ".join([*before[:-1], last])), words=words)
