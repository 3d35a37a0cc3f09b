"""A draft of an order from a conversation or a long text: title, kind of demand, times, place, what is wanted; by rules.

Every field carries the span it was taken from, so that the agent sees why. Nothing is made up: what is not said stays empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hotline.language import phrases
from hotline.language.normalise import MAX_CHARS, Normal, normalise, sentences
from hotline.language.places import Finder, Found

TITLE = 30
"""Characters of a title at most."""
MAX_WISHES = 6
MAX_TIMES = 12


class Demand(StrEnum):
    """Kinds of demand (诉求类型) by the words people use for them."""

    CONSULT = "consult"
    HELP = "help"
    COMPLAIN = "complain"
    REPORT = "report"
    SUGGEST = "suggest"
    PRAISE = "praise"


@dataclass(frozen=True, slots=True)
class Taken:
    """A value and the span of the original it was taken from; `sure` 0–1."""

    value: str
    start: int
    end: int
    sure: float = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that is spoken of: from `begin` to before `end`, in the zone of the moment it was read at."""

    text: str
    begin: datetime
    end: datetime
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One utterance; `citizen` is false for the agent's, which are read for nothing but context."""

    text: str
    citizen: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be read; spans are of `text` (for a conversation: the citizen's turns, joined by line ends)."""

    text: str
    title: Taken | None
    demand: Taken | None
    times: tuple[Moment, ...]
    places: Found
    wishes: tuple[Taken, ...]


_DEMANDS: tuple[tuple[Demand, re.Pattern[str], float], ...] = (
    (Demand.PRAISE, re.compile(r"表扬|点赞|送锦旗|特此感谢|表示感谢|提出表扬"), 1.5),
    (Demand.REPORT, re.compile(r"举报|检举|揭发|实名反映"), 1.3),
    (
        Demand.COMPLAIN,
        re.compile(r"投诉|控诉|状告|强烈不满|维权|不作为|推诿|欺诈|欺骗|扰民|拖欠|乱收费"),
        1.0,
    ),
    (Demand.SUGGEST, re.compile(r"建议|提议|提个意见|能否增[加设]|可以考虑"), 0.9),
    (
        Demand.CONSULT,
        re.compile(
            r"咨询|请问|问一下|想问|想了解|了解一下|是否可以|怎么办理|如何办理|什么时候|何时|需要什么(?:材料|手续)|可不可以|能不能"
        ),
        0.8,
    ),
    (Demand.HELP, re.compile(r"求助|请求|恳请|希望|帮(?:我|忙|助)|解决|坏了|不亮|漏水|停水|停电|堵"), 0.5),
)

_WISH = re.compile(
    r"(?:我(?:们)?(?:现在)?(?:的诉求是?|强烈要求|要求|希望|请求|恳请|想要|想请|只想|只求|建议)|强烈要求|特?请求|恳请|恳求|希望|要求|建议|盼望|诉求[是:：]|望(?=有关|相关|政府|领导|上级|能)|请(?=有关|相关|政府|领导|尽快|立即|帮|给|督促|查|核实|部门|求))"
)
_WISH_END = re.compile(r"[。！？!?；;\n]")
_NO_WISH = re.compile(r"^(?:希望|请|望)?(?:大家|您|你)?(?:谅解|理解|知悉)$")

_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_N = r"(?:\d{1,4}|[零〇一二两三四五六七八九十]{1,3})"
_DAY = {
    "大前天": -3,
    "前天": -2,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "今天": 0,
    "今日": 0,
    "今早": 0,
    "今晚": 0,
    "明天": 1,
    "明日": 1,
    "明早": 1,
    "后天": 2,
    "大后天": 3,
}
_PART = {
    "凌晨": (0, 6),
    "清晨": (5, 8),
    "早上": (6, 9),
    "早晨": (6, 9),
    "早": (6, 9),
    "上午": (8, 12),
    "中午": (11, 14),
    "下午": (12, 18),
    "傍晚": (17, 20),
    "晚上": (18, 24),
    "晚": (18, 24),
    "夜里": (20, 24),
    "夜间": (20, 24),
    "半夜": (0, 5),
    "深夜": (22, 24),
}
_MINUTE = r"\d{1,2}|[一二三四五]?十[一二三四五六七八九]?"
_PARTS = "|".join(sorted(_PART, key=len, reverse=True))
_CLOCK = (
    rf"(?:(?P<part>{_PARTS})?"
    rf"(?:(?P<hour>{_N})(?:[点时](?!间|候)|[:：](?=\d))(?P<half>半)?(?:(?P<minute>{_MINUTE})分?)?)?)"
)
_DATE = (
    rf"(?:(?P<year>\d{{4}}|[零〇一二三四五六七八九]{{4}})[年./-])?(?P<month>{_N})[月./-](?P<day>{_N})[日号]?"
    rf"|(?P<only_year>(?:19|20)\d{{2}})年(?:(?P<only_month>{_N})月(?:份)?)?|(?P<near_month>上个?月|这个?月|本月|下个?月)(?:(?P<near_day>{_N})[日号])?"
    rf"|(?P<near_year>前年|去年|今年|明年)(?:(?P<year_month>{_N})月份?(?:(?P<year_day>{_N})[日号])?)?"
    rf"|(?P<rel>{'|'.join(sorted(_DAY, key=len, reverse=True))})|(?P<weekwhich>上上|上|这|本|下)?(?:个)?(?:星期|周|礼拜)(?P<weekday>[一二三四五六日天末])"
    rf"|(?P<ago>{_N})(?:个)?(?P<unit>天|日|周|星期|月|年|小时|分钟)(?P<half_ago>半)?(?P<way>之?前|以前|后)"
)
_TIME = re.compile(rf"(?:{_DATE}){_CLOCK}|(?P<now>刚才|刚刚|现在|此刻)")
_WEEKDAYS = "一二三四五六日"


def number(text: str) -> int | None:
    """`12`, 十二, 二十, 三 → int; None when it is no number below 10,000."""
    if text.isdigit() and text.isascii():
        return int(text)
    if not text or any(sign not in _DIGITS and sign != "十" for sign in text):
        return None
    if "十" not in text:
        return int("".join(str(_DIGITS[sign]) for sign in text))
    tens, _, ones = text.partition("十")
    if len(tens) > 1 or len(ones) > 1:
        return None
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)


def find_times(text: str, now: datetime) -> tuple[Moment, ...]:
    """Times spoken of, read at `now` (its zone is used). What is no date (2 月 31 日) is left out."""
    normal = normalise(text, fillers=False, limit=MAX_CHARS)
    found: list[Moment] = []
    for match in _TIME.finditer(normal.text):
        if len(found) >= MAX_TIMES:
            break
        try:
            span = _span(match, now)
        except (ValueError, OverflowError):
            span = None
        if span is not None:
            start, stop = normal.span(*match.span())
            found.append(Moment(match.group(), *span, start, stop))
    return tuple(found)


def _span(match: re.Match[str], now: datetime) -> tuple[datetime, datetime] | None:
    got = match.groupdict()
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if got["now"]:
        return now, now + timedelta(minutes=1)
    if got["ago"]:
        return _ago(got, now)
    day = _day(got, today)
    if day is None or isinstance(day, tuple):
        return day
    return _clock(got, day, match.group())


def _ago(got: dict[str, str | None], now: datetime) -> tuple[datetime, datetime] | None:
    amount = number(got["ago"] or "")
    if amount is None or amount > 100_000:
        return None
    sign = 1 if got["way"] == "后" else -1
    sizes = {
        "分钟": timedelta(minutes=1),
        "小时": timedelta(hours=1),
        "天": timedelta(days=1),
        "日": timedelta(days=1),
        "周": timedelta(days=7),
        "星期": timedelta(days=7),
        "月": timedelta(days=30),
        "年": timedelta(days=365),
    }
    size = sizes[got["unit"] or "天"]
    begin = now + sign * (amount + (0.5 if got["half_ago"] else 0)) * size
    if size >= timedelta(days=1):
        begin = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    return begin, begin + size


def _day(got: dict[str, str | None], today: datetime) -> datetime | tuple[datetime, datetime] | None:
    """The day that is meant, or a whole month or year as (begin, end)."""
    if got["rel"]:
        return today + timedelta(days=_DAY[got["rel"]])
    if got["weekday"]:
        weeks = {"上上": -2, "上": -1, "下": 1}.get(got["weekwhich"] or "", 0)
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)
        if got["weekday"] == "末":
            return monday + timedelta(days=5), monday + timedelta(days=7)
        return monday + timedelta(days=_WEEKDAYS.index(got["weekday"].replace("天", "日")))
    if got["near_month"]:
        shift = {"上": -1, "下": 1}.get(got["near_month"][0], 0)
        months = today.year * 12 + today.month - 1 + shift
        return _month(today, months // 12, months % 12 + 1, number(got["near_day"] or ""))
    if got["near_year"]:
        year = today.year + {"前年": -2, "去年": -1, "明年": 1}.get(got["near_year"], 0)
        month = number(got["year_month"] or "")
        if month is None:
            return today.replace(year=year, month=1, day=1), today.replace(year=year + 1, month=1, day=1)
        return _month(today, year, month, number(got["year_day"] or ""))
    if got["only_year"]:
        year, month = int(got["only_year"]), number(got["only_month"] or "")
        if month is None:
            return today.replace(year=year, month=1, day=1), today.replace(year=year + 1, month=1, day=1)
        return _month(today, year, month, None)
    month, day = number(got["month"] or ""), number(got["day"] or "")
    if month is None or day is None:
        return None
    if got["year"]:
        return today.replace(year=number(got["year"]) or today.year, month=month, day=day)
    # Without a year the last such day, unless it is less than two months ahead: people tell what happened.
    date = today.replace(month=month, day=day)
    return date.replace(year=today.year - 1) if date - today > timedelta(days=60) else date


def _month(today: datetime, year: int, month: int, day: int | None) -> datetime | tuple[datetime, datetime]:
    if day is not None:
        return today.replace(year=year, month=month, day=day)
    begin = today.replace(year=year, month=month, day=1)
    return begin, (begin + timedelta(days=32)).replace(day=1)


def _clock(got: dict[str, str | None], day: datetime, text: str) -> tuple[datetime, datetime]:
    part = got["part"] or ("晚上" if "晚" in text[:3] else "早上" if text[:2] in ("今早", "明早") else None)
    hour = number(got["hour"]) if got["hour"] else None
    if hour is None or hour > 24:
        if part is None:
            return day, day + timedelta(days=1)
        first, last = _PART[part]
        return day + timedelta(hours=first), day + timedelta(hours=last)
    if (part in ("下午", "傍晚", "晚上", "晚", "夜里", "夜间", "深夜") and hour < 12) or (
        part == "中午" and hour < 3
    ):
        hour += 12
    minute = 30 if got["half"] else (number(got["minute"]) or 0 if got["minute"] else 0)
    begin = day + timedelta(hours=hour, minutes=min(minute, 59))
    return begin, begin + (timedelta(minutes=1) if got["minute"] or got["half"] else timedelta(hours=1))


def find_wishes(text: str) -> tuple[Taken, ...]:
    """What the citizen wants done, each from its cue to the end of its sentence; the same words only once."""
    normal = normalise(text, fillers=False, limit=MAX_CHARS)
    found: list[Taken] = []
    seen: set[str] = set()
    at = 0
    while len(found) < MAX_WISHES and (match := _WISH.search(normal.text, at)) is not None:
        stop = _WISH_END.search(normal.text, match.end())
        end = stop.start() if stop else len(normal.text)
        at = max(end, match.end())
        end = min(end, match.start() + 200)
        wish = phrases.strip_boilerplate(normal.text[match.end() : end])
        if (
            len(wish) < 4
            or wish in seen
            or _NO_WISH.match(wish)
            or "《" in normal.text[max(0, match.start() - 12) : match.start()]
        ):
            continue
        seen.add(wish)
        start, last = normal.span(match.start(), end)
        found.append(Taken(wish, start, last, 0.8 if match.group().startswith("我") else 0.7))
    return tuple(found)


def guess_demand(text: str) -> Taken | None:
    """The kind of demand by the words for it; the first line counts thrice. None when no word tells."""
    normal = normalise(text, fillers=False, limit=4_000)
    head = normal.text.find("\n")
    head = head if head > 0 else min(60, len(normal.text))
    scores: dict[Demand, float] = {}
    first: dict[Demand, re.Match[str]] = {}
    for demand, pattern, weight in _DEMANDS:
        for match in list(pattern.finditer(normal.text))[:6]:
            scores[demand] = scores.get(demand, 0.0) + weight * (3 if match.start() <= head else 1)
            first.setdefault(demand, match)
    if not scores:
        return None
    best = max(scores, key=lambda demand: scores[demand])
    start, end = normal.span(*first[best].span())
    return Taken(best.value, start, end, round(scores[best] / sum(scores.values()), 3))


def make_title(text: str, places: Found) -> Taken | None:
    """At most TITLE characters: the text's own first line when it is one, else its first telling clause, with the place before it
    where the clause does not name it."""
    line, _, rest = text.partition("\n")
    if rest.strip() and 4 <= len(line.strip()) <= TITLE:
        start = len(line) - len(line.lstrip())
        return Taken(line.strip(), start, start + len(line.strip()), 0.9)
    words, start, end = _telling(text)
    if not words:
        return None
    best = places.best
    if (
        best is not None
        and best.finest.text not in words
        and len(best.finest.text) + len(words) <= TITLE
        and best.finest.kind not in ("province", "city")
    ):
        words = best.finest.text + words
    return Taken(words[:TITLE], start, end, 0.6)


def _telling(text: str) -> tuple[str, int, int]:
    """The clause that tells the trouble: the first with a word of complaint, question or wish, else the first at all."""
    normal = normalise(text, limit=4_000)
    for start, end in _clauses(normal):
        clause = normal.text[start:end]
        if (
            any(pattern.search(clause) for _, pattern, _ in _DEMANDS)
            and len(phrases.strip_boilerplate(clause)) >= 6
        ):
            words, first, last = phrases.headline(clause, TITLE)
            if words:
                a, b = normal.span(start + first, start + last)
                return words, a, b
    return phrases.headline(text, TITLE)


def _clauses(normal: Normal) -> Iterable[tuple[int, int]]:
    yield from sentences(normal.text)[:40]


def draft(
    text: str | Sequence[Turn], now: datetime, finder: Finder | None = None, *, area: str = ""
) -> Draft:
    """Read a letter or a conversation at the moment `now` (aware). Never raises; long texts are read to their bound."""
    whole = text if isinstance(text, str) else "\n".join(turn.text for turn in text if turn.citizen)
    places = finder.find(whole, area=area) if finder is not None else Found()
    return Draft(
        whole,
        make_title(whole if isinstance(text, str) else whole.replace("\n", " "), places),
        guess_demand(whole),
        find_times(whole, now),
        places,
        find_wishes(whole),
    )
