"""Personal data in a text: found, and masked with the length kept (138****1234).

Kinds are grammars with their check digits: GB 11643 (identity), ISO/IEC 7812 (Luhn, bank cards), GA 36 (plates, with new
energy). Names have no grammar: they are found beside the words people use to give them (我叫, 联系人, 投诉人 …) and then
wherever they return. Spans are of the text as typed; nothing here cuts the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import rjieba


class Kind(StrEnum):
    """What a finding is; DOOR (a home's building and room number) is only looked for when asked."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    IDENTITY = "identity"
    BANK_CARD = "bank_card"
    PLATE = "plate"
    EMAIL = "email"
    WECHAT = "wechat"
    QQ = "qq"
    NAME = "name"
    DOOR = "door"


USUAL = frozenset(Kind) - {Kind.DOOR}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """text[start:end] is personal data of `kind`; `sure` 0–1 (check digit or plain cue near 1)."""

    start: int
    end: int
    kind: Kind
    sure: float = 1.0


# Equal length, so that spans hold: full-width figures and letters, and the signs people put between figures.
_LEVEL = str.maketrans(
    {chr(0xFF10 + n): str(n) for n in range(10)}
    | {chr(0xFF21 + n): chr(0x41 + n) for n in range(26)}
    | {chr(0xFF41 + n): chr(0x61 + n) for n in range(26)}
    | {
        "＠": "@",
        "．": ".",
        "：": ":",
        "－": "-",
        "—": "-",
        "–": "-",
        "\u3000": " ",
        "\xa0": " ",
        "（": "(",
        "）": ")",
        "，": ",",
    }
)
_SPOKEN = {
    "幺": "1",
    "一": "1",
    "二": "2",
    "两": "2",
    "三": "3",
    "四": "4",
    "五": "5",
    "六": "6",
    "七": "7",
    "八": "8",
    "九": "9",
    "零": "0",
    "〇": "0",
}
_SPOKEN_RUN = re.compile(r"[幺一二两三四五六七八九零〇0-9 ,]{11,40}")

_MOBILE = re.compile(r"(?<![\d.*])(?:(?:\+|00)?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\d*])")
_LANDLINE = re.compile(
    r"(?<![\d.*-])\(?0(?:10|2\d|[3-9]\d{2})\)?[- ]?[2-8]\d{6,7}(?:(?:-|转)\d{1,5})?(?![\d*])"
)
_LANDLINE_CUE = re.compile(
    r"(?:座机|固话|家里电话|宅电|联系电话|电话)(?:号码)?[是为:\s]{0,3}([2-8]\d{6,7})(?![\d*-])"
)
_IDENTITY = re.compile(r"(?<![0-9A-Za-z*])[1-9]\d{5}[- ]?(?:\d{8}[- ]?\d{3}[\dXx]|\d{9})(?![0-9A-Za-z*])")
_CARD = re.compile(
    r"(?<![0-9A-Za-z.*])[3-69]\d{3}(?:[- ]?\d{4}){2}[- ]?\d{3,4}(?:[- ]?\d{1,3})?(?![0-9A-Za-z*])"
)
_CARD_CUE = re.compile(r"(?:卡号|银行账户|银行卡|存折|账号|帐号|信用卡)[^\d\n]{0,12}$")
_IDENTITY_CUE = re.compile(r"身份证[^\n]{0,14}$")
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+*-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,4}\.[A-Za-z]{2,10}"
)
_WECHAT = re.compile(
    r"(?:微信(?:号码|号)?|加[vV]|wx号?|WX号?|[wW]e[cC]hat)(?:同号)?[是为:\s(]{0,4}((?=[A-Za-z0-9_-]*[0-9_])[A-Za-z][A-Za-z0-9_-]{5,19}|[1-9]\d{6,11})(?![A-Za-z0-9_*])"
)
_QQ = re.compile(
    r"(?<![A-Za-z])(?:[qQ]{2}|扣扣|企鹅)(?:号码|号|群号|群)?[是为:\s(]{0,4}([1-9]\d{4,10})(?![\d*])"
)

PLATE_REGIONS = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
# Small new-energy cars: D or F (later A B C E G H J K) first, then four figures; large ones: the letter last.
_PLATE_BODY = (
    r"[A-HJ-NP-Za-hj-np-z][·.• -]?"
    r"(?:[DFABCEGHJKdfabceghjk][0-9A-HJ-NP-Za-hj-np-z][0-9]{4}|[0-9]{5}[DFABCEGHJKdfabceghjk]"
    r"|[0-9A-HJ-NP-Za-hj-np-z]{5}|[0-9A-HJ-NP-Za-hj-np-z]{4}[学警港澳挂领使])"
)
# A list number may stick to the plate: 「1、粤B1234562、粤B…」.
_PLATE_END = r"(?![0-9A-Za-z*])|(?=\d{1,2}[、.，,])"
_PLATE_CUE = re.compile(rf"车牌(?:号码?)?[是为:\s(]{{0,3}}([\u4e00-\u9fff]{_PLATE_BODY})(?:{_PLATE_END})")

# The first two figures of an identity number (GB/T 2260).
_PROVINCES = frozenset(
    str(tens * 10 + ones)
    for tens, all_ones in (
        (1, "12345"),
        (2, "123"),
        (3, "1234567"),
        (4, "123456"),
        (5, "01234"),
        (6, "12345"),
        (7, "1"),
        (8, "123"),
    )
    for ones in map(int, all_ones)
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_check(number: str) -> bool:
    """True when an identity number of 18 or 15 characters has a real province, a real date and (18) its check digit."""
    if number[:2] not in _PROVINCES:
        return False
    birth = number[6:14] if len(number) == 18 else f"19{number[6:12]}"
    try:
        date(int(birth[:4]), int(birth[4:6]), int(birth[6:]))
    except ValueError:
        return False
    if len(number) == 15:
        return True
    total = sum(int(figure) * weight for figure, weight in zip(number, _WEIGHTS, strict=False))
    return ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][total % 11] == number[17].upper()


def luhn(number: str) -> bool:
    """The check of bank cards (ISO/IEC 7812)."""
    total = 0
    for place, figure in enumerate(reversed(number)):
        value = int(figure) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


# Surnames that cover 99% of people (公安部 2020 年全国姓名报告 and 百家姓); compound ones apart.
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺"
    "毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊兰殷施陈洪翟安颜倪牛温芦季俞章鲁葛伍申尤毕聂柴焦柳邢岳齐沿梅庄辛管祝左涂谷祁耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍覃霍"
    "翁隋甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边净阎宫瞿农漆饶艾佘冼蒲褚娄窦戚岑党宣丛燕瓮晏邬连蔺原桑时傅束米郁明臧计伏茅虞古步简骆郎植池敖危巫焉巴蓝竺权商牧麦"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|南宫|欧陽|百里|东郭|独孤|轩辕|宇文|长孙|完颜|呼延"
_GIVEN = r"[\u4e00-\u9fff]"
_NAME = rf"(?:(?:{_COMPOUND}){_GIVEN}{{1,2}}|[{_SURNAMES}]{_GIVEN}{{1,2}})"
_MINORITY = rf"{_GIVEN}{{2,5}}·{_GIVEN}{{2,5}}"
_AFTER = (
    r"(?=$|[^\u4e00-\u9fff]|先生|女士|小姐|同志|老师|电话|手机|联系|身份证|性别|今年|男|女|家住|住在|住址|是|来自|现住|因|于\d|在|的|反映"
    r"|投诉|举报|和|与|及|你好|您好)"
)
# Nothing that ends so is a person, after the weak cues 我是 and 本人.
_NOT_LAST = frozenset(
    "主民户工员生长师家客人方区市县镇村街路司厂店院校所局站部会者族兵友众层边里上下中内外前后是的了在有去来被把为没不就也都要想买住到从"
    "向给和与或已曾因做当该此这那"
)
_NEVER_LAST = frozenset("我你他她它在已的了是")
_NOT_NAMES = re.compile(
    r"^谢谢|^查[明证询]|^高速|某|^(?:欧阳|上官|司马|诸葛|司徒|慕容)$|业主|居民|村民|市民|学生|家长|老师|教师|司机|员工|用户|客户|租户|商户|公司|小区"
    r"|社区|街道|单位|党员|退休|退伍|农民|车主|房东|先生|女士|常年|时候|方面|向您|向贵|于今|于去|于前|于昨|高中|高三|高二|高一|大学|广大"
    r"|金额|安置|成年|明年|全部|何时|何种"
)
_STRONG = re.compile(
    rf"(?:我的?名字是?叫?做?|我(?:名)?叫|名叫|开户名|户名|法定代表人(?=:)"
    rf"|(?:姓名|联系人|联络人|投诉人|举报人|诉求人|反映人|申请人|求助人|来电人|来信人|报案人|当事人|受害人|上访人|信访人|留言人|建议人"
    rf"|户主|签名|署名|落款|收款人)(?![向查曾单钱权]))"
    rf"(?:姓名|是|为|叫|名)?[:\s,(]{{0,4}}({_MINORITY}|{_NAME}){_AFTER}"
)
_WEAK = re.compile(
    rf"(?:我是|本人是?|鄙人|敝人)[:\s,]{{0,2}}({_MINORITY}|{_NAME})(?=$|[\s,。.;；、!！?？(]|先生|女士|身份证|电话|手机|今年\d|\d)"
)
_DWELLER = re.compile(
    rf"(?:我是|我系|本人是|本人系|本人|我们是)[^,。!！?？\n]{{1,40}}?(?:居民|村民|业主|租户|住户|职工|员工|教师|老师|医生|学员|学生|户主|社员|组民|退伍军人|残疾人)({_NAME})(?=$|[\s,。.;；、!！?？(])"
)
_PROPER = frozenset({"nr", "ns", "nz", "nt"})
_QUOTED = re.compile(rf"(?:^|[^\u4e00-\u9fff])({_NAME})(?:所称|报称|诉称|述称)")
_TITLED = re.compile(rf"(?:^|[^\u4e00-\u9fff]|联系|找|叫|给|和|与)({_NAME})(?:先生|女士|小姐)")
_BEFORE_NUMBER = re.compile(
    rf"(?:^|[^\u4e00-\u9fff])({_NAME})(?:\([^()\n]{{1,12}}\))?[\s,:]{{0,2}}(?:联系|手机|移动)?(?:电话|手机|号码|Tel|tel|TEL)?(?:号码?)?"
    rf"[\s:]{{0,3}}(?=1[3-9]\d[- ]?\d{{4}}[- ]?\d{{4}}(?!\d)|\*{{8}}|0\d{{2,3}}-)"
)
_ROLL = re.compile(r"(?:代表|联名|签名|签字|署名|落款|名单|业主|村民|居民|职工|员工)[^\n。!！?？:]{0,8}:")
_ROLL_ITEM = re.compile(
    r"\s*\d{1,3}\s*[、.,:\s]{0,2}\s*([\u4e00-\u9fff]{1,3}[ ]?[\u4e00-\u9fff])\s*(?=[\d、,;；。\s]|$)[、,;；。]{0,1}"
)

_DOOR = re.compile(
    r"[A-Za-z0-9一二三四五六七八九十百]{1,5}(?:栋|幢|座|号楼|号院|弄)(?:[A-Za-z0-9一二三四五六七八九十]{1,4}(?:单元|梯|门|号))?"
    r"(?:[0-9一二三四五六七八九十]{1,3}(?:楼|层))?[- ]?(?:[A-Za-z]?\d{1,4}(?:室|房|号|户)?)?"
    r"|(?<!\d)\d{1,3}-\d{1,3}-\d{2,4}(?:室|房|号)?(?!\d)"
)


def find(text: str, kinds: Collection[Kind] = USUAL, *, plate_regions: str = "") -> tuple[Finding, ...]:
    """Findings in order, apart from each other. Never raises; linear in the length.

    `plate_regions` adds first characters of plates to the real ones (an anonymised corpus has its own).
    """
    level = text.translate(_LEVEL)
    found: list[Finding] = []
    for kind, finder in _FINDERS:
        if kind in kinds:
            found += finder(level)
    if Kind.PLATE in kinds:
        found += _plates(level, PLATE_REGIONS + plate_regions)
    if Kind.MOBILE in kinds:
        found += _spoken_mobiles(level)
    if Kind.NAME in kinds:
        found += _names(level)
    return _apart(found)


def _apart(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Of overlapping findings the surer, then the longer."""
    taken: list[Finding] = []
    ends: dict[int, Finding] = {}
    for one in sorted(found, key=lambda item: (-item.sure, item.start - item.end, item.start)):
        if not any(at in ends for at in range(one.start, one.end)):
            taken.append(one)
            ends.update(dict.fromkeys(range(one.start, one.end), one))
    return tuple(sorted(taken))


def _whole(pattern: re.Pattern[str], kind: Kind, sure: float = 1.0) -> Callable[[str], Iterator[Finding]]:
    def finder(text: str) -> Iterator[Finding]:
        for match in pattern.finditer(text):
            group = 1 if pattern.groups else 0
            yield Finding(match.start(group), match.end(group), kind, sure)

    return finder


def _identities(text: str) -> Iterator[Finding]:
    for match in _IDENTITY.finditer(text):
        number = re.sub(r"[- ]", "", match.group())
        if identity_check(number):
            yield Finding(match.start(), match.end(), Kind.IDENTITY)
        elif _IDENTITY_CUE.search(text[max(0, match.start() - 20) : match.start()]):
            # A slip of the finger leaves it a person's number all the same.
            yield Finding(match.start(), match.end(), Kind.IDENTITY, 0.9)


def _cards(text: str) -> Iterator[Finding]:
    for match in _CARD.finditer(text):
        number = re.sub(r"[- ]", "", match.group())
        cue = _CARD_CUE.search(text[max(0, match.start() - 16) : match.start()])
        if 15 <= len(number) <= 19 and (luhn(number) or cue):
            yield Finding(match.start(), match.end(), Kind.BANK_CARD, 0.95 if cue else 0.85)


def _plates(text: str, regions: str) -> Iterator[Finding]:
    pattern = re.compile(rf"[{re.escape(regions)}]{_PLATE_BODY}(?:{_PLATE_END})")
    for match in pattern.finditer(text):
        if sum(character.isdigit() for character in match.group()) >= 2:
            yield Finding(match.start(), match.end(), Kind.PLATE)
    for match in _PLATE_CUE.finditer(text):
        yield Finding(match.start(1), match.end(1), Kind.PLATE, 0.9)


def _spoken_mobiles(text: str) -> Iterator[Finding]:
    """Numbers as a transcript writes them: 幺三八零零…"""
    for match in _SPOKEN_RUN.finditer(text):
        run = match.group()
        if run.isascii():
            continue
        places = [place for place, sign in enumerate(run) if sign not in " ,"]
        figures = "".join(_SPOKEN.get(run[place], run[place]) for place in places)
        if (number := re.fullmatch(r"(?:86)?(1[3-9]\d{9})", figures)) is not None:
            start = places[number.start(1)]
            yield Finding(match.start() + start, match.start() + places[-1] + 1, Kind.MOBILE, 0.9)


def _names(text: str) -> Iterator[Finding]:
    given: dict[str, float] = {}
    for pattern, sure in (
        (_STRONG, 0.95),
        (_DWELLER, 0.85),
        (_WEAK, 0.8),
        (_QUOTED, 0.8),
        (_TITLED, 0.8),
        (_BEFORE_NUMBER, 0.85),
    ):
        for match in pattern.finditer(text):
            name = match.group(1)
            if _NOT_NAMES.search(name) or name[-1] in _NEVER_LAST or "已" in name:
                continue
            # 我叫高兴, 联系人:高兴 give a name whatever it means; elsewhere a plain word is one.
            given_plainly = sure == 0.95 and (
                match.group()[0] in "我姓名开户" or text[match.start(1) - 1] in ": "
            )
            if not given_plainly and (name[-1] in _NOT_LAST or _is_plain(name, beginning=pattern is _TITLED)):
                continue
            given[name] = max(sure, given.get(name, 0.0))
    # A person who is named once by a cue is the same person wherever the name returns.
    for name, sure in given.items():
        for match in re.finditer(re.escape(name), text):
            yield Finding(match.start(), match.end(), Kind.NAME, sure)
    yield from _rolls(text)


def _is_plain(name: str, *, beginning: bool) -> bool:
    """True when the dictionary knows it (成绩, 费用) or, asked so, its beginning (游客唐) as another word."""
    word, tag = rjieba.tag(name)[0]
    whole = word == name or (beginning and len(word) >= 2)
    return whole and tag[:2] not in _PROPER and bool(rjieba.has_word(word))


def _rolls(text: str) -> Iterator[Finding]:
    """Names one after the other with numbers, as under a joint letter; most must begin with a surname."""
    for head in _ROLL.finditer(text):
        at, items = head.end(), []
        while (item := _ROLL_ITEM.match(text, at)) is not None:
            items.append(item)
            at = item.end()
        known = [item for item in items if re.match(rf"(?:{_COMPOUND})|[{_SURNAMES}]", item.group(1))]
        if len(items) >= 3 and len(known) >= 0.6 * len(items):
            for item in items:
                yield Finding(item.start(1), item.end(1), Kind.NAME, 0.8)


_FINDERS: tuple[tuple[Kind, Callable[[str], Iterator[Finding]]], ...] = (
    (Kind.EMAIL, _whole(_EMAIL, Kind.EMAIL)),
    (Kind.IDENTITY, _identities),
    (Kind.BANK_CARD, _cards),
    (Kind.MOBILE, _whole(_MOBILE, Kind.MOBILE)),
    (Kind.LANDLINE, _whole(_LANDLINE, Kind.LANDLINE)),
    (Kind.LANDLINE, _whole(_LANDLINE_CUE, Kind.LANDLINE, 0.8)),
    (Kind.WECHAT, _whole(_WECHAT, Kind.WECHAT, 0.9)),
    (Kind.QQ, _whole(_QQ, Kind.QQ, 0.9)),
    (Kind.DOOR, _whole(_DOOR, Kind.DOOR, 0.7)),
)

# Characters left readable at the beginning and the end.
_SHOWN = {
    Kind.MOBILE: (3, 4), Kind.LANDLINE: (4, 2), Kind.IDENTITY: (3, 2), Kind.BANK_CARD: (4, 4), Kind.PLATE: (2, 2),
    Kind.WECHAT: (1, 1), Kind.QQ: (2, 1), Kind.NAME: (1, 0), Kind.DOOR: (0, 0),
}  # fmt: skip


def masked(value: str, kind: Kind) -> str:
    """`value` of a kind with its middle starred: 138****1234, 310*************3X, 张**, a****@qq.com. Length stays."""
    if kind is Kind.EMAIL:
        local, _, domain = value.replace("＠", "@").partition("@")
        shown = local[: 1 if len(local) > 1 else 0]
        return f"{shown}{'*' * (len(local) - len(shown))}@{domain}"
    first, last = _SHOWN[kind]
    if kind is Kind.MOBILE:
        digits = [place for place, sign in enumerate(value) if sign not in "- +"]
        first, last = (digits[-11] + 3 if len(digits) >= 11 else 3), 4
    hidden = max(1, len(value) - first - last)
    first = min(first, len(value) - hidden)
    return value[:first] + "*" * hidden + value[first + hidden :]


def mask(text: str, findings: Iterable[Finding]) -> str:
    """`text` with the findings starred; its length stays, so spans of other findings hold."""
    pieces: list[str] = []
    at = 0
    for one in sorted(findings):
        if one.start < at or one.end > len(text):
            continue
        pieces += [text[at : one.start], masked(text[one.start : one.end], one.kind)]
        at = one.end
    return "".join((*pieces, text[at:]))


def mask_all(text: str, kinds: Collection[Kind] = USUAL, *, plate_regions: str = "") -> str:
    """Mask until nothing is found: what a model, a log or an export may see. Doing it twice changes nothing."""
    for _ in range(4):
        findings = find(text, kinds, plate_regions=plate_regions)
        if not findings:
            break
        text = mask(text, findings)
    return text
