"""The cycle, duties, gaps, files, words, sources: who may, what is refused, what follows."""

from __future__ import annotations

import io
import json
import threading
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import time_machine
from django.db import connection
from PIL import Image

from hotline.audit.models import AuditEntry
from hotline.config.tasks import note_consultation
from hotline.kit import clock
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused, Stale
from hotline.knowledge import actions, feeds, permissions, queries, vectors
from hotline.knowledge.actions.importing import batch_for
from hotline.knowledge.models import (
    Duty,
    DutyState,
    EntryIndex,
    EntryState,
    Gap,
    Settings,
    Source,
    Use,
    WordCount,
)
from hotline.knowledge.queries import Limits
from hotline.knowledge.word import read_word, write_word
from hotline.places.models import Division
from tests.knowledge.factories import EDITOR, SYSTEM, WRITER, document, draft, publish, published
from tests.workorders.factories import make_city, make_order

pytestmark = pytest.mark.django_db


def found(cast, text, who="agent", **limits):
    return [hit.entry.title for hit in queries.search(cast.actor(who), text, limits=Limits(**limits)).hits]


# ---- the cycle


def test_the_whole_cycle_with_people(cast):
    writer, editor, stranger = cast.actor("manager"), cast.actor("knowledge_editor"), cast.actor("other_manager")
    entry = actions.create_entry(actor=writer, document=document(cast.a, "夜间施工"))
    assert found(cast, "夜间施工") == []
    actions.act(actor=writer, entry_id=entry.pk, verb="submit", reason="新规")
    with pytest.raises(NotPermitted):
        actions.act(actor=writer, entry_id=entry.pk, verb="publish")
    with pytest.raises(NotPermitted):
        actions.act(actor=stranger, entry_id=entry.pk, verb="publish")
    with pytest.raises(Invalid):
        actions.act(actor=editor, entry_id=entry.pk, verb="send_back")
    actions.act(actor=editor, entry_id=entry.pk, verb="send_back", reason="写明时段")
    assert queries.open_version(entry).reason == "写明时段"
    with pytest.raises(Refused):
        actions.act(actor=editor, entry_id=entry.pk, verb="publish")
    actions.act(actor=writer, entry_id=entry.pk, verb="submit")
    with pytest.raises(Refused):
        actions.save_draft(actor=writer, entry_id=entry.pk, revision=0, document=document(cast.a))
    entry = actions.act(actor=editor, entry_id=entry.pk, verb="publish")
    assert (entry.number, entry.state) == (1, EntryState.PUBLISHED)
    assert entry.review_due_on > clock.today()
    assert found(cast, "夜间施工") == ["夜间施工"]
    actions.act(actor=writer, entry_id=entry.pk, verb="revise", reason="时段改了")
    entry.refresh_from_db()
    changed = document(cast.a, "夜间施工", "二十三时后禁止。")
    actions.save_draft(actor=writer, entry_id=entry.pk, revision=entry.revision, document=changed)
    assert found(cast, "二十三时") == [], "a revision is not served before it is published"
    with pytest.raises(Stale) as stale:
        actions.save_draft(actor=writer, entry_id=entry.pk, revision=entry.revision, document=changed)
    assert stale.value.details["theirs"]["content"] == "二十三时后禁止。"
    entry = publish(entry)
    assert (entry.number, found(cast, "二十三时")) == (2, ["夜间施工"])
    assert [v.state for v in queries.versions(entry)] == ["published", "published"]
    actions.act(actor=writer, entry_id=entry.pk, verb="confirm")
    actions.act(actor=writer, entry_id=entry.pk, verb="revise")
    actions.act(actor=writer, entry_id=entry.pk, verb="discard")
    actions.act(actor=editor, entry_id=entry.pk, verb="withdraw", reason="废止")
    assert found(cast, "夜间施工") == []
    assert not EntryIndex.objects.exists()
    assert AuditEntry.objects.filter(verb="knowledge.withdraw", reason="废止").exists()
    with pytest.raises(NotVisible):
        actions.act(actor=writer, entry_id=entry.pk, verb="dance")
    with pytest.raises(NotVisible):
        actions.act(actor=writer, entry_id=0, verb="submit")


def test_who_may_do_what(cast):
    entry = published(cast.a)
    assert permissions.can_edit(cast.actor("manager"), entry)
    assert not permissions.can_edit(cast.actor("other_manager"), entry)
    assert not permissions.can_edit(cast.actor("agent"), entry)
    assert permissions.can_do(cast.actor("knowledge_editor"), "withdraw", entry)
    assert not permissions.can_do(cast.actor("knowledge_editor"), "expire", entry)
    assert permissions.can_do(SYSTEM, "expire", entry)
    assert permissions.can_configure(cast.actor("knowledge_editor"))
    assert permissions.can_configure(cast.actor("admin"))
    assert not permissions.can_configure(cast.actor("manager"))
    assert not permissions.can_import(cast.actor("agent"))


def test_wrong_fields_units_and_people_are_named(cast):
    published(cast.a, "夜间施工")
    with pytest.raises(Invalid) as invalid:
        actions.create_entry(actor=WRITER, document=document(cast.a, "夜间施工", responsible_id=0, region="999999999999"))
    assert set(invalid.value.details) == {"title", "responsible_id", "region"}
    with pytest.raises(Invalid):
        actions.create_entry(actor=WRITER, document=document_without_unit(cast))
    with pytest.raises(NotPermitted):
        actions.create_entry(actor=cast.actor("manager"), document=document(cast.b))
    entry = draft(cast.a)
    with pytest.raises(NotPermitted):
        actions.save_draft(actor=cast.actor("manager"), entry_id=entry.pk, revision=1, document=document(cast.b))


def document_without_unit(cast):
    return replace(document(cast.a), unit_id=0)


# ---- duties


def test_the_scanner_asks_warns_expires_and_raises(cast):
    with time_machine.travel("2026-11-02 09:00+08:00", tick=False):
        ends = published(cast.a, "限时政策", valid_to=date(2026, 11, 20))
        stays = published(cast.a, "长期政策")
        assert actions.scan(actor=SYSTEM) == {"expired": 0, "reviews": 0, "expiring": 1, "overdue": 0}
        assert actions.scan(actor=SYSTEM)["expiring"] == 0
        duty = Duty.objects.get(kind="expiring")
        actions.end_duty(actor=cast.actor("manager"), duty_id=duty.pk, state="dismissed", answer="到期即止")
        assert actions.scan(actor=SYSTEM)["expiring"] == 0, "let it end: not asked again"
        actions.act(actor=WRITER, entry_id=ends.pk, verb="revise")
    with time_machine.travel("2026-11-21 09:00+08:00", tick=False):
        assert actions.scan(actor=SYSTEM)["expired"] == 1
        ends.refresh_from_db()
        assert ends.state == EntryState.DRAFT, "its revision goes on"
        assert "限时政策" not in found(cast, "限时政策")
    with time_machine.travel("2027-05-01 09:00+08:00", tick=False):
        assert actions.scan(actor=SYSTEM)["reviews"] == 1
        review = Duty.objects.get(kind="review", entry=stays)
        with pytest.raises(Refused):
            actions.end_duty(actor=cast.actor("manager"), duty_id=review.pk, state="done", answer="看过")
    with time_machine.travel("2027-05-09 09:00+08:00", tick=False):
        assert actions.scan(actor=SYSTEM)["overdue"] == 1
        assert actions.scan(actor=SYSTEM)["overdue"] == 0
        actions.act(actor=WRITER, entry_id=stays.pk, verb="confirm")
        review.refresh_from_db()
        assert review.state == DutyState.DONE
    with pytest.raises(NotPermitted):
        actions.scan(actor=WRITER)


def test_a_correction_is_answered_by_its_unit_in_working_days(cast):
    entry = published(cast.a, readers="public")
    with time_machine.travel("2026-11-20 10:00+08:00", tick=False):
        duty = actions.report_correction(actor=cast.actor("agent"), entry_id=entry.pk, text="电话13812345678写错了")
    assert duty.due_at.astimezone(clock.CITY_ZONE).date() == date(2026, 11, 25)
    assert "138" not in duty.text
    with pytest.raises(Invalid):
        actions.report_correction(actor=cast.actor("citizen"), entry_id=entry.pk, text="错")
    with pytest.raises(NotVisible):
        actions.end_duty(actor=cast.actor("other_manager"), duty_id=duty.pk, state="done", answer="x")
    manager = cast.actor("manager")
    for given in ({"state": "later", "answer": "x"}, {"state": "done", "answer": " "}):
        with pytest.raises(Invalid):
            actions.end_duty(actor=manager, duty_id=duty.pk, **given)
    with pytest.raises(Refused):
        actions.pass_duty(actor=manager, duty_id=duty.pk, unit_id=cast.b.pk, reason="x")
    actions.end_duty(actor=manager, duty_id=duty.pk, state="done", answer="已更正")
    with pytest.raises(Refused):
        actions.end_duty(actor=manager, duty_id=duty.pk, state="done", answer="再来")
    hidden = draft(cast.a)
    with pytest.raises(Refused):
        actions.report_correction(actor=cast.actor("agent"), entry_id=hidden.pk, text="不对不对")


def test_a_correction_reported_after_the_words_were_handed_in_stays_open(cast):
    entry = published(cast.a)
    first = actions.report_correction(actor=cast.actor("agent"), entry_id=entry.pk, text="时间写错了")
    actions.act(actor=WRITER, entry_id=entry.pk, verb="revise")
    actions.act(actor=WRITER, entry_id=entry.pk, verb="submit")
    second = actions.report_correction(actor=cast.actor("agent"), entry_id=entry.pk, text="地址也错了")
    actions.act(actor=EDITOR, entry_id=entry.pk, verb="publish")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (DutyState.DONE, DutyState.OPEN)


# ---- gaps


def ask(text, **more):
    return actions.note_gap(actor=SYSTEM, source="search", text=text, **more)


def test_a_question_asked_often_becomes_a_duty_and_alike_ones_join_it(cast):
    near = published(cast.a, "居住证办理")
    assert ask("？！") is None
    ask("居住证积分怎么查询", nearest_id=near.pk)
    assert actions.gather_gaps(actor=SYSTEM) == {"joined": 0, "made": 0}
    ask("居住证积分怎么查询", nearest_id=near.pk)
    gap = ask("怎么查询居住证积分进度")
    assert gap.times == 1
    assert actions.gather_gaps(actor=SYSTEM) == {"joined": 0, "made": 1}
    duty = Duty.objects.get(kind="gap")
    assert (duty.unit_id, duty.gaps.count()) == (cast.a.pk, 2)
    ask("居住证积分查询进度表")
    ask("路灯不亮找谁")
    assert actions.gather_gaps(actor=SYSTEM) == {"joined": 1, "made": 0}
    manager = cast.actor("manager")
    for unit, reason in ((cast.a.pk, "x"), (cast.b.pk, " ")):
        with pytest.raises(Invalid):
            actions.pass_duty(actor=manager, duty_id=duty.pk, unit_id=unit, reason=reason)
    actions.pass_duty(actor=manager, duty_id=duty.pk, unit_id=cast.b.pk, reason="乙局主管")
    theirs = cast.actor("other_manager")
    entry = actions.create_entry(actor=theirs, document=document(cast.b, "居住证积分查询"), duty_id=duty.pk)
    publish(entry)
    duty.refresh_from_db()
    assert (duty.state, duty.entry) == (DutyState.DONE, entry)
    again = ask("居住证积分怎么查询")
    assert (again.duty, again.times) == (None, 1), "asked again after it was answered: a new gap"
    with pytest.raises(NotVisible):
        actions.create_entry(actor=theirs, document=document(cast.b), duty_id=duty.pk)


def test_nonsense_and_the_same_search_again_give_nobody_work(cast):
    actor = cast.actor("agent")

    def search(text, asker="a"):
        return actions.note_search(actor=actor, asker=asker, source="search", text=text)

    for text in ("asdf", "啊啊啊啊", "123456", "qwrt zxcv", "？！", "", "测试", "测试一下", "您好", "test hello"):
        assert search(text) is None, text
    assert search("residence permit") is not None
    assert search("居住证积分怎么查询").times == 1
    assert search("居住证积分怎么查询") is None, "the same person again"
    assert search("居住证积分怎么查询", "b").times == 2
    assert search("公积金测试费用") is not None
    assert Gap.objects.count() == 3


def test_a_dispatched_consultation_is_a_duty_of_the_unit_that_got_it(cast):
    make_city(cast)
    order = make_order(cast)
    type(order).objects.filter(pk=order.pk).update(demand_type="consultation", lead_unit=cast.b, title="加装电梯补贴标准")
    assert note_consultation(order_id=order.pk)
    assert note_consultation(order_id=order.pk), "twice is once"
    assert Gap.objects.get().times == 1
    assert actions.gather_gaps(actor=SYSTEM)["made"] == 1
    assert Duty.objects.get().unit == cast.b
    type(order).objects.filter(pk=order.pk).update(secret=True)
    assert not note_consultation(order_id=order.pk)
    assert not note_consultation(order_id=0)


def test_one_matter_in_letters_of_different_wrapping_is_one_duty(cast):
    for key, text in {
        "order:1": "您好，我想咨询居住证积分怎么办理，谢谢！",
        "order:2": "尊敬的领导：2026年3月5日来电，请问居住证积分怎么办理，盼复，谢谢。",
    }.items():
        actions.note_gap(actor=SYSTEM, source="order", text=text, key=key, unit_id=cast.a.pk)
    assert actions.gather_gaps(actor=SYSTEM)["made"] == 1
    assert actions.note_gap(actor=SYSTEM, source="search", text="您好，谢谢") is not None, "courtesies alone are still a question"


def test_a_gap_without_unit_or_neighbour_goes_to_the_centre_and_other_matters_stay_apart(cast):
    for text in ("宠物狗登记年限", "宠物狗登记年限怎么算"):
        actions.note_gap(actor=SYSTEM, source="order", text=text, key=f"order:{text}", category_code="03.06")
    actions.note_gap(actor=SYSTEM, source="order", text="宠物狗登记年限", key="order:9", category_code="12.01")
    assert actions.gather_gaps(actor=SYSTEM)["made"] == 2
    assert set(Duty.objects.values_list("unit", flat=True)) == {cast.hub.pk}


# ---- finding


def test_limits_and_what_citizens_see(cast):
    make_city(cast)
    region = "310106000000"
    Division.objects.get_or_create(code=region, defaults={"name": "甲区", "level": 3, "path_name": "甲区"})
    published(cast.a, "全市施工规定", readers="public")
    published(cast.a, "甲区施工规定", region=region)
    published(cast.b, "旧施工规定", valid_to=clock.today() + timedelta(days=1))
    published(cast.b, "新施工规定", valid_from=clock.today() + timedelta(days=5))
    assert set(found(cast, "施工规定")) == {"全市施工规定", "甲区施工规定", "旧施工规定"}
    assert found(cast, "施工规定", region=region)[0] == "甲区施工规定"
    assert set(found(cast, "施工规定", region="310115000000")) == {"全市施工规定", "旧施工规定"}
    assert found(cast, "施工规定", unit_id=cast.b.pk) == ["旧施工规定"]
    assert found(cast, "施工规定", material="law") == []
    assert len(found(cast, "施工规定", category="02.01")) == 3
    assert found(cast, "施工规定", category="03") == []
    assert found(cast, "施工规定", who="citizen") == ["全市施工规定"]
    assert found(cast, "？") == []
    assert not queries.search(cast.actor("agent"), "火星移民").good


def test_terms_are_found_both_ways(cast):
    published(cast.a, "一网通办移动端登录", "点击登录。")
    editor = cast.actor("knowledge_editor")
    assert found(cast, "随申办") == []
    with pytest.raises(Invalid):
        actions.save_term(actor=editor, words=["随申办"])
    with pytest.raises(NotPermitted):
        actions.save_term(actor=cast.actor("manager"), words=["甲", "乙"])
    term = actions.save_term(actor=editor, words=["随申办", "一网通办移动端"], kind="short")
    assert found(cast, "随申办") == ["一网通办移动端登录"]
    actions.save_term(actor=editor, words=["随申办", "别的"], term_id=term.pk)
    assert found(cast, "随申办") == []
    actions.remove_term(actor=editor, term_id=term.pk)
    for call in (lambda: actions.remove_term(actor=editor, term_id=term.pk), lambda: actions.save_term(actor=editor, words=["甲", "乙"], term_id=9)):
        with pytest.raises(NotVisible):
            call()


class Double:
    """A model whose meaning is the presence of two words."""

    def _vector(self, text):
        return [1.0 if "户口" in text or "落户" in text else 0.0, 1.0 if "路灯" in text else 0.0, 0.1] + [0.0] * 381

    def query(self, text):
        return self._vector(text)

    def queries(self, texts):
        return [self._vector(text) for text in texts]

    passages = queries


class Broken(Double):
    def query(self, text):
        raise RuntimeError("the model died")


def test_meaning_finds_what_words_do_not_and_its_loss_is_survived(cast):
    if not vectors.TABLE.is_there():
        pytest.skip("this database has no pgvector")
    entry = published(cast.a, "新生儿户口登记", "到派出所。")
    published(cast.a, "路灯报修", "打电话。")
    assert actions.embed_entry(actor=SYSTEM, entry_id=entry.pk) == 0, "no model, no vectors, no error"
    vectors.use_model(Double())
    assert actions.reindex(actor=SYSTEM) == 2
    assert "meaning" in str(vectors.health().text) or vectors.health().text
    result = queries.search(cast.actor("agent"), "娃娃落户")
    assert (result.by_meaning, result.good, result.hits[0].entry) == (True, True, entry)
    assert actions.embed_entry(actor=SYSTEM, entry_id=0) == 0
    vectors.use_model(Broken())
    result = queries.search(cast.actor("agent"), "新生儿户口")
    assert (result.by_meaning, result.hits[0].entry) == (False, entry)


def test_a_database_without_vectors_searches_by_words(cast, monkeypatch):
    published(cast.a, "路灯报修", "打电话。")
    monkeypatch.setattr(vectors.TABLE, "is_there", lambda: False)
    assert found(cast, "路灯") == ["路灯报修"]
    assert "pgvector" in vectors.health().text + vectors.health().advice
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    assert vectors.TABLE.prepare() in (True, False)


def test_words_are_counted_and_weigh(cast):
    for number in range(3):
        published(cast.a, f"施工规定{number}", "施工")
    assert actions.count_words(actor=SYSTEM) > 0
    assert WordCount.objects.get(word="").entries == 3
    assert WordCount.objects.get(word="施工").entries == 3


# ---- files, settings, uses


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 3)).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in members.items():
            package.writestr(name.replace("__", "/"), data)
    return buffer.getvalue()


def test_files_are_told_by_their_content(cast):
    entry = published(cast.a)
    manager = cast.actor("manager")
    row = actions.attach(actor=manager, entry_id=entry.pk, name="..\\图<1>.exe", data=png())
    assert (row.name, row.media_type) == ("图1.png", "image/png")
    assert actions.attach(actor=manager, entry_id=entry.pk, name="a.pdf", data=b"%PDF-1.7 x").name == "a.pdf"
    assert actions.attach(actor=manager, entry_id=entry.pk, name="b", data=write_word([{"title": "甲"}])).name == "b.docx"
    for bad in (b"", b"MZ x", b"<html>", b"\x89PNG\r\n\x1a\n broken", b"PK\x03\x04 broken", zipped(a=b"x"), zipped(word__document=b"x", xl__vbaProject=b"y", **{"word__vbaProject.bin": b"z"})):
        with pytest.raises(Invalid):
            actions.attach(actor=manager, entry_id=entry.pk, name="x", data=bad)
    with pytest.raises(NotPermitted):
        actions.attach(actor=cast.actor("other_manager"), entry_id=entry.pk, name="x", data=png())
    actions.remove_file(actor=manager, file_id=row.pk)
    with pytest.raises(NotVisible):
        actions.remove_file(actor=manager, file_id=row.pk)


def test_wishes_have_ranges(cast):
    editor = cast.actor("knowledge_editor")
    assert actions.change_settings(actor=editor, values={"review_months": 12}).review_months == 12
    with pytest.raises(Invalid):
        actions.change_settings(actor=editor, values={"review_months": 0})
    assert Settings.objects.get().review_months == 12


def test_uses_are_counted_by_day(cast):
    entry = published(cast.a)
    agent = cast.actor("agent")
    for _ in range(2):
        actions.count_use(actor=agent, kind="inserted", entry_id=entry.pk)
        actions.count_use(actor=agent, kind="search")
    actions.count_use(actor=agent, kind="miss")
    assert Use.objects.get(kind="inserted").count == 2
    figures = queries.figures()
    assert (figures.searches, figures.hit_percent, figures.inserted, figures.served) == (2, 50, 2, 1)
    with pytest.raises(NotVisible):
        actions.count_use(actor=agent, kind="stolen")


# ---- import and export


def csv_of(*rows: str) -> bytes:
    return ("标题,类别编码,内容,发布单位编码,失效日期,责任人账号\n" + "\n".join(rows)).encode()


def test_an_import_is_checked_first_then_written_once(cast):
    editor = cast.actor("knowledge_editor")
    published(cast.a, "已有条目")
    data = csv_of(
        "新条目,1,正文,A,,", "已有条目,1,新的正文,A,,", "坏日子,1,正文,A,昨天,", "坏单位,1,正文,Z,,", "新条目,1,又一次,A,,", ",1,x,A,,", "无人,1,x,A,,nobody",
        "过期,1,x,A,2020-01-01,",
    )  # fmt: skip
    batch = actions.open_import(actor=editor, file_name="a.csv", data=data)
    assert {fault["row"] for fault in batch.faults} == {4, 5, 6, 7, 8, 9}
    assert queries.own_entries(editor).rows[0].title == "已有条目"
    done = actions.run_import(actor=editor, batch_id=batch.pk)
    assert done.written == 2
    assert {e.state for e in queries.own_entries(editor).rows} == {EntryState.IN_REVIEW, EntryState.REVISION_REVIEW}
    with pytest.raises(Refused):
        actions.run_import(actor=editor, batch_id=batch.pk)
    with pytest.raises(NotVisible):
        batch_for(cast.actor("admin"), batch.pk)
    again = actions.run_import(actor=editor, batch_id=actions.open_import(actor=editor, file_name="a.csv", data=csv_of("新条目,1,再改,A,,")).pk)
    assert (again.written, len(again.faults)) == (0, 1), "a draft in review is not overwritten"


@pytest.mark.parametrize(("name", "data"), [("a.csv", b""), ("a.xlsx", b"PK\x03\x04"), ("a.docx", b"PK\x03\x04"), ("a.docx", zipped(a=b"x"))])
def test_files_that_cannot_be_imported_say_why(cast, name, data):
    with pytest.raises(Invalid):
        actions.open_import(actor=cast.actor("knowledge_editor"), file_name=name, data=data)
    with pytest.raises(NotPermitted):
        actions.open_import(actor=cast.actor("agent"), file_name=name, data=data)


def test_a_malicious_table_writes_nothing(cast):
    editor = cast.actor("knowledge_editor")
    batch = actions.open_import(actor=editor, file_name="a.csv", data=csv_of('"=HYPERLINK(""http://x"")",1,正文,A,,'))
    assert batch.faults
    assert actions.run_import(actor=editor, batch_id=batch.pk).written == 0


def test_word_goes_out_and_comes_back(cast):
    content = "## 材料\n\n- 甲\n- 乙\n\n1. 先\n\n段落\n\n| 项 | 值 |\n| --- | --- |\n| 费 | 免 |"
    published(cast.a, "夜间施工", content, keywords=("施工",), legal_basis="《办法》")
    editor = cast.actor("knowledge_editor")
    data = actions.export(actor=editor, kind="word")
    rows, faults = read_word(data)
    assert faults == []
    assert (rows[0]["title"], rows[0]["unit_code"], rows[0]["keywords"]) == ("夜间施工", "A", "施工")
    for line in ("## 材料", "- 甲", "段落", "| 费 | 免 |"):
        assert line in rows[0]["content"]
    batch = actions.open_import(actor=editor, file_name="a.docx", data=data)
    assert batch.faults == []
    assert b"'" not in actions.export(actor=editor, kind="csv", unit_id=cast.a.pk).split(b"\n")[0]
    with pytest.raises(NotPermitted):
        actions.export(actor=cast.actor("agent"), kind="csv")
    assert read_word(write_word([]))[1]


def test_a_pack_goes_straight_into_force_and_again_changes_nothing(cast):
    rows = [{"row": "2", "title": "甲", "category_code": "1", "content": "乙", "unit_code": "A", "readers": "public"}]
    assert actions.load_entries(actor=SYSTEM, rows=rows) == 1
    assert actions.load_entries(actor=SYSTEM, rows=rows) == 1
    entry = queries.public_entries().rows[0]
    assert (entry.number, found(cast, "甲", who="citizen")) == (1, ["甲"])
    actions.load_entries(actor=SYSTEM, rows=[rows[0] | {"content": "丙"}])
    entry.refresh_from_db()
    assert (entry.number, entry.content) == (2, "丙")
    actions.act(actor=WRITER, entry_id=entry.pk, verb="revise")
    actions.load_entries(actor=SYSTEM, rows=rows)
    entry.refresh_from_db()
    assert entry.content == "丙", "people work on it"
    for wrong in ({"unit_code": "Z"}, {"title": ""}):
        with pytest.raises(Invalid):
            actions.load_entries(actor=SYSTEM, rows=[rows[0] | wrong])


# ---- linked sources


class Feed(BaseHTTPRequestHandler):
    items: list[dict[str, str]] = []  # noqa: RUF012
    mode = "ok"

    def do_GET(self) -> None:
        body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": self.items}).encode()
        if self.mode == "down":
            self.send_error(503)
        elif self.mode == "away":
            self.send_response(302)
            self.send_header("Location", "http://localhost:1/")
            self.end_headers()
        elif self.mode == "same" and self.headers.get("If-None-Match") == "v1":
            self.send_response(304)
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("ETag", "v1")
            self.end_headers()
            self.wfile.write(b"<html>" if self.mode == "html" else body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def feed():
    server = HTTPServer(("127.0.0.1", 0), Feed)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Feed.mode, Feed.items = "ok", [{"id": "1", "title": "惠企政策一", "content_text": "补贴百分之十。"}]
    yield f"http://127.0.0.1:{server.server_address[1]}/feed.json"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_source_is_pulled_reviewed_and_survives_its_failures(cast, feed):
    editor = cast.actor("knowledge_editor")
    values = {"name": "企业服务云", "url": feed, "unit_id": cast.a.pk, "category_code": "1", "material": "guide", "readers": "public", "every_minutes": 60, "enabled": True}
    source = actions.save_source(actor=editor, values=values)
    assert actions.pull_due(actor=SYSTEM) == 1
    entry = queries.own_entries(editor).rows[0]
    assert (entry.title, entry.state, entry.source) == ("惠企政策一", EntryState.IN_REVIEW, source)
    actions.act(actor=editor, entry_id=entry.pk, verb="publish")
    actions.pull_source(actor=editor, source_id=source.pk)
    entry.refresh_from_db()
    assert entry.state == EntryState.PUBLISHED, "the same words change nothing"
    Feed.items = [{"id": "1", "title": "惠企政策一", "content_text": "补贴百分之二十。", "url": "https://x.example/1"}, {"id": "2", "title": "惠企政策一", "content_text": "重名"}]
    assert "1" in actions.pull_source(actor=editor, source_id=source.pk)
    entry.refresh_from_db()
    assert entry.state == EntryState.REVISION_REVIEW
    for mode in ("same", "html", "down", "away"):
        Feed.mode = mode
        actions.pull_source(actor=SYSTEM, source_id=source.pk)
    source.refresh_from_db()
    assert source.failures == 3
    assert source.next_at > clock.now() + timedelta(hours=7)
    actions.save_source(actor=editor, values=values | {"url": "http://127.0.0.1:1/"}, source_id=source.pk)
    actions.pull_source(actor=editor, source_id=source.pk)
    actions.remove_source(actor=editor, source_id=source.pk)
    entry.refresh_from_db()
    assert entry.source is None
    for call in (actions.remove_source, actions.pull_source):
        with pytest.raises(NotVisible):
            call(actor=editor, source_id=source.pk)
    with pytest.raises(NotVisible):
        actions.save_source(actor=editor, values=values, source_id=source.pk)


def test_wrong_sources_are_refused(cast):
    editor = cast.actor("knowledge_editor")
    with pytest.raises(Invalid) as invalid:
        actions.save_source(actor=editor, values={"name": "", "url": "ftp://x", "category_code": "", "material": "", "readers": "", "every_minutes": 1})
    assert set(invalid.value.details) == {"name", "url", "category_code", "material", "readers", "every_minutes", "unit_id"}
    with pytest.raises(NotPermitted):
        actions.save_source(actor=cast.actor("manager"), values={})
    for bad in ("http://a:b@x/", "http://169.254.169.254/latest", "file:///etc/passwd", "http://"):
        assert feeds.check_address(bad)
    with pytest.raises(feeds.FeedDown):
        feeds.fetch("file:///etc/passwd")
    assert not Source.objects.exists()
