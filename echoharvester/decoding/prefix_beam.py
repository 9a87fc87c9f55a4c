"""CTC prefix beam search, with a language model over tokens and with hot words.

Hannun et al. 2014, arXiv:1408.2873: the probability of a text is the sum over all its alignments,
so that of two texts the likelier wins, not the one with the single best path.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from echoharvester.decoding.hotwords import HotWords
from echoharvester.decoding.ngram import EOS, NgramModel
from echoharvester.errors import UserError
from echoharvester.text.tokenizers import BLANK_ID

NEG_INF = -math.inf


@dataclass(frozen=True)
class PrefixBeam:
    """How wide the search is.

    Attributes:
        beam: texts kept after every frame.
        tokens: at most so many tokens are tried in a frame ...
        threshold: ... none that is this many nats below the best one.
        skip_blank: frames where the blank has at least this probability only close what is open;
            1.0 searches them, too.
        lm_scale: weight of the language model; `length_bonus` nats for every token make up for
            what it costs.
    """

    beam: int = 8
    tokens: int = 10
    threshold: float = 7.0
    skip_blank: float = 0.999
    lm_scale: float = 0.0
    length_bonus: float = 0.0


@dataclass(frozen=True)
class Hypothesis:
    """A text as token ids; `ctc` is the log of the summed probability of its alignments, `score`
    that with language model and hot words."""

    ids: list[int]
    score: float
    ctc: float


class _Prefix:
    """A text so far, as a node of a tree: its last token and the text before."""

    __slots__ = ("boost", "children", "extra", "lm_state", "parent", "token", "word_state")

    def __init__(self, token: int, parent: _Prefix | None) -> None:
        self.token, self.parent = token, parent
        self.children: dict[int, _Prefix] = {}
        self.extra, self.boost = 0.0, 0.0  # from the language model; from hot words
        self.lm_state: Any = None
        self.word_state = 0

    def ids(self) -> list[int]:
        found, node = [], self
        while node.parent is not None:
            found.append(node.token)
            node = node.parent
        return found[::-1]


class PrefixBeamSearch:
    """Searches utterances one after the other."""

    def __init__(
        self,
        config: PrefixBeam,
        symbols: Sequence[str],
        model: NgramModel | None = None,
        hot_words: HotWords | None = None,
    ) -> None:
        """`model`: over `symbols`; needed where `lm_scale` is not 0.

        Raises:
            UserError: if it is missing.
        """
        if config.lm_scale and model is None:
            raise UserError("lm_scale is set, but there is no language model over tokens")
        self.config, self.symbols, self.hot_words = config, symbols, hot_words
        self.model = model if config.lm_scale else None

    def search(self, log_probs: np.ndarray) -> list[Hypothesis]:
        """(T, V) to the best texts, the best first; at most `beam`."""
        root = _Prefix(BLANK_ID, None)
        if self.model:
            root.lm_state = self.model.start
        # Of every text: log of the summed probability of alignments that end in blank, or not.
        beams: dict[_Prefix, tuple[float, float]] = {root: (0.0, NEG_INF)}
        for row, blank, candidates in self._frames(log_probs):
            if row is None:
                beams = {p: (_add(b, n) + blank, NEG_INF) for p, (b, n) in beams.items()}
            else:
                beams = self._pruned(self._extended(beams, row, blank, candidates))
        return self._finished(beams)

    def _frames(
        self, log_probs: np.ndarray
    ) -> Iterator[tuple[np.ndarray | None, float, list[tuple[int, float]]]]:
        """Of each frame its row (None: nothing but blank), the blank, and the tokens to try."""
        config = self.config
        blanks = log_probs[:, BLANK_ID]
        silent = blanks >= math.log(config.skip_blank) if config.skip_blank < 1 else blanks > 0
        width = min(config.tokens, log_probs.shape[1])
        top = np.argpartition(-log_probs, width - 1, axis=1)[:, :width]
        values = np.take_along_axis(log_probs, top, axis=1)
        worth = (values >= values.max(axis=1, keepdims=True) - config.threshold) & (top != BLANK_ID)
        for t in range(len(log_probs)):
            if silent[t]:
                yield None, float(blanks[t]), []
                continue
            chosen = worth[t]
            pairs = list(zip(top[t][chosen].tolist(), values[t][chosen].tolist(), strict=True))
            yield log_probs[t], float(blanks[t]), pairs

    def _extended(
        self,
        beams: dict[_Prefix, tuple[float, float]],
        row: np.ndarray,
        blank: float,
        candidates: list[tuple[int, float]],
    ) -> dict[_Prefix, tuple[float, float]]:
        grown: dict[_Prefix, tuple[float, float]] = {}
        for prefix, (in_blank, in_token) in beams.items():
            total, last = _add(in_blank, in_token), prefix.token
            b, n = grown.get(prefix, (NEG_INF, NEG_INF))
            # The same text: blank behind it, or its last token held.
            if prefix.parent is not None:
                n = _add(n, in_token + float(row[last]))
            grown[prefix] = (_add(b, total + blank), n)
            for token, log_prob in candidates:
                # A token that repeats the last one needs a blank between them.
                reached = in_blank if token == last and prefix.parent is not None else total
                if reached == NEG_INF:
                    continue
                child = prefix.children.get(token) or self._child(prefix, token)
                cb, cn = grown.get(child, (NEG_INF, NEG_INF))
                grown[child] = (cb, _add(cn, reached + log_prob))
        return grown

    def _child(self, prefix: _Prefix, token: int) -> _Prefix:
        child = _Prefix(token, prefix)
        child.extra = prefix.extra + self.config.length_bonus
        if self.model:
            log_prob, child.lm_state = self.model.score(prefix.lm_state, self.symbols[token])
            child.extra += self.config.lm_scale * log_prob
        if self.hot_words:
            gained, child.word_state = self.hot_words.step(prefix.word_state, token)
            child.boost = prefix.boost + gained
        prefix.children[token] = child
        return child

    def _pruned(
        self, grown: dict[_Prefix, tuple[float, float]]
    ) -> dict[_Prefix, tuple[float, float]]:
        if len(grown) <= self.config.beam:
            return grown
        ranked = sorted(
            grown.items(),
            key=lambda item: _add(*item[1]) + item[0].extra + item[0].boost,
            reverse=True,
        )
        return dict(ranked[: self.config.beam])

    def _finished(self, beams: dict[_Prefix, tuple[float, float]]) -> list[Hypothesis]:
        found = []
        for prefix, parts in beams.items():
            ctc = _add(*parts)
            score = ctc + prefix.extra + prefix.boost
            if self.model:
                score += self.config.lm_scale * self.model.score(prefix.lm_state, EOS)[0]
            if self.hot_words:  # a phrase that was begun and not finished earns nothing
                score -= self.hot_words.unfinished(prefix.word_state)
            found.append(Hypothesis(prefix.ids(), score, ctc))
        return sorted(found, key=lambda hypothesis: -hypothesis.score)


def _add(a: float, b: float) -> float:
    """log(exp(a) + exp(b))."""
    if a < b:
        a, b = b, a
    return a if b == NEG_INF else a + math.log1p(math.exp(b - a))
