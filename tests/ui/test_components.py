"""What components say; how they look is for the eye, at /ui/guide/."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django import forms
from django.forms.renderers import DjangoTemplates
from django.template import engines
from django.test import RequestFactory
from django.test.html import parse_html
from django.utils import translation

from hotline.kit.paging import Page
from hotline.ui import city, moments
from hotline.ui.forms import Renderer
from hotline.ui.navigation import Item, Link
from hotline.ui.text import cut_in_middle, mask_phone, thousands

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)  # 16:00 in the city
TABLE = json.loads((Path(__file__).parent / "durations.json").read_text(encoding="utf-8"))


def draw(source: str, **context: object) -> str:
    return str(
        engines["django"]
        .from_string(source)
        .render(context, RequestFactory().get("/list/?unit=3&cursor=old"))
    )


@pytest.mark.parametrize("row", TABLE, ids=[str(row["seconds"]) for row in TABLE])
def test_durations_in_both_languages(row: dict[str, object]) -> None:
    length = timedelta(seconds=int(str(row["seconds"])))
    with translation.override("zh-hans"):
        assert moments.duration_words(length) == row["zh"]
    with translation.override("en"):
        assert moments.duration_words(length) == row["en"]


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 11, 22, 9, 30, tzinfo=UTC), "17:30"),
        (datetime(2026, 11, 22, 16, 30, tzinfo=UTC), "11-23 00:30"),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), "01-01 00:00"),
        (datetime(2025, 12, 31, 15, 59, tzinfo=UTC), "2025-12-31 23:59"),
    ],
)
def test_moments_are_short_in_the_citys_time(moment: datetime, words: str) -> None:
    assert moments.short(moment, date(2026, 11, 22)) == words


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        ({"due": NOW + timedelta(hours=3, minutes=20)}, "ontime", "还剩 3 小时 20 分"),
        ({"due": NOW + timedelta(hours=3), "soon": NOW}, "soon", "还剩 3 小时"),
        ({"due": NOW}, "overdue", "已超 不到 1 分钟"),
        ({"due": NOW - timedelta(days=2)}, "overdue", "已超 2 天"),
        ({"due": NOW, "paused": True}, "paused", "已停表"),
        ({"due": NOW, "done": NOW}, "ontime", "按时完成"),
        ({"due": NOW, "done": NOW + timedelta(hours=1)}, "overdue", "超时 1 小时 完成"),
        ({"due": None}, "none", "无时限"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_clock_says_its_level(given: dict[str, object], level: str, words: str) -> None:
    html = draw(
        "{% clock due soon=soon done=done paused=paused %}",
        **{"soon": None, "done": None, "paused": False, **given},
    )
    assert f'data-level="{level}"' in html
    assert words in html
    assert ('data-controller="clock"' in html) == (words.startswith(("还剩", "已超")))


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13812341234", "138****1234"),
        ("+86 138-1234-1234", "138****1234"),
        ("02164321234", "021-****1234"),
        ("0571-87654321", "0571-****4321"),
        ("64321234", "****1234"),
        ("12345", "****"),
        ("138****1234", "138****1234"),
        ("", ""),
        (None, ""),
    ],
)
def test_phones_are_masked(number: str | None, masked: str) -> None:
    assert mask_phone(number) == masked


def test_commands_in_words_are_set_apart_and_escaped() -> None:
    drawn = draw("{{ text|commands }}", text="按 <b> 运行 `hotline run --x \"<1>\"` 即可")
    assert drawn == '按 &lt;b&gt; 运行 <code translate="no">hotline run --x &quot;&lt;1&gt;&quot;</code> 即可'
    assert draw("{{ text|commands }}", text="没有命令") == "没有命令"


def test_numbers_and_long_names() -> None:
    assert [thousands(v) for v in (0, 999, 1249000, 1234.5, None, "12", True)] == [
        "0",
        "999",
        "1,249,000",
        "1,234.5",
        "–",
        "12",
        "True",
    ]
    assert cut_in_middle("静安区生态环境局") == ("静安区生态环境局", "")
    head, tail = cut_in_middle("上海市静安区大宁路街道城市管理综合行政执法队")
    assert (head + tail, tail) == ("上海市静安区大宁路街道城市管理综合行政执法队", "合行政执法队")


def test_components_escape_what_people_wrote() -> None:
    evil = "<script>alert(1)</script>"
    html = draw(
        "{% state evil %}{% urgency 2 evil %}{% unit_name evil %}{% problem evil evil evil %}"
        "{% empty evil evil %}{% definitions pairs %}{% stepper steps %}{% phone evil %}"
        "{% clock due label=evil %}"
        "{% words 'citizen' by=evil %}{{ evil }}{% endwords %}{% panel title=evil %}{{ evil }}{% endpanel %}"
        "{% dialog 'd' evil %}{% enddialog %}{% menu evil %}{% endmenu %}"
        "{% happening at=due title=evil by=evil %}{{ evil }}{% endhappening %}",
        evil=evil, pairs=[(evil, evil)], steps=[{"label": evil, "state": "done", "note": evil}], due=NOW,
    )  # fmt: skip
    assert "<script" not in html


def test_pager_keeps_filters_and_its_own_cursor() -> None:
    html = draw("{% pager page %}", page=Page(rows=[1, 2], next="later", previous=""))
    assert 'href="?unit=3&amp;cursor=later"' in html
    assert "cursor=old" not in html
    assert "本页 2 条" in html
    assert draw("{% pager page %}", page=Page(rows=[1])).strip() == ""


def test_empty_value_is_a_dash_and_zero_is_not() -> None:
    html = draw("{% definitions pairs %}", pairs=[("a", ""), ("b", 0)])
    assert "—" in html
    assert "<dd>0</dd>" in html


class Sample(forms.Form):
    title = forms.CharField(help_text="short")
    kind = forms.ChoiceField(choices=[("a", "A")])
    rank = forms.ChoiceField(choices=[("0", "zero")], widget=forms.RadioSelect)
    secret = forms.BooleanField(required=False)


def test_forms_are_dressed_and_tell_what_is_wrong() -> None:
    html = str(Sample({"kind": "a"}))
    assert 'class="form-control is-invalid"' in html
    assert 'aria-describedby="id_title_helptext id_title_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_title_error"' in html
    assert 'class="form-select"' in html
    assert 'role="alert"' in html
    assert '<a href="#id_title">' in html
    assert "alert" not in str(Sample())


@pytest.mark.parametrize("colour", ["#0b5f74", "#ffcc00", "#FFFFFF", "#e60012", "nonsense", "#12"])
def test_any_city_colour_becomes_readable(colour: str) -> None:
    accent = city.readable_accent(colour)
    assert city.contrast(accent, "#ffffff") >= 4.5


def test_readable_colour_is_left_alone() -> None:
    assert city.readable_accent("#0b5f74") == "#0b5f74"
    assert round(city.contrast("#000000", "#ffffff"), 1) == 21.0


def test_a_select_is_what_django_would_write() -> None:
    class Choice(forms.Form):
        street = forms.ChoiceField(
            choices=[("", "Any"), ("<1>", "A & B"), ("Group “g”", [("2", "<b>two</b>"), ("3", "three")])], required=False
        )

    widget = Choice(data={"street": "2"}).fields["street"].widget
    attributes = {"id": "id_street", "class": "form-select", "required": True, "disabled": False}
    ours = widget.render("street", "2", attributes, Renderer())
    theirs = widget.render("street", "2", attributes, DjangoTemplates())
    assert parse_html(ours) == parse_html(theirs)
    assert "<b>two" not in ours


@pytest.mark.parametrize(
    ("widget", "value"),
    [
        (forms.TextInput(), 'a "quoted" <b>'),
        (forms.TextInput(), None),
        (forms.HiddenInput(), 0),
        (forms.DateInput(attrs={"type": "date"}), date(2026, 11, 22)),
        (forms.NumberInput(attrs={"min": 0}), 3),
        (forms.CheckboxInput(), True),
        (forms.CheckboxInput(), False),
        (forms.EmailInput(), "a@b.cn"),
    ],
)
def test_an_input_is_what_django_would_write(widget: forms.Widget, value: object) -> None:
    attributes = {"id": "id_one", "class": "form-control", "required": True, "disabled": False, "data-x": "<&>"}
    ours = widget.render("one", value, attributes, Renderer())
    assert parse_html(ours) == parse_html(widget.render("one", value, attributes, DjangoTemplates()))
    assert "<b>" not in ours


@pytest.mark.parametrize("kind", [forms.CheckboxSelectMultiple, forms.RadioSelect])
def test_each_choice_stands_in_its_label(kind: type[forms.CheckboxSelectMultiple] | type[forms.RadioSelect]) -> None:
    widget = kind(choices=[("1", "<i>one</i>"), ("More", [("2", "two")])])
    html = widget.render("rank", ["2"], {"id": "id_rank"}, Renderer())
    found = parse_html(html)
    wanted = parse_html(
        f'''<div id="id_rank" class="choices">
        <label class="form-check" for="id_rank_0"><input type="{widget.input_type}" name="rank" value="1" id="id_rank_0">
        <span class="form-check-label">&lt;i&gt;one&lt;/i&gt;</span></label>
        <div class="choices-group"><span class="choices-name">More</span>
        <label class="form-check" for="id_rank_1_0"><input type="{widget.input_type}" name="rank" value="2" id="id_rank_1_0" checked>
        <span class="form-check-label">two</span></label></div></div>'''
    )
    assert found == wanted


def test_a_menu_drawn_once_still_says_where_one_is() -> None:
    here = Item("ui:guide", "A <b>", "home", key="p")
    other = Item("ui:city", "Other", "home")
    for tag in ("side_menu", "sheet_menu"):
        first = draw(f"{{% {tag} menu %}}", menu=[("Work & rest", [Link(here, "/a/", True), Link(other, "/b/", False)])])
        second = draw(f"{{% {tag} menu %}}", menu=[("Work & rest", [Link(here, "/a/", False), Link(other, "/b/", True)])])
        assert first.index("aria-current") < first.index("/b/")
        assert second.index("aria-current") > second.index("/b/")
        assert "A &lt;b&gt;" in first
        assert "Work &amp; rest" in first
        assert ('data-key="g p"' in first) == (tag == "side_menu")
