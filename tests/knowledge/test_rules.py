"""The cycle's table, what an entry may hold, cutting and rendering; no database."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.kit.tables import plain_cell
from hotline.knowledge import rules
from hotline.knowledge.models import EntryState as S
from hotline.knowledge.rules import Candidate, Document, Kept, tables
from hotline.knowledge.rules.feeds import FeedFault, read_feed, text_of_html
from hotline.knowledge.rules.words import LONGEST_QUESTION, MOST_WORDS, cut


def doc(**more: object) -> Document:
    values: dict[str, object] = {"title": "甲", "category_code": "1", "material": "guide", "content": "乙", "unit_id": 1, **more}
    return Document(**values)  # type: ignore[arg-type]


def test_every_state_can_be_left_and_every_verb_leads_somewhere():
    for state in S:
        assert rules.verbs_from(state), state
    for name, verb in rules.VERBS.items():
        assert verb.moves, name
        assert all(rules.next_state(name, state) == to for state, to in verb.moves.items())
    assert rules.next_state("publish", S.DRAFT) is None
    assert "expire" not in rules.verbs_from(S.PUBLISHED)
    assert rules.next_state("expire", S.REVISING) == S.DRAFT


def test_what_is_published_was_reviewed():
    reaches_published = {(verb, state) for verb, row in rules.VERBS.items() for state, to in row.moves.items() if to == S.PUBLISHED}
    assert reaches_published == {
        ("publish", S.IN_REVIEW),
        ("publish", S.REVISION_REVIEW),
        ("confirm", S.PUBLISHED),
        ("discard", S.REVISING),
    }


@pytest.mark.parametrize(
    ("day", "months", "due"),
    [
        (date(2026, 11, 23), 6, date(2027, 5, 23)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2026, 1, 1), 12, date(2027, 1, 1)),
    ],
)
def test_the_next_check_falls_on_a_real_day(day, months, due):
    assert rules.review_due(day, months) == due


@pytest.mark.parametrize(
    ("change", "kept", "field"),
    [
        ({"title": " "}, Kept(), "title"),
        ({"title": "长" * 129}, Kept(), "title"),
        ({}, Kept(title_taken=True), "title"),
        ({}, Kept(leaf=False), "category_code"),
        ({"material": "poem"}, Kept(), "material"),
        ({"content": "\n"}, Kept(), "content"),
        ({"content": "字" * 50_001}, Kept(), "content"),
        ({"readers": "nobody"}, Kept(), "readers"),
        ({"region": "99"}, Kept(region_known=False), "region"),
        ({"valid_from": date(2026, 2, 2), "valid_to": date(2026, 2, 1)}, Kept(), "valid_to"),
        ({"valid_to": date(2026, 2, 1)}, Kept(today=date(2026, 2, 2)), "valid_to"),
        ({"keywords": tuple("一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子")}, Kept(), "keywords"),
        ({"keywords": ("长" * 21,)}, Kept(), "keywords"),
        ({"keywords": ("甲",)}, Kept(), "keywords"),
        ({"questions": tuple(str(n) for n in range(31))}, Kept(), "questions"),
        ({"questions": ("长" * 201,)}, Kept(), "questions"),
    ],
)
def test_each_fault_of_a_document_is_named(change, kept, field):
    assert list(rules.check_document(doc(**change), kept)) == [field]


def test_a_sound_document_has_no_fault_and_survives_storage():
    document = doc(title="长" * 128, keywords=("户口",), questions=("怎么办",), valid_from=date(2026, 1, 1), valid_to=date(2026, 1, 1))
    assert rules.check_document(document, Kept(today=date(2026, 1, 1))) == {}
    assert Document.from_json(document.as_json()) == document
    assert Document.from_json(doc().as_json()) == doc()
    assert rules.changed_fields(doc(), doc(title="丙", region="31")) == ["title", "region"]


def test_a_difference_shows_what_changed_and_how_much_did_not():
    old = "\n".join(str(n) for n in range(20))
    new = old.replace("\n10\n", "\n十\n")
    changes = rules.line_changes(old, new)
    assert [(c.kind, c.text) for c in changes] == [
        ("skip", "8"), ("same", "8"), ("same", "9"), ("gone", "10"), ("come", "十"), ("same", "11"), ("same", "12"), ("skip", "7"),
    ]  # fmt: skip
    assert rules.line_changes(old, old) == []
    assert [c.kind for c in rules.line_changes("", "新")] == ["come"]


@pytest.mark.parametrize(
    "bad",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>1</script>)",
        "![x](https://elsewhere.example/pixel.gif)",
        "<a href='javascript:1'>x</a>",
        "[x](vbscript:1)",
        '<p id="main" onclick="1">x</p>',
        "<style>*{}</style>",
        "<iframe src='https://x.example'></iframe>",
    ],
)
def test_markdown_gives_no_way_in(bad):
    html = rules.render(bad).lower()
    for word in ("<script", "<img src=\"http", "<iframe", "<style", "href=\"javascript", "href=\"data", "href=\"vbscript", "<img src=x"):
        assert word not in html


def test_markdown_renders_tables_files_and_anchors():
    source = "# 一\n\n甲[表](attachment:7)[无](attachment:x)[缺](attachment:8)\n\n| 项 | 值 |\n|---|---|\n| 费 | 免 |\n\n```\n码\n```\n\n![图](attachment:7)\n"
    html = rules.render(source, {7: "/knowledge/files/7/"})
    assert '<h2>一</h2>' in html
    assert '<p id="p-1">' in html
    assert 'href="/knowledge/files/7/"' in html
    assert '<div class="table-frame" tabindex="0" id="p-2"><table>' in html
    assert 'src="/knowledge/files/7/"' in html
    assert 'nofollow' in html
    assert "<s>" in rules.render("~~旧~~")


def test_parts_are_what_a_search_cites():
    parts = rules.parts_of(
        "前言\n\n# 材料\n\n- 甲\n- 乙 `码`\n\n## 费用\n\n| 项 | 值 |\n|---|---|\n| 费 | 免 |\n| | 空 |\n\n第一行\n第二行\n\n# 时限\n\n> 引文\n\n```\n码\n\n块\n```\n\n![图说](x)\n\n| 只有头 |\n|---|\n"
    )
    assert [(p.heading, p.text) for p in parts] == [
        ("", "前言"),
        ("材料", "甲\n乙 码"),
        ("材料 › 费用", "项：费；值：免\n值：空"),
        ("材料 › 费用", "第一行 第二行"),
        ("时限", "引文"),
        ("时限", "码\n块"),
        ("时限", "图说"),
        ("时限", "只有头"),
    ]
    assert [p.position for p in parts] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_long_block_is_cut_and_keeps_its_anchor():
    parts = rules.parts_of("\n".join(f"- {'字' * 300}" for _ in range(4)) + "\n\n" + "长" * 1500)
    assert [p.position % 100_000 for p in parts] == [1, 1, 2, 2, 2]
    assert len({p.position for p in parts}) == 5
    assert all(len(p.text) <= 701 for p in parts)


def test_questions_are_cut_without_filler():
    question = rules.question_of("请问刚出生的孩子怎么上户口？")
    assert question.words == ("刚出生", "孩子", "户口")
    assert question.every() == "(('刚出生')) & (('孩子')) & (('户口'))"
    assert question.some([2]) == "(('户口'))"
    assert rules.question_of("怎么办").words, "filler alone is still a question"
    assert rules.question_of("？！").terms == ()
    assert rules.question_of("").terms == ()
    assert "x" not in cut("x光")
    assert len(rules.question_of("市民" * 500).terms) <= MOST_WORDS
    assert len(rules.question_of("市" * 500).text) == LONGEST_QUESTION


def test_quotes_and_operators_of_a_question_stay_words():
    for text in ("a' | b & !c:* <-> '", "');drop table x;--", "\\'"):
        assert "drop table" not in rules.question_of(text).every()
        assert "!" not in rules.question_of(text).every()


def test_synonyms_and_abbreviations_count_as_the_word():
    question = rules.question_of("随申办怎么登录", [["随申办", "一网通办移动端"], ["社保", "社会保险"]])
    assert question.words[0] == "随申办"
    assert len(question.terms[0]) == 2
    assert {"随", "申办"} <= set(question.spellings(0))
    assert rules.question_of("社保", [["社保", "社会保险"]]).terms == ((("社保",), ("社会保险",)),)


def test_marks_lie_on_what_was_found():
    assert rules.marked("父母户口簿", ["户口"]) == [("父母", False), ("户口", True), ("簿", False)]
    assert rules.marked("ABC", ["b"]) == [("A", False), ("B", True), ("C", False)]
    assert rules.marked("无", []) == [("无", False)]
    assert rules.marked("", ["x"]) == []
    assert rules.marked("户口户口", ["户口"]) == [("户口", True), ("户口", True)]


def test_what_is_kept_of_a_question_holds_no_number():
    assert rules.scrub("我的电话13812345678，身份证31010119900101123X，邮箱a.b@c.cn") == "我的电话…，身份证…，邮箱…"
    assert rules.scrub("12345 热线") == "12345 热线"


def _candidate(number: int, title: str, text: str, **more: object) -> Candidate:
    return Candidate(number, title, (), (), ((1, "", text), (2, "别的", "无关")), **more)  # type: ignore[arg-type]


def test_ranking_prefers_rare_words_titles_and_the_paragraph_that_says_it():
    question = rules.question_of("居住证积分")
    weights = rules.weights_of(question, {"居住证": 900, "积分": 3}, 1000)
    assert weights[1] > weights[0]
    title = rules.score(question, weights, _candidate(1, "居住证积分", "到窗口"))
    text = rules.score(question, weights, _candidate(2, "其他", "居住证积分到窗口"))
    none = rules.score(question, weights, _candidate(3, "其他", "无"))
    assert title.value > text.value > none.value
    assert (text.position, text.cover, none.cover) == (1, 1.0, 0.0)
    assert rules.is_good(title)
    assert not rules.is_good(none)
    assert not rules.is_good(None)


def test_meaning_alone_may_answer_and_chooses_the_paragraph():
    question = rules.question_of("娃娃落户")
    found = rules.score(question, rules.weights_of(question, {}, 10), _candidate(1, "新生儿登记", "甲", meaning={2: 0.91}))
    assert (found.position, found.meaning, rules.is_good(found)) == (2, 0.91, True)
    empty = rules.score(question, rules.weights_of(question, {}, 10), Candidate(1, "题", (), (), ()))
    assert empty.position is None


def test_alike_questions_are_one_matter():
    one, other = cut("居住证积分怎么查询"), cut("怎么查询居住证积分进度")
    assert rules.alike(one, other) > 0.55
    assert rules.alike(one, cut("路灯不亮")) < 0.2
    assert rules.alike([], one) == 0.0


HEAD = "标题,类别编码,内容,发布单位编码"


def test_a_table_is_read_by_heading_or_name_in_both_encodings():
    text = "title,类别编码,内容,unit_code,关键词\n甲,1,乙,U,一；二;三\n\n"
    for data in (text.encode("utf-8-sig"), text.encode("gb18030")):
        rows, faults = tables.read_csv(data)
        assert faults == []
        assert rows == [{"title": "甲", "category_code": "1", "content": "乙", "unit_code": "U", "keywords": "一；二;三", "row": "2"}]
        assert tables.split(rows[0]["keywords"]) == ["一", "二", "三"]


@pytest.mark.parametrize(
    ("data", "row"),
    [
        (b"\xff\xfe\x00", 0),
        (b"a\0b", 0),
        (b"", 0),
        (f"{HEAD}\n\"甲".encode(), 0),
        (f"{HEAD},诗\n".encode(), 1),
        ("标题,内容\n".encode(), 1),
        (f"{HEAD}\n甲,1,乙\n".encode(), 2),
        (f"{HEAD}\n=HYPERLINK(\"x\"),1,乙,U\n".encode(), 2),
        (f"{HEAD}\n@SUM(A1),1,乙,U\n".encode(), 2),
        (f"{HEAD}\n甲,1,-cmd|' /C calc'!A0,U\n".encode(), 2),
        ((f"{HEAD}\n" + "甲,1,乙,U\n" * 1001).encode(), 0),
    ],
)
def test_a_broken_or_malicious_table_is_refused_with_its_row(data, row):
    _rows, faults = tables.read_csv(data)
    assert faults
    assert faults[0].row == row
    assert faults[0].message
    assert set(faults[0].as_json()) == {"row", "field", "message"}


def test_written_cells_are_no_formula_and_come_back_as_they_were():
    rows = [{"title": "=1+1", "category_code": "1", "content": "- 甲\n- 乙", "unit_code": "U"}]
    text = tables.write_csv(rows)
    assert "'=1+1" in text
    assert tables.unsafe(str(plain_cell("- 甲"))) == "- 甲"
    assert tables.unsafe("'引") == "'引"
    back, faults = tables.read_csv(text.encode())
    assert (back[0]["title"], back[0]["content"], faults) == ("=1+1", "- 甲\n- 乙", [])


def test_days_and_labels_of_a_table():
    assert tables.day("") is None
    for text in ("2026-11-23", "2026/11/23", "20261123", "2026年11月23日", "2026.11.23"):
        assert tables.day(text) == date(2026, 11, 23)
    for text in ("2026-13-01", "明天", "2026-11"):
        with pytest.raises(ValueError, match=r"day|month|int|unpack|Invalid|values"):
            tables.day(text)
    assert tables.chosen("法律法规", tables.Material) == "law"
    assert tables.chosen("law", tables.Material) == "law"
    assert tables.missing({"title": "x"}) == ["category_code", "content", "unit_code"]


def test_a_feed_gives_articles_and_nothing_else():
    data = (
        b'{"version":"https://jsonfeed.org/version/1.1","items":[{"id":"1","title":"a","content_text":"t","url":"https://x.example/"},'
        b'{"id":"2","title":"b","content_html":"<style>x</style><p>one<br>two</p><ul><li>three</li></ul><script>no</script>","url":"javascript:1"},'
        b'{"id":"","title":"c","content_text":"t"}, 5]}'
    )
    one, two = read_feed(data)
    assert (one.key, one.content, one.url) == ("1", "t", "https://x.example/")
    assert two.url == ""
    assert two.content.split() == ["one", "two", "-", "three"]
    assert one.digest != two.digest
    assert text_of_html("a</script>b") == "ab"
    for bad in (b"", b"[]", b'{"items":[]}', b'{"version":"https://jsonfeed.org/version/1","items":{}}', b"[" * 100_000):
        with pytest.raises(FeedFault):
            read_feed(bad)
