"""Fill a loaded city with years of orders: worker processes tell their lives, one connection copies them in.

Everything happens in one transaction: a run that is stopped leaves nothing. A large run takes the tables' secondary
indexes and foreign keys away first and makes them again, checked, before the end of that transaction; smaller runs
leave them in place, so that a running system is not locked out.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

import yaml
from django.db import connection, transaction

from hotline.accounts.actions import identity_columns
from hotline.accounts.models import Membership, Role, Unit
from hotline.audit import actions as audit
from hotline.demo.life.base import TABLES_PER_ORDER
from hotline.demo.life.rows import COLUMNS, SEQUENCES, cell, plain
from hotline.demo.life.story import tell as tell_order
from hotline.demo.life.worker import start, tell, teller_of
from hotline.demo.life.world import UnitInfo, Who, World
from hotline.demo.pack import find_pack
from hotline.demo.phrases import Book, Spot
from hotline.dispatch.models import CatalogueEntry
from hotline.dispatch.rules import Entry
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Refused
from hotline.places.models import Division, DivisionLevel
from hotline.places.rules import significant
from hotline.workorders.models import Category, CitySettings, ReasonCode
from hotline.worktime import queries as worktime

LARGE = 50_000
"""From this many orders on, indexes and foreign keys are made anew after the copying."""

CHUNK = 1000
MOST_CITIZENS = 120_000
Step = Callable[[str, int], None]
Block = tuple[int, list[tuple[str, bytes]]]
"""How many orders; COPY bytes by table."""


def build_world(
    *, orders: int, years: float, seed: int, open_orders: int, until: datetime | None = None
) -> World:
    """Read the city. Raises Refused when no city is loaded or something of it is missing."""
    city = CitySettings.objects.first()
    if city is None or city.hub_id is None:
        raise Refused(
            "no_city", "No city is loaded; run `hotline load-city shanghai` first, or any other pack."
        )
    moment = (until or now()).replace(microsecond=0)
    folder = find_pack(str(city.options.get("pack") or ""))
    phrases = yaml.safe_load((folder / "phrases.yaml").read_text(encoding="utf-8"))
    book = Book(phrases)
    units = _units(city.hub_id)
    categories = list(Category.objects.select_related("default_unit").order_by("code"))
    leaves, weights = book.leaves(
        [(one.pk, one.code, one.name, one.demand_types, one.default_urgency) for one in categories]
    )
    if not leaves:
        raise Refused("no_phrases", "The pack's phrases.yaml has no facts for the categories of this city.")
    policy, calendar = worktime.policy_in_effect(moment), worktime.calendar_in_effect()
    staff = _staff(city.hub_id)
    entries = [
        Entry(
            one.pk,
            one.category.code,
            one.area_code,
            one.lead_unit_id,
            one.effective_from,
            one.effective_to,
            tuple(unit.pk for unit in one.assistants.all()),
            one.legal_basis,
        )
        for one in CatalogueEntry.objects.select_related("category").prefetch_related("assistants")
    ]
    reasons, legal = _reasons()
    bases = {table: _next_id(table) for table in SEQUENCES}
    bases["accounts_citizen"] = _next_id("accounts_citizen")
    return World(
        seed=seed,
        orders=orders,
        open_orders=min(open_orders, orders),
        begin=moment - timedelta(days=365 * years),
        now=moment,
        prefix=city.number_prefix,
        hub=city.hub_id,
        units=units,
        staff=staff,
        hub_secret=list(
            Membership.objects.filter(unit_id=city.hub_id, handles_secret=True)
            .values_list("person_id", flat=True)
            .distinct()
        ),
        leaves=leaves,
        leaf_weights=weights,
        leaf_levels={one.code: one.default_level for one in categories},
        spots=_spots(city.division_code),
        entries=entries,
        street_units={unit.area: unit.id for unit in units.values() if unit.level == "street" and unit.area},
        district_units={
            unit.area[:6]: unit.id for unit in units.values() if unit.level == "district" and unit.area
        },
        default_units={one.code: one.default_unit_id for one in categories if one.default_unit_id},
        reasons=reasons,
        legal=legal,
        options=dict(city.options),
        phrases=phrases,
        policy_id=policy.id,
        policy=dict(policy.document.raw),
        calendar_id=calendar.id,
        calendar=(
            sorted(calendar.calendar.years),
            dict(calendar.calendar.holidays),
            dict(calendar.calendar.make_ups),
        ),
        citizens=max(30, min(MOST_CITIZENS, orders // 6)),
        bases=bases,
        number_base=_sequence("workorders_number"),
        answered_base=_sequence("intake_appeal_number"),
    )


def _units(hub: int) -> dict[int, UnitInfo]:
    units: dict[int, UnitInfo] = {}
    for unit in Unit.objects.filter(closed_on__isnull=True).order_by("path"):
        path = tuple(int(part) for part in unit.path.split("/") if part and int(part) != hub)
        units[unit.pk] = UnitInfo(
            unit.pk,
            unit.code,
            plain(unit.name),
            unit.level,
            unit.area_code,
            path or (unit.pk,),
            unit.parent_id,
        )
    for info in units.values():
        if info.parent in units and info.parent != hub:
            units[info.parent].children.append(info.id)
    rows = (
        Membership.objects.filter(unit_id__in=units, person__is_active=True)
        .select_related("person")
        .order_by("id")
    )
    for row in rows:
        who = Who(f"staff:{row.person_id}", plain(row.person.name), row.person_id)
        info = units[row.unit_id]
        if row.role == Role.HANDLER:
            info.handlers.append(who)
        elif row.role == Role.UNIT_MANAGER:
            info.managers.append(who)
        if row.handles_secret:
            info.secret_handlers.append(row.person_id)
    for info in units.values():  # by path: whoever is above comes first
        above = units.get(info.parent) if info.parent else None
        if above is not None and above.id != hub:
            info.managers = info.managers or above.managers or above.handlers
            info.handlers = info.handlers or info.managers or above.handlers
        info.handlers = info.handlers or info.managers
        info.managers = info.managers or info.handlers
    return units


def _staff(hub: int) -> dict[str, list[Who]]:
    found: dict[str, list[Who]] = {}
    for row in (
        Membership.objects.filter(unit_id=hub, person__is_active=True).select_related("person").order_by("id")
    ):
        found.setdefault(row.role, []).append(
            Who(f"staff:{row.person_id}", plain(row.person.name), row.person_id)
        )
    for role in (Role.AGENT, Role.DISPATCHER):
        if not found.get(role):
            raise Refused("no_staff", f"The hotline centre has no {role.label}; the generator needs one.")
    for role in (Role.REVIEWER, Role.FOLLOW_UP, Role.SUPERVISOR):
        found.setdefault(role, found[Role.DISPATCHER])
    return {str(role): people for role, people in found.items()}


def _spots(area: str) -> list[Spot]:
    inside = list(
        Division.objects.filter(
            code__startswith=significant(area), level__gte=DivisionLevel.DISTRICT
        ).order_by("code")
    )
    names = {one.code: one.name for one in inside}
    lowest = [one for one in inside if one.level == DivisionLevel.COMMUNITY] or [
        one for one in inside if one.level == DivisionLevel.STREET
    ]
    if not lowest:
        raise Refused("no_places", "The city has no streets or communities; import its divisions first.")
    found = []
    for one in lowest:
        street, district = f"{one.code[:9]}000", f"{one.code[:6]}000000"
        found.append(
            Spot(
                one.code, one.name, street, names.get(street, one.name), one.code[:6], names.get(district, "")
            )
        )
    return found


def _reasons() -> tuple[dict[str, list[str]], dict[str, str]]:
    """Codes by kind (leaves of the decision tree only); legal bases and scripts by key."""
    rows = list(ReasonCode.objects.order_by("kind", "code"))
    branches = {(row.kind, row.parent_code) for row in rows if row.parent_code}
    codes: dict[str, list[str]] = {}
    legal: dict[str, str] = {}
    for row in rows:
        if (row.kind, row.code) not in branches:
            codes.setdefault(row.kind, []).append(row.code)
        if row.legal_basis:
            legal[f"{row.kind}/{row.code}"] = plain(row.legal_basis)
        if row.script:
            legal[f"script/{row.code}"] = plain(row.script)
    return codes, legal


def _next_id(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}")
        largest = int(cursor.fetchone()[0])
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        sequence = cursor.fetchone()[0]
    return max(largest, _sequence(sequence))


def _sequence(name: str) -> int:
    """The next number of a sequence, without taking it."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT last_value + is_called::int FROM {name}")
        return int(cursor.fetchone()[0])


def generate(
    *,
    actor: Actor,
    orders: int,
    years: float,
    seed: int,
    open_orders: int | None = None,
    until: datetime | None = None,
    workers: int = 0,
    step: Step = lambda name, count: None,
) -> World:
    """Generate `orders` orders over the last `years` years, `open_orders` of them open (default 5%).

    The same seed, moment and city give the same orders. `step(name, count)` reports: `orders` as they are written, then
    `index`, `constraint` and `table` for the finish. Raises Refused.
    """
    if not actor.has("demo:generate"):
        raise Refused("demo_generate", "Only the generator may do this.")
    wanted = max(1, orders // 20) if open_orders is None else open_orders
    world = build_world(orders=orders, years=years, seed=seed, open_orders=wanted, until=until)
    processes = workers or min(os.cpu_count() or 2, 8)
    with transaction.atomic(), _telling(world, processes) as told:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 2")
            cursor.execute("SET LOCAL synchronous_commit = off")
        _take_ids(world)
        _write_citizens(world)
        rebuild = _strip() if orders >= LARGE else []
        anew = _begin_anew() if orders >= LARGE else set()
        for count, blocks in told:
            for table, data in blocks:
                _copy(table, COLUMNS[table], data, frozen=table in anew)
            step("orders", count)
        for kind, statement in rebuild:
            with connection.cursor() as cursor:
                cursor.execute(statement)
            step(kind, 1)
        audit.record(
            actor=actor,
            verb="demo.generate",
            object_type="city",
            object_id=str(orders),
            data={"orders": orders, "years": years, "seed": seed, "open": world.open_orders},
        )
    tables = ("accounts_citizen", *COLUMNS)
    # Two at a time, unless somebody's own transaction around this one holds the tables.
    together = orders >= LARGE and not connection.in_atomic_block
    with ThreadPoolExecutor(2) as threads:
        for _table in threads.map(_analyze, tables) if together else map(_gather, tables):
            step("table", 1)
    return world


def _analyze(table: str) -> None:
    try:
        _gather(table)
    finally:
        connection.close()  # each thread has its own


def _gather(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")


@contextmanager
def _telling(world: World, processes: int) -> Iterator[Iterable[Block]]:
    """The orders in their order, by thousands. Worker processes begin at once: citizens are enciphered here meanwhile."""
    spans = [(first, min(first + CHUNK, world.orders)) for first in range(0, world.orders, CHUNK)]
    if processes == 1 or len(spans) == 1:
        yield _told_here(world, spans)
        return
    # Fresh interpreters: a fork would take the pool's threads and sockets along.
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, start, (pickle.dumps(world),)) as pool:
        yield pool.imap(tell, spans)


def _told_here(world: World, spans: list[tuple[int, int]]) -> Iterator[Block]:
    teller = teller_of(world)
    for first, end in spans:
        for index in range(first, end):
            tell_order(teller, index)
        yield end - first, teller.rows.take()


def _copy(table: str, columns: tuple[str, ...], data: bytes, *, frozen: bool = False) -> None:
    how = " WITH (FREEZE)" if frozen else ""
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN{how}") as stream,
    ):
        stream.write(data)


def _write_citizens(world: World) -> None:
    rng = Random(f"citizens {world.seed}")
    book = Book(world.phrases)
    first = world.bases["accounts_citizen"]
    columns: tuple[str, ...] = ()
    lines: list[str] = []
    for number in range(first, first + world.citizens):
        enterprise = rng.random() < 0.06
        name = book.name(rng)
        row: dict[str, Any] = identity_columns(
            # A number of its own for each row of this table, in a range that no operator gives out.
            phone=f"17{number % 10**9:09d}",
            name=name,
            kind="enterprise" if enterprise else "person",
            gender=("male", "female")[int(rng.random() * 2)],
            company=book.draw("company", rng) if enterprise else "",
        )
        row |= {"id": number, "tags": "{}", "remark": "", "created_at": world.begin}
        columns = columns or tuple(row)
        lines.append("\t".join(_cell(row[name]) for name in columns))
    _copy("accounts_citizen", columns, ("\n".join(lines) + "\n").encode())


def _cell(value: object) -> str:
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else cell(value)


def _strip() -> list[tuple[str, str]]:
    """Take indexes and foreign keys of the filled tables away; returns (kind, statement) that make them again."""
    again: list[tuple[str, str]] = []
    late: list[tuple[str, str]] = []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a table with checks still to come cannot be altered
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in COLUMNS:
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid), contype::text FROM pg_constraint"
                " WHERE conrelid = %s::regclass AND contype IN ('f', 'u') ORDER BY contype DESC, conname",
                [table],
            )
            for name, definition, kind in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
                target = again if kind == "u" else late
                target.append(("constraint", f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}'))
            cursor.execute(
                "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index i"
                " WHERE indrelid = %s::regclass AND NOT indisprimary"
                " AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid) ORDER BY 1",
                [table],
            )
            for name, definition in cursor.fetchall():
                cursor.execute(f"DROP INDEX {name}")
                again.append(("index", definition))
    return again + late


def _begin_anew() -> set[str]:
    """Give tables that are empty files of their own in this transaction; returns them.

    What is copied into such a file stands frozen at once, so that nobody has to read and write 10 GB again to vacuum it;
    and where `wal_level` is `minimal` it needs no log: should the machine stop before the commit, the file was never there.
    """
    anew = set()
    with connection.cursor() as cursor:
        for table in COLUMNS:
            cursor.execute(f"SELECT EXISTS (SELECT FROM {table})")
            if not cursor.fetchone()[0]:
                # Unlike TRUNCATE it leaves alone the tables that refer to this one.
                cursor.execute(f"CLUSTER {table} USING {table}_pkey")
                cursor.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")
                anew.add(table)
    return anew


def _take_ids(world: World) -> None:
    """Set the sequences behind the ids that are given here: an appeal filed meanwhile gets later ones."""
    with connection.cursor() as cursor:
        for table in ("accounts_citizen", *SEQUENCES):
            per_order = TABLES_PER_ORDER.get(table, 1)
            used = world.citizens if table == "accounts_citizen" else world.orders * per_order
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, world.bases[table] + used]
            )
        cursor.execute("SELECT setval('workorders_number', %s)", [world.number_base + world.orders])
        cursor.execute("SELECT setval('intake_appeal_number', %s)", [world.answered_base + world.orders])


__all__ = ["LARGE", "build_world", "generate"]
