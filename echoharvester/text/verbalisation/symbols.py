"""Arithmetic, Roman numerals, Greek letters, signs, and the Chinese characters of headlines."""

from __future__ import annotations

import re

from echoharvester.text.hangul import has_coda
from echoharvester.text.numbers import sino
from echoharvester.text.verbalisation.rule import NUM, Verbalisations, after, before, number, rule

SYMBOLS = {
    "&": ("앤드", "앤", "엔"), "+": ("플러스", "더하기"), "=": ("는", "이퀄", "은"), "@": ("골뱅이", "앳"), "#": ("샵", "해시태그", "해시"),
    "×": ("곱하기", "엑스", "바이"), "÷": ("나누기",), "±": ("플러스마이너스",), "√": ("루트",), "∞": ("무한대",), "℉": ("화씨",),
    "≒": ("약",), "≠": ("는 같지 않다",), "≥": ("크거나 같다",), "≤": ("작거나 같다",), "∑": ("시그마",), "\u03a9": ("오메가", "옴"),
}  # fmt: skip
_OPERATORS = {
    "+": ("더하기", "플러스"), "-": ("빼기", "마이너스"), "−": ("빼기", "마이너스"), "×": ("곱하기",), "x": ("곱하기",), "X": ("곱하기",),
    "*": ("곱하기",), "÷": ("나누기",), "/": ("나누기",),
}  # fmt: skip
_GREEK_NAMES = (
    "알파 베타 감마 델타 엡실론 제타 에타 세타 요타 카파 람다 뮤 뉴 크시 오미크론 파이 로 시그마 시그마 타우 입실론 파이 카이 프사이 오메가"
).split()
_GREEK = {chr(0x3B1 + i): name for i, name in enumerate(_GREEK_NAMES)}
_ROMAN = {chr(0x2160 + i): i + 1 for i in range(12)} | {chr(0x2170 + i): i + 1 for i in range(12)}
_ASCII_ROMAN = {
    "II": 2, "III": 3, "IV": 4, "VI": 6, "VII": 7, "VIII": 8, "IX": 9, "XI": 11, "XII": 12, "XIII": 13,
}  # fmt: skip
ENGLISH_NUMBERS = dict(
    enumerate(
        "제로 원 투 쓰리 포 파이브 식스 세븐 에잇 나인 텐 일레븐 트웰브 써틴 포틴 피프틴 식스틴 세븐틴 에이틴 나인틴 트웬티".split()
    )
)
# Headlines write these for countries, parties and ranks.
HANJA = {
    "美": "미|미국", "中": "중|중국", "日": "일|일본", "北": "북|북한", "韓": "한|한국", "南": "남|남한", "英": "영|영국", "佛": "불|프랑스",
    "獨": "독|독일", "露": "러|러시아", "伊": "이|이탈리아", "印": "인|인도", "濠": "호|호주", "與": "여|여당", "野": "야|야당", "前": "전",
    "現": "현", "新": "신", "故": "고", "女": "여|여자", "男": "남|남자", "反": "반", "親": "친", "對": "대", "檢": "검|검찰",
    "軍": "군", "靑": "청|청와대", "李": "이", "朴": "박", "金": "금|김", "崔": "최", "鄭": "정", "尹": "윤", "文": "문", "盧": "노",
    "大": "대", "小": "소", "高": "고", "低": "저", "外": "외", "內": "내", "上": "상", "下": "하", "左": "좌", "右": "우", "無": "무",
    "有": "유", "眞": "진", "假": "가", "株": "주", "銀": "은|은행", "車": "차", "家": "가", "人": "인", "再": "재", "最": "최", "銃": "총",
    "展": "전", "賞": "상", "詩": "시", "戰": "전", "發": "발", "行": "행", "間": "간", "說": "설", "者": "자", "式": "식", "化": "화",
    "代": "대", "年": "년", "月": "월", "氏": "씨", "孝": "효", "愛": "애", "藥": "약", "酒": "주", "多": "다", "甲": "갑", "乙": "을", "丙": "병",
    "百": "백", "千": "천", "萬": "만", "億": "억", "一": "일", "二": "이", "三": "삼", "四": "사", "五": "오", "六": "육", "七": "칠",
    "八": "팔", "九": "구", "十": "십", "土": "토", "木": "목", "水": "수", "火": "화", "海": "해", "山": "산", "江": "강", "天": "천",
    "地": "지", "東": "동", "西": "서", "國": "국", "民": "민", "心": "심", "力": "력", "神": "신", "王": "왕", "學": "학", "生": "생",
    "先": "선", "後": "후", "弗": "불|달러", "元": "원|위안", "法": "법", "黨": "당", "市": "시", "道": "도", "亞": "아",
}  # fmt: skip


def _arithmetic(match: re.Match[str]) -> Verbalisations:
    """2+3=5: numbers and what is done with them, 은 or 는 for the sign of equality."""
    verbalisations = []
    for pick in (0, 1):
        text = ""
        for piece in re.findall(rf"{NUM}|[-−+×xX*÷/=?]", match.group()):
            if piece in _OPERATORS:
                names = _OPERATORS[piece]
                text += f" {names[min(pick, len(names) - 1)]} "
            elif piece == "=":
                text = text.rstrip() + ("은 " if has_coda(text.rstrip()[-1]) else "는 ")
            elif piece != "?":
                text += number(piece)[0]
        verbalisations.append(text)
    return verbalisations


def _bargain(match: re.Match[str]) -> Verbalisations:
    """1+1, 2+1: what shops write."""
    a, b = int(match["a"]), int(match["b"])
    english = f"{ENGLISH_NUMBERS[a]} 플러스 {ENGLISH_NUMBERS[b]}"
    korean = [f"{sino(a)} 더하기 {sino(b)}", f"{sino(a)} 플러스 {sino(b)}"]
    sum_behind = re.match(r"\s?(?:은|는|이|가|을|를)(?![가-힣])", after(match))
    return [*korean, english] if sum_behind else [english, *korean]


def _roman(match: re.Match[str]) -> Verbalisations:
    count = _ROMAN[match.group()]
    korean, english = sino(count), ENGLISH_NUMBERS[count]
    if re.search(r"[A-Za-z]\s*$", before(match)):
        return [english, korean]
    return [korean, english]


_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50}


def _numbered_roman(match: re.Match[str]) -> Verbalisations:
    """II권, XIV세: in front of what is numbered."""
    values = [_VALUES[letter] for letter in match.group()]
    count = sum(-v if v < w else v for v, w in zip(values, [*values[1:], 0], strict=True))
    return [f"{sino(count)} "]


def _ascii_roman(match: re.Match[str]) -> Verbalisations:
    """DistributedContext War II, 파이널 판타지 VII: behind a word."""
    count = _ASCII_ROMAN[match.group()]
    return [ENGLISH_NUMBERS[count], sino(count)]


# Digits and letters whose names end in a consonant.
_CODA_NAMES = "013678LMNRlmnr"


def _sign(match: re.Match[str]) -> Verbalisations:
    ahead = before(match)
    if match.group() == "=" and ahead:
        coda = has_coda(ahead[-1]) or ahead[-1] in _CODA_NAMES
        return [" 은 " if coda else " 는 ", " 이퀄 "]
    return [f" {name} " for name in SYMBOLS[match.group()]]


def _plus_behind(match: re.Match[str]) -> Verbalisations:
    """A+, C++, 19+: pluses glued to what stands in front."""
    many = len(match.group())
    return [" 플러스" * many + " ", "쁠" * many + " "]


def _headline(match: re.Match[str]) -> Verbalisations:
    """美 대통령: a country; 對美: the sound alone."""
    verbalisations = HANJA[match.group()].split("|")
    alone = re.match(r"\s|,|·|$", after(match)) and not re.search(
        r"[一-龥가-힣]$", match.string[: match.start()]
    )
    return verbalisations[::-1] if alone and len(verbalisations) > 1 else verbalisations


SYMBOL_LETTER_RULES = (
    rule(
        r"(?!XL|XXL|IV\s?세트)(?=[IVXL]{2})(?:X{0,3}|XL|L)(?:IX|IV|V?I{0,3})(?![A-Za-z])"
        r"(?=\s?(?:권|부|장|편|기|세|차|절|막|급|형|과)(?![가-힣]{2}))",
        _numbered_roman,
    ),
    rule(
        r"(?<=[A-Za-z가-힣]\s)(?:"
        + "|".join(sorted(_ASCII_ROMAN, key=len, reverse=True))
        + r")(?![A-Za-z0-9])",
        _ascii_roman,
    ),
)
SYMBOL_RULES = (
    rule(rf"{NUM}(?:\s?[-−+×xX*÷/]\s?{NUM})+\s?=\s?(?:{NUM}|(?=\?))?", _arithmetic),
    rule(
        rf"{NUM}(?:\s?[+×÷]\s?{NUM}){{2,}}|{NUM}\s?[×÷]\s?{NUM}(?=\s?(?:은|는|을|를|이|가)(?![가-힣]))",
        _arithmetic,
    ),
    rule(r"(?P<a>[1-9])\s?\+\s?(?P<b>[1-9])(?!\d)", _bargain),
    rule(r"[Ⅰ-Ⅻⅰ-ⅻ]", _roman),
    rule("[" + "".join(_GREEK) + "]", lambda m: [_GREEK[m.group()]]),
    rule(r"(?<=[A-Za-z0-9])\++(?![\d\w])", _plus_behind),
    rule("[" + "".join(HANJA) + "]", _headline),
    rule("[" + "".join(re.escape(s) for s in SYMBOLS) + "]", _sign),
)
