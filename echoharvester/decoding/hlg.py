"""Viterbi search through HLG on a CPU, by kaldi-decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from echoharvester.decoding.lexicon import FIRST_WORDS, WORD_BEGIN
from echoharvester.errors import UserError


@dataclass(frozen=True)
class HlgOptions:
    """Of the search.

    Attributes:
        beam: nats below the best path at which others are given up, acoustic and language score
            together.
        max_active: states at most in a frame.
        lm_scale: weight of the language model.
        blank_penalty: nats that a blank costs: CTC models are too fond of it.
    """

    beam: float = 12.0
    max_active: int = 3000
    lm_scale: float = 0.5
    blank_penalty: float = 0.0


class HlgSearch:
    """Searches utterances one after the other."""

    def __init__(self, graph: Any, words: Sequence[str], options: HlgOptions) -> None:
        """`graph`: HLG; `words`: its word table, by id."""
        if options.lm_scale <= 0:
            raise UserError(f"lm_scale is above 0, not {options.lm_scale}; see decode=ctc_greedy")
        if options.max_active < 2:
            raise UserError(f"max_active is at least 2, not {options.max_active}")
        self.graph, self.words, self.options = graph, words, options

    def search(self, log_probs: np.ndarray) -> list[str] | None:
        """(T, V) to words; None where no path through the graph is left.

        What ends in the middle of a word, or of a sentence, is taken as it is.
        """
        import kaldi_decoder
        import kaldifst

        if len(log_probs) == 0:
            return []
        options = self.options
        # Weights are in the graph for ever; scaling the other side is the same.
        scaled = np.array(log_probs, np.float32)
        scaled[:, 0] -= options.blank_penalty
        scaled /= options.lm_scale
        config = kaldi_decoder.FasterDecoderOptions(
            beam=options.beam / options.lm_scale,
            max_active=options.max_active,
            min_active=min(20, options.max_active - 1),
        )
        decoder = kaldi_decoder.FasterDecoder(self.graph, config)
        decoder.decode(kaldi_decoder.DecodableCtc(np.ascontiguousarray(scaled)))
        if decoder.num_frames_decoded() < len(log_probs):
            return None
        found, path = decoder.get_best_path()
        if not found:
            return None
        _, _, ids, _ = kaldifst.get_linear_symbol_sequence(path)
        return [self.words[i] for i in ids if i >= len(FIRST_WORDS)]


def as_text(words: Sequence[str], pieces: bool) -> str:
    """Words of a lexicon as a text; `pieces`: those that begin an eojeol are marked.

    >>> as_text(["오늘은", "좋다"], False), as_text(["▁오늘", "은", "▁좋다"], True)
    ('오늘은 좋다', '오늘은 좋다')
    """
    if pieces:
        return "".join(words).replace(WORD_BEGIN, " ").strip()
    return " ".join(words)
