"""Exported files run as people will run them, against PyTorch: tokens, error rate, size, speed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from echoharvester.audio.fbank import SAMPLING_RATE, fbank
from echoharvester.exporting.onnx import ExportError
from echoharvester.exporting.streaming import StreamingCtc, stream_log_probs
from echoharvester.models.acoustic import load_fbank_model
from echoharvester.models.ctc import CtcModel
from echoharvester.models.greedy import greedy_ids
from echoharvester.text.scores import cer, total
from echoharvester.text.tokenizers import SPACE, Tokenizer

MAX_CER_RISE = 0.005  # of a file with fewer bits ...
ENOUGH_CHARS = 1000  # ... where that is more than chance: half a point of less is a few errors
TAIL_SEC = 0.8  # silence that flushes a streaming model


@dataclass(frozen=True)
class SpokenExample:
    """16 kHz samples (num_samples,) and what is said in them."""

    samples: np.ndarray
    text: str


@dataclass(frozen=True)
class Checked:
    """A file run by a program.

    Attributes:
        size_mb: of the file, 10^6 bytes.
        same_tokens: utterances with the very tokens of PyTorch, of `utterances`.
        rate, errors, chars: CER without spaces, and what it is made of.
        real_time_factor: features included, one thread.
    """

    file: str
    program: str
    size_mb: float
    same_tokens: int
    utterances: int
    rate: float
    errors: int
    chars: int
    real_time_factor: float


Tokens = list[list[str]]


def check_offline(
    model: CtcModel,
    tokenizer: Tokenizer,
    files: Sequence[Path],
    utterances: Sequence[SpokenExample],
) -> list[Checked]:
    """PyTorch, onnxruntime and sherpa-onnx on the same utterances.

    Raises:
        ExportError: if a file of full precision gives other tokens, or another one a CER that is
            more than half a point higher (of few characters: by more than chance).
    """
    reference, seconds = _timed(lambda: _pytorch(model, tokenizer, utterances))
    rows = [_row("-", "PyTorch fp32", 0.0, reference, reference, tokenizer, utterances, seconds)]
    for path in files:
        size_mb = path.stat().st_size / 1e6
        for program, run in (("onnxruntime", _onnxruntime), ("sherpa-onnx", _sherpa)):
            found, seconds = _timed(lambda: run(path, utterances))  # noqa: B023 (run at once)
            row = _row(
                path.name, program, size_mb, found, reference, tokenizer, utterances, seconds
            )
            _judge(row, rows[0], is_full=path.stem == "model")
            rows.append(row)
    return rows


def check_streaming(
    streaming: StreamingCtc,
    tokenizer: Tokenizer,
    files: Sequence[Path],
    utterances: Sequence[SpokenExample],
) -> list[Checked]:
    """The same of streaming files, by sherpa-onnx.

    Raises:
        ExportError: as `check_offline`.
    """
    reference, seconds = _timed(lambda: _pytorch_streaming(streaming, tokenizer, utterances))
    rows = [_row("-", "PyTorch fp32, streaming", 0.0, reference, reference, tokenizer, utterances, seconds)]  # fmt: skip
    for path in files:
        found, seconds = _timed(lambda: _sherpa_streaming(path, utterances))  # noqa: B023
        size_mb = path.stat().st_size / 1e6
        row = _row(
            path.name, "sherpa-onnx", size_mb, found, reference, tokenizer, utterances, seconds
        )
        _judge(row, rows[0], is_full=path.stem == "streaming")
        rows.append(row)
    return rows


def _timed(run: Callable[[], Tokens]) -> tuple[Tokens, float]:
    run()  # loading, and whatever happens once, is not what is measured
    start = time.perf_counter()
    found = run()
    return found, time.perf_counter() - start


def _row(
    file: str, program: str, size_mb: float, found: Tokens, reference: Tokens, tokenizer: Tokenizer,
    utterances: Sequence[SpokenExample], seconds: float,
) -> Checked:  # fmt: skip
    ids = {symbol: i for i, symbol in enumerate(tokenizer.symbols)}
    texts = [tokenizer.decode(ids[symbol] for symbol in symbols) for symbols in found]
    counts = total(cer(u.text, text) for u, text in zip(utterances, texts, strict=True))
    same = sum(a == b for a, b in zip(found, reference, strict=True))
    audio_sec = sum(len(u.samples) for u in utterances) / SAMPLING_RATE
    return Checked(
        file, program, size_mb, same, len(utterances), counts.rate, counts.errors,
        counts.reference_length, seconds / audio_sec,
    )  # fmt: skip


def _judge(row: Checked, reference: Checked, is_full: bool) -> None:
    if is_full and row.same_tokens < row.utterances:
        raise ExportError(
            f"{row.file} by {row.program}: other tokens than PyTorch's for "
            f"{row.utterances - row.same_tokens} of {row.utterances} utterances"
        )
    allowed = MAX_CER_RISE * row.chars
    if row.chars < ENOUGH_CHARS:
        allowed = max(allowed, 1 + math.sqrt(row.errors + reference.errors))
    if row.errors - reference.errors > allowed:
        raise ExportError(
            f"{row.file} by {row.program}: CER {100 * row.rate:.2f} %, PyTorch's is "
            f"{100 * reference.rate:.2f} % of {row.chars} characters; more than {100 * MAX_CER_RISE} points were lost"
        )


@torch.inference_mode()
def _pytorch(model: CtcModel, tokenizer: Tokenizer, utterances: Sequence[SpokenExample]) -> Tokens:
    found = []
    for utterance in utterances:
        features = fbank(utterance.samples)
        log_probs, _ = model(features[None], torch.tensor([len(features)]))
        found.append(_symbols(log_probs[0].argmax(dim=-1).numpy(), tokenizer))
    return found


def _pytorch_streaming(
    streaming: StreamingCtc, tokenizer: Tokenizer, utterances: Sequence[SpokenExample]
) -> Tokens:
    found = []
    for utterance in utterances:
        log_probs = stream_log_probs(streaming, fbank(_with_tail(utterance.samples)))
        found.append(_symbols(log_probs.argmax(dim=-1).numpy(), tokenizer))
    return found


def _symbols(best: np.ndarray, tokenizer: Tokenizer) -> list[str]:
    return [tokenizer.symbols[i] for i in greedy_ids(best)]


def _onnxruntime(path: Path, utterances: Sequence[SpokenExample]) -> Tokens:
    model = load_fbank_model(path)
    found = []
    for utterance in utterances:
        features = fbank(utterance.samples).numpy()
        log_probs, _ = model.forward(features[None], np.array([len(features)], np.int64))
        found.append(_symbols(log_probs[0].argmax(axis=-1), model.tokenizer))
    return found


def _sherpa(path: Path, utterances: Sequence[SpokenExample]) -> Tokens:
    import sherpa_onnx

    tokens = str(path.with_name("tokens.txt"))
    recogniser = sherpa_onnx.OfflineRecognizer.from_zipformer_ctc(str(path), tokens, num_threads=1)
    found = []
    for utterance in utterances:
        stream = recogniser.create_stream()
        stream.accept_waveform(SAMPLING_RATE, utterance.samples)
        recogniser.decode_stream(stream)
        found.append(_as_written(stream.result.tokens))
    return found


def _as_written(tokens: Sequence[str]) -> list[str]:
    """Tokens as `tokens.txt` has them; sherpa-onnx shows the mark of a space as one."""
    return [token.replace(" ", SPACE) for token in tokens]


def _with_tail(samples: np.ndarray) -> np.ndarray:
    return np.pad(samples, (0, round(TAIL_SEC * SAMPLING_RATE)))


def _sherpa_streaming(path: Path, utterances: Sequence[SpokenExample]) -> Tokens:
    import sherpa_onnx

    tokens = str(path.with_name("tokens.txt"))
    recogniser = sherpa_onnx.OnlineRecognizer.from_zipformer2_ctc(tokens, str(path), num_threads=1)
    found = []
    for utterance in utterances:
        stream = recogniser.create_stream()
        stream.accept_waveform(SAMPLING_RATE, _with_tail(utterance.samples))
        stream.input_finished()
        while recogniser.is_ready(stream):
            recogniser.decode_stream(stream)
        found.append(_as_written(recogniser.tokens(stream)))
    return found
