"""kill -9 of web, worker and database under load: every acknowledged appeal is there, every job ran once in effect."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from hotline.ops.postgres import Cluster
from tests.journeys.city import LONGEST, City, built, ready_city
from tests.ops.folders import passable

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("faults")]

FILINGS = 120
CLIENTS = 3
HANDLED = 12
"""Orders taken through to their approved reply, so that their follow-up has to be planned."""
TRIES = 400
BETWEEN = 0.5
"""A client asks again after so many seconds, as a partner's system would, with the same key."""

TOKEN = """
from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import actor_for
from hotline.exchange.actions import make_token
token = make_token(actor=actor_for(Person.objects.get(username="admin")), name="load", unit_id=Unit.objects.get(code="CENTER").pk,
                   scopes=("appeals:write",))
print("TOKEN", token[1])
"""

HANDLE = """
import time
from django.db import OperationalError, InterfaceError, connection
from hotline.accounts.models import Person, Unit
from hotline.accounts.queries import actor_for
from hotline.workorders import actions
from hotline.workorders.models import Assignment, WorkOrder
from hotline.workorders.rules import ReplyForm
def who(name): return actor_for(Person.objects.get(username=name))
def step(order, at):
    if order.state == "pending_review": actions.pass_review(actor=who("dispatcher"), order_id=order.pk)
    elif order.state == "pending_dispatch":
        actions.dispatch_order(actor=who("dispatcher"), order_id=order.pk, lead_unit_id=Unit.objects.get(code="ZJ").pk)
    elif order.state == "pending_sign": actions.sign(actor=who("handler"), assignment_id=at.pk)
    elif order.state == "in_progress":
        actions.submit_reply(actor=who("handler"), assignment_id=at.pk, form=ReplyForm(text="路灯已经修好，当晚恢复照明。",
            fact_finding="true", demand_finding="reasonable", site_visit="no_site", outcome="solved"))
    elif order.state == "close_review": actions.decide_reply(actor=who("dispatcher"), assignment_id=at.pk, approve=True)
    else: return False
    return True
for number in %r:
    for _ in range(200):
        try:
            order = WorkOrder.objects.get(number=number)
            if not step(order, Assignment.objects.filter(order=order).last()): break
        except (OperationalError, InterfaceError):
            connection.close(); time.sleep(0.5)
print("HANDLED")
"""


class Load:
    """Clients that file until each appeal was acknowledged; what was acknowledged is kept by its key."""

    def __init__(self, city: City, secret: str) -> None:
        self.city, self.secret = city, secret
        self.acknowledged: dict[str, str] = {}
        self.asked_again = 0
        self.refused: list[str] = []
        self._keys = [f"appeal-{n}" for n in range(FILINGS)]
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._client, daemon=True) for _ in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _client(self) -> None:
        while True:
            with self._lock:
                if not self._keys:
                    return
                key = self._keys.pop(0)
            self._file(key)

    def _file(self, key: str) -> None:
        number = int(key.rpartition("-")[2])
        body = {
            "demand": {
                "content": f"湖滨路{number + 1}号门口的路灯不亮已经一个星期，晚上看不清路，请尽快修好。",
                "demand_type": "help",
                "category": "01.02.02",
                "division": "990123100000",
                "address": f"湖滨路{number + 1}号",
            },
            "citizen": {"phone": f"139{number:08}", "name": "王小明"},
        }
        for _ in range(TRIES):
            connection = http.client.HTTPConnection("127.0.0.1", self.city.port, timeout=20)
            try:
                headers = {
                    "Authorization": f"Bearer {self.secret}",
                    "Idempotency-Key": key,
                    "Content-Type": "application/json",
                }
                connection.request("POST", "/api/v1/appeals", json.dumps(body).encode(), headers)
                answer = connection.getresponse()
                text = answer.read().decode(errors="replace")
                if answer.status == 201 or answer.status == 200:
                    self.acknowledged[key] = json.loads(text)["number"]
                    return
                if answer.status < 500 and answer.status != 429:
                    self.refused.append(f"{key}: {answer.status} {text[:300]}")
                    return
            except (OSError, http.client.HTTPException, ValueError):
                pass  # No answer is not a refusal: the same key is sent again.
            finally:
                connection.close()
            self.asked_again += 1
            time.sleep(BETWEEN)
        self.refused.append(f"{key}: never answered")

    def reaches(self, count: int) -> None:
        self.city.until(
            f"{count} acknowledged ({len(self.acknowledged)} so far; {self.refused})",
            lambda: len(self.acknowledged) >= count or self.refused,
        )
        assert not self.refused, self.refused[:3]


@pytest.fixture
def city() -> Iterator[City]:
    """The county on an embedded database of its own, which may be killed."""
    if not built():
        pytest.skip("the frontend is not built: make install")
    with passable() as folder:
        try:
            with ready_city(folder / "var", HOTLINE_WEB_WORKERS="2", HOTLINE_WEB_THREADS="4") as running:
                yield running
        finally:
            Cluster(folder / "var").stop()


def only(city: City, mark: str) -> int:
    """The one child that `mark` names; after another kill it may still be on its way."""
    found: list[int] = city.until(f"one {mark}", lambda: len(alive := city.children(mark)) == 1 and alive)
    return found[0]


def kill_web_worker(city: City) -> None:
    """One of granian's processes that serve requests, not their parent."""
    parent = only(city, "hotline.config.wsgi")
    worker = city.until("a web worker", lambda: city.below(parent))[0]
    os.kill(worker, signal.SIGKILL)
    city.until(
        "another web worker", lambda: worker not in city.below(parent) and len(city.below(parent)) >= 2
    )


def kill_web(city: City) -> None:
    pid = only(city, "hotline.config.wsgi")
    os.kill(pid, signal.SIGKILL)
    city.until("the web again", lambda: pid not in city.children("hotline.config.wsgi") and city.answers())


def kill_jobs(city: City) -> None:
    pid = only(city, "procrastinate worker")
    os.kill(pid, signal.SIGKILL)
    city.until("a job worker", lambda: set(city.children("procrastinate worker")) - {pid})


def kill_database(city: City) -> None:
    told = city.log.count("ready again")
    os.kill(city.postmaster(), signal.SIGKILL)
    city.told("ready again", times=told + 1)


def last_errors(city: City) -> str:
    """What the workers said of jobs that ended for good: the line of the job and the end of its traceback."""
    said = [line for line in city.lines if line.partition("|")[0].strip().startswith("jobs")]
    ends = [at for at, line in enumerate(said) if "ended with status: Error" in line]
    return "\n".join("\n".join([said[at], *said[at + 1 : at + 80]]) for at in ends)[-12_000:]


def test_nothing_acknowledged_is_lost_when_everything_is_killed_under_load(city: City) -> None:
    made = city.command("shell", "-c", TOKEN)
    secret = made.stdout.partition("TOKEN ")[2].split()[0]
    load = Load(city, secret)
    load.start()
    load.reaches(15)
    kill_web_worker(city)
    load.reaches(35)
    kill_jobs(city)

    handled = sorted(load.acknowledged.values())[:HANDLED]
    handling = threading.Thread(
        target=lambda: results.append(city.command("shell", "-c", HANDLE % handled)), daemon=True
    )
    results: list[object] = []
    handling.start()
    load.reaches(55)
    kill_database(city)
    load.reaches(75)
    kill_web(city)
    load.reaches(95)
    kill_jobs(city)
    load.reaches(FILINGS)
    handling.join(LONGEST + 30)
    assert results
    assert "HANDLED" in results[0].stdout, results[0].stderr[-2000:]  # type: ignore[attr-defined]

    # Every acknowledged number is there, each appeal once, though clients asked again.
    numbers = set(load.acknowledged.values())
    assert len(numbers) == FILINGS
    assert load.asked_again > 0, "no client ever met a dead process; the kills came at the wrong time"
    assert {row[0] for row in city.rows("SELECT number FROM workorders_workorder")} == numbers
    assert {row[0] for row in city.rows("SELECT number FROM intake_appeal")} == numbers
    assert city.value("SELECT count(*) FROM workorders_workorder") == FILINGS
    assert city.value("SELECT count(*) FROM intake_rawmessage") == FILINGS

    # Every job ran to its end, and had its effect once.
    waiting = (
        "SELECT task_name, status, count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        " AND coalesce(scheduled_at, now()) <= now() AND task_name !~ '^kit[.]|scan|seal|periodic' GROUP BY 1, 2"
    )
    city.until("an empty queue", lambda: not city.rows(waiting))
    failed = city.rows("SELECT id, task_name, args, attempts FROM procrastinate_jobs WHERE status = 'failed'")
    assert failed == [], f"{failed}\n{last_errors(city)}"
    state = "SELECT count(*) FROM workorders_workorder WHERE number = ANY(%s) AND state = 'pending_follow_up'"
    assert city.value(state, handled) == HANDLED
    planned = (
        "SELECT o.number, count(*) FROM followup_followuptask t JOIN workorders_workorder o ON o.id = t.order_id"
        " WHERE NOT t.second_check GROUP BY 1"
    )
    city.until("the planned calls", lambda: len(city.rows(planned)) == HANDLED)
    assert dict.fromkeys(handled, 1) == dict(city.rows(planned))
    doubled = "SELECT key, count(*) FROM notifications_message GROUP BY key HAVING count(*) > 1"
    assert city.rows(doubled) == []
    doubled = (
        "SELECT order_id, verb FROM workorders_workorderevent WHERE verb IN ('create', 'dispatch', 'sign')"
        " GROUP BY order_id, verb HAVING count(*) > 1"
    )
    assert city.rows(doubled) == []

    for proof in (("audit", "verify"), ("deadlines", "check")):
        said = city.command(*proof)
        assert said.returncode == 0, f"hotline {' '.join(proof)}: {said.stdout[-2000:]}{said.stderr[-2000:]}"
