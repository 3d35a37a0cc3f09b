"""Figures: their formulas, that parts add to wholes, that settled and counted are the same, targets told once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.accounts.models import Person
from hotline.audit.models import AuditEntry
from hotline.calls.actions import figures as acts
from hotline.calls.actions.moving import SYSTEM
from hotline.calls.models import (
    AgentDay,
    AgentSession,
    AgentSpell,
    BreachNotice,
    Call,
    CallSlot,
    HallSlot,
    Lane,
    Line,
    Segment,
    TargetBreach,
)
from hotline.calls.queries import figures as reads
from hotline.calls.rules import AgentState
from hotline.calls.rules.figures import (
    COLUMNS,
    DEFINITIONS,
    LEAST_JUDGED,
    SLOT,
    STATES,
    STATES_OF,
    Grain,
    Judgement,
    Load,
    Seconds,
    Work,
    floor,
    judge,
    midnight,
    row_of,
    rows_between,
    total,
)
from hotline.calls.rules.wall import STATE_ORDER, Need, Order, need_of, sorted_seats
from hotline.kit.clock import CITY_ZONE, now, simulated
from hotline.kit.errors import NotPermitted
from hotline.kit.health import Level
from tests.accounts.cast import Cast
from tests.accounts.factories import make_person
from tests.calls.factories import make_telephony

DAY = date(2026, 11, 20)
MORNING = midnight(DAY) + timedelta(hours=8)
EVENING = midnight(DAY) + timedelta(hours=22)


# -- formulas --------------------------------------------------------------------------------------------------------------

COUNTS = st.integers(0, 5000)
LOADS = st.builds(Load, **dict.fromkeys(COLUMNS, COUNTS))


@given(st.lists(LOADS, max_size=8), st.lists(LOADS, max_size=8))
def test_parts_add_to_wholes(one, other):
    both = total([*one, *other])
    assert both == total(one) + total(other)
    assert both.asked == total(one).asked + total(other).asked
    assert both.longest_wait == max([load.longest_wait for load in [*one, *other]], default=0)


def test_each_figure_is_what_its_words_say():
    load = Load(
        arrived=20, left_early=2, closed=1, full=2, coming=1, queued=14, answered=8, in_time=6, abandoned=3,
        call_back=1, cut=1, waiting=1, talked=7, wrapped=7, wait_seconds=80, abandoned_seconds=90, longest_wait=60,
        talk_seconds=700, hold_seconds=70, wrap_seconds=350,
    )  # fmt: skip
    assert (load.asked, load.decided) == (16, 15)
    assert load.connection_rate == 8 / 15
    assert load.in_time_rate == 6 / 15
    assert load.abandonment_rate == 3 / 13
    assert (load.mean_wait, load.mean_patience) == (10, 30)
    assert (load.mean_talk, load.mean_wrap, load.mean_handling) == (110, 50, 160)
    assert [one.read(Load()) for one in DEFINITIONS] == [
        0 if one.kind == "count" else None for one in DEFINITIONS
    ]


@given(st.lists(st.tuples(*[st.integers(0, 900)] * 6), max_size=6))
def test_occupancy_is_of_the_time_signed_in(rows):
    whole = sum((Seconds(*map(float, row)) for row in rows), Seconds())
    assert whole.signed_in == sum(map(sum, rows))
    if whole.signed_in:
        assert whole.occupancy == (whole.talking + whole.hold + whole.wrap_up) / whole.signed_in
    else:
        assert whole.occupancy is None
    assert (Work(whole, 3, 2, 1) + Work()).taken == 2
    assert Work().mean_talk is None
    assert Work(Seconds(talking=60, hold=20, wrap_up=10), taken=2).mean_talk == 40
    assert Work(Seconds(talking=60, hold=20, wrap_up=10), taken=2).mean_wrap == 5


def test_every_state_of_an_agent_counts_once():
    counted = [state for states in STATES_OF.values() for state in states]
    assert sorted(counted) == sorted(state for state in AgentState if state != AgentState.SIGNED_OUT)
    assert tuple(STATES_OF) == STATES
    assert sorted(STATE_ORDER) == sorted(counted)


def test_a_missed_target_is_met_again_only_by_a_little_more():
    few, enough = LEAST_JUDGED - 1, LEAST_JUDGED
    assert judge(None, enough, 0.95, missed_before=False) is Judgement.UNKNOWN
    assert judge(0.5, few, 0.95, missed_before=True) is Judgement.UNKNOWN
    assert judge(0.95, enough, 0.95, missed_before=False) is Judgement.MET
    assert judge(0.9499, enough, 0.95, missed_before=False) is Judgement.MISSED
    assert judge(0.951, enough, 0.95, missed_before=True) is Judgement.MISSED
    assert judge(0.953, enough, 0.95, missed_before=True) is Judgement.MET
    assert judge(1.0, enough, 1.0, missed_before=True) is Judgement.MET


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.integers(1, 40))
def test_half_hours_fill_the_days_of_the_city(naive, quarters):
    at = floor(naive.replace(tzinfo=UTC), SLOT)
    until = at + quarters * SLOT
    halves = list(rows_between(at, until, Grain.HALF_HOUR))
    assert halves[0] <= at
    assert halves[-1] < until <= halves[-1] + 2 * SLOT
    days = list(rows_between(at, until, Grain.DAY))
    assert {row_of(one, Grain.DAY) for one in halves} == set(days)
    assert all(one.astimezone(CITY_ZONE).hour == 0 for one in days)


# -- from calls and spells -------------------------------------------------------------------------------------------------


class Hall:
    """A made day: calls of every end, agents in every state, gapless, without the machinery of the switch."""

    def __init__(self, cast: Cast, seed: int = 7) -> None:
        self.random = Random(seed)
        self.line = make_telephony()
        self.lanes = list(Lane.objects.order_by("code"))
        self.other = Line.objects.create(code="12315", number="12315", name="12315", lane=self.lanes[0])
        self.people = [make_person(f"坐席{n}") for n in range(4)]
        self.number = 0

    def call(self, at: datetime, outcome: str, *, waited: float = 0.0, **more: Any) -> Call:
        self.number += 1
        queued = outcome in ("answered", "abandoned", "call_back", "cut")
        given = {
            "line": self.random.choice([self.line, self.other]),
            "lane": self.random.choice(self.lanes),
            "leg": f"leg-{self.number}",
            "state": "ended",
            "state_since": at,
            "arrived_at": at,
            "queued_at": at + timedelta(seconds=10) if queued else None,
            "ended_at": at + timedelta(seconds=10 + waited),
            "outcome": outcome,
        }
        return Call.objects.create(**{**given, **more})

    def sign_in(self, person: Person, at: datetime) -> AgentSession:
        return AgentSession.objects.create(
            person=person, station="phone", number="1", state="ready", state_since=at, idle_since=at, signed_in_at=at
        )  # fmt: skip

    def work(self, person: Person, at: datetime, until: datetime, calls: int) -> None:
        """A session with calls one after another; the last spell is open when `until` is now."""
        session = self.sign_in(person, at)
        state_at = at
        for _n in range(calls):
            ready = state_at + timedelta(seconds=self.random.randint(5, 900))
            if ready > until - timedelta(minutes=20):
                break
            wait = self.random.choice([3, 12, 15, 16, 90])
            call = self.call(ready - timedelta(seconds=10 + wait), "answered", waited=wait)
            answered = ready + timedelta(seconds=4)
            held, talked = self.random.randint(0, 60), self.random.randint(30, 500)
            hold_at = answered + timedelta(seconds=talked)
            over, done = hold_at + timedelta(seconds=held), hold_at + timedelta(seconds=held + 45)
            Call.objects.filter(pk=call.pk).update(connected_at=answered, ended_at=over)
            Segment.objects.create(
                call=call, session=session, offered_at=ready, answered_at=answered, ended_at=over, outcome="answered"
            )  # fmt: skip
            for state, begins, ends, of in (
                ("ready", state_at, ready, None),
                ("ringing", ready, answered, call),
                ("talking", answered, hold_at, call),
                ("hold", hold_at, over, call),
                ("wrap_up", over, done, call),
            ):
                AgentSpell.objects.create(
                    session=session, state=state, began_at=begins, ended_at=ends, call=of
                )
            state_at = done
        missed = self.call(state_at, "abandoned", waited=30)
        Segment.objects.create(
            call=missed, session=session, offered_at=state_at, ended_at=state_at + timedelta(seconds=20), outcome="no_answer"
        )  # fmt: skip
        AgentSpell.objects.create(session=session, state="paused", began_at=state_at, ended_at=until)
        AgentSession.objects.filter(pk=session.pk).update(
            state="signed_out", state_since=until, signed_out_at=until
        )


@pytest.fixture
def hall(cast: Cast) -> Hall:
    one = Hall(cast)
    for n, person in enumerate(one.people):
        one.work(person, MORNING + timedelta(minutes=7 * n), EVENING - timedelta(minutes=11 * n), 30)
    # Over midnight, in the pause: both days have their part.
    one.work(one.people[0], EVENING + timedelta(minutes=30), EVENING + timedelta(hours=6), 2)
    for n, outcome in enumerate(("left_early", "closed", "full", "abandoned", "call_back", "cut") * 3):
        one.call(MORNING + timedelta(minutes=29 * n + 3), outcome, waited=7 * n)
    return one


def asked(grain: Grain, **more: Any) -> reads.Asked:
    return reads.Asked(midnight(DAY), midnight(DAY + timedelta(days=1)), grain, **more)


@pytest.mark.django_db
def test_half_hours_lanes_and_lines_sum_to_the_day_settled_or_not(cast: Cast, hall: Hall):
    actor = cast.actor("shift_leader")
    with simulated(midnight(DAY) + timedelta(days=2)):
        before = {grain: reads.figures(actor, asked(grain)) for grain in Grain}
        people = {row.person: row.work for row in reads.agents(actor, DAY, DAY)}
        assert acts.settle(actor=SYSTEM) > 60
        assert acts.settle(actor=SYSTEM) == 0
        after = {grain: reads.figures(actor, asked(grain)) for grain in Grain}
        settled = {row.person: row.work for row in reads.agents(actor, DAY, DAY)}
    for found in (before, after):
        (day,) = found[Grain.DAY].rows
        halves = found[Grain.HALF_HOUR]
        assert len(halves.rows) == 48
        assert _near(total(row.load for row in halves.rows), day.load)
        assert _near(total(one.load for one in halves.lanes), day.load)
        assert _near(total(one.load for one in halves.lines), day.load)
        load = day.load
        assert load.arrived == load.left_early + load.closed + load.full + load.coming + load.queued
        assert load.queued == load.answered + load.abandoned + load.call_back + load.cut + load.waiting
        assert (
            load.arrived
            == Call.objects.filter(
                arrived_at__gte=midnight(DAY), arrived_at__lt=midnight(DAY + timedelta(days=1))
            ).count()
        )
        assert 0 < load.in_time < load.answered == load.talked == load.wrapped
        assert sum((row.seconds for row in halves.rows), Seconds()).signed_in == pytest.approx(
            day.seconds.signed_in
        )
    assert _near(before[Grain.DAY].whole, after[Grain.DAY].whole)
    for one, other in zip(before[Grain.HALF_HOUR].rows, after[Grain.HALF_HOUR].rows, strict=True):
        assert _near(one.load, other.load)
        assert _same(one.seconds, other.seconds)
    assert people.keys() == settled.keys() == {one.pk for one in hall.people}
    assert all(_same(people[one].seconds, settled[one].seconds) for one in people)
    # Accounted seconds are the seconds signed in, cut at the day's ends.
    spans = AgentSession.objects.values_list("person_id", "signed_in_at", "signed_out_at")
    ends = midnight(DAY + timedelta(days=1))
    for person in people:
        expected = sum(
            max(0.0, (min(out, ends) - into).total_seconds()) for who, into, out in spans if who == person
        )
        assert people[person].seconds.signed_in == pytest.approx(expected)
    whole = sum((one.seconds for one in people.values()), Seconds())
    assert _same(whole, before[Grain.DAY].seconds)
    assert sum(one.taken for one in people.values()) == before[Grain.DAY].whole.answered
    assert sum(one.not_taken for one in people.values()) == 5


def _near(one: Load, other: Load) -> bool:
    return all(getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-6) for name in COLUMNS)


def _same(one: Seconds | None, other: Seconds | None) -> bool:
    assert one is not None
    assert other is not None
    return all(getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4) for name in STATES)


@pytest.mark.django_db
def test_a_filter_tells_calls_apart_and_not_agents(cast: Cast, hall: Hall):
    actor = cast.actor("supervisor")
    whole = reads.figures(actor, asked(Grain.DAY)).whole
    parts = [reads.figures(actor, asked(Grain.DAY, lane=lane.pk)) for lane in hall.lanes]
    assert total(one.whole for one in parts).arrived == whole.arrived
    assert [one.seconds for one in parts] == [None, None]
    with pytest.raises(NotPermitted):
        reads.figures(cast.actor("agent"), asked(Grain.DAY))
    name, rows = reads.agent_rows(actor, asked(Grain.HALF_HOUR, person=hall.people[1].pk))
    assert name == hall.people[1].name
    day = dict(reads.agent_rows(actor, asked(Grain.DAY, person=hall.people[1].pk))[1])
    assert sum((one for _at, one in rows), Seconds()).signed_in == pytest.approx(day[midnight(DAY)].signed_in)
    assert reads.agent_rows(actor, asked(Grain.DAY, person=0)) == ("", [])


@pytest.mark.django_db
def test_a_quarter_waits_for_its_calls_and_the_open_one_is_counted_from_them(cast: Cast, hall: Hall):
    at = midnight(DAY) + timedelta(hours=12)
    call = hall.call(at, "", waited=0, state="queued", queued_at=at, ended_at=None)
    with simulated(at + timedelta(minutes=50)):
        acts.settle(actor=SYSTEM)
        assert reads.settled_until() == at
        load = reads.figures(cast.actor("shift_leader"), asked(Grain.DAY)).whole
        assert (load.waiting, load.longest_wait) == (1, 50 * 60)
    with simulated(at + timedelta(hours=7)):
        # Nothing waits for ever: it counts as open, and the night counts it again.
        acts.settle(actor=SYSTEM)
        assert reads.settled_until() > at
    assert sum(CallSlot.objects.values_list("waiting", flat=True)) == 1
    Call.objects.filter(pk=call.pk).update(
        state="ended", outcome="abandoned", ended_at=at + timedelta(hours=8)
    )
    differences = acts.count_again(actor=SYSTEM, day=DAY)
    assert "calls.waiting: 1 → 0" in differences
    assert acts.count_again(actor=SYSTEM, day=DAY) == []
    assert acts.count_again(actor=SYSTEM, day=DAY - timedelta(days=9)) == []
    assert (
        HallSlot.objects.count() * SLOT
        == reads.settled_until() - HallSlot.objects.earliest("begins_at").begins_at
    )
    assert AgentDay.objects.filter(day=DAY).count() == len(hall.people)


@pytest.mark.django_db
def test_nothing_is_settled_before_the_first_call(cast: Cast):
    assert acts.settle(actor=SYSTEM) == 0
    with pytest.raises(NotPermitted):
        acts.settle(actor=cast.actor("shift_leader"))


# -- the wall --------------------------------------------------------------------------------------------------------------


def test_seats_that_need_somebody_stand_first():
    moment = datetime(2026, 11, 20, tzinfo=UTC)
    long = timedelta(minutes=20)
    assert need_of("paused", long, aside="no_answer") is Need.ASIDE
    assert need_of("talking", long) is need_of("hold", long) is need_of("wrap_up", long) is Need.LONG
    assert need_of("paused", long) is need_of("ready", long) is Need.NONE
    assert need_of("paused", long, most_pause=timedelta(minutes=10)) is Need.LONG
    seats = [
        (Need.NONE, "ready", moment, "丙", "", 1),
        (Need.LONG, "talking", moment, "乙", "英语", 2),
        (Need.ASIDE, "paused", moment, "甲", "", 3),
        (Need.NONE, "talking", moment - long, "丁", "综合", 4),
    ]
    for order, expected in (
        (Order.NEED, [3, 2, 4, 1]), (Order.STATE, [4, 2, 1, 3]), (Order.LANE, [4, 2, 1, 3]), (Order.NAME, [4, 1, 2, 3]),
    ):  # fmt: skip
        assert [one[5] for one in sorted_seats(seats, order, lambda one: one)] == expected


@pytest.mark.django_db
def test_the_wall_counts_waits_and_sorts(cast: Cast):
    one = Hall(cast)
    moment = now()
    one.call(
        moment, "", state="queued", queued_at=moment - timedelta(seconds=70), ended_at=None, lane=one.lanes[0]
    )
    session = one.sign_in(one.people[0], moment - timedelta(minutes=3))
    leader = cast.client("shift_leader")
    for query in ({}, {"order": "name"}, {"state": "ready"}, {"order": "nonsense"}):
        said = leader.get("/telephone/seats/", query).content.decode()
        assert f'id="seat-{session.pk}"' in said
        assert "data-over" in said
        assert "data-alarm" in said
    assert (
        f'id="seat-{session.pk}"'
        not in leader.get("/telephone/seats/", {"state": "talking"}).content.decode()
    )
    figures = leader.get("/telephone/seats/figures").content.decode()
    assert 'id="today-connection_rate"' in figures
    assert 'data-target="unknown"' in figures


# -- targets ---------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_missed_target_is_told_once_and_so_is_its_end(cast: Cast):
    one = Hall(cast)
    leader = cast.client("shift_leader")
    moment = now()

    def calls(count: int, outcome: str) -> None:
        for n in range(count):
            at = moment - timedelta(hours=3, seconds=n)
            more = {"connected_at": at + timedelta(seconds=12)} if outcome == "answered" else {}
            one.call(at, outcome, waited=30, **more)

    assert acts.watch_targets(actor=SYSTEM) == []
    calls(45, "answered")
    calls(LEAST_JUDGED - 45, "abandoned")
    assert acts.watch_targets(actor=SYSTEM) == ["connection_rate"]
    assert acts.watch_targets(actor=SYSTEM) == []
    (breach,) = TargetBreach.objects.all()
    assert breach.value == pytest.approx(0.9)
    (notice,) = BreachNotice.objects.all()
    assert notice.person_id == cast.shift_leader.pk
    assert "GB/T 33358" in leader.get("/telephone/targets").content.decode()
    assert reads.targets_health().level is Level.WARN
    assert 'data-target="missed"' in leader.get("/telephone/seats/figures").content.decode()
    calls(15, "abandoned")
    assert acts.watch_targets(actor=SYSTEM) == ["in_time_rate"]
    breach.refresh_from_db()
    assert breach.worst < 0.8
    assert leader.post("/telephone/targets/noted").status_code == 302
    assert leader.get("/telephone/targets").content.decode().strip() == ""

    Call.objects.filter(outcome="abandoned").delete()
    calls(10, "answered")
    assert sorted(acts.watch_targets(actor=SYSTEM)) == ["connection_rate", "in_time_rate"]
    assert acts.watch_targets(actor=SYSTEM) == []
    assert [one.over for one in reads.unseen_breaches(cast.actor("shift_leader"))] == [True, True]
    assert reads.targets_health().level is Level.OK
    assert leader.post("/telephone/targets/noted", headers={"HX-Request": "true"}).status_code == 200
    assert acts.note_breaches(actor=cast.actor("shift_leader")) == 0
    assert reads.unseen_breaches(SYSTEM) == []
    assert BreachNotice.objects.filter(seen_at=None).count() == 0


# -- pages -----------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_page_shows_every_view_and_hands_it_out(cast: Cast, hall: Hall, django_assert_max_num_queries):
    leader = cast.client("shift_leader")
    address = "/telephone/figures/"
    period = {"since": DAY.isoformat(), "until": DAY.isoformat()}
    assert (
        "figures-table"
        not in leader.get(address, {"since": "2020-01-01", "until": "2020-01-02"}).content.decode()
    )
    for by in ("half_hour", "day", "lane", "line", "agent", "nonsense"):
        with django_assert_max_num_queries(15):
            said = leader.get(address, {**period, "by": by}).content.decode()
        assert "figures-table" in said
        assert ("figures-chart" in said) == (by not in ("lane", "line", "agent"))
    agent = leader.get(address, {**period, "agent": hall.people[0].pk}).content.decode()
    assert hall.people[0].name in agent
    assert leader.get(address, {"since": "nonsense", "until": "9999-12-31", "lane": "x"}).status_code == 200

    answer = leader.post("/telephone/figures/export", {"query": f"by=lane&since={DAY}&until={DAY}"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == lines[-1]
    assert cast.shift_leader.name in lines[0]
    whole = reads.figures(cast.actor("shift_leader"), asked(Grain.DAY)).whole
    assert lines[-2].split(",")[1:4] == [str(whole.arrived), str(whole.asked), str(whole.answered)]
    assert sum(int(line.split(",")[1]) for line in lines[3:-2]) == whole.arrived
    assert AuditEntry.objects.filter(verb="calls.export_figures").count() == 1
    assert cast.client("agent").get(address).status_code == 403
