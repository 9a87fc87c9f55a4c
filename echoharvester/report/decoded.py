"""Decoded utterances one by one: the worst to hear, what they have in common, and what another run
made of them."""

from __future__ import annotations

import heapq
import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rapidfuzz.distance import Levenshtein

from echoharvester.decoding.compare import read_recogs
from echoharvester.decoding.results import file_name
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut
from echoharvester.report.listen import sound_of
from echoharvester.text.scores import normalize_for_scoring, respaced

logger = logging.getLogger(__name__)

MOST_ROWS, MOST_HEARD = 200, 30  # of a set: in the table, and with sound
MOST_NAMED = 12
MOST_POINTS = 5_000


@dataclass
class DecodedSet:
    """The utterances of one set that was decoded.

    Attributes:
        rows: the worst, and some of the others, with sound where there is room.
        points: CER, duration, SNR and id of every utterance (a part of very many).
        words, speakers: worst first: name, errors, and of how many.
        deleted, inserted: characters, by how often.
        changed: utterances that the other run has otherwise: id, reference, here, there, CERs.
        better, worse: how many utterances have fewer errors here than there, or more.
    """

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    points: list[list[Any]] = field(default_factory=list)
    words: list[tuple[str, int, int]] = field(default_factory=list)
    speakers: list[tuple[str, float, int]] = field(default_factory=list)
    deleted: list[tuple[str, int]] = field(default_factory=list)
    inserted: list[tuple[str, int]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    better: int = 0
    worse: int = 0


def recogs_path(record: Path, name: str, of_set: Mapping[str, Any]) -> Path:
    """The file of a set with the setting that a record of stage 12 names."""
    return record.parent / file_name("recogs", name, str(of_set["setting"]))


def decoded_set(
    name: str, recogs: Path, cuts: Iterable[Cut], other: Path | None = None
) -> DecodedSet | None:
    """What a `recogs-*` file says, with the cuts of the set; None where it cannot be read.

    Args:
        other: the `recogs-*` file of another run.
    """
    try:
        results = read_recogs(recogs)
        others = read_recogs(other) if other else {}
    except (OSError, UserError) as error:
        logger.warning("%s: not in the report: %s; run stage 12 again", name, error)
        return None
    found = DecodedSet(name)
    words: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    speakers: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    deleted, inserted = Counter[str](), Counter[str]()
    worst: list[tuple[float, str, dict[str, Any], Cut]] = []
    for cut in cuts:
        if cut["id"] not in results:
            continue
        reference, heard = results[cut["id"]]
        edits = Levenshtein.editops(reference, heard)
        wrong = {edit.src_pos for edit in edits if edit.tag != "insert"}
        deleted.update(reference[edit.src_pos] for edit in edits if edit.tag == "delete")
        inserted.update(heard[edit.dest_pos] for edit in edits if edit.tag == "insert")
        _count_words(text_of(cut), wrong, words)
        who = str(cut["supervisions"][0].get("speaker") or cut["custom"].get("title") or "-")
        speakers[who][0] += len(edits)
        speakers[who][1] += len(reference)
        rate = len(edits) / max(1, len(reference))
        row = _row(cut, heard, rate)
        if len(found.points) < MOST_POINTS:
            found.points.append([round(rate, 4), row["duration_sec"], row["snr_db"], cut["id"]])
        ranked = (rate, str(cut["id"]), row, cut)
        (heapq.heappush if len(worst) < MOST_ROWS else heapq.heappushpop)(worst, ranked)
        if cut["id"] in others:
            _compare(found, row, reference, heard, others[cut["id"]][1])
    worst.sort(key=lambda ranked: (-ranked[0], ranked[1]))
    for k, (_, _, row, cut) in enumerate(worst):
        # The worst, and some of the rest to hear what is no trouble.
        if k < MOST_HEARD - 10 or k % max(1, len(worst) // 10) == 0:
            row["sound"] = sound_of(cut)
        found.rows.append(row)
    found.words = _worst([(w, n[0], n[1]) for w, n in words.items()])
    found.speakers = _worst_rates(speakers)
    found.deleted, found.inserted = (
        deleted.most_common(MOST_NAMED),
        inserted.most_common(MOST_NAMED),
    )
    _keep_largest(found)
    return found


def _row(cut: Cut, heard: Sequence[str], rate: float) -> dict[str, Any]:
    text, custom = text_of(cut), cut["custom"]
    return {
        "id": cut["id"], "text": text, "heard": respaced("".join(heard), text), "cer": round(rate, 4),
        "duration_sec": round(cut["duration"], 2), "snr_db": custom.get("snr_db"),
        "title": str(custom.get("title") or ""), "sound": "",
    }  # fmt: skip


def _count_words(text: str, wrong: set[int], words: dict[str, list[int]]) -> None:
    place = 0
    for word in text.split():
        length = len(normalize_for_scoring(word))
        words[word][0] += any(k in wrong for k in range(place, place + length))
        words[word][1] += 1
        place += length


def _worst(rows: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    wrong = [row for row in rows if row[1]]
    return sorted(wrong, key=lambda row: (-row[1], row[2], row[0]))[:MOST_NAMED]


def _worst_rates(speakers: Mapping[str, Sequence[int]]) -> list[tuple[str, float, int]]:
    rates = [(who, n[0] / max(1, n[1]), n[1]) for who, n in speakers.items()]
    return sorted(rates, key=lambda row: (-row[1], row[0]))[:MOST_NAMED]


def _compare(
    found: DecodedSet,
    row: Mapping[str, Any],
    reference: Sequence[str],
    heard: Sequence[str],
    there: Sequence[str],
) -> None:
    here_errors = Levenshtein.distance(reference, heard)
    there_errors = Levenshtein.distance(reference, there)
    found.better += here_errors < there_errors
    found.worse += here_errors > there_errors
    if list(heard) != list(there):
        length = max(1, len(reference))
        found.changed.append({
            **row, "there_text": respaced("".join(there), str(row["text"])),
            "here": here_errors / length, "there": there_errors / length,
        })  # fmt: skip
        if len(found.changed) > 20 * MOST_NAMED:
            _keep_largest(found)


def _keep_largest(found: DecodedSet) -> None:
    found.changed.sort(key=lambda row: -abs(row["there"] - row["here"]))
    del found.changed[MOST_NAMED:]


def recogs_of_run(exp_dir: Path, method: str, name: str) -> Path | None:
    """The `recogs-*` file of a set in another run's folder, decoded with the same method, by its best
    setting; None where there is none."""
    for record in sorted(exp_dir.glob(f"*/{method}/decode*.json")) or sorted(
        exp_dir.glob(f"{method}/decode*.json")
    ):
        try:
            of_set = json.loads(record.read_text(encoding="utf-8"))["sets"][name]
            path = recogs_path(record, name, of_set)
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if path.exists():
            return path
    return None
