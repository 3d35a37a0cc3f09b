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
from hotline.workorders.queries.lists import Sort, count_capped, list_orders, matching
from hotline.workorders.queries.offers import actions_for
from hotline.workorders.queries.page import order_for_page, order_page, timeline, who_can
from hotline.workorders.queries.visibility import area_prefix, get_visible, visible_to, ways_of
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.workorders.factories import closed, dispatched, fresh, make_city, make_order, replied, signed


@pytest.fixture
def town(cast: Cast) -> Cast:
    make_city(cast)
    return cast


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
def test_order_at_a_unit_is_seen_by_the_city_and_that_unit(town: Cast, who: str, sees: bool) -> None:
    assignment = signed(town, citizen_id=town.citizen.pk)
    assert visible_to(town.actor(who)).filter(pk=assignment.order_id).exists() is sees


def test_order_sent_down_is_seen_above_and_below_but_not_beside(town: Cast) -> None:
    assignment = signed(town)
    actions.send_down(actor=town.actor("handler"), assignment_id=assignment.pk, unit_id=town.street.pk)
    for who, sees in (
        ("street_handler", True),
        ("manager", True),
        ("station_handler", False),
        ("other_handler", False),
    ):
        assert visible_to(town.actor(who)).filter(pk=assignment.order_id).exists() is sees, who


def test_confidential_order_is_only_for_named_handlers(town: Cast) -> None:
    assignment = signed(town, secret=False)
    WorkOrder.objects.filter(pk=assignment.order_id).update(secret=True)
    OrderAccess.objects.filter(order_id=assignment.order_id).delete()
    for who in ("agent", "dispatcher", "leader", "manager", "handler", "supervisor"):
        assert not visible_to(town.actor(who)).filter(pk=assignment.order_id).exists(), who
        with pytest.raises(NotVisible):
            get_visible(town.actor(who), assignment.order_id)
    OrderAccess.objects.create(order_id=assignment.order_id, person=town.handler, granted_by="x", reason="x")
    assert get_visible(town.actor("handler"), assignment.order_id).pk == assignment.order_id
    page = list_orders(town.actor("handler"), OrderFilters(), now=clock.now()).page
    assert [row.pk for row in page.rows] == [assignment.order_id]
    assert not list_orders(town.actor("manager"), OrderFilters(), now=clock.now()).page.rows


def test_marked_grant_sees_confidential_orders_within_its_reach(town: Cast) -> None:
    assignment = signed(town)
    WorkOrder.objects.filter(pk=assignment.order_id).update(secret=True)
    OrderAccess.objects.all().delete()
    town.person("manager").memberships.update(handles_secret=True)
    assert visible_to(town.actor("manager")).filter(pk=assignment.order_id).exists()
    town.person("other_manager").memberships.update(handles_secret=True)
    assert not visible_to(town.actor("other_manager")).filter(pk=assignment.order_id).exists()


def test_units_below_one_another_are_one_way(town: Cast) -> None:
    both = make_person("兼职", ("handler", town.a), ("unit_manager", town.street))
    from hotline.accounts.queries import actor_for

    assert [way.unit_id for way in ways_of(actor_for(both))] == [town.a.pk]


def test_area_limits_a_role_of_the_city(town: Cast) -> None:
    person = make_person("区督办", ("supervisor", town.hub))
    person.memberships.update(area_code="310106000000")
    from hotline.accounts.queries import actor_for
    from tests.workorders.test_queries import division

    inside = make_order(town, division_id=division("310106010000"))
    outside = make_order(town, division_id=division("310115010000"))
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


def test_paging_forth_and_back_meets_every_order_once(town: Cast) -> None:
    for _ in range(7):
        dispatched(town)
    for who in ("dispatcher", "manager"):
        seen: list[str] = []
        cursor, pages = "", []
        while True:
            page = list_orders(town.actor(who), OrderFilters(), now=clock.now(), cursor=cursor, size=3).page
            seen += [row.number for row in page.rows]
            pages.append([row.number for row in page.rows])
            if not page.next:
                break
            cursor = page.next
        assert len(seen) == len(set(seen)) == 7
        assert seen == sorted(seen, reverse=True)
        back = list_orders(
            town.actor(who), OrderFilters(), now=clock.now(), cursor=page.previous, size=3
        ).page
        assert [row.number for row in back.rows] == pages[-2]


def test_filters(town: Cast) -> None:
    one = dispatched(town, title="路灯不亮", content="路口的路灯连续三晚不亮", urgency="urgent").order
    two = make_order(
        town, title="占道经营", content="早市占道经营影响通行", channel="web", demand_type="suggestion"
    )
    actor, now = town.actor("dispatcher"), clock.now()

    def found(**given: Any) -> set[str]:
        return numbers(list_orders(actor, OrderFilters(**given), now=now).page.rows)

    assert found(states=("with_hub",)) == {two.number}
    assert found(states=("pending_sign",)) == {one.number}
    assert found(unit_id=town.a.pk) == {one.number}
    assert found(unit_id=town.b.pk) == set()
    assert found(urgencies=("urgent",)) == {one.number}
    assert found(demand_types=("suggestion",)) == {two.number}
    assert found(channels=("web",)) == {two.number}
    assert found(words="路灯") == {one.number}
    assert found(words="占道 经营") == {two.number}
    assert found(words="路灯 占道") == set()
    assert found(words="，。！") == set()
    assert found(words="路灯", unit_id=town.b.pk) == set()
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


def test_due_order_lists_open_orders_only(town: Cast) -> None:
    first, second, third = (make_order(town) for _ in range(3))
    now = clock.now()
    WorkOrder.objects.filter(pk=first.pk).update(due_at=now + timedelta(days=3))
    WorkOrder.objects.filter(pk=second.pk).update(due_at=now + timedelta(days=1))
    WorkOrder.objects.filter(pk=third.pk).update(state="closed", closed_at=now)
    listing = list_orders(town.actor("dispatcher"), OrderFilters(), now=now, sort=Sort.DUE)
    assert [row.pk for row in listing.page.rows] == [second.pk, first.pk]


def test_matches_are_ranked_and_paged(town: Cast) -> None:
    for place in range(5):
        make_order(town, title=f"噪声{place}", content="工地夜间噪声" * (place + 1))
    seen: list[int] = []
    cursor = ""
    while True:
        listing = list_orders(
            town.actor("dispatcher"),
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


def test_broken_cursor_gives_the_first_page(town: Cast) -> None:
    make_order(town)
    for cursor in ("x", "bm9uc2Vuc2U", "W10"):
        assert list_orders(town.actor("dispatcher"), OrderFilters(), now=clock.now(), cursor=cursor).page.rows
        assert list_orders(
            town.actor("dispatcher"), OrderFilters(words="噪声"), now=clock.now(), cursor=cursor
        ).page.rows


def test_count_stops_at_the_cap(town: Cast) -> None:
    for _ in range(4):
        make_order(town)
    rows = matching(town.actor("dispatcher"), OrderFilters(), now=clock.now())
    assert count_capped(rows, most=2) == 3
    assert count_capped(rows, most=9) == 4


# ── inbox, board ──


def test_piles(town: Cast) -> None:
    to_sign = dispatched(town)
    to_contact = signed(town)
    in_hand = signed(town)
    actions.record_contact(
        actor=town.actor("handler"), assignment_id=in_hand.pk, reached=True, person="承办人"
    )
    waiting = replied(town)
    units = inbox.handling_units(town.actor("handler"))
    assert units == (town.a.pk,)

    def pile(which: Pile, who: str = "handler") -> list[int]:
        return [row.pk for row in inbox.pile(town.actor(who), which, units).rows]

    assert pile(Pile.TO_SIGN) == [to_sign.pk]
    assert pile(Pile.TO_CONTACT) == [to_contact.pk]
    assert pile(Pile.IN_HAND) == [in_hand.pk]
    assert pile(Pile.TO_REVIEW) == []
    assert pile(Pile.TO_REVIEW, "reviewer") == [waiting.pk]
    load = inbox.load(town.actor("handler"), units, now=clock.now())
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
    week = inbox.load(town.actor("handler"), units, now=now).week
    assert [day.late for day in week] == [1, 0, 0, 0, 0, 0, 0]  # what was replied to is nobody's debt here
    assert [day.due for day in week] == [0, 1, 0, 0, 0, 0, 0]
    assert pile(Pile.TO_SIGN, "handler")
    assert not inbox.pile(town.actor("other_handler"), Pile.TO_SIGN, (town.b.pk,)).rows


def test_reply_from_below_waits_for_the_unit_above(town: Cast) -> None:
    from hotline.workorders.rules import ReplyForm
    from tests.workorders.factories import GOOD_REPLY

    assignment = signed(town)
    actions.send_down(actor=town.actor("handler"), assignment_id=assignment.pk, unit_id=town.street.pk)
    below = Assignment.objects.get(parent=assignment)
    actions.sign(actor=town.actor("street_handler"), assignment_id=below.pk)
    actions.submit_reply(
        actor=town.actor("street_handler"), assignment_id=below.pk, form=ReplyForm(**GOOD_REPLY)
    )
    assert [row.pk for row in inbox.to_review(town.actor("manager"))] == [below.pk]
    assert not inbox.to_review(town.actor("reviewer"))
    assert not inbox.to_review(town.actor("other_manager"))


def test_board(town: Cast) -> None:
    late = dispatched(town, unit="a").order
    other = dispatched(town, unit="b").order
    now = clock.now()
    WorkOrder.objects.filter(pk=late.pk).update(due_at=now - timedelta(days=1), return_count=2, redo_count=2)
    WorkOrder.objects.filter(pk=other.pk).update(due_at=now + timedelta(hours=2))
    actor = town.actor("supervisor")
    for trouble, expected in (
        (Trouble.OVERDUE, [late.pk]), (Trouble.DUE_SOON, [other.pk]), (Trouble.RETURNED, [late.pk]), (Trouble.DISSATISFIED, [late.pk]),
        (Trouble.LISTED, []), (Trouble.PING_PONG, []),
    ):  # fmt: skip
        assert [row.pk for row in board.troubled(actor, trouble, now=now).rows] == expected, trouble
    assert not board.troubled(actor, Trouble.OVERDUE, now=now, unit_id=town.b.pk).rows
    overview = board.overview(actor, now=now)
    assert overview.totals["overdue"] == 1
    assert {place.name: place.counts["overdue"] for place in overview.units} == {
        town.a.short_name: 1,
        town.b.short_name: 0,
    }
    actions.list_case(actor=actor, order_id=late.pk, reason_code="long", text="多次超期")
    assert [row.order_id for row in board.listed_cases(actor).rows] == [late.pk]
    assert Supervision.objects.count() == 1


def test_order_that_comes_back_is_seen_as_ping_pong(town: Cast) -> None:
    assignment = signed(town)
    application = actions.apply(
        actor=town.actor("handler"),
        assignment_id=assignment.pk,
        kind="return",
        reason_code="not_our_duty",
        text="不属于本单位",
        basis="三定规定",
    )
    actions.decide_application(actor=town.actor("dispatcher"), application_id=application.pk, approve=True)
    order = fresh(assignment).order
    assert not board.troubled(town.actor("supervisor"), Trouble.PING_PONG, now=clock.now()).rows
    actions.dispatch_order(actor=town.actor("dispatcher"), order_id=order.pk, lead_unit_id=town.a.pk)
    assert [
        row.pk for row in board.troubled(town.actor("supervisor"), Trouble.PING_PONG, now=clock.now()).rows
    ] == [order.pk]


# ── the page ──


def offered(cast: Cast, who: str, order: WorkOrder) -> set[str]:
    return {offer.verb for offer in actions_for(cast.actor(who), order, now=clock.now()) if offer.allowed}


def test_offers_follow_state_place_and_role(town: Cast) -> None:
    order = make_order(town)
    assert {"dispatch", "claim", "dispute"} <= offered(town, "dispatcher", order)
    assert "sign" not in offered(town, "handler", order)
    assignment = dispatched(town, order)
    order = fresh(order)
    assert "sign" in offered(town, "handler", order)
    assert "sign" not in offered(town, "other_handler", order)
    assert "dispatch" not in offered(town, "dispatcher", order)
    actions.sign(actor=town.actor("handler"), assignment_id=assignment.pk)
    order = fresh(order)
    assert {
        "reply",
        "contact",
        "send_down",
        "ask_assistance",
        "apply_return",
        "apply_extension",
        "apply_hold",
    } <= offered(town, "handler", order)
    assert offered(town, "auditor", order) == set()


def test_what_cannot_be_done_now_says_why(town: Cast) -> None:
    assignment = signed(town)
    actions.send_down(actor=town.actor("handler"), assignment_id=assignment.pk, unit_id=town.street.pk)
    offers = {
        offer.verb: offer
        for offer in actions_for(town.actor("handler"), fresh(assignment).order, now=clock.now())
    }
    assert not offers["reply"].allowed
    assert offers["reply"].reason


def test_offer_never_promises_what_the_action_refuses(town: Cast) -> None:
    """Each plain offer of each stage is carried out: none may be refused."""
    plain = {"sign", "take", "claim", "release", "pass_review", "archive"}
    orders = [
        make_order(town, reviewed=False),
        make_order(town),
        dispatched(town).order,
        signed(town).order,
        closed(town),
    ]
    tried = 0
    for order in orders:
        for who in ("dispatcher", "handler", "shift_leader", "reviewer"):
            for offer in actions_for(town.actor(who), fresh(order), now=clock.now()):
                if offer.verb in plain and offer.allowed:
                    target = (
                        {"assignment_id": offer.assignment.pk} if offer.assignment else {"order_id": order.pk}
                    )
                    getattr(actions, offer.verb)(actor=town.actor(who), **target)
                    tried += 1
    assert tried >= 5


def test_timeline_hides_words_for_the_centre_and_shows_the_public_part(town: Cast) -> None:
    order = signed(town).order
    actions.add_note(actor=town.actor("dispatcher"), order_id=order.pk, text="仅中心可见", audience="hub")
    actions.add_note(actor=town.actor("dispatcher"), order_id=order.pk, text="告知市民", audience="public")
    entries, _page = timeline(town.actor("handler"), order)
    assert "仅中心可见" not in {entry.text for entry in entries}
    assert any(entry.hidden for entry in entries)
    entries, _page = timeline(town.actor("dispatcher"), order)
    assert "仅中心可见" in {entry.text for entry in entries}
    public, _page = timeline(town.actor("handler"), order, show="public")
    assert {"告知市民"} == {entry.text for entry in public if entry.text}
    mine, _page = timeline(town.actor("handler"), order, show="mine")
    assert {entry.event.verb for entry in mine} == {"sign"}


def test_who_can_tells_roles_and_reasons(town: Cast) -> None:
    order = signed(town).order
    for who in ("reviewer", "other_handler"):
        town.person(who)
    readers, more = who_can(fresh(order))
    people = {reader.person.pk: reader for reader in readers}
    assert town.handler.pk in people
    assert people[town.handler.pk].why
    assert people[town.handler.pk].verbs
    assert town.other_handler.pk not in people
    assert not more


def test_page_of_an_order_needs_few_statements(town: Cast, settings: Any) -> None:
    order = replied(town).order
    settings.TESTING = False  # the city's settings are kept between statements, as in production
    settings_of_city.forget()
    actor = town.actor("reviewer")
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
