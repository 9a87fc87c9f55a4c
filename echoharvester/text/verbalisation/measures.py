"""Units of measure, money, temperatures, powers and large numbers."""

from __future__ import annotations

import re

from echoharvester.text.numbers import native, sino
from echoharvester.text.verbalisation.rule import (
    INT,
    NUM,
    Verbalisations,
    before,
    number,
    rule,
    unique,
    value,
)

UNITS: dict[str, tuple[str, ...]] = {
    "%p": ("퍼센트포인트", "퍼센트 포인트", "프로포인트"), "%P": ("퍼센트포인트", "퍼센트 포인트"),
    "%": ("퍼센트", "프로"), "‰": ("퍼밀",),
    "km": ("킬로미터", "킬로"), "cm": ("센티미터", "센티", "센치미터", "센치"), "mm": ("밀리미터", "밀리"),
    "µm": ("마이크로미터",), "μm": ("마이크로미터",), "nm": ("나노미터", "나노"), "m": ("미터",),
    "kg": ("킬로그램", "킬로"), "Kg": ("킬로그램", "킬로"), "KG": ("킬로그램", "킬로"), "mg": ("밀리그램",),
    "µg": ("마이크로그램",), "μg": ("마이크로그램",), "g": ("그램",), "t": ("톤",), "lb": ("파운드",), "oz": ("온스",),
    "ml": ("밀리리터", "밀리"), "mL": ("밀리리터", "밀리"), "dl": ("데시리터",), "dL": ("데시리터",), "L": ("리터",),
    "l": ("리터",), "kl": ("킬로리터",), "cc": ("씨씨",), "CC": ("씨씨",),
    "ha": ("헥타르",), "a": ("아르",), "ft": ("피트",), "in": ("인치",), "inch": ("인치",), "mile": ("마일",), "yd": ("야드",),
    "TB": ("테라바이트", "테라"), "GB": ("기가바이트", "기가"), "MB": ("메가바이트", "메가"), "KB": ("킬로바이트",),
    "kB": ("킬로바이트",), "PB": ("페타바이트",), "Tb": ("테라비트",), "Gb": ("기가비트",), "Mb": ("메가비트",), "bit": ("비트",),
    "Mbps": ("메가비피에스", "메가비트 퍼 세컨드"), "Gbps": ("기가비피에스", "기가비트 퍼 세컨드"), "Kbps": ("킬로비피에스",),
    "kbps": ("킬로비피에스",), "bps": ("비피에스",),
    "THz": ("테라헤르츠",), "GHz": ("기가헤르츠",), "MHz": ("메가헤르츠",), "kHz": ("킬로헤르츠",), "KHz": ("킬로헤르츠",),
    "Hz": ("헤르츠",), "hz": ("헤르츠",),
    "GWh": ("기가와트시",), "MWh": ("메가와트시",), "kWh": ("킬로와트시", "킬로와트 아워"), "Wh": ("와트시",), "GW": ("기가와트",),
    "MW": ("메가와트",), "kW": ("킬로와트",), "KW": ("킬로와트",), "W": ("와트",), "kV": ("킬로볼트",), "mV": ("밀리볼트",),
    "V": ("볼트",), "mAh": ("밀리암페어시", "밀리암페어 아워", "밀리암페어"), "mA": ("밀리암페어",), "A": ("암페어",), "Ah": ("암페어시",),
    "Ω": ("옴",), "kΩ": ("킬로옴",), "dB": ("데시벨",), "kcal": ("킬로칼로리", "칼로리"), "Kcal": ("킬로칼로리", "칼로리"),
    "cal": ("칼로리",), "kJ": ("킬로줄",), "J": ("줄",), "N": ("뉴턴",), "ppm": ("피피엠",), "ppb": ("피피비",), "rpm": ("알피엠",),
    "RPM": ("알피엠",), "bpm": ("비피엠",), "BPM": ("비피엠",), "fps": ("에프피에스", "프레임"), "px": ("픽셀",), "dpi": ("디피아이",),
    "hPa": ("헥토파스칼",), "kPa": ("킬로파스칼",), "MPa": ("메가파스칼",), "Pa": ("파스칼",), "psi": ("피에스아이",), "atm": ("기압",),
    "mmHg": ("밀리미터 에이치지", "밀리미터 수은주", "엠엠에이치지"), "IU": ("아이유", "국제단위"), "mol": ("몰",), "lx": ("럭스",),
    "lm": ("루멘",), "cd": ("칸델라",), "Sv": ("시버트",), "mSv": ("밀리시버트",), "Bq": ("베크렐",), "nit": ("니트",),
    "°C": ("도", "도씨"), "°F": ("도",), "°": ("도",), "K": ("케이", "켈빈"),
    "sec": ("초",), "min": ("분",), "hr": ("시간",), "hrs": ("시간",), "ms": ("밀리초", "밀리세컨드"), "ns": ("나노초",), "s": ("초",),
    "pt": ("포인트",), "p": ("페이지", "쪽", "피"), "pp": ("페이지",), "ea": ("개", "이에이"), "EA": ("개", "이에이"),
    "kph": ("킬로미터",), "mph": ("마일",), "dioptre": ("디옵터",),
}  # fmt: skip
# Squares and cubes of lengths: 제곱미터 or 평방미터.
for _unit_of_length in ("km", "cm", "mm", "m"):
    _name = UNITS[_unit_of_length][0]
    for _sign in ("²", "2"):
        UNITS[_unit_of_length + _sign] = (f"제곱{_name}", f"평방{_name}")
    for _sign in ("³", "3"):
        UNITS[_unit_of_length + _sign] = (f"세제곱{_name}", f"입방{_name}")
_PER = {
    "h": "시",
    "hr": "시",
    "s": "초",
    "sec": "초",
    "min": "분",
    "m": "분",
    "d": "일",
    "day": "일",
}
_UNITS_OF_TIME = {"h": "아워", "s": "세컨드"}
_SPEED = re.compile(r"km|m|cm|mm|mile|mi")

CURRENCIES = {
    "HK$": ("홍콩 달러", "달러"), "NT$": ("대만 달러", "달러"), "A$": ("호주 달러", "달러"), "C$": ("캐나다 달러", "달러"),
    "AU$": ("호주 달러", "달러"), "CA$": ("캐나다 달러", "달러"), "S$": ("싱가포르 달러", "달러"), "R$": ("헤알",), "RM": ("링깃",), "Rp": ("루피아",),
    "HKD": ("홍콩 달러",), "TWD": ("대만 달러",), "AUD": ("호주 달러",), "CAD": ("캐나다 달러",), "SGD": ("싱가포르 달러",), "NZD": ("뉴질랜드 달러",),
    "CHF": ("스위스 프랑", "프랑"), "GBP": ("파운드", "영국 파운드"), "AED": ("디르함", "아랍에미리트 디르함"), "INR": ("루피", "인도 루피"),
    "THB": ("바트", "태국 바트"), "VND": ("동", "베트남 동"), "PHP": ("페소", "필리핀 페소"), "IDR": ("루피아", "인도네시아 루피아"), "MYR": ("링깃",),
    "RUB": ("루블", "러시아 루블"), "BRL": ("헤알", "브라질 헤알"), "MXN": ("페소", "멕시코 페소"), "TRY": ("리라", "튀르키예 리라"), "SAR": ("리얄", "사우디 리얄"),
    "SEK": ("크로나", "스웨덴 크로나"), "NOK": ("크로네", "노르웨이 크로네"), "DKK": ("크로네", "덴마크 크로네"), "PLN": ("즈워티",), "ZAR": ("랜드",),
    "EGP": ("이집트 파운드", "파운드"), "ILS": ("셰켈",), "KZT": ("텡게",), "MNT": ("투그릭",), "RMB": ("위안",), "US$": ("달러", "미국 달러", "유에스 달러"), "$": ("달러", "불"), "¥": ("엔", "위안"), "€": ("유로",), "£": ("파운드",),
    "₩": ("원",), "￦": ("원",), "₫": ("동",), "฿": ("바트",), "₹": ("루피",), "₽": ("루블",), "元": ("위안",), "円": ("엔",),
    "USD": ("달러",), "KRW": ("원",), "JPY": ("엔",), "EUR": ("유로",), "CNY": ("위안",),
}  # fmt: skip
_BEHIND_MONEY = {"K": "천", "k": "천", "M": "백만", "B": "십억", "T": "조"}
_LARGE = r"(?:천|백|십)?(?:만|억|조|경)|천|백|십(?=만|억|조|\s?[가-힣]?\s?\d|\s?원|\s?명)"
_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
_CODES = "|".join(
    sorted(
        (re.escape(c) for c in CURRENCIES if c[0].isascii() and c[0].isalpha()),
        key=len,
        reverse=True,
    )
)
_MONEY = "|".join(sorted(map(re.escape, CURRENCIES), key=len, reverse=True))
_LONE_UNIT = "|".join(re.escape(u) for u in UNITS if set(u) & set("²³°%‰Ω"))
_NOT_IN_WORD = r"(?![A-Za-z0-9²³])"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def _large(match: re.Match[str]) -> Verbalisations:
    """3만, 2천, 1억: together with their unit; 1만 is 만, 1억 is 일억, 1.5억 also 일억 오천만."""
    unit, text = match["large"], match["n"]
    name = number(text)[0]
    if text == "1" and unit[0] in "천백십만":
        return [unit, "일" + unit]
    if "점" not in name:
        return [name + unit]
    verbalisations = [name + unit]
    exact = _in_full(text, unit)
    return verbalisations + ([exact] if exact else [])


def _in_full(text: str, unit: str) -> str:
    """일억 오천만 for 1.5 and 억; nothing where that does not come out whole."""
    whole, _, fraction = text.replace(",", "").partition(".")
    size = {"만": 4, "억": 8, "조": 12, "경": 16}.get(unit[-1], 0)
    size += {"천": 3, "백": 2, "십": 1}.get(unit[0], 0)
    if len(fraction) > min(size, 4):
        return ""
    full = sino(int(whole + fraction) * 10 ** (size - len(fraction)))
    return re.sub(r"([경조억만])(?=.)", r"\1 ", full)


def _unit(match: re.Match[str]) -> Verbalisations:
    numbers, unit, per = number(match["n"]), match["unit"], match["per"]
    names = UNITS[unit]
    if per:
        return _per(numbers[0], unit, names, per, bool(re.search("[시초분]속$", before(match))))
    verbalisations = [f"{numbers[0]} {name}" for name in names]
    verbalisations += [f"{other} {names[0]}" for other in numbers[1:2]]
    if unit == "°C":
        verbalisations.append(f"섭씨 {verbalisations[0]}")
    if unit == "°F":
        verbalisations.insert(0, f"화씨 {verbalisations[0]}")
    if unit in ("kph", "mph"):
        verbalisations.insert(0, f"시속 {verbalisations[0]}")
    return verbalisations


def _after_large(match: re.Match[str]) -> Verbalisations:
    """30만km, 30만 km: a unit behind Hangul that ends a number."""
    if not re.search("[0-9몇수][만억조천백십]+여?$", before(match)):
        return []
    names = UNITS[match["unit"]]
    if match["per"]:
        return [f" {name} 퍼 {_UNITS_OF_TIME[match['per']]}" for name in names[:1]] + [
            f" {names[0]}"
        ]
    return [f" {name}" for name in names]


def _per(amount: str, unit: str, names: tuple[str, ...], per: str, told: bool) -> Verbalisations:
    """60km/h: 시속 육십 킬로미터; 5mg/dL: 오 밀리그램 퍼 데시리터."""
    period = _PER.get(per)
    if told:  # 시속 80km/h
        return [f"{amount} {name}" for name in names]
    if period and _SPEED.fullmatch(unit):
        spelled = {"시": "아워", "초": "세컨드", "분": "미닛", "일": "데이"}[period]
        return [
            f"{amount} {names[0]} 퍼 {spelled}" if period != "시" else f"시속 {amount} {names[0]}",
            f"{period}속 {amount} {names[0]}",
            f"{amount} {names[0]}",
            *[f"{period}속 {amount} {name}" for name in names[1:]],
            f"{amount} {names[0]} 퍼 {spelled}",
            f"{amount} {names[0]} 매{period}",
        ]
    below = UNITS.get(per, (per,))[0]
    return [f"{amount} {names[0]} 퍼 {below}", f"{below}당 {amount} {names[0]}"]


# They are other things as well: a defibrillator, drawing programs, a language, a band, a heart's drug.
_AMBIGUOUS = frozenset(("AED", "PHP", "CAD", "TRY", "RM", "Rp", "INR", "ILS", "SEK", "S$"))
_NO_AMOUNT = re.compile(
    r"\s?(?:대|집|급|번|호|기|개|명|권|장|편|버전|단계|레벨|회|차|형|층|도면|[A-Za-z])"
)


def _is_no_amount(match: re.Match[str]) -> bool:
    """Whether letters beside a number are hardly a currency."""
    if not match["sign"][0].isalpha():
        return False
    small = match["sign"] in _AMBIGUOUS and float(match["n"].replace(",", "")) < 10
    return small or _NO_AMOUNT.match(match.string, match.end()) is not None


def _money(match: re.Match[str]) -> Verbalisations:
    if _is_no_amount(match):
        return []
    amount, behind = number(match["n"])[0], match["large"] or ""
    if letter := match["letter"]:
        behind = _BEHIND_MONEY[letter]
    spelled = amount + behind
    if spelled.startswith("일") and behind in ("천", "백만", "십억") and match["n"] == "1":
        spelled = behind
    texts = [spelled]
    if behind and "." in match["n"] and (full := _in_full(match["n"], behind)):
        texts.insert(0 if letter else 1, full)
    return [f"{text} {name}" for name in CURRENCIES[match["sign"]] for text in texts]


def _money_behind(match: re.Match[str]) -> Verbalisations:
    if _is_no_amount(match):
        return []
    return [f"{number(match['n'])[0]} {name}" for name in CURRENCIES[match["sign"]]]


def _power(match: re.Match[str]) -> Verbalisations:
    """10^6, x², 10⁻³: also for a letter as base."""
    exponent = (match["sup"] or match["exp"]).translate(_SUPERSCRIPTS).replace("−", "-")
    size = value(exponent.lstrip("-") or "0")
    base = number(match["n"])[0]
    sign = "마이너스 " if exponent.startswith("-") else ""
    names = {"2": ["제곱"], "3": ["세제곱"]}.get(exponent, [])
    return [
        f"{base}의 {name}"
        for name in [*names, f"{sign}{sino(size)} 승", f"{sign}{sino(size)} 제곱"]
    ] + [f"{base} {name}" for name in names]


def _letter_power(match: re.Match[str]) -> Verbalisations:
    names = {"²": ["제곱", "의 제곱"], "³": ["세제곱", "의 세제곱", "삼승"]}[match["sup"]]
    return [name if name.startswith("의") else f" {name}" for name in names]


def _below_zero(match: re.Match[str]) -> Verbalisations:
    amount = number(match["n"])[0]
    if match["degrees"]:
        return [f"영하 {amount} 도", f"마이너스 {amount} 도"]
    return [f"마이너스 {amount} "]


def _degrees_range(match: re.Match[str]) -> Verbalisations:
    low, high = number(match["a"])[0], number(match["b"])[0]
    below = "영하 "
    return unique([f"{below}{low}에서 {high} 도", f"{below}{low} 도에서 {high} 도"])


# Recipes write T for a table spoon and t for a tea spoon.
_COOKING = re.compile("설탕|소금|간장|고추|기름|식초|물엿|마늘|후추|깨|넣|양념|\\dT")


def _spoon(match: re.Match[str]) -> Verbalisations:
    if not _COOKING.search(match.string):
        return []
    count, large = value(match["n"]), match["unit"] == "T"
    names = ("큰술", "테이블스푼", "스푼") if large else ("작은술", "티스푼")
    numerals = [*([native(count, attributive=True)] if 0 < count < 20 else []), sino(count)]
    return [f"{numeral} {name}" for name in names for numeral in numerals] + [f"{numerals[-1]} 티"]


def _hours_minutes(match: re.Match[str]) -> Verbalisations:
    """2h 30m."""
    hours = counted_hours(value(match["h"]))
    minutes = f" {sino(value(match['m']))} 분" if value(match["m"]) else ""
    seconds = f" {sino(value(match['s']))} 초" if match["s"] else ""
    return [f"{hour} 시간{minutes}{seconds}" for hour in hours]


def counted_hours(count: int) -> Verbalisations:
    """Numerals in front of 시간."""
    if not 0 < count <= 24:
        return [sino(count)]
    return unique(
        [native(count, attributive=True), sino(count)]
        if count <= 12
        else [sino(count), native(count, attributive=True)]
    )


_FORCE = re.compile(
    r"힘(?:의|을|이|은|과|으로)|무게|하중|장력|뉴턴|마찰|작용|추력|압축|인장|중력|가속"
)
_CURRENT = re.compile(
    r"\d\s?[VW]|전류|전압|어댑터|충전|퓨즈|차단기|배터리|전원|암페어|콘센트|멀티탭|볼트|와트|모터|용접"
)
_ENERGY = re.compile(r"한 일|에너지|열량|줄|일의 양")
_KELVIN = re.compile(r"절대\s?(?:온도|영도)|켈빈|초전도")
_SHIRTS = re.compile(r"아이폰|갤럭시|모델|버전|시리즈|좌석|석|호|등급|규격|용지")


def _letter_unit(match: re.Match[str]) -> Verbalisations:
    """3s, 12h, 300N, 3A: where the words around tell that it is no name."""
    text, unit, whole = match["n"], match["unit"], match.string
    beside = whole[: match.start()] + whole[match.end() :]
    if _SHIRTS.search(beside) and not _CURRENT.search(beside):
        return []
    spelled = number(text)
    if unit == "h" and not (text.isdigit() and int(text) < 100):
        return []
    if unit == "h":
        return [f"{hour} 시간" for hour in counted_hours(int(text))]
    if unit in "hs":
        return [f"{n} {'시간' if unit == 'h' else '초'}" for n in spelled[:1]]
    if unit == "N" and _FORCE.search(beside):
        return [f"{spelled[0]} 뉴턴"]
    if unit == "J" and _ENERGY.search(beside):
        return [f"{spelled[0]} 줄"]
    if unit == "K" and _KELVIN.search(beside):
        return [f"{spelled[0]} 켈빈", f"{spelled[0]} 케이"]
    if unit == "A" and _CURRENT.search(beside):
        return [f"{spelled[0]} 암페어"]
    return []


def _acceleration(match: re.Match[str]) -> Verbalisations:
    """9.8m/s²."""
    amount, name = number(match["n"])[0], UNITS[match["unit"]][0]
    return [
        f"{amount} {name} {per}"
        for per in ("퍼 세컨드 제곱", "매 초 제곱", "퍼 제곱초", "퍼 초 제곱", "퍼 세크 제곱")
    ]


def _unit_of_fraction(match: re.Match[str]) -> Verbalisations:
    """1/2kg."""
    a, b = value(match["a"]), value(match["b"])
    if not b:
        return []
    return [f"{sino(b)} 분의 {sino(a)} {name}" for name in UNITS[match["unit"]]]


def _arrow(match: re.Match[str]) -> Verbalisations:
    """1,000↑: that and more."""
    amount = number(match["n"])[0]
    names = ("이상", "상승", "증가") if match["arrow"] == "↑" else ("이하", "하락", "감소")
    return [f"{amount} {name}" for name in names]


def _kelvin_or_letter(match: re.Match[str]) -> Verbalisations:
    return [f" {name}" for name in UNITS[match["unit"]]]


# K, p and s behind a number are as often a name as a unit (4K, 1080p): read with the letters.
_LETTERS_AS_OFTEN = r"(?!(?:K|A|a|N|s|in|p|J|T)(?![A-Za-z/]))"
# Rules whose spans begin with a letter: tried before the lexicon.
MEASURE_LETTER_RULES = (
    rule(rf"(?P<unit>{_UNIT})(?:/(?P<per>h|s))?{_NOT_IN_WORD}", _after_large),
    rule(r"(?P<unit>[kcm]?m[²³])(?![A-Za-z0-9])", _kelvin_or_letter),
    rule(
        rf"(?P<sign>{_CODES})\s?(?P<n>{NUM})(?:\s?(?P<large>(?:{_LARGE}))|(?P<letter>[KkMBT])(?![A-Za-z0-9]))?",
        _money,
        leads=True,
    ),
)
FRACTION_RULES = (
    rule(
        rf"(?P<a>\d{{1,2}})/(?P<b>\d{{1,2}})\s?(?P<unit>{_UNIT}){_NOT_IN_WORD}", _unit_of_fraction
    ),
)
MEASURE_RULES = (
    rule(
        rf"(?<![\w.)])-\s?(?={NUM}(?:\s?(?:{_UNIT}){_NOT_IN_WORD}(?<!°C)(?<!°)|/\d))",
        lambda m: ["마이너스 "],
    ),
    rule(
        r"(?P<h>\d{1,2})h\s?(?P<m>\d{1,2})m(?:in)?(?:\s?(?P<s>\d{1,2})s(?:ec)?)?(?![A-Za-z0-9])",
        _hours_minutes,
        leads=True,
    ),
    rule(
        rf"(?P<n>{NUM})(?P<unit>[hsNAJK])(?![A-Za-z0-9²³/^·+&.-]|\s?[A-Z])",
        _letter_unit,
        leads=True,
    ),
    rule(rf"(?P<n>{NUM})\s?(?P<unit>k?m)/s(?:²|\^?2)(?![A-Za-z0-9])", _acceleration, leads=True),
    rule(rf"(?P<n>{NUM})\s?(?P<arrow>[↑↓])", _arrow, leads=True),
    rule(r"(?<![\w.)])-\s?(?=\d+\s?(?:시간|단계|등급|개|명|점|층|배))", lambda m: ["마이너스 "]),
    rule(
        rf"(?P<sign>{_MONEY})\s?(?P<n>{NUM})(?:\s?(?P<large>(?:{_LARGE}))|(?P<letter>[KkMBT])(?![A-Za-z0-9]))?",
        _money,
        leads=True,
    ),
    rule(rf"(?P<n>{INT})\s?(?P<unit>[Tt])(?![A-Za-z0-9])", _spoon),
    rule(rf"(?P<n>{NUM})\s?(?P<sign>{_MONEY})(?!\s?\d|[A-Za-z])", _money_behind, leads=True),
    rule(
        rf"(?P<n>{NUM})(?:\^(?P<exp>[-−]?\d+)|(?P<sup>[⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))",
        _power,
    ),
    rule(
        rf"(?P<n>{NUM})\s?{_LETTERS_AS_OFTEN}(?P<unit>{_UNIT})(?:/(?P<per>{_UNIT}|h|day|d)){{0,1}}{_NOT_IN_WORD}",
        _unit,
    ),
    rule(rf"(?<![\w.)])-(?P<a>{NUM})\s?~\s?(?P<b>{NUM})\s?(?:도(?![가-힣])|°C?)", _degrees_range),
    rule(
        rf"(?<![\w.)])-\s?(?P<n>{NUM})(?![.,]?\d)(?P<degrees>\s?(?:도(?=\s|{chr(0xAC00)}|[은는이가를까로에의]|$)|°C?))?(?=\W|[가-힣]|$)",
        _below_zero,
    ),
    rule(rf"(?P<n>{NUM})\s?(?P<large>{_LARGE})", _large),
    rule(rf"(?P<unit>{_LONE_UNIT}){_NOT_IN_WORD}", _kelvin_or_letter),
    rule(r"(?<=[A-Za-z])(?P<sup>[²³])", _letter_power),
)
