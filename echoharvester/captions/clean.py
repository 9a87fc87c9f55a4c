"""What is in captions but not in the speech, removed and counted by kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from echoharvester.text.notations import both_spellings, read_transcript
from echoharvester.text.unicode import orthographic

# Sounds and people that captions describe; in round brackets only these are taken out,
# since brackets also hold words that were said.
_SOUNDS = (
    "음악|노래|반주|박수|환호|웃음|한숨|기침|울음|침묵|정적|효과음|배경음|벨소리|전화벨|폭소|탄식|비명|"
    "흐느낌|속삭임|잡음|소음|숨소리|발소리|총소리|문소리|휘파람|헛기침|music|applause|laughter|laughs|"
    "cheering|sighs|coughs|silence|inaudible|noise"
)
_PEOPLE = "질문자|답변자|청중|관객|진행자|사회자|남자|여자|아이|기자|내레이션|나레이션|자막|화면|효과|모두|일동"
# A sound may have a prefix and describing words, but is no part of another word: not (노래방).
_SOUND_PHRASE = (
    rf"(?:[가-힣\w]{{1,8}} ){{0,3}}(?:배경|효과|헛|쓴|비|너털|코)?(?:{_SOUNDS})"
    r"(?:(?:소리|중|하며|하는|하고|함)|[이가을를와과의])?(?: [가-힣]{1,6}){0,2}"
)
# How it is said: (목이 메어), (울먹이며), (작은 목소리로).
_MANNER = (
    r"(?:[가-힣]{1,6} ){0,3}(?:[가-힣]{1,4}(?:이며|거리며|대며|리며|지르며|으면서|리면서|이면서|거리면서|하면서|하듯|하듯이)|메어|메여"
    r"|(?:목소리|말투|투|어조|소리|표정)로)"
)
_DIRECTION = re.compile(
    rf"[(（]\s*(?:{_SOUND_PHRASE}|(?:{_PEOPLE})\s?[\dA-Z]{{0,2}})\s*[)）]|^\s*[(（]\s*{_MANNER}\s*[)）]",
    re.IGNORECASE,
)
_SOUND = re.compile(_SOUND_PHRASE, re.IGNORECASE)
_SQUARE = re.compile(
    rf"\[(?![\d\s.,]+\])[^\[\]]{{0,60}}\]|【[^】]{{0,60}}】|〔[^〕]{{0,60}}〕|［[^］]{{0,60}}］|<\s*{_SOUND_PHRASE}\s*>",
    re.IGNORECASE,
)
_ONOMATOPOEIA = (
    "쾅|쿵|탕|펑|꽝|쨍그랑|철컥|찰칵|덜컹|딩동|띵동|똑똑|따르릉|띠리링|삑|빵빵|멍멍|야옹|짝짝짝?|우르릉|부르릉|쏴아?|휘잉|"
    "드르륵|째깍|삐걱|첨벙|후두둑|콰쾅|쿵쾅"
)
_SOUND_WORD = re.compile(
    rf"(?:<\s*(?:{_ONOMATOPOEIA})[!~.]*\s*>|\*\s*(?:{_ONOMATOPOEIA}|{_SOUND_PHRASE})[!~.]*\s*\*"
    rf"|#\s*{_SOUND_PHRASE}\s*#)",
    re.IGNORECASE,
)
# A caption that is nothing but one pair of brackets describes what is heard, unless it talks like people.
_ALL_BRACKET = re.compile(
    rf"\W*(?:\((?P<round>[^()]{{1,60}})\)|（(?P<wide>[^（）]{{1,60}})）|<\s*(?:{_ONOMATOPOEIA}|{_SOUND_PHRASE})[!~.]*\s*>)\W*"
)
_TALKS = re.compile(
    r"[,?]|(?:[요죠까네]|니다|거든|잖아|라고|는데|아니|맞아|그래|^[네예응])[.!~…]*$|^[\d\s:시분초]+$"
)
# Something is said that the text does not give: [ __ ], ○○○, 김OO, (불명확), (삐-).
_UNGIVEN = re.compile(
    r"\[\s*_+\s*\]|(?<![\d○◯×✕])(?<!\d )[○◯×✕]{2,}(?!\s?\d)|(?<=[가-힣])●{2,}|●{2,}(?=[가-힣])|●{3,}(?=\s[가-힣])|[△□◇]{2,}(?=\s?[가-힣])|ㅇ{2,}(?=[가-힣])|(?<=[가-힣])ㅇ{2,}(?=\s?(?:씨|님|양|군|동|시|구)(?:$|\W|[이가은는을를의도에]))|(?-i:x{3,}|X{3,})(?=\s?[가-힣])|(?<![\d*])\*{2,}(?![\d*])"
    r"|(?<=[가-힣])(?-i:O{2,})(?=[\s가-힣])|(?<=[가-힣])0{2,}(?=\s?(?:씨|님|양|군)(?:$|\W|[이가은는을를의도]))"
    r"|(?<![A-Za-z\d])(?-i:O{2,})(?=\s?[가-힣])"
    r"|[\[(（]\s*(?:(?:잘\s?)?(?:안\s?들림|들리지\s?않음|안\s?들려요)|불명확|불분명|불명|청취\s?(?:불가|불능|곤란)|음성\s?(?:불량|끊김)|못\s?알아들음|알아듣기\s?어려움|알아들을\s?수\s?없음|판독\s?불가"
    r"|inaudible|unintelligible|indistinct|삐+[-~이익]*|묵음(?:\s?처리)?|비속어|욕설|검열)(?:\s[가-힣\d:]{1,8})?\s*[\])）]",
    re.IGNORECASE,
)
_STRESSED = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]{0,60}[^\s*])\*(?![\w*](?<![가-힣]))")
_BOLD = re.compile(r"(?<!\*)\*\*(?=[^\s*])([^*\n]*[^\s*])\*\*(?!\*)")
_NOTES_SPAN = re.compile(r"[♪♫♬♩]+[^♪♫♬♩]*[♪♫♬♩]+")
_NOTES = re.compile(r"[♪♫♬♩]+")
_CHEVRONS = re.compile(r"(?:^\s*>|(?:^|\s)>{2,3})(?=\s|[가-힣A-Za-z\"'(]|$)")
# An address with its scheme is shown, not said; www.naver.com in a sentence is said.
_URL = re.compile(r"https?://[^\s가-힣)\]>\"']+", re.IGNORECASE)
_LONE_ADDRESS = re.compile(r"\W{0,8}www\.[^\s가-힣]+", re.IGNORECASE)
_NO_SENTENCE = r"(?![^\n]*(?:[다요죠까네]\s*[.?!]*|[.?!])\s*$)"
_CREDIT = re.compile(
    rf"^\W*(?:(?:한글|한국어|영어)?\s*(?:자막|번역|검수|감수|싱크)\s*(?:제공|제작|번역|수정)?\s*(?:by\b|[:：])\s*(?:{_NO_SENTENCE}.{{1,60}}|(?![^\s]*(?:니다|세요|어요|해요|네요|까요|지요|군요|죠)\s*$)[^\s.?!]{{1,12}}\s*$)"
    r"|(?:translated|sub(?:title|b)?s?(?:bed|titled)?|captions?|captioned|translation|reviewed?)\s+(?:by|reviewed)\b.{1,80}"
    r"|(?:[^\s]{0,15}[^\s는은에]\s){1,2}(?:(?:한글|한국어)\s)?(?:자막|번역)\s*제공)\s*$",
    re.IGNORECASE,
)
_SURNAMES = "김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국어은편용"
_GIVEN = (
    "민수 철수 영희 지민 서준 민준 지우 서연 하은 지훈 수진 영수 미영 준호 현우 지은 수빈 민지 은지 동현 성민 유진 혜진 태현 "
    "재현 승현 예진 소영 정훈 도윤 시우 하준 주원 예준 지호 지아 서윤 하윤 윤아 수아 다은 채원 지수 나연 민정 경수 상훈"
).split()
_TITLES = "기자|앵커|교수|박사|씨|님|선생님|대표|팀장|아나운서|의원|장관|대통령|사장|부장|과장|PD|엄마|아빠|아저씨|아줌마|할머니|할아버지"
_ROLES = f"{_PEOPLE}|나레이터|내레이터|앵커|리포터|해설|캐스터|엄마|아빠|선생님|학생|손님|사장|직원|의사|환자|변호사|검사|판사|면접관|지원자|호스트|게스트|시민|주민|인터뷰어|인터뷰이|나|너|그|그녀"
_LABEL = r"(?:speaker|spk|화자|참석자|참가자|발언자|발화자|진술인|인터뷰어|응답자|남성|여성)[\s_-]?\d{1,3}"
_CLOCK_TIME = r"[(\[]?\d{1,2}:\d{2}(?::\d{2})?[)\]]?"
_SPEAKER = re.compile(
    rf"^\s*(?:(?P<label>(?i:{_LABEL}))\s*(?:[:：](?!\d)\s*|{_CLOCK_TIME}\s*$|(?<!여성\d)(?<!여성 \d)(?<!남성\d)(?<!남성 \d)$)"
    rf"|(?P<sure>[{_SURNAMES}][가-힣]{{2}}|{'|'.join(_GIVEN)}|[가-힣]{{1,4}}\s?(?:{_TITLES})|(?:{_ROLES})\s?[\dA-Z]{{0,2}})\s*[:：](?=\s|$|[가-힣])"
    r"|(?P<perhaps>[가-힣]{2,4}|[A-Z][A-Za-z.]{0,14}|[QA]\d?)\s*[:：](?=\s|$))\s*"
)
_TURN = re.compile(rf"(?<=\S)\s+(?=(?i:{_LABEL})\s*[:：]\s)")
# A name in brackets in front of what is said.
_KNOWN = (
    rf"{'|'.join(_GIVEN)}|(?:{_PEOPLE}|앵커|리포터|해설|캐스터|엄마|아빠|선생님|학생|손님|면접관|지원자|호스트|게스트"
    rf"|화자|참석자)\s?[\dA-Z]{{0,2}}|(?i:{_LABEL})|[가-힣]{{2,4}}\s?(?:기자|앵커|교수|박사|아나운서|의원|PD)"
)
_BRACKETED = re.compile(  # words that are said stand in brackets, too: (한국은), <기생충>
    rf"^\s*(?:[(（]\s*(?:(?P<sure>{_KNOWN})|(?P<perhaps>[{_SURNAMES}][가-힣]{{2}}))\s*[)）](?=\s|[:：])"
    rf"|[\[［【〔]\s*(?P<square>{_KNOWN}|[{_SURNAMES}][가-힣]{{2}})\s*[\]］】〕]"
    rf"|[<＜]\s*(?P<angle>{'|'.join(_GIVEN)}|(?i:{_LABEL}))\s*[>＞](?=\s|[:：]))"
    r"\s*(?P<colon>[:：])?\s*(?=\S)"
)
_TAGGED = re.compile(
    rf"\s*(?:[\[［【〔]\s*([가-힣]{{2,4}})\s*[\]］】〕]|[<＜]\s*({_ROLES}|아들|딸|형|누나|언니|오빠|동생|남편|아내|친구)\s*[>＞](?=\s|[:：]))"
    r"\s*[:：]?\s*(?=\S)"
)
_NOBODY = frozenset("자막 화면 효과 모두 일동".split())
_LEADING_COLON = re.compile(r"^\s*[:：]\s+")
# What stands in front of a colon and speaks to nobody.
_NOT_SPEAKERS = frozenset(
    "문제 주제 정답 질문 대답 결론 참고 주의 예시 예제 제목 장소 시간 날짜 일시 오늘 내일 출처 요약 답변 이름 특징 장점 단점 원인 결과 "
    "방법 목표 준비물 재료 순서 첫째 둘째 셋째 중요 정리 핵심 이유 조건 문제점 주의점 장단점 유의점 이야기 전화 주소 정보 제조사 "
    "가격 비율 점수 번호 기간 대상 비용 문의 신청 접수 현재 기온 하나 서울 부산 대구 인천 광주 대전 울산 세종 제주 전국".split()
)
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u26ff\u2700-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U000e0000-\U000e007f]+"
)
# A dash that opens a turn of a dialogue; -5도 is a number.
_DASH = re.compile(r"^\s*[-–—‐](?:\s+(?=\S)|(?=[^\s\d]))")
_EMPTY_BRACKETS = re.compile(r"\(\s*\)|\[\s*\]")
_PLAIN = re.compile(r"[가-힣0-9 .,?!…]*")
_LONE_MARKS = re.compile(r"[\W_]+")

_STEPS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("music", _NOTES_SPAN),
    ("music", _NOTES),
    ("sound_tag", _SQUARE),
    ("sound_tag", _DIRECTION),
    ("sound_tag", _SOUND_WORD),
    ("url", _URL),
    ("emoji", _EMOJI),
)


def describes_sounds(lines: Iterable[str]) -> bool:
    """Whether a caption is nothing but one pair of brackets.

    >>> describes_sounds(["(문이 쾅 닫힌다)"]), describes_sounds(["(네, 알겠습니다)"])
    (True, False)
    """
    text = " ".join(lines)
    found = _ALL_BRACKET.fullmatch(text)
    if not found and _SOUND_WORD.fullmatch(text.strip()):
        return True
    if not found or _UNGIVEN.search(text):
        return False
    return not _TALKS.search((found["round"] or found["wide"] or "").strip())


def recurring_speakers(lines: Iterable[str]) -> frozenset[str]:
    """Words that stand in front of a colon at least twice: names, in a text that gives names.

    >>> recurring_speakers(["하니: 네", "두리: 네", "하니: 아니요", "문제: 3번", "문제: 4번"])
    frozenset({'하니'})
    """
    found: Counter[str] = Counter()
    tags: Counter[str] = Counter()
    for line in lines:
        line = _DASH.sub("", _CHEVRONS.sub(" ", line))
        for pattern in (_SPEAKER, _BRACKETED):
            if (m := pattern.match(line)) and m["perhaps"]:
                found[m["perhaps"]] += 1
        if m := _TAGGED.match(line):
            tags[m[1] or m[2]] += 1
    names = {n for n, count in found.items() if count > 1 and n not in _NOT_SPEAKERS}
    tagged = {n for n, count in tags.items() if count > 1 and not _SOUND.fullmatch(n)}
    # One word that comes back is a tag ([속보]); several that take turns are people.
    return frozenset(names | {f"<{n}>" for n in tagged - _NOBODY if len(tagged) > 1})


def unwrapped(lines: Iterable[str]) -> list[str]:
    """Lines joined where a bracket or a song goes over the end of one.

    >>> unwrapped(["[신나는 음악이", "흘러나온다]", "안녕"])
    ['[신나는 음악이 흘러나온다]', '안녕']
    """
    result: list[str] = []
    open_end = False
    for line in lines:
        if open_end and len(result[-1]) < 200:
            result[-1] += " " + line
        else:
            result.append(line)
        text = result[-1]
        open_end = (
            text.count("[") > text.count("]")
            or text.count("(") > text.count(")")
            or len(_NOTES.findall(text)) % 2 == 1
        )
    return result


@dataclass
class Cleaner:
    """Takes out of the lines of a file what was not said.

    Attributes:
        corpus_marks: take out the marks of published transcripts (`b/`, `{laughing}` ...), too.
        names: speakers of the file beyond those that are known to be names.
        patterns: of the user's own; what they match goes first.
        removed: what was taken out, by kind.
    """

    corpus_marks: bool = False
    names: frozenset[str] = frozenset()
    patterns: Sequence[re.Pattern[str]] = ()
    removed: Counter[str] = field(default_factory=Counter)

    def line(self, line: str) -> tuple[str, str]:
        """The orthographic text of a caption line, and who the line says is speaking, or "".

        Of `(70%)/(칠십 퍼센트)` the spelling stays.

        >>> cleaner = Cleaner()
        >>> cleaner.line("[음악] 김민수: 안녕하세요 (웃음) ♪")
        ('안녕하세요', '김민수')
        >>> sorted(cleaner.removed.items())
        [('music', 1), ('sound_tag', 2), ('speaker', 1)]
        """
        removed = self.removed
        for pattern in self.patterns:
            line, count = pattern.subn(" ", line)
            removed["pattern"] += count
        if _CREDIT.match(line):
            removed["credit"] += 1
            return "", ""
        if _PLAIN.fullmatch(line) and "00" not in line and not line[-1:].isdigit():
            # nothing that the rules below look for
            return ("" if _LONE_MARKS.fullmatch(line) else orthographic(line)), ""
        if self.corpus_marks:
            transcript = read_transcript(line)
            removed.update(transcript.marks)
            # Said, but not in the text: the mark of damaged text makes stage 3 reject it.
            line = transcript.written + ("" if transcript.is_complete else " \ufffd")
        else:
            line = both_spellings(line, only_mixed=True)[0]
        line = _BOLD.sub(r"\1", line)
        if not _SOUND_WORD.search(line):
            line = _STRESSED.sub(r"\1", line)
        line, count = _UNGIVEN.subn(" \ufffd ", line)
        removed["not_given"] += count
        if _LONE_ADDRESS.fullmatch(line.strip()):
            removed["url"] += 1
            return "", ""
        line, count = _CHEVRONS.subn(" ", line)
        removed["chevrons"] += count
        line, count = _DASH.subn("", line)
        removed["dash"] += count
        line, name = self._without_speaker(line)
        tags = removed["sound_tag"]
        for kind, pattern in _STEPS:
            line, count = pattern.subn(" ", line)
            removed[kind] += count
        if removed["sound_tag"] > tags:
            line = _LEADING_COLON.sub("", line)
        if not name:
            line, name = self._without_speaker(_DASH.sub("", line))
        text = orthographic(_EMPTY_BRACKETS.sub(" ", line))
        for kind in [kind for kind, count in removed.items() if not count]:
            del removed[kind]
        return ("" if _LONE_MARKS.fullmatch(text) else text), name

    def _without_speaker(self, line: str) -> tuple[str, str]:
        """The line behind the name that it begins with, and the name; "" without one."""
        if (tagged := _TAGGED.match(line)) and f"<{tagged[1] or tagged[2]}>" in self.names:
            self.removed["speaker"] += 1
            return line[tagged.end() :], tagged[1] or tagged[2]
        bracketed = _BRACKETED.match(line)
        if bracketed:
            name = next(filter(None, bracketed.group("sure", "perhaps", "square", "angle")), "")
            name = name.strip()
            is_name = not bracketed["perhaps"] or bracketed["colon"] or name in self.names
            if is_name and name not in _NOBODY and not _SOUND.fullmatch(name):
                self.removed["speaker"] += 1
                return line[bracketed.end() :], name
        found = _SPEAKER.match(line)
        if not found:
            return line, ""
        name = found["label"] or found["sure"] or found["perhaps"]
        is_name = found["label"] or found["sure"] or name in self.names or name[0].isascii()
        if not is_name or name in _NOT_SPEAKERS:
            return line, ""
        self.removed["speaker"] += 1
        return line[found.end() :], name.strip()


def turns_of(line: str) -> list[str]:
    """A line parted in front of every label of a speaker.

    >>> turns_of("화자 1: 네 화자 2: 아니요")
    ['화자 1: 네', '화자 2: 아니요']
    """
    return _TURN.split(line)


def starts_with_dash(line: str) -> bool:
    """Whether a line opens with the dash of a dialogue.

    >>> starts_with_dash("- 네"), starts_with_dash("-5도")
    (True, False)
    """
    match = _DASH.match(line)
    return match is not None


def undashed(line: str) -> str:
    """A line without the dash that opens a turn."""
    return _DASH.sub("", line)
