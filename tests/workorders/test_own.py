"""What a member of staff keeps of their own: saved views, presence."""

from __future__ import annotations

import pytest

from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders.actions import presence, views
from hotline.workorders.models import Presence, SavedView
from tests.accounts.cast import Cast
from tests.workorders.factories import make_order, signed


@pytest.mark.parametrize("name", ["", "  ", "长" * 61])
def test_a_view_has_a_short_name(city: Cast, name: str) -> None:
    with pytest.raises(Invalid):
        views.save_view(actor=city.actor("handler"), name=name, query={}, columns=())
    assert not SavedView.objects.exists()


def test_the_same_name_replaces_and_so_many_are_enough(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "MOST", 1)
    handler = city.actor("handler")
    first = views.save_view(actor=handler, name="超期", query={"card": ["red"]}, columns=("title",))
    with pytest.raises(Refused) as refusal:
        views.save_view(actor=handler, name="临期", query={}, columns=())
    assert refusal.value.code == "too_many"
    again = views.save_view(actor=handler, name=" 超期 ", query={"card": ["yellow"]}, columns=())
    assert (again.pk, again.query, again.columns) == (first.pk, {"card": ["yellow"]}, [])
    with pytest.raises(NotVisible):
        views.delete_view(actor=city.actor("dispatcher"), view_id=first.pk)
    views.delete_view(actor=handler, view_id=first.pk)
    assert not SavedView.objects.exists()


def test_presence_is_of_staff_who_see_the_order(city: Cast) -> None:
    order = signed(city).order
    presence.beat(actor=city.actor("handler"), order_id=order.pk, editing="reply")
    presence.beat(actor=city.actor("dispatcher"), order_id=order.pk, editing="no such act")
    assert dict(Presence.objects.values_list("person_id", "editing")) == {
        city.handler.pk: "reply",
        city.dispatcher.pk: "",
    }
    with pytest.raises(NotVisible):
        presence.beat(actor=city.actor("other_handler"), order_id=order.pk)
    own = make_order(city, citizen_id=city.citizen.pk)
    presence.beat(actor=city.actor("citizen"), order_id=own.pk)
    assert not Presence.objects.filter(order=own).exists()
    presence.beat(actor=city.actor("handler"), order_id=order.pk, leaving=True)
    assert [row.person_id for row in Presence.objects.all()] == [city.dispatcher.pk]
