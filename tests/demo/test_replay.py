"""A replay: from a file's messages to final states, through people's actions; stopped and begun again without doubling."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from hotline.accounts.models import Unit
from hotline.demo.actions import load_city
from hotline.demo.management.commands.replay import Command, as_json, as_text
from hotline.demo.pack import PACKS
from hotline.demo.replay import messages
from hotline.demo.replay.choices import after
from hotline.demo.replay.messages import BadFile, Message
from hotline.demo.replay.run import Player, Report
from hotline.demo.replay.staff import load_staff
from hotline.intake.models import Appeal, RawMessage
from hotline.kit.actor import system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.workorders.models import FINAL_STATES, WorkOrder, WorkOrderEvent
from hotline.worktime import queries as worktime

BEGIN = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
SOURCE = "replay:test"
STREAM = """id,user,time,title,text,down,up
1,A1,2019-02-28T11:25:05,路灯不亮,门口的路灯不亮已经一周。,0,0
2,A1,2019-02-27T09:00:00,投诉噪声扰民,夜间施工噪声太大。,0,1
3,A2,2019/03/01 08:30:00,咨询公积金提取,请问如何提取公积金？,0,0
"""


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    path = tmp_path / "stream.csv"
    path.write_text(STREAM, encoding="utf-8")
    return path


def some(count: int) -> list[Message]:
    return [
        Message(
            f"m{n}",
            f"u{n % 4}",
            BEGIN + timedelta(hours=3 * n),
            f"第{n}件：路灯不亮",
            "门口的路灯不亮，请修。",
        )
        for n in range(count)
    ]


def player(known: list[Message]) -> Player:
    return Player(SOURCE, known, load_staff(), worktime.calendar_in_effect().calendar, {})


def play(one: Player, until: datetime | None = None) -> None:
    while (at := one.next_at()) is not None and (until is None or at <= until):
        one.play(at + timedelta(hours=12))


# ── the file ──


def test_messages_come_in_the_order_of_their_times(stream: Path) -> None:
    known = messages.read(stream)
    assert [one.key for one in known] == ["2", "1", "3"]
    assert known[0].at == datetime(2019, 2, 27, 9, 0, tzinfo=CITY_ZONE)
    assert [one.demand_type for one in known] == ["complaint", "help", "consultation"]
    assert known[0].phone == known[1].phone != known[2].phone


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,time,title\n", "text"),
        ("id,time,title,text\n1,yesterday,a,b\n", "stream.csv:2"),
        ("id,time,title,text\n,2019-02-28T11:25:05,a,b\n", "no id"),
        ("id,time,title,text\n1,2019-02-28,a,b\n1,2019-02-28,a,b\n", "more than once"),
    ],
)
def test_a_wrong_file_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "stream.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match=said):
        messages.read(path)


def test_a_stream_moves_by_whole_weeks_and_splits_by_user() -> None:
    known = some(20)
    by = messages.weeks_to(known, known[-1].at + timedelta(days=100))
    assert by == timedelta(weeks=14)
    assert [one.at - by for one in messages.moved(known, by)] == [one.at for one in known]
    parts = [list(messages.share(known, part, 3)) for part in range(3)]
    assert sorted(one.key for part in parts for one in part) == sorted(one.key for one in known)
    users = [{one.user for one in part} for part in parts]
    assert sum(len(one) for one in users) == len(set().union(*users))


# ── lives ──


@pytest.mark.django_db
def test_every_message_ends_in_a_final_state_whatever_stops_it() -> None:
    load_city(actor=system_actor("load-city", "places:manage", "worktime:manage"), folder=PACKS / "county")
    known = some(12)

    stopped = player(known)
    play(stopped, until=BEGIN + timedelta(hours=30))
    assert stopped.report.acknowledged >= 3
    assert WorkOrder.objects.exclude(state__in=FINAL_STATES).exists()

    again = player(known)  # nothing is remembered but what the database holds
    play(again)
    assert again.report.stuck == []
    assert again.report.acknowledged == len(known)
    assert Appeal.objects.count() == WorkOrder.objects.count() == RawMessage.objects.count() == len(known)
    assert set(WorkOrder.objects.values_list("state", flat=True)) <= set(FINAL_STATES)
    created = WorkOrderEvent.objects.filter(verb="create").values_list("order_id", flat=True)
    assert Counter(created).most_common(1)[0][1] == 1
    for order in WorkOrder.objects.all():
        moments = list(WorkOrderEvent.objects.filter(order=order).order_by("id").values_list("at", flat=True))
        assert moments == sorted(moments), f"{order.number} went back in time"
    call_command("deadlines", "check")

    events = WorkOrderEvent.objects.count()
    third = player(known)
    play(third)
    assert third.report.steps == 0
    assert WorkOrderEvent.objects.count() == events
    assert Appeal.objects.count() == len(known)


@pytest.mark.django_db
def test_simulated_people_keep_office_hours() -> None:
    load_city(actor=system_actor("load-city", "places:manage", "worktime:manage"), folder=PACKS / "county")
    calendar = worktime.calendar_in_effect().calendar
    friday = datetime(2026, 3, 6, 17, 0, tzinfo=CITY_ZONE)
    assert after(friday, 0.25, calendar) == friday + timedelta(minutes=15)
    assert after(friday, 1, calendar) == datetime(2026, 3, 9, 9, 30, tzinfo=CITY_ZONE)
    assert after(friday, 9, calendar) == datetime(2026, 3, 9, 17, 30, tzinfo=CITY_ZONE)


# ── the command ──


@pytest.mark.django_db
def test_an_empty_database_gets_its_city_once(capsys: pytest.CaptureFixture[str]) -> None:
    Command()._prepare("county")
    units = Unit.objects.count()
    assert units
    assert "loading the city county" in capsys.readouterr().err
    Command()._prepare("county")
    assert Unit.objects.count() == units
    assert capsys.readouterr().err == ""


def test_a_file_that_is_missing_or_wrong_stops_before_anything_is_done(tmp_path: Path, stream: Path) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        call_command("replay", str(tmp_path / "none.csv"))
    stream.write_text("a,b\n", encoding="utf-8")
    with pytest.raises(CommandError, match="missing"):
        call_command("replay", str(stream))


def test_the_report_is_one_line_of_json_or_lines_for_people() -> None:
    report = Report(
        messages=3, acknowledged=3, finished=2, on_time=1, seconds=2.0, simulated=timedelta(days=1)
    )
    report.states.update(["closed", "closed", "merged"])
    told = as_json(report)
    assert "\n" not in told
    read = json.loads(told)
    assert (read["lost"], read["on_time_share"], read["times_life"]) == (0, 0.5, 43_200)
    assert read["by_state"] == {"closed": 2, "merged": 1}
    assert "by state           closed 2, merged 1" in as_text(report).splitlines()
