"""Forecast, staffing and played days from the database, as pages and from the command line."""

from __future__ import annotations

import io
import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from procrastinate.contrib.django.models import ProcrastinateJob

from hotline.audit.models import AuditEntry
from hotline.calls.models import AgentShift, CallSlot, HallSlot, Lane, Line, PersonSkill, Skill
from hotline.calls.rules.figures import COLUMNS, SLOT, midnight
from hotline.kit.clock import now, simulated
from hotline.kit.errors import Invalid, NotPermitted, NotVisible
from hotline.workforce import actions, queries
from hotline.workforce.models import SimulationRun, SpecialDay
from hotline.workforce.rules.erlang import Target
from hotline.workforce.tasks import ACTOR, play_day
from tests.accounts.cast import Cast
from tests.calls.factories import make_telephony
from tests.calls.test_figures import DAY, EVENING, MORNING, Hall

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 23)


def settled(days: int) -> None:
    """Calls of whole days up to yesterday: 20 a quarter from eight to eight on working days, 8 on others."""
    make_telephony()
    line, lane = Line.objects.get(), Lane.objects.get(code="general")
    slots, halls = [], []
    for n in range(days, 0, -1):
        day = TODAY - timedelta(days=n)
        for place in range(96):
            at = midnight(day) + place * SLOT
            halls.append(
                HallSlot(
                    begins_at=at, ready=0, ringing=0, talking=0, hold=0, wrap_up=0, paused=0, settled_at=at
                )
            )
            if not 32 <= place < 80:
                continue
            count = 20 if day.weekday() < 5 else 8
            values = dict.fromkeys(COLUMNS, 0) | {
                "arrived": count, "queued": count, "answered": count - 1, "abandoned": 1, "talked": count - 1,
                "wait_seconds": 5.0 * count, "abandoned_seconds": 40.0, "talk_seconds": 200.0 * (count - 1),
                "wrap_seconds": 40.0 * (count - 1),
            }  # fmt: skip
            slots.append(CallSlot(begins_at=at, line=line, lane=lane, **values))
    CallSlot.objects.bulk_create(slots)
    HallSlot.objects.bulk_create(halls)


def test_a_day_is_foreseen_with_its_error_and_set_against_the_shifts(cast: Cast):
    leader, agent = cast.client("shift_leader"), cast.client("agent")
    with simulated(midnight(TODAY) + timedelta(hours=9)):
        assert "outlook-seats" not in leader.get("/workforce/").content.decode()
    settled(35)
    day = TODAY + timedelta(days=1)
    AgentShift.objects.create(
        person=cast.agent,
        begins_at=midnight(day) + timedelta(hours=8),
        ends_at=midnight(day) + timedelta(hours=9),
    )
    with simulated(midnight(TODAY) + timedelta(hours=9)):
        it = queries.outlook(cast.actor("supervisor"), day)
        assert sum(it.expected) == pytest.approx(48 * 20, rel=0.1)
        assert it.actual is None
        assert len(it.tested) == queries.TESTED_DAYS
        assert it.ours.wape < 0.1
        assert it.naive.wape == 0
        handling, patience = queries.handling_and_patience(day)
        assert handling == pytest.approx(240)
        assert 40 < patience < 400
        advice = queries.staffing(day, it.expected, Target())
        at_work, night = advice[33], advice[2]
        assert at_work.needed >= 80 * 240 / 3600
        assert (at_work.planned, night.planned) == (1, 0)
        assert at_work.to_plan > at_work.needed
        assert at_work.over == 1 - at_work.to_plan
        assert advice[40].abandoned is None
        said = leader.get("/workforce/", {"share": "80", "seconds": "20"}).content.decode()
        assert "outlook-seats" in said
        assert 'id="special-set"' in said
        past = leader.get("/workforce/", {"day": "2026-11-20", "occupancy": "x"}).content.decode()
        assert "line-actual" in past
        assert agent.get("/workforce/").status_code == 403

        leader.post("/workforce/special", {"day": day.isoformat(), "factor": "2", "name": "台风"})
        stormy = queries.outlook(cast.actor("supervisor"), day)
        assert sum(stormy.expected) == pytest.approx(2 * sum(it.expected))
        assert "台风" in leader.get("/workforce/", {"day": day.isoformat()}).content.decode()
        leader.post("/workforce/special", {"day": day.isoformat(), "factor": "nonsense", "name": "台风"})
        assert SpecialDay.objects.get().factor == 2
        leader.post("/workforce/special/remove", {"special": SpecialDay.objects.get().pk})
        assert not SpecialDay.objects.exists()
        out = io.StringIO()
        call_command("workforce", "forecast", "--day", day.isoformat(), "--json", stdout=out)
        assert json.loads(out.getvalue())["wape"] == pytest.approx(it.ours.wape)
        call_command("workforce", "forecast", "--day", "2020-01-01", stdout=out)
        assert "no forecast" in out.getvalue()
    assert AuditEntry.objects.filter(verb__startswith="workforce.").count() == 2


def test_only_planners_say_what_a_day_will_bring(cast: Cast):
    for name, factor in (("", 2.0), ("台风", 0.0), ("台风", 1e-9), ("台风", float("nan")), ("x" * 61, 1.0)):
        with pytest.raises(Invalid):
            actions.set_special_day(actor=cast.actor("admin"), day=DAY, factor=factor, name=name)
    with pytest.raises(NotPermitted):
        actions.set_special_day(actor=cast.actor("agent"), day=DAY, factor=2, name="台风")
    with pytest.raises(NotVisible):
        actions.remove_special_day(actor=cast.actor("admin"), special_id=0)
    with pytest.raises(NotPermitted):
        queries.outlook(cast.actor("handler"), DAY)
    with pytest.raises(NotPermitted):
        actions.play_run(actor=cast.actor("admin"), run_id=1)


def test_a_day_is_played_again_by_a_job_and_from_the_command_line(cast: Cast, tmp_path, monkeypatch):
    hall = Hall(cast)
    for n, person in enumerate(hall.people):
        PersonSkill.objects.create(person=person, skill=Skill.objects.get(code="general"), level=3)
        hall.work(person, MORNING + timedelta(minutes=7 * n), EVENING, 20)
    for n in range(6):
        hall.call(MORNING + timedelta(minutes=50 * n), "abandoned", waited=25 * n + 5)
    leader = cast.client("shift_leader")
    page = "/workforce/simulations/"
    with simulated(now() if now() > EVENING + timedelta(days=1) else EVENING + timedelta(days=2)):
        for given in ({"day": "2999-01-01"}, {"seats": "6000"}, {"strategy": "dance"}, {"overflow": "4000"}, {"seats": "ten"}):
            leader.post(f"{page}ask", {"day": DAY.isoformat(), "strategy": "as_set", **given})
        assert not SimulationRun.objects.exists()
        leader.post(f"{page}ask", {"day": DAY.isoformat(), "strategy": "pooled", "seats": "9"})
        run = SimulationRun.objects.get()
        assert (
            ProcrastinateJob.objects.filter(task_name="workforce.play_day", args={"run_id": run.pk}).count()
            == 1
        )
        assert f'id="run-{run.pk}"' in leader.get(page).content.decode()
        assert play_day(run.pk) == "done"
        assert actions.play_run(actor=ACTOR, run_id=run.pk) == ""
        run.refresh_from_db()
        was, other = run.result["was"], run.result["other"]
        assert run.result["calls"] == was["asked"] == other["asked"] > 20
        assert other["answered"] >= run.result["same"]["answered"]
        assert other["seats"] == pytest.approx(9)
        said = leader.get(page, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in said
        assert f'<td class="number">{was["answered"]}</td>' in said
        empty = actions.ask_simulation(
            actor=cast.actor("shift_leader"), day=DAY - timedelta(days=40), seats=None, strategy="as_set"
        )
        assert play_day(empty.pk) == "failed"

        assert "该日没有来电" in leader.get(page).content.decode()
        broken = actions.ask_simulation(
            actor=cast.actor("shift_leader"), day=DAY, seats=None, strategy="as_set"
        )
        with monkeypatch.context() as patched:
            patched.setattr(actions, "play", lambda *_given, **_named: 1 / 0)
            assert play_day(broken.pk) == "failed"
        assert "日志" in leader.get(page).content.decode()

        def simulate(*more: str) -> Any:
            out = io.StringIO()
            call_command("workforce", "simulate", "--day", DAY.isoformat(), *more, "--json", stdout=out)
            return json.loads(out.getvalue())

        again = simulate("--seats", "9", "--strategy", "pooled")
        assert again == run.result
        assert simulate("--seats", "2")["other"]["mean_wait"] != again["other"]["mean_wait"]
        table = tmp_path / "calls.csv"
        table.write_text(
            "queued_at,lane,priority,patience,talk,wrap\n2026-11-20 09:00:00,general,0,,60,10\n2026-11-20 09:00:01,general,,5,60,\n"
        )
        played = simulate("--seats", "1", "--csv", str(table))
        assert (played["calls"], played["was"], played["other"]["answered"]) == (2, None, 1)
        table.write_text("queued_at,lane,priority,patience,talk,wrap\n2026-11-20 09:00:00,none,0,,60,10\n")
        with pytest.raises(CommandError, match="no_lane"):
            simulate("--csv", str(table))
        for text in ("lane\ngeneral\n", "queued_at,lane,priority,patience,talk,wrap\nsoon,general,0,,60,0\n"):
            table.write_text(text)
            with pytest.raises(CommandError):
                simulate("--csv", str(table))
        out = io.StringIO()
        call_command("workforce", "simulate", "--day", DAY.isoformat(), stdout=out)
        assert "connection_rate" in out.getvalue()
        with pytest.raises(CommandError, match="no_calls"):
            call_command("workforce", "simulate", "--day", "2020-01-01")
