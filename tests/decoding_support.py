"""Small searches whose best answer is found by trying everything."""

import itertools
import math

import numpy as np

from echoharvester.decoding.graph import compile_hlg, g_text
from echoharvester.decoding.lexicon import make_lexicon
from echoharvester.decoding.ngram import Arpa


def uninformative(words):
    """Every word, and the end, at any time, with the same probability."""
    log_prob = -math.log10(len(words) + 1)
    return Arpa([{("<s>",): (-99.0, 0.0), **{(w,): (log_prob, 0.0) for w in [*words, "</s>"]}}])


def write_lang(folder, tokenizer, words, arpa, unknown=False):
    """The lexicon, written with the language model."""
    from echoharvester.text.tokenizers import write_tokens

    lexicon, unspelled = make_lexicon(tokenizer, words, unknown=unknown)
    assert not unspelled
    lexicon.write(folder, tokenizer.symbols)
    write_tokens(tokenizer.symbols, folder / "tokens.txt")
    arpa.write(folder / "G.arpa")
    return lexicon


def build_graph(folder, tokenizer, words, arpa, unknown=False):
    lexicon = write_lang(folder, tokenizer, words, arpa, unknown)
    return compile_hlg(
        lexicon, g_text(folder / "G.arpa", folder / "words.txt", arpa.order)
    ), lexicon


def emissions(frames, size, seed, sharpness=2.0):
    logits = np.random.default_rng(seed).standard_normal((frames, size)) * sharpness
    logits[:, 1:3] = -30.0  # <sos/eos> and <unk> are never said
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def best_by_trying(log_probs, spellings, model, longest, scale=1.0):
    """The best word sequence by its best path, among all of up to `longest` words."""
    best = (-math.inf, ())
    for n in range(longest + 1):
        for words in itertools.product(spellings, repeat=n):
            ids = [i for word in words for i in spellings[word]]
            score = viterbi(log_probs, ids) + scale * model.sentence(words)
            best = max(best, (score, words))
    return best[1]


class BestOverBackoffs:
    """Sentences as an FST scores them, where backing off is an arc that may always be taken: the best
    of the ways, which is at least the exact score."""

    def __init__(self, model):
        self.model, self.entries = model, model._entries

    def sentence(self, words):
        best = {self.model.start: 0.0}
        for word in (*words, "</s>"):
            following = {}
            for history, score in best.items():
                while True:
                    if (*history, word) in self.entries:
                        _, behind = self.model.score(history, word)
                        value = score + self.entries[(*history, word)][0]
                        following[behind] = max(value, following.get(behind, -math.inf))
                    if not history:
                        break
                    score += self.entries.get(history, (0.0, 0.0))[1]
                    history = history[1:]
            best = following
        return max(best.values(), default=-math.inf)


def viterbi(log_probs, ids):
    """Log-probability of the best CTC path that spells `ids`."""
    states = [0, *(x for i in ids for x in (i, 0))]
    score = [log_probs[0, states[0]]] + [-math.inf] * (len(states) - 1)
    if len(states) > 1:
        score[1] = log_probs[0, states[1]]
    for row in log_probs[1:]:
        new = []
        for s, token in enumerate(states):
            ways = [score[s]] + ([score[s - 1]] if s else [])
            if s > 1 and token and token != states[s - 2]:
                ways.append(score[s - 2])
            new.append(max(ways) + row[token])
        score = new
    return max(score[-2:])
