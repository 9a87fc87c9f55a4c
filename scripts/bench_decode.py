#!/usr/bin/env python
"""Decoding methods and exported files side by side, on one core and one set that none has heard.

    python scripts/bench_decode.py [--model PRETRAINED.pt] [--utterances 120] [--snr-db 10]

Speech of the voices that training leaves out, sentences of the grammar, white noise: hard enough
for a language model to help.  The language models are of other sentences of the same grammar.
Prints a table of methods (CER without spaces with its interval, model and search as parts of real
time, cost against greedy), then greedy decoding by PyTorch, ONNX and int8.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from echoharvester.audio.fbank import SAMPLING_RATE, fbank  # noqa: E402
from echoharvester.decoding.base import decode_set  # noqa: E402
from echoharvester.decoding.lang import LangConfig, prepare_lang  # noqa: E402
from echoharvester.decoding.methods import make_method  # noqa: E402
from echoharvester.decoding.results import summary_table  # noqa: E402
from echoharvester.exporting.onnx import export_onnx, offline_metadata, quantise  # noqa: E402
from echoharvester.models.acoustic import load_fbank_model  # noqa: E402
from echoharvester.models.checkpoint import load_model  # noqa: E402
from echoharvester.models.greedy import greedy_ids  # noqa: E402
from echoharvester.sources.synthetic.grammar import Grammar  # noqa: E402
from echoharvester.training.batch import Batch, collate  # noqa: E402
from echoharvester.training.synthetic import SyntheticConfig, SyntheticData  # noqa: E402

BEAM = {"beam": 8, "tokens": 10, "threshold": 7.0, "skip_blank": 0.999, "length_bonus": 0.0,
        "hot_words": [], "hot_word_boost": 0.0}  # fmt: skip
HLG = {"beam": 12.0, "max_active": 3000, "blank_penalty": 0.0}
METHODS: list[tuple[str, str, dict[str, Any]]] = [
    ("ctc_greedy", "ctc_greedy", {}),
    ("ctc_prefix_beam, beam 8", "ctc_prefix_beam", {**BEAM, "lm_scales": [0.0]}),
    (
        "ctc_prefix_beam, 6-gram of tokens",
        "ctc_prefix_beam",
        {**BEAM, "length_bonus": 0.5, "lm_scales": [0.3]},
    ),
    ("hlg, 3-gram of pieces", "hlg", {**HLG, "lm_scales": [0.5]}),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = ROOT / "egs/mini_ko/recogniser/pretrained.pt"
    parser.add_argument("--model", type=Path, default=default)
    parser.add_argument("--utterances", type=int, default=120)
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--sentences", type=int, default=20000, help="of the language models")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, tokenizer = load_model(options.model)
    samples, batches = speech(options.utterances, options.snr_db)
    audio_sec = sum(map(len, samples)) / SAMPLING_RATE
    print(
        f"{options.model.name}, {len(samples)} utterances, {audio_sec / 60:.1f} min, {options.snr_db:g} dB, one core\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        lang = Path(folder) / "lang"
        grammar, start = Grammar("bench language model"), time.perf_counter()
        texts = [grammar.sentence().spoken for _ in range(options.sentences)]
        made = prepare_lang(tokenizer, lang, texts, [], LangConfig())
        print(
            f"language models of {len(texts)} sentences in {time.perf_counter() - start:.0f} s: {made.summary}\n"
        )
        _methods(model, tokenizer, batches, lang)
        _files(model, tokenizer, samples, Path(folder), audio_sec)


def speech(count: int, snr_db: float) -> tuple[list[np.ndarray], list[Batch]]:
    """Utterances, and batches of 8 of like length."""
    from omegaconf import OmegaConf

    recipe = OmegaConf.load(ROOT / "egs/synth_ko/conf/recipe.yaml").train.synthetic
    config = SyntheticConfig(
        part="all",
        invented_share=0.0,
        list_share=0.0,
        voices=list(recipe.dev_voices),
        noisy=False,
        snr_db=snr_db,
    )
    data = SyntheticData(config, recipe.dev_seed)
    spoken = data.utterances(count, wide=False)
    spoken.sort(key=lambda u: len(u.samples))
    batches = [
        collate(
            [fbank(u.samples) for u in spoken[i : i + 8]],
            [u.text for u in spoken[i : i + 8]],
            [f"u{i + k}" for k in range(len(spoken[i : i + 8]))],
        )
        for i in range(0, len(spoken), 8)
    ]
    return [u.samples for u in spoken], batches


def _methods(model: Any, tokenizer: Any, batches: Sequence[Batch], lang: Path) -> None:
    print(
        "| method | CER without spaces | 95 % interval | model, RTF | search, RTF | cost, greedy = 1 |"
    )
    print("|---|---|---|---|---|---|")
    greedy = None
    for name, kind, values in METHODS:
        method = make_method(kind, values, tokenizer, lang)
        decode_set(model, batches[:2], method)  # warm up
        (found,) = decode_set(model, batches, method).values()
        row = summary_table(found.results)[0]
        spent = found.model_sec + found.search_sec
        greedy = greedy or spent
        low, high = row["ci95"]
        print(
            f"| {name} | {100 * row['rate']:.2f} % | {100 * low:.1f} to {100 * high:.1f} | "
            f"{found.model_sec / found.audio_sec:.4f} | {found.search_sec / found.audio_sec:.4f} | {spent / greedy:.2f} |",
            flush=True,
        )


def _files(
    model: Any, tokenizer: Any, samples: Sequence[np.ndarray], folder: Path, audio_sec: float
) -> None:
    path = folder / "model.onnx"
    export_onnx(model, tokenizer, path, offline_metadata(model, "bench"))
    quantise(path, folder / "model.int8.onnx")
    features = [fbank(s).numpy() for s in samples]
    runs: dict[str, Callable[[np.ndarray], np.ndarray]] = {"PyTorch fp32": _by_torch(model)}
    for name in ("model.onnx", "model.int8.onnx"):
        runs[name] = _by_onnx(folder / name)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(3):  # taken in turn, so that what else the machine does falls on all
        for name, run in runs.items():
            start = time.perf_counter()
            for one in features:
                tokenizer.decode(greedy_ids(run(one).argmax(axis=-1)))
            times[name].append(time.perf_counter() - start)
    print("\n| greedy, one utterance after the other | times real time | against PyTorch |")
    print("|---|---|---|")
    reference = sorted(times["PyTorch fp32"])[1]
    for name, spent in times.items():
        median = sorted(spent)[1]
        print(f"| {name} | {audio_sec / median:.0f} | {reference / median:.2f} |")


def _by_torch(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    @torch.inference_mode()
    def run(features: np.ndarray) -> np.ndarray:
        lens = torch.tensor([len(features)])
        return np.asarray(model(torch.from_numpy(features)[None], lens)[0][0].numpy())

    return run


def _by_onnx(path: Path) -> Callable[[np.ndarray], np.ndarray]:
    acoustic = load_fbank_model(path)

    def run(features: np.ndarray) -> np.ndarray:
        return acoustic.forward(features[None], np.array([len(features)], np.int64))[0][0]

    return run


if __name__ == "__main__":
    main()
