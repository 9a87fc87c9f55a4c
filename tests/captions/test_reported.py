"""Kinds of captions that people report to the trackers of other tools, and what must stay as it is."""

import json

import pytest

from echoharvester.captions.parse import parse
from echoharvester.captions.utterances import segment


def srt(*cues, start=1.0, length=1.0, gap=1.0):
    """Cues of one or more lines, each a second behind the one before."""
    blocks, time = [], start
    for i, cue in enumerate(cues, 1):
        a, b = time, time + length
        blocks.append(f"{i}\n00:00:{a:06.3f} --> 00:00:{b:06.3f}\n{cue}\n")
        time = b + gap
    return "\n".join(blocks)


def texts(content, suffix=".srt"):
    return [u.text for u in segment(parse(content, suffix)).utterances]


def counts(content, suffix=".srt"):
    track = parse(content, suffix)
    return track.repairs + track.gone + segment(track).removed


@pytest.mark.parametrize(
    "caption",
    ["아니 [ __ ] 뭐야", "○○○ 씨가 왔다", "김OO 씨는 갔다", "그 ×× 회사", "*** 이라고 했다", "[들리지 않음] 그래",
     "그건 (불명확) 같아", "(삐-) 하지 마", "박00 씨가 말했다", "[inaudible] 맞아요", "[청취 불가] 네"],
)  # fmt: skip
def test_what_is_said_and_not_given_marks_the_text_as_damaged(caption):
    (text,) = texts(srt(caption))
    assert "\ufffd" in text and counts(srt(caption))["not_given"]


@pytest.mark.parametrize(
    "caption",
    [
        "밤 00시에 만나요",
        "**정말** 좋아요",
        "3 * 4 는 12",
        "○ 첫째로 봅시다",
        "점수는 3**2",
        "3 ×× 4 는",
        "●● 첫째는",
        "스쿠터 oo가",
        "TOO 비싸요",
        "007 영화",
        "가격은 1000원",
        "OK 좋아요",
    ],
)
def test_marks_that_hide_nothing_do_not(caption):
    assert "\ufffd" not in texts(srt(caption))[0]


@pytest.mark.parametrize(
    "caption",
    [
        "(경쾌한 북소리)",
        "(문이 쾅 닫힌다)",
        "(쾅!)",
        "#경쾌한 음악#",
        "*띠리링*",
        "（박수 소리）",
        "<철컥>",
    ],
)
def test_a_caption_that_is_one_pair_of_brackets_describes_a_sound(caption):
    assert texts(srt(caption, "알겠어요.")) == ["알겠어요."]
    assert counts(srt(caption))["sound_tag"] == 1


@pytest.mark.parametrize(
    ("caption", "text"),
    [("<철컥> 누구세요?", "누구세요?"), ("*띠리링* 여보세요?", "여보세요?"),
     ("저는 (정말로) 갔어요.", "저는 (정말로) 갔어요."), ("(한국은) 참 좋아요.", "(한국은) 참 좋아요."),
     ("(그) 사람이에요.", "(그) 사람이에요."), ("(네, 알겠습니다)", "(네, 알겠습니다)"),
     ("(그게 말이 되냐고요)", "(그게 말이 되냐고요)"), ("*아니*", "아니"), ("이건 *정말* 좋아요.", "이건 정말 좋아요."), ("2 * 3 * 4 는 24", "2 * 3 * 4 는 24"), ("<엄마> 를 봤어요.", "<엄마> 를 봤어요."),
     ("여성 1:1 비율이에요.", "여성 1:1 비율이에요."), ("<기생충> 봤어요?", "<기생충> 봤어요?"),
     ("#해시태그 달아 주세요.", "#해시태그 달아 주세요.")],
)  # fmt: skip
def test_words_in_brackets_inside_a_sentence_stay(caption, text):
    assert texts(srt(caption)) == [text]


@pytest.mark.parametrize(
    "label",
    [
        "SPEAKER_00:",
        "Speaker 1:",
        "화자 1:",
        "화자2 :",
        "참석자1:",
        "참석자 12：",
        "발언자 3:",
        "(민수)",
        "<민수>",
        "（김철수）",
        "(참석자 1)",
    ],
)
def test_labels_of_speakers_are_not_said(label):
    assert texts(srt(f"{label} 그래요.", f"{label} 아니요.")) == ["그래요.", "아니요."]


@pytest.mark.parametrize(
    "caption", ["화자는 말한다.", "참석자 3명이 왔다.", "스피커 1: 3 비율로", "3 대 1"]
)
def test_words_that_look_like_labels_stay(caption):
    assert texts(srt(caption))[0].startswith(caption[:3].rstrip())


def test_two_languages_in_a_cue_leave_the_korean_one():
    both = srt(
        "여러분 안녕하세요.\nHello everyone",
        "김치를 담가요.\nWe make kimchi",
        "Today is good\n오늘 좋네요.",
    )
    assert texts(both) == ["여러분 안녕하세요.", "김치를 담가요.", "오늘 좋네요."]
    assert counts(both)["other_language"] == 3


def test_two_languages_as_parallel_cues_leave_the_korean_one():
    pairs = "".join(
        f"{i}\n00:00:0{t},000 --> 00:00:0{t + 1},000\n{text}\n\n"
        for i, (t, text) in enumerate(
            [(1, "안녕하세요."), (1, "Hello everyone"), (4, "반가워요."), (4, "Nice to meet you")],
            1,
        )
    )
    assert texts(pairs) == ["안녕하세요.", "반가워요."] and counts(pairs)["other_language"] == 2


def test_a_korean_sentence_that_quotes_english_keeps_it():
    quoted = srt(
        "그가 말했죠.\nI have a dream",
        "그리고 나서",
        "우리는 웃었어요.",
        "PPT 보세요.\n3번 슬라이드",
    )
    assert any("I have a dream" in text for text in texts(quoted))
    assert not counts(quoted)["other_language"]


def test_the_order_of_the_file_holds_where_a_cue_jumps_back_into_the_one_before():
    back = (
        "1\n00:00:03,600 --> 00:00:05,000\n그래서 물어봤어요\n\n"
        "2\n00:00:01,200 --> 00:00:05,900\n왜 그랬냐고\n\n3\n00:00:06,500 --> 00:00:07,000\n그랬더니\n"
    )
    assert " ".join(texts(back)) == "그래서 물어봤어요 왜 그랬냐고 그랬더니"
    assert counts(back)["jumped_back"] == 1


def test_cues_that_lie_apart_are_put_in_order():
    apart = "1\n00:00:03,000 --> 00:00:04,000\n둘째예요.\n\n2\n00:00:01,000 --> 00:00:02,000\n첫째예요.\n"
    assert texts(apart) == ["첫째예요.", "둘째예요."]


def test_times_that_cannot_be_read_are_never_spoken():
    broken = (
        "1\n00:00:02,500 --> 00:00:03,900\n첫째예요\n\n2\n-112:-7:-40,-521 --> -112:-7:-39,-521\n둘째예요\n\n"
        "3\n00:00:05,500 --> 00:00:06,900\n셋째예요\n"
    )
    assert texts(broken) == ["첫째예요", "둘째예요", "셋째예요"]
    assert counts(broken)["bad_timing"] == 1
    assert "화살표 --> 이렇게 씁니다." in texts(srt("화살표 --> 이렇게 씁니다."))[0]


def test_the_index_of_a_deleted_cue_is_not_said():
    left = "26\n00:00:01,000 --> 00:00:02,000\n첫째예요.\n\n27\n\n28\n00:00:03,000 --> 00:00:04,000\n둘째예요.\n"
    assert texts(left) == ["첫째예요.", "둘째예요."]


def test_a_countdown_is_said():
    down = "".join(
        f"{i}\n00:00:0{i},000 --> 00:00:0{i},500\n\n{text}\n\n"
        for i, text in enumerate(["3", "2", "1", "출발!"], 1)
    )
    assert " ".join(texts(down)) == "3 2 1 출발!"
    spaced = "1\n\n00:00:01,000 --> 00:00:02,000\n\n정답은\n\n5\n\n2\n\n00:00:03,000 --> 00:00:04,000\n\n맞아요.\n"
    assert " ".join(texts(spaced)) == "정답은 5 맞아요."


def test_a_long_sign_in_front_does_not_push_what_is_said_behind_it():
    signs = "".join(
        f"{i}\n00:00:{a:02d},000 --> 00:00:{b:02d},000\n{text}\n\n"
        for i, (a, b, text) in enumerate(
            [
                (12, 30, "제목이에요."),
                (11, 14, "첫째예요."),
                (14, 17, "둘째예요."),
                (17, 20, "셋째예요."),
            ],
            1,
        )
    )
    assert texts(signs) == ["제목이에요.", "첫째예요.", "둘째예요.", "셋째예요."]
    assert segment(parse(signs, ".srt")).utterances[1].end_sec == 14.0


def test_several_times_that_cannot_be_read_share_the_room():
    broken = "1\n00:00:01,000 --> 00:00:02,000\n처음이에요.\n\n"
    for i in (2, 3, 4):
        broken += f"{i}\n-1:-2:-3,-4 --> -1:-2:-3,-4\n{i}번이에요.\n\n"
    broken += "5\n00:00:20,000 --> 00:00:22,000\n끝이에요.\n"
    found = segment(parse(broken, ".srt")).utterances
    assert len(found) == 5
    assert all(a.end_sec < b.start_sec for a, b in zip(found, found[1:], strict=False))
    assert all(u.end_sec - u.start_sec > 1 for u in found[1:4])


def test_a_long_file_in_two_languages_is_read_quickly():
    lines = srt(*["여러분 안녕하세요.\nHello everyone"] * 3000, length=0.001, gap=0.001)
    assert counts(lines)["other_language"] + counts(lines)["duplicate"] >= 2900


@pytest.mark.parametrize(
    ("caption", "text"),
    [("&amp;lt;i&amp;gt;오늘은&amp;lt;/i&amp;gt; 비가 와요.", "오늘은 비가 와요."), ("Tom &amp;amp; Jerry 봤어요?", "Tom & Jerry 봤어요?"),
     ("&amp;quot;정말&amp;#34; 좋아요.", '"정말" 좋아요.'), ("{y:i}기울어요.", "기울어요."),
     ('<font color="#ffff00"\nface="굴림">노래요.', "노래요."), ("5 < 6 맞죠?", "5 < 6 맞죠?")],
)  # fmt: skip
def test_markup_that_was_escaped_or_broken_is_taken_off(caption, text):
    assert texts(srt(caption)) == [text]


def test_drawings_are_no_text_and_bars_break_lines():
    drawn = srt("m 0 0 l 100 0 100 100 0 100", "움직여요.|줄바꿈이에요.", "m 단위로 재요.")
    assert texts(drawn) == ["움직여요.", "줄바꿈이에요.", "m 단위로 재요."]


def test_an_event_with_an_invisible_mark_is_the_same_event():
    events = [
        {"tStartMs": 1000, "dDurationMs": 2000, "segs": [{"utf8": text}]}
        for text in ("오늘은 눈이 옵니다.", "\u200b오늘은 눈이 옵니다.", "\u200b")
    ]
    assert texts(json.dumps({"events": events}), ".json3") == ["오늘은 눈이 옵니다."]
