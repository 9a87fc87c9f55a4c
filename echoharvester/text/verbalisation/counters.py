"""Numbers in front of counters: native (세 시), Sino-Korean (삼 분), or either (세 번, 삼 번)."""

from __future__ import annotations

import re
from typing import NamedTuple

from echoharvester.text.numbers import native, sino
from echoharvester.text.verbalisation.rule import (
    INT,
    NUM,
    PARTICLE,
    WORD,
    Verbalisations,
    after,
    before,
    hangul_behind,
    is_ordinal,
    is_tail,
    number,
    rule,
    unique,
    value,
)


class Style(NamedTuple):
    """Which numerals go with a counter.

    Attributes:
        native_to: up to this number the native numeral is the likelier.
        sino_from: from this number on the Sino-Korean numeral is a verbalisation at all.
        cap: above this number the native numeral is none.
    """

    native_to: int
    sino_from: int
    cap: int = 99


CLOCK = Style(12, 13, 12)
HOURS = Style(20, 13)
YEARS_OLD = Style(99, 60)
THINGS = Style(29, 20)  # 명, 개: 스물다섯 명, but 삼십 명 as often as 서른 명
PLACES = Style(29, 1)
FEW = Style(19, 10)
EITHER = Style(10, 1)
SINO_FIRST = Style(0, 1, 20)
SINO = Style(0, 1, 0)

_STYLES = {
    CLOCK: "시",
    HOURS: "시간",
    YEARS_OLD: "살 번째 돌",
    THINGS: (
        "명 개 마리 잔 병 가지 그루 켤레 벌 송이 군데 사람 그릇 공기 척 채 다발 쌍 알 자루 포기 조각 접시 상자 바구니 봉지 켤래 "
        "식구 나라 글자 과목 문제 단어 문장 아이 갈래 토막 가닥 마디 종류 명분 배우 컵 캔 팩 통 포대 봉 갑 줄기 개피 개비 "
        "사발 꾸러미 묶음 뭉치 켜 톨 쪼가리 무더기 모 사례 움큼 줌 스푼 숟가락 큰술 작은술 젓가락 모금 방울 걸음 발짝 발자국 끼 차례 바퀴 바늘 뼘 "
        "덩이 덩어리 돈 되 근 냥 섬 학교 대학 회사 기업 업체 도시 마을 지역 가족 시군 시도 구절 손가락 눈 팔 다리 품목 요리 골 번씩 꼬집 다스 두름"
    ),
    PLACES: "달 곳 발 권 집",
    FEW: "줄 판 곡 배 박스 건 칸 짝 팀 차시 장면 방 대목 세트 게임 경기 자리 고개 봉우리 컷 샷 코 땀 가락 필 첩 축 손 단 무리 무대 작품 마당",
    EITHER: "번 장 대 편 그룹 코스 단계 종 부분 방향 측면 파트 계단 걸음마 부처 구역 파일 트랙 노선 동작 부문 조 기둥 정거장 정류장",
    SINO_FIRST: "부 분 주 점 동 쪽 개월 해 국 개국 개사 개소 개교 개년 개 사 곡선 등급 문 반 층 과 라운드 남매 형제 자매 당 막 량 본 톤 박 인분",
    SINO: (
        "배율 배속 배수 "
        "초 년 월 일 원 세 회 등 위 호 도 학년 학기 교시 반장 주년 주차 주일 주간 년대 년도 년간 년생 학번 개월간 일간 일차 년차 차 차전 차례차 "
        "차선 차로 호선 호차 호기 호실 번지 번길 번방 인 인용 인승 인실 인조 인칭 인제 박스오피스 분기 분의 분음표 분간 초간 시리즈 시즌 시청 "
        "급 기 기통 단 단지 대대 대손 도씨 루 루타 루타점 승 패 무 무승부 안타 홈런 타점 타수 이닝 득점 실점 강 골프 부작 부리그 부제 "
        "사단 사분기 선 선거구 성 성급 식 신 심제 악장 양 연대 연승 연패 연속 열 억 옥타브 음절 자 자리수 자릿수 장조 전 절 정 조원 종대 종경기 종세트 "
        "주기 중 중대 중주 집 차원 천 촌 총사 축 층짜리 칙 쿼터 통신 퍼센트 프로 포인트 평 평형 품 피트 필지 할 항 행 화 회말 회초 회차 "
        "미터 킬로 킬로미터 센티 센티미터 밀리 그램 킬로그램 리터 마일 인치 달러 유로 엔 위안 파운드 배럴 볼트 와트 데시벨 도시 칼로리 기가 메가 테라 바이트 "
        "페이지 챕터 레벨 위권 위안화 푼 리 각형 면체 각 단원 조 항차 호봉 급수 세기 세대 교대 모작 모녀 부자 차방 차방정식 호점 점대 점차 "
        "연발 구 군 군사령부 함대 사단장 도움 어시스트 킬 데스 콤보 딜 뎀 렙 랩 존 관왕 관 권역 지구 지망 지선다 종합 연타 번가 번대 시대 해리 노트 프레임 화소 비트"
    ),
}
COUNTERS: dict[str, Style] = {}
for _style, _words in _STYLES.items():  # what stands in two lists is of the first
    for _name in _words.split():
        COUNTERS.setdefault(_name, _style)
_ALTERNATIVES = "|".join(sorted(COUNTERS, key=len, reverse=True))
COUNTER = rf"(?:{_ALTERNATIVES})"
_STURDY = frozenset("명 개 살 시 권 잔 마리".split())  # believed whatever is glued behind: 5명중국
UNKNOWN = SINO_FIRST  # a noun of no list: 삼 학교, 세 학교

# In front of these the three and four of native numerals have forms of their own.
_OLD_FORMS = {
    **dict.fromkeys("달 장 잔 자 냥 섬 줄".split(), {3: ["석"], 4: ["넉"]}),
    **dict.fromkeys("돈 말 되 근 푼".split(), {3: ["서", "석"], 4: ["너", "넉"]}),
}

# What tells the verbalisations of 번, 대, 점 and 분 apart.
_NUMBERED = re.compile(  # 3번 출구: a number, not a count
    r"\s?(?:출구|버스|문제|문항|타자|선수|후보|홀|국도|트랙|채널|척추|손님|줄|자리|레인|게이트|플랫폼|승강장|타석|투수|주자|"
    r"노선|마을버스|고객|창구|항목|보기|선택지|테이블|교향곡|소나타|협주곡|학생|환자|확진자|카메라|마이크|키|버튼|참가자|지방도|"
    r"고속도로|구역|염색체|건반|현|방|칸|곡|포수|유닛|세트|정답|사진|그림|도로|라인|조|팀|엔진|활주로|지문|카드|메뉴|상품|코트|"
    r"탑승구|가|을)"
)
_ANSWERS = re.compile(r"(?:이 (?:정답|답|맞)|으로 (?:가|오|연결|전화|나)|에 (?:체크|표시|답|해당))")
_NUMBER_OF = re.compile(
    r"(?:정답|답|보기|기호|등번호|번호|백넘버|출구|현관|교향곡|선택지|문제|채널|객관식|문항|사번|협주곡|소나타|내선)[은는이가]?$"
)
_TIMES = re.compile(  # 3번이나: a count
    r"(?:이나|만|씩|쯤|정도|이상|이하|더|째|도|밖에|에 걸쳐|꼴)?\s?(?:연속|넘게|다시|반복|시도|연달|모두|봤|갔|했|먹|읽|쳤|찍|더|이상|정도|이나|"
    r"중|걸쳐|만에|만|밖에|뛰|들|보|가|하|도전|연거푸|째|씩|쯤)"
)
_QUIZ = re.compile("정답|객관식|보기 중|기호|몇 번")
_BOOKS = re.compile(
    r"(?:교과서|책|성경|교재|소설|논문|창세기|복음|본문|강의|헌법|민법)[은는의에서]*$"
)
_SERIES = re.compile(r"(?:시리즈|속편|극장판|에피소드)[은는의]?$")
_GREAT = re.compile(  # 3대 영양소
    r"\s?(?:대|주요|핵심)?\s?(?:과제|영양소|그룹|기업|요소|원칙|의혹|특검|강국|도시|종교|명산|메이저|기획사|국회|대통령|총선|임금|왕|"
    r"불가사의|은행|증권사|통신사|권력|포털|지표|성인병|질환|악법|개혁|비극|희극|복음|항목|조건|전략|목표|거래소|미스터리|천왕|미인|명문|"
    r"영화제|축제|시장|광역시|법칙|의무|사업|연금|보험|암|회장|사장|총장|의장|위원장|국왕|황제|째)"
)
_VEHICLES = re.compile(
    r"(?:차|자동차|버스|택시|컴퓨터|노트북|트럭|오토바이|자전거|비행기|드론|카메라|티비|TV|냉장고|에어컨|폰|전화기|헬기|전투기|"
    r"여객기|열차|로봇|기계|세탁기|프린터|서버|모니터|피아노|구급차|소방차|순찰차|승용차|화물차|한|총|버스는|침대|담배|매|피시|PC)[가는은이를을도만]?$"
)
_GUESTS = re.compile(
    r"(?:손님|어르신|선생님|고객|관객|할머니|할아버지|교수님|시민|참가자|의원|작가|회원|부모님|청취자|시청자|독자|여성|남성|환자|스님|전문가|"
    r"게스트|강사|신부님|목사님|위원|배우|출연자|기자|대표|지원자|당첨자|직원|가족)(?:들)?(?: 중)?[은는이가]?$"
)
_WORKS = re.compile(
    r"(?:그림|작품|유물|회화|가구|의류|문화재|도자기|조각|사진|미술품|국보|보물|조형물)[은는이가을를]?$"
)

_CLOVES = re.compile(r"(?:마늘|귤|오렌지|사과|배|수박|생강|빵|레몬)[은는이가을를]?$")

# Neighbouring numbers run together: 서너 명, 대여섯 개.
ESTIMATES = {
    1: ["한두"], 2: ["두세"], 3: ["서너", "세네"], 4: ["너댓", "네다섯", "네댓"], 5: ["대여섯", "다섯여섯"], 6: ["예닐곱", "여섯일곱"],
    7: ["일고여덟", "일곱여덟"], 8: ["여덟아홉"],
}  # fmt: skip
_ALBUM = re.compile(r"가수|앨범|정규|음반|발매|타이틀|미니|싱글|음원|컴백|신곡|그룹|밴드|노래|데뷔")
_SO_MANY = re.compile(
    r"\s?(?:이나|씩|정도|쯤|밖에|만큼|남짓|넘게|이상|이하|을\s?(?:샀|사|빌|읽|주문|선물|썼|냈|쓴|모|다)|\s?(?:샀|빌렸|읽었|주문|썼|냈))"
)
_BOUGHT = re.compile(r"권\S{0,2}\s?(?:샀|사서|사고|빌렸|빌려|읽었|읽고|주문|선물|썼|썼어|냈)")
_VOLUME = re.compile(
    r"(?:에서|부터|까지|에는|에도|에 |은|의|이 (?:제일|가장|나오|나왔|나온|출간|재미|더|빨리|먼저)|\s?(?:표지|내용|마지막|초반|후반|첫|출간|발간|끝))"
)
_COPIED = re.compile(
    r"^(?:씩|만|를|을)?\s?(?:더 )?(?:출력|복사|인쇄|제출|뽑|프린트|작성|구독|찍어)"
)
_PAPERS = re.compile(
    r"(?:계약서|신문|보고서|서류|이력서|원고|자료|사본|등본|초본|문서|유인물|시험지)[은는이가를을]?$"
)
_COMPARED = re.compile(r"보다|이 (?:더|제일|가장|나왔|개봉)")
_SERIES_OF_BOOKS = re.compile(
    r"(?:만화|소설|시리즈|전집|단행본|삼국지|해리포터|웹툰|원작|라노벨|문집|총서|제)$"
)
_PARTS_BEFORE = re.compile(r"\d+\s?(?:막|부|권|편|장)$")

# Behind these the counters are native numerals', elsewhere Sino-Korean ones'.
_COUNTED_THINGS = {"분": _GUESTS, "쪽": _CLOVES, "점": _WORKS}


def counted(count: int, counter: str) -> Verbalisations:
    """The numerals that go in front of a counter, the likeliest first.

    >>> counted(20, "살"), counted(30, "명"), counted(3, "번"), counted(105, "개")
    (['스무'], ['삼십', '서른'], ['세', '삼'], ['백다섯', '백오'])
    """
    if count == 0:
        return ["영", "공", "제로"]
    style = COUNTERS.get(counter, UNKNOWN)
    verbalisations = [sino(count)]
    hundreds, rest = divmod(count, 100)
    if not 0 < rest <= style.cap:
        return verbalisations
    head = sino(hundreds * 100) if hundreds else ""
    as_native = head + native(rest, attributive=True)
    if counter == "번째" and count == 1:
        return ["첫", "한"]
    if count >= 1000:
        return [*verbalisations, as_native]
    if hundreds:  # 백다섯 개, but 백오십 명
        return (
            [as_native, *verbalisations]
            if rest <= min(style.native_to, 19)
            else [*verbalisations, as_native]
        )
    if count < style.sino_from:
        verbalisations = [as_native]
    elif count <= style.native_to:
        verbalisations = [as_native, *verbalisations]
    else:
        verbalisations.append(as_native)
    verbalisations[1:1] = _OLD_FORMS.get(counter, {}).get(count, [])
    return verbalisations


def _with_counter(match: re.Match[str]) -> Verbalisations:
    count, counter, gap = value(match["n"]), match["counter"], match["gap"]
    doubtful = len(counter) == 1 and counter not in _STURDY
    known_tail = is_tail(hangul_behind(match))
    if gap and not known_tail:
        return []  # 15 장점
    if match["n"][0] == "0" and count:
        return [f"{verbalisation} {counter}" for verbalisation in number(match["n"])]
    numerals = _in_context(match, count, counter)
    if doubtful and not known_tail:  # perhaps the beginning of another word: 4배율
        numerals = unique([*numerals, *counted(count, "")])
    return [f"{numeral} {counter}" for numeral in numerals]


def _in_context(match: re.Match[str], count: int, counter: str) -> Verbalisations:
    """Numerals in the order that the words around them suggest."""
    if is_ordinal(match) and counter != "번째":
        return [sino(count)]
    numerals = counted(count, counter)
    sino_first = _is_sino(match, count, counter)
    if sino_first is None:
        return _long_numbers(match, counter, numerals)
    return sorted(numerals, key=lambda n: (n == sino(count)) != sino_first)


def _is_sino(match: re.Match[str], count: int, counter: str) -> bool | None:
    """What the words around 번, 대, 장, 편, 분, 쪽 and 점 tell; None where they tell nothing."""
    behind, ahead = after(match), before(match)
    if counter == "번":
        if _begins_with(_NUMBERED, behind) or _ANSWERS.match(behind) or _NUMBER_OF.search(ahead):
            return True
        if count <= 10 and _TIMES.match(behind):
            return False
        if count > 100:
            return True
        is_answer = _QUIZ.search(match.string) and is_tail(hangul_behind(match))
        named = behind.startswith(("은", "입니다", "이에요", "이요", " 아니면"))
        return True if is_answer or named else None
    if counter == "대":
        vehicle = _VEHICLES.search(ahead)
        is_age = count % 10 == 0 and count < 100 and not vehicle
        if is_age or _begins_with(_GREAT, behind):
            return True
        return False if vehicle and count <= 20 else None
    if counter in ("권", "집", "기") and count <= 99:
        return _is_volume(match, counter)
    if counter == "부" and (_COPIED.search(behind) or _PAPERS.search(ahead)):
        return False
    if counter in ("장", "편") and _PARTS_BEFORE.search(ahead):
        return True
    if counter == "편" and _COMPARED.match(behind):
        return True
    if (counter == "장" and _BOOKS.search(ahead)) or (counter == "편" and _SERIES.search(ahead)):
        return True
    if count <= 20 and counter in _COUNTED_THINGS:
        return not _COUNTED_THINGS[counter].search(ahead)
    return None


def _is_volume(match: re.Match[str], counter: str) -> bool | None:
    """Whether 3권 is the third of a series, 5집 an album, not so many of them."""
    behind, whole = after(match), match.string
    if counter == "집":
        return True if _ALBUM.search(whole) else None
    if counter == "기":
        return True
    if _SO_MANY.match(behind) or _BOUGHT.search(whole):
        return False
    several = len(re.findall(r"\d\s?권", whole)) > 1
    return (
        True if several or _VOLUME.match(behind) or _SERIES_OF_BOOKS.search(before(match)) else None
    )


def _list(match: re.Match[str]) -> Verbalisations:
    """3, 4개: neighbours are an estimate."""
    low, high, counter = value(match["a"]), value(match["b"]), match["counter"]
    if high != low + 1 or not is_tail(hangul_behind(match)) or re.search(r"\d,$", before(match)):
        return []
    if counter == "월":
        name = {6: "유", 10: "시"}.get(high, sino(high))
        return [f"{sino(low)} {name}월", f"{ {6: '유'}.get(low, sino(low)) }월 {name}월"]
    both = [f"{name} {counter}" for name in ESTIMATES.get(low, [])]
    plain = f"{sino(low)}{sino(high)} {counter}"
    if COUNTERS[counter].cap == 0:
        return [plain, f"{sino(low)} {counter} {sino(high)} {counter}"]
    first, second = counted(low, counter)[0], counted(high, counter)[0]
    return unique(
        [*both, plain, f"{first} {counter} {second} {counter}", f"{first} {second} {counter}"]
    )


def _begins_with(nouns: re.Pattern[str], text: str) -> bool:
    """Whether `text` begins with one of the nouns as a whole word, particles allowed."""
    found = nouns.match(text)
    rest = WORD.match(text, found.end()) if found else None
    return rest is not None and is_tail(rest.group())


def _long_numbers(match: re.Match[str], counter: str, numerals: Verbalisations) -> Verbalisations:
    """Names rather than counts: room 1203, bus 1001, those born in 97, also digit by digit."""
    text = match["n"].replace(",", "")
    by_digit = number("0" + text)[0][1:]
    if counter == "학번" and len(text) == 2:
        return [by_digit, *numerals]
    if (counter in ("호", "번", "동") and len(text) >= 3) or (counter == "년생" and len(text) == 2):
        return [*numerals, by_digit]
    return numerals


def _ordinal(match: re.Match[str]) -> Verbalisations:
    """1째, 2째: 첫째, 둘째."""
    count = value(match["n"])
    if not 1 <= count <= 99:
        return []
    return [("첫" if count == 1 else native(count, attributive=count > 10)) + "째"]


def _with_noun(match: re.Match[str]) -> Verbalisations:
    """A number with a noun of no list glued to it: 삼 학급, perhaps 세 학급."""
    if "." in match["n"] or is_tail(hangul_behind(match)):
        return []
    if hangul_behind(match).startswith(
        ("여", "몇", "십", "백", "천", "만", "억", "조", "대", "점")
    ):
        return []
    count = value(match["n"])
    if match["n"][0] == "0":
        return []
    numerals = [sino(count)] if is_ordinal(match) else counted(count, "")
    return [f"{numeral} " for numeral in numerals]


def _some_tens(match: re.Match[str]) -> Verbalisations:
    """10몇 명: 열몇, 십몇."""
    tens = value(match["n"])
    if tens % 10 or not 0 < tens < 100:
        return [sino(tens) + "몇"]
    return [("스물" if tens == 20 else native(tens)) + "몇", sino(tens) + "몇"]


def _with_particle(match: re.Match[str]) -> Verbalisations:
    """15는 is read 십오는, not 십오 는."""
    return number(match["n"])


def _alone(match: re.Match[str]) -> Verbalisations:
    """A number with whatever comes behind it, a space between it and Hangul."""
    gap = " " if hangul_behind(match) else ""
    return [verbalisation + gap for verbalisation in number(match["n"])]


COUNTER_RULES = (
    rule(rf"(?P<n>{INT})째(?![가-힣])", _ordinal),
    rule(rf"(?P<n>{INT})(?=여(?:\s|[가-힣]))", _with_particle),
    rule(rf"(?P<n>{INT})몇", _some_tens),
    rule(rf"(?P<a>\d),\s?(?P<b>\d)\s?(?P<counter>{COUNTER})", _list),
    rule(rf"(?P<n>{INT})(?P<gap>\s?)(?P<counter>{COUNTER})", _with_counter),
)
NUMBER_RULES = (
    rule(rf"(?P<n>{NUM})(?={PARTICLE}(?![가-힣]))", _with_particle),
    rule(rf"(?P<n>{NUM})(?=[가-힣])", _with_noun),
    rule(rf"(?P<n>{NUM})", _alone),
)
