import pytest
from hypothesis import given
from hypothesis import strategies as st

from echoharvester.text.notations import both_spellings, read_transcript


@pytest.mark.parametrize(
    ("transcript", "written", "spoken"),
    [
        ("b/ 아/ 몬 소리야, 그건 또. b/", "아 몬 소리야, 그건 또.", "아 몬 소리야, 그건 또."),
        ("(70%)/(칠십 퍼센트) 확률", "70% 확률", "칠십 퍼센트 확률"),
        ("( 3 시 ) / ( 세 시 )에", "3 시에", "세 시에"),
        ("(칠 칠)/(7*7)은", "7*7은", "칠 칠은"),  # the other way round
        ("(7*7)/(칠 칠)은", "7*7은", "칠 칠은"),
        ("(어따)/(어디에다) 둬", "어따 둬", "어디에다 둬"),
        ("(SNS)/(에스엔에스)를 (10)/(십) 번", "SNS를 10 번", "에스엔에스를 십 번"),
        ("(A(B))/(에이 비)", "A(B)", "에이 비"),
        ("club/ 갔다 n/", "club 갔다", "club 갔다"),
        ("n/a b/w 2/3", "n/a b/w 2/3", "n/a b/w 2/3"),
        ("b/.", "", ""),
        ("또. b/.", "또.", "또."),
        ("안녕 b/ . 네", "안녕. 네", "안녕. 네"),
        ("그+ 그게 뭐*야 나*도", "그 그게 뭐야 나도", "그 그게 뭐야 나도"),
        ("1+1 A+ C++ 5*3", "1+1 A+ C++ 5*3", "1+1 A+ C++ 5*3"),
        ("{laughing} 네 ((아마)) -그- 그래서", "네 아마 그 그래서", "네 아마 그 그래서"),
        ("-5도 e-mail 3-2", "-5도 e-mail 3-2", "-5도 e-mail 3-2"),
    ],
)
def test_transcripts_lose_their_notation_and_nothing_else(transcript, written, spoken):
    found = read_transcript(transcript)
    assert (found.written, found.spoken) == (written, spoken)


@pytest.mark.parametrize("mark", ["&name&", "&company-name1&", "#이름#", "@이름1@", "((xx))", "u/"])
def test_what_no_text_gives_makes_an_utterance_incomplete(mark):
    found = read_transcript(f"저는 {mark} 입니다")
    assert found.written == "저는 입니다" and not found.is_complete
    assert read_transcript("저는 b/ 입니다").is_complete


@given(st.text("가나 club0173()/*+b/lonu.,&#@{}-x", max_size=40))
def test_reading_twice_changes_nothing_more_and_loses_no_hangul(text):
    once = read_transcript(text)
    again = read_transcript(once.written)
    assert again.written.count("가") <= once.written.count("가") <= text.count("가")


@given(st.text("가나다라 club017", max_size=30))
def test_text_without_notation_stays(text):
    assert read_transcript(text).written == " ".join(text.split())
    assert both_spellings(text) == (text, text)
