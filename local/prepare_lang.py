"""Stage 10: tokens, lexicon, language models and decoding graph, of the text of the training set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from echoharvester.decoding.lang import LangConfig, prepare_lang
from echoharvester.manifests.cuts import text_of
from echoharvester.manifests.shards import read_cuts
from echoharvester.text.spoken import spoken
from echoharvester.text.tokenizers import BpeTokenizer, CharTokenizer, JamoTokenizer, Tokenizer

from common import UserError, stage_main, write_record
from singles import lang_dir, lang_record_path, single_fingerprint, split_path


def main(cfg: DictConfig) -> None:
    options: dict[str, Any] = OmegaConf.to_container(cfg.lm, resolve=True)  # type: ignore[assignment]
    for of_text in ("text", "synthetic_sentences"):
        options.pop(of_text)
    training = [text_of(cut) for cut in read_cuts(split_path(cfg, "train"))]
    if not training:
        raise UserError("the training set is empty; harvest more, or loosen the filters")
    lang = prepare_lang(
        _tokenizer(cfg, training), lang_dir(cfg), training, _more_text(cfg), LangConfig(**options)
    )
    write_record(
        lang_record_path(cfg), single_fingerprint(cfg, "prepare_lang"), lang.files,
        summary=f"{lang.summary} in {lang_dir(cfg)}",
    )  # fmt: skip
    print(f"stage 10 prepare_lang: {lang.summary} in {lang_dir(cfg)}")


def _tokenizer(cfg: DictConfig, texts: list[str]) -> Tokenizer:
    options = cfg.tokenizer
    if options.kind == "bpe":
        return BpeTokenizer.train(texts, options.vocab_size)
    kind = {"char": CharTokenizer, "jamo": JamoTokenizer}[options.kind]
    return kind.train(texts, options.keep_space)


def _more_text(cfg: DictConfig) -> Iterator[str]:
    """Text for the language models alone, as it is spoken."""
    lexicon = Path(cfg.segment.lexicon) if cfg.segment.lexicon else None
    for path in cfg.lm.text:
        with open(path, encoding="utf-8") as file:
            yield from filter(None, (spoken(line, lexicon) for line in file))
    if cfg.lm.synthetic_sentences:
        from echoharvester.sources.synthetic.grammar import Grammar

        grammar = Grammar("language model")
        for _ in range(cfg.lm.synthetic_sentences):
            yield grammar.sentence().spoken


if __name__ == "__main__":
    stage_main(main)
