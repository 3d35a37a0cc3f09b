"""Does the lake say what the log says? Counts and checksums of both sides, month by month; nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection

from hotline.analytics import folder, permissions
from hotline.analytics.rules.snapshots import Manifest
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE

_ZONE = CITY_ZONE.key
# The same text on both sides, its digest's first 60 bits, and all of them by exclusive or: the order of rows does not matter.
_EVENT = "{id}::text || '|' || {order}::text || '|' || {verb} || '|' || {new_state} || '|' || {at}"
_ORDER = "{id}::text || '|' || {revision}::text || '|' || {state} || '|' || {outcome} || '|' || {closed}"


@dataclass(frozen=True, slots=True)
class Difference:
    """Table, month, and (rows, checksum) of log and lake; a file that cannot be read has no lake side."""

    table: str
    month: str
    log: tuple[int, int]
    lake: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Verified:
    """`compared`: months compared. `missing`: files that the manifest names and nobody finds, or of another size."""

    number: int
    compared: int
    missing: list[str]
    differences: list[Difference]

    @property
    def good(self) -> bool:
        return not self.missing and not self.differences


def verify(*, actor: Actor) -> Verified:
    """Compare the newest snapshot with the log up to its position. Orders that were touched since are left out on both sides."""
    permissions.can_build(actor).require("analytics:build")
    manifest = folder.read_manifest()
    missing = sorted(_missing(manifest))
    if missing or manifest.number == 0:
        return Verified(manifest.number, 0, missing, [])
    found: list[Difference] = []
    compared = 0
    with folder.scratch() as engine:
        for table, log, lake in (
            ("events", _log_events(manifest), _lake_events(engine, manifest)),
            ("orders", *_orders(engine, manifest)),
        ):
            for month in sorted({*log, *lake}):
                compared += 1
                sides = log.get(month, (0, 0)), lake.get(month, (0, 0))
                if sides[0] != sides[1]:
                    found.append(Difference(table, month, *sides))
    return Verified(manifest.number, compared, [], found)


def _missing(manifest: Manifest) -> Iterator[str]:
    sizes = {part.path: part.size for table in manifest.tables for part in manifest.parts(table)}
    for path, size in sizes.items():
        file = folder.root() / path
        if not file.is_file() or file.stat().st_size != size:
            yield path


def _postgres(sql: str, params: dict[str, Any]) -> dict[str, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return {month: (int(rows), int(digest)) for month, rows, digest in cursor.fetchall()}


def _duck(engine: Any, sql: str) -> dict[str, tuple[int, int]]:
    return {month: (int(rows), int(digest)) for month, rows, digest in engine.execute(sql).fetchall()}


def _pg_bits(text: str) -> str:
    return f"bit_xor(('x' || substr(md5({text}), 1, 15))::bit(60)::bigint)"


def _duck_bits(text: str) -> str:
    return f"bit_xor(('0x' || substr(md5({text}), 1, 15))::BIGINT)"


def _pg_time(column: str) -> str:
    return f"coalesce(to_char({column} AT TIME ZONE '{_ZONE}', 'YYYY-MM-DD HH24:MI:SS.US'), '')"


def _duck_time(column: str) -> str:
    return f"coalesce(strftime({column}, '%Y-%m-%d %H:%M:%S.%f'), '')"


def _log_events(manifest: Manifest) -> dict[str, tuple[int, int]]:
    text = _EVENT.format(id="id", order="order_id", verb="verb", new_state="new_state", at=_pg_time("at"))
    at = manifest.position
    return _postgres(
        f"SELECT to_char(at AT TIME ZONE '{_ZONE}', 'YYYY-MM') AS month, count(*), {_pg_bits(text)} FROM workorders_workorderevent"
        " WHERE (xid, id) <= (%(xid)s::text::xid8, %(id)s) OR id <= %(old)s GROUP BY 1",
        {"xid": at.xid, "id": at.id, "old": 0},
    )


def _lake_events(engine: Any, manifest: Manifest) -> dict[str, tuple[int, int]]:
    text = _EVENT.format(id="id", order="order_id", verb="verb", new_state="new_state", at=_duck_time("happened_at"))
    return _duck(
        engine,
        f"SELECT strftime(happened_at, '%Y-%m'), count(*), {_duck_bits(text)} FROM ({folder.view_sql(manifest, 'events')}) GROUP BY 1",
    )


def _orders(engine: Any, manifest: Manifest) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    at = manifest.position
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT order_id FROM workorders_workorderevent WHERE (xid, id) > (%s::text::xid8, %s)", [at.xid, at.id]
        )
        since = [row[0] for row in cursor.fetchall()]
    text = _ORDER.format(id="id", revision="revision", state="state", outcome="outcome", closed=_pg_time("closed_at"))
    log = _postgres(
        f"SELECT to_char(created_at AT TIME ZONE '{_ZONE}', 'YYYY-MM'), count(*), {_pg_bits(text)} FROM workorders_workorder"
        " WHERE NOT (id = ANY(%(since)s)) GROUP BY 1",
        {"since": since},
    )
    text = _ORDER.format(id="order_id", revision="revision", state="state", outcome="outcome", closed=_duck_time("closed_at"))
    engine.execute("CREATE OR REPLACE TEMP TABLE since (order_id BIGINT)")
    if since:
        engine.execute("INSERT INTO since SELECT unnest(?)", [since])
    lake = _duck(
        engine,
        f"SELECT strftime(created_at, '%Y-%m'), count(*), {_duck_bits(text)}"
        f" FROM ({folder.view_sql(manifest, 'orders')}) ANTI JOIN since USING (order_id) GROUP BY 1",
    )
    return log, lake
