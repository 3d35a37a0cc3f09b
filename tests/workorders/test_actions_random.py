"""Random lives: whatever legal verb comes next, stored state and clocks stay what the log says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hotline.kit.clock import now
from hotline.kit.errors import Refused
from hotline.workorders import actions
from hotline.workorders.actions._case import Case
from hotline.workorders.actions._clocks import key_of, rebuild
from hotline.workorders.actions.scanning import end_holds, scan_clocks
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    Application,
    Assignment,
    Clock,
    OrderState,
    WorkOrder,
    WorkOrderEvent,
)
from hotline.workorders.rules import STATES, VERBS, ReplyForm, order_state_of
from hotline.workorders.rules.transitions import allowed_verbs
from tests.accounts.cast import Cast
from tests.workorders.factories import GOOD_REPLY, make_order, moment

START = moment("2026-03-02 09:30")
Pick = Callable[[int], int]


def agrees(order_id: int) -> None:
    """Stored order, assignments and clocks equal what the log says."""
    order = WorkOrder.objects.get(pk=order_id)
    found = rebuild(order)
    assert found.state == order.state
    assert found.card == order.card
    assert found.due_at() == order.due_at
    stored = dict(Assignment.objects.filter(order=order).values_list("id", "state"))
    assert {node.id: node.state for node in found.nodes.values()} == stored
    rows = {key_of(row): row for row in Clock.objects.filter(order=order)}
    assert rows.keys() == found.clocks.keys()
    for key, clock in found.clocks.items():
        for name, value in clock.row().items():
            assert getattr(rows[key], name) == value, (key, name)


def invariants(order_id: int) -> None:
    order = WorkOrder.objects.get(pk=order_id)
    agrees(order_id)
    open_rows = list(Assignment.objects.filter(order=order, state__in=OPEN_ASSIGNMENT_STATES))
    leads = [row for row in open_rows if row.parent_id is None and row.role == "lead"]
    assert len(leads) <= 1
    if leads:
        assert order_state_of(leads[0].state) == order.state
        assert order.lead_unit_id == leads[0].unit_id
    else:
        assert not open_rows, "units still have an order that has no lead"
    if STATES[OrderState(order.state)].final:
        running = Clock.objects.filter(order=order, state__in=("running", "paused"))
        assert not running.exists(), [(row.kind, row.side) for row in running]
    for row in open_rows:
        if row.state == "sent_down":
            assert any(child.parent_id == row.pk for child in open_rows)
    events = list(WorkOrderEvent.objects.filter(order=order).order_by("id"))
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert order.revision == sum(event.verb != "raise_card" for event in events)
    for event in events:
        assert event.verb in VERBS


ENDS = frozenset({"withdraw", "close_directly", "merge", "archive", "reopen", "recall", "ask_supplement", "send_back", "dispute"})
REMARKS = frozenset({"supplement", "urge", "claim", "reclassify", "issue_card", "add_assistants", "recall_assistant", "take"})


class Life:
    """One order and everybody around it; each step is one legal verb chosen by `pick`."""

    def __init__(self, cast: Cast, order: WorkOrder, other: WorkOrder) -> None:
        self.cast = cast
        self.id = order.pk
        self.other = other.pk
        self.names = {cast.unit(name).pk: name for name in ("a", "b", "street", "station")}
        self.handlers = {"a": "handler", "b": "other_handler", "street": "street_handler", "station": "station_handler"}

    @property
    def order(self) -> WorkOrder:
        return WorkOrder.objects.get(pk=self.id)

    def unit_actor(self, row: Assignment) -> Any:
        return self.cast.actor(self.handlers[self.names[row.unit_id]])

    def above(self, row: Assignment, hub: str) -> Any:
        if row.parent is None:
            return self.cast.actor(hub)
        return self.cast.actor("other_manager" if self.names[row.parent.unit_id] == "b" else "manager")

    def choices(self) -> list[tuple[str, Assignment | None]]:
        order = self.order
        found: list[tuple[str, Assignment | None]] = [
            (name, None) for name in allowed_verbs(order.state) if name in self.ORDER_VERBS
        ]
        for row in Assignment.objects.filter(order=order, state__in=OPEN_ASSIGNMENT_STATES).order_by("id"):
            case_facts = Case(self.cast.actor("dispatcher"), order).facts(row)
            found += [(name, row) for name in allowed_verbs(order.state, row.state, case_facts) if name in self.UNIT_VERBS]
        return found

    def step(self, pick: Pick) -> str:
        choices = self.choices()
        # Ends and remarks would crowd out the way through the units.
        rare = ENDS if pick(8) else frozenset()
        noise = REMARKS if pick(6) else frozenset()
        choices = [choice for choice in choices if choice[0] not in rare | noise] or choices
        if not choices:
            return "nothing"
        name, row = choices[pick(len(choices))]
        before = (self.order.revision, WorkOrderEvent.objects.count())
        try:
            if row is None:
                self.ORDER_VERBS[name](self, pick)
            else:
                self.UNIT_VERBS[name](self, row, pick)
        except Refused:
            # A limit of policy or data said no: then nothing may have happened.
            assert (self.order.revision, WorkOrderEvent.objects.count()) == before
            return f"{name} refused"
        return name

    def _dispatch(self, pick: Pick, verb: str) -> None:
        lead = ("a", "b")[pick(2)]
        assistants = [self.cast.unit("b" if lead == "a" else "street").pk] if pick(3) == 0 else []
        unit = self.cast.unit(lead).pk
        dispatcher = self.cast.actor("dispatcher")
        if verb == "dispatch":
            actions.dispatch_order(actor=dispatcher, order_id=self.id, lead_unit_id=unit, assistant_unit_ids=assistants)
        else:
            actions.designate(actor=dispatcher, order_id=self.id, lead_unit_id=unit, assistant_unit_ids=assistants, text="指定")

    def _reclassify(self, pick: Pick) -> None:
        actions.reclassify(
            actor=self.cast.actor("dispatcher"), order_id=self.id, urgency=("urgent", "routine")[pick(2)],
            demand_type=("help", "complaint")[pick(2)],
        )

    def _merge(self, pick: Pick) -> None:
        actions.merge(actor=self.cast.actor("dispatcher"), order_ids=[self.id], into_id=self.other)

    ORDER_VERBS: ClassVar[dict[str, Callable[[Life, Pick], Any]]] = {
        "pass_review": lambda self, _: actions.pass_review(actor=self.cast.actor("dispatcher"), order_id=self.id),
        "ask_supplement": lambda self, _: actions.ask_supplement(
            actor=self.cast.actor("dispatcher"), order_id=self.id, text="请补充地址"
        ),
        "supply": lambda self, _: actions.supply(actor=self.cast.actor("shift_leader"), order_id=self.id, text="三号楼"),
        "claim": lambda self, _: actions.claim(actor=self.cast.actor("dispatcher"), order_id=self.id)
        if self.order.pool_claimed_by_id is None
        else actions.release(actor=self.cast.actor("dispatcher"), order_id=self.id),
        "send_back": lambda self, _: actions.send_back(actor=self.cast.actor("dispatcher"), order_id=self.id, text="要素不全"),
        "dispute": lambda self, _: actions.dispute(actor=self.cast.actor("dispatcher"), order_id=self.id, text="职责不清"),
        "dispatch": lambda self, pick: self._dispatch(pick, "dispatch"),
        "designate": lambda self, pick: self._dispatch(pick, "designate"),
        "close_directly": lambda self, _: actions.close_directly(
            actor=self.cast.actor("dispatcher"), order_id=self.id, kind="direct_answer", text="已解答"
        ),
        "add_assistants": lambda self, _: actions.add_assistants(
            actor=self.cast.actor("dispatcher"), order_id=self.id, unit_ids=[self.cast.station.pk]
        ),
        "finish_follow_up": lambda self, pick: actions.finish_follow_up(
            actor=self.cast.actor("follow_up"), order_id=self.id, solved=pick(2) == 0, satisfaction=1 + pick(5)
        ),
        "redo": lambda self, _: actions.redo(
            actor=self.cast.actor("follow_up"), order_id=self.id, reason_code="unsolved", text="未解决"
        ),
        "reopen": lambda self, _: actions.reopen(actor=self.cast.actor("reviewer"), order_id=self.id, text="复核"),
        "withdraw": lambda self, pick: actions.withdraw(actor=self.cast.actor("agent"), order_id=self.id, text="不办了")
        if pick(4) == 0
        else actions.add_note(actor=self.cast.actor("agent"), order_id=self.id, text="市民再想想"),
        "merge": lambda self, pick: self._merge(pick),
        "unmerge": lambda self, _: actions.unmerge(actor=self.cast.actor("dispatcher"), order_id=self.id),
        "urge": lambda self, _: actions.urge(actor=self.cast.actor("agent"), order_id=self.id, text="请尽快"),
        "supplement": lambda self, _: actions.supplement(actor=self.cast.actor("agent"), order_id=self.id, text="又响了"),
        "reclassify": lambda self, pick: self._reclassify(pick),
        "issue_card": lambda self, _: actions.issue_card(
            actor=self.cast.actor("supervisor"), order_id=self.id, level="yellow", text="拖延"
        ),
        "archive": lambda self, _: actions.archive(actor=self.cast.actor("reviewer"), order_id=self.id),
    }

    def _send_down(self, row: Assignment, pick: Pick) -> None:
        below = {"a": ("street", "station"), "street": ("station", "station")}.get(self.names[row.unit_id], ("a", "a"))
        actions.send_down(actor=self.unit_actor(row), assignment_id=row.pk, unit_id=self.cast.unit(below[pick(2)]).pk)

    def _apply(self, row: Assignment, kind: str, pick: Pick) -> None:
        until = now().date() + timedelta(days=1 + pick(20))
        actions.apply(
            actor=self.unit_actor(row), assignment_id=row.pk, kind=kind, reason_code="other", text="说明", basis="三定方案",
            amount=(5, 10)[pick(2)], until=until,
        )

    def _decide(self, row: Assignment, approve: bool) -> None:
        application = Application.objects.get(assignment=row, state="pending")
        hub = application.kind in ("hold", "unreasonable")
        actor = self.cast.actor("dispatcher") if hub else self.above(row, "dispatcher")
        actions.decide_application(actor=actor, application_id=application.pk, approve=approve, text="意见")

    def _cancel(self, row: Assignment) -> None:
        application = Application.objects.get(assignment=row, state="pending")
        actions.cancel_application(actor=self.unit_actor(row), application_id=application.pk)

    UNIT_VERBS: ClassVar[dict[str, Callable[[Life, Assignment, Pick], Any]]] = {
        "sign": lambda self, row, _: actions.sign(actor=self.unit_actor(row), assignment_id=row.pk),
        "take": lambda self, row, _: actions.take(actor=self.unit_actor(row), assignment_id=row.pk),
        "arrive": lambda self, row, _: actions.arrive(actor=self.unit_actor(row), assignment_id=row.pk),
        "contact": lambda self, row, pick: actions.record_contact(
            actor=self.unit_actor(row), assignment_id=row.pk, reached=pick(2) == 0, person="张三", reason_code="no_answer"
        ),
        "send_down": lambda self, row, pick: self._send_down(row, pick),
        "recall": lambda self, row, _: actions.recall(actor=self.cast.actor("dispatcher"), assignment_id=row.pk, reason="派错"),
        "recall_assistant": lambda self, row, _: actions.recall(
            actor=self.cast.actor("dispatcher"), assignment_id=row.pk, reason="不再需要"
        ),
        "recall_down": lambda self, row, _: actions.recall(
            actor=self.above(row, "dispatcher"), assignment_id=row.pk, reason="收回"
        ),
        "ask_assistance": lambda self, row, _: actions.ask_assistance(
            actor=self.unit_actor(row), assignment_id=row.pk, unit_ids=[self.cast.station.pk]
        ),
        "give_opinion": lambda self, row, _: actions.give_opinion(actor=self.unit_actor(row), assignment_id=row.pk, text="同意"),
        "apply_return": lambda self, row, pick: self._apply(row, "return", pick),
        "apply_extension": lambda self, row, pick: self._apply(row, "extension", pick),
        "apply_hold": lambda self, row, pick: self._apply(row, "hold", pick),
        "apply_unreasonable": lambda self, row, pick: self._apply(row, "unreasonable", pick),
        "cancel_application": lambda self, row, _: self._cancel(row),
        **{
            f"approve_{kind}": (lambda self, row, _: self._decide(row, True))
            for kind in ("return", "extension", "hold", "unreasonable")
        },
        **{
            f"refuse_{kind}": (lambda self, row, _: self._decide(row, False))
            for kind in ("return", "extension", "hold", "unreasonable")
        },
        "resume": lambda self, row, _: actions.resume(actor=self.unit_actor(row), assignment_id=row.pk),
        "expire_hold": lambda self, row, _: actions.expire_hold(
            actor=self.cast.actor("dispatcher"), assignment_id=row.pk, text="到期"
        ),
        "reply": lambda self, row, _: actions.submit_reply(
            actor=self.unit_actor(row), assignment_id=row.pk, form=ReplyForm(**GOOD_REPLY)
        ),
        "approve_reply": lambda self, row, _: actions.decide_reply(
            actor=self.above(row, "reviewer"), assignment_id=row.pk, approve=True
        ),
        "refuse_reply": lambda self, row, _: actions.decide_reply(
            actor=self.above(row, "reviewer"), assignment_id=row.pk, approve=False, text="请补充"
        ),
    }


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_any_legal_life_agrees_with_its_log(city: Cast, data: st.DataObject) -> None:
    at: datetime = START
    with time_machine.travel(at, tick=False) as traveller:
        life = Life(city, make_order(city, reviewed=False), make_order(city))
        for _step in range(data.draw(st.integers(3, 22), label="steps")):
            at += timedelta(hours=data.draw(st.integers(0, 60), label="hours"))
            traveller.move_to(at)
            scan_clocks(now=at)
            if data.draw(st.booleans(), label="holds"):
                end_holds(now=at)
            name = life.step(lambda size: data.draw(st.integers(0, size - 1), label="choice"))
            try:
                invariants(life.id)
                agrees(life.other)
            except AssertionError as error:
                verbs = list(WorkOrderEvent.objects.filter(order=life.id).order_by("id").values_list("verb", flat=True))
                raise AssertionError(f"after {name} in {verbs}: {error}") from error


def test_every_verb_of_the_table_is_played(city: Cast) -> None:
    """What the random lives do not play has tests of its own; a new verb must be put somewhere."""
    elsewhere = {
        "create", "release", "absorb", "part", "link", "unlink", "note", "supervise", "list_case", "instruct",
        "advance_supervision", "answer_supervision", "add_meeting", "locate", "exclude", "include", "grant_access", "raise_card",
        "attach", "remove_attachment", "settle_calendar",
    }
    assert set(VERBS) == set(Life.ORDER_VERBS) | set(Life.UNIT_VERBS) | elsewhere
