"""Who wants no calls: noted by whom they told, found by the whole number, paged; and how much a list may be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hotline.accounts.queries import find_citizen
from hotline.audit.models import AuditEntry
from hotline.campaigns import actions, queries
from hotline.campaigns.models import Campaign, OptOut
from hotline.campaigns.queries.pages import MOST_CAMPAIGNS
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotPermitted
from tests.accounts.cast import Cast
from tests.accounts.factories import make_citizen
from tests.campaigns.factories import GIVEN

pytestmark = pytest.mark.django_db
PAGE = "campaigns:opt_outs"


def test_an_agent_notes_what_a_citizen_said(cast: Cast):
    agent = cast.client("agent")
    answer = agent.post(reverse(PAGE), {"phone": "139 0000 0001", "reason": "来电时说的"}, follow=True)
    assert "不再" in answer.content.decode()
    row = OptOut.objects.get()
    assert (row.reason, row.by) == ("来电时说的", cast.actor("agent").key())
    assert AuditEntry.objects.filter(verb="campaigns.opt_out", object_id=str(row.citizen_id)).count() == 1
    assert queries.opt_outs(cast.actor("agent")).rows == [], "the list of all is not an agent's"
    assert "139****0001" in agent.get(reverse(PAGE), {"phone": "13900000001"}).content.decode()
    agent.post(reverse(PAGE), {"phone": "13900000001", "reason": "又说了一遍"})
    assert OptOut.objects.get().reason == "来电时说的", "the first note stays"


@pytest.mark.parametrize(
    ("given", "field"),
    [({"phone": "12", "reason": "x"}, "phone"), ({"phone": "电话", "reason": "x"}, "phone"), ({"phone": "13900000001", "reason": " "}, "reason")],
)
def test_what_cannot_be_noted(cast: Cast, given, field):
    with pytest.raises(Invalid) as refused:
        actions.note_opt_out(actor=cast.actor("agent"), **given)
    assert set(refused.value.details) == {field}
    assert cast.client("agent").post(reverse(PAGE), given).status_code == 422
    assert not OptOut.objects.exists()
    assert find_citizen("13900000001") is None


def test_who_speaks_with_no_citizen_notes_nothing(cast: Cast):
    with pytest.raises(NotPermitted):
        actions.note_opt_out(actor=cast.actor("dispatcher"), phone="13900000001", reason="x")
    assert cast.client("dispatcher").get(reverse(PAGE)).status_code == 403
    row = actions.note_opt_out(actor=cast.actor("agent"), phone="13900000001", reason="x")
    with pytest.raises(NotPermitted):
        actions.take_opt_out_back(actor=cast.actor("agent"), citizen_id=row.citizen_id)


def test_every_one_of_them_can_be_reached(cast: Cast, leader, monkeypatch):
    monkeypatch.setattr("hotline.campaigns.queries.pages.MOST_SHOWN", 2)
    for number in range(5):
        OptOut.objects.create(citizen=make_citizen(f"1390000000{number}", "甲"), by="system:x", at=now() + timedelta(seconds=number))
    seen, cursor = [], ""
    while True:
        page = queries.opt_outs(leader, cursor=cursor)
        seen += [one.citizen.phone_mask for one in page.rows]
        cursor = page.next
        if not cursor:
            break
    assert len(seen) == len(OptOut.objects.all()) == 5


def test_the_list_of_campaigns_costs_the_same_at_any_length(leader):
    for number in range(MOST_CAMPAIGNS + 5):
        actions.save(actor=leader, campaign_id=None, given={**GIVEN, "name": f"第{number}次"})
    with CaptureQueriesContext(connection) as asked:
        rows, first = queries.campaigns(leader)
    assert len(asked) == 2
    assert len(rows) == MOST_CAMPAIGNS
    assert len(queries.campaigns(leader, cursor=first.next)[0]) == Campaign.objects.count() - MOST_CAMPAIGNS


def test_a_file_that_is_too_large_is_read_no_further_than_its_limit(cast: Cast, leader, monkeypatch):
    row = actions.save(actor=leader, campaign_id=None, given=GIVEN)
    read = []

    def add_list(**given):
        read.append(len(given["data"]))
        return kept(**given)

    kept = actions.add_list
    monkeypatch.setattr(actions, "add_list", add_list)
    file = SimpleUploadedFile("名单.csv", b"phone\n" + b"13900000001\n" * 400_000)
    answer = cast.client("shift_leader").post(reverse("campaigns:add_list", args=[row.pk]), {"file": file})
    assert answer.status_code == 422
    assert "2 MB" in answer.content.decode()
    assert read == [actions.MOST_BYTES + 1]
    assert not row.targets.exists()
