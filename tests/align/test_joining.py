"""Utterances joined where nobody pauses, and rejected captions that change nothing."""

import numpy as np
import pytest
from told_aligner import ToldAligner

from echoharvester.align.base import AlignedWord, Alignment, BoundaryConfig, Evidence
from echoharvester.align.ctc import CtcAligner
from echoharvester.align.media import MediaAlignment, align_media
from echoharvester.manifests.cuts import is_rejected, media_cut, recording, text_of, utterance_cut
from echoharvester.models.acoustic import load_acoustic_model


def said(text, start, end, score=0.9, least=-1.0):
    words = text.split()
    edges = np.linspace(start, end, len(words) + 1)
    aligned = tuple(
        AlignedWord(w, float(a), float(b), score)
        for w, a, b in zip(words, edges, edges[1:], strict=False)
    )
    evidence = Evidence(
        tuple(words), ((-0.1, least),) * len(words), tuple(words), (-0.2,) * len(words)
    )
    return Alignment(text, aligned, score, evidence)


def cuts_of(texts, seconds=60):
    media = media_cut(
        "m", recording("m", "/x.flac", 16000, 16000 * seconds), {"caption_kind": "manual"}
    )
    return [
        utterance_cut(media, f"m-{i}", 2.0 * i, 2.0 * i + 1.9, text, {
            "text_raw": text, "text_orthographic": text, "caption_start_sec": 2.0 * i,
            "caption_end_sec": 2.0 * i + 1.9,
        })
        for i, text in enumerate(texts)
    ]  # fmt: skip


def aligned(texts, alignments, join_sec=15.0):
    config = MediaAlignment(0.15, trim=False, join_sec=join_sec)
    silence = np.zeros(60 * 16000, np.float32)
    return align_media(cuts_of(texts), ToldAligner(alignments), config, lambda cut: silence)


TEXTS = ["저는 오늘 아침에", "학교에 갔습니다", "그리고 집에 왔습니다"]


def test_what_is_said_in_one_breath_is_one_utterance():
    found = [said(TEXTS[0], 1, 3), said(TEXTS[1], 3.05, 5), said(TEXTS[2], 5.8, 8)]
    one, gone, alone = aligned(TEXTS, found)
    assert text_of(one) == "저는 오늘 아침에 학교에 갔습니다" and not is_rejected(one)
    custom = one["custom"]
    assert custom["joined"] == ["m-1"] and custom["caption_end_sec"] == 3.9
    assert custom["text_raw"] == custom["text_orthographic"] == text_of(one)
    assert len(custom["word_log_probs"]) == 5 == len(one["supervisions"][0]["alignment"]["word"])
    assert one["start"] + one["duration"] == pytest.approx(5.0)
    assert gone["custom"]["reason"] == "joined" and gone["custom"]["joined_to"] == one["id"]
    assert text_of(alone) == TEXTS[2] and "joined" not in alone["custom"]


@pytest.mark.parametrize(
    ("second", "join_sec"),
    [
        (said(TEXTS[1], 3.3, 5), 15.0),  # a pause
        (said(TEXTS[1], 3.05, 5, score=0.2), 15.0),  # nobody said it
        (said(TEXTS[1], 3.05, 5, least=-9.0), 15.0),
        (said(TEXTS[1], 3.05, 5), 3.0),  # too long
        (said(TEXTS[1], 3.05, 5), None),
        (None, 15.0),
    ],
)
def test_others_stay_apart(second, join_sec):
    first = said(TEXTS[0], 1, 3)
    result = aligned(TEXTS[:2], [first, second], join_sec)
    assert text_of(result[0]) == TEXTS[0] and "joined" not in result[0]["custom"]
    assert result[1]["custom"].get("reason") in (None, "not_alignable")


def test_what_lies_behind_a_caption_that_nobody_spoke_is_not_joined_across_it():
    found = [said(TEXTS[0], 1, 3), None, said(TEXTS[2], 3.05, 5)]
    result = aligned(TEXTS, found)
    assert [text_of(c) for c in result if not is_rejected(c)] == [TEXTS[0], TEXTS[2]]


def test_verbalisations_of_both_stay_open():
    cuts = cuts_of(TEXTS[:2])
    cuts[1]["custom"]["text_candidates"] = ["두 번", "이 번"]
    config = MediaAlignment(0.15, trim=False, join_sec=15.0)
    found = [said(TEXTS[0], 1, 3), said("두 번", 3.05, 5)]
    one, _ = align_media(cuts, ToldAligner(found), config, lambda cut: np.zeros(960000, np.float32))
    assert one["custom"]["text_candidates"] == [f"{TEXTS[0]} 두 번", f"{TEXTS[0]} 이 번"]


def test_verbalisations_of_three_hold_the_words_of_all():
    cuts = cuts_of(["하나는", "둘째는", "3번"])
    cuts[2]["custom"]["text_candidates"] = ["삼 번", "세 번"]
    config = MediaAlignment(0.15, trim=False, join_sec=15.0)
    found = [said("하나는", 1, 2), said("둘째는", 2.05, 3), said("삼 번", 3.05, 4)]
    one, *_ = align_media(
        cuts, ToldAligner(found), config, lambda cut: np.zeros(960000, np.float32)
    )
    assert one["custom"]["text_candidates"] == ["하나는 둘째는 삼 번", "하나는 둘째는 세 번"]


def test_captions_that_nobody_spoke_change_nothing_around_them(recogniser_dir, spoken_sentences):
    samples, sentences = spoken_sentences
    texts = [" ".join(w.text for w in words) for words in sentences]
    spans = [(words[0].start_sec, words[-1].end_sec) for words in sentences]
    aligner = CtcAligner(load_acoustic_model(recogniser_dir / "model.int8.onnx"), BoundaryConfig())

    def words_of(texts, spans):
        cuts = cuts_of(texts)
        for cut, (start, end) in zip(cuts, spans, strict=True):
            cut["custom"] |= {"caption_start_sec": start, "caption_end_sec": end}
        done = align_media(cuts, aligner, MediaAlignment(0.15), lambda cut: samples)
        return {
            text_of(c): (c["start"], c["duration"], c["supervisions"][0]["alignment"]["word"])
            for c in done if not is_rejected(c) and c["custom"]["align_score"] > 0.5
        }  # fmt: skip

    alone = words_of(texts, spans)
    mixed_texts, mixed_spans = [], []
    for text, (start, end) in zip(texts, spans, strict=True):
        mixed_texts += [text, "복잡한 회의는 어제 끝났습니까"]
        mixed_spans += [(start, end), (end, end + 0.5)]
    among_others = words_of(mixed_texts, mixed_spans)
    assert set(texts) <= set(alone)
    assert {text: among_others.get(text) for text in alone} == alone
