"""N-gram language models: modified Kneser-Ney, written and read as ARPA.

Chen and Goodman 1998, "An empirical study of smoothing techniques", section 3.3, interpolated,
as KenLM's `lmplz` computes it (Heafield et al. 2013): lower orders count the words that come
before, n-grams at the beginning of a sentence keep their own counts, and unigrams are mixed with
the uniform distribution, which gives `<unk>` its share.
"""

from __future__ import annotations

import math
import shutil
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from echoharvester.errors import UserError
from echoharvester.manifests.shards import write_atomic

BOS, EOS, UNK = "<s>", "</s>", "<unk>"
Gram = tuple[str, ...]
# Where there are too few counts of counts to estimate discounts from (KenLM's fall-back).
FALLBACK_DISCOUNTS = (0.5, 1.0, 1.5)
LOG10 = math.log(10.0)
NEVER = -99.0  # log10 of the probability of <s>, which is never predicted


@dataclass(frozen=True)
class Arpa:
    """Probabilities and back-offs as an ARPA file has them, log 10, by order.

    Attributes:
        entries: of each order from 1 on, n-gram to (log10 probability, log10 back-off).
    """

    entries: Sequence[dict[Gram, tuple[float, float]]]

    @property
    def order(self) -> int:
        return len(self.entries)

    def lines(self) -> Iterator[str]:
        """The ARPA file, line by line."""
        yield "\\data\\"
        for n, grams in enumerate(self.entries, start=1):
            yield f"ngram {n}={len(grams)}"
        for n, grams in enumerate(self.entries, start=1):
            yield f"\n\\{n}-grams:"
            for gram, (log_prob, backoff) in sorted(grams.items()):
                tail = f"\t{backoff:.7f}" if n < self.order else ""
                yield f"{log_prob:.7f}\t{' '.join(gram)}{tail}"
        yield "\n\\end\\"

    def write(self, path: Path) -> None:
        write_atomic(path, "\n".join(self.lines()) + "\n")


def estimate(sentences: Iterable[Sequence[str]], order: int) -> Arpa:
    """A modified Kneser-Ney model of sentences of words; everything is held in memory.

    Raises:
        UserError: for an order below 1, or no sentence.
    """
    if order < 1:
        raise UserError(f"an n-gram model has an order of at least 1, not {order}")
    counts = _adjusted(_raw(sentences, order))
    if not counts[0]:
        raise UserError("no text to estimate a language model from")
    size = len(counts[0]) + 1  # with <unk>; <s> is not counted as it is never predicted
    uniform = 1.0 / size
    lower: dict[Gram, float] = {}
    entries: list[dict[Gram, tuple[float, float]]] = []
    for n, grams in enumerate(counts, start=1):
        discounts = _discounts(grams)
        totals: dict[Gram, int] = defaultdict(int)
        freed: dict[Gram, float] = defaultdict(float)
        for gram, count in grams.items():
            totals[gram[:-1]] += count
            freed[gram[:-1]] += discounts[min(count, 3) - 1]
        backoff = {history: freed[history] / total for history, total in totals.items()}
        probs = {}
        for gram, count in grams.items():
            history = gram[:-1]
            own = (count - discounts[min(count, 3) - 1]) / totals[history]
            probs[gram] = own + backoff[history] * (lower[gram[1:]] if n > 1 else uniform)
        if n == 1:
            probs[(UNK,)] = backoff[()] * uniform
        else:  # the order below learns how much it gives to its longer ones
            entries[-1] = _with_backoffs(entries[-1], backoff)
        lower = probs
        entries.append({gram: (math.log10(p), 0.0) for gram, p in probs.items()})
    entries[0].setdefault((BOS,), (NEVER, 0.0))
    return Arpa(entries)


def _with_backoffs(
    grams: dict[Gram, tuple[float, float]], backoff: dict[Gram, float]
) -> dict[Gram, tuple[float, float]]:
    if (BOS,) in backoff:
        grams.setdefault((BOS,), (NEVER, 0.0))
    return {
        gram: (log_prob, math.log10(backoff[gram]) if gram in backoff else 0.0)
        for gram, (log_prob, _) in grams.items()
    }


def _raw(sentences: Iterable[Sequence[str]], order: int) -> list[Counter[Gram]]:
    """How often each n-gram occurs, by order; of length one, all but `<s>`."""
    counts: list[Counter[Gram]] = [Counter() for _ in range(order)]
    for sentence in sentences:
        if not sentence:
            continue
        words = (BOS, *sentence, EOS)
        for n, of_order in enumerate(counts, start=1):
            of_order.update(words[i : i + n] for i in range(len(words) - n + 1))
    counts[0].pop((BOS,), None)
    return counts


def _adjusted(raw: list[Counter[Gram]]) -> list[dict[Gram, int]]:
    """Counts as Kneser-Ney wants them: below the highest order, of different words before."""
    adjusted: list[dict[Gram, int]] = []
    for n in range(len(raw) - 1):
        before: Counter[Gram] = Counter(gram[1:] for gram in raw[n + 1])
        adjusted.append({g: c if g[0] == BOS else before[g] for g, c in raw[n].items()})
    return [*adjusted, dict(raw[-1])]


def _discounts(grams: dict[Gram, int]) -> tuple[float, float, float]:
    of = Counter(min(count, 5) for count in grams.values())
    if not all(of[k] for k in (1, 2, 3)):
        return FALLBACK_DISCOUNTS
    y = of[1] / (of[1] + 2 * of[2])
    found = tuple(k - (k + 1) * y * of[k + 1] / of[k] for k in (1, 2, 3))
    if any(not 0 < d <= k for k, d in enumerate(found, start=1)):
        return FALLBACK_DISCOUNTS
    return found  # type: ignore[return-value]


def estimate_to(path: Path, text: Path, order: int, lmplz: str | None = None) -> str:
    """Writes the ARPA of a text file, a sentence a line; returns who estimated it.

    Args:
        lmplz: KenLM's program; None: the one on the PATH if there is one.  It takes any amount
            of text; what is built in holds all n-grams in memory.

    Raises:
        UserError: with the last words of `lmplz`, if that fails.
    """
    program = lmplz or shutil.which("lmplz")
    if program:
        command = [program, "-o", str(order), "--discount_fallback", "--text", str(text), "--arpa", f"{path}.tmp"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(f"{program} failed: {done.stderr.strip().splitlines()[-1:]}")
        Path(f"{path}.tmp").replace(path)
        return program
    with open(text, encoding="utf-8") as file:
        estimate((line.split() for line in file), order).write(path)
    return "built in"


def read_arpa(path: Path) -> Arpa:
    """An ARPA file.

    Raises:
        UserError: naming file and line.
    """
    entries: list[dict[Gram, tuple[float, float]]] = []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            line = line.rstrip("\n")
            if line.endswith("-grams:"):
                entries.append({})
            elif line in ("\\end\\", "\\data\\", "") or line.startswith("ngram "):
                continue
            else:
                fields = line.split("\t")
                gram = tuple(fields[1].split(" ")) if len(fields) > 1 else ()
                try:
                    values = float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0
                    if not entries or len(gram) != len(entries):
                        raise ValueError(f"{len(entries)} words expected")
                except ValueError as error:
                    raise UserError(f"{path}:{number}: {line!r}: {error}") from error
                entries[-1][gram] = values
    return Arpa(entries)


class NgramModel:
    """Natural log-probabilities of words after words.

    A state is the longest history that the model knows anything of.
    """

    def __init__(self, arpa: Arpa) -> None:
        self.order = arpa.order
        self._entries = {
            gram: (log_prob * LOG10, backoff * LOG10)
            for grams in arpa.entries
            for gram, (log_prob, backoff) in grams.items()
        }
        self._cache: dict[tuple[Gram, str], tuple[float, Gram]] = {}

    @property
    def start(self) -> Gram:
        return (BOS,)

    def score(self, state: Gram, word: str) -> tuple[float, Gram]:
        """Log-probability of a word after a state, and the state behind it."""
        found = self._cache.get((state, word))
        if found is None:
            found = self._cache[state, word] = self._score(state, word)
        return found

    def _score(self, state: Gram, word: str) -> tuple[float, Gram]:
        if (word,) not in self._entries:
            word = UNK
        given, history = 0.0, state
        while (*history, word) not in self._entries:
            if not history:
                return given + NEVER * LOG10, ()
            given += self._entries.get(history, (0.0, 0.0))[1]
            history = history[1:]
        log_prob = given + self._entries[(*history, word)][0]
        behind = (*history, word)[-(self.order - 1) :] if self.order > 1 else ()
        while behind and behind not in self._entries:
            behind = behind[1:]
        return log_prob, behind

    def sentence(self, words: Sequence[str]) -> float:
        """Log-probability of a whole sentence, its end included."""
        total, state = 0.0, self.start
        for word in (*words, EOS):
            log_prob, state = self.score(state, word)
            total += log_prob
        return total
