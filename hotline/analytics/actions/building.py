"""The lake is built: new events, what they touched, what changed beside them; then one rename makes it visible."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection, transaction
from django.utils.translation import gettext as _

from hotline.analytics import folder, permissions, sources
from hotline.analytics.rules import facts
from hotline.analytics.rules.facts import DICTIONARY, EVENTS, OF_ORDERS, Fact
from hotline.analytics.rules.snapshots import Manifest, Part, Position
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.commits import settled

EVENTS_AT_ONCE = 500_000
ORDERS_AT_ONCE = 100_000
OVERLAP = {facts.APPEALS: timedelta(minutes=15), facts.CALL_SLOTS: timedelta(days=3), facts.HALL_SLOTS: timedelta(days=3)}
"""What changes without an event is read again so far back: appeals as long as a transaction may last, quarters of calls
as long as a call may."""
ROW_GROUP = 122_880


@dataclass(frozen=True, slots=True)
class Built:
    """What a build read: events, orders read again, files written; and the snapshot it made (unchanged when there was nothing)."""

    number: int
    events: int
    orders: int
    files: int


def build(*, actor: Actor, afresh: bool = False, progress: Callable[[int], None] = lambda _events: None) -> Built:
    """Bring the lake up to the log. `afresh`: read everything again, whatever is there. Refused while somebody else builds."""
    permissions.can_build(actor).require("analytics:build")
    with folder.only_builder():
        before = Manifest(number=_number()) if afresh else _whole(folder.read_manifest())
        # Read before the transaction begins: whatever is below is over, and its snapshot will see it.
        with connection.cursor() as cursor:
            bound = settled(cursor)
        work = folder.root() / f"work-{uuid.uuid4().hex[:12]}"
        work.mkdir()
        try:
            with _steady(), folder.scratch(work) as engine:
                made = _Build(before, bound, work, engine).run(progress)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        if made.manifest is not before:
            folder.publish(made.manifest)
            folder.reader.forget()
        return Built(made.manifest.number, made.events, made.orders, made.files)


def _number() -> int:
    """Of the last snapshot, also when its manifest cannot be read: numbers never come twice."""
    try:
        return folder.read_manifest().number
    except folder.LakeBroken:
        return int(now().timestamp())


def _whole(manifest: Manifest) -> Manifest:
    """Refuses to build on a lake that lacks a file: what is missing would stay so."""
    if missing := sorted(path for path in manifest.paths() if not (folder.root() / path).is_file()):
        raise folder.LakeBroken(
            "lake_broken",
            _("%(count)d files of the lake are missing, “%(first)s” first. Run “hotline lake build --afresh”.")
            % {"count": len(missing), "first": missing[0]},
        )
    return manifest


@contextmanager
def _steady() -> Iterator[None]:
    """One view of the database for all that is read."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            # The order of events follows their index; without it millions are sorted once a batch.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield


class _Build:
    """One build at work: `engine` holds what was read until it is written."""

    def __init__(self, before: Manifest, bound: tuple[int, int], work: Path, engine: duckdb.DuckDBPyConnection) -> None:
        self.manifest = before
        self.before, self.work, self.engine = before, work, engine
        self.bound, self.next_xid = bound
        self.number = before.number + 1
        self.events = self.orders = self.files = 0

    def run(self, progress: Callable[[int], None]) -> _Build:
        began = self._moment()
        position = self._read_events(progress)
        self._write_events()
        self._read_orders()
        for fact in OVERLAP:
            self._read_marked(fact, began)
        self._write_dictionary(began)
        if self.files or position != self.before.position or self.before.number == 0:
            marks = {fact.name: began.astimezone(UTC).isoformat() for fact in OVERLAP}
            self.manifest = replace(self.manifest, number=self.number, data_at=began, position=position, marks=marks)
        return self

    def _moment(self) -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT transaction_timestamp()")
            at: datetime = cursor.fetchone()[0]
        return at

    # ── events ──

    def _read_events(self, progress: Callable[[int], None]) -> Position:
        self._table(EVENTS.name, {**EVENTS.columns, "xid": "BIGINT"})
        at = self.before.position
        # Restored elsewhere, where transactions count from the start again: all ids beyond the last one are new.
        moved = at.last_id > 0 and self.next_xid <= at.xid
        after = at.last_id if moved else 0
        if moved:
            at = Position(last_id=at.last_id)
        while True:
            read = self._copy(
                EVENTS.name,
                sources.EVENTS,
                {"xid": at.xid, "id": at.id, "after": after, "all": moved, "bound": self.bound, "most": EVENTS_AT_ONCE},
            )
            if read:
                xid, event, last = self._one(
                    f"SELECT xid, id, (SELECT max(id) FROM {EVENTS.name}) FROM {EVENTS.name} ORDER BY xid DESC, id DESC LIMIT 1"
                )
                at = Position(xid, event, max(at.last_id, last), at.next_xid)
                self.events += read
                progress(self.events)
            if read < EVENTS_AT_ONCE:
                return replace(at, next_xid=self.next_xid) if read or self.events or moved else self.before.position

    def _write_events(self) -> None:
        if self.events:
            self._write(EVENTS, None)

    # ── orders that events touched ──

    def _read_orders(self) -> None:
        for fact in OF_ORDERS:
            self._table(fact.name, fact.columns)
        ids = [row[0] for row in self.engine.execute(f"SELECT DISTINCT order_id FROM {EVENTS.name} ORDER BY 1").fetchall()]
        self.orders = len(ids)
        if not ids:
            return
        for first in range(0, len(ids), ORDERS_AT_ONCE):
            some = ids[first : first + ORDERS_AT_ONCE]
            for fact in OF_ORDERS:
                self._copy(fact.name, sources.of_orders(fact), {"ids": some})
        self.engine.execute(f"CREATE TEMP TABLE touched AS SELECT DISTINCT order_id FROM {EVENTS.name}")
        months = self._months(facts.ORDERS.name, facts.ORDERS.month_of)
        for fact in OF_ORDERS:
            self._write(fact, "touched", months)

    # ── what changes without events ──

    def _read_marked(self, fact: Fact, began: datetime) -> None:
        self._table(fact.name, fact.columns)
        mark = self.before.marks.get(fact.name)
        since = datetime.fromisoformat(mark) - OVERLAP[fact] if mark else datetime(1970, 1, 1, tzinfo=UTC)
        if self._copy(fact.name, sources.marked(fact), {"since": since}):
            owner = ", ".join(fact.owner)
            self.engine.execute(f"CREATE OR REPLACE TEMP TABLE read_again AS SELECT DISTINCT {owner} FROM {fact.name}")
            self._write(fact, "read_again")

    def _write_dictionary(self, began: datetime) -> None:
        """Rows as they were stay, with the moment until when; what is so now follows."""
        self._table("words_now", {name: DICTIONARY[name] for name in ("kind", "code", "name", "parent", "level")})
        self._copy("words_now", sources.DICTIONARY, {})
        at = began.astimezone(CITY_ZONE).replace(tzinfo=None).isoformat(sep=" ")
        first = "TIMESTAMP '1970-01-01'" if self.before.dictionary is None else f"TIMESTAMP '{at}'"
        self.engine.execute(f"CREATE OR REPLACE TEMP TABLE words_before AS {folder.view_sql(self.before, 'dictionary')}")
        same = "w.kind = b.kind AND w.code = b.code AND w.name = b.name AND w.parent = b.parent AND w.level = b.level"
        self.engine.execute(
            f"""CREATE OR REPLACE TEMP TABLE words AS
            SELECT b.kind, b.code, b.name, b.parent, b.level, b.since,
             CASE WHEN b.until IS NULL AND NOT EXISTS (SELECT 1 FROM words_now w WHERE {same}) THEN TIMESTAMP '{at}' ELSE b.until END AS until
            FROM words_before b
            UNION ALL SELECT w.*, {first}, NULL FROM words_now w
             WHERE NOT EXISTS (SELECT 1 FROM words_before b WHERE b.until IS NULL AND {same})"""
        )
        if self._one("SELECT (SELECT count(*) FROM (FROM words EXCEPT FROM words_before))")[0]:
            part = self._file("SELECT * FROM words ORDER BY kind, code, since", f"dictionary/{self.number:08d}.parquet")
            self.manifest = replace(self.manifest, dictionary=part)

    # ── files ──

    def _write(self, fact: Fact, replaced: str | None, months: Sequence[str] | None = None) -> None:
        """Files of the months that the new rows lie in; `replaced` names a table of owners whose old rows are dropped."""
        made: dict[str, list[Part]] = {}
        for month in months if months is not None else self._months(fact.name, fact.month_of):
            columns = ", ".join(fact.columns)
            sql = f"SELECT {columns} FROM {fact.name} WHERE strftime({fact.month_of}, '%Y-%m') = '{month}'"
            old = self.before.tables.get(fact.name, {}).get(month, ())
            if replaced is not None and old:
                named = folder.files_sql([str(folder.root() / part.path) for part in old])
                owner = ", ".join(fact.owner)
                sql = (
                    f"SELECT {columns} FROM read_parquet({named}) ANTI JOIN {replaced} USING ({owner}) UNION ALL {sql}"
                )
            made[month] = [self._file(f"{sql} ORDER BY {', '.join(fact.key)}", f"{fact.name}/{month}/{self.number:08d}.parquet")]
        self.manifest = self.manifest.with_parts(fact.name, made, replace=replaced is not None)

    def _file(self, sql: str, path: str) -> Part:
        target = folder.root() / path
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = self.work / "part.parquet"
        self.engine.execute(f"COPY ({sql}) TO '{draft}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})")
        rows = self._one(f"SELECT count(*) FROM read_parquet('{draft}')")[0]
        size = draft.stat().st_size
        draft.replace(target)
        self.files += 1
        return Part(path, rows, size)

    # ── between the two engines ──

    def _table(self, name: str, columns: Mapping[str, str]) -> None:
        shape = ", ".join(f"{column} {kind}" for column, kind in columns.items())
        self.engine.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({shape})")

    def _copy(self, name: str, sql: str, params: Mapping[str, Any]) -> int:
        """Rows of a question to PostgreSQL into a table of the engine; how many. Empty text and null are the same here: null is text ''."""
        file = self.work / f"{name}.csv"
        with connection.cursor() as cursor, file.open("wb") as out, cursor.cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)", params) as copy:
            for block in copy:
                out.write(block)
        columns = self.engine.execute(f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{name}' ORDER BY column_index")
        shape = dict(columns.fetchall())
        if not file.stat().st_size:
            return 0
        typed = ", ".join(f"'{column}': '{kind}'" for column, kind in shape.items())
        chosen = ", ".join(f"coalesce({column}, '')" if kind == "VARCHAR" else column for column, kind in shape.items())
        before = self._one(f"SELECT count(*) FROM {name}")[0]
        self.engine.execute(
            f"INSERT INTO {name} SELECT {chosen} FROM read_csv('{file}', header = false, auto_detect = false, delim = ',', quote = '\"',"
            f" escape = '\"', nullstr = '', columns = {{{typed}}})"
        )
        file.unlink()
        read: int = self._one(f"SELECT count(*) FROM {name}")[0] - before
        return read

    def _months(self, table: str, column: str) -> list[str]:
        rows = self.engine.execute(f"SELECT DISTINCT strftime({column}, '%Y-%m') FROM {table} ORDER BY 1").fetchall()
        return [row[0] for row in rows]

    def _one(self, sql: str) -> tuple[Any, ...]:
        row = self.engine.execute(sql).fetchone()
        if row is None:
            raise LookupError(sql)
        return tuple(row)
