"""One order's story: time, people, words, numbers, and the rows that it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from hotline.demo.life.deadlines import Settled
from hotline.demo.life.engine import Node, Order
from hotline.demo.life.rows import NULL, Moment, Stamps, flag, moment_of, ref
from hotline.demo.life.setting import Setting
from hotline.demo.life.teller import Teller
from hotline.demo.life.world import SCANNER, Who
from hotline.workorders.models import DemandType
from hotline.workorders.rules import search_text
from hotline.workorders.rules.clocks import CARDS, RANK, Key

MINUTE, HOUR, DAY = 60, 3600, 86_400
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
    """What a unit asked for and what became of it."""

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
    created_at: Moment
    decided_by: str
    decided_at: Moment | None
    decision: str
    old_due: Moment | None
    new_due: Moment | None

    def decide(self, state: str, at: Moment, clerk: Who, words: str) -> None:
        self.state, self.decided_at, self.decided_by, self.decision = state, at, clerk.key, words

    def row(self, stamp: Stamps) -> str:
        return (
            f"{self.id}\t{self.assignment}\t{self.order}\t{self.kind}\t{self.state}\t{self.reason}\t{self.text}\t{self.basis}\t"
            f"{ref(self.amount)}\t{ref(self.suggested_unit)}\t{NULL if self.until is None else self.until}\t{self.resume_state}\t"
            f"{self.created_by}\t{stamp[self.created_at]}\t{self.decided_by}\t{stamp[self.decided_at]}\t{self.decision}\t"
            f"{stamp[self.old_due]}\t{stamp[self.new_due]}"
        )


@dataclass(slots=True)
class Reply:
    """What a unit answered and what became of it."""

    id: int
    assignment: int
    version: int
    fact: str
    demand: str
    explanation: str
    site_visit: str
    visited: Moment | None
    method: str
    at: int
    text: str
    outcome: str
    reason: str
    satisfied: bool | None
    publishable: bool
    unit: str
    handler: Who
    manager: str
    state: str = "submitted"
    decided_at: int | None = None
    decision: str = ""


class Told:
    """What one order's story has, and the small steps that it is made of."""

    def __init__(self, teller: Teller, setting: Setting) -> None:
        world, rng = teller.world, setting.rng
        self.teller, self.world, self.setting, self.rng, self.book = teller, world, setting, rng, teller.book
        index = setting.index
        self.id = world.bases["workorders_workorder"] + index
        self.number = f"{teller.dated(setting.at)}{world.number_base + index:06d}"
        self.limit, self.at = teller.settings.now, setting.at
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
        self.lines, self.stamp = teller.rows.lines, Stamps()
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
        self.dispatched: int | None = None
        self.replied: int | None = None
        self.closed: int | None = None
        self.closing = self.outcome = ""
        self.solved: bool | None = None
        self.satisfaction: int | None = None
        self.claimed: tuple[Who, int] | None = None
        self.merged_into: int | None = None
        self.versions: dict[int, int] = {}
        self.absorbs = teller.settings.absorbs(index) if setting.fate == "normal" else None
        self.missed_contacts = 0
        self.applications: list[Application] = []
        self.replies: dict[int, Reply] = {}
        if self.secret:
            if self.agent:
                self.people[self.agent.id] = "created the order"
            for person in world.hub_secret:
                self.people.setdefault(person, "handles confidential orders at the hotline centre")

    # ---- time

    def later(self, seconds: float, *, work: bool = False) -> int:
        """Let time pass; with `work` on to the next working hour. Never beyond the present."""
        now, limit = self.at, self.limit
        left = limit - now
        at = now + int(min(seconds, left * SHARE_LEFT))
        if work:
            open_at = self.teller.office(at)
            # As long as more than 1 - 2 * SHARE_LEFT of what was left is left then.
            if (limit - open_at) * 10 > left * 7:
                at = open_at
        if at > now:
            self.at = at
        return self.at

    def soon(self, mean: float, *, work: bool = False) -> int:
        """About `mean` seconds later."""
        return self.later(-math.log(1.0 - self.rng.random()) * mean * 0.7 + mean * 0.3, work=work)

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

    def _due(self, node: Node) -> Moment | None:
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
        self.lines["workorders_note"].append(
            f"{number}\t{self.id}\t{audience}\t{kind}\t{words}\t{NULL if node is None else node.id}\t{who.key}\t{who.name}\t"
            f"{self.stamp[self.at]}"
        )

    def _write_reply(self, reply: Reply) -> None:
        stamp, at = self.stamp, self.stamp[reply.at]
        self.lines["workorders_reply"].append(
            f"{reply.id}\t{reply.assignment}\t{self.id}\t{reply.version}\t{reply.fact}\t{reply.demand}\t{reply.explanation}\t"
            f"{reply.site_visit}\t{stamp[reply.visited]}\t{reply.method}\t{at}\t{reply.text}\t\t{reply.outcome}\t{reply.reason}\t"
            f"{flag(reply.satisfied)}\t{flag(reply.publishable)}\t{reply.unit}\t{reply.handler.name}\t{reply.manager}\t"
            f"{reply.state}\t{reply.handler.key}\t{at}\t{stamp[reply.decided_at]}\t{reply.decision}"
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
        raised: list[tuple[Moment, Key, str]] = []
        for key, clock in clocks.items():
            running = clock.state == "running"
            if clock.state in ("void", "paused") or (not running and key.kind != "finish"):
                continue
            until = now if running else clock.stopped
            if until is None or not clock.marks or clock.marks[0][1] > until:
                continue
            events = clock.track.events
            begun = moment_of(events[-1].at) if events and running else clock.started
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
        order, setting, world = self.order, self.setting, self.world
        if self.replies:
            for node in order.nodes:
                if node.id in self.replies:
                    self._write_reply(self.replies[node.id])
        if self.applications:
            self.lines["workorders_application"] += [asked.row(self.stamp) for asked in self.applications]
        spot, slots = setting.spot, setting.telling.slots
        address = f"{slots['road']}{setting.telling.slot('no')}号 {slots['estate']}"
        due, number, stamp = None, self.id, self.stamp
        lines = self.lines["workorders_clock"]
        finish: dict[int, Moment] = {}
        following: dict[int, Moment] = {}
        for (kind, side, node_id, round_), clock in clocks.items():
            if node_id is None:
                if kind == "finish":
                    due = clock.due
            else:
                if kind == "finish":
                    finish.setdefault(node_id, clock.due)
                if clock.state == "running" and clock.due < following.get(node_id, math.inf):
                    following[node_id] = clock.due
            lines.append(
                f"{number}\t{NULL if node_id is None else node_id}\t{side}\t{kind}\t{round_}\t{clock.state}\t"
                f"{clock.level}\t{stamp[clock.started]}\t{stamp[clock.original]}\t{stamp[clock.due]}\t{stamp[clock.paused]}\t"
                f"{stamp[clock.stopped]}\t{stamp[clock.next]}\t{clock.marks_text}"
            )
        final = order.state in ("closed", "archived", "merged")
        claimed = self.claimed if order.state in ("pending_dispatch", "arbitration") else None
        created_by = order.creator
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
        self.lines["workorders_workorder"].append(
            f"{number}\t{self.number}\t{order.state}\t{order.revision}\t{stamp[setting.at]}\t{setting.channel}\t{self.kind}\t"
            f"{self.urgency}\t{text}\t{order.round}\t{order.flow}\t{self.returns}\t{self.extensions}\t{self.redos}\t{self.urges}\t"
            f"{flags}\t{NULL if self.merged_into is None else self.merged_into}\t{stamp[due]}\t{world.policy_id}\t"
            f"{world.calendar_id}\t{stamp[self.dispatched]}\t{stamp[self.replied]}\t{stamp[self.closed if final else None]}\t"
            f"{'merged' if order.state == 'merged' else self.closing}\t{self.outcome}\t{flag(self.solved)}\t{ref(self.satisfaction)}\t"
            f"{claimed[0].id if claimed else NULL}\t{stamp[claimed[1] if claimed else None]}\t"
            f"{_tsvector(search_text(self.title, self.content, address, ''))}"
        )
        if order.card != "green":
            self.lines["workorders_standingcard"].append(f"{number}\t{order.card}")
        lines = self.lines["workorders_assignment"]
        for node in order.nodes:
            lines.append(
                f"{node.id}\t{number}\t{node.unit}\t{node.parent.id if node.parent else NULL}\t{node.role}\t{node.state}\t"
                f"{node.round}\t{NULL if node.handler is None else node.handler}\t{node.instructions}\t{stamp[node.created_at]}\t"
                f"{stamp[node.signed_at]}\t{stamp[node.contacted_at]}\t{stamp[node.replied_at]}\t{stamp[node.ended_at]}\t"
                f"{stamp[finish.get(node.id)]}\t{stamp[following.get(node.id)]}"
            )
        lines = self.lines["workorders_workorderevent"]
        for event in order.events:
            lines.append(f"{number}\t{stamp[event.at]}\t{event.columns}")
        lines = self.lines["workorders_involvement"]
        for unit in sorted(self.units):
            lines.append(f"{unit}\t{number}")
        for person, reason in self.people.items():
            self.lines["workorders_orderaccess"].append(
                f"{number}\t{person}\t{created_by}\t{reason}\t{stamp[setting.at]}"
            )
        at = stamp[setting.at]
        self.lines["intake_appeal"].append(
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
        number = f"{self.teller.dated(setting.at)}A{world.answered_base + setting.index:06d}"
        citizen = world.bases["accounts_citizen"] + int(rng.random() * world.citizens)
        agent = self.book.pick(world.staff["agent"], rng)
        at = self.stamp[setting.at]
        self.lines["intake_appeal"].append(
            f"{self.appeal_id + 1}\t{number}\t{state}\t{NULL}\t{citizen}\t{self.teller.lookup(number)}\tphone\t{kind}\t{leaf.urgency}\t"
            f"{title}\t{content}\t{{}}\t{reason}\t{answer}\tf\t{agent.id}\t\t{at}\t{at}\t{at}"
        )


def _tsvector(words: str) -> str:
    """Words as a tsvector with their places, as `to_tsvector('simple', …)` makes it."""
    return " ".join(
        [f"'{word}':{place}" for place, word in enumerate(words.lower().split(), start=1) if "'" not in word]
    )
