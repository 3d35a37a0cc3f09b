"""Words and patterns by which places are told when no gazetteer knows them: data/places.yaml, and grammars of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

# Short names of cities that are also plain words: they too need company.
WORDLIKE = frozenset(
    {
        "朝阳",
        "东方",
        "大同",
        "中卫",
        "安康",
        "平安",
        "吉安",
        "通化",
        "和平",
        "海口",
        "三明",
        "大庆",
        "黄石",
        "保定",
    }
)


@dataclass(frozen=True, slots=True)
class PlaceWords:
    endings: re.Pattern[str]
    kinds: Mapping[str, str]
    weak: frozenset[str]
    stop: frozenset[str]
    generic: frozenset[str]
    common: frozenset[str]
    relation: re.Pattern[str]
    official: re.Pattern[str]
    unique: frozenset[str]


@cache
def place_words() -> PlaceWords:
    raw = yaml.safe_load((files("hotline.language") / "data" / "places.yaml").read_text(encoding="utf-8"))
    kinds: dict[str, str] = {}
    for group, listed in raw["point"].items():
        for one in listed.split("|"):
            kinds.setdefault(one, "weak" if group == "weak" else "point")
    for kind in ("community", "street", "road"):
        for one in raw[kind].split("|"):
            kinds[one] = kind
    ordered = sorted(kinds, key=lambda one: (-len(one), one))
    return PlaceWords(
        re.compile("|".join(map(re.escape, ordered))),
        kinds,
        frozenset(raw["point"]["weak"].split("|")),
        frozenset(raw["stop"].split()),
        frozenset(raw["generic"].split()),
        frozenset(raw["common"].split()),
        re.compile(rf"的?(?:{raw['relation']})"),
        re.compile(rf"(?:{raw['official']})$"),
        frozenset(raw["unique"].split("|")),
    )


CJK = re.compile(r"[\u4e00-\u9fff]")
NUMERAL = "一二三四五六七八九十百"
# Verbs end a name on its left, as do these classes of the tagger (its other classes are too unsure on names).
STOP_TAGS = frozenset({"v", "vd", "d", "c", "p", "r", "t"})
COMPANIES = frozenset({"有限公司", "有限责任公司", "股份有限公司", "集团"})
WEIGHT = {
    "point": 0.55, "crossing": 0.62, "road": 0.5, "community": 0.55, "street": 0.35, "district": 0.25, "city": 0.18, "province": 0.1,
}  # fmt: skip
# District names of the real country that are plain words.
PLAIN_WORDS = frozenset({"城区", "郊区", "矿区", "市区", "新区"})
MUNICIPALITIES = frozenset({"11", "12", "31", "50"})
# District names of the real country that are plain words.
PLAIN_WORDS = frozenset({"城区", "郊区", "矿区", "市区", "新区"})
NUMBER = re.compile(
    rf"(?:第?\d{{1,5}}(?:-\d{{1,4}})?|[{NUMERAL}]{{1,4}})(?:号院|号楼|号|弄)(?!线)(?:及\d{{1,5}}号)?(?:附\d{{1,4}}号)?(?:\d{{1,4}}(?:弄|号)){{0,2}}"
)
BUILDING = re.compile(
    rf"[（(]?(?:(?:第?[{NUMERAL}]{{1,3}}|\d{{1,2}})期(?!间|限|待)[）)]?)?"
    rf"(?:(?:[A-Za-z]{{0,2}}\d{{1,4}}|[A-Za-z]{{1,2}}|[{NUMERAL}]{{1,3}})(?:号?[栋幢座]|号楼)楼?)?"
    rf"(?:(?:\d{{1,2}}|[{NUMERAL}]{{1,2}})单元)?(?:(?:\d{{1,2}}|[{NUMERAL}]{{1,3}})(?:楼|层)(?!盘|房|道|梯))?"
    r"(?:\d{2,4}(?:室|房|号房)|(?<=[栋幢座楼元层])\d{2,4}(?![\d年月日元米个名位人]))?"
)
NO_ROAD = frozenset("道马线铁公出电水网走让绕顺")
NOT_VILLAGE = re.compile(r"[民委干部支级落庄里子口]")
ROAD_NAMES = frozenset({"建设", "规划", "希望"})
GROUP = re.compile(
    rf"(?:第?(?:\d{{1,3}}|[{NUMERAL}]{{1,3}})|[\u4e00-\u9fff]{{2,4}}?)(?:村民|居民)?小?组(?!织|长|建|成|合|装)"
)
NUMBERED = frozenset({"国道", "省道", "县道", "高速", "高速公路"})
BUS = re.compile(r"[\dA-Za-z]+路$")
LINK = re.compile(r"[的（(，、,\s]?(?:地处|位于|内的?|里的?)?")
CROSS = re.compile(r"(?:和|与|、|—{1,2}|-{1,2}|～|~|到|至|跟|/)")
CROSS_END = re.compile(r"的?(?:交叉路口|交叉口|交汇处|交汇口|交界处|交接处|交汇|交叉|路口|之间|段)")
CUE_BEFORE = re.compile(
    r"(?:位于|地处|坐落于?|座落[于在]?|家住|住在|租住在?|我是|我们是|购买了?|购买的|买了|在|到|处于|小区[是为])$"
)
CUE_AFTER = re.compile(
    rf"(?:以[东西南北]|[东西南北]侧|小区|楼盘|项目|业主|的业主|(?:[A-Za-z]?\d{{1,3}}|[{NUMERAL}]+)号?[栋幢座期]|[一二三]期|物业|购房|开发商|售楼"
    r"|居民|一名业主)"
)
ESTATE_CUE = re.compile(r"业主|楼盘|购房者|售楼部|开发商|交房|[A-Za-z]?\d{1,3}号?[栋幢座]|[一二三]期")
MARKS = frozenset("·.・")
