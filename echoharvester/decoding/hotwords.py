"""Phrases that a recogniser is told to expect: an Aho-Corasick automaton over tokens.

Every token that goes on with a phrase earns its share of the phrase's boost at once, so that the
beam keeps it; what is given up halfway is taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

ROOT = 0


@dataclass
class _Node:
    """A beginning of a phrase.

    Attributes:
        boost: of its last token; of phrases that share it, the largest.
        earned: sum of the boosts on the way here.
        secured: of it, what stays even if nothing longer comes: a phrase was completed.
    """

    next: dict[int, int] = field(default_factory=dict)
    fail: int = ROOT
    boost: float = 0.0
    ends: bool = False
    earned: float = 0.0
    secured: float = 0.0


class HotWords:
    """Phrases as token ids, each with its boost for every token, in nats."""

    def __init__(self, phrases: Iterable[tuple[Sequence[int], float]]) -> None:
        """
        Raises:
            ValueError: for an empty phrase.
        """
        self._nodes = [_Node()]
        for ids, boost in phrases:
            self._insert(ids, boost)
        self._link()

    def _insert(self, ids: Sequence[int], boost: float) -> None:
        if not ids:
            raise ValueError("a hot word without tokens")
        at = ROOT
        for token in ids:
            if token not in self._nodes[at].next:
                self._nodes[at].next[token] = len(self._nodes)
                self._nodes.append(_Node())
            at = self._nodes[at].next[token]
            self._nodes[at].boost = max(self._nodes[at].boost, boost)
        self._nodes[at].ends = True

    def _link(self) -> None:
        """Breadth first, so that what a node falls back to is known before it."""
        waiting = deque([ROOT])
        while waiting:
            at = waiting.popleft()
            node = self._nodes[at]
            for token, number in node.next.items():
                child = self._nodes[number]
                child.fail = self._goto(node.fail, token) if at != ROOT else ROOT
                child.earned = node.earned + child.boost
                child.secured = max(
                    node.secured,
                    self._nodes[child.fail].secured,
                    child.earned if child.ends else 0.0,
                )
                waiting.append(number)

    def _goto(self, state: int, token: int) -> int:
        while token not in self._nodes[state].next:
            if state == ROOT:
                return ROOT
            state = self._nodes[state].fail
        return self._nodes[state].next[token]

    def step(self, state: int, token: int) -> tuple[float, int]:
        """What a token earns (or, below 0, gives back) after a state, and the state behind it."""
        node = self._nodes[state]
        if token in node.next:
            behind = node.next[token]
            gained = self._nodes[behind].earned - node.earned
        else:
            behind = self._goto(node.fail, token) if state != ROOT else ROOT
            gained = self._nodes[behind].earned - self.unfinished(state)
        found = self._nodes[behind]
        if found.ends and not found.next:  # complete, and nothing longer can come of it
            return gained, ROOT
        return gained, behind

    def unfinished(self, state: int) -> float:
        """What a text that stops in this state must give back."""
        return self._nodes[state].earned - self._nodes[state].secured
