"""What is shown again is said once; what is said twice stays twice."""

import json
import re

import pytest

from echoharvester.captions.parse import parse
from echoharvester.captions.utterances import segment

SENTENCE = "오늘 밤 비가 오겠고 바람도 강하게 불겠습니다 모레는 맑은 하늘이 보이겠습니다".split()


def clock(seconds, mark="."):
    return f"{int(seconds) // 3600:02d}:{int(seconds) // 60 % 60:02d}:{seconds % 60:06.3f}".replace(
        ".", mark
    )


def file_of(screens, suffix):
    """A caption file of screens: start, end and lines."""
    if suffix == ".vtt":
        rows = [f"{clock(a)} --> {clock(b)}\n{chr(10).join(s)}\n" for a, b, s in screens]
        return "WEBVTT\n\n" + "\n".join(rows)
    if suffix == ".srt":
        return "\n".join(
            f"{i}\n{clock(a, ',')} --> {clock(b, ',')}\n{chr(10).join(s)}\n"
            for i, (a, b, s) in enumerate(screens, 1)
        )
    if suffix == ".json3":
        events = [
            {"tStartMs": round(a * 1000), "dDurationMs": round((b - a) * 1000), "segs": [{"utf8": "\n".join(s)}]}
            for a, b, s in screens
        ]  # fmt: skip
        return json.dumps({"events": events})
    rows = [
        f'<p t="{round(a * 1000)}" d="{round((b - a) * 1000)}">{"<br/>".join(s)}</p>'
        for a, b, s in screens
    ]
    return f"<timedtext><body>{''.join(rows)}</body></timedtext>"


def words_of(text, suffix):
    track = parse(text, suffix)
    found = segment(track)
    assert track.read == found.used + sum(found.gone.values())
    return " ".join(u.text for u in found.utterances).split()


def by_words(rows, per_row, gap, step=0.4):
    """Screens of `rows` rows on which words come one by one."""
    screens = []
    for i in range(len(SENTENCE)):
        first = max(0, i // per_row - rows + 1) * per_row
        shown = SENTENCE[first : i + 1]
        lines = [" ".join(shown[k : k + per_row]) for k in range(0, len(shown), per_row)]
        screens.append((1 + i * step, 1 + (i + 1) * step - gap, lines))
    return screens


def by_rows(rows, per_row, gap, step=1.4):
    """Screens of `rows` rows on which whole rows come."""
    lines = [" ".join(SENTENCE[k : k + per_row]) for k in range(0, len(SENTENCE), per_row)]
    return [
        (1 + i * step, 1 + (i + 1) * step - gap, lines[max(0, i - rows + 1) : i + 1])
        for i in range(len(lines))
    ]


@pytest.mark.parametrize("suffix", [".vtt", ".srt", ".json3", ".srv3"])
@pytest.mark.parametrize("gap", [0, 0.04, 0.12, 0.16])
@pytest.mark.parametrize("screens", [(by_words, 1, 4), (by_words, 2, 3), (by_words, 3, 2), (by_rows, 2, 2), (by_rows, 3, 2)])  # fmt: skip
def test_live_captions_say_every_word_once(suffix, gap, screens):
    make, rows, per_row = screens
    assert words_of(file_of(make(rows, per_row, gap), suffix), suffix) == SENTENCE


def test_a_word_that_is_still_growing_is_one_word():
    screens = [
        (1, 1.4, ["안녕하"]),
        (1.4, 1.8, ["안녕하세요 여러"]),
        (1.8, 2.2, ["안녕하세요 여러분"]),
    ]
    assert words_of(file_of(screens, ".srt"), ".srt") == ["안녕하세요", "여러분"]


def test_words_have_the_times_at_which_they_came():
    track = parse(file_of(by_words(2, 3, 0.04), ".srt"), ".srt")
    assert [w.start_sec for w in track.cues[0].words] == pytest.approx([1.0, 1.4, 1.8])


@pytest.mark.parametrize("suffix", [".vtt", ".srt", ".json3", ".srv3"])
@pytest.mark.parametrize(
    "lines",
    [
        ["네.", "네.", "맞아요."],
        ["안녕하세요", "안녕하세요", "감사합니다", "감사합니다"],
        ["그래서", "그래서 갔어요", "네"],
        ["셋", "둘", "하나", "출발"],
        ["사랑해", "사랑해", "사랑해요"],
    ],
)
@pytest.mark.parametrize("gap", [0.3, 1.0])
def test_what_is_said_twice_with_a_pause_stays(suffix, lines, gap):
    screens = [(i * 1.5 + 0.5, i * 1.5 + 2.0 - gap, [line]) for i, line in enumerate(lines)]
    assert words_of(file_of(screens, suffix), suffix) == " ".join(lines).split()


def test_what_is_said_twice_in_a_file_whose_cues_all_touch_stays():
    lines = ["하나씩 볼까요?", "네.", "네.", "좋습니다.", "그럼 시작하죠."]
    screens = [(i * 1.37 + 0.21, i * 1.37 + 1.58, [line]) for i, line in enumerate(lines)]
    assert words_of(file_of(screens, ".srt"), ".srt") == " ".join(lines).split()


@pytest.mark.parametrize("border", [6.0, 10.0, 12.0])
def test_a_cue_that_a_server_cut_is_one(border):
    screens = [
        (border - 2.68, border, ["비가 많이 오니까"]),
        (border, border + 2.9, ["비가 많이 오니까"]),
        (border + 3, border + 5.5, ["우산을 챙기세요."]),
    ]
    track = parse(file_of(screens, ".vtt"), ".vtt")
    assert [cue.text for cue in track.cues] == ["비가 많이 오니까", "우산을 챙기세요."]
    assert track.cues[0].end_sec == border + 2.9 and track.gone["shown_again"] == 1


def test_the_same_text_at_the_same_time_is_one():
    screens = [(1, 4, ["비가 와요."]), (3, 5, ["비가 와요."]), (6, 7, ["네."])]
    assert words_of(file_of(screens, ".srt"), ".srt") == "비가 와요. 네.".split()


@pytest.mark.parametrize(
    ("begin", "end"),
    [("<b>", "</b>"), ("<u>", "</u>"), ('<font color="#0f0">', "</font>"), ("<c.yellow>", "</c>"), ("{\\c&H00FF00&}", "{\\r}")],
)  # fmt: skip
@pytest.mark.parametrize("gap", [0, 0.05])
def test_words_that_light_up_in_turn_are_said_when_they_do(begin, end, gap):
    words = "오늘은 날씨가 정말 좋네요".split()
    screens = [
        (i + 1, i + 2 - gap, [" ".join(begin + w + end if k == i else w for k, w in enumerate(words))])
        for i in range(4)
    ]  # fmt: skip
    track = parse(file_of(screens, ".vtt"), ".vtt")
    assert [cue.text for cue in track.cues] == [" ".join(words)]
    assert [word.start_sec for word in track.cues[0].words] == [1, 2, 3, 4]


def test_segments_of_a_stream_lie_where_their_maps_say():
    part = "WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{}\n\n00:00:01.000 --> 00:00:03.000\n{}\n\n"
    ticks = 2**33 - 90000 * 5
    text = part.format(ticks, "첫째입니다.") + part.format((ticks + 540000) % 2**33, "둘째입니다.")
    assert [(c.start_sec, c.text) for c in parse(text, ".vtt").cues] == [(1.0, "첫째입니다."), (7.0, "둘째입니다.")]  # fmt: skip


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".json3"])
def test_a_clock_that_begins_anew_follows_what_came_before(suffix):
    first = [(1, 3, ["하나입니다."]), (4, 6, ["둘입니다."]), (7, 9, ["셋입니다."])]
    second = [(0.5, 2.5, ["넷입니다."]), (3.5, 5.5, ["다섯입니다."])]
    words = words_of(file_of(first + second, suffix), suffix)
    assert words == "하나입니다. 둘입니다. 셋입니다. 넷입니다. 다섯입니다.".split()


def test_cues_that_are_only_not_sorted_go_where_their_times_say():
    screens = [
        (1, 2, ["하나"]),
        (9, 10, ["셋"]),
        (5, 6, ["둘"]),
        (20, 21, ["다섯"]),
        (15, 16, ["넷"]),
    ]
    assert words_of(file_of(screens, ".srt"), ".srt") == "하나 둘 셋 넷 다섯".split()


def test_two_languages_one_behind_the_other_are_no_new_clock():
    korean = [
        (i * 2, i * 2 + 1.5, [line])
        for i, line in enumerate(["여러분 안녕하세요.", "김치를 담가요.", "참 쉽죠?"])
    ]
    english = [
        (i * 2, i * 2 + 1.5, [line])
        for i, line in enumerate(["Hello everyone.", "We make kimchi.", "Easy, right?"])
    ]
    text = file_of(korean + english, ".srt")
    assert words_of(text, ".srt") == "여러분 안녕하세요. 김치를 담가요. 참 쉽죠?".split()
    assert parse(text, ".srt").gone["other_language"] == 3


def test_two_languages_on_both_sides_of_a_stroke_leave_the_korean_one():
    lines = [
        "안녕하세요 / Hello everyone",
        "김치를 담가요 / We make kimchi",
        "참 쉽죠 / Easy right",
    ]
    screens = [(i * 3, i * 3 + 2, [line]) for i, line in enumerate(lines)]
    assert words_of(file_of(screens, ".srt"), ".srt") == "안녕하세요 김치를 담가요 참 쉽죠".split()
    once = [(0, 2, ["TCP / IP 를 배워요"]), (3, 5, ["네 알겠어요"]), (6, 8, ["그럼 시작"])]
    assert "TCP" in words_of(file_of(once, ".srt"), ".srt")


@pytest.mark.parametrize(
    "lines",
    [
        ["사랑해", "사랑해 너를", "너를 사랑해", "사랑해 영원히"],
        ["하나 둘", "둘 셋", "셋 넷", "넷 다섯"],
        ["이 제품은 좋은 제품", "제품 가격은", "가격은 만 원입니다."],
        ["<font color='yellow'>네.</font>", "<font color='white'>네.</font>", "그래요."],
        ["안 돼!", "<i>안 돼!</i>", "왜요?"],
    ],
)
def test_words_that_come_back_in_another_line_or_voice_are_said_again(lines):
    """In cues without a pause, too: only whole rows are carried over."""
    screens = [(i * 1.37 + 0.21, i * 1.37 + 1.58, [line]) for i, line in enumerate(lines)]
    plain = re.sub("<[^<>]*>", "", " ".join(lines))
    assert words_of(file_of(screens, ".srt"), ".srt") == plain.split()


def test_shouts_are_not_one_cue_cut_in_pieces():
    apart = [(i * 3.1, i * 3.1 + 2, [f"{i}번째 문장입니다."]) for i in range(10)]
    shouts = [(40.1, 41.1, ["빨리!"]), (41.1, 42.1, ["빨리!"]), (42.1, 43.1, ["빨리!"])]
    assert words_of(file_of(apart + shouts, ".srt"), ".srt").count("빨리!") == 3


def test_two_people_who_say_the_same_are_two():
    text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\n<v 민수>네.\n\n00:00:01.000 --> 00:00:02.000\n<v 지은>네.\n"
    found = segment(parse(text, ".vtt")).utterances
    assert [(u.text, u.speaker) for u in found] == [("네.", "민수"), ("네.", "지은")]


def test_arrows_between_numbers_are_words():
    text = "1\n00:00:01,000 --> 00:00:02,000\n계산해 보면\n100 → 200\n\n2\n00:00:03,000 --> 00:00:04,000\n10 --> 20\n"
    assert "".join(words_of(text, ".srt")).replace("->", "→").count("→") >= 1
    assert {"100", "200", "10", "20"} <= set(words_of(text, ".srt"))


def test_cues_put_behind_the_others_with_right_times_stay_there():
    screens = [(i * 3.0, i * 3.0 + 2.5, [f"{i}번째 문장입니다."]) for i in range(30)]
    signs = [(10.0, 12.0, ["서울역 앞"]), (40.2, 41.0, ["며칠 뒤"])]
    track = parse(file_of(screens + signs, ".srt"), ".srt")
    assert max(cue.end_sec for cue in track.cues) < 90 and not track.repairs["clock_restarted"]
