"""Who says what, where captions tell: out of the text, and kept."""

import pytest

from echoharvester.captions.parse import parse
from echoharvester.captions.utterances import segment


def turns(*cues, suffix=".srt", mark=","):
    rows = [
        f"{i}\n00:00:{3 * i:02d}{mark}000 --> 00:00:{3 * i + 2:02d}{mark}500\n{cue}\n"
        for i, cue in enumerate(cues, 1)
    ]
    head = "WEBVTT\n\n" if suffix == ".vtt" else ""
    return [(u.speaker, u.text) for u in segment(parse(head + "\n".join(rows), suffix)).utterances]


@pytest.mark.parametrize(
    ("label", "speaker"),
    [("SPEAKER_00:", "SPEAKER_00"), ("[SPEAKER_01]:", "SPEAKER_01"), ("[SPEAKER_01]", "SPEAKER_01"), ("Speaker 1:", "Speaker 1"),
     ("화자 1:", "화자 1"), ("화자2：", "화자2"), ("참석자1:", "참석자1"), ("(참석자 1)", "참석자 1"), ("(민수)", "민수"), ("[민수]", "민수"),
     ("【민수】", "민수"), ("（김철수）", "김철수"), ("<민수>", "민수"), ("김민수 기자:", "김민수 기자"), ("진행자:", "진행자"),
     ("- 민수:", "민수"), (">> 앵커:", "앵커"), ("참석자 1 00:03\n", "참석자 1")],
)  # fmt: skip
def test_labels_are_kept_and_not_said(label, speaker):
    assert turns(f"{label} 그래요.", f"{label} 아니요.") == [
        (speaker, "그래요."),
        (speaker, "아니요."),
    ]


@pytest.mark.parametrize(
    "lines",
    [
        ("- 민수: 뭐 해?\n- 지은: 그냥 있어.",),
        ("민수: 뭐 해?\n지은: 그냥 있어.",),
        ("화자 1: 뭐 해? 화자 2: 그냥 있어.",),
        ("민수: 뭐 해?", "지은: 그냥 있어."),
    ],
)
def test_every_turn_has_its_own(lines):
    assert [text for _, text in turns(*lines)] == ["뭐 해?", "그냥 있어."]
    assert len({speaker for speaker, _ in turns(*lines)} - {""}) == 2


def test_voices_of_webvtt():
    found = turns("<v 민수>뭐 해?</v> <v.loud 지은>그냥 있어.</v>", suffix=".vtt", mark=".")
    assert found == [("민수", "뭐 해?"), ("지은", "그냥 있어.")]


def test_a_sentence_that_goes_on_is_one_turn_and_the_next_is_nobodys():
    text = "1\n00:00:01,000 --> 00:00:02,000\n민수: 오늘은 날씨가\n\n2\n00:00:02,000 --> 00:00:03,000\n정말 좋네요.\n\n3\n00:00:09,000 --> 00:00:10,000\n그러게요.\n"
    found = segment(parse(text, ".srt")).utterances
    assert [(u.speaker, u.text) for u in found] == [("민수", "오늘은 날씨가 정말 좋네요."), ("", "그러게요.")]  # fmt: skip


def test_two_speakers_are_never_in_one_utterance():
    text = "1\n00:00:01,000 --> 00:00:02,000\n민수: 그래서 말인데\n\n2\n00:00:02,000 --> 00:00:03,000\n지은: 왜\n"
    assert [u.speaker for u in segment(parse(text, ".srt")).utterances] == ["민수", "지은"]


@pytest.mark.parametrize(
    "caption",
    ["시간은 10:30 입니다", "서울: 맑음", "정답: 3번", "(한국은) 좋아요", "[속보] 비가 옵니다", "(웃음) 네", "비율은 3:1", "<기생충> 봤어요?", "모두: 안녕"],
)  # fmt: skip
def test_what_is_no_name_gives_no_speaker(caption):
    assert {speaker for speaker, _ in turns(caption, "네 그래요.")} <= {"", "모두"}


def test_a_tag_that_comes_back_is_nobody_and_names_that_take_turns_are():
    assert {s for s, _ in turns("[속보] 비가 와요.", "[속보] 눈이 와요.")} == {""}
    found = turns("【하니】 왔어?", "【두리】 응.", "【하니】 늦었네.", "【두리】 미안.")
    assert [s for s, _ in found] == ["하니", "두리", "하니", "두리"]


@pytest.mark.parametrize(
    "lines",
    [["(저희가) 처음 만난 건", "(저희가) 그랬죠."], ["<기생충> 봤어요?", "<괴물> 봤어요?", "<기생충> 좋죠.", "<괴물> 도요."],
     ["저는 (일하면서) 공부했어요.", "네."], ["번역: 감사합니다", "네."], ["사람은 모두 여성 2", "명입니다."]],
)  # fmt: skip
def test_words_in_brackets_that_come_back_are_said(lines):
    found = turns(*lines)
    assert " ".join(text for _, text in found) == " ".join(lines) and {s for s, _ in found} == {""}
