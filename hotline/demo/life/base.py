"""One order's story: time, people, words, numbers, and the rows that it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from hotline.demo.life.deadlines import HOURS_8, Settled
from hotline.demo.life.engine import Node, Order
from hotline.demo.life.rows import NULL, Stamps, cell
from hotline.demo.life.setting import Setting
from hotline.demo.life.teller import Teller
from hotline.demo.life.world import SCANNER, Who
from hotline.workorders.models import DemandType
from hotline.workorders.rules import search_text
from hotline.workorders.rules.clocks import CARDS, RANK, Key
from hotline.workorders.rules.numbers import format_number

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ANSWERED_SHARE = 0.3
"""Calls answered on the line beside one that becomes an order."""

SHARE_LEFT = 0.15
"""No step takes more than this share of the time left until now, so that every life ends before it."""

AFTER_REPLY = ("pending_follow_up", "redo")
"""Stages of an open order that lie behind the unit's reply."""

NODES, APPLICATIONS, REPLIES, APPEALS, TASKS, ATTEMPTS, NOTES, SUPERVISIONS = 24, 8, 12, 2, 4, 12, 16, 4
"""Ids that one order may use of each table."""

TABLES_PER_ORDER = {
    "workorders_workorder": 1,
    "workorders_assignment": NODES,
    "workorders_application": APPLICATIONS,
    "workorders_reply": REPLIES,
    "workorders_note": NOTES,
    "workorders_supervision": SUPERVISIONS,
    "intake_appeal": APPEALS,
    "followup_followuptask": TASKS,
    "followup_attempt": ATTEMPTS,
}


@dataclass(slots=True)
class Application:
    """What a unit asked for and what became of it; its fields are the columns of the row, in their order."""

    id: int
    assignment: int
    order: int
    kind: str
    state: str
    reason: str
    text: str
    basis: str
    amount: int | None
    suggested_unit: int | None
    until: date | None
    resume_state: str
    created_by: str
    created_at: datetime
    decided_by: str
    decided_at: datetime | None
    decision: str
    old_due: datetime | None
    new_due: datetime | None

    def decide(self, state: str, at: datetime, clerk: Who, words: str) -> None:
        self.state, self.decided_at, self.decided_by, self.decision = state, at, clerk.key, words

    def row(self) -> list[object]:
        return [getattr(self, name) for name in self.__slots__]


class Told:
    """What one order's story has, and the small steps that it is made of."""

    def __init__(self, teller: Teller, setting: Setting) -> None:
        world, rng = teller.world, setting.rng
        self.teller, self.world, self.setting, self.rng, self.book = teller, world, setting, rng, teller.book
        index = setting.index
        self.id = world.bases["workorders_workorder"] + index
        self.number = format_number(world.prefix, setting.at, world.number_base + index)
        self.limit, self.at = world.now, setting.at
        self.kind, self.title, self.content, self.want = self.book.appeal(
            setting.telling, setting.leaf, setting.channel
        )
        self.secret = self.kind == DemandType.REPORT
        urgency = setting.leaf.urgency
        self.urgency = urgency if rng.random() < 0.97 else ("elevated" if urgency == "routine" else "routine")
        self.order = Order(
            world,
            teller.deadlines,
            (self.kind, setting.leaf.code, self.urgency, setting.channel, "first"),
            world.bases["workorders_assignment"] + index * NODES,
        )
        self.citizen: int | None = None
        if rng.random() < 0.97 or setting.stage in AFTER_REPLY:
            self.citizen = world.bases["accounts_citizen"] + int(rng.random() ** 1.7 * world.citizens)
        self.agent = (
            self.book.pick(world.staff["agent"], rng)
            if setting.channel in ("phone", "counter", "police_110")
            else None
        )
        self.rows = teller.rows
        self.appeal_id = world.bases["intake_appeal"] + index * APPEALS
        self.used = dict.fromkeys(
            (
                "workorders_application",
                "workorders_reply",
                "workorders_note",
                "workorders_supervision",
                "followup_followuptask",
                "followup_attempt",
            ),
            0,
        )
        self.units: set[int] = set()
        self.people: dict[int, str] = {}
        self.lead_unit: int | None = None
        self.returns = self.extensions = self.redos = self.urges = 0
        self.supervised = self.listed = self.difficult = self.locked = False
        self.dispatched: datetime | None = None
        self.replied: datetime | None = None
        self.closed: datetime | None = None
        self.closing = self.outcome = ""
        self.solved: bool | None = None
        self.satisfaction: int | None = None
        self.claimed: tuple[Who, datetime] | None = None
        self.merged_into: int | None = None
        self.versions: dict[int, int] = {}
        self.absorbs = teller.settings.absorbs(index) if setting.fate == "normal" else None
        self.missed_contacts = 0
        self.applications: list[Application] = []
        if self.secret:
            if self.agent:
                self.people[self.agent.id] = "created the order"
            for person in world.hub_secret:
                self.people.setdefault(person, "handles confidential orders at the hotline centre")

    # ---- time

    def later(self, seconds: float, *, work: bool = False) -> datetime:
        """Let time pass; with `work` on to the next working hour. Never beyond the present."""
        left = (self.limit - self.at).total_seconds()
        taken = min(seconds, left * SHARE_LEFT)
        at = self.at + timedelta(seconds=int(taken))
        if work:
            open_at = self.teller.office(at)
            if open_at < self.limit - (self.limit - self.at) * (1 - SHARE_LEFT * 2):
                at = open_at
        self.at = max(self.at, at)
        return self.at

    def soon(self, mean: float, *, work: bool = False) -> datetime:
        """About `mean` seconds later."""
        return self.later(self.rng.expovariate(1.0) * mean * 0.7 + mean * 0.3, work=work)

    # ---- who

    def hub(self, role: str) -> Who:
        """Somebody of the hotline centre."""
        return self.book.pick(self.world.staff[role], self.rng)

    def at_unit(self, unit: int, *, manager: bool = False) -> Who:
        """Somebody who works for a unit."""
        info = self.world.units[unit]
        return self.book.pick(
            (info.managers if manager else info.handlers) or info.managers or self.world.staff["dispatcher"],
            self.rng,
        )

    def line(self, name: str) -> str:
        return self.book.line(name, self.setting.telling)

    def reason(self, kind: str) -> str:
        return self.book.pick(self.world.reasons.get(kind) or [""], self.rng)

    def fresh(self, table: str, per_order: int) -> int:
        """The next id of a table whose ids others point to."""
        used = self.used[table]
        self.used[table] = used + 1
        return self.world.bases[table] + self.setting.index * per_order + used

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    # ---- small things

    def _due(self, node: Node) -> datetime | None:
        return self.order.due_of(node)

    def _involve(self, unit: int) -> None:
        info = self.world.units[unit]
        self.units.update(info.path)
        if self.secret:
            for person in info.secret_handlers:
                self.people.setdefault(person, "the unit was given this order")

    def _note(
        self, number: int, kind: str, words: str, who: Who, audience: str, node: Node | None = None
    ) -> None:
        self.rows.add(
            "workorders_note",
            number,
            self.id,
            audience,
            kind,
            words,
            node.id if node else None,
            who.key,
            who.name,
            self.at,
        )

    def _next_note(self) -> int:
        return self.fresh("workorders_note", NOTES)

    # ---- cards

    def _cards(self) -> dict[Key, Settled]:
        """Cards that a scanner would have raised: each mark that a clock passed while it ran, once, lowest first.

        Of past promises only those to finish are kept, in yellow and red; of running ones everything. Returns the clocks.
        """
        order, now = self.order, self.limit
        clocks = order.settle()
        raised: list[tuple[datetime, Key, str]] = []
        for key, clock in clocks.items():
            running = clock.state == "running"
            if clock.state in ("void", "paused") or (not running and key.kind != "finish"):
                continue
            until = now if running else clock.stopped
            if until is None or not clock.marks or clock.marks[0][1] > until:
                continue
            begun = clock.track.events[-1].at if clock.track.events and running else clock.started
            for level, at in clock.marks:
                if at <= until if running else at < until and level in ("yellow", "red"):
                    raised.append((max(at, begun), key, level))
        for at, key, level in sorted(raised, key=lambda item: (item[0], RANK[item[2]])):
            clock = clocks[key]
            if RANK[level] <= RANK[clock.level]:
                continue
            clock.raise_to(level)
            node = next((one for one in order.nodes if one.id == key.assignment), None)
            order.raise_card(at, SCANNER, clock, level, node, self.lead_unit)
            if level in CARDS and key.round == order.round and RANK[level] > RANK[order.card]:
                order.card = level
        if raised:
            order.events.sort(key=lambda event: event.at)
        return clocks

    # ---- rows

    def _write(self, clocks: dict[Key, Settled]) -> None:
        order, add, setting, world = self.order, self.rows.add, self.setting, self.world
        for row in (self.teller.last_reply.pop(node.id, None) for node in order.nodes):
            if row is not None:
                add("workorders_reply", *row)
        for asked in self.applications:
            add("workorders_application", *asked.row())
        spot, slots = setting.spot, setting.telling.slots
        address = f"{slots['road']}{setting.telling.slot('no')}号 {slots['estate']}"
        due, number, stamp = None, self.id, Stamps()
        lines = self.rows.lines["workorders_clock"]
        for key, clock in clocks.items():
            if key.kind == "finish" and key.side == "city":
                due = clock.due
            lines.append(
                f"{number}\t{NULL if key.assignment is None else key.assignment}\t{key.side}\t{key.kind}\t{key.round}\t{clock.state}\t"
                f"{clock.level}\t{stamp[clock.started]}\t{stamp[clock.original]}\t{stamp[clock.due]}\t{stamp[clock.paused]}\t"
                f"{stamp[clock.stopped]}\t{stamp[clock.next]}\t{clock.marks_text}"
            )
        final = order.state in ("closed", "archived", "merged")
        claimed = self.claimed if order.state in ("pending_dispatch", "arbitration") else None
        created_by = order.events[0].actor.key
        text = "\t".join(
            [
                self.title,
                self.content,
                self.want,
                NULL,
                "",
                "",
                str(setting.leaf.id),
                "{}",
                "{}",
                spot.code,
                address,
                NULL,
                "",
                NULL if self.citizen is None else str(self.citizen),
                "t" if self.citizen is None else "f",
                "",
                "t" if self.secret else "f",
                created_by,
                NULL if self.lead_unit is None else str(self.lead_unit),
            ]
        )
        flags = "\t".join(
            [
                "t" if flag else "f"
                for flag in (self.supervised, self.listed, self.difficult, self.locked, False)
            ]
        )
        self.rows.lines["workorders_workorder"].append(
            f"{number}\t{self.number}\t{order.state}\t{order.revision}\t{stamp[setting.at]}\t{setting.channel}\t{self.kind}\t"
            f"{self.urgency}\t{text}\t{order.round}\t{order.flow}\t{self.returns}\t{self.extensions}\t{self.redos}\t{self.urges}\t"
            f"{flags}\t{NULL if self.merged_into is None else self.merged_into}\t{stamp[due]}\t{world.policy_id}\t"
            f"{world.calendar_id}\t{stamp[self.dispatched]}\t{stamp[self.replied]}\t{stamp[self.closed if final else None]}\t"
            f"{'merged' if order.state == 'merged' else self.closing}\t{self.outcome}\t{cell(self.solved)}\t{cell(self.satisfaction)}\t"
            f"{claimed[0].id if claimed else NULL}\t{stamp[claimed[1] if claimed else None]}\t"
            f"{_tsvector(search_text(self.title, self.content, address, ''))}"
        )
        if order.card != "green":
            self.rows.lines["workorders_standingcard"].append(f"{number}\t{order.card}")
        lines = self.rows.lines["workorders_assignment"]
        for node in order.nodes:
            own = [(key, clock) for key, clock in clocks.items() if key.assignment == node.id]
            finish = next((clock.due for key, clock in own if key.kind == "finish"), None)
            following = min((clock.due for _key, clock in own if clock.state == "running"), default=None)
            lines.append(
                f"{node.id}\t{number}\t{node.unit}\t{node.parent.id if node.parent else NULL}\t{node.role}\t{node.state}\t"
                f"{node.round}\t{NULL if node.handler is None else node.handler}\t{node.instructions}\t{stamp[node.created_at]}\t"
                f"{stamp[node.signed_at]}\t{stamp[node.contacted_at]}\t{stamp[node.replied_at]}\t{stamp[node.ended_at]}\t"
                f"{stamp[finish]}\t{stamp[following]}"
            )
        lines = self.rows.lines["workorders_workorderevent"]
        for event in order.events:
            actor = event.actor
            lines.append(
                f"{number}\t{stamp[event.at]}\t{event.verb}\t{actor.key}\t{actor.name}\t{NULL if event.unit is None else event.unit}\t"
                f"{NULL if event.assignment is None else event.assignment}\t{event.old}\t{event.new}\t{event.audience}\t{event.reason}\t"
                f"{event.text}\t{event.data}"
            )
        lines = self.rows.lines["workorders_involvement"]
        for unit in sorted(self.units):
            lines.append(f"{unit}\t{number}")
        for person, reason in self.people.items():
            add("workorders_orderaccess", self.id, person, created_by, reason, setting.at)
        at = stamp[setting.at]
        self.rows.lines["intake_appeal"].append(
            f"{self.appeal_id}\t{self.number}\tordered\t{number}\t{NULL if self.citizen is None else self.citizen}\t"
            f"{self.teller.lookup(self.number)}\t{setting.channel}\t{self.kind}\t{self.urgency}\t{self.title}\t{self.content}\t"
            f"{{}}\t\t\t{'t' if self.secret else 'f'}\t{self.agent.id if self.agent else NULL}\t\t{at}\t{at}\t{at}"
        )
        if self.chance(ANSWERED_SHARE):
            self._answered_call()

    def _answered_call(self) -> None:
        """Beside the orders: calls that ended on the line, answered, not accepted or referred."""
        setting, world, rng = self.setting, self.world, self.rng
        state = ("answered", "answered", "answered", "answered", "not_accepted", "referred")[
            int(rng.random() * 6)
        ]
        spot, leaf = setting.spot, self.book.pick(world.leaves, rng)
        kind, title, content, _want = self.book.appeal(self.book.tell(rng, spot, leaf), leaf, "phone")
        reason = (
            ""
            if state == "answered"
            else self.reason("not_accepted" if state == "not_accepted" else "referral")
        )
        answer = (
            self.line("answers")
            if state == "answered"
            else world.legal.get(f"script/{reason}", "") or self.line("answers")
        )
        number = f"{world.prefix}{(setting.at + HOURS_8):%Y%m%d}-A{world.answered_base + setting.index:06d}"
        citizen = world.bases["accounts_citizen"] + int(rng.random() * world.citizens)
        agent = self.book.pick(world.staff["agent"], rng)
        self.rows.add(
            "intake_appeal",
            self.appeal_id + 1,
            number,
            state,
            None,
            citizen,
            self.teller.lookup(number),
            "phone",
            kind,
            leaf.urgency,
            title,
            content,
            "{}",
            reason,
            answer,
            False,
            agent.id,
            "",
            setting.at,
            setting.at,
            setting.at,
        )


def _tsvector(words: str) -> str:
    """Words as a tsvector with their places, as `to_tsvector('simple', …)` makes it."""
    return " ".join(
        [f"'{word}':{place}" for place, word in enumerate(words.lower().split(), start=1) if "'" not in word]
    )
