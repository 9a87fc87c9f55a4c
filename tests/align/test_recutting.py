"""Borders moved to pauses: nothing lost, nothing parted inside a word, ids as they were."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from told_aligner import ToldAligner

from echoharvester.align.base import AlignedWord, Alignment, Evidence
from echoharvester.align.joining import Found
from echoharvester.align.media import MediaAlignment, align_media
from echoharvester.align.recutting import recut, same_border
from echoharvester.manifests.cuts import (
    is_rejected,
    media_cut,
    recording,
    text_of,
    utterance_cut,
    with_supervision,
)


def said(words, start, *, word_sec=1.0, pauses=(), heard=None, score=0.9):
    """Words of `word_sec` each, with 0.3 s of silence in front of those at `pauses`."""
    placed, time = [], start
    for i, word in enumerate(words):
        time += 0.3 if i in pauses else 0.0
        placed.append(AlignedWord(word, time, time + word_sec, score))
        time += word_sec
    heard = tuple(words if heard is None else heard)
    evidence = Evidence(
        tuple(words), tuple((-0.1 * i - 0.1,) for i in range(len(words))), heard,
        tuple(-0.2 * i for i in range(len(heard))),
    )  # fmt: skip
    return Alignment(" ".join(words), tuple(placed), score, evidence)


def cut(i, text, **custom):
    media = media_cut("m", recording("m", "/x.flac", 16000, 960000), {"caption_kind": "manual"})
    fields = {"text_raw": text, "text_orthographic": text}
    times = {"caption_start_sec": 10.0 * i, "caption_end_sec": 10.0 * i + 10}
    return utterance_cut(media, f"m-{i}", 10.0 * i, 10.0 * i + 10, text, fields | times | custom)


FIRST = "저는 오늘 아침에 일찍 일어나서 밥을 먹고 나서".split()
SECOND = "학교에 갔는데 친구가 아무도 없어서 집에 왔습니다 그리고".split()


def harvested(first, second, cuts=None, join_sec=9.0):
    cuts = cuts or [cut(0, " ".join(FIRST)), cut(1, " ".join(SECOND))]
    silence = np.zeros(960000, np.float32)
    config = MediaAlignment(0.1, trim=False, join_sec=join_sec)
    return align_media(cuts, ToldAligner([first, second]), config, lambda cut: silence)


def test_words_behind_the_last_pause_go_to_the_next():
    first = said(FIRST, 1.0, pauses=[2, 5])
    second = said(SECOND, first.words[-1].end_sec, word_sec=0.5)
    a, b = harvested(first, second)
    assert text_of(a) == "저는 오늘 아침에 일찍 일어나서"
    assert text_of(b) == "밥을 먹고 나서 " + " ".join(SECOND)
    assert (a["id"], b["id"]) == ("m-0", "m-1")
    assert a["custom"]["end_moved"] == b["custom"]["start_moved"] == -3
    for one, words in ((a, 5), (b, 11)):
        custom = one["custom"]
        assert custom["text_raw"] == custom["text_orthographic"] == text_of(one)
        assert custom["text_as_heard"] == custom["heard_text"] == text_of(one)
        assert len(custom["word_log_probs"]) == words == len(custom["heard_log_probs"])
        assert len(one["supervisions"][0]["alignment"]["word"]) == words
    assert b["start"] - (a["start"] + a["duration"]) == pytest.approx(0.3)
    assert a["custom"]["caption_end_sec"] == b["custom"]["caption_start_sec"] == 7.0


def test_words_in_front_of_the_first_pause_go_to_the_one_before():
    first = said(FIRST, 1.0, word_sec=0.5)
    a, b = harvested(first, said(SECOND, first.words[-1].end_sec, pauses=[2]))
    assert text_of(a) == " ".join(FIRST) + " 학교에 갔는데"
    assert text_of(b) == "친구가 아무도 없어서 집에 왔습니다 그리고"
    assert a["custom"]["end_moved"] == 2


def test_the_nearest_pause_is_taken_that_leaves_neither_too_long_nor_a_stump():
    first = said(FIRST, 1.0, pauses=[3])
    second = said(SECOND, first.words[-1].end_sec, pauses=[1])
    a, _ = harvested(first, second, join_sec=9.5)
    assert text_of(a) == " ".join([*FIRST, SECOND[0]])
    a, _ = harvested(first, second, join_sec=9.0)
    assert text_of(a) == " ".join(FIRST)
    first = said(FIRST, 1.0, pauses=[1], word_sec=0.9)  # of which 0.9 s would be left
    a, _ = harvested(first, said(SECOND, first.words[-1].end_sec, word_sec=0.4), join_sec=10)
    assert text_of(a) == " ".join(FIRST)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"pauses": [5], "score": 0.3}, {}),  # nobody said it
        ({"pauses": [5]}, {"score": 0.3}),
        ({}, {}),  # nobody pauses
        ({"pauses": [5], "heard": ["저는", "오늘아침에일찍일어나서밥을먹고", "나서"]}, {}),
        ({"pauses": [5]}, {"pauses": [0]}),  # a pause is there already
    ],
)
def test_others_stay(first, second):
    first = said(FIRST, 1.0, **first)
    a, b = harvested(first, said(SECOND, first.words[-1].end_sec, **second))
    assert (text_of(a), text_of(b)) == (" ".join(FIRST), " ".join(SECOND))
    assert "end_moved" not in a["custom"] and "start_moved" not in b["custom"]


def test_never_where_utterances_are_not_joined_either():
    first = said(FIRST, 1.0, pauses=[5])
    a, _ = harvested(first, said(SECOND, first.words[-1].end_sec), join_sec=None)
    assert text_of(a) == " ".join(FIRST)


READ = "우리는 그해 이천삼 년 십이월 이십사 일에 만났고".split()


def test_written_and_read_forms_are_parted_at_the_same_place():
    cuts = [
        cut(0, " ".join(READ), text_raw="- 우리는 그해 2003년 12월 24일에 만났고",
            text_orthographic="우리는 그해 2003년 12월 24일에 만났고",
            text_candidates=[" ".join(READ), "우리는 그해 이천삼 년 열두월 이십사 일에 만났고"]),
        cut(1, " ".join(SECOND)),
    ]  # fmt: skip
    first = said(READ, 1.0, pauses=[7])
    a, b = harvested(first, said(SECOND, first.words[-1].end_sec, word_sec=0.5), cuts)
    assert a["custom"]["text_raw"] == "- 우리는 그해 2003년 12월 24일에"
    assert a["custom"]["text_orthographic"] == "우리는 그해 2003년 12월 24일에"
    assert a["custom"]["text_candidates"][1] == "우리는 그해 이천삼 년 열두월 이십사 일에"
    assert b["custom"]["text_orthographic"] == "만났고 " + " ".join(SECOND)
    assert b["custom"]["text_candidates"] == ["만났고 " + " ".join(SECOND)]


def test_the_verbalisations_behind_captions_that_were_joined_begin_with_the_words_that_moved():
    texts = ["처음에는 아주", "좋았습니다 그런", "분위기가 사 개월 정도 이어지다가 끝났습니다"]
    cuts = [cut(i, text) for i, text in enumerate(texts)]
    cuts[2]["custom"]["text_candidates"] = [texts[2], texts[2].replace("사", "네")]
    found = [said(texts[0].split(), 1.0), said(texts[1].split(), 3.0, pauses=[1])]
    found.append(said(texts[2].split(), 5.3))
    config = MediaAlignment(0.1, trim=False, join_sec=7.5)
    one, gone, last = align_media(
        cuts, ToldAligner(found), config, lambda cut: np.zeros(960000, np.float32)
    )
    assert (text_of(one), gone["custom"]["reason"]) == ("처음에는 아주 좋았습니다", "joined")
    assert last["custom"]["text_candidates"] == [
        f"그런 {text}" for text in (texts[2], texts[2].replace("사", "네"))
    ]


def test_not_inside_a_number():
    cuts = [
        cut(0, " ".join(READ), text_orthographic="우리는 그해 2003년 12월 24일에 만났고"),
        cut(1, " ".join(SECOND)),
    ]
    first = said(READ, 1.0, pauses=[6])  # 이십사 | 일에
    a, _ = harvested(first, said(SECOND, first.words[-1].end_sec, word_sec=0.5), cuts)
    assert text_of(a) == " ".join(READ)


@pytest.mark.parametrize(
    ("words", "k", "others", "place"),
    [
        ("가 나 다", 1, "가 나 다", 1),
        ("가 나 다", 1, "가나 다", None),
        ("가 나 다", 2, "가나 다", 1),
        ("사 개월 뒤에", 2, "4개월 뒤에", 1),
        ("사 개월 뒤에", 1, "4개월 뒤에", None),
        ("먹고 잤다", 1, "먹고... (웃음) 잤다", 2),  # between both: with what is in front
        ("먹고 잤다", 1, "- 먹고 - 잤다", 3),
        ("먹고 잤다", 1, "뛰었 몰라요", None),
        ("먹고 잤다", 1, "잤다", None),
        ("먹고 잤다", 1, "", None),
    ],
)
def test_the_same_border_in_another_writing(words, k, others, place):
    assert same_border(words.split(), k, others.split()) == place


WORDS = st.lists(
    st.sampled_from(["가", "나무", "다람쥐", "2003년", "먹었습니다"]), min_size=1, max_size=9
)


@settings(deadline=None)
@given(st.lists(st.tuples(WORDS, st.sets(st.integers(1, 8))), min_size=2, max_size=5))
def test_no_word_is_lost_and_none_changes_its_place(utterances):
    found, time = [], 0.0
    for i, (words, pauses) in enumerate(utterances):
        alignment = said(words, time, pauses=pauses)
        time = alignment.words[-1].end_sec
        found.append(Found(i, cut(i, alignment.text), alignment))
    done = recut(found, 8.0)
    assert [one.index for one in done] == list(range(len(found)))
    for side in (
        lambda one: one.alignment.words,
        lambda one: one.alignment.evidence.words,
        lambda one: one.alignment.evidence.log_probs,
        lambda one: one.alignment.evidence.heard_log_probs,
        lambda one: one.cut["custom"]["text_raw"].split(),
    ):
        assert [x for one in done for x in side(one)] == [x for one in found for x in side(one)]
    longest = max(8.0, *(one.duration_sec for one in found))
    for one in done:
        assert one.alignment.text == " ".join(word.text for word in one.alignment.words)
        assert sum(one.sizes) == len(one.alignment.words) and min(one.sizes) >= 1
        assert one.duration_sec <= longest + 1e-6 and not is_rejected(one.cut)


@pytest.mark.parametrize(("unsure", "moves"), [(1, True), (4, False), (6, False)])
def test_words_change_sides_only_where_they_seem_to_be_said(unsure, moves):
    first = said(FIRST, 1.0, pauses=[5])
    log_probs = tuple((-9.0,) if i == unsure else (-0.1,) for i in range(len(FIRST)))
    first = replace(first, evidence=replace(first.evidence, log_probs=log_probs))
    a, b = harvested(first, said(SECOND, first.words[-1].end_sec, word_sec=0.5))
    assert ("end_moved" in a["custom"]) is moves
    assert text_of(a) == " ".join(FIRST[:5] if moves else FIRST)


@pytest.mark.parametrize("bad", [0, 1])
def test_what_seems_not_to_be_said_takes_no_words_of_what_does(bad):
    """Stage 6 may reject it, and what is rejected changes nothing that is accepted."""
    pauses = [5] if bad == 1 else []
    sides = [said(FIRST, 1.0, pauses=pauses)]
    start = sides[0].words[-1].end_sec
    sides.append(said(SECOND, start, word_sec=0.5, pauses=[] if bad == 1 else [2]))
    a, _ = harvested(*sides, join_sec=12.0)
    assert "end_moved" in a["custom"]
    words = len(sides[bad].words)
    unsure = tuple((-30.0,) if i == (0, words - 1)[bad] else (-0.1,) for i in range(words))
    sides[bad] = replace(sides[bad], evidence=replace(sides[bad].evidence, log_probs=unsure))
    a, b = harvested(*sides, join_sec=12.0)
    assert (text_of(a), text_of(b)) == (" ".join(FIRST), " ".join(SECOND))


@pytest.mark.parametrize(
    ("speakers", "turn", "moves"),
    [(("", ""), {}, True), (("가", "가"), {}, True), (("가", ""), {}, True), (("가", "나"), {}, False),
     (("", "나"), {}, False), (("", ""), {"turn": "begins"}, False)],
)  # fmt: skip
def test_no_word_goes_to_another_speaker_and_two_are_never_joined(speakers, turn, moves):
    first = said(FIRST, 1.0, pauses=[5])
    second = said(SECOND, first.words[-1].end_sec, word_sec=0.5)

    def cuts():
        both = cut(0, " ".join(FIRST)), cut(1, " ".join(SECOND), **turn)
        return [with_supervision(c, speaker=s) if s else c for c, s in zip(both, speakers, strict=True)]  # fmt: skip

    a, _ = harvested(first, second, cuts())
    assert ("end_moved" in a["custom"]) is moves
    a, b = harvested(first, second, cuts(), join_sec=15.0)
    assert is_rejected(b) is moves and ("joined" in a["custom"]) is moves


def test_a_word_goes_no_further_than_to_the_next_caption():
    """Of what came to a short utterance, nothing goes on to the one behind it."""
    texts = [
        "저는 오늘 아침에 일찍 일어나서 나왔는데 바로 거기서",
        "네네",
        "그래서 친구를 만났어요",
    ]
    words = [text.split() for text in texts]
    sides = [said(words[0], 0.0, word_sec=0.5, pauses=[5, 7])]
    sides.append(said(words[1], sides[0].words[-1].end_sec, word_sec=0.4))
    sides.append(said(words[2], sides[1].words[-1].end_sec, word_sec=0.5))
    found = [Found(i, cut(i, text), side) for i, (text, side) in enumerate(zip(texts, sides, strict=True))]  # fmt: skip
    done = recut(found, 4.99)
    assert [one.alignment.text for one in done][2] == texts[2]
    assert done[1].alignment.text.endswith(texts[1])


def test_neither_side_grows_to_the_length_of_the_other():
    """A long utterance stays as long as it is; that allows nothing to its short neighbour."""
    first = said([f"하나{i}" for i in range(22)], 0.0, pauses=[14])
    second = said([f"두울{i}" for i in range(13)], first.words[-1].end_sec)
    found = [Found(i, cut(i, one.text), one) for i, one in enumerate((first, second))]
    assert recut(found, 15.0)[1].alignment.text == second.text
    assert recut(found, 22.0)[1].alignment.text != second.text


def test_a_border_that_captions_show_stays():
    cuts = [cut(0, " ".join(FIRST), caption_end_sec=9.7), cut(1, " ".join(SECOND))]
    first = said(FIRST, 1.0, pauses=[5])
    a, _ = harvested(first, said(SECOND, first.words[-1].end_sec, word_sec=0.5), cuts)
    assert text_of(a) == " ".join(FIRST)


def test_a_syllable_alone_stays_where_it_is():
    words = [*FIRST[:-1], "그"]
    cuts = [cut(0, " ".join(words)), cut(1, " ".join(SECOND))]
    first = said(words, 1.0, pauses=[7])
    a, _ = harvested(first, said(SECOND, first.words[-1].end_sec, word_sec=0.5), cuts)
    assert text_of(a) == " ".join(words)
