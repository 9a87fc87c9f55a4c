"""Stage 10: tokens, lexicon, language models and decoding graph, of the text of the training set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from omegaconf import DictConfig

from echoharvester.decoding.lang import LangConfig, prepare_lang
from echoharvester.errors import UserError
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import read_cuts
from echoharvester.options import taken_by
from echoharvester.pipeline.recipe import Recipe
from echoharvester.pipeline.records import write_record
from echoharvester.text.spoken import spoken
from echoharvester.text.tokenizers import train_tokenizer

from config import plain, stage_main
from parts import text_rules


def main(cfg: DictConfig, recipe: Recipe) -> None:
    paths = recipe.paths
    training = [text_of(cut) for cut in read_cuts(paths.split("train"))]
    if not training:
        raise UserError("the training set is empty; harvest more, or loosen the filters")
    options = taken_by(LangConfig, plain(cfg.lm))
    tokenizer = train_tokenizer(training, **plain(cfg.tokenizer))
    lang = prepare_lang(tokenizer, paths.lang, training, _more_text(cfg), LangConfig(**options))
    made_from = recipe.fingerprint("prepare_lang")
    summary = f"{lang.summary} in {paths.lang}"
    write_record(paths.lang_record, made_from, lang.files, summary=summary)
    print(f"stage 10 prepare_lang: {summary}")


def _more_text(cfg: DictConfig) -> Iterator[str]:
    """Text for the language models alone, as it is spoken."""
    lexicon = text_rules(cfg).lexicon
    for path in map(Path, cfg.lm.text):
        with path.open(encoding="utf-8") as file:
            yield from filter(None, (spoken(line, lexicon) for line in file))
    if cfg.lm.synthetic_sentences:
        from echoharvester.sources.synthetic.grammar import Grammar

        grammar = Grammar("language model")
        for _ in range(cfg.lm.synthetic_sentences):
            yield grammar.sentence().spoken


if __name__ == "__main__":
    stage_main(main)
