"""Alignment by Qwen3-ForcedAligner through its package (an extra).

It takes a few minutes of sound at once, so recordings are cut at pauses between captions; it
knows no punctuation and cuts eojeol into morphemes, so its items are matched with the text by
their letters.  Its times are on a grid of 80 ms: `boundaries` refines them by loudness.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from echoharvester.align.base import AlignedWord, Alignment, BoundaryConfig, Request
from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.audio.pauses import Loudness
from echoharvester.errors import UserError
from echoharvester.models.device import device_of, dtype_on
from echoharvester.models.extras import require
from echoharvester.models.hub import loading

CAPTION_CLOCK_SEC = 2.0  # how far off captions may be; more of a chunk is heard on both sides
PEAK_BINS = 1  # grid points on both sides of the best whose probability counts for it


@dataclass(frozen=True)
class Chunk:
    """A stretch of sound, and the requests (by index) that lie in it."""

    start_sec: float
    end_sec: float
    requests: range


class Qwen3Aligner:
    """One model, loaded once, gone with the process of the stage."""

    chooses_verbalisations = False
    heard_by = ""
    edges_by_vad = False

    def __init__(
        self,
        repo: str,
        device: str = "auto",
        max_chunk_sec: float = 180.0,
        revision: str | None = None,
        boundaries: BoundaryConfig | None = None,
    ) -> None:
        """
        Args:
            repo: a folder, or the name of a repository on the hub.
            max_chunk_sec: sound that the model takes at once; it was made for up to 300 s.

        Raises:
            MissingExtraError: saying what to install.
            UserError: for chunks longer than that.
        """
        if not 10 <= max_chunk_sec <= 300:
            raise UserError(f"align.max_chunk_sec={max_chunk_sec}: from 10 to 300 seconds")
        package = require("qwen_asr", "qwen")
        logging.getLogger("transformers").setLevel(logging.ERROR)
        place = device_of(device)
        options = {} if revision is None else {"revision": revision}
        with loading(repo, "a Qwen3-ForcedAligner"):
            self._aligner = package.Qwen3ForcedAligner.from_pretrained(
                repo, dtype=dtype_on(place), device_map=place, **options
            )
        self.max_chunk_sec = max_chunk_sec
        self.boundaries = boundaries or BoundaryConfig()

    def align(self, samples: np.ndarray, requests: Sequence[Request]) -> list[Alignment | None]:
        result: list[Alignment | None] = [None] * len(requests)
        duration_sec = len(samples) / SAMPLING_RATE
        for chunk in chunks(requests, Loudness.of(samples), duration_sec, self.max_chunk_sec):
            first, last = (round(t * SAMPLING_RATE) for t in (chunk.start_sec, chunk.end_sec))
            texts = [requests[i].verbalisations[0] for i in chunk.requests]
            found = self._in_chunk(samples[first:last], texts, chunk.start_sec)
            for i, alignment in zip(chunk.requests, found, strict=True):
                result[i] = alignment
        return result

    def _in_chunk(
        self, sound: np.ndarray, texts: Sequence[str], offset_sec: float
    ) -> list[Alignment | None]:
        """The first verbalisation of each caption; the model takes one text."""
        import torch

        aligner = self._aligner
        items, prompt = aligner.aligner_processor.encode_timestamp(" ".join(texts), "Korean")
        if not items:
            return [None] * len(texts)
        inputs = aligner.processor(text=[prompt], audio=[sound], return_tensors="pt", padding=True)
        inputs = inputs.to(aligner.model.device).to(aligner.model.dtype)
        with torch.inference_mode():
            logits = aligner.model.thinker(**inputs).logits[0]
        at = inputs["input_ids"][0] == aligner.timestamp_token_id
        probabilities = logits[at].float().softmax(dim=-1).cpu().numpy()
        grid_ms = aligner.timestamp_segment_time
        # The package mends times that run backwards; what it had to move keeps its own score.
        placed = aligner.aligner_processor.parse_timestamp(
            items, probabilities.argmax(axis=-1) * grid_ms
        )
        sureness = _sureness(probabilities)
        timed = [
            AlignedWord(
                item["text"],
                offset_sec + item["start_time"] / 1000,
                offset_sec + item["end_time"] / 1000,
                float(sureness[2 * k : 2 * k + 2].mean()),
            )
            for k, item in enumerate(placed)
        ]
        return list(_by_text(texts, timed, self._margin_sec))

    @property
    def _margin_sec(self) -> float:
        """How far inside of its times a word certainly is: half the grid."""
        return float(self._aligner.timestamp_segment_time) / 2000


def _sureness(probabilities: np.ndarray) -> np.ndarray:
    """The probability of the best grid point and its neighbours, (N, bins) to (N,)."""
    best = probabilities.argmax(axis=-1)
    padded = np.pad(probabilities, ((0, 0), (PEAK_BINS, PEAK_BINS)))
    near = best[:, None] + np.arange(2 * PEAK_BINS + 1)
    return np.take_along_axis(padded, near, axis=1).sum(axis=1)


def chunks(
    requests: Sequence[Request], loudness: Loudness, duration_sec: float, max_sec: float
) -> Iterator[Chunk]:
    """Requests in order, in stretches of at most `max_sec`, cut where it is still.

    A stretch begins and ends in the longest pause near the border between two captions, or, where
    there is none, in the middle between them.
    """
    first, start = 0, max(0.0, requests[0].start_sec - CAPTION_CLOCK_SEC) if requests else 0.0
    for i in range(1, len(requests) + 1):
        if i < len(requests) and requests[i].end_sec + CAPTION_CLOCK_SEC - start <= max_sec:
            continue
        if i == len(requests):
            end = min(duration_sec, requests[-1].end_sec + CAPTION_CLOCK_SEC, start + max_sec)
        else:
            border = (requests[i - 1].end_sec + requests[i].start_sec) / 2
            end = min(_still_near(loudness, border), start + max_sec, duration_sec)
        if end > start:
            yield Chunk(start, end, range(first, i))
        next_start = requests[i].start_sec - CAPTION_CLOCK_SEC if i < len(requests) else end
        # Sound that nobody captioned is left out; else the next begins where this one ends.
        first, start = i, max(end, min(next_start, duration_sec))


def _still_near(loudness: Loudness, border_sec: float) -> float:
    low, high = max(0.0, border_sec - CAPTION_CLOCK_SEC), border_sec + CAPTION_CLOCK_SEC
    runs = loudness.quiet_runs(low, high)
    if not runs:
        return border_sec
    start, end = max(runs, key=lambda run: run[1] - run[0])
    return (start + end) / 2


def _by_text(
    texts: Sequence[str], items: Sequence[AlignedWord], margin_sec: float
) -> Iterator[Alignment | None]:
    """Items, whose letters are those of all texts in order, as words of the texts.

    A word's times become cores: `margin_sec` inside of what was found.
    """
    letters = [(char, i) for i, item in enumerate(items) for char in item.text]
    position = 0
    for text in texts:
        words: list[AlignedWord] = []
        for eojeol in text.split():
            owners = []
            for char in filter(_is_letter, eojeol):
                if position < len(letters) and letters[position][0] == char:
                    owners.append(letters[position][1])
                    position += 1
            if not owners:
                continue
            parts = [items[i] for i in dict.fromkeys(owners)]
            start, end = parts[0].start_sec + margin_sec, parts[-1].end_sec - margin_sec
            middle = (parts[0].start_sec + parts[-1].end_sec) / 2
            score = float(np.mean([part.score for part in parts]))
            words.append(AlignedWord(eojeol, min(start, middle), max(end, middle), score))
        if len(words) < len(text.split()):
            yield None  # a word of nothing but signs: there is no time for it
            continue
        sizes = [len(word.text) for word in words]
        yield Alignment(
            text, tuple(words), float(np.average([w.score for w in words], weights=sizes))
        )


def _is_letter(char: str) -> bool:
    """What the package keeps of a text: letters, digits, the apostrophe."""
    return char == "'" or unicodedata.category(char)[0] in "LN"
