"""Extraction, checks and compilation of catalogues, on a small project made for the test."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from hotline.ui.messages import catalogues, extraction


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "hotline"
    for name in ("kit", "orders"):
        (root / name / "templates" / name).mkdir(parents=True)
        (root / name / "__init__.py").write_text("")
    return root


def translate(package: Path, words: dict[str, str]) -> None:
    po = catalogues.po_path(package)
    text = po.read_text(encoding="utf-8")
    for english, chinese in words.items():
        for empty in ('msgstr ""', 'msgstr[0] ""'):
            for line in (f'msgid "{english}"\n{empty}', f'msgid_plural "{english}"\n{empty}'):
                text = text.replace(line, line.replace('""', f'"{chinese}"'))
    po.write_text(text, encoding="utf-8")


def ids(source: str) -> list[tuple[str, str, str]]:
    return [(m.context, m.id, m.plural) for m in extraction.from_python(source, Path("x.py"))]


def template_ids(source: str) -> list[tuple[str, str, str]]:
    return [(m.context, m.id, m.plural) for m in extraction.from_template(source, Path("x.html"))]


def test_python_calls_are_found() -> None:
    source = (
        '_("Order %(number)s " "was sent.")\n'
        'gettext_lazy("A" + "B")\n'
        'ngettext("%(n)s order", "%(n)s orders", n)\n'
        'pgettext_lazy("verb", "Return")\n'
        'translation.gettext("Deep")\n'
        'for _, x in y: print("not me")\n'
    )
    assert sorted(ids(source)) == [
        ("", "%(n)s order", "%(n)s orders"),
        ("", "AB", ""),
        ("", "Deep", ""),
        ("", "Order %(number)s was sent.", ""),
        ("verb", "Return", ""),
    ]


@pytest.mark.parametrize("source", ['_(f"Order {number}")', "_(name)", 'pgettext("verb", name)'])
def test_ids_that_cannot_be_translated_are_refused(source: str) -> None:
    with pytest.raises(extraction.Unreadable, match=r"x\.py:1"):
        ids(source)


def test_template_tags_are_found() -> None:
    source = """
    {% translate "Sign" %} {% translate "Return" context "verb" %} {% trans 'It is "so"' as so %}
    {% blocktranslate trimmed with number=order.number %}
      Order {{ number }}
      was sent.
    {% endblocktranslate %}
    {% blocktranslate count n=rows %}{{ n }} row{% plural %}{{ n }} rows{% endblocktranslate %}
    {% include "a.html" with label=_("Place") %} <p>_("not me")</p> {# _("nor me") #}
    """
    assert sorted(template_ids(source)) == [
        ("", "%(n)s row", "%(n)s rows"),
        ("", 'It is "so"', ""),
        ("", "Order %(number)s was sent.", ""),
        ("", "Place", ""),
        ("", "Sign", ""),
        ("verb", "Return", ""),
    ]


def test_extract_keeps_translations_and_drops_the_obsolete(project: Path) -> None:
    orders = project / "orders"
    (orders / "views.py").write_text('_("Sign")\n_("Return %(number)s")\n')
    assert catalogues.extract(orders, project) == (2, 2)
    translate(orders, {"Sign": "签收", "Return %(number)s": "退回 %(number)s"})
    assert catalogues.check(orders, {}) == []
    (orders / "views.py").write_text('_("Sign")\n_("New")\n')
    assert {fault.kind for fault in catalogues.check(orders, {})} == {"missing", "obsolete"}
    assert catalogues.extract(orders, project) == (2, 1)
    assert catalogues.translations(catalogues.read(orders)) == {("", "Sign"): ["签收"], ("", "New"): [""]}


def test_extract_gives_the_same_file_twice(project: Path) -> None:
    orders = project / "orders"
    (orders / "views.py").write_text('_("Sign")\n')
    catalogues.extract(orders, project)
    once = catalogues.po_path(orders).read_bytes()
    catalogues.extract(orders, project)
    assert catalogues.po_path(orders).read_bytes() == once
    assert b"Date" not in once


@pytest.mark.parametrize("chinese", ["工单", "工单 %(nummer)s", "工单 %(number)s %(name)s"])
def test_wrong_placeholders_are_found(project: Path, chinese: str) -> None:
    orders = project / "orders"
    (orders / "views.py").write_text('_("Order %(number)s")\n')
    catalogues.extract(orders, project)
    translate(orders, {"Order %(number)s": chinese})
    assert [fault.kind for fault in catalogues.check(orders, {})] == ["placeholders"]


def test_shared_words_need_no_second_translation(project: Path) -> None:
    for name in ("kit", "orders"):
        (project / name / "views.py").write_text('_("Save")\n')
    catalogues.extract(project / "kit", project)
    translate(project / "kit", {"Save": "保存"})
    assert catalogues.extract(project / "orders", project) == (0, 0)
    assert not catalogues.po_path(project / "orders").exists()
    assert catalogues.check_all(project) == []


def test_two_translations_of_one_id_conflict(project: Path) -> None:
    for name, chinese in (("kit", "返回"), ("orders", "退回")):
        (project / name / "views.py").write_text('_("Return")\n')
        po = catalogues.po_path(project / name)
        po.parent.mkdir(parents=True)
        po.write_text(
            'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
            f'msgid "Return"\nmsgstr "{chinese}"\n',
            encoding="utf-8",
        )
    assert [(fault.package, fault.kind) for fault in catalogues.check_all(project)] == [
        ("orders", "conflict")
    ]


def test_compiled_catalogue_is_read_by_gettext(project: Path) -> None:
    orders = project / "orders"
    (orders / "views.py").write_text(
        '_("Sign")\nngettext("%(n)s row", "%(n)s rows", n)\n'
        'pgettext("verb", "Return")\npgettext("noun", "Return")\n'
    )
    catalogues.extract(orders, project)
    translate(orders, {"Sign": "签收", "%(n)s rows": "%(n)s 条"})
    po = catalogues.po_path(orders)
    text = po.read_text(encoding="utf-8")
    for context, chinese in (("verb", "退回"), ("noun", "退单")):
        text = text.replace(
            f'msgctxt "{context}"\nmsgid "Return"\nmsgstr ""',
            f'msgctxt "{context}"\nmsgid "Return"\nmsgstr "{chinese}"',
        )
    po.write_text(text, encoding="utf-8")
    assert catalogues.compile_stale(project) == [po.with_suffix(".mo")]
    assert catalogues.compile_stale(project) == []
    with po.with_suffix(".mo").open("rb") as file:
        words = gettext.GNUTranslations(file)
    assert words.gettext("Sign") == "签收"
    assert (
        words.ngettext("%(n)s row", "%(n)s rows", 1)
        == words.ngettext("%(n)s row", "%(n)s rows", 5)
        == "%(n)s 条"
    )
    assert [words.pgettext(c, "Return") for c in ("verb", "noun")] == ["退回", "退单"]


def test_newer_source_is_stale(project: Path) -> None:
    orders = project / "orders"
    (orders / "views.py").write_text('_("Sign")\n')
    catalogues.extract(orders, project)
    compiled = catalogues.compile_package(orders)
    assert not catalogues.is_stale(orders)
    source = catalogues.po_path(orders)
    os.utime(source, (compiled.stat().st_mtime + 5,) * 2)
    assert catalogues.is_stale(orders)


def test_command_names_unknown_packages() -> None:
    with pytest.raises(CommandError, match="No such package: nothing"):
        call_command("messages", "check", "nothing")


def test_the_interface_is_fully_translated() -> None:
    call_command("messages", "check", "ui", "kit")
