"""The pool's pane with the machine's proposals: one key follows them, what a person changes is recorded."""

from __future__ import annotations

import pytest
from django.urls import reverse

from hotline.dispatch import tasks
from hotline.suggestions.models import Label, Suggestion
from hotline.suggestions.queries import proposals_of
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast
from tests.dispatch.test_proposing import says
from tests.dispatch.test_views import entry, noise, post, waiting
from tests.workorders.factories import make_order

pytestmark = pytest.mark.django_db


def pane(cast: Cast, order: WorkOrder, tab: str = "pool") -> str:
    answer = cast.client("dispatcher").get(reverse("dispatch:pane", args=[order.pk]) + f"?tab={tab}")
    return str(answer.content.decode())


@pytest.fixture
def unsorted(city: Cast, monkeypatch: pytest.MonkeyPatch) -> WorkOrder:
    """An order without category or place, read by the machine."""
    says(monkeypatch, ("02.01.01", 0.92), ("02.01.02", 0.05))
    entry(city)
    Label.objects.create(name="夜间施工", words=["夜里施工"])
    order = make_order(city, category_id=None, title="夜里施工", content="甲区一街道夜里施工，很吵。")
    tasks.propose(order_id=order.pk)
    return order


def test_who_saw_the_proposals_at_the_desk_saw_them_first(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.01", 0.9))
    order = make_order(city, category_id=None, title="夜里施工", content="甲区一街道夜里施工，很吵。")
    agent = city.actor("agent").key()
    tasks.propose(order_id=order.pk, seen_by=agent)
    pane(city, order)
    assert {(one.shown_to, one.shown_at) for one in proposals_of(order.pk).values()} == {(agent, order.created_at)}


def test_enter_sends_as_proposed(city: Cast, unsorted: WorkOrder) -> None:
    page = pane(city, unsorted)
    assert page.count("data-enter") >= 1
    assert page.index("send-proposed") < page.index('data-opens="choose"')
    assert "92" in page
    assert noise().path_name in page
    row = proposals_of(unsorted.pk)["category"]
    assert row.shown_to == city.actor("dispatcher").key()
    fields = {"category": "02.01.01", "division": "310106010000", "unit_id": str(city.a.pk)}
    answer = post(city, "send_proposed", unsorted.pk, revision=unsorted.revision, **fields)
    assert answer.status_code == 204
    unsorted.refresh_from_db()
    assert (unsorted.category, unsorted.division_id) == (noise(), "310106010000")
    assert (unsorted.state, unsorted.lead_unit_id) == ("pending_sign", city.a.pk)
    tasks.settle(order_id=unsorted.pk)
    outcomes = dict(Suggestion.objects.filter(order=unsorted).values_list("kind", "outcome"))
    assert (outcomes["category"], outcomes["place"], outcomes["unit"]) == ("accepted", "accepted", "accepted")


def test_enter_says_who_is_to_assist(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.01", 0.92))
    entry(city, assistant_ids=[city.b.pk])
    order = make_order(city, category_id=None, title="夜里施工", content="甲区一街道夜里施工，很吵。")
    tasks.propose(order_id=order.pk)
    page = pane(city, order)
    form = page[page.index("send-proposed") :].split("</form>")[0]
    assert f"协办：{city.b.name}" in form or f"协办: {city.b.name}" in form


def test_what_is_wrong_is_refused_and_nothing_changes(city: Cast, unsorted: WorkOrder) -> None:
    assert post(city, "send_proposed", unsorted.pk, category="02.01.01").status_code == 422
    assert post(city, "send_proposed", unsorted.pk, category="nowhere", unit_id=city.a.pk).status_code == 422
    assert post(city, "send_proposed", unsorted.pk, category="02.01.01", unit_id=10**9).status_code >= 400
    assert post(city, "send_proposed", unsorted.pk, "handler", unit_id=city.a.pk).status_code == 403
    unsorted.refresh_from_db()
    assert unsorted.category is None


def test_another_category_is_offered_and_taken_by_a_key(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.02", 0.88))
    entry(city)
    order = waiting(city)
    before = pane(city, order)
    assert f'hx-trigger="live:order:{order.pk} from:body"' in before, "the proposals come when they are made"
    tasks.propose(order_id=order.pk)
    page = pane(city, order)
    assert 'data-key="y"' in page
    assert "88" in page
    post(city, "correct", order.pk, revision=order.revision, category="02.01.02", tab="pool")
    order.refresh_from_db()
    assert order.category is not None
    assert order.category.code == "02.01.02"
    assert "系统识别的分类一致" in pane(city, order)


def test_labels_and_risk_stand_in_the_pane_and_in_review(city: Cast, unsorted: WorkOrder) -> None:
    assert "夜间施工" in pane(city, unsorted)
    section = city.client("dispatcher").get(reverse("dispatch:proposed", args=[unsorted.pk]))
    assert 'data-key="b"' in section.content.decode()
    risky = make_order(city, reviewed=False, title="扬言放火", content="他扬言要放火。")
    tasks.propose(order_id=risky.pk)
    page = pane(city, risky, "review")
    assert "「扬言」" in page
    assert reverse("suggestions:answer_risk", args=[risky.pk]) in page
    assert city.client("handler").get(reverse("dispatch:proposed", args=[risky.pk])).status_code == 403


def test_a_row_blames_the_catalogue_only_when_it_was_asked(city: Cast) -> None:
    client, words = city.client("dispatcher"), "目录无对应单位"
    bare = make_order(city, category_id=None, title="说不清的事")
    assert f'data-order="{bare.pk}"' in (page := client.get(reverse("dispatch:rows")).content.decode())
    assert words not in page
    waiting(city)
    assert words in client.get(reverse("dispatch:rows")).content.decode()
