"""Who sees what; what lists find; how many statements pages need."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hotline.kit import clock
from hotline.kit.errors import NotVisible
from hotline.workorders import actions
from hotline.workorders import city as settings_of_city
from hotline.workorders.models import Assignment, Clock, OrderAccess, Supervision, WorkOrder
from hotline.workorders.queries import board, inbox
from hotline.workorders.queries.board import Trouble
from hotline.workorders.queries.filters import OrderFilters
from hotline.workorders.queries.inbox import Pile
from hotline.workorders.queries.lists import Sort, list_orders
from hotline.workorders.queries.offers import actions_for
from hotline.workorders.queries.page import order_for_page, order_page, timeline, who_can
from hotline.workorders.queries.visibility import area_prefix, get_visible, visible_to, ways_of
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.workorders.factories import closed, dispatched, fresh, make_order, replied, signed


def numbers(rows: Any) -> set[str]:
    return {row.number for row in rows}


# ── visibility ──


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("agent", True), ("dispatcher", True), ("reviewer", True), ("leader", True), ("manager", True), ("handler", True),
        ("street_handler", False), ("other_handler", False), ("admin", False), ("auditor", False), ("anonymous", False), ("citizen", True),
    ],
)  # fmt: skip
def test_order_at_a_unit_is_seen_by_the_city_and_that_unit(city: Cast, who: str, sees: bool) -> None:
    assignment = signed(city, citizen_id=city.citizen.pk)
    assert visible_to(city.actor(who)).filter(pk=assignment.order_id).exists() is sees


def test_order_sent_down_is_seen_above_and_below_but_not_beside(city: Cast) -> None:
    assignment = signed(city)
    actions.send_down(actor=city.actor("handler"), assignment_id=assignment.pk, unit_id=city.street.pk)
    for who, sees in (
        ("street_handler", True),
        ("manager", True),
        ("station_handler", False),
        ("other_handler", False),
    ):
        assert visible_to(city.actor(who)).filter(pk=assignment.order_id).exists() is sees, who


def test_confidential_order_is_only_for_named_handlers(city: Cast) -> None:
    assignment = signed(city, secret=False)
    WorkOrder.objects.filter(pk=assignment.order_id).update(secret=True)
    OrderAccess.objects.filter(order_id=assignment.order_id).delete()
    for who in ("agent", "dispatcher", "leader", "manager", "handler", "supervisor"):
        assert not visible_to(city.actor(who)).filter(pk=assignment.order_id).exists(), who
        with pytest.raises(NotVisible):
            get_visible(city.actor(who), assignment.order_id)
    OrderAccess.objects.create(order_id=assignment.order_id, person=city.handler, granted_by="x", reason="x")
    assert get_visible(city.actor("handler"), assignment.order_id).pk == assignment.order_id
    page = list_orders(city.actor("handler"), OrderFilters(), now=clock.now()).page
    assert [row.pk for row in page.rows] == [assignment.order_id]
    assert not list_orders(city.actor("manager"), OrderFilters(), now=clock.now()).page.rows


def test_marked_grant_sees_confidential_orders_within_its_reach(city: Cast) -> None:
    assignment = signed(city)
    WorkOrder.objects.filter(pk=assignment.order_id).update(secret=True)
    OrderAccess.objects.all().delete()
    city.person("manager").memberships.update(handles_secret=True)
    assert visible_to(city.actor("manager")).filter(pk=assignment.order_id).exists()
    city.person("other_manager").memberships.update(handles_secret=True)
    assert not visible_to(city.actor("other_manager")).filter(pk=assignment.order_id).exists()


def test_units_below_one_another_are_one_way(city: Cast) -> None:
    both = make_person("兼职", ("handler", city.a), ("unit_manager", city.street))
    from hotline.accounts.queries import actor_for

    assert [way.unit_id for way in ways_of(actor_for(both))] == [city.a.pk]


def test_area_limits_a_role_of_the_city(city: Cast) -> None:
    person = make_person("区督办", ("supervisor", city.hub))
    person.memberships.update(area_code="310106000000")
    from hotline.accounts.queries import actor_for
    from tests.workorders.test_queries import division

    inside = make_order(city, division_id=division("310106010000"))
    outside = make_order(city, division_id=division("310115010000"))
    assert numbers(visible_to(actor_for(person))) == {inside.number}
    assert outside.number not in numbers(visible_to(actor_for(person)))


def division(code: str) -> str:
    from hotline.places.models import Division

    for width, level in ((2, 1), (6, 3), (9, 4)):
        pk = code[:width].ljust(12, "0")
        Division.objects.get_or_create(pk=pk, defaults={"name": pk[:width], "level": level, "path_name": pk})
    return code


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("310000000000", "31"),
        ("310100000000", "3101"),
        ("310106000000", "310106"),
        ("310106020000", "310106020"),
        ("310106020001", "310106020001"),
    ],
)
def test_area_prefix(code: str, prefix: str) -> None:
    assert area_prefix(code) == prefix


# ── lists ──


def test_paging_forth_and_back_meets_every_order_once(city: Cast) -> None:
    for _ in range(7):
        dispatched(city)
    for who in ("dispatcher", "manager"):
        seen: list[str] = []
        cursor, pages = "", []
        while True:
            page = list_orders(city.actor(who), OrderFilters(), now=clock.now(), cursor=cursor, size=3).page
            seen += [row.number for row in page.rows]
            pages.append([row.number for row in page.rows])
            if not page.next:
                break
            cursor = page.next
        assert len(seen) == len(set(seen)) == 7
        assert seen == sorted(seen, reverse=True)
        back = list_orders(
            city.actor(who), OrderFilters(), now=clock.now(), cursor=page.previous, size=3
        ).page
        assert [row.number for row in back.rows] == pages[-2]


def test_filters(city: Cast) -> None:
    one = dispatched(city, title="路灯不亮", content="路口的路灯连续三晚不亮", urgency="urgent").order
    two = make_order(
        city, title="占道经营", content="早市占道经营影响通行", channel="web", demand_type="suggestion"
    )
    actor, now = city.actor("dispatcher"), clock.now()

    def found(**given: Any) -> set[str]:
        return numbers(list_orders(actor, OrderFilters(**given), now=now).page.rows)

    assert found(states=("with_hub",)) == {two.number}
    assert found(states=("pending_sign",)) == {one.number}
    assert found(unit_id=city.a.pk) == {one.number}
    assert found(unit_id=city.b.pk) == set()
    assert found(urgencies=("urgent",)) == {one.number}
    assert found(demand_types=("suggestion",)) == {two.number}
    assert found(channels=("web",)) == {two.number}
    assert found(words="路灯") == {one.number}
    assert found(words="占道 经营") == {two.number}
    assert found(words="路灯 占道") == set()
    assert found(words="，。！") == set()
    assert found(words="路灯", unit_id=city.b.pk) == set()
    assert found(number=two.number) == {two.number}
    assert found(since=clock.today() + timedelta(days=1)) == set()
    assert found(until=clock.today()) == {one.number, two.number}
    WorkOrder.objects.filter(pk=one.pk).update(
        due_at=now - timedelta(hours=1), return_count=1, supervised=True, round=2
    )
    assert found(flags=("overdue",)) == {one.number}
    assert found(flags=("overdue", "supervised", "redo", "returned")) == {one.number}
    assert found(flags=("due_soon",)) == set()
    WorkOrder.objects.filter(pk=one.pk).update(state="closed", closed_at=now)
    assert found(flags=("overdue",)) == set()


def test_due_order_lists_open_orders_only(city: Cast) -> None:
    first, second, third = (make_order(city) for _ in range(3))
    now = clock.now()
    WorkOrder.objects.filter(pk=first.pk).update(due_at=now + timedelta(days=3))
    WorkOrder.objects.filter(pk=second.pk).update(due_at=now + timedelta(days=1))
    WorkOrder.objects.filter(pk=third.pk).update(state="closed", closed_at=now)
    listing = list_orders(city.actor("dispatcher"), OrderFilters(), now=now, sort=Sort.DUE)
    assert [row.pk for row in listing.page.rows] == [second.pk, first.pk]


def test_matches_are_ranked_and_paged(city: Cast) -> None:
    for place in range(5):
        make_order(city, title=f"噪声{place}", content="工地夜间噪声" * (place + 1))
    seen: list[int] = []
    cursor = ""
    while True:
        listing = list_orders(
            city.actor("dispatcher"),
            OrderFilters(words="噪声"),
            now=clock.now(),
            sort=Sort.RELEVANCE,
            cursor=cursor,
            size=2,
        )
        seen += [row.pk for row in listing.page.rows]
        cursor = listing.page.next
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 5
    assert listing.page.previous


def test_broken_cursor_gives_the_first_page(city: Cast) -> None:
    make_order(city)
    for cursor in ("x", "bm9uc2Vuc2U", "W10"):
        assert list_orders(city.actor("dispatcher"), OrderFilters(), now=clock.now(), cursor=cursor).page.rows
        assert list_orders(
            city.actor("dispatcher"), OrderFilters(words="噪声"), now=clock.now(), cursor=cursor
        ).page.rows


# ── inbox, board ──


def test_piles(city: Cast) -> None:
    to_sign = dispatched(city)
    to_contact = signed(city)
    in_hand = signed(city)
    actions.record_contact(
        actor=city.actor("handler"), assignment_id=in_hand.pk, reached=True, person="承办人"
    )
    waiting = replied(city)
    units = inbox.handling_units(city.actor("handler"))
    assert units == (city.a.pk,)

    def pile(which: Pile, who: str = "handler") -> list[int]:
        return [row.pk for row in inbox.pile(city.actor(who), which, units).rows]

    assert pile(Pile.TO_SIGN) == [to_sign.pk]
    assert pile(Pile.TO_CONTACT) == [to_contact.pk]
    assert pile(Pile.IN_HAND) == [in_hand.pk]
    assert pile(Pile.TO_REVIEW) == []
    assert pile(Pile.TO_REVIEW, "reviewer") == [waiting.pk]
    load = inbox.load(city.actor("handler"), units, now=clock.now())
    assert load.counts == {
        Pile.TO_SIGN: 1,
        Pile.TO_CONTACT: 1,
        Pile.IN_HAND: 1,
        Pile.TO_REVIEW: 0,
    }
    assert len(load.week) == 7
    assert sum(day.due for day in load.week) + load.week[0].late <= 3
    now = clock.now()
    Assignment.objects.filter(pk__in=[to_sign.pk, waiting.pk]).update(due_at=now - timedelta(hours=1))
    Assignment.objects.filter(pk=to_contact.pk).update(due_at=now + timedelta(days=1))
    Assignment.objects.filter(pk=in_hand.pk).update(due_at=now + timedelta(days=9))
    week = inbox.load(city.actor("handler"), units, now=now).week
    assert [day.late for day in week] == [1, 0, 0, 0, 0, 0, 0]  # what was replied to is nobody's debt here
    assert [day.due for day in week] == [0, 1, 0, 0, 0, 0, 0]
    assert pile(Pile.TO_SIGN, "handler")
    assert not inbox.pile(city.actor("other_handler"), Pile.TO_SIGN, (city.b.pk,)).rows


def test_reply_from_below_waits_for_the_unit_above(city: Cast) -> None:
    from hotline.workorders.rules import ReplyForm
    from tests.workorders.factories import GOOD_REPLY

    assignment = signed(city)
    actions.send_down(actor=city.actor("handler"), assignment_id=assignment.pk, unit_id=city.street.pk)
    below = Assignment.objects.get(parent=assignment)
    actions.sign(actor=city.actor("street_handler"), assignment_id=below.pk)
    actions.submit_reply(
        actor=city.actor("street_handler"), assignment_id=below.pk, form=ReplyForm(**GOOD_REPLY)
    )
    assert [row.pk for row in inbox.to_review(city.actor("manager"))] == [below.pk]
    assert not inbox.to_review(city.actor("reviewer"))
    assert not inbox.to_review(city.actor("other_manager"))


def test_board(city: Cast) -> None:
    late = dispatched(city, unit="a").order
    other = dispatched(city, unit="b").order
    now = clock.now()
    WorkOrder.objects.filter(pk=late.pk).update(due_at=now - timedelta(days=1), return_count=2, redo_count=2)
    WorkOrder.objects.filter(pk=other.pk).update(due_at=now + timedelta(hours=2))
    actor = city.actor("supervisor")
    for trouble, expected in (
        (Trouble.OVERDUE, [late.pk]), (Trouble.DUE_SOON, [other.pk]), (Trouble.RETURNED, [late.pk]), (Trouble.DISSATISFIED, [late.pk]),
        (Trouble.LISTED, []), (Trouble.PING_PONG, []),
    ):  # fmt: skip
        assert [row.pk for row in board.troubled(actor, trouble, now=now).rows] == expected, trouble
    assert not board.troubled(actor, Trouble.OVERDUE, now=now, unit_id=city.b.pk).rows
    overview = board.overview(actor, now=now)
    assert overview.totals["overdue"] == 1
    assert {place.name: place.counts["overdue"] for place in overview.units} == {
        city.a.short_name: 1,
        city.b.short_name: 0,
    }
    actions.list_case(actor=actor, order_id=late.pk, reason_code="long", text="多次超期")
    assert [row.order_id for row in board.listed_cases(actor).rows] == [late.pk]
    assert Supervision.objects.count() == 1


def test_order_that_comes_back_is_seen_as_ping_pong(city: Cast) -> None:
    assignment = signed(city)
    application = actions.apply(
        actor=city.actor("handler"),
        assignment_id=assignment.pk,
        kind="return",
        reason_code="not_our_duty",
        text="不属于本单位",
        basis="三定规定",
    )
    actions.decide_application(actor=city.actor("dispatcher"), application_id=application.pk, approve=True)
    order = fresh(assignment).order
    assert not board.troubled(city.actor("supervisor"), Trouble.PING_PONG, now=clock.now()).rows
    actions.dispatch_order(actor=city.actor("dispatcher"), order_id=order.pk, lead_unit_id=city.a.pk)
    assert [
        row.pk for row in board.troubled(city.actor("supervisor"), Trouble.PING_PONG, now=clock.now()).rows
    ] == [order.pk]


# ── the page ──


def offered(cast: Cast, who: str, order: WorkOrder) -> set[str]:
    return {offer.verb for offer in actions_for(cast.actor(who), order, now=clock.now()) if offer.allowed}


def test_offers_follow_state_place_and_role(city: Cast) -> None:
    order = make_order(city)
    assert {"dispatch", "claim", "dispute"} <= offered(city, "dispatcher", order)
    assert "sign" not in offered(city, "handler", order)
    assignment = dispatched(city, order)
    order = fresh(order)
    assert "sign" in offered(city, "handler", order)
    assert "sign" not in offered(city, "other_handler", order)
    assert "dispatch" not in offered(city, "dispatcher", order)
    actions.sign(actor=city.actor("handler"), assignment_id=assignment.pk)
    order = fresh(order)
    assert {
        "reply",
        "contact",
        "send_down",
        "ask_assistance",
        "apply_return",
        "apply_extension",
        "apply_hold",
    } <= offered(city, "handler", order)
    assert offered(city, "auditor", order) == set()


def test_what_cannot_be_done_now_says_why(city: Cast) -> None:
    assignment = signed(city)
    actions.send_down(actor=city.actor("handler"), assignment_id=assignment.pk, unit_id=city.street.pk)
    offers = {
        offer.verb: offer
        for offer in actions_for(city.actor("handler"), fresh(assignment).order, now=clock.now())
    }
    assert not offers["reply"].allowed
    assert offers["reply"].reason


def test_offer_never_promises_what_the_action_refuses(city: Cast) -> None:
    """Each plain offer of each stage is carried out: none may be refused."""
    plain = {"sign", "take", "claim", "release", "pass_review", "archive"}
    orders = [
        make_order(city, reviewed=False),
        make_order(city),
        dispatched(city).order,
        signed(city).order,
        closed(city),
    ]
    tried = 0
    for order in orders:
        for who in ("dispatcher", "handler", "shift_leader", "reviewer"):
            for offer in actions_for(city.actor(who), fresh(order), now=clock.now()):
                if offer.verb in plain and offer.allowed:
                    target = (
                        {"assignment_id": offer.assignment.pk} if offer.assignment else {"order_id": order.pk}
                    )
                    getattr(actions, offer.verb)(actor=city.actor(who), **target)
                    tried += 1
    assert tried >= 5


def test_timeline_hides_words_for_the_centre_and_shows_the_public_part(city: Cast) -> None:
    order = signed(city).order
    actions.add_note(actor=city.actor("dispatcher"), order_id=order.pk, text="仅中心可见", audience="hub")
    actions.add_note(actor=city.actor("dispatcher"), order_id=order.pk, text="告知市民", audience="public")
    entries, _page = timeline(city.actor("handler"), order)
    assert "仅中心可见" not in {entry.text for entry in entries}
    assert any(entry.hidden for entry in entries)
    entries, _page = timeline(city.actor("dispatcher"), order)
    assert "仅中心可见" in {entry.text for entry in entries}
    public, _page = timeline(city.actor("handler"), order, show="public")
    assert {"告知市民"} == {entry.text for entry in public if entry.text}
    mine, _page = timeline(city.actor("handler"), order, show="mine")
    assert {entry.event.verb for entry in mine} == {"sign"}


def test_who_can_tells_roles_and_reasons(city: Cast) -> None:
    order = signed(city).order
    for who in ("reviewer", "other_handler"):
        city.person(who)
    readers, more = who_can(fresh(order))
    people = {reader.person.pk: reader for reader in readers}
    assert city.handler.pk in people
    assert people[city.handler.pk].why
    assert people[city.handler.pk].verbs
    assert city.other_handler.pk not in people
    assert not more


def test_page_of_an_order_needs_few_statements(city: Cast, settings: Any) -> None:
    order = replied(city).order
    settings.TESTING = False  # the city's settings are kept between statements, as in production
    settings_of_city.forget()
    actor = city.actor("reviewer")
    order_page(actor, order_for_page(actor, order.number), now=clock.now())
    with CaptureQueriesContext(
        connection,
    ) as taken:
        page = order_page(actor, order_for_page(actor, order.number), now=clock.now())
        timeline(actor, page.order)
    settings_of_city.forget()
    assert len(taken) <= 13, "\n".join(query["sql"][:120] for query in taken)
    assert page.main_clock is not None
    assert next(offer.verb for offer in page.buttons if offer.allowed) == "approve_reply"
    assert Clock.objects.filter(order=order).exists()
