"""Through the pages and the jobs as they run by themselves: an entry to its end, a question without answer to its answer."""

from __future__ import annotations

import re

import pytest
import time_machine

from hotline.knowledge import tasks
from hotline.knowledge.models import Duty, DutyState, Entry
from tests.knowledge.test_views import form_of

pytestmark = pytest.mark.django_db


def shown(client, address, **query):
    answer = client.get(address, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_entry_warns_its_unit_ends_by_itself_and_comes_back_revised(cast, client):
    with time_machine.travel("2026-11-02 09:00+08:00", tick=False):
        writer, editor = cast.client("manager"), cast.client("knowledge_editor")
        writer.post("/knowledge/base/new/", form_of(cast.a, title="冬季取暖补贴", valid_to="2026-11-20", submit="1"))
        entry = Entry.objects.get()
        page = f"/knowledge/base/{entry.pk}/"
        assert f"/knowledge/{entry.pk}/" not in shown(client, "/knowledge/", q="冬季取暖补贴")
        assert editor.post(f"{page}do/publish/").status_code == 302
        assert f'/knowledge/{entry.pk}/' in shown(client, "/knowledge/", q="冬季取暖补贴")
        tasks.scan(timestamp=0)
        assert "冬季取暖补贴" in shown(writer, "/knowledge/duties/", kind="expiring")
        assert "冬季取暖补贴" not in shown(cast.client("other_manager"), "/knowledge/duties/", kind="expiring")
    with time_machine.travel("2026-11-21 00:10+08:00", tick=False):
        # Out of force at midnight, whether or not the scanner has come by.
        assert f'/knowledge/{entry.pk}/' not in shown(client, "/knowledge/", q="冬季取暖补贴")
        tasks.scan(timestamp=0)
        entry.refresh_from_db()
        assert entry.state == "expired"
        writer = cast.client("manager")
        assert "冬季取暖补贴" in shown(writer, "/knowledge/mine/", state="expired")
        writer.post(f"{page}do/revise/")
        entry.refresh_from_db()
        writer.post(
            f"{page}edit/",
            form_of(cast.a, title="冬季取暖补贴", content="新标准每户五百元。", valid_to="2027-11-20", revision=entry.revision, submit="1"),
        )
        assert cast.client("knowledge_editor").post(f"{page}do/publish/").status_code == 302
        assert "五百元" in shown(client, f"/knowledge/{entry.pk}/")
        assert not Duty.objects.filter(state=DutyState.OPEN).exists()


def test_a_question_without_answer_becomes_a_duty_then_an_answer(cast, client):
    agent = cast.client("agent")
    # Who asks the same again within the hour counts once.
    for asker, words in (
        (agent, "共享单车押金怎么退"),
        (agent, "共享单车押金怎么退"),
        (cast.client("follow_up"), "共享单车押金怎么退"),
        (agent, "共享单车押金怎么退款"),
    ):
        shown(asker, "/knowledge/base/", q=words)
    tasks.gather_gaps(timestamp=0)
    duty = Duty.objects.get(kind="gap")
    assert duty.unit == cast.hub  # nobody near: the centre decides whose it is
    keeper = cast.client("knowledge_editor")
    assert "共享单车押金" in shown(keeper, "/knowledge/duties/", kind="gap")
    assert keeper.post(f"/knowledge/duties/{duty.pk}/pass/", {"unit_id": cast.a.code, "reason": "主管部门"}).status_code == 302
    writer = cast.client("manager")
    begun = shown(writer, "/knowledge/base/new/", duty=duty.pk)
    assert re.search(r"共享单车押金怎么退", begun)
    answered = writer.post(
        f"/knowledge/base/new/?duty={duty.pk}",
        form_of(cast.a, title="共享单车押金退还", content="在应用里申请，七日内退还。", questions="共享单车押金怎么退", submit="1", duty=str(duty.pk)),
    )
    assert answered.status_code == 302
    entry = Entry.objects.get()
    assert keeper.post(f"/knowledge/base/{entry.pk}/do/publish/").status_code == 302
    duty.refresh_from_db()
    assert (duty.state, duty.entry) == (DutyState.DONE, entry)
    assert f"/knowledge/{entry.pk}/" in shown(client, "/knowledge/", q="共享单车押金怎么退")
    shown(agent, "/knowledge/base/", q="共享单车押金怎么退")
    assert tasks.gather_gaps(timestamp=0) == {"joined": 0, "made": 0}
