"""Search over 100,000 knowledge entries, made by COPY, beside a plain ILIKE over the same rows in the same run.

`python -m bench knowledge` makes a cluster of its own; `DATABASE_URL=… python -m bench.knowledge [--entries N]` works in a
database of its own name (`…_kbench`), which it makes and drops. Prints JSON: p50/p95 of our search by kind of question (ms, whole `queries.search`, words only unless a model is there),
p95 of ILIKE, processor time a search. Goal: p95 ≤ 100 ms at 100,000 entries, common two-word questions too.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import time
from typing import Any
from urllib.parse import urlsplit, urlunsplit

PLACES = ["居住证", "积分", "社保", "医保", "公积金", "户口", "身份证", "护照", "驾驶证", "营业执照", "低保", "养老金", "失业金", "工伤", "生育津贴", "廉租房", "公租房", "加装电梯", "维修资金", "停车", "路灯", "垃圾分类", "油烟", "噪声", "施工", "扬尘", "供水", "供电", "燃气", "宽带", "快递", "公交", "地铁", "出租车", "网约车", "学区", "入学", "转学", "幼儿园", "食堂", "食品", "药品", "疫苗", "挂号", "报销", "备案", "发票", "个税", "契税", "社区", "居委会", "物业", "业委会", "养犬", "消防", "充电桩", "电动自行车", "护栏", "井盖", "积水", "树木", "公园", "图书馆", "婚姻", "殡葬", "残疾证", "救助", "志愿", "法律援助", "公证", "仲裁", "征信", "贷款", "补贴", "人才", "落户", "创业", "培训", "退费", "预付卡", "网购", "假货", "价格", "计量", "特种设备", "锅炉", "农资", "宅基地", "征收"]
ACTS = ["申请", "办理", "查询", "变更", "注销", "补办", "续期", "缴纳", "领取", "投诉", "举报", "预约", "登记", "认定", "转移", "提取", "备案", "审批", "公示", "撤销"]
ASK = ["材料", "条件", "流程", "时限", "费用", "地点", "电话", "标准", "政策", "依据", "范围", "对象", "金额", "比例", "期限", "窗口", "渠道", "表格", "样本", "常见问题"]
BODY = ["申请人", "应当", "在", "规定", "时间", "内", "提交", "材料", "由", "受理", "窗口", "核对", "身份", "证件", "原件", "复印件", "工作日", "完成", "审核", "符合", "条件", "的", "予以", "办理", "不符合", "说明", "理由", "可以", "通过", "网上", "平台", "或者", "线下", "大厅", "查询", "进度", "结果", "短信", "通知", "本市", "户籍", "居民", "单位", "法定", "代表人", "授权", "委托书", "有效", "期", "过期", "需要", "重新", "登记", "费用", "按照", "标准", "收取", "减免", "对象", "包括", "低保", "家庭", "残疾人", "老年人"]


def _text(chance: random.Random, words: int) -> str:
    return "".join(chance.choice(BODY) if chance.random() < 0.85 else chance.choice(PLACES) for _ in range(words)) + "。"


def fill(count: int) -> None:
    """Entries, index rows and paragraphs by COPY; the texts are cut by the product's own function."""
    from django.db import connection

    from hotline.accounts.models import Unit
    from hotline.kit.clock import now
    from hotline.knowledge.rules import search_words

    unit = Unit.objects.create(code="HUB", name="热线中心", short_name="热线", path="/1/", level="hub")
    chance, at = random.Random(7), now()
    entry = "id,title,state,category_code,material,content,unit_id,region,readers,keywords,questions,legal_basis,document_number,number,revision,source_key,source_hash,created_by,created_at,updated_at"
    with connection.cursor() as cursor:
        rows = []
        for number in range(1, count + 1):
            # Real matters are asked unevenly: the first of the list stand in far more entries.
            place = PLACES[min(int(chance.expovariate(0.06)), len(PLACES) - 1)]
            title = f"{place}{chance.choice(ACTS)}{chance.choice(ASK)}（{number}号）"
            body = [_text(chance, 60) for _ in range(4)]
            rows.append((number, title, f"{place}{chance.choice(ACTS)}", f"怎么{chance.choice(ACTS)}{place}", body))
        with cursor.copy(f"COPY knowledge_entry ({entry}) FROM STDIN") as copy:
            for number, title, keyword, question, body in rows:
                copy.write_row((number, title, "published", "01.01", "guide", "\n\n".join(body), unit.pk, "", "public", [keyword], [question], "", "", 1, 1, "", "", "bench", at, at))
        with cursor.copy("COPY knowledge_paragraph (entry_id,position,heading,text) FROM STDIN") as copy:
            for number, _title, _keyword, _question, body in rows:
                for position, text in enumerate(body, start=1):
                    copy.write_row((number, position, "", text))
        cursor.execute("CREATE TEMP TABLE cut (id bigint, head text, body text)")
        with cursor.copy("COPY cut FROM STDIN") as copy:
            for number, title, keyword, question, body in rows:
                head = search_words(f"{title} {keyword} {question}")
                copy.write_row((number, head, f"{head} {search_words(' '.join(body))}"))
        # As a city that loads its whole base would: indexes after the rows.
        cursor.execute("DROP INDEX knowledge_head, knowledge_body")
        cursor.execute(
            "INSERT INTO knowledge_entryindex (entry_id,head,body,readers,region,unit_id,category_code,material)"
            f" SELECT id, to_tsvector('simple',head), to_tsvector('simple',body), 'public', '', {unit.pk}, '01.01', 'guide' FROM cut"
        )
        for column in ("head", "body"):
            cursor.execute(f"CREATE INDEX knowledge_{column} ON knowledge_entryindex USING gin ({column}) WITH (fastupdate = off)")
        cursor.execute("ANALYZE knowledge_entry, knowledge_entryindex, knowledge_paragraph")


def questions(chance: random.Random) -> dict[str, list[str]]:
    """Kinds of questions: one common word, two common words, a sentence, a rare one, none."""
    common = PLACES[:6]
    return {
        "one common word": [chance.choice(common) for _ in range(60)],
        "two common words": [f"{chance.choice(common)}{chance.choice(ACTS)}" for _ in range(60)],
        "common words of the text": ["材料审核", "工作日通知", "身份证件原件", "户籍居民查询"] * 15,
        "sentence": [f"请问我想{chance.choice(ACTS)}{chance.choice(PLACES)}需要什么{chance.choice(ASK)}，在哪里办" for _ in range(60)],
        "one entry": [f"{chance.randint(1, 90_000)}号" for _ in range(60)],
        "nothing": ["量子纠缠望远镜", "火星移民"] * 30,
    }


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def measure(count: int) -> dict[str, Any]:
    from django.db import connection

    from hotline.kit.actor import Actor, ActorKind
    from hotline.knowledge import actions, queries

    fill(count)
    words = actions.count_words(actor=actions.SYSTEM)
    actor = Actor(ActorKind.STAFF, 1, "bench")
    asked = questions(random.Random(11))
    for some in asked.values():
        queries.search(actor, some[0])
    rows, everything = [], []
    for kind, texts in asked.items():
        ours, theirs = [], []
        used = resource.getrusage(resource.RUSAGE_SELF)
        for text in texts:
            start = time.perf_counter()
            queries.search(actor, text)
            ours.append((time.perf_counter() - start) * 1000)
        after = resource.getrusage(resource.RUSAGE_SELF)
        for text in texts[:6]:
            start = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute("SELECT id FROM knowledge_entry WHERE title ILIKE %s OR content ILIKE %s ORDER BY updated_at DESC LIMIT 10", [f"%{text}%"] * 2)
                cursor.fetchall()
            theirs.append((time.perf_counter() - start) * 1000)
        everything += ours
        rows.append({
            "question": kind, "p50_ms": round(statistics.median(ours), 1), "p95_ms": round(percentile(ours, 0.95), 1),
            "own_cpu_ms": round((after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime) * 1000 / len(texts), 1),
            "ilike_p95_ms": round(percentile(theirs, 0.95), 1),
        })  # fmt: skip
    return {
        "name": "knowledge", "entries": count, "words": words, "p95_ms": round(percentile(everything, 0.95), 1), "goal_ms": 100, "ilike_p95_ms": max(row["ilike_p95_ms"] for row in rows),
        "by_meaning": queries.search(actor, "户口").by_meaning, "rows": rows,
    }  # fmt: skip


def run(entries: int = 100_000) -> dict[str, Any]:
    """The figures on a database of our own, with fsync on, made in var/bench/knowledge and thrown away."""
    import shutil

    from bench.city import ROOT
    from hotline.ops.postgres import using

    folder = ROOT / "var" / "bench" / "knowledge"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ |= {"HOTLINE_DATA_DIR": str(folder), "HOTLINE_MODE": "test"}
    try:
        with using(folder) as cluster:
            return _in_database(cluster.url, entries)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_database(url: str, count: int) -> dict[str, Any]:
    os.environ["DATABASE_URL"] = url
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    try:
        return measure(count)
    finally:
        connection.close()


def main() -> None:
    import psycopg

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    count = parser.parse_args().entries
    parts = urlsplit(os.environ["DATABASE_URL"])
    name = f"{parts.path.strip('/')}_kbench"
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(f'CREATE DATABASE "{name}"')
    os.environ["HOTLINE_MODE"] = "test"
    try:
        found = _in_database(urlunsplit(parts._replace(path=f"/{name}")), count)
        print(json.dumps(found, ensure_ascii=False, indent=1))
    finally:
        with psycopg.connect(urlunsplit(parts), autocommit=True) as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}"')


if __name__ == "__main__":
    main()
