"""Training batches from Lhotse cuts: bucketed by duration, in a new order every epoch."""

from __future__ import annotations

import heapq
import itertools
import logging
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from echoharvester.audio.fbank import FRAME_SHIFT_SEC, fbank
from echoharvester.models.greedy import min_frames
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.augment import AcousticEnvironments, AudioFolder, augment
from echoharvester.training.batch import Batch, collate, start_worker, worker_context
from echoharvester.training.config import CutDataConfig

if TYPE_CHECKING:
    from lhotse import CutSet
    from lhotse.cut import Cut

logger = logging.getLogger(__name__)


class CutData:
    """Batches of cuts that a model with this tokenizer can learn from.

    The cuts are read as they are needed and never held: memory does not grow with their number.
    Which are left out and how many batches there are is counted in two passes at the start.
    """

    def __init__(
        self, cuts: CutSet, tokenizer: Tokenizer, config: CutDataConfig, subsampling_factor: int = 4
    ) -> None:
        """`cuts`: opened lazily (`CutSet.from_jsonl_lazy`), or few enough to be held."""
        self.config, self.dropped, self.num_cuts = config, Counter[str](), 0
        cuts = _at_speeds(cuts, config.speed_factors)
        self._longest: list[Cut] = []
        if config.shuffle:
            unfit = partial(_unfit, tokenizer=tokenizer, config=config, factor=subsampling_factor)
            self.cuts = cuts.filter(lambda cut: not unfit(cut))
            self._count(cuts, unfit)
        else:
            self.cuts = cuts
            self._count(cuts, lambda cut: "")
        self.environments = AcousticEnvironments(_folder(config.noise_dir), _folder(config.rir_dir))
        self._num_batches = sum(1 for _ in self._sampler(0)) if self.num_cuts else 0
        if self.dropped:
            logger.info("left out of training: %s", dict(self.dropped))

    def _count(self, cuts: CutSet, unfit: Callable[[Cut], str]) -> None:
        """Counts what is left out and what is kept, of which it remembers the longest."""
        most = 1 + int(self.config.batch_sec / self.config.min_sec)
        heap: list[tuple[float, int, Cut]] = []
        for cut in cuts:
            if reason := unfit(cut):
                self.dropped[reason] += 1
                continue
            self.num_cuts += 1
            entry = (cut.duration, -self.num_cuts, cut)  # of equals the first
            if len(heap) < most:
                heapq.heappush(heap, entry)
            elif entry > heap[0]:
                heapq.heapreplace(heap, entry)
        self._longest = [cut for _, _, cut in sorted(heap, key=lambda entry: entry[:2])[::-1]]

    def __len__(self) -> int:
        """Batches of the first epoch; later ones differ by a few."""
        return self._num_batches

    def batches(self, epoch: int, start: int = 0, stride: int = 1) -> Iterator[Batch]:
        if not self.num_cuts:
            return
        config = self.config
        loader = DataLoader(
            _Utterances(config, epoch, self.environments),
            sampler=_Every(self._sampler(epoch), start, stride),
            batch_size=None,
            num_workers=config.num_workers,
            multiprocessing_context=worker_context(config.num_workers),
            worker_init_fn=start_worker,
            generator=torch.Generator(),  # its own, so that loading draws nothing from the model's
        )
        yield from loader

    def largest(self) -> Batch | None:
        """The longest cuts, as many as a batch holds."""
        longest: list[Cut] = []
        for cut in self._longest:
            if longest and longest[0].duration * (len(longest) + 1) > self.config.batch_sec:
                break
            longest.append(cut)
        return _Utterances(self.config, 0, self.environments)[longest] if longest else None

    def _sampler(self, epoch: int) -> Any:
        from lhotse.dataset import DynamicBucketingSampler, DynamicCutSampler

        config = self.config
        # Processes share the batches by `start` and `stride`; Lhotse would divide them once more.
        alone = {"world_size": 1, "rank": 0}
        buckets = min(config.num_buckets, self.num_cuts // 4)
        if not config.shuffle or buckets < 2:
            sampler = DynamicCutSampler(
                self.cuts,
                max_duration=config.batch_sec,
                shuffle=config.shuffle,
                seed=config.seed,
                **alone,
            )
        else:
            sampler = DynamicBucketingSampler(
                self.cuts,
                max_duration=config.batch_sec,
                num_buckets=buckets,
                shuffle=True,
                seed=config.seed,
                drop_last=False,
                **alone,
            )
        sampler.set_epoch(epoch)
        return sampler


def _unfit(cut: Cut, tokenizer: Tokenizer, config: CutDataConfig, factor: int) -> str:
    """Why a cut cannot be learned from; "" if it can."""
    if not config.min_sec <= cut.duration <= config.max_sec:
        return "duration"
    ids = tokenizer.encode(cut.supervisions[0].text)
    if not ids:
        return "no_text"
    frames = int(cut.duration / FRAME_SHIFT_SEC) // factor - 2
    return "more_tokens_than_frames" if min_frames(ids) > frames else ""


def _at_speeds(cuts: CutSet, factors: Sequence[float]) -> CutSet:
    """The cuts, and copies of them at other speeds."""
    copies = [cuts.perturb_speed(factor) for factor in factors if factor != 1.0]
    return sum(copies, cuts) if copies else cuts


def _folder(path: str | None) -> AudioFolder | None:
    return AudioFolder(Path(path)) if path else None


class _Every:
    """Every `stride`-th batch of a sampler from `start` on: one process's, or what is left."""

    def __init__(self, sampler: Any, start: int, stride: int) -> None:
        self.sampler, self.start, self.stride = sampler, start, stride

    def __iter__(self) -> Iterator[Any]:
        return itertools.islice(iter(self.sampler), self.start, None, self.stride)


class _Utterances(Dataset):
    def __init__(
        self, config: CutDataConfig, epoch: int, environments: AcousticEnvironments
    ) -> None:
        self.config, self.epoch, self.environments = config, epoch, environments

    def __getitem__(self, cuts: Sequence[Cut]) -> Batch:
        texts, ids = [cut.supervisions[0].text for cut in cuts], [cut.id for cut in cuts]
        return collate([self._features(cut) for cut in cuts], texts, ids)

    def _features(self, cut: Cut) -> Tensor:
        """(T, 80): those stored with the cut, else computed from its sound."""
        if cut.has_features:
            return torch.from_numpy(cut.load_features())
        samples = cut.load_audio()[0]
        if self.config.augment:
            # From the cut and the epoch, not from a generator's history: resuming is exact.
            key = (self.config.seed, self.epoch, zlib.crc32(cut.id.encode()))
            samples = augment(samples, np.random.default_rng(key), self.environments)
        return fbank(samples)
