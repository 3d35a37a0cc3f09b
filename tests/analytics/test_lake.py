"""The lake follows the log: once, with what came late, over whatever happens to its builder and its files."""

from __future__ import annotations

import fcntl
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from hotline.accounts.models import Unit
from hotline.analytics import actions, folder, queries
from hotline.analytics.rules.cuts import Cut
from hotline.analytics.rules.snapshots import BadManifest, Manifest, Part, from_text, to_text
from hotline.analytics.tasks import ACTOR
from hotline.kit.actor import system_actor
from hotline.kit.clock import CITY_ZONE, now, simulated
from hotline.kit.errors import NotPermitted, Refused
from hotline.workorders import actions as work
from hotline.workorders.models import WorkOrder, WorkOrderEvent
from hotline.workorders.rules import ReplyForm
from tests.accounts.cast import Cast
from tests.workorders.factories import GOOD_REPLY, closed, make_city, make_order, moment, signed

ACTOR_READ = system_actor("reports", "analytics:read")
REPLY = ReplyForm(**GOOD_REPLY)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def city(cast: Cast, lake: Path) -> Cast:
    make_city(cast)
    return cast


def rows(table: str) -> list[tuple[Any, ...]]:
    return folder.reader.ask(f"SELECT * FROM {table} ORDER BY ALL")[0]


def count(code: str, **more) -> float | None:
    day = now().astimezone(CITY_ZONE).replace(tzinfo=None)
    cut = Cut((code,), day - timedelta(days=400), day + timedelta(days=60), **more)
    figure = queries.figures(ACTOR_READ, cut).one(code)
    return None if figure is None else figure.value


def build(**more) -> actions.Built:
    return actions.build(actor=ACTOR, **more)


class TestFollowing:
    def test_every_order_and_event_once(self, city):
        make_order(city)
        closed(city)
        build()
        assert len(rows("orders")) == 2
        assert len(rows("events")) == WorkOrderEvent.objects.count()
        assert actions.verify(actor=ACTOR).good

    def test_what_is_new_alone_is_read(self, city):
        make_order(city)
        first = build()
        order = make_order(city)
        second = build()
        assert (first.events, second.events) == (1, 1)
        assert second.orders == 1
        assert {row[0] for row in rows("orders")} == set(WorkOrder.objects.values_list("pk", flat=True))
        assert build().number == second.number, "nothing new makes no snapshot"
        assert order.pk in {row[0] for row in rows("orders")}

    def test_an_order_that_changes_is_there_once_as_it_is(self, city):
        assignment = signed(city)
        build()
        assert [row[4] for row in rows("orders")] == ["in_progress"]
        work.submit_reply(actor=city.actor("handler"), assignment_id=assignment.pk, form=REPLY)
        build()
        assert [row[4] for row in rows("orders")] == [WorkOrder.objects.get().state]
        assert len(rows("assignments")) == 1

    def test_a_correction_of_an_old_month_lands_there(self, city):
        with simulated(moment("2026-03-02T10:00")):
            assignment = signed(city)
        build()
        with simulated(moment("2026-06-02T10:00")):
            work.submit_reply(actor=city.actor("handler"), assignment_id=assignment.pk, form=REPLY)
        build()
        manifest = queries.snapshot()
        assert set(manifest.tables["orders"]) == {"2026-03"}
        assert {"2026-03", "2026-06"} <= set(manifest.tables["events"])
        assert actions.verify(actor=ACTOR).good

    def test_who_commits_late_is_not_skipped(self, city):
        """An event with an earlier transaction becomes visible after a later one was read."""
        late = make_order(city)
        entered, leave = threading.Event(), threading.Event()

        def slowly() -> None:
            try:
                with transaction.atomic():
                    WorkOrderEvent.objects.create(order=late, at=now(), verb="note", actor="system:test")
                    entered.set()
                    leave.wait(20)
            finally:
                connections.close_all()

        thread = threading.Thread(target=slowly)
        thread.start()
        try:
            assert entered.wait(20)
            make_order(city)  # a later transaction, over earlier
            build()
        finally:
            leave.set()
            thread.join(20)
        build()
        assert len(rows("events")) == WorkOrderEvent.objects.count() == 3
        assert actions.verify(actor=ACTOR).good

    def test_no_identity_and_no_words(self, city):
        make_order(city, title="张三家漏水", content="我叫张三电话13800138000家住一号楼", address="一号楼")
        build()
        everything = str([rows(table) for table in ("orders", "assignments", "events", "follow_ups", "appeals")])
        assert "张三" not in everything
        assert "13800138000" not in everything
        assert "一号楼" not in everything

    def test_a_unit_renamed_keeps_its_old_name_in_its_time(self, city):
        unit = city.unit("a")
        build()
        at = queries.snapshot().data_at.astimezone(CITY_ZONE).replace(tzinfo=None)
        Unit.objects.filter(pk=unit.pk).update(name="市水务局新名")
        build()
        assert queries.names("unit", [unit.path]) == {unit.path: "市水务局新名"}
        assert queries.names("unit", [unit.path], at) == {unit.path: unit.name}


class TestBreaking:
    def test_two_builders(self, city):
        make_order(city)
        (folder.root() / "builder.lock").touch()
        with (folder.root() / "builder.lock").open("w") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            with pytest.raises(Refused) as refused:
                build()
            assert refused.value.code == "lake_busy"
        assert build().events == 1

    def test_a_builder_killed_before_the_switch_changes_nothing(self, city, monkeypatch):
        make_order(city)
        build()
        closed(city)

        def killed(_manifest):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(folder, "publish", killed)
            with pytest.raises(KeyboardInterrupt):
                build()
        assert len(rows("orders")) == 1
        build()
        assert len(rows("orders")) == 2
        assert len(rows("events")) == WorkOrderEvent.objects.count()
        assert actions.verify(actor=ACTOR).good

    def test_a_file_removed(self, city, lake):
        make_order(city)
        build()
        victim = lake / queries.snapshot().parts("orders")[0].path
        victim.unlink()
        folder.reader.forget()
        with pytest.raises(queries.LakeBroken, match="verify"):
            count("orders")
        assert actions.verify(actor=ACTOR).missing == [victim.relative_to(lake).as_posix()]
        make_order(city)
        with pytest.raises(queries.LakeBroken, match="afresh"):
            build()
        build(afresh=True)
        assert count("orders") == 2
        assert actions.verify(actor=ACTOR).good

    def test_a_row_changed_by_hand_is_found(self, city, lake):
        make_order(city)
        build()
        part = queries.snapshot().parts("events")[0]
        file = lake / part.path
        with duckdb.connect() as engine:
            engine.execute(f"COPY (SELECT * REPLACE ('note' AS verb) FROM read_parquet('{file}')) TO '{file}.new' (FORMAT parquet)")
        Path(f"{file}.new").replace(file)
        manifest = queries.snapshot()
        month = part.path.split("/")[1]
        folder.publish(manifest.with_parts("events", {month: [Part(part.path, 1, file.stat().st_size)]}, replace=True))
        folder.reader.forget()
        found = actions.verify(actor=ACTOR)
        assert [(one.table, one.month) for one in found.differences] == [("events", month)]
        with pytest.raises(CommandError, match="differs"):
            call_command("lake", "verify")

    def test_a_manifest_of_nonsense(self, city, lake):
        make_order(city)
        build()
        (lake / folder.CURRENT).write_text("{", encoding="utf-8")
        folder.reader.forget()
        with pytest.raises(queries.LakeBroken, match="afresh"):
            count("orders")
        build(afresh=True)
        assert count("orders") == 1

    def test_restored_elsewhere_where_transactions_count_anew(self, city):
        make_order(city)
        build()
        manifest = queries.snapshot()
        far = manifest.position.xid + 10**9
        at = type(manifest.position)(far, manifest.position.id, manifest.position.last_id, far + 1)
        folder.publish(Manifest(manifest.number, manifest.data_at, at, manifest.marks, manifest.tables, manifest.dictionary))
        make_order(city)
        assert build().events == 1
        assert len(rows("events")) == 2

    def test_nothing_built_yet(self, city):
        with pytest.raises(queries.LakeEmpty):
            count("orders")

    def test_only_the_machine_builds(self, city):
        with pytest.raises(NotPermitted):
            actions.build(actor=city.actor("supervisor"))


class TestCompacting:
    def test_one_file_a_month_and_the_same_rows(self, city, lake):
        for _ in range(3):
            make_order(city)
            build()
        before = rows("events")
        assert len(queries.snapshot().parts("events")) == 3
        it = actions.compact(actor=ACTOR, grace_seconds=0)
        assert (it.merged, len(queries.snapshot().parts("events"))) == (2, 1)
        assert rows("events") == before
        left = {file.relative_to(lake).as_posix() for file in lake.glob("*/*/*.parquet")}
        assert left == {part.path for table in queries.snapshot().tables for part in queries.snapshot().parts(table)}
        assert actions.verify(actor=ACTOR).good

    def test_what_a_reader_may_have_open_stays_an_hour(self, city, lake):
        make_order(city)
        build()
        old = lake / queries.snapshot().parts("orders")[0].path
        make_order(city)
        build()
        actions.compact(actor=ACTOR)
        assert old.exists()

    def test_what_a_killed_builder_left_goes(self, city, lake):
        make_order(city)
        build()
        (lake / "work-dead").mkdir()
        (lake / "work-dead" / "events.csv").write_text("x")
        actions.compact(actor=ACTOR)
        assert not (lake / "work-dead").exists()


class TestManifest:
    def test_there_and_back(self):
        it = Manifest(3, now()).with_parts("orders", {"2026-11": [Part("orders/2026-11/3.parquet", 5, 900)]}, replace=True)
        assert from_text(to_text(it)) == it
        assert to_text(from_text(to_text(it))) == to_text(it)

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"number": 1}', "null"])
    def test_nonsense(self, text):
        with pytest.raises(BadManifest):
            from_text(text)

    def test_no_file_outside_the_lake(self):
        text = to_text(Manifest(1, now()).with_parts("orders", {"2026-11": [Part("../x", 5, 9)]}, replace=True))
        with pytest.raises(BadManifest, match="outside"):
            from_text(text)

