"""An order on its way to a unit and there: sent, signed for, contacted, sent down, urged, supervised, closed."""

from __future__ import annotations

from collections.abc import Iterator

from hotline.demo.life.base import DAY, HOUR, MINUTE, SUPERVISIONS, Told
from hotline.demo.life.engine import Node
from hotline.demo.life.rows import NULL, flag, iso, local_day
from hotline.demo.life.world import Who


class Handled(Told):
    """Dispatch, and the single steps of an order that units have."""

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
                    f'"contacted_at":"{iso(at)}","settled":{"true" if settled else "false"}'
                ),
            )
            self.lines["workorders_contact"].append(
                f"{node.id}\t{flag(reached)}\t{reason}\t{self.stamp[at]}\t{who.name}\t{words}\t{who.key}"
            )
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
        days = 2 + int(self.rng.random() * 6)
        promised = local_day((self.limit if self.setting.stage else at) + days * DAY)
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
        began = self.stamp[order.events[-1].at if not closed else at]
        self.lines["workorders_supervision"].append(
            f"{number}\t{self.id}\t{'listed' if listed else 'supervised'}\t{state}\t{reason}\t{words}\t{flag(joint)}\t{promised}\t"
            f"{NULL if closed else promised}\t{who.key}\t{began}\t{self.stamp[closed]}"
        )

    def _close_units(
        self,
        verb: str,
        at: int,
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

    def _end(self, at: int, kind: str) -> None:
        self.closed, self.closing = at, kind
