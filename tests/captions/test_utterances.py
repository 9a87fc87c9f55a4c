from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from echoharvester.captions.clean import Cleaner
from echoharvester.captions.cues import Cue, Track
from echoharvester.captions.parse import parse
from echoharvester.captions.utterances import SegmentConfig, segment


def utterances(*cues, config=None):
    track = Track([Cue(start, end, (text,)) for start, end, text in cues])
    return [(u.start_sec, u.end_sec, u.text) for u in segment(track, config).utterances]


def test_cues_that_continue_a_sentence_are_joined():
    assert utterances((0, 1, "오늘은 날씨가"), (1.05, 2, "좋습니다.")) == [
        (0, 2, "오늘은 날씨가 좋습니다.")
    ]


def test_sentences_are_cut_but_numbers_and_addresses_are_not():
    texts = [
        t for *_, t in utterances((0, 6, "가격은 3.5만 원입니다. 주소는 naver.com 입니다. 네"))
    ]
    assert texts == ["가격은 3.5만 원입니다.", "주소는 naver.com 입니다.", "네"]


def test_two_speakers_in_a_cue_become_two():
    track = parse("1\n00:00:00,000 --> 00:00:02,000\n- 네?\n- 아니요!\n", ".srt")
    assert [u.text for u in segment(track).utterances] == ["네?", "아니요!"]


def test_long_text_without_punctuation_is_cut_and_nothing_is_lost():
    words = [f"낱말{chr(0xAC00 + i)}" for i in range(200)]
    found = utterances((0, 110.9, " ".join(words)))
    assert [w for *_, text in found for w in text.split()] == words
    assert all(end - start <= 30 for start, end, _ in found)


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.floats(0, 100, allow_subnormal=False),
            st.floats(0.1, 60),
            st.text("가나다. ?!,", min_size=1, max_size=40),
        ),
        max_size=8,
    )
)
def test_no_word_is_lost_or_invented_and_none_is_too_long(cues):
    track = Track(
        sorted((Cue(s, s + d, (t,)) for s, d, t in cues), key=lambda c: (c.start_sec, c.end_sec))
    )
    cleaner = Cleaner()
    wanted = [w for cue in track.cues for w in cleaner.line(cue.text)[0].split()]
    found = segment(track, SegmentConfig()).utterances
    said = [w for u in found for w in u.text.split()]
    assert Counter(said) == Counter(wanted)
    if all(a.end_sec <= b.start_sec for a, b in zip(track.cues, track.cues[1:], strict=False)):
        assert said == wanted  # of cues that overlap, the parts are in order of time
    assert all(0 < u.end_sec - u.start_sec <= 30.001 for u in found)


@pytest.mark.parametrize(
    ("line", "text", "kind"),
    [
        ("[음악] 안녕", "안녕", "sound_tag"),
        ("(웃음) 네", "네", "sound_tag"),
        ("♪ 라라라 ♪", "", "music"),
        (">> 그래서", "그래서", "chevrons"),
        ("김민수: 안녕", "안녕", "speaker"),
        ("https://a.kr/b 참고", "참고", "url"),
        ("한글자막 by 홍길동", "", "credit"),
        ("좋아요 😀", "좋아요", "emoji"),
    ],
)
def test_what_is_not_speech_is_removed_and_counted(line, text, kind):
    cleaner = Cleaner()
    assert cleaner.line(line)[0] == text
    assert cleaner.removed == Counter({kind: 1})


@pytest.mark.parametrize(
    "line", ["대한민국(한국)은", "문제: 다음을 고르세요", "3:2로 이겼다", "[2025]"]
)
def test_what_may_be_speech_stays(line):
    assert Cleaner().line(line)[0] == line


def test_of_two_spellings_the_written_one_stays_and_marks_go_where_asked():
    assert Cleaner().line("(70%)/(칠십 퍼센트) 확률")[0] == "70% 확률"
    cleaner = Cleaner(corpus_marks=True)
    assert cleaner.line("b/ 그+ 그게 {laughing} 네")[0] == "그 그게 네"
    assert cleaner.removed["breath"] == 1 and cleaner.removed["event"] == 1


def test_a_transcript_that_lacks_what_is_said_is_damaged_not_shortened():
    assert Cleaner(corpus_marks=True).line("저는 &name& 입니다")[0].endswith("\ufffd")
    assert "\ufffd" not in Cleaner(corpus_marks=True).line("저는 b/ 학생입니다")[0]


def test_captions_without_punctuation_are_cut_where_a_cue_or_a_sentence_ends():
    """Never in the middle of a cue, as halving by length does: ... 정도가 근무하고 | 있습니다."""
    lines = [
        "저희 회사에는 지금 이백 명", "정도가 근무하고 있습니다", "가장 큰 특징은 하지만", "사무실이 없다는 것이에요",
        "그래서 저는 오늘 아침에도", "집에서 일을 하다가 왔는데",
    ]  # fmt: skip
    cues = [Cue(2.0 * i, 2.0 * i + 2.0, (line,), ()) for i, line in enumerate(lines)]
    texts = [u.text for u in segment(Track(cues), SegmentConfig(cut_at="cues")).utterances]
    assert texts == [f"{lines[0]} {lines[1]}", f"{lines[2]} {lines[3]}", f"{lines[4]} {lines[5]}"]
    whole = " ".join(lines)
    for config in (SegmentConfig(), SegmentConfig(cut_at="cues", target_sec=3.0)):
        assert " ".join(u.text for u in segment(Track(cues), config).utterances) == whole
    one_cue = [u.text for u in segment(Track(cues), SegmentConfig(cut_at="cues", target_sec=3.0)).utterances]  # fmt: skip
    assert one_cue == lines


def test_words_that_only_end_like_a_sentence_go_on():
    cues = [Cue(0.0, 1.0, ("바다",), ()), Cue(1.0, 2.0, ("보다 넓은 것",), ())]
    (utterance,) = segment(Track(cues), SegmentConfig(cut_at="cues")).utterances
    assert utterance.text == "바다 보다 넓은 것"
