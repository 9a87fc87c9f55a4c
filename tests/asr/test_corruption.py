"""Captions made wrong on purpose: one fault, of the kind asked for, and Korean all the same."""

import random

import pytest
from rapidfuzz.distance import Levenshtein

from echoharvester.asr.corruption import KINDS, corrupted
from echoharvester.text.hangul import is_syllable

TEXT = "저는 오늘 세 명의 친구를 학교에서 만났습니다"
OTHERS = ["바다", "고양이가", "달립니다"]


def many(kind, text=TEXT, after="그리고 갔습니다", count=50):
    rng = random.Random(3)
    return [corrupted(text, kind, rng, OTHERS, after) for _ in range(count)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_a_text_and_only_once(kind):
    made = [text for text in many(kind) if text]
    assert len(made) >= 45 and all(text != TEXT for text in made)
    before = TEXT.split()
    for text in made:
        after = text.split()
        assert abs(len(after) - len(before)) <= 1
        assert Levenshtein.distance(before, after) == 1
        assert all(is_syllable(c) for c in text.replace(" ", ""))


def test_words_go_come_and_change():
    assert all(len(t.split()) == 6 for t in many("drop"))
    assert all(t.split()[0] == "저는" and t.split()[-1] == "만났습니다" for t in many("drop"))
    assert all(len(t.split()) == 8 for t in many("insert"))
    assert {w for t in many("replace") if t for w in t.split()} - set(TEXT.split()) <= set(OTHERS)
    assert set(many("neighbour")) == {TEXT + " 그리고"}


def test_particles_suit_the_sound_before_them():
    made = {w for t in many("particle") if t for w in t.split()} - set(TEXT.split())
    assert made and not made & {"저은", "저이", "저을", "친구은", "친구이", "친구을"}
    assert all(w.startswith(("저", "명", "친구", "학교")) for w in made)


def test_endings_and_vowels_keep_the_rest_of_the_word():
    assert all(t.split()[-1].startswith("만났") for t in many("ending"))
    assert all(Levenshtein.distance(t, TEXT) == 1 for t in many("jamo"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [("세 명이 왔다", "명이 왔다"), ("2003년에 갔다", "년에 갔다"), ("육십 년", "년")],
)
def test_numbers_become_other_numbers(text, kept):
    made = set(many("number", text))
    if text == "육십 년":
        assert made == {None}  # no number of one word that it knows
        return
    assert all(t != text and t.endswith(kept) for t in made)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("drop", "둘 셋"), ("particle", "안녕"), ("ending", "하늘"), ("number", "바다"), ("jamo", "abc"),
     ("replace", ""), ("jamo", "")],
)  # fmt: skip
def test_a_text_with_no_place_for_a_fault_is_left_alone(kind, text):
    assert corrupted(text, kind, random.Random(0), [], "") is None
    assert corrupted(text, "neighbour", random.Random(0), [], "") is None
