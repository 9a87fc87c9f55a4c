"""Digit strings that name rather than count: telephones, accounts, versions, addresses, plates."""

from __future__ import annotations

import re

from echoharvester.text.numbers import SINO_DIGITS, digits, sino
from echoharvester.text.verbalisation.rule import (
    Verbalisations,
    after,
    before,
    number,
    rule,
    unique,
)

_COUNTED_BEHIND = r"(?![\d,.:/~%-]|\s?(?:명|개|원|년|월|일|분|초|시|살|세|층|회|도|점|대|번|만|억|천|k|c|m|g|k|%))"


_SURE_NAMES = re.compile(  # of people and things, which are counted, too: a number only with 번호 or the like
    r"(?:번호|코드|전화|사번|연락처|생년월일|비밀번호|암호|비번|핀번호|자리(?:\s?(?:수|숫자))?|이름|팩스|내선|시리얼|학번|군번)"
    r"\s?(?:칸|란|항목)?(?:에|에는)?[는은이가를도]?\s?[:]?$"
)
_NUMBER_NAMES = re.compile(
    r"(?:인증|비밀|계좌|전화|카드|주문|예약|접수|수험|등록|사업자|우편|송장|운송장|고유|일련|참가|사물함|차량|학생|군번|쿠폰|상품|코드|핸드폰|배송|회원|휴대폰|휴대전화|고객|추적|여권|면허|보험|증서|관리|"
    r"문서|사건|로또|사번|사원|직원|연락처|생년월일|생일|주민|팩스|내선|비상|문의|대표|시리얼|[A-Za-z가-힣]*번호|[A-Za-z가-힣]*코드|(?:파일|폴더|방)\s?이름)\s?"
    r"(?:번호|코드|전화)?\s?(?:칸|란|항목)?(?:에|에는)?[는은이가를도]?\s?[:]?$|(?:(?:[끝뒤앞]|마지막|처음|첫)\s?(?:[두세네]|여섯|여덟|[0-9])?\s?자리(?:\s?(?:수|숫자))?|뒷자리|앞자리|끝자리|핀번호|암호|비번)[는은이가]?$"
)


def _phone(match: re.Match[str]) -> Verbalisations:
    groups = re.findall(r"\d+", match.group())
    if match.group().startswith("+"):
        spelled = [digits(g) for g in groups]
        return [
            f"플러스 {' '.join(spelled)}",
            " ".join(spelled),
            f"플러스 {' '.join(digits(g, SINO_DIGITS[0]) for g in groups)}",
            f"플러스 {spelled[0]} {'에 '.join(spelled[1:])}",
        ]
    if len(groups) == 1:
        text = groups[0]
        groups = [text[:3], text[3:-4], text[-4:]]
    spelled = [digits(g) for g in groups]
    return [
        " ".join(spelled),
        "에 ".join(spelled),
        " 다시 ".join(spelled),
        " ".join(digits(g, SINO_DIGITS[0]) for g in groups),
    ]


def _phone_in_brackets(match: re.Match[str]) -> Verbalisations:
    """지점(051-777-8899)은."""
    return [f" {text}" for text in _phone(match)]


def _account(match: re.Match[str]) -> Verbalisations:
    spelled = [digits(group) for group in match.group().split("-")]
    return [" ".join(spelled), " 다시 ".join(spelled), "에 ".join(spelled)]


def _formation(match: re.Match[str]) -> Verbalisations:
    """4-3-3: the lines of a team."""
    numbers = [sino(int(n)) for n in match.group().split("-")]
    return [" ".join(numbers), " 다시 ".join(numbers), " 대 ".join(numbers)]


def _version(match: re.Match[str]) -> Verbalisations:
    parts = match["n"].split(".")
    spelled = " 점 ".join(sino(int(part)) for part in parts)
    zero = " 점 ".join(
        "공" if i and part == "0" else sino(int(part)) for i, part in enumerate(parts)
    )
    names = ["버전", "브이"] if match["v"].lower().startswith("v") else ["버전"]
    return unique([f"{name} {text}" for text in (spelled, zero) for name in names])


def _dotted(match: re.Match[str]) -> Verbalisations:
    """3.11.2, 192.168.0.1: part by part."""
    parts = match.group().split(".")
    return unique(
        [
            " 점 ".join(sino(int(part)) for part in parts),
            " 점 ".join(digits(part) for part in parts),
        ]
    )


def _emergency(match: re.Match[str]) -> Verbalisations:
    text = match.group()
    return [digits(text), sino(int(text))]


_COUNTED = re.compile(
    r"\s?(?:명|개|원|건|년|월|분|초|시간|살|세|층|회|도|점|대|만|억|천|인|곳|번째)(?!호)"
)
_LINE = re.compile(r"상담|전화|신고|핫라인|콜센터|문의|연락")


def _line(match: re.Match[str]) -> Verbalisations:
    """1388로: whom to call."""
    return [digits(match.group())] if _LINE.search(match.string) else []


def _long_name(match: re.Match[str]) -> Verbalisations:
    """학번은 2023104857: too long to count anything."""
    return (
        [digits(match.group())]
        if re.search(r"(?:학번|군번|순번|ID|아이디)[은는이가]?\s?$", before(match))
        else []
    )


def _named_number(match: re.Match[str]) -> Verbalisations:
    """인증번호 482019: a number that names, digit by digit."""
    ahead = before(match)
    if not (_NUMBER_NAMES.search(ahead) and _SURE_NAMES.search(ahead)) or _COUNTED.match(
        after(match)
    ):
        return []
    spelled = [digits(match.group()), digits(match.group(), SINO_DIGITS[0])]
    return [*spelled, *number(match.group())[:1]]


def _parted_number(match: re.Match[str]) -> Verbalisations:
    """예약 번호는 830-295."""
    ahead = before(match)
    if _COUNTED.match(after(match)) or not _SURE_NAMES.search(ahead):
        return []
    return _account(match) if _NUMBER_NAMES.search(ahead) else []


def _solid_date(match: re.Match[str]) -> Verbalisations:
    """20241126: a day without anything between its parts."""
    month, day = int(match["m"]), int(match["d"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return []
    name = {6: "유", 10: "시"}.get(month, sino(month))
    date = f"{sino(int(match['y']))} 년 {name}월 {sino(day)} 일"
    return [digits(match.group()), date, digits(match.group(), SINO_DIGITS[0])]


def _generations(match: re.Match[str]) -> Verbalisations:
    """2030 세대: those in their twenties and thirties."""
    a, b = int(match["a"]), int(match["b"])
    if not a < b:
        return []
    text = match.group()
    both = f"{SINO_DIGITS[a // 10]}{sino(b)}" if a > 10 else f"일{sino(b)}"
    return [digits(text), both, f"{sino(a)}{sino(b)}"]


def _plate(match: re.Match[str]) -> Verbalisations:
    front = match["front"]
    return [
        f"{head}{match['letter']} {digits(match['back'])}"
        for head in (sino(int(front)), digits(front))
    ]


def _building(match: re.Match[str]) -> Verbalisations:
    """63빌딩, 88올림픽, 7080 세대: a name of digits."""
    text = match["n"]
    return unique([digits(text, "공"), *number(text)])


def _channels(match: re.Match[str]) -> Verbalisations:
    head, tail = match["n"].split(".")
    return [f"{sino(int(head))} 점 {digits(tail, '영')} 채널"]


CODE_LETTER_RULES = (
    rule(r"(?P<v>[vV](?:er(?:sion)?)?\.?\s?)(?P<n>\d+(?:\.\d+)*)(?![\d.]*\d)", _version),
)
CODE_RULES = (
    rule(r"\+\d{1,3}[-. ]?\s?\(?\d{1,3}\)?[-. ]\s?\d{3,4}[-. ]\d{4}(?!\d)", _phone),
    rule(
        r"\((?:0\d{1,3}[-. ]\d{3,4}[-. ]\d{4}|1[5-9]\d{2}-\d{4})\)", _phone_in_brackets, leads=True
    ),
    rule(r"\(?(?:0\d{1,3})\)?[-. ]?\s?\d{3,4}[-. ]\d{4}(?!\d)", _phone),
    rule(r"01[016789]\d{7,8}(?!\d)", _phone),
    rule(r"1[5-9]\d{2}-\d{4}(?!\d)", _phone),
    rule(
        r"(?!\d{4}-\d{1,2}-\d{1,2}(?!\d)|\d{2}-\d{1,2}-\d{1,2}(?!\d))\d{2,6}(?:-\d{2,8}){2,}(?!\d)",
        _account,
    ),
    rule(r"\d{6}-\d{7}(?!\d)", _account),
    rule(r"\d(?:-\d){2,3}(?![\d-])", _formation),
    rule(r"\d{3,4}-\d{4}(?!\d|\s?[년명개원])", _phone),
    rule(r"\d+(?:\.\d+){2,}(?!\d)", _dotted),
    rule(
        rf"(?:11[0-9]|12[0-9]|182|911)(?={_COUNTED_BEHIND})(?=\s?(?:[가-힣]|$|[?!.]))", _emergency
    ),
    rule(
        r"(?P<front>\d{2,3})(?P<letter>[가-힣])\s?(?P<back>\d{4})(?!\d|\s?[년월일원명개시분만억천])",
        _plate,
    ),
    rule(r"\d{4,16}(?!\d|[,.]\d)", _named_number),
    rule(r"\d{5,16}(?!\d|[,.]\d)", _long_name),
    rule(r"1[0-9]{3}(?=(?:번)?(?:으로|로|에)\s?(?:하|걸|거|전화|연락|문의|신고|상담))", _line),
    rule(r"\d{2,6}-\d{2,6}(?![\d-])", _parted_number),
    rule(
        rf"(?P<y>(?:19|20)\d{{2}})(?P<m>[01]\d)(?P<d>[0-3]\d)(?={_COUNTED_BEHIND})(?!\d)",
        _solid_date,
    ),
    rule(
        r"(?P<a>[1-7]0)(?P<b>[2-8]0)(?=\s?(?:세대|여성|남성|여자|남자|직장인|청년|고객|소비자|층|부부|주부|엄마|아빠|들|을 위한|의 (?:마음|지갑|선택|관심)|이 (?:선호|열광|좋아|주목)))",
        _generations,
    ),
    rule(r"(?<=코로나)19(?!\d)", lambda m: [" 십구", " 일구"]),
    rule(
        r"(?P<n>63|88|7080|386|586|486|747|737|777|380)(?=\s?(?:빌딩|올림픽|세대|음악|가요|노래|가수|감성|통기타|고속도로|여객기|기종|학번|서울))",
        _building,
    ),
    rule(r"(?P<n>\d\.\d)\s?채널", _channels),
)
