"""Endless synthetic training data: new sentences, voices, speeds and noise in every batch.

Batch k of epoch e depends on (seed, e, k) alone, so a resumed run sees what an
undisturbed one would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.signal import resample_poly
from torch.utils.data import DataLoader, Dataset

from echoharvester.audio.fbank import SAMPLING_RATE
from echoharvester.sources.synthetic.espeak import (
    Espeak,
    MispronouncedError,
    Voice,
    espeak,
)
from echoharvester.sources.synthetic.grammar import Grammar
from echoharvester.training.augment import (
    add_noise,
    augment,
    colored_noise,
    through_channel,
)
from echoharvester.training.batch import Batch, collate_samples, start_worker, worker_context

ESPEAK_RATE = 22050
PITCH_PER_OCTAVE = 70  # of espeak-ng's numbers, near its middle (measured)
POOL_BATCHES = 4  # utterances of this many batches are sorted by length before they are cut


@dataclass(frozen=True)
class SyntheticConfig:
    """What is spoken, by whom, and how it is spoiled.

    Attributes:
        part: side of the lexicon's hold-out split, "train", "heldout" or "all".
        invented_share, list_share: sentences of invented words, and of shuffled real words.
        voices: espeak-ng voices.
        rate_wpm: slowest and fastest.
        tract: least and greatest factor of all formants: bodies of other sizes than espeak-ng's.
            Silences are divided by it; the rate of words stays.
        pause_share: chance of a pause in front of a word.
        pause_sec: shortest and longest silence of a pause, and behind all words.
        edge_sec: the same in front of all words.
        channels: whether microphones and lossy codecs differ.
        noisy: whether audio is augmented; otherwise clean.
        snr_db: white noise at this SNR and nothing else, for tests.
    """

    part: str = "train"
    invented_share: float = 0.35
    list_share: float = 0.25
    voices: list[str] = field(default_factory=lambda: ["ko"])
    rate_wpm: tuple[int, int] = (120, 230)
    pitch: tuple[int, int] = (20, 80)
    tract: tuple[float, float] = (1.0, 1.0)
    pause_share: float = 0.08
    pause_sec: tuple[float, float] = (0.1, 0.8)
    edge_sec: tuple[float, float] = (0.05, 0.5)
    channels: bool = False
    noisy: bool = True
    snr_db: float | None = None
    max_sec: float = 14.0
    batch_sec: float = 120.0
    batches_per_epoch: int = 500
    num_workers: int = 1


def judged_speech(name: str, voices: list[str]) -> SyntheticConfig:
    """Unheard words to judge on: `noisy` at 15 dB, `varied` by other bodies and channels, else clean."""
    varied = name == "varied"
    return SyntheticConfig(
        part="heldout",
        voices=voices,
        batches_per_epoch=12,
        batch_sec=90.0,
        num_workers=0,
        noisy=False,
        snr_db=15.0 if name == "noisy" else None,
        tract=(0.75, 1.33) if varied else (1.0, 1.0),
        channels=varied,
    )


@dataclass(frozen=True)
class SyntheticUtterance:
    samples: np.ndarray  # (num_samples,) at 16 kHz
    text: str


class SyntheticData:
    """Batches of endless speech; see `SyntheticConfig`."""

    def __init__(self, config: SyntheticConfig, seed: int) -> None:
        self.config, self.seed = config, seed

    def __len__(self) -> int:
        return self.config.batches_per_epoch

    def batches(self, epoch: int, start: int = 0, stride: int = 1) -> Iterator[Batch]:
        first_pool, skip = divmod(start, POOL_BATCHES)
        pools = _Pools(self, epoch)
        loader = DataLoader(
            pools,
            batch_size=None,
            sampler=range(first_pool, len(pools)),
            num_workers=self.config.num_workers,
            multiprocessing_context=worker_context(self.config.num_workers),
            prefetch_factor=4 if self.config.num_workers else None,
            worker_init_fn=start_worker,
            generator=torch.Generator(),  # its own, so that loading draws nothing from the model's
        )
        index = first_pool * POOL_BATCHES
        for pool in loader:
            for batch in pool:
                if start <= index < len(self) and (index - start) % stride == 0:
                    yield batch
                index += 1

    def largest(self) -> None:
        """Nothing: batches hold about the same amount of audio."""

    def pool(self, epoch: int, index: int) -> list[Batch]:
        """`POOL_BATCHES` batches, each of utterances of like length."""
        key = f"{self.seed}/{epoch}/{index}"
        rng = np.random.default_rng(list(key.encode()))
        grammar = Grammar(key, self.config.part, wide=True)
        utterances, total_sec = [], 0.0
        with espeak() as speaker:
            while total_sec < POOL_BATCHES * self.config.batch_sec:
                try:
                    utterance = self.utterance(speaker, grammar, rng)
                except MispronouncedError:
                    continue  # a rare word; the text would not be what is heard
                duration_sec = len(utterance.samples) / SAMPLING_RATE
                if duration_sec <= self.config.max_sec:
                    utterances.append(utterance)
                    total_sec += duration_sec
        utterances.sort(key=lambda u: len(u.samples))
        batches = _cut_evenly(utterances, POOL_BATCHES)
        return [
            collate_samples(
                [u.samples for u in b], [u.text for u in b], [f"{key}-{i}" for i in range(len(b))]
            )
            for b in (batches[i] for i in rng.permutation(len(batches)))
        ]

    def utterances(self, count: int, wide: bool = True) -> list[SyntheticUtterance]:
        """So many utterances, always the same; `wide`: with the words of the vocabulary, too."""
        rng = np.random.default_rng(self.seed)
        grammar = Grammar(str(self.seed), self.config.part, wide)
        found: list[SyntheticUtterance] = []
        with espeak() as speaker:
            while len(found) < count:
                try:
                    found.append(self.utterance(speaker, grammar, rng))
                except MispronouncedError:
                    continue
        return found

    def utterance(
        self, speaker: Espeak, grammar: Grammar, rng: np.random.Generator
    ) -> SyntheticUtterance:
        """One sentence by one voice, with pauses, silence around it and (if noisy) augmented."""
        config = self.config
        kind = rng.random()
        if kind < config.invented_share:
            text = grammar.invented_sentence().spoken
        elif kind < config.invented_share + config.list_share:
            text = grammar.word_list().spoken
        else:
            text = grammar.sentence().spoken
        name = str(rng.choice(config.voices))
        rate, pitch = rng.integers(*config.rate_wpm), rng.integers(*config.pitch)
        range_ = rng.integers(20, 80)
        tract = _drawn_factor(config.tract, rng)
        # Played `tract` times as fast below, so spoken slower and lower: rate and, as far as espeak-ng's
        # numbers reach, pitch stay.
        pitch = round(pitch - PITCH_PER_OCTAVE * np.log2(tract))
        voice = Voice(name, round(rate / tract), int(np.clip(pitch, 0, 99)), int(range_))
        pieces = [_silence(rng, *config.edge_sec)]
        for phrase in _phrases(text.split(), config.pause_share, rng):
            pieces += [speaker.say(phrase, voice).samples, _silence(rng, *config.pause_sec)]
        samples = resample_poly(np.concatenate(pieces), 320, round(441 * tract)).astype(np.float32)
        if config.channels:
            samples = through_channel(samples, rng)
        if config.noisy:
            samples = augment(samples, rng)
        elif config.snr_db is not None:
            noise = colored_noise(len(samples), 0.0, rng)
            samples = add_noise(samples, noise, config.snr_db).astype(np.float32)
        return SyntheticUtterance(samples, text)


class _Pools(Dataset):
    def __init__(self, data: SyntheticData, epoch: int) -> None:
        self.data, self.epoch = data, epoch

    def __len__(self) -> int:
        return -(-len(self.data) // POOL_BATCHES)

    def __getitem__(self, index: int) -> list[Batch]:
        return self.data.pool(self.epoch, index)


def _phrases(words: list[str], pause_share: float, rng: np.random.Generator) -> list[str]:
    phrases = [words[0]]
    for word in words[1:]:
        if rng.random() < pause_share:
            phrases.append(word)
        else:
            phrases[-1] += " " + word
    return phrases


def _drawn_factor(bounds: tuple[float, float], rng: np.random.Generator) -> float:
    """Uniform in octaves; a single value draws nothing."""
    low, high = np.log2(bounds)
    return float(2 ** rng.uniform(low, high)) if low < high else float(bounds[0])


def _silence(rng: np.random.Generator, low_sec: float, high_sec: float) -> np.ndarray:
    return np.zeros(int(rng.uniform(low_sec, high_sec) * ESPEAK_RATE), np.float32)


def _cut_evenly(utterances: list[SyntheticUtterance], parts: int) -> list[list[SyntheticUtterance]]:
    """Consecutive runs with about the same amount of audio in each."""
    ends = np.cumsum([len(u.samples) for u in utterances])
    bounds = np.searchsorted(ends, ends[-1] * np.arange(1, parts) / parts)
    starts, stops = [0, *bounds], [*bounds, len(utterances)]
    return [utterances[a:b] for a, b in zip(starts, stops, strict=True) if b > a]
