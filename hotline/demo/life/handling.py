"""What units do with an order: sign, contact, send down, ask, apply, wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hotline.demo.life.base import APPLICATIONS, DAY, HOUR, MINUTE, SUPERVISIONS, Told
from hotline.demo.life.engine import Node
from hotline.demo.life.teller import HOURS_8
from hotline.demo.life.world import Who
from hotline.workorders.rules.applications import after_return


class Handled(Told):
    """Dispatch and everything that happens at units before the reply."""

    def _dispatch(self, stage: str) -> Iterator[str]:
        order = self.order
        entry, lead = self.teller.lead_for(self.setting)
        if order.round == 1 and self.returns == 0:
            pause = {"urgent": 4 * MINUTE, "elevated": 15 * MINUTE}.get(self.urgency, 50 * MINUTE)
        else:
            pause = HOUR
            lead = self.teller.other_unit(lead, self.setting)
        clerk = self.hub("dispatcher")
        if order.state == "pending_dispatch" and self.chance(0.25):
            at = self.soon(pause / 2)
            order.act("claim", at, clerk, self.world.hub)
            self.claimed = (clerk, at)
            yield "pending_dispatch"
        at = self.soon(pause)
        assistants: list[int] = []
        if entry is not None and entry.assistant_ids and self.chance(0.12):
            assistants = [unit for unit in entry.assistant_ids if unit != lead]
        words = self.line("instructions")
        top = order.node(lead, at, instructions=words)
        order.top = top
        helpers = [order.node(unit, at, role="assistant", instructions=words) for unit in assistants]
        name = "dispatch"
        if order.state == "arbitration":
            name, words, self.locked, self.difficult = (
                "designate",
                "经会商，由该单位牵头主办，相关单位配合。",
                True,
                True,
            )
        for unit in (lead, *assistants):
            self._involve(unit)
        data = f'"lead":{lead},"assistants":[{",".join(map(str, assistants))}]'
        order.act(
            name,
            at,
            clerk,
            self.world.hub,
            node=top,
            new=(top, *helpers),
            to="pending_sign",
            text=words,
            data=data,
        )
        self.lead_unit, self.claimed = lead, None
        self.dispatched = self.dispatched or at

    def _return(self, stage: str) -> Iterator[str]:
        """Apply for return; agreed: the order goes on to another unit."""
        order, top = self.order, self.order.top
        assert top is not None
        limits = order.deadlines.selection(order.select, order.level_of(top.unit)).returns
        who = self.at_unit(top.unit, manager=True)
        if self.chance(0.5):
            self._sign(top)
        at = self.soon(40 * MINUTE, work=True)
        end = limits.window_ends(top.created_at, order.deadlines.calendar)
        if end is not None and at > end and stage != "return_review":
            return
        reason, words = self.reason("return"), self.line("returns")
        back = top.state
        number = self.fresh("workorders_application", APPLICATIONS)
        basis = self.world.legal.get(f"return/{reason}") or "部门三定规定和权责清单"
        order.act(
            "apply_return",
            at,
            who,
            top.unit,
            node=top,
            reason=reason,
            text=words,
            data=f'"application":{number},"basis":"{basis}","amount":null,"until":null,"suggested":null',
        )
        row = [
            number,
            top.id,
            self.id,
            "return",
            "pending",
            reason,
            words,
            basis,
            None,
            None,
            None,
            back,
            who.key,
            at,
            "",
            None,
            "",
            self._due(top),
            None,
        ]
        try:
            yield "return_review"
            clerk = self.hub("dispatcher")
            if stage == "return_review" or self.chance(0.7):
                words = self.book.group_line("return_decisions", "approved", self.setting.telling)
                self.returns += 1
                to = str(after_return(self.returns, limits))
                at = self.soon(2 * HOUR, work=True)
                moves = [
                    (node, "recalled")
                    for node in order.nodes
                    if node is not top
                    and node.ended_at is None
                    and node.state not in ("done", "returned", "recalled")
                ]
                order.act(
                    "approve_return",
                    at,
                    clerk,
                    self.world.hub,
                    node=top,
                    begins=(),
                    to=to,
                    moves=moves,
                    text=words,
                    data=f'"application":{number},"reason_code":"{reason}","unit":{top.unit},"count":{self.returns}',
                )
                for node in (top, *(moved for moved, _state in moves)):
                    node.ended_at = at
                self.lead_unit, order.top = None, None
                self.difficult = self.difficult or to == "arbitration"
                row[4], row[14], row[15], row[16] = "approved", clerk.key, at, words
                yield to
                yield from self._dispatch("")
            else:
                words = self.book.group_line("return_decisions", "refused", self.setting.telling)
                at = self.soon(2 * HOUR, work=True)
                order.act(
                    "refuse_return",
                    at,
                    clerk,
                    self.world.hub,
                    node=top,
                    moves=((top, back),),
                    text=words,
                    data=f'"application":{number}',
                )
                row[4], row[14], row[15], row[16] = "refused", clerk.key, at, words
        finally:
            self.rows.add("workorders_application", *row)

    def _sign(self, node: Node) -> None:
        if node.state != "pending_sign":
            return
        who = self.at_unit(node.unit)
        pause = {"urgent": 8 * MINUTE, "elevated": 30 * MINUTE}.get(self.urgency, 1.2 * HOUR)
        at = self.soon(pause, work=self.urgency == "routine")
        node.signed_at, node.handler = at, None
        self.order.act("sign", at, who, node.unit, node=node, begins=(node,))
        if self.chance(0.35):
            node.handler = who.id or None
            if node.handler:
                self.order.act(
                    "take", self.later(MINUTE), who, node.unit, node=node, data=f'"handler":{who.id}'
                )

    def _contact(self, node: Node) -> None:
        pause = {"urgent": 11 * MINUTE, "elevated": 45 * MINUTE}.get(self.urgency, 1.4 * HOUR)
        who = self.at_unit(node.unit)
        tries = int(self.world.options.get("contact_tries", 3))
        while True:
            at = self.soon(pause, work=self.urgency == "routine")
            reached = self.chance(0.93)
            settled = reached or self.missed_contacts + 1 >= tries
            reason = "" if reached else self.reason("no_contact")
            words = self.book.group_line("contacts", "reached" if reached else "missed", self.setting.telling)
            self.order.act(
                "contact",
                at,
                who,
                node.unit,
                node=node,
                effects=settled,
                reason=reason,
                text=words,
                data=(
                    f'"reached":{"true" if reached else "false"},"person":"{who.name}",'
                    f'"contacted_at":"{at.isoformat()}","settled":{"true" if settled else "false"}'
                ),
            )
            self.rows.add("workorders_contact", node.id, reached, reason, at, who.name, words, who.key)
            if settled:
                up: Node | None = node
                while up is not None:
                    up.contacted_at = up.contacted_at or at
                    up = up.parent
                return
            self.missed_contacts += 1

    def _send_down(self, top: Node) -> Node | None:
        unit = self.teller.below(top.unit, self.setting)
        if unit is None:
            return None
        at = self.soon(
            {"urgent": 5 * MINUTE, "elevated": 15 * MINUTE}.get(self.urgency, 40 * MINUTE),
            work=self.urgency == "routine",
        )
        words = self.line("down")
        child = self.order.node(unit, at, parent=top, instructions=words)
        self._involve(unit)
        self.order.act(
            "send_down",
            at,
            self.at_unit(top.unit, manager=True),
            top.unit,
            node=top,
            new=(child,),
            text=words,
            data=f'"to_unit":{unit}',
        )
        return child

    def _meanwhile(self, top: Node, stage: str, fate: str) -> Iterator[str]:
        """What may happen while units work: assistance, extension, hold, urging, supervision, notes."""
        order, chance = self.order, self.chance
        due = self._due(top) or self.at + timedelta(days=5)
        helpers = [node for node in order.nodes if node.role == "assistant" and node.state == "pending_sign"]
        if not helpers and top.state == "in_progress" and chance(0.05):
            unit = self.teller.helper(top.unit, self.setting)
            if unit is not None and unit not in {node.unit for node in order.nodes}:
                at = self.soon(3 * HOUR, work=True)
                words = self.line("assists")
                asked = order.node(unit, at, parent=top, role="assistant", instructions=words)
                self._involve(unit)
                order.act(
                    "ask_assistance",
                    at,
                    self.at_unit(top.unit),
                    top.unit,
                    node=top,
                    new=(asked,),
                    text=words,
                    data=f'"assistants":[{unit}]',
                )
                helpers = [asked]
        for helper in helpers:
            self._sign(helper)
            if helper.state == "in_progress":
                at = self.soon(10 * HOUR, work=True)
                who, words = self.at_unit(helper.unit), self.line("opinions")
                order.act("give_opinion", at, who, helper.unit, node=helper, text=words)
                helper.replied_at = helper.ended_at = at
                self._note(self._next_note(), "opinion", words, who, "", helper)
        if chance(0.04):
            self._urge()
        if chance(0.025):
            words = self.line("supplements")
            who = Who(f"citizen:{self.citizen}", "") if self.citizen else self.hub("agent")
            note = self._next_note()
            order.act(
                "supplement",
                self.soon(8 * HOUR),
                who,
                None if self.citizen else self.world.hub,
                text=words,
                audience="public",
                data=f'"note":{note}',
            )
            self._note(note, "supplement", words, who, "public")
        if chance(0.06):
            words, who = self.line("interim"), self.at_unit(top.unit)
            note = self._next_note()
            order.act(
                "note",
                self.soon(5 * HOUR, work=True),
                who,
                top.unit,
                text=words,
                data=f'"note":{note},"kind":"interim_report"',
            )
            self._note(note, "interim_report", words, who, "", top)
        if stage == "extension_review" or (due > self.at and chance(0.22 if stage else 0.05)):
            yield from self._extend(top, stage)
        if stage in ("hold_review", "on_hold") or fate == "hold_expired" or (due > self.at and chance(0.008)):
            yield from self._hold(top, stage, fate)
            if order.state == "closed":
                return
        if fate == "unreasonable" and top.state == "in_progress":
            yield from self._unreasonable(top)
            return
        if self.at > due or chance(0.006):
            self._supervise("overdue" if self.at > due else "leader_instruction")
        # The work itself: usually well inside the promise, now and then beyond it.
        due = self._due(top) or self.at + timedelta(days=5)
        left = (due - self.at).total_seconds()
        if left > 0:
            share = self.rng.betavariate(2.2, 1.7)
            self.later(
                left * (share if not chance(0.035) else 1.0 + self.rng.random() * 0.8),
                work=self.urgency != "urgent",
            )

    def _urge(self) -> None:
        at = self.soon(9 * HOUR)
        words = self.line("urges")
        citizen = self.citizen is not None and self.chance(0.8)
        who = Who(f"citizen:{self.citizen}", "") if citizen else self.hub("agent")
        self.order.act(
            "urge",
            at,
            who,
            None if citizen else self.world.hub,
            text=words,
            data='"count":' + str(self.urges + 1),
        )
        self.urges += 1
        self._note(self._next_note(), "urge", words, who, "")

    def _extend(self, top: Node, stage: str) -> Iterator[str]:
        order = self.order
        limits = order.deadlines.selection(order.select, order.level_of(top.unit)).extension
        due = self._due(top)
        if top.state not in ("in_progress", "sent_down") or due is None:
            return
        forced = stage == "extension_review"
        if not limits.times or not limits.amounts:
            return
        at = self.soon(4 * HOUR, work=True)
        if at >= due:
            return
        span = self.book.pick(limits.amounts, self.rng)
        who, reason, words, back = (
            self.at_unit(top.unit, manager=True),
            self.reason("extension"),
            self.line("extensions"),
            top.state,
        )
        number = self.fresh("workorders_application", APPLICATIONS)
        order.act(
            "apply_extension",
            at,
            who,
            top.unit,
            node=top,
            reason=reason,
            text=words,
            data=f'"application":{number},"basis":"","amount":{span.amount},"until":null,"suggested":null',
        )
        row = [
            number,
            top.id,
            self.id,
            "extension",
            "pending",
            reason,
            words,
            "",
            span.amount,
            None,
            None,
            back,
            who.key,
            at,
            "",
            None,
            "",
            due,
            None,
        ]
        try:
            yield "extension_review"
            clerk = self.hub("reviewer")
            at = self.soon(3 * HOUR, work=True)
            if forced or self.chance(0.88):
                words = self.line("extension_decisions")
                city_due = order.due_of(None)
                self.extensions += 1
                order.act(
                    "approve_extension",
                    at,
                    clerk,
                    self.world.hub,
                    node=top,
                    moves=((top, back),),
                    extra=str(span),
                    text=words,
                    data=f'"application":{number},"old_due":"{city_due.isoformat() if city_due else ""}","amount":{span.amount}',
                )
                row[4], row[17], row[18] = "approved", due, order.due_of(top)
            else:
                words = "理由不充分，请按期办结。"
                order.act(
                    "refuse_extension",
                    at,
                    clerk,
                    self.world.hub,
                    node=top,
                    moves=((top, back),),
                    text=words,
                    data=f'"application":{number}',
                )
                row[4] = "refused"
            row[14], row[15], row[16] = clerk.key, at, words
        finally:
            self.rows.add("workorders_application", *row)

    def _hold(self, top: Node, stage: str, fate: str) -> Iterator[str]:
        order = self.order
        if top.state not in ("in_progress", "sent_down"):
            return
        back = top.state
        who, reason, words = self.at_unit(top.unit, manager=True), self.reason("hold"), self.line("holds")
        at = self.soon(5 * HOUR, work=True)
        days = 5 + int(self.rng.random() * 40)
        until = ((self.limit if stage else at) + HOURS_8 + timedelta(days=days)).date()
        number = self.fresh("workorders_application", APPLICATIONS)
        order.act(
            "apply_hold",
            at,
            who,
            top.unit,
            node=top,
            reason=reason,
            text=words,
            data=f'"application":{number},"basis":"","amount":null,"until":"{until}","suggested":null',
        )
        row = [
            number,
            top.id,
            self.id,
            "hold",
            "pending",
            reason,
            words,
            "",
            None,
            None,
            until,
            back,
            who.key,
            at,
            "",
            None,
            "",
            self._due(top),
            None,
        ]
        try:
            yield "hold_review"
            clerk = self.hub("reviewer")
            at = self.soon(5 * HOUR, work=True)
            order.act(
                "approve_hold",
                at,
                clerk,
                self.world.hub,
                node=top,
                text="同意挂起，条件具备后及时恢复办理。",
                data=f'"application":{number},"until":"{until}"',
            )
            row[4], row[14], row[15], row[16] = (
                "approved",
                clerk.key,
                at,
                "同意挂起，条件具备后及时恢复办理。",
            )
        finally:
            self.rows.add("workorders_application", *row)
        yield "on_hold"
        at = self.later(days * DAY)
        if fate == "hold_expired":
            self._close_units(
                "expire_hold",
                at,
                self.hub("reviewer"),
                self.world.hub,
                "hold_expired",
                "挂起期满，条件仍不具备，按规定办结并建档跟踪。",
                node=top,
            )
            return
        order.act(
            "resume",
            at,
            self.at_unit(top.unit),
            top.unit,
            node=top,
            moves=((top, back),),
            text=self.line("hold_releases"),
        )

    def _unreasonable(self, top: Node) -> Iterator[str]:
        order = self.order
        who, reason = self.at_unit(top.unit, manager=True), self.reason("unreasonable")
        words = "经多次解释沟通，诉求人仍坚持超出政策规定的要求。"
        at = self.soon(8 * HOUR, work=True)
        number = self.fresh("workorders_application", APPLICATIONS)
        order.act(
            "apply_unreasonable",
            at,
            who,
            top.unit,
            node=top,
            reason=reason,
            text=words,
            data=f'"application":{number},"basis":"","amount":null,"until":null,"suggested":null',
        )
        row = [
            number,
            top.id,
            self.id,
            "unreasonable",
            "pending",
            reason,
            words,
            "",
            None,
            None,
            None,
            "in_progress",
            who.key,
            at,
            "",
            None,
            "",
            self._due(top),
            None,
        ]
        try:
            yield "close_review"
            clerk = self.hub("reviewer")
            at = self.soon(6 * HOUR, work=True)
            decision = "情况属实，按不合理诉求办结。"
            self._close_units(
                "approve_unreasonable",
                at,
                clerk,
                self.world.hub,
                "unreasonable",
                decision,
                node=top,
                data=f'"application":{number}',
            )
            row[4], row[14], row[15], row[16] = "approved", clerk.key, at, decision
        finally:
            self.rows.add("workorders_application", *row)

    def _supervise(self, reason: str) -> None:
        """督办: steps through its sub-flow; of an open order it stands open."""
        order, unit = self.order, self.order.top
        at = self.soon(2 * HOUR, work=True)
        who, words = self.hub("supervisor"), self.line("supervisions")
        listed = self.chance(0.15)
        number = self.fresh("workorders_supervision", SUPERVISIONS)
        self.supervised, self.listed = True, self.listed or listed
        self.difficult = self.difficult or listed
        joint = listed and self.chance(0.5)
        promised = (
            (self.limit if self.setting.stage else at)
            + HOURS_8
            + timedelta(days=2 + int(self.rng.random() * 6))
        ).date()
        order.act(
            "list_case" if listed else "supervise",
            at,
            who,
            self.world.hub,
            reason=reason,
            text=words,
            data=f'"supervision":{number},"joint":{"true" if joint else "false"},"promised_on":"{promised}"',
        )
        state = "proposed" if listed else "issued"
        steps = (
            ("issued", "under_review", "completed", "closed")
            if listed
            else ("under_review", "completed", "closed")
        )
        closed = None
        for to in steps[: 1 if listed else 0] if self.setting.stage else steps:
            at = self.soon(3 * HOUR, work=True)
            by_unit = to == "under_review" and unit is not None
            order.act(
                "answer_supervision" if to == "under_review" else "advance_supervision",
                at,
                self.at_unit(unit.unit, manager=True) if by_unit and unit is not None else who,
                unit.unit if by_unit and unit is not None else self.world.hub,
                text="已提出整改方案并落实责任人，请审核。" if to == "under_review" else "",
                data=f'"supervision":{number},"from":"{state}","to_state":"{to}","next_on":null',
            )
            state = to
        if state == "closed":
            closed, self.supervised, self.listed = at, False, False
        self.rows.add(
            "workorders_supervision",
            number,
            self.id,
            "listed" if listed else "supervised",
            state,
            reason,
            words,
            joint,
            promised,
            None if closed else promised,
            who.key,
            order.events[-1].at if not closed else at,
            closed,
        )

    def _close_units(
        self,
        verb: str,
        at: datetime,
        who: Who,
        unit: int | None,
        kind: str,
        words: str,
        *,
        node: Node | None,
        audience: str = "",
        data: str = "",
    ) -> None:
        """Close the order while units have it: all of them are released."""
        open_nodes = [
            one
            for one in self.order.nodes
            if one is not node and one.state not in ("done", "returned", "recalled")
        ]
        self.order.act(
            verb,
            at,
            who,
            unit,
            node=node,
            to="closed",
            moves=[(one, "recalled") for one in open_nodes],
            text=words,
            audience=audience,
            data=f'"closing_kind":"{kind}"' + (f",{data}" if data else ""),
        )
        for one in (*open_nodes, *((node,) if node else ())):
            one.ended_at = at
        self._end(at, kind)

    def _end(self, at: datetime, kind: str) -> None:
        self.closed, self.closing = at, kind
