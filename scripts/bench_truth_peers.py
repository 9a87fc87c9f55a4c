"""Other ways to align, and captions of something else: parts of bench_truth.py."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein
from scipy.stats import mannwhitneyu

from echoharvester.align.base import Alignment, Request
from echoharvester.align.boundaries import place_words
from echoharvester.align.ctc import CtcAligner, forced_path
from echoharvester.audio.media import load_sound
from echoharvester.audio.pauses import Loudness
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import Cut, read_all_cuts
from echoharvester.models.emissions import AcousticModel
from echoharvester.text.scores import normalize_for_scoring

Words = list[tuple[str, float, float]]  # text, start, end in seconds
MEDIA = 30  # enough for both comparisons
MISTAKEN_SEC = 1.0  # further off than this is another word


@dataclass(frozen=True)
class Sample:
    """One recording with its emissions, what is asked of aligners, and what is true."""

    sound: np.ndarray
    log_probs: np.ndarray
    requests: list[Request]
    true_words: Words
    faulty: bool


class Emitted:
    """An acoustic model whose emissions are known already."""

    def __init__(self, model: AcousticModel, log_probs: np.ndarray) -> None:
        self.name, self.tokenizer, self.frame_sec = model.name, model.tokenizer, model.frame_sec
        self.first_frame_sec, self._log_probs = model.first_frame_sec, log_probs

    def log_probs(self, samples: np.ndarray, chunk_sec: float) -> np.ndarray:
        return self._log_probs


def samples_of(
    data_dir: Path, media: Sequence[Cut], truth: Sequence[Cut], model: AcousticModel
) -> list[Sample]:
    cuts: dict[str, list[Cut]] = defaultdict(list)
    said: dict[str, list[Cut]] = defaultdict(list)
    for cut in read_all_cuts(data_dir / "manifests", "cuts_segmented"):
        if cut["supervisions"]:
            cuts[cut["custom"]["media_id"]].append(cut)
    for cut in truth:
        said[cut["custom"]["media_id"]].append(cut)
    samples = []
    for media_item in sorted(media, key=lambda m: m["duration"])[:MEDIA]:
        own = cuts[media_item["id"]]
        if not own:
            continue
        sound = load_sound(media_item)
        requests = [
            Request(
                c["custom"].get("text_candidates") or [text_of(c)],
                c["custom"]["caption_start_sec"],
                c["custom"]["caption_end_sec"],
            )
            for c in own
        ]
        words = [
            (
                normalize_for_scoring(w[0]),
                c["custom"]["media_start_sec"] + w[1],
                c["custom"]["media_start_sec"] + w[1] + w[2],
            )
            for c in said[media_item["id"]]
            for w in c["supervisions"][0]["alignment"]["word"]
        ]
        amiss = {c["custom"]["fault"] for c in said[media_item["id"]]} - {"", "shifted", "drift"}
        noisy = any(c["custom"]["snr_db"] < 10 for c in said[media_item["id"]])
        samples.append(Sample(sound, model.log_probs(sound), requests, words, bool(amiss) or noisy))
    return samples


def separation(samples: Sequence[Sample], model: AcousticModel) -> str:
    """How well alignment scores tell right captions from wrong ones: areas under the ROC."""
    good = [s for s in samples if not s.faulty]
    rng = random.Random(0)
    texts = [list(r.verbalisations) for s in good for r in s.requests]

    def scores(change: Callable[[list[str]], list[str]] | None, share: float) -> list[float]:
        found = []
        for sample in good:
            changed = [change is not None and rng.random() < share for _ in sample.requests]
            requests = [
                Request(change(list(r.verbalisations)), r.start_sec, r.end_sec)
                if c and change
                else r
                for r, c in zip(sample.requests, changed, strict=True)
            ]
            aligned = _ours(sample, requests, model)
            found += [
                a.score if a else 0.0
                for a, c in zip(aligned, changed, strict=True)
                if c or change is None
            ]
        return found

    right = scores(None, 0.0)
    lines = ["| wrong captions | of all captions | AUC |", "|---|---|---|"]
    for name, change in (
        ("of another video", lambda _: rng.choice(texts)),
        ("words shuffled", _shuffled(rng)),
    ):
        for share in (0.3, 1.0):
            wrong = scores(change, share)
            area = mannwhitneyu(right, wrong).statistic / (len(right) * len(wrong))
            lines.append(f"| {name} | {share:.0%} | {area:.4f} |")
    return "\n".join(lines)


def _shuffled(rng: random.Random) -> Callable[[list[str]], list[str]]:
    def change(verbalisations: list[str]) -> list[str]:
        words = verbalisations[0].split()
        mixed = words[:]
        while len(set(words)) > 1 and mixed == words:
            rng.shuffle(mixed)
        return [" ".join(mixed)]

    return change


def _ours(
    sample: Sample, requests: Sequence[Request], model: AcousticModel
) -> list[Alignment | None]:
    aligner = CtcAligner(Emitted(model, sample.log_probs))  # type: ignore[arg-type]
    aligned = aligner.align(sample.sound, requests)
    return place_words(aligned, Loudness.of(sample.sound), aligner.boundaries)


def compare_aligners(samples: Sequence[Sample], model: AcousticModel) -> str:
    """Boundary errors of ours and of others; words that are missing count in the last column."""
    methods: dict[str, Callable[[Sample], Words]] = {
        "this aligner": lambda s: _words(_ours(s, s.requests, model)),
        "its cores alone": lambda s: _words(
            CtcAligner(Emitted(model, s.log_probs)).align(s.sound, s.requests)  # type: ignore[arg-type]
        ),
        "forced path inside each caption's times": lambda s: _within_captions(s, model),
    }
    try:
        import ctc_segmentation  # noqa: F401

        methods["ctc-segmentation, whole recording"] = lambda s: _ctc_segmentation(s, model)
    except ImportError:
        pass
    lines = [
        "| method | mean, ms | median, ms | within 20 | within 50 | within 100 | words found |",
        "|---|---|---|---|---|---|---|",
    ]
    good = [s for s in samples if not s.faulty]
    for name, method in methods.items():
        errors, wanted = [], 0
        for sample in good:
            errors += boundary_errors(sample.true_words, method(sample))
            wanted += 2 * len(sample.true_words)
        ms = 1000 * np.array(errors)
        shares = " | ".join(f"{np.mean(ms <= limit):.3f}" for limit in (20, 50, 100))
        lines.append(
            f"| {name} | {ms.mean():.0f} | {np.median(ms):.0f} | {shares} | {len(ms) / wanted:.3f} |"
        )
    return "\n".join(lines)


def boundary_errors(true: Words, found: Words) -> list[float]:
    """Of starts and ends of words that both have, seconds; other words of the same text left out."""
    errors = []
    for block in Levenshtein.editops(
        [w[0] for w in true], [w[0] for w in found]
    ).as_matching_blocks():
        for i in range(block.size):
            a, b = true[block.a + i], found[block.b + i]
            if abs(a[1] - b[1]) < MISTAKEN_SEC:
                errors += [abs(a[1] - b[1]), abs(a[2] - b[2])]
    return errors


def _words(alignments: Sequence[Alignment | None]) -> Words:
    return [
        (normalize_for_scoring(w.text), w.start_sec, w.end_sec)
        for a in alignments
        if a
        for w in a.words
    ]


def _within_captions(sample: Sample, model: AcousticModel) -> Words:
    """Each caption's times believed: one forced path in them, a word from its first to its last peak."""
    words: Words = []
    for request in sample.requests:
        first = max(0, int(request.start_sec / model.frame_sec))
        window = sample.log_probs[first : int(request.end_sec / model.frame_sec) + 1]
        texts = request.verbalisations[0].split()
        ids = [model.tokenizer.encode(text) for text in texts]
        path = forced_path(window, [i for word in ids for i in word])
        if path is None:
            continue
        done = 0
        for text, word in zip(texts, ids, strict=True):
            begin, end = path.first[done], path.last[done + len(word) - 1] + 1
            words.append((normalize_for_scoring(text), (first + begin) * model.frame_sec, (first + end) * model.frame_sec))  # fmt: skip
            done += len(word)
    return words


def _ctc_segmentation(sample: Sample, model: AcousticModel) -> Words:
    """ctc-segmentation (Kuerzinger et al. 2020) over the whole recording, a word a segment."""
    import ctc_segmentation

    texts = [text for request in sample.requests for text in request.verbalisations[0].split()]
    config = ctc_segmentation.CtcSegmentationParameters(
        char_list=list(model.tokenizer.symbols), index_duration=model.frame_sec
    )
    tokens = [np.array(model.tokenizer.encode(text)) for text in texts]
    matrix, begins = ctc_segmentation.prepare_token_list(config, tokens)
    timings, probabilities, _ = ctc_segmentation.ctc_segmentation(config, sample.log_probs, matrix)
    segments = ctc_segmentation.determine_utterance_segments(
        config, begins, probabilities, timings, texts
    )
    return [
        (normalize_for_scoring(text), float(start), float(end))
        for text, (start, end, _) in zip(texts, segments, strict=True)
    ]
