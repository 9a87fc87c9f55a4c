"""The part of an utterance whose label is sure, where that of the whole is not.

Parts begin and end at pauses between words, so that a listener misses nothing; the same curve that
judges whole utterances judges them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from echoharvester.asr.evidence import EvidenceCurve, TextEvidence
from echoharvester.manifests.cuts import with_custom, with_supervision, with_times
from echoharvester.manifests.shards import Cut

MIN_PAUSE_SEC = 0.12
MAX_GAP_SEC = 1.5  # a longer one inside a part is none of a speaker's
PAD_SEC = 0.15  # of the pause stays with the part, or half of it
MIN_WORDS, MIN_SEC = 3, 1.0  # less is sure by chance

Span = tuple[int, int]


def sure_part(
    cut: Cut, evidence: TextEvidence, curve: EvidenceCurve, witness: TextEvidence | None = None
) -> Cut | None:
    """The cut with the longest part of its words that is to be accepted; None where there is none.

    Args:
        witness: evidence of a second one, of a curve that hears one.

    `custom.label_probability` becomes that of the part, `text_whole` and `words_trimmed` say what was
    left out.
    """
    words = cut["supervisions"][0].get("alignment", {}).get("word", [])
    if len(words) != len(evidence.words):  # the times are those of another verbalisation
        return None
    if witness and len(words) != len(witness.words):
        return None
    for first, stop in _spans(words, evidence):
        second = witness.figures(first, stop) if witness else None
        probability = curve.probability(evidence.figures(first, stop), second)
        if probability >= curve.threshold:
            part = _cut_down(cut, words, evidence, first, stop)
            if witness:
                part = with_custom(part, **_witness_of_part(cut, witness, first, stop))
            return with_custom(part, label_probability=round(probability, 4))
    return None


def _spans(words: Sequence[Sequence[Any]], evidence: TextEvidence) -> list[Span]:
    """Parts between pauses, the longest first; never the whole.

    The times of a word that was not heard are doubtful: at a cut, the words on both sides were, and
    nothing else between them.
    """
    heard = [word.contrast == 0 for word in evidence.words]
    between = [word.lacking_before == 0 == word.left_out for word in evidence.words]
    pauses = [
        k
        for k in range(1, len(words))
        if _gap(words, k) >= MIN_PAUSE_SEC and heard[k - 1] and heard[k] and between[k]
    ]
    edges = [0, *pauses, len(words)]
    spans = [
        (first, stop)
        for i, first in enumerate(edges)
        for stop in edges[i + 1 :]
        if MIN_WORDS <= stop - first < len(words)
        and words[stop - 1][1] + words[stop - 1][2] - words[first][1] >= MIN_SEC
        and all(_gap(words, k) <= MAX_GAP_SEC for k in range(first + 1, stop))
    ]
    return sorted(spans, key=lambda span: (span[0] - span[1], span[0]))


def _gap(words: Sequence[Sequence[Any]], k: int) -> float:
    """Between word k and the one before it, in seconds."""
    return float(words[k][1] - words[k - 1][1] - words[k - 1][2])


def _cut_down(
    cut: Cut, words: Sequence[Sequence[Any]], evidence: TextEvidence, first: int, stop: int
) -> Cut:
    start = 0.0
    if first:
        start = words[first][1] - min(PAD_SEC, _gap(words, first) / 2)
    end = cut["duration"]
    if stop < len(words):
        end = words[stop - 1][1] + words[stop - 1][2] + min(PAD_SEC, _gap(words, stop) / 2)
    kept = [[text, round(at - start, 4), *rest] for text, at, *rest in words[first:stop]]
    custom = cut["custom"]
    part = with_times(cut, cut["start"] + start, cut["start"] + end)
    part = with_supervision(part, text=" ".join(word[0] for word in kept), alignment={"word": kept})
    fields: dict[str, Any] = {
        "text_whole": custom.get("text_whole", cut["supervisions"][0]["text"]),
        "words_trimmed": custom.get("words_trimmed", 0) + len(words) - len(kept),
        "word_log_probs": custom["word_log_probs"][first:stop],
    }
    as_heard = custom["text_as_heard"].split()
    if custom.get("text_orthographic", "").split() == as_heard:
        fields["text_orthographic"] = " ".join(as_heard[first:stop])
    fields["text_as_heard"] = " ".join(as_heard[first:stop])
    heard = evidence.heard_by(first, stop)
    fields["heard_text"] = " ".join(custom["heard_text"].split()[heard])
    fields["heard_log_probs"] = custom["heard_log_probs"][heard]
    tokens = [p for word in fields["word_log_probs"] for p in word]
    fields["text_log_prob_mean"] = round(sum(tokens) / len(tokens), 4)
    fields["text_log_prob_min"] = min(tokens)
    weakest = min(range(len(kept)), key=lambda k: min(fields["word_log_probs"][k]))
    fields["weakest_word"] = as_heard[first + weakest]
    return with_custom(part, **fields)


def _witness_of_part(cut: Cut, witness: TextEvidence, first: int, stop: int) -> dict[str, Any]:
    custom = cut["custom"]
    heard = witness.heard_by(first, stop)
    return {
        "witness_text": " ".join(custom["witness_text"].split()[first:stop]),
        "witness_word_log_probs": custom["witness_word_log_probs"][first:stop],
        "witness_heard_text": " ".join(custom["witness_heard_text"].split()[heard]),
    }
