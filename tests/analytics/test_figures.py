"""Figures: computed in one place, adding up over any cut, seen by whom they concern, opened down to the orders behind."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from pathlib import Path

import ibis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.analytics import actions, folder, queries
from hotline.analytics.queries.asking import Figure
from hotline.analytics.rules.cuts import BadCut, Cut, Reach, answer, fits, together
from hotline.analytics.rules.dimensions import DIMENSIONS
from hotline.analytics.rules.facts import FACTS
from hotline.analytics.rules.metrics import METRICS, Unit, table_of
from hotline.analytics.tasks import ACTOR
from hotline.analytics.views import GROUPS
from hotline.followup.models import Attempt, FollowUpTask
from hotline.kit.actor import system_actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.errors import Invalid, NotPermitted
from hotline.workorders.models import WorkOrder
from tests.accounts.cast import Cast
from tests.workorders.factories import closed, dispatched, make_city, make_order, signed

READER = system_actor("reports", "analytics:read")
WIDE = (datetime(2020, 1, 1), datetime(2030, 1, 1))
CITY_WIDE = Reach(everything=True)


class TestTables:
    @pytest.mark.parametrize("code", METRICS)
    def test_every_metric_is_whole(self, code):
        metric = METRICS[code]
        assert metric.by in metric.fact.columns
        assert metric.fact.columns[metric.by] == "TIMESTAMP"
        assert (metric.unit is Unit.COUNT) == (metric.whole is None)
        assert metric.source
        if metric.exclusion:
            assert "excluded" in metric.fact.columns

    @pytest.mark.parametrize("code", METRICS)
    @pytest.mark.parametrize("dialect", ["duckdb", "clickhouse"])
    def test_every_formula_in_every_dimension_is_sql_of_two_engines(self, code, dialect):
        metric = METRICS[code]
        for dimension in DIMENSIONS:
            if fits(metric, [dimension]):
                table = answer([metric], Cut((code,), *WIDE, by=(dimension,)), CITY_WIDE)
                assert dimension in ibis.to_sql(table, dialect=dialect)

    def test_no_fact_holds_a_citizen(self):
        for fact in FACTS.values():
            table_of(fact)
            assert not {"citizen", "citizen_id", "phone", "name", "title", "content", "address", "text"} & set(fact.columns)

    def test_metrics_of_one_fact_are_asked_in_one_pass(self):
        groups = together(("redo_rate", "return_rate", "repeat_rate", "calls", "mean_wait"))
        assert [len(group) for group in groups] == [3, 2]

    @pytest.mark.parametrize(
        ("cut", "field"),
        [
            (Cut(("volume",), *WIDE), "metrics"),
            (Cut((), *WIDE), "metrics"),
            (Cut(("orders",), *WIDE, by=("moon",)), "by"),
            (Cut(("orders",), *WIDE, by=("day", "day")), "by"),
            (Cut(("orders",), *WIDE, by=("day", "unit", "channel", "flow")), "by"),
            (Cut(("orders",), *WIDE, filters={"moon": ("1",)}), "by"),
            (Cut(("orders",), *WIDE, filters={"channel": tuple("abcdefgh" * 30)}), "filters"),
            (Cut(("orders",), WIDE[1], WIDE[0]), "period"),
        ],
    )
    def test_what_cannot_be_asked(self, cut, field):
        with pytest.raises(BadCut) as fault:
            cut.checked()
        assert fault.value.field == field

    @given(part=st.integers(0, 10**9), whole=st.integers(0, 10**9))
    def test_a_share_of_nothing_is_no_value(self, part, whole):
        figure = Figure(METRICS["satisfied"], min(part, whole), whole, whole)
        assert figure.value is None if whole == 0 else 0 <= figure.value <= 1


@pytest.fixture
def city(cast: Cast, lake: Path) -> Cast:
    make_city(cast)
    return cast


def followed(cast: Cast, satisfaction: int) -> int:
    """An order whose citizen was asked and answered; its id."""
    order = closed(cast, satisfaction=satisfaction)
    task = FollowUpTask.objects.create(
        order=order, due_at=now(), not_before=now(), created_at=now(), state="done", ended_at=now(), tries=1
    )
    task.result = Attempt.objects.create(
        task=task, at=now(), period="morning", connected=True, solved=satisfaction > 2, satisfaction=satisfaction, created_by="staff:1"
    )
    task.save()
    return order.pk


def ask(*codes: str, actor=READER, **more) -> queries.Figures:
    day = now().astimezone(CITY_ZONE).replace(tzinfo=None)
    return queries.figures(actor, Cut(codes, day - timedelta(days=400), day + timedelta(days=60), **more))


@pytest.mark.django_db(transaction=True)
class TestAsking:
    def test_parts_add_up_over_every_dimension(self, city):
        for unit in ("a", "a", "b"):
            dispatched(city, None, unit)
        closed(city)
        followed(city, 2)
        actions.build(actor=ACTOR)
        for code, metric in METRICS.items():
            whole = ask(code).one(code)
            for dimension in DIMENSIONS:
                if not fits(metric, [dimension]):
                    continue
                cut = ask(code, by=(dimension,))
                assert sum(row.figures[code].part for row in cut.rows) == pytest.approx(whole.part), (code, dimension)
                assert sum(row.figures[code].whole for row in cut.rows) == pytest.approx(whole.whole), (code, dimension)

    def test_satisfaction_counts_fours_and_fives(self, city):
        for grade in (5, 4, 3, 1):
            followed(city, grade)
        actions.build(actor=ACTOR)
        figure = ask("satisfied").one("satisfied")
        assert (figure.part, figure.whole, figure.value) == (2, 4, 0.5)

    def test_exclusion_changes_what_it_should_and_nothing_else(self, city):
        closed(city)
        out = closed(city)
        WorkOrder.objects.filter(pk=out.pk).update(excluded=True)
        actions.build(actor=ACTOR, afresh=True)
        for code, metric in METRICS.items():
            plain, all_in = ask(code).one(code), ask(code, with_excluded=True).one(code)
            if not metric.exclusion:
                assert plain == all_in, code
        assert ask("solved_rate").one("solved_rate").whole == 1
        assert ask("solved_rate", with_excluded=True).one("solved_rate").whole == 2

    def test_the_orders_behind_a_figure(self, city):
        good = [followed(city, 5) for _ in range(3)]
        bad = followed(city, 1)
        actions.build(actor=ACTOR)
        day = now().astimezone(CITY_ZONE).replace(tzinfo=None)
        cut = Cut(("satisfied",), day - timedelta(days=400), day + timedelta(days=60))
        assert queries.behind(READER, cut, "satisfied") == (sorted([*good, bad]), 4)
        assert queries.behind(READER, cut, "satisfied", part_only=True) == (good, 3)
        assert queries.behind(READER, cut, "satisfied", part_only=True, after=good[0], most=1) == ([good[1]], 3)
        with pytest.raises(Invalid):
            queries.behind(READER, cut, "calls")

    def test_a_filter_is_a_row_of_the_cut(self, city):
        make_order(city)
        make_order(city, channel="web")
        actions.build(actor=ACTOR)
        by = {row.codes[0]: row.figures["orders"].part for row in ask("orders", by=("channel",)).rows}
        assert by == {"phone": 1, "web": 1}
        assert ask("orders", filters={"channel": ("web",)}).one("orders").part == 1

    def test_a_filter_is_never_sql(self, city):
        make_order(city)
        actions.build(actor=ACTOR)
        assert ask("orders", filters={"channel": ("x') OR ('1'='1",)}).one("orders").part == 0
        assert queries.names("unit", ["' OR '1'='1"]) == {}

    def test_too_many_rows_are_refused_not_cut_off(self, city, monkeypatch):
        make_order(city)
        make_order(city, channel="web")
        actions.build(actor=ACTOR)
        monkeypatch.setattr("hotline.analytics.queries.asking.MOST_ROWS", 1)
        with pytest.raises(Invalid) as refused:
            ask("orders", by=("channel",))
        assert refused.value.code == "too_many"


@pytest.mark.django_db(transaction=True)
class TestReach:
    def test_a_unit_sees_its_own_rows(self, city):
        signed(city, "a")
        signed(city, "b")
        make_order(city)
        actions.build(actor=ACTOR)
        mine = ask("orders", "appeals", "calls", actor=city.actor("manager"))
        assert mine.one("orders").part == 1
        assert set(mine.left_out) == {"appeals", "calls"}
        assert ask("orders", actor=city.actor("supervisor")).one("orders").part == 3

    def test_who_has_no_such_role_sees_none(self, city):
        with pytest.raises(NotPermitted):
            ask("orders", actor=city.actor("handler"))


def test_one_snapshot_from_beginning_to_end(lake):
    """A question that began keeps its files although a newer snapshot is there."""
    assert folder.read_manifest().number == 0
    assert queries.snapshot().paths() == set()


@pytest.mark.django_db(transaction=True)
class TestPages:
    def test_from_a_figure_to_its_orders_and_back(self, city):
        first = followed(city, 5)
        followed(city, 1)
        actions.build(actor=ACTOR)
        client = city.client("supervisor")
        page = client.get("/figures/?group=follow_up&by=channel").content.decode()
        assert "50.0%" in page
        link = re.search(r'href="(/figures/orders\?[^"]*metric=satisfied[^"]*only=phone[^"]*)"', page)
        assert link is not None
        behind = client.get(unescape(link[1])).content.decode()
        orders = {row.pk: row.number for row in WorkOrder.objects.all()}
        assert all(number in behind for number in orders.values())
        good = client.get(unescape(link[1]) + "&part=1").content.decode()
        assert orders.pop(first) in good
        assert not any(number in good for number in orders.values())
        back = re.search(r'id="back" href="([^"]*)"', behind)
        assert back is not None
        assert "50.0%" in client.get(unescape(back[1])).content.decode()

    @pytest.mark.parametrize("group", GROUPS)
    def test_every_group_by_every_dimension(self, city, group):
        closed(city)
        actions.build(actor=ACTOR)
        for by in GROUPS[group][2]:
            answer = city.client("supervisor").get("/figures/", {"group": group, "by": by})
            assert answer.status_code == 200, by

    def test_what_the_reader_may_not_open_is_counted_only(self, city):
        hidden = make_order(city)
        WorkOrder.objects.filter(pk=hidden.pk).update(secret=True)
        actions.build(actor=ACTOR)
        page = city.client("supervisor").get("/figures/orders", {"metric": "orders", "by": "day"}).content.decode()
        assert hidden.number not in page
        assert "您无权打开" in page

    def test_before_the_first_snapshot_and_with_a_broken_one(self, city, lake):
        assert "五分钟" in city.client("supervisor").get("/figures/").content.decode()
        make_order(city)
        actions.build(actor=ACTOR)
        (lake / queries.snapshot().parts("orders")[0].path).unlink()
        folder.reader.forget()
        assert "verify" in city.client("supervisor").get("/figures/").content.decode()

    @pytest.mark.parametrize("query", ["group=x&by=y&since=z", "since=2026-02-30", "until=0001-01-01", "since=2099-01-01&until=2001-01-01"])
    def test_an_address_of_nonsense(self, city, query):
        actions.build(actor=ACTOR)
        assert city.client("supervisor").get(f"/figures/?{query}").status_code == 200

    def test_a_figure_that_does_not_exist(self, city):
        actions.build(actor=ACTOR)
        assert city.client("supervisor").get("/figures/orders?metric=moon").status_code == 422
        assert city.client("supervisor").get("/figures/orders?metric=calls").status_code == 422
        assert city.client("handler").get("/figures/").status_code == 403
