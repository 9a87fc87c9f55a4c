"""What a decoding method is, and a set run through a model and through methods."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor, nn

from echoharvester.audio.fbank import FRAME_SHIFT_SEC
from echoharvester.decoding.results import Result
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.tokenizers import Tokenizer
from echoharvester.training.batch import Batch


@dataclass(frozen=True)
class Emissions:
    """What a model says of a batch.

    Attributes:
        log_probs: (N, T', V) on the CPU.
        lens: (N,) frames.
        texts, ids: of the utterances.
    """

    log_probs: Tensor
    lens: Tensor
    texts: Sequence[str]
    ids: Sequence[str]

    def rows(self) -> Iterator[Tensor]:
        """Of each utterance (T', V), without padding."""
        for row, length in zip(self.log_probs, self.lens.tolist(), strict=True):
            yield row[:length]


class Method(Protocol):
    """Turns emissions into texts, with one or several settings at once.

    `settings` are the names of its variants, as they stand in file names ("" for the only one).
    """

    @property
    def settings(self) -> Sequence[str]: ...

    def decode(self, emissions: Emissions) -> Mapping[str, Sequence[str]]:
        """Setting to texts, one for each utterance."""
        ...


class Greedy:
    """The best token of every frame, repeats and blanks removed."""

    settings = ("",)

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def decode(self, emissions: Emissions) -> dict[str, list[str]]:
        best = (row.argmax(dim=-1).numpy() for row in emissions.rows())
        return {"": [self.tokenizer.decode(greedy_ids(row)) for row in best]}


@dataclass
class Decoded:
    """Results of a set with one setting, the audio in it, and the time that was spent.

    `model_sec` went to the model, `search_sec` to the search, over all settings at once.
    """

    results: list[Result] = field(default_factory=list)
    audio_sec: float = 0.0
    model_sec: float = 0.0
    search_sec: float = 0.0

    @property
    def real_time_factor(self) -> float:
        return (self.model_sec + self.search_sec) / max(self.audio_sec, 1e-9)


@torch.no_grad()  # k2 wants version counters, which inference mode has not
def decode_set(
    model: nn.Module, batches: Iterable[Batch], method: Method, device: str = "cpu"
) -> dict[str, Decoded]:
    """Every batch through the model and the method, by setting."""
    model = model.to(device).eval()
    found = {setting: Decoded() for setting in method.settings}
    for batch in batches:
        start = time.perf_counter()
        log_probs, lens = model(batch.features.to(device), batch.lens.to(device))
        emissions = Emissions(log_probs.float().cpu(), lens.cpu(), batch.texts, batch.ids)
        middle = time.perf_counter()
        texts = method.decode(emissions)
        end = time.perf_counter()
        for setting, decoded in found.items():
            decoded.results += [
                Result(utterance_id, text, hypothesis)
                for utterance_id, text, hypothesis in zip(
                    batch.ids, batch.texts, texts[setting], strict=True
                )
            ]
            decoded.audio_sec += float(batch.lens.sum()) * FRAME_SHIFT_SEC
            decoded.model_sec += middle - start
            decoded.search_sec += (end - middle) / len(found)
    return found


def scale_setting(scale: float) -> str:
    """How a setting is called in file names.

    >>> scale_setting(0.30)
    'lm_scale-0.3'
    """
    return f"lm_scale-{scale:g}"
