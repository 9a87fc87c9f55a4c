#!/usr/bin/env python
"""What a harvest keeps of real speech, against what was really said.

    python scripts/bench_real_speech.py CLIPS WEIGHTS OUT [--talks A:B] [--cue-sec 30] [overrides]

CLIPS holds folders of a talk each: FLAC files of 16 kHz and `*.trans.txt`, whose lines are "NAME TEXT"
(the form of the Pansori TEDxKR corpus, Choi and Lee 2018, arXiv:1812.09798). WEIGHTS is a Whisper in
CTranslate2's form. A talk's clips are laid end to end with pauses of room noise and captioned, each talk
with another fault of the wild; OUT gets media, captions, truth and the harvest. Prints Markdown: what was
kept by fault of the captions, what of captions that were corrupted on purpose, and seconds by stage.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from rapidfuzz.distance import Levenshtein

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "local")]

from echoharvester.align.media import request_of  # noqa: E402
from echoharvester.align.whisper import WhisperAligner  # noqa: E402
from echoharvester.asr.corruption import KINDS, SMALL_KINDS  # noqa: E402
from echoharvester.asr.evidence import PACKAGED, read_curve  # noqa: E402
from echoharvester.asr.evidence_fit import RIGHT, examples  # noqa: E402
from echoharvester.audio.media import load_sound  # noqa: E402
from echoharvester.manifests.cuts import is_rejected  # noqa: E402
from echoharvester.manifests.shards import read_all_cuts  # noqa: E402
from echoharvester.models.whisper import Whisper  # noqa: E402
from echoharvester.text.scores import normalize_for_scoring  # noqa: E402
from echoharvester.text.spoken import candidates  # noqa: E402

RATE = 16000
FAULTS = ("accurate", "late", "accurate", "rolling", "mixed", "drift", "accurate", "other talk")
PAUSES_SEC = (0.15, 0.3, 0.6, 1.2)
LATE_SEC, DRIFT = 1.8, 0.01
USABLE = ("", "tagged")  # captions that say what was said
NEAR_SEC = 0.2  # a cut that begins so near to a clip's border begins with the clip
STAGES = range(10)


@dataclass
class Row:
    """A clip in a talk: when it sounds, what was said, and what its caption says.

    Attributes:
        fault: of this caption alone: "", tagged, wrong, missing, shortened.
    """

    start: float
    end: float
    said: str
    caption: str
    fault: str = ""


@dataclass
class Talk:
    """One medium of the library."""

    name: str
    fault: str
    seconds: float
    rows: list[Row]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clips", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--talks", default="0:8", help="which, in order of their names")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cue-sec", type=float, default=0.0, help="cues of several clips, so long")
    options = parser.parse_intermixed_args()
    first, last = map(int, options.talks.split(":"))
    talks = build(options.clips, options.out, first, last, options.seed, options.cue_sec)
    seconds = harvest(options.out.resolve(), options.weights.resolve(), options.overrides)
    total = sum(talk.seconds for talk in talks)
    print(f"\n{len(talks)} talks, {total / 60:.0f} minutes\n")
    print_kept(talks, options.out / "data" / "manifests")
    print_corrupted(talks, options.out / "data" / "manifests", options.weights, options.seed)
    print_cost(seconds, total)


def build(
    clips: Path, out: Path, first: int, last: int, seed: int, cue_sec: float = 0.0
) -> list[Talk]:
    """Writes the library: `media/`, and `truth.json` of what was said when."""
    rng = random.Random(seed)
    found = dict(read_clips(clips))
    names = sorted(found)[first:last]
    texts = [text for name in names for _, text in found[name]]
    media = out / "media"
    media.mkdir(parents=True, exist_ok=True)
    talks = []
    for i, name in enumerate(names):
        samples, rows = lay_out(found[name], rng)
        talk = Talk(f"talk{i:02d}", FAULTS[i % len(FAULTS)], len(samples) / RATE, rows)
        other = [text for _, text in found[names[i - 1]]]
        spoil(talk, rng, texts, other)
        soundfile.write(media / f"{talk.name}.flac", samples, RATE)
        rolling = talk.fault == "rolling"
        path = media / f"{talk.name}.ko.{'vtt' if rolling else 'srt'}"
        path.write_text(rolling_vtt(rows) if rolling else srt(talk, rng, cue_sec), encoding="utf-8")
        talks.append(talk)
    truth = {t.name: {"fault": t.fault, "rows": [vars(row) for row in t.rows]} for t in talks}
    (out / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1), "utf-8")
    return talks


def read_clips(folder: Path, fewest: int = 30) -> Iterator[tuple[str, list[tuple[Path, str]]]]:
    """Talks of at least so many clips: name, and sound and text of each clip."""
    for path in sorted(folder.rglob("*.trans.txt")):
        pairs = []
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            name, _, text = line.partition(" ")
            sound = path.with_name(f"{name}.flac")
            if text.strip() and sound.is_file():
                pairs.append((sound, text.strip()))
        if len(pairs) >= fewest:
            yield path.parent.name, pairs


def lay_out(clips: Sequence[tuple[Path, str]], rng: random.Random) -> tuple[np.ndarray, list[Row]]:
    """Clips end to end with pauses of noise between, and when the speech of each begins and ends."""
    noise = np.random.default_rng(rng.randrange(1 << 30))
    parts: list[np.ndarray] = []
    rows, position = [], 0
    for path, text in clips:
        sound, rate = soundfile.read(path, dtype="float32")
        if rate != RATE or sound.ndim != 1:
            raise SystemExit(f"{path}: not one channel of {RATE} Hz")
        pause = round(rng.choice(PAUSES_SEC) * RATE)
        floor = max(1e-4, float(np.quantile(np.abs(sound), 0.15)))
        parts += [(noise.standard_normal(pause) * floor / 2).astype(np.float32), sound]
        position += pause
        begin, end = loud_span(sound)
        rows.append(Row(position / RATE + begin, position / RATE + end, text, text))
        position += len(sound)
    parts.append(np.zeros(RATE, np.float32))
    return np.clip(np.concatenate(parts), -1, 1), rows


def loud_span(sound: np.ndarray, hop: int = RATE // 50) -> tuple[float, float]:
    """Where the speech of a clip begins and ends: 35 % of the way from its quiet to its loud frames."""
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-10)
    quiet, loud = np.quantile(level, [0.1, 0.95])
    above = level > quiet + 0.35 * (loud - quiet)
    steady = np.flatnonzero(np.convolve(above, np.ones(3), "same") >= 2)
    if not len(steady):
        return 0.0, len(sound) / RATE
    return float(steady[0] / 50), float((steady[-1] + 1) / 50)


def spoil(talk: Talk, rng: random.Random, texts: Sequence[str], other: Sequence[str]) -> None:
    """The captions of a talk with the faults of its kind."""
    for i, row in enumerate(talk.rows):
        if talk.fault == "other talk":
            row.caption, row.fault = other[i % len(other)], "wrong"
        if talk.fault != "mixed":
            continue
        dice, words = rng.random(), row.said.split()
        if dice < 0.12:
            row.caption, row.fault = rng.choice(texts), "wrong"
        elif dice < 0.20:
            row.caption, row.fault = "", "missing"
        elif dice < 0.28:
            row.caption, row.fault = f"[음악] {row.said}", "tagged"
        elif dice < 0.36 and len(words) > 3:
            words.pop(rng.randrange(len(words)))
            row.caption, row.fault = " ".join(words), "shortened"


def clock(seconds: float, mark: str) -> str:
    ms = max(0, round(1000 * seconds))
    return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d}{mark}{ms % 1000:03d}"


def srt(talk: Talk, rng: random.Random, cue_sec: float) -> str:
    late = LATE_SEC if talk.fault == "late" else 0.0
    rate = 1 + (DRIFT if talk.fault == "drift" else 0.0)
    blocks = []
    for i, rows in enumerate(cues(talk.rows, cue_sec), 1):
        begin = rows[0].start * rate + late - rng.uniform(0, 0.4)
        end = rows[-1].end * rate + late + rng.uniform(0, 0.5)
        caption = " ".join(row.caption for row in rows)
        blocks.append(f"{i}\n{clock(begin, ',')} --> {clock(end, ',')}\n{caption}\n")
    return "\n".join(blocks)


def cues(rows: Sequence[Row], cue_sec: float) -> Iterator[list[Row]]:
    """Clips that share a cue of at most so many seconds; each alone where it is longer."""
    cue: list[Row] = []
    for row in rows:
        if cue and row.end - cue[0].start > cue_sec:
            yield cue
            cue = []
        cue.append(row)
    if cue:
        yield cue


def rolling_vtt(rows: Sequence[Row]) -> str:
    """As a site writes automatic captions: a line builds up word by word, and is carried over."""
    lines = ["WEBVTT", "Kind: captions", "Language: ko", ""]
    above = " "
    for i, row in enumerate(rows):
        words = row.caption.split()
        until = rows[i + 1].start if i + 1 < len(rows) else row.end + 3
        step = (row.end - row.start) / len(words)
        timed = [f"<{clock(row.start + k * step, '.')}><c> {w}</c>" for k, w in enumerate(words)]
        place = "align:start position:0%"
        built, last = words[0] + "".join(timed[1:]), until - 0.01
        lines += [f"{clock(row.start, '.')} --> {clock(last, '.')} {place}", above, built, ""]
        lines += [f"{clock(last, '.')} --> {clock(until, '.')} {place}", row.caption, " ", ""]
        above = row.caption
    return "\n".join(lines)


def harvest(out: Path, weights: Path, overrides: Sequence[str]) -> dict[int, float]:
    """Stages 0 to 9 of korean_yt; seconds of each."""
    settings = [
        "source=local", f"source.paths=[{out / 'media'}]", f"data_dir={out / 'data'}",
        f"exp_dir={out / 'exp'}", "align=whisper", f"align.repo={weights}", "asr=faster_whisper",
        f"asr.repo={weights}", *overrides,
    ]  # fmt: skip
    seconds = {}
    for stage in STAGES:
        begun = time.monotonic()
        command = [str(ROOT / "run.sh"), "--recipe", "korean_yt", "--stage", str(stage)]
        subprocess.run(
            [*command, "--stop-stage", str(stage), *settings], check=True, env=os.environ
        )
        seconds[stage] = time.monotonic() - begun
    return seconds


@dataclass
class Tally:
    """What was kept of the talks of one fault.

    Attributes:
        kept, exact: utterances, and those whose label is what was said.
        usable_sec, harvested_sec: speech with a usable caption, and that of it in exact labels.
        borders: distances in s of cuts from the clips' borders.
    """

    kept: int = 0
    exact: int = 0
    usable_sec: float = 0.0
    harvested_sec: float = 0.0
    borders: list[float] = field(default_factory=list)


def tallied(talks: Sequence[Talk], manifests: Path) -> dict[str, Tally]:
    """What was kept, by fault of the captions."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    by_name = {talk.name: talk for talk in talks}
    for talk in talks:
        usable = (row.end - row.start for row in talk.rows if row.fault in USABLE)
        tallies[talk.fault].usable_sec += sum(usable)
    counted: set[tuple[str, int]] = set()
    for cut in read_all_cuts(manifests, "cuts_reviewed"):
        if cut["custom"]["status"] != "accepted":
            continue
        talk = by_name[Path(cut["custom"]["media_path"]).stem]
        tally = tallies[talk.fault]
        start, end = cut["start"], cut["start"] + cut["duration"]
        inside = [
            i for i, row in enumerate(talk.rows) if min(row.end, end) - max(row.start, start) > 0.12
        ]
        rows = [talk.rows[i] for i in inside]
        tally.kept += 1
        if not rows or not is_exact(cut["supervisions"][0]["text"], rows, start, end):
            continue
        tally.exact += 1
        off = (abs(start - rows[0].start), abs(end - rows[-1].end))
        tally.borders += [x for x in off if x < 1.0]  # farther: a cut inside a clip
        for i, row in zip(inside, rows, strict=True):
            if row.fault in USABLE and (talk.name, i) not in counted:
                counted.add((talk.name, i))
                tally.harvested_sec += min(row.end, end) - max(row.start, start)
    return tallies


def print_kept(talks: Sequence[Talk], manifests: Path) -> None:
    tallies = tallied(talks, manifests)
    print("| captions | kept | label exactly right | speech kept | border off, median | 90 % |")
    print("|---|---|---|---|---|---|")
    everything = Tally()
    for fault, tally in tallies.items():
        print(table_row(fault, tally))
        for name, value in vars(tally).items():
            setattr(everything, name, getattr(everything, name) + value)
    print(table_row("all", everything))
    print_pauses(talks, manifests)


def print_pauses(talks: Sequence[Talk], manifests: Path) -> None:
    missed = unpaused(talks, manifests)
    print(f"\nBegins and ends where nobody pauses: {np.mean(missed):.1%} of {len(missed)}")


def unpaused(talks: Sequence[Talk], manifests: Path) -> list[bool]:
    """For every beginning and end of an accepted utterance, whether the sound has no pause there."""
    media = manifests.parents[1] / "media"
    paused = {talk.name: pauses(media / f"{talk.name}.flac") for talk in talks}
    missed = []
    for cut in read_all_cuts(manifests, "cuts_reviewed"):
        if cut["custom"]["status"] != "accepted":
            continue
        times = paused[Path(cut["custom"]["media_path"]).stem]
        for edge in (cut["start"], cut["start"] + cut["duration"]):
            missed.append(bool(np.abs(times - edge).min(initial=np.inf) > NEAR_SEC))
    return missed


def pauses(path: Path, hop: int = RATE // 50, shortest: int = 5) -> np.ndarray:
    """Seconds (N,) of frames in pauses of 0.1 s and more: as quiet as between clips, see `loud_span`."""
    sound = soundfile.read(path, dtype="float32")[0]
    frames = sound[: len(sound) // hop * hop].reshape(-1, hop)
    level = 10 * np.log10((frames**2).mean(axis=1) + 1e-10)
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(level, 250, mode="reflect"), 501)[
        ::50
    ]
    bounds = np.quantile(windows, [0.1, 0.95], axis=1)  # of ten seconds, every second
    limit = np.repeat(bounds[0] + 0.35 * (bounds[1] - bounds[0]), 50)[: len(level)]
    quiet = level <= limit
    runs = np.lib.stride_tricks.sliding_window_view(quiet, shortest).all(axis=1)
    spread = np.convolve(runs, np.ones(shortest))[: len(level)] > 0
    return np.flatnonzero(spread) / 50 + 0.01


def table_row(name: str, tally: Tally) -> str:
    def share(part: float, whole: float) -> str:
        return f"{part / whole:.1%}" if whole else ""

    def ms(quantile: float) -> str:
        return f"{1000 * np.quantile(tally.borders, quantile):.0f} ms" if tally.borders else ""

    exact, kept = share(tally.exact, tally.kept), share(tally.harvested_sec, tally.usable_sec)
    return f"| {name} | {tally.kept} | {exact} | {kept} | {ms(0.5)} | {ms(0.9)} |"


def is_exact(text: str, rows: Sequence[Row], start: float, end: float) -> bool:
    """Whether a label is what was said in its time.

    Where a cut begins or ends inside a clip nobody knows between which letters; a quarter of the
    clip's letters, 4 to 12, may be in or out there.
    """
    label = normalize_for_scoring(text)
    readings = [
        {normalize_for_scoring(r) for r in (row.said, *candidates(row.said))} for row in rows
    ]
    for said in itertools.islice(itertools.product(*readings), 256):
        whole = "".join(said)
        first, first_slack = place(said[0], rows[0], start)
        last, last_slack = place(said[-1], rows[-1], end)
        last += len(whole) - len(said[-1])
        if rows[-1].end - end < NEAR_SEC:
            last, last_slack = len(whole), 0
        if start - rows[0].start < NEAR_SEC:
            first, first_slack = 0, 0
        for i in range(max(0, first - first_slack), first + first_slack + 1):
            j = i + len(label)
            if abs(j - last) <= last_slack and Levenshtein.distance(whole[i:j], label) == 0:
                return True
    return False


def place(said: str, row: Row, time_sec: float) -> tuple[int, int]:
    """Which letter of a clip is said at a time, about, and how far that may be off."""
    share = (time_sec - row.start) / (row.end - row.start)
    return round(len(said) * min(1.0, max(0.0, share))), min(12, max(4, round(len(said) / 4)))


def print_corrupted(talks: Sequence[Talk], manifests: Path, weights: Path, seed: int) -> None:
    """Of the captions of accurate talks that stages 4 and 5 take, what the packaged curve accepts."""
    curve = read_curve(PACKAGED, "whisper")
    assert curve
    aligner = WhisperAligner(Whisper(str(weights)))
    accurate = {talk.name for talk in talks if talk.fault == "accurate"}
    cuts = [c for c in read_all_cuts(manifests, "cuts_filtered") if not is_rejected(c)]
    accepted, number = Counter[str](), Counter[str]()
    rng = random.Random(seed)
    for media_id, found in itertools.groupby(cuts, key=lambda cut: cut["custom"]["media_id"]):
        of_media = list(found)
        if Path(of_media[0]["custom"]["media_path"]).stem not in accurate:
            continue
        requests, samples = [request_of(cut) for cut in of_media], load_sound(of_media[0])
        for example in examples(aligner, samples, requests, media_id, 4, rng):
            number[example.kind] += 1
            accepted[example.kind] += curve.probability(example.figures) >= curve.threshold
    print("\n| captions of the accurate talks | number | accepted |\n|---|---|---|")
    order = [RIGHT, *(k for k in KINDS if k not in SMALL_KINDS), *SMALL_KINDS]
    for kind in [k for k in order if number[k]]:
        print(f"| {kind} | {number[kind]} | {accepted[kind] / number[kind]:.1%} |")


def print_cost(seconds: dict[int, float], total_sec: float) -> None:
    print(f"\n| stage | s | times real time, {os.cpu_count()} cores |\n|---|---|---|")
    for stage, spent in seconds.items():
        print(f"| {stage} | {spent:.0f} | {total_sec / spent:.0f} |")
    whole = sum(seconds.values())
    print(f"| all | {whole:.0f} | {total_sec / whole:.1f} |")


if __name__ == "__main__":
    main()
