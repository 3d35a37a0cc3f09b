"""Events reach their jobs, in the emitter's transaction wherever it runs; names that nobody declared stop at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from procrastinate import Blueprint
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from hotline.kit import events
from hotline.kit.statements import fetch_one
from hotline.kit.tasks import happened

tasks = Blueprint()


@tasks.task(name="tests.light", queue="default", priority=3)
def light(lamp_id: int) -> None: ...


@tasks.task(name="tests.brighten", queue="default", priority=3)
def brighten(lamp_id: int) -> None: ...


@tasks.task(name="tests.count", queue="housekeeping", lock="tests.count")
def count(lamp_id: int) -> None: ...


@tasks.task(name="tests.sweep", queue="housekeeping", queueing_lock="tests.sweep")
def sweep(lamp_id: int) -> None: ...


@pytest.fixture
def lit(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(events, "_subscribers", {})
    monkeypatch.setattr(events, "KNOWN", {})
    return events.declare("lamp.lit", "a lamp was lit")


def jobs() -> list[tuple[Any, ...]]:
    rows = ProcrastinateJob.objects.filter(task_name__regex=r"^tests\.|^kit\.happened").order_by("id")
    return list(rows.values_list("task_name", "queue_name", "priority", "lock", "args"))


LIGHT = ("tests.light", "default", 3, None, {"lamp_id": 3})
BOTH = ("kit.happened", "default", 3, None, {"lamp_id": 3, "tasks": ["tests.light", "tests.count"]})
COUNT = ("tests.count", "housekeeping", 0, "tests.count", {"lamp_id": 3})


@pytest.mark.django_db
@pytest.mark.usefixtures("known")
def test_each_subscriber_hears_once(lit: str) -> None:
    events.emit(lit, lamp_id=1)  # nobody listens yet
    for task in (light, count, light):
        events.subscribe(lit, task)
    events.emit(lit, lamp_id=3)
    assert jobs() == [BOTH]
    assert happened(**BOTH[-1]) == []
    assert jobs() == [BOTH, COUNT]
    assert events.subscribers() == {"lamp.lit": ["tests.light", "tests.count"]}


@pytest.mark.django_db
def test_the_jobs_of_an_event_are_part_of_a_larger_statement(lit: str) -> None:
    for task in (light, count):
        events.subscribe(lit, task)
    part = events.part("lamp", "jsonb_build_object('lamp_id', lamp.id)")
    statement = f"WITH lamp AS (SELECT 3 AS id), jobs AS ({part}) SELECT 1"
    fetch_one(statement, events.values(lit))
    assert jobs() == [BOTH]
    events.declare("lamp.out", "a lamp went out")
    fetch_one(statement, events.values("lamp.out"))
    assert jobs() == [BOTH], "nobody listens, nothing is written"


@pytest.mark.django_db
@pytest.mark.usefixtures("known")
def test_those_of_one_queue_run_together_before_those_of_less_priority(
    lit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    for task in (count, light, brighten):
        monkeypatch.setattr(task, "func", lambda lamp_id, name=task.name: ran.append(name))
        events.subscribe(lit, task)
    events.emit(lit, lamp_id=3)
    carried = {"lamp_id": 3, "tasks": ["tests.count", "tests.light", "tests.brighten"]}
    assert jobs() == [("kit.happened", "default", 3, None, carried)]
    happened(**carried)
    assert ran == ["tests.light", "tests.brighten"]
    assert jobs()[1:] == [COUNT]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "tasks", {**app.tasks, **{task.name: task for task in (light, brighten, count)}})


@pytest.mark.django_db
@pytest.mark.usefixtures("known")
def test_a_subscriber_that_fails_is_tried_again_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(light, "func", lambda lamp_id: ran.append(f"light {1 / 0}"))
    monkeypatch.setattr(brighten, "func", lambda lamp_id: ran.append(f"brighten {lamp_id}"))
    assert happened(tasks=["tests.light", "tests.brighten"], lamp_id=3) == ["tests.light"]
    assert ran == ["brighten 3"]
    assert jobs() == [LIGHT]


@pytest.mark.django_db
@pytest.mark.usefixtures("known")
def test_a_task_of_another_version_waits_alone_and_fails_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[int] = []
    monkeypatch.setattr(light, "func", lambda lamp_id: ran.append(lamp_id))
    assert happened(tasks=["tests.gone", "tests.light"], lamp_id=3) == []
    assert ran == [3]
    (left,) = jobs()
    assert left == ("kit.happened", "default", 0, None, {"lamp_id": 3, "tasks": ["tests.gone"]})
    with pytest.raises(LookupError, match=r"tests\.gone"):
        happened(**left[-1])
    assert ran == [3]


@pytest.mark.django_db
def test_inside_a_worker_a_job_goes_with_its_transaction(lit: str) -> None:
    """A worker replaces Procrastinate's connector by one of its own, whose jobs other workers take before we commit."""
    events.subscribe(lit, light)
    with app.replace_connector(app.connector.get_worker_connector()):
        with transaction.atomic():
            events.emit(lit, lamp_id=3)
            events.defer(light, lamp_id=3)
            assert jobs() == [LIGHT, LIGHT]
            transaction.set_rollback(True)
        assert jobs() == []
        events.defer(count, lamp_id=3)
        assert jobs() == [COUNT]


def test_unknown_names_are_refused(lit: str) -> None:
    with pytest.raises(LookupError, match=r"lamp\.out"):
        events.emit("lamp.out")
    with pytest.raises(LookupError, match="not declared"):
        events.subscribe("lamp.out", light)


def test_a_job_that_may_wait_only_once_follows_from_no_event(lit: str) -> None:
    with pytest.raises(ValueError, match="queueing lock"):
        events.subscribe(lit, sweep)
