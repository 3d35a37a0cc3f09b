"""Pages: what is shown to whom, what a form answers, what leaves a trace."""

from __future__ import annotations

import pytest

from hotline.knowledge import actions, queries
from hotline.knowledge.models import Duty, Gap, Use
from tests.knowledge.factories import SYSTEM, document, draft, published
from tests.knowledge.test_actions import png

pytestmark = pytest.mark.django_db


def form_of(unit, **more):
    return {
        "title": "夜间施工", "content": "二十二时后禁止。", "category_code": "1", "material": "guide", "readers": "public",
        "unit_id": f"{unit.name} · {unit.code}", **more,
    }  # fmt: skip


def test_a_search_shows_the_paragraph_marks_it_and_counts(cast):
    entry = published(cast.a, "夜间施工", "二十二时至次日六时<b>禁止</b>施工。")
    client = cast.client("agent")
    assert "夜间施工" not in client.get("/knowledge/base/").content.decode()
    page = client.get("/knowledge/base/", {"q": "夜间施工时间"}).content.decode()
    assert f"/knowledge/base/{entry.pk}/#p-1" in page
    assert "<mark>施工</mark>" in page
    assert "<b>" not in page.split('class="hit-text"')[1].split("</p>")[0]
    client.get("/knowledge/base/", {"q": "火星移民"})
    assert Gap.objects.get().text == "火星移民"
    assert dict(Use.objects.values_list("kind", "count")) == {"search": 2, "miss": 1}


def test_an_entry_is_written_previewed_handed_in_and_published(cast):
    writer, editor = cast.client("manager"), cast.client("knowledge_editor")
    assert writer.get("/knowledge/base/new/").status_code == 200
    assert writer.post("/knowledge/base/new/", form_of(cast.a, title="")).status_code == 422
    assert writer.post("/knowledge/base/new/", form_of(cast.a, valid_from="2026-02-02", valid_to="2026-02-01")).status_code == 422
    writer.post("/knowledge/base/new/", form_of(cast.a))
    entry = queries.own_entries(cast.actor("manager")).rows[0]
    page = f"/knowledge/base/{entry.pk}/"
    assert writer.get(f"{page}edit/").status_code == 200
    shown = writer.post("/knowledge/preview/", {"content": "# 题\n<script>", "entry": str(entry.pk)}).content.decode()
    assert "<h2>题</h2>" in shown
    assert "<script" not in shown
    writer.post(f"{page}edit/", form_of(cast.a, revision=entry.revision, submit="1"))
    assert writer.post(f"{page}do/publish/").status_code == 403
    assert editor.post(f"{page}do/send_back/", {"reason": ""}).status_code == 422
    assert editor.post(f"{page}do/publish/").status_code == 302
    assert writer.post(f"{page}do/expire/").status_code == 404
    assert writer.get(f"{page}edit/").status_code == 302
    writer.post(f"{page}do/revise/")
    assert writer.post(f"{page}edit/", form_of(cast.a, revision=1, content="另一句")).status_code == 409
    assert writer.post(f"{page}edit/", form_of(cast.a, revision=99, unit_id="无此单位")).status_code == 422
    entry.refresh_from_db()
    writer.post(f"{page}edit/", form_of(cast.a, revision=entry.revision, content="二十三时后禁止。", keywords="施工\n夜间"))
    shown = cast.client("agent").get(f"{page}versions/2/").content.decode()
    assert "<del class=\"diff-line\">二十二时后禁止。</del>" in shown
    assert "<ins class=\"diff-line\">二十三时后禁止。</ins>" in shown
    assert cast.client("agent").get(f"{page}versions/9/").status_code == 404
    assert cast.client("agent").get(page).status_code == 200


def test_files_are_added_and_only_readers_get_them(cast):
    from django.core.files.uploadedfile import SimpleUploadedFile

    entry = draft(cast.a)
    writer = cast.client("manager")
    writer.post(f"/knowledge/base/{entry.pk}/files/", {"file": SimpleUploadedFile("图.png", png())})
    writer.post(f"/knowledge/base/{entry.pk}/files/", {"file": SimpleUploadedFile("x.exe", b"MZ")})
    writer.post(f"/knowledge/base/{entry.pk}/files/")
    row = queries.files_of(entry)[0]
    answer = cast.client("agent").get(f"/knowledge/files/{row.pk}/")
    assert b"".join(answer.streaming_content) == png()
    assert "sandbox" in answer["Content-Security-Policy"]
    assert cast.client("citizen").get(f"/knowledge/files/{row.pk}/").status_code == 404
    writer.post(f"/knowledge/files/{row.pk}/remove/")
    assert queries.files_of(entry) == []


def test_the_desk_panel_offers_what_to_insert_and_typing_leaves_no_gap(cast):
    entry = published(cast.a, "夜间施工", "二十二时后禁止\"施工\"。", document_number="环发〔2020〕1号")
    client = cast.client("agent")
    shown = client.post("/knowledge/panel/", {"q": "夜间施工几点", "region": "310106"}).content.decode()
    assert f'data-entry="{entry.pk}"' in shown
    assert 'data-text="二十二时后禁止&quot;施工&quot;。"' in shown
    assert "环发〔2020〕1号" in shown
    client.post("/knowledge/panel/", {"q": "火星移民"})
    assert not Gap.objects.exists()
    client.post("/knowledge/panel/", {"q": "火星移民", "asked": "1"})
    assert Gap.objects.count() == 1
    assert client.post("/knowledge/panel/").content.strip() == b""
    assert client.get("/knowledge/panel/", {"q": "夜间施工几点"}).status_code == 405  # a caller's words in an address
    assert client.post(f"/knowledge/used/{entry.pk}/").status_code == 204
    assert Use.objects.get(kind="inserted").entry == entry


def test_duties_are_listed_answered_passed_on_and_written(cast):
    entry = published(cast.a, "夜间施工")
    cast.client("agent").post(f"/knowledge/base/{entry.pk}/correct/", {"text": "时间写错了"})
    assert cast.client("agent").post(f"/knowledge/base/{entry.pk}/correct/", {"text": "错"}).status_code == 422
    actions.note_gap(actor=SYSTEM, source="order", text="居住证积分怎么查询", key="order:1", unit_id=cast.a.pk)
    actions.gather_gaps(actor=SYSTEM)
    manager = cast.client("manager")
    page = manager.get("/knowledge/duties/").content.decode()
    assert "居住证积分怎么查询" in page
    assert "居住证积分怎么查询" not in manager.get("/knowledge/duties/?kind=correction", headers={"HX-Target": "knowledge-duties"}).content.decode()
    correction, gap = Duty.objects.get(kind="correction"), Duty.objects.get(kind="gap")
    assert manager.get(f"/knowledge/duties/{correction.pk}/").status_code == 200
    assert manager.post(f"/knowledge/duties/{correction.pk}/", {"state": "done", "answer": ""}).status_code == 422
    assert manager.post(f"/knowledge/duties/{correction.pk}/", {"state": "done", "answer": "已更正"}).status_code == 302
    assert "纠错按时完成率" not in page
    assert "纠错按时完成率 100%" in manager.get("/knowledge/duties/").content.decode()
    assert cast.client("other_manager").get(f"/knowledge/duties/{gap.pk}/").status_code == 404
    first = manager.get("/knowledge/base/new/", {"duty": gap.pk}).content.decode()
    assert "居住证积分怎么查询" in first
    assert manager.get("/knowledge/base/new/", {"duty": correction.pk}).status_code == 404
    assert manager.post(f"/knowledge/duties/{gap.pk}/pass/", {"unit_id": cast.a.code, "reason": "x"}).status_code == 422
    assert manager.post(f"/knowledge/duties/{gap.pk}/pass/", {"unit_id": "", "reason": "x"}).status_code == 422
    assert manager.post(f"/knowledge/duties/{gap.pk}/pass/", {"unit_id": cast.b.code, "reason": "主管"}).status_code == 302
    assert manager.get("/knowledge/mine/?state=published").status_code == 200


def test_import_and_export_pages(cast):
    from django.core.files.uploadedfile import SimpleUploadedFile

    editor = cast.client("knowledge_editor")
    assert editor.get("/knowledge/import/").status_code == 200
    assert editor.post("/knowledge/import/", {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")}).status_code == 422
    table = "标题,类别编码,内容,发布单位编码\n甲,1,乙,A\n丙,1,,A\n".encode()
    answer = editor.post("/knowledge/import/", {"file": SimpleUploadedFile("a.csv", table)})
    page = editor.get(answer["Location"]).content.decode()
    assert "甲" in page
    assert queries.own_entries(cast.actor("knowledge_editor")).rows == []
    editor.post(answer["Location"])
    assert [e.title for e in queries.own_entries(cast.actor("knowledge_editor")).rows] == ["甲"]
    assert editor.get("/knowledge/export/?kind=word").content.startswith(b"PK")
    assert "甲" in editor.get("/knowledge/export/").content.decode("utf-8-sig")
    assert cast.client("agent").get("/knowledge/export/").status_code == 403


def test_settings_page(cast):
    editor = cast.client("knowledge_editor")
    assert editor.get("/knowledge/settings/").status_code == 200
    wishes = {"review_months": 12, "review_notice_days": 7, "expiry_notice_days": 7, "correction_workdays": 2, "gap_workdays": 3, "gap_weight": 2}
    assert editor.post("/knowledge/settings/", wishes).status_code == 302
    assert editor.post("/knowledge/settings/", wishes | {"review_months": 99}).status_code == 422
    assert editor.post("/knowledge/settings/terms/", {"kind": "synonym", "words": "社保"}).status_code == 422
    editor.post("/knowledge/settings/terms/", {"kind": "synonym", "words": "社保\n社会保险"})
    assert "社保 = 社会保险" in editor.get("/knowledge/settings/").content.decode()
    editor.post("/knowledge/settings/terms/1/remove/")
    source = {"name": "云", "url": "ftp://x", "unit_id": cast.a.code, "category_code": "1", "material": "guide", "readers": "public", "every_minutes": "60", "enabled": "on"}
    assert editor.post("/knowledge/settings/sources/new/", source).status_code == 422
    assert editor.post("/knowledge/settings/sources/new/", source | {"url": "http://127.0.0.1:1/"}).status_code == 302
    number = editor.get("/knowledge/settings/").content.decode().split("/knowledge/settings/sources/")[1].split("/")[0]
    assert editor.get(f"/knowledge/settings/sources/{number}/").status_code == 200
    assert editor.post(f"/knowledge/settings/sources/{number}/pull/").status_code == 302
    assert editor.post(f"/knowledge/settings/sources/{number}/remove/").status_code == 302


def test_citizens_see_public_entries_only(cast, client):
    shown = published(cast.a, "居住证办理", "到社区办理。", readers="public")
    hidden = published(cast.a, "居住证内部口径", "内部。")
    page = client.get("/knowledge/").content.decode()
    assert "居住证办理" in page
    assert "内部口径" not in page
    found = client.get("/knowledge/", {"q": "居住证"}).content.decode()
    assert "居住证办理" in found
    assert "内部口径" not in found
    assert client.get(f"/knowledge/{hidden.pk}/").status_code == 404
    assert cast.client("agent").get(f"/knowledge/{hidden.pk}/").status_code == 404, "the portal shows staff what citizens see"
    url = f"/knowledge/{shown.pk}/"
    assert client.get(url).status_code == 200
    for _ in range(2):
        client.post(f"{url}helpful/", {"answer": "yes"})
    assert Use.objects.get(kind="helpful").count == 1
    assert client.post(f"{url}wrong/", {"text": "错"}).status_code == 422
    assert client.post(f"{url}wrong/", {"text": "地址写错了，应为二楼"}).status_code == 302
    assert Duty.objects.get(kind="correction").entry == shown
    assert client.get("/knowledge/", {"q": "火星移民"}).status_code == 200
    for _ in range(30):
        last = client.get("/knowledge/", {"q": "居住证"})
    assert "居住证办理" not in last.content.decode(), "many searches a minute are asked to wait"


def test_document_of_the_form_keeps_every_field(cast):
    from hotline.knowledge.forms import EntryForm

    given = document(cast.a, "甲", keywords=("一",), questions=("二",), responsible_id=cast.manager.pk)
    form = EntryForm.filled(given, 1)
    assert form["unit_id"].value() == f"{cast.a.name} · {cast.a.code}"
    assert form["responsible_id"].value() == cast.manager.username
    assert form["questions"].value() == "二"
