#!/usr/bin/env python
"""Error rates of a recogniser on synthetic speech that its training never heard, by kind.

    python scripts/bench_recogniser.py [MODEL] [--utterances 150] [--snr-db 15] [--lm-sentences 100000]
    python scripts/bench_recogniser.py [MODEL] --voices            # other bodies, haste, channels
    python scripts/bench_recogniser.py [MODEL] --espeak LIBRARY DATA    # another version of espeak-ng

Voices are those that training leaves out.  Words are the lemmas that are held out ("unheard"),
those of training in new sentences ("heard"), or invented.  Prints a table in Markdown: CER
without spaces and jamo error rate, with 95 % bootstrap intervals of the CER.  With --lm-sentences a
prefix beam search has an n-gram model of jamo, estimated on other sentences of the same kinds over
all words: it has read the words that the recogniser never heard, as people have.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

# Settings of `SyntheticConfig` by kind of words, and by what else differs.
KINDS: dict[str, dict[str, Any]] = {
    "invented words": {"invented_share": 1.0, "list_share": 0.0},
    "unheard words, in lists": {"invented_share": 0.0, "list_share": 1.0},
    "unheard words, in sentences": {"invented_share": 0.0, "list_share": 0.0},
    "heard words, in lists": {"part": "train", "invented_share": 0.0, "list_share": 1.0},
    "heard words, in sentences": {"part": "train", "invented_share": 0.0, "list_share": 0.0},
    "mix of the dev set (35 % invented, 25 % lists, unheard)": {},
}
VOICES: dict[str, dict[str, Any]] = {
    "voices as espeak-ng has them": {},
    **{f"formants times {x}": {"tract": (x, x)} for x in (0.75, 0.85, 1.15, 1.3)},
    "250 to 320 words a minute": {"rate_wpm": (250, 320)},
    "80 to 110 words a minute": {"rate_wpm": (80, 110)},
    "Klatt's synthesis": {"voices": ["ko+klatt", "ko+klatt3", "ko+klatt5", "ko+klatt6"]},
    "whispered": {"voices": ["ko+whisper", "ko+whisperf"]},
    "microphones and codecs": {"channels": True},
    "all of it, rooms and noise": {"tract": (0.75, 1.33), "channels": True, "noisy": True},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = ROOT / "egs/mini_ko/recogniser/model.int8.onnx"
    parser.add_argument("model", type=Path, nargs="?", default=default)
    parser.add_argument("--utterances", type=int, default=150, help="for each row")
    parser.add_argument("--snr-db", type=float, default=None, help="white noise at this SNR")
    parser.add_argument("--lm-sentences", type=int, default=0, help="of a language model; 0: none")
    parser.add_argument("--lm-scale", type=float, default=0.3)
    parser.add_argument("--voices", action="store_true", help="by what differs of the voices")
    parser.add_argument("--espeak", nargs=2, metavar=("LIBRARY", "DATA"), default=(None, None))
    options = parser.parse_args()
    print(
        f"| {options.model.name}, SNR {options.snr_db or 'clean'} | utterances | CER | 95 % | jamo |"
    )
    print("|---|---|---|---|---|")
    search = searcher(options)
    for name, settings in (VOICES if options.voices else KINDS).items():
        row = measure(options, settings, search)
        print(f"| {name} | {' | '.join(row)} |", flush=True)


def searcher(options: argparse.Namespace):  # type: ignore[no-untyped-def]
    """(T, V) to token ids."""
    from echoharvester.decoding.ngram import NgramModel, estimate
    from echoharvester.decoding.prefix_beam import PrefixBeam, PrefixBeamSearch
    from echoharvester.models.acoustic import load_acoustic_model
    from echoharvester.models.greedy import greedy_ids
    from echoharvester.sources.synthetic.grammar import Grammar

    if not options.lm_sentences:
        return lambda log_probs: greedy_ids(log_probs.argmax(axis=1))
    tokenizer = load_acoustic_model(options.model).tokenizer
    grammar = Grammar("bench language model", "all", wide=True)
    draws = {
        "invented": grammar.invented_sentence,
        "lists": grammar.word_list,
        "sentences": grammar.sentence,
    }
    kinds = ["invented"] * 7 + ["lists"] * 5 + ["sentences"] * 8  # 35, 25 and 40 %, as in training

    def lines():  # type: ignore[no-untyped-def]
        for i in range(options.lm_sentences):
            text = draws[kinds[i % len(kinds)]]().spoken
            yield [tokenizer.symbols[k] for k in tokenizer.encode(text)]

    config = PrefixBeam(beam=12, lm_scale=options.lm_scale, length_bonus=0.5)
    search = PrefixBeamSearch(config, tokenizer.symbols, NgramModel(estimate(lines(), 7)))
    return lambda log_probs: search.search(log_probs)[0].ids


def measure(options: argparse.Namespace, settings: dict[str, Any], search: Any) -> list[str]:
    import numpy as np
    from omegaconf import OmegaConf

    from echoharvester.models.acoustic import load_acoustic_model
    from echoharvester.sources.synthetic.espeak import espeak
    from echoharvester.sources.synthetic.grammar import Grammar
    from echoharvester.text.scores import cer, confidence_interval, jamo_error_rate, total
    from echoharvester.training.synthetic import SyntheticConfig, SyntheticData

    recipe = OmegaConf.load(ROOT / "egs/synth_ko/conf/recipe.yaml").train.synthetic
    common = {"part": "heldout", "voices": list(recipe.dev_voices), "noisy": False}
    config = SyntheticConfig(**{**common, "snr_db": options.snr_db, **settings})
    data = SyntheticData(config, recipe.dev_seed)
    key = f"bench/{config.part}/{config.invented_share}/{config.list_share}"
    rng, grammar = np.random.default_rng(list(key.encode())), Grammar(key, config.part, wide=True)
    with espeak(*options.espeak) as speaker:
        spoken = [data.utterance(speaker, grammar, rng) for _ in range(options.utterances)]
    model = load_acoustic_model(options.model)
    errors, jamo = [], []
    for i in range(0, len(spoken), 8):
        batch = spoken[i : i + 8]
        for utterance, log_probs in zip(
            batch, model.batch_log_probs([u.samples for u in batch]), strict=True
        ):
            hypothesis = model.tokenizer.decode(search(log_probs))
            errors.append(cer(utterance.text, hypothesis))
            jamo.append(jamo_error_rate(utterance.text, hypothesis))
    low, high = confidence_interval(errors)
    rates = [total(errors).rate, total(jamo).rate]
    return [
        str(len(spoken)),
        f"{100 * rates[0]:.2f} %",
        f"{100 * low:.1f} to {100 * high:.1f}",
        f"{100 * rates[1]:.2f} %",
    ]


if __name__ == "__main__":
    main()
