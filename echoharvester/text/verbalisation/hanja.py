"""Chinese characters: whole words (理由), beside Hangul (男女노소), and in brackets behind what they spell."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files

from echoharvester.text.hangul import has_coda, is_syllable, join_syllable, split_syllable
from echoharvester.text.verbalisation.rule import Verbalisations, rule

CHARACTERS = "\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff"
_RUN = re.compile(f"[{CHARACTERS}]")
# Characters with several readings, where the word tells which.
_WORDS = {
    "金氏": "김씨", "樂山樂水": "요산요수",
    "音樂": "음악", "器樂": "기악", "聲樂": "성악", "樂器": "악기", "樂譜": "악보", "國樂": "국악", "樂園": "낙원", "敗北": "패배", "憎惡": "증오",
    "嫌惡": "혐오", "復活": "부활", "復興": "부흥", "殺到": "쇄도", "相殺": "상쇄", "遊說": "유세", "省略": "생략", "容易": "용이", "簡易": "간이",
    "平易": "평이", "難易": "난이", "一切": "일체", "便所": "변소", "小便": "소변", "降伏": "항복", "更新": "갱신", "更生": "갱생", "自轉車": "자전거",
    "人力車": "인력거", "停車場": "정거장", "六月": "유월", "十月": "시월", "許諾": "허락", "受諾": "수락", "喜怒": "희로", "宅內": "댁내",
    "不動産": "부동산", "金浦": "김포", "金海": "김해", "茶禮": "차례", "率先": "솔선", "率直": "솔직", "統率": "통솔", "輕率": "경솔", "引率": "인솔",
    "便宜": "편의", "參與": "참여", "參加": "참가", "參席": "참석", "數學": "수학", "洞察": "통찰", "拾得": "습득", "索引": "색인", "思索": "사색",
    "度數": "도수", "暴露": "폭로", "暴惡": "포악", "布施": "보시", "什器": "집기", "龜裂": "균열", "契丹": "거란", "南無": "나무", "論難": "논란",
    "困難": "곤란", "議論": "의논", "大怒": "대로", "智異山": "지리산", "漢拏山": "한라산", "木瓜": "모과", "牡丹": "모란", "團欒": "단란",
}  # fmt: skip
_DAYS = tuple("月火水木金土日")
_LONGEST = max(map(len, _WORDS))
_N, _R, _SILENT = 2, 5, 11  # indices of the first consonants ㄴ, ㄹ, ㅇ
_Y_VOWELS = {2, 3, 6, 7, 12, 17, 20}  # ㅑ ㅒ ㅕ ㅖ ㅛ ㅠ ㅣ
_NIEUN_CODA = 4


@lru_cache(maxsize=1)
def readings() -> dict[str, str]:
    """The reading of each character inside a word."""
    text = (files(__package__) / "hanja.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and line[0] != "#")
    return {character: reading for reading, characters in rows for character in characters}


def in_hangul(text: str, ahead: str = "") -> str:
    """Chinese characters in Hangul; "" where one is not known.

    `ahead`: what stands in front, which tells whether a word begins here.

    >>> in_hangul("女子"), in_hangul("男女"), in_hangul("率", "참여"), in_hangul("率", "합격")
    ('여자', '남녀', '율', '률')
    """
    result, i = "", 0
    while i < len(text):
        word = next((w for k in range(_LONGEST, 1, -1) if (w := text[i : i + k]) in _WORDS), "")
        if word:
            result, i = result + _WORDS[word], i + len(word)
            continue
        reading = readings().get(text[i])
        if reading is None:
            return ""
        before = (ahead + result)[-1:]
        if text[i] == "不" and text[i + 1 : i + 2] and _begins_with_d_or_j(text[i + 1]):
            reading = "부"
        result, i = result + _placed(reading, before), i + 1
    return result


def _placed(reading: str, before: str) -> str:
    """A reading as it sounds there: at the beginning of a word without ㄹ and ㄴ, and 율 for 률."""
    lead, vowel, coda = split_syllable(reading)
    if not (before and is_syllable(before)):
        if lead in (_N, _R) and vowel in _Y_VOWELS:
            return join_syllable(_SILENT, vowel, coda)
        return join_syllable(_N, vowel, coda) if lead == _R else reading
    if reading in ("률", "렬"):
        after_vowel = not has_coda(before) or split_syllable(before)[2] == _NIEUN_CODA
        return join_syllable(_SILENT, vowel, coda) if after_vowel else reading
    return reading


def _begins_with_d_or_j(character: str) -> bool:
    return split_syllable(readings().get(character, "가"))[0] in (3, 12)


def _word(match: re.Match[str]) -> Verbalisations:
    ahead = match.string[: match.start()]
    reading = in_hangul(match.group(), ahead)
    return [reading] if reading else [""]


def _gloss(match: re.Match[str]) -> Verbalisations:
    """희망(希望): the same word again, which nobody says twice."""
    if match["gloss"] in _DAYS and re.search(
        r"\d\s?일$|[/.]\d{1,2}$", match.string[: match.start()]
    ):
        return [f" {in_hangul(match['gloss'])}요일"]
    spelled = in_hangul("".join(_RUN.findall(match["gloss"])))
    ahead = match.string[: match.start()].replace(" ", "")
    if not spelled or ahead.endswith(spelled):
        return [""]
    return ["", f" {spelled} "]


def _explained(match: re.Match[str]) -> Verbalisations:
    """希望(희망): the reading itself in brackets."""
    spelled = in_hangul(match["word"], match.string[: match.start()])
    inside = match["gloss"].strip()
    return [inside] if spelled == inside or not spelled else []


HANJA_RULES = (
    rule(rf"(?P<word>[{CHARACTERS}]+)\s?[(（\[](?P<gloss>[가-힣 ]{{1,20}})[)）\]]", _explained),
    rule(
        rf"(?<=[가-힣])\s?[(（\[]\s*(?P<gloss>[{CHARACTERS}][{CHARACTERS}\s,·/]*)\s*[)）\]]", _gloss
    ),
    rule(rf"[{CHARACTERS}]{{2,}}", _word),
)
LAST_HANJA_RULES = (rule(rf"[{CHARACTERS}]", _word),)
