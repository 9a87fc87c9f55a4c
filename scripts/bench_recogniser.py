#!/usr/bin/env python
"""Error rates of a recogniser on synthetic speech that its training never heard, by kind.

    python scripts/bench_recogniser.py [MODEL] [--utterances 150] [--snr-db 15] [--lm-sentences 100000]

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

# (name, side of the lexicon, share of invented sentences, share of word lists)
KINDS = [
    ("invented words", "heldout", 1.0, 0.0),
    ("unheard words, in lists", "heldout", 0.0, 1.0),
    ("unheard words, in sentences", "heldout", 0.0, 0.0),
    ("heard words, in lists", "train", 0.0, 1.0),
    ("heard words, in sentences", "train", 0.0, 0.0),
    ("mix of the dev set (35 % invented, 25 % lists, unheard)", "heldout", 0.35, 0.25),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = ROOT / "egs/mini_ko/recogniser/model.int8.onnx"
    parser.add_argument("model", type=Path, nargs="?", default=default)
    parser.add_argument("--utterances", type=int, default=150, help="for each row")
    parser.add_argument("--snr-db", type=float, default=None, help="white noise at this SNR")
    parser.add_argument("--lm-sentences", type=int, default=0, help="of a language model; 0: none")
    parser.add_argument("--lm-scale", type=float, default=0.3)
    options = parser.parse_args()
    print(
        f"| {options.model.name}, SNR {options.snr_db or 'clean'} | utterances | CER | 95 % | jamo |"
    )
    print("|---|---|---|---|---|")
    search = searcher(options)
    for name, part, invented, lists in KINDS:
        row = measure(options, part, invented, lists, search)
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


def measure(
    options: argparse.Namespace, part: str, invented: float, lists: float, search: Any
) -> list[str]:
    import numpy as np
    from omegaconf import OmegaConf

    from echoharvester.models.acoustic import load_acoustic_model
    from echoharvester.sources.synthetic.espeak import espeak
    from echoharvester.sources.synthetic.grammar import Grammar
    from echoharvester.text.scores import cer, confidence_interval, jamo_error_rate, total
    from echoharvester.training.synthetic import SyntheticConfig, SyntheticData

    recipe = OmegaConf.load(ROOT / "egs/synth_ko/conf/recipe.yaml").train.synthetic
    data = SyntheticData(
        SyntheticConfig(
            part=part,
            invented_share=invented,
            list_share=lists,
            voices=list(recipe.dev_voices),
            noisy=False,
            snr_db=options.snr_db,
        ),
        recipe.dev_seed,
    )
    key = f"bench/{part}/{invented}/{lists}"
    rng, grammar = np.random.default_rng(list(key.encode())), Grammar(key, part, wide=True)
    with espeak() as speaker:
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
