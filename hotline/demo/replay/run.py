"""The replay itself: simulated days in lockstep over processes; orders keep their state in the database, nowhere else."""

from __future__ import annotations

import hashlib
import heapq
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from django.db import InterfaceError, OperationalError, connection, connections

from hotline.accounts.queries import citizen_actor
from hotline.demo.replay import choices, messages
from hotline.demo.replay import process as process_entry
from hotline.demo.replay.choices import Do
from hotline.demo.replay.messages import Message
from hotline.demo.replay.staff import Staff, load_staff
from hotline.demo.replay.steps import Desk
from hotline.intake.actions import file_appeal
from hotline.intake.models import Appeal
from hotline.intake.rules import AppealForm, CitizenInput
from hotline.kit import clock
from hotline.kit.errors import ActionError, Invalid
from hotline.workorders.actions import scanning
from hotline.workorders.models import (
    FINAL_STATES,
    Category,
    Channel,
    Clock,
    ClockKind,
    ClockSide,
    ClockState,
    WorkOrder,
)
from hotline.worktime import queries as worktime
from hotline.worktime.rules import WorkCalendar

STALE_TRIES = 6
OUTAGE_SECONDS = 180.0
MOST_ACTS = 120
"""More on one order means that it goes round in circles."""


@dataclass
class Report:
    """What came of a replay. `lost`: acknowledged and not there, or not in a final state."""

    messages: int = 0
    acknowledged: int = 0
    quarantined: int = 0
    steps: int = 0
    outages: int = 0
    lost: int = 0
    not_final: int = 0
    seconds: float = 0.0
    simulated: timedelta = timedelta(0)
    states: Counter[str] = field(default_factory=Counter)
    closing: Counter[str] = field(default_factory=Counter)
    verbs: Counter[str] = field(default_factory=Counter)
    finished: int = 0
    on_time: int = 0
    cards: Counter[str] = field(default_factory=Counter)
    stuck: list[str] = field(default_factory=list)
    step_ms: list[float] = field(default_factory=list)


class Player:
    """One process's part: a heap of (moment, what) and the desk that carries steps out."""

    def __init__(
        self,
        source: str,
        part: list[Message],
        staff: Staff,
        calendar: WorkCalendar,
        label_units: dict[str, int],
        propose: bool = False,
    ) -> None:
        self.source = source
        self.desk = Desk(staff, label_units=label_units, proposing=propose)
        self.calendar = calendar
        self.report = Report(messages=len(part))
        self.acknowledged: list[str] = []
        self._heap: list[tuple[datetime, int, Message | int]] = []
        self._seen: dict[int, choices.View] = {}
        self._acts: Counter[int] = Counter()
        self._count = 0
        for message in part:
            self._push(message.at, message)

    def _push(self, at: datetime, what: Message | int) -> None:
        self._count += 1
        heapq.heappush(self._heap, (at, self._count, what))

    def next_at(self) -> datetime | None:
        """The next moment at which something happens; None at the end."""
        return self._heap[0][0] if self._heap else None

    def play(self, until: datetime) -> int:
        """Everything up to a moment; returns how many orders ended or were set aside."""
        ended = 0
        while self._heap and self._heap[0][0] <= until:
            at, _order, what = heapq.heappop(self._heap)
            began = time.perf_counter()
            with clock.simulated(at):
                ended += self._through(lambda what=what, at=at: self._one(at, what))  # type: ignore[misc]
            self.report.step_ms.append((time.perf_counter() - began) * 1000)
        return ended

    def _through(self, work: Callable[[], int]) -> int:
        """Do it; when the database is away, wait for it and do it again: every step may be repeated."""
        deadline = time.monotonic() + OUTAGE_SECONDS
        wait = 0.2
        while True:
            try:
                return work()
            except (OperationalError, InterfaceError):
                if time.monotonic() > deadline:
                    raise
                self.report.outages += 1
                connections.close_all()
                time.sleep(wait)
                wait = min(wait * 2, 5.0)

    def _one(self, at: datetime, what: Message | int) -> int:
        return self._file(at, what) if isinstance(what, Message) else self._step(at, what)

    def _file(self, at: datetime, message: Message) -> int:
        form = AppealForm(title=message.title, content=message.text, demand_type=message.demand_type)
        try:
            filed = file_appeal(
                actor=citizen_actor(0), channel=Channel.WEB, source=self.source, idempotency_key=message.key, demand=form,
                citizen=CitizenInput(phone=message.phone, name="市民"),
            )  # fmt: skip
        except Invalid:
            self.report.quarantined += 1
            return 1
        self.acknowledged.append(filed.number)
        self.report.acknowledged += 1
        if filed.order_id is not None:
            self.desk.keys[filed.order_id] = message.key
            self.desk.labels[filed.order_id] = message.label
            self.desk.read(filed.order_id)
            self._push(at, filed.order_id)
        return 0

    def _step(self, at: datetime, order_id: int) -> int:
        """Act on an order, then say when its next act is due. Returns 1 when it has come to its end."""
        fault: Exception | None = None
        view = self._seen.pop(order_id, None) or self.desk.view(order_id)
        if view.moved_at is not None and view.moved_at > at and view.state not in FINAL_STATES:
            # Left over from a run that was stopped: it went further than its message's moment.
            self._seen[order_id] = view
            self._push(self._due(view.moved_at, choices.next_step(view).hours), order_id)
            return 0
        for _try in range(STALE_TRIES):
            step = choices.next_step(view)
            if step.do == Do.NOTHING:
                return self._ended(view)
            try:
                done = self.desk.perform(view, step)
            except ActionError as error:
                # Somebody else was faster, or this very step was done just before an outage: look again.
                fault, view = error, self.desk.view(order_id)
                continue
            self.report.steps += done
            self.report.verbs[step.do] += done
            self._acts[order_id] += 1
            if self._acts[order_id] > MOST_ACTS:
                fault = RuntimeError("goes round in circles")
                break
            view = self.desk.view(order_id)
            following = choices.next_step(view)
            if following.do == Do.NOTHING:
                return self._ended(view)
            hours = 5.0 if following.do == step.do == Do.FOLLOW_UP else following.hours
            self._seen[order_id] = view
            self._push(self._due(at, hours), order_id)
            return 0
        self.report.stuck.append(f"{order_id}: {choices.next_step(view).do} in {view.state}: {fault}")
        return 1

    def _due(self, at: datetime, hours: float) -> datetime:
        return max(choices.after(at, hours, self.calendar), at + timedelta(minutes=1))

    def _ended(self, view: choices.View) -> int:
        if view.state not in FINAL_STATES:
            self.report.stuck.append(f"{view.id}: nobody knows what to do in {view.state}")
        return 1


def _label_units(labels: set[str], staff: Staff) -> dict[str, int]:
    """First-level label → a staffed unit: the default unit most used below the category whose name is likest."""
    tops = {row.name: row for row in Category.objects.filter(level=1)}
    found = {}
    for label in sorted(labels):
        best = max(tops, key=lambda name: len(set(name) & set(label)), default=None)
        if best is None or not set(best) & set(label):
            continue
        defaults = Category.objects.filter(
            code__startswith=f"{tops[best].code}.", default_unit__in=staff.names
        )
        units = Counter(defaults.values_list("default_unit_id", flat=True))
        if units:
            found[label] = units.most_common(1)[0][0]
    return found


def replay(
    path: Path,
    *,
    workers: int = 2,
    limit: int | None = None,
    propose: bool = False,
    step: Callable[[int], None] = lambda _n: None,
    note: Callable[[str], None] = lambda _t: None,
) -> Report:
    """File and handle every message of a file to its end; may be stopped and run again, it goes on where it was.

    Raises messages.BadFile, Refused (no staff, no policy). `step(n)`: n more orders have ended.
    `propose`: each message is read when it arrives, and what dispatchers made of the proposals is kept.
    """
    known = messages.read(path)[:limit]
    if not known:
        raise messages.BadFile(f"{path}: there is no message in it")
    staff = load_staff()
    held = worktime.in_effect(clock.now())
    by = messages.weeks_to(known, clock.now() - timedelta(days=60))
    moved = messages.moved(known, by)
    note(
        f"{len(known):,} messages of {known[0].at:%Y-%m-%d} – {known[-1].at:%Y-%m-%d},"
        f" moved by {by.days // 7} weeks, policy {held.policy.name}"
    )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    source = f"replay:{digest}"
    labels = _label_units({one.label for one in moved if one.label}, staff)
    began = time.monotonic()
    given = [(str(path), limit, by, number, workers, source, labels, propose) for number in range(workers)]
    report, numbers, end = play_together(process_entry.serve, given, moved[0].at, step)
    report.seconds = time.monotonic() - began
    report.simulated = end - moved[0].at
    check(report, source, numbers)
    return report


def play_together(
    entry: Callable[..., None], given: Sequence[tuple[Any, ...]], first: datetime, step: Callable[[int], None]
) -> tuple[Report, list[str], datetime]:
    """A process for each of `given`, started as `entry(pipe, *given)`; (all reports as one, numbers, last moment)."""
    connections.close_all()
    context = multiprocessing.get_context("spawn")
    crew = []
    for own in given:
        ours, theirs = context.Pipe()
        process = context.Process(target=entry, args=(theirs, *own), daemon=True)
        process.start()
        theirs.close()
        crew.append((process, ours))
    try:
        end = _drive(crew, first, step)
        report, numbers = Report(), []
        for _process, pipe in crew:
            pipe.send(None)
            one, acknowledged = pipe.recv()
            _add(report, one)
            numbers += acknowledged
        return report, numbers, end
    finally:
        for process, pipe in crew:
            pipe.close()
            process.join(10)
            if process.is_alive():
                process.kill()


def _drive(crew: list[tuple[Any, Connection]], first: datetime, step: Callable[[int], None]) -> datetime:
    """Day after day: all processes play it, then time itself acts (cards, holds). Returns the last moment."""
    upcoming = [pipe.recv()[1] for _process, pipe in crew]
    moment = first
    while any(upcoming):
        nearest = min(at for at in upcoming if at is not None)
        moment = max(moment, nearest) + timedelta(hours=12)
        for _process, pipe in crew:
            pipe.send(moment)
        answers = [pipe.recv() for _process, pipe in crew]
        upcoming = [answer[1] for answer in answers]
        step(sum(answer[0] for answer in answers))
        _tick(moment)
    return moment


def _tick(moment: datetime) -> None:
    """What time alone brings about, at the simulated moment."""
    for _try in range(60):
        try:
            with clock.simulated(moment):
                scanning.scan_clocks(now=moment)
            return
        except (OperationalError, InterfaceError):
            connections.close_all()
            time.sleep(1)


def _add(total: Report, own: Report) -> None:
    total.messages += own.messages
    total.acknowledged += own.acknowledged
    total.quarantined += own.quarantined
    total.steps += own.steps
    total.outages += own.outages
    total.verbs.update(own.verbs)
    total.stuck += own.stuck
    total.step_ms += own.step_ms


def check(report: Report, source: str, numbers: list[str]) -> None:
    """Ask the database itself what is there."""
    connection.close()
    stored = set(Appeal.objects.filter(raw__source=source).values_list("number", flat=True))
    report.lost = len(set(numbers) - stored)
    orders = WorkOrder.objects.filter(appeals__raw__source=source)
    for state, kind in orders.values_list("state", "closing_kind"):
        report.states[state] += 1
        report.closing[kind or "–"] += 1
    report.not_final = sum(
        n for state, n in report.states.items() if state not in {str(s) for s in FINAL_STATES}
    )
    clocks = Clock.objects.filter(
        order__in=orders,
        kind=ClockKind.FINISH,
        side=ClockSide.CITY,
        state__in=[ClockState.MET, ClockState.MISSED],
    )
    report.finished = clocks.count()
    report.on_time = clocks.filter(state=ClockState.MET).count()
    report.cards.update(orders.filter(standing__isnull=False).values_list("standing__level", flat=True))
