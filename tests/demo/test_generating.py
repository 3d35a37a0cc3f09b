from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from hotline.accounts.actions import Identity
from hotline.accounts.identity import open_row
from hotline.accounts.models import Citizen
from hotline.demo.actions import generating, load_city
from hotline.demo.actions.generating import build_world, generate
from hotline.demo.life.base import TABLES_PER_ORDER
from hotline.demo.life.rows import COLUMNS, SEQUENCES, cell, plain
from hotline.demo.life.story import tell
from hotline.demo.life.worker import SOURCE, teller_of
from hotline.demo.pack import PACKS
from hotline.followup.models import FollowUpTask
from hotline.intake.actions.filing import code_of
from hotline.intake.models import Appeal
from hotline.intake.queries.citizen import look_up
from hotline.kit.actor import system_actor
from hotline.kit.errors import Refused
from hotline.workorders.models import OPEN_STATES, Assignment, Clock, WorkOrder, WorkOrderEvent
from hotline.workorders.rules.clocks import LogEntry, rebuild
from hotline.workorders.rules.verbs import VERBS
from hotline.worktime import queries as worktime

pytestmark = pytest.mark.django_db
LOADER = system_actor("load-city", "places:manage", "worktime:manage")
MAKER = system_actor("generate", "demo:generate")
UNTIL = datetime(2026, 6, 17, 6, 30, tzinfo=UTC)
ORDERS = 600


def fill(**more: Any) -> None:
    load_city(actor=LOADER, folder=PACKS / "county")
    given = {"orders": ORDERS, "years": 0.5, "seed": 11, "until": UNTIL, "workers": 1, **more}
    generate(actor=MAKER, **given)


def logs() -> Iterator[tuple[WorkOrder, list[WorkOrderEvent]]]:
    events: dict[int, list[WorkOrderEvent]] = {}
    for event in WorkOrderEvent.objects.order_by("id"):
        events.setdefault(event.order_id, []).append(event)
    for order in WorkOrder.objects.order_by("id"):
        yield order, events[order.pk]


def test_every_column_equals_what_the_log_says() -> None:
    fill()
    clocks: dict[int, dict[tuple[Any, ...], Clock]] = {}
    for clock in Clock.objects.all():
        clocks.setdefault(clock.order_id, {})[(clock.kind, clock.side, clock.assignment_id, clock.round)] = (
            clock
        )
    states = dict(Assignment.objects.values_list("id", "state"))
    for order, events in logs():
        assert order.policy_id
        assert order.calendar_id
        found = rebuild(
            [LogEntry(event.at, event.verb, event.new_state, event.data) for event in events],
            worktime.policy(order.policy_id).document,
            worktime.calendar(order.calendar_id).calendar,
        )
        assert (found.state, found.card, found.due_at()) == (order.state, order.card, order.due_at), order.pk
        have = clocks.get(order.pk, {})
        assert {tuple(key) for key in found.clocks} == set(have)
        for key, now in found.clocks.items():
            assert now.row() == {name: getattr(have[tuple(key)], name) for name in now.row()}, (order.pk, key)
        assert {number: node.state for number, node in found.nodes.items()} == {
            number: states[number] for number in found.nodes
        }
        assert order.revision == sum(event.verb != "raise_card" for event in events)


def test_the_check_of_deadlines_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    fill(orders=150)
    call_command("deadlines", "check")
    assert " 0 differences in 0 orders" in capsys.readouterr().out


def test_every_event_is_legal_where_it_stands() -> None:
    fill()
    verbs: Counter[str] = Counter()
    for order, events in logs():
        state = ""
        for before, event in zip([None, *events], events, strict=False):
            assert event.old_state == state
            assert before is None or before.at <= event.at
            if state:
                assert state in VERBS[event.verb].from_, (order.pk, event.verb, state)
            state = event.new_state or state
            verbs[event.verb] += 1
        assert order.created_at == events[0].at
        assert events[-1].at <= UNTIL
    # A life of every kind: what dashboards and lists must show.
    for verb in (
        "apply_return",
        "approve_return",
        "approve_extension",
        "redo",
        "urge",
        "merge",
        "absorb",
        "supervise",
        "raise_card",
        "withdraw",
    ):
        assert verbs[verb], verb


def test_exactly_so_many_are_open() -> None:
    fill(open_orders=45)
    assert WorkOrder.objects.filter(state__in=[str(state) for state in OPEN_STATES]).count() == 45
    assert WorkOrder.objects.count() == ORDERS
    ended = WorkOrder.objects.filter(state__in=["closed", "archived"])
    assert not ended.filter(closed_at__isnull=True).exists()
    assert not Clock.objects.filter(order__in=ended, state__in=["running", "paused"]).exists()
    assert not FollowUpTask.objects.filter(order__in=ended, state__in=["waiting", "claimed"]).exists()


def test_the_same_seed_gives_the_same_orders_in_any_split() -> None:
    load_city(actor=LOADER, folder=PACKS / "county")
    world = build_world(orders=200, years=1, seed=3, open_orders=10, until=UNTIL)
    once, twice = teller_of(world), teller_of(world)
    for index in range(200):
        tell(once, index)
    for index in [*range(120, 200), *range(120)]:
        tell(twice, index)
    for table, lines in once.rows.lines.items():
        assert sorted(lines) == sorted(twice.rows.lines[table]), table
    other = teller_of(build_world(orders=200, years=1, seed=4, open_orders=10, until=UNTIL))
    tell(other, 0)
    assert other.rows.lines["workorders_workorder"][0] not in once.rows.lines["workorders_workorder"]


def test_citizens_open_with_the_ring_and_codes_look_up() -> None:
    fill(orders=60)
    identity = open_row(Citizen.objects.order_by("id")[0])
    assert isinstance(identity, Identity)
    assert identity.name
    assert len(identity.phone) == 11
    appeal = Appeal.objects.filter(state="ordered").order_by("id")[0]
    assert appeal.number
    assert look_up(appeal.number, code_of(SOURCE, appeal.number)).order_id == appeal.order_id


def test_numbers_go_on_behind_the_generated_ones() -> None:
    fill(orders=40)
    generate(actor=MAKER, orders=40, years=0.5, seed=11, until=UNTIL, workers=1)
    assert WorkOrder.objects.count() == 80
    for table in SEQUENCES:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")
            largest = cursor.fetchone()[0]
            cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
            assert cursor.fetchone()[0] > largest
    assert set(TABLES_PER_ORDER) == set(SEQUENCES)


def _objects() -> tuple[set[str], set[str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = ANY(%s)", [list(COLUMNS)])
        # PostgreSQL writes the casts of a condition otherwise when it reads its own words again.
        indexes = {row[0].partition(" WHERE ")[0] for row in cursor.fetchall()}
        cursor.execute(
            "SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || convalidated FROM pg_constraint"
            " WHERE conrelid::regclass::text = ANY(%s)",
            [list(COLUMNS)],
        )
        return indexes, {row[0] for row in cursor.fetchall()}


def test_a_large_run_leaves_every_index_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _objects()
    monkeypatch.setattr(generating, "LARGE", 10)
    fill(orders=50)
    assert _objects() == before


def test_the_command_needs_a_city(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused, match="no_city"):
        generate(actor=MAKER, orders=10, years=1, seed=1)
    load_city(actor=LOADER, folder=PACKS / "county")
    call_command("generate", orders=20, workers=1)
    assert "orders 20, of them open 1" in capsys.readouterr().out
    with pytest.raises(Refused, match="demo_generate"):
        generate(actor=LOADER, orders=10, years=1, seed=1)


def test_cells() -> None:
    assert [cell(value) for value in (None, True, False, 3, "文", UNTIL)] == [
        "\\N",
        "t",
        "f",
        "3",
        "文",
        UNTIL.isoformat(),
    ]
    assert plain('a\t"b"\\c') == "a  b  c"
