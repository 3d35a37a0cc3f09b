"""How an order ends: reply, review, follow-up, redo, archive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from hotline.demo.life.applying import Applying
from hotline.demo.life.base import ATTEMPTS, HOUR, MINUTE, REPLIES, SUPERVISIONS, TASKS
from hotline.demo.life.engine import Node
from hotline.demo.life.world import CLERK, KEEPER, Who
from hotline.followup.rules import period_of
from hotline.workorders.rules.closing import closing_kind, redo_flow


class Ended(Applying):
    """From the reply to the archive."""

    # ---- reply and after

    def _reply(self, node: Node) -> None:
        order, rng = self.order, self.rng
        who = self.at_unit(node.unit)
        at = self.soon(40 * MINUTE, work=self.urgency == "routine")
        number = self.fresh("workorders_reply", REPLIES)
        version = self.versions[node.id] = self.versions.get(node.id, 0) + 1
        consulting = self.kind in ("consultation", "suggestion", "praise")
        draw = rng.random()
        outcome = "explained" if consulting or draw < 0.2 else "unsolved" if draw > 0.94 else "solved"
        unit = self.world.units[node.unit]
        words = self.book.reply(self.setting.telling, outcome, unit.name)
        fact, demand = self._findings(outcome)
        plain = fact in ("true", "adopted", "policy_found") and demand == "reasonable"
        visited = (
            None if consulting or self.chance(0.2) else at - (at - (node.signed_at or node.created_at)) * 0.3
        )
        reason = self.reason("unsolved") if outcome == "unsolved" else ""
        satisfied = None if self.chance(0.4) else outcome != "unsolved"
        node.replied_at = at
        top = node is order.top
        order.act(
            "reply",
            at,
            who,
            node.unit,
            node=node,
            begins=(),
            quiet=not top,
            data=f'"reply":{number},"version":{version},"outcome":"{outcome}"',
        )
        self.teller.last_reply[node.id] = [
            number,
            node.id,
            self.id,
            version,
            fact,
            demand,
            "" if plain else "经现场核实并查阅资料，情况与诉求部分一致，已向市民说明原因和依据。",
            "no_site" if consulting else "yes" if visited else "no",
            visited,
            "phone" if self.chance(0.85) else "written",
            at,
            words,
            "",
            outcome,
            reason,
            satisfied,
            self.chance(0.3),
            unit.name,
            who.name,
            self.at_unit(node.unit, manager=True).name,
            "submitted",
            who.key,
            at,
            None,
            "",
        ]

    def _findings(self, outcome: str) -> tuple[str, str]:
        draw = self.rng.random()
        if self.kind == "consultation":
            return ("policy_found", "reasonable") if draw < 0.85 else ("no_policy", "no_basis")
        if self.kind == "suggestion":
            return ("adopted", "reasonable") if draw < 0.4 else ("kept_for_reference", "reasonable")
        if outcome == "unsolved":
            return ("partly_true", "excessive") if draw < 0.5 else ("true", "reasonable")
        return (
            ("true", "reasonable")
            if draw < 0.75
            else ("partly_true", "reasonable")
            if draw < 0.92
            else ("not_true", "no_basis")
        )

    def _decide_reply(self, node: Node, state: str, words: str = "") -> str:
        row = self.teller.last_reply.pop(node.id)
        words = words or self.line("reviews" if state == "approved" else "review_refusals")
        row[20], row[23], row[24] = state, self.at, words
        self.rows.add("workorders_reply", *row)
        if state == "refused":
            node.replied_at = None
        self._decided = row
        return words

    def _reply_data(self, node: Node) -> str:
        return f'"reply":{self._decided[0]},"outcome":"{self._decided[13]}"'

    def _approve_below(self, child: Node) -> None:
        order, parent = self.order, child.parent
        assert parent is not None
        at = self.soon(90 * MINUTE, work=self.urgency == "routine")
        words = self._decide_reply(child, "approved")
        moves = ((parent, "in_progress"),) if parent.state == "sent_down" else ()
        order.act(
            "approve_reply",
            at,
            self.at_unit(parent.unit, manager=True),
            parent.unit,
            node=child,
            quiet=True,
            moves=moves,
            text=words,
            data=self._reply_data(child),
        )
        child.ended_at = at

    def _approve(self, top: Node) -> None:
        at = self.soon(4 * HOUR, work=True)
        words = self._decide_reply(top, "approved")
        row = self._decided
        moves = [
            (node, "recalled")
            for node in self.order.nodes
            if node is not top and node.state in ("pending_sign", "in_progress")
        ]
        self.order.act(
            "approve_reply",
            at,
            self.hub("reviewer"),
            self.world.hub,
            node=top,
            begins=(),
            moves=moves,
            text=str(row[11]),
            audience="public",
            data=f'{self._reply_data(top)},"remark":"{words}"',
        )
        for node in (top, *(moved for moved, _state in moves)):
            node.ended_at = at
        created = row[22]
        assert isinstance(created, datetime)
        self.replied, self.outcome = created, str(row[13])

    def _follow_up(self, fate: str) -> Iterator[str]:
        order = self.order
        if self.absorbs is not None and self.at <= self.absorbs:
            self.at = self.absorbs + timedelta(minutes=5)
        if self.citizen is None:
            at = self.later(MINUTE)
            order.act(
                "finish_follow_up",
                at,
                CLERK,
                None,
                data=f'"closing_kind":"automatic","solved":null,"satisfaction":null,"round":{order.round}',
            )
            self._end(at, "automatic")
            yield "closed"
            yield from self._archive()
            return
        due = order.due_of(None, "follow_up") or self.at + timedelta(days=5)
        task = self.fresh("followup_followuptask", TASKS)
        planned = self.at
        row = [
            task,
            self.id,
            self.appeal_id,
            order.round,
            "waiting",
            due,
            planned,
            0,
            None,
            None,
            False,
            None,
            planned,
            None,
            None,
        ]
        tries = int(self.world.options.get("follow_up_tries", 3))
        try:
            yield "pending_follow_up"
            reached = False
            clerk = self.hub("follow_up")
            portal = self.chance(0.15)
            for number in range(1, tries + 1):
                at = self.soon(9 * HOUR, work=not portal)
                reached = (
                    portal or self.setting.stage == "redo" or (fate != "automatic" and self.chance(0.82))
                )
                row[7] = number
                row[6] = at
                if reached:
                    break
                self._attempt(task, at, clerk, "person", reached=False)
            if not reached:
                row[4], row[13] = "unreached", self.at
                self.solved = self.satisfaction = None
            else:
                self._answers()
                who = Who(f"citizen:{self.citizen}", "") if portal else clerk
                row[4], row[13] = "done", self.at
                row[14] = self._attempt(task, self.at, who, "portal" if portal else "person", reached=True)
        finally:
            self.rows.add("followup_followuptask", *row)
        unhappy = self.satisfaction is not None and (self.satisfaction <= 2 or self.solved is False)
        if unhappy and self.redos < 2 and (self.chance(0.75) or self.setting.stage == "redo"):
            self._redo(clerk)
            return
        self._finish(clerk)
        yield "closed"
        yield from self._archive()

    def _answers(self) -> None:
        rng = self.rng
        want_redo = self.setting.stage == "redo" and self.order.round == 1
        draw = rng.random()
        if want_redo or (self.outcome == "unsolved" and draw < 0.3) or draw < 0.025:
            self.solved, self.satisfaction = False, 1 if draw < 0.3 else 2
        else:
            self.solved = self.outcome != "unsolved" or draw > 0.8
            self.satisfaction = 5 if draw > 0.45 else 4 if draw > 0.15 else 3

    def _attempt(self, task: int, at: datetime, who: Who, channel: str, *, reached: bool) -> int:
        number = self.fresh("followup_attempt", ATTEMPTS)
        opinion = self.line("follow_up_opinions") if reached else ""
        self.rows.add(
            "followup_attempt",
            number,
            task,
            channel,
            at,
            str(period_of(at)),
            reached,
            "" if reached else self.reason("no_contact"),
            (channel != "portal" or None) if reached else None,
            (self.solved or self.chance(0.7)) if reached and channel != "portal" else None,
            self.solved if reached else None,
            self.satisfaction if reached else None,
            opinion,
            "",
            who.key,
        )
        self._opinion = opinion
        return number

    def _finish(self, clerk: Who) -> None:
        kind = str(closing_kind(self.solved, self.satisfaction))
        solved = "null" if self.solved is None else "true" if self.solved else "false"
        at = self.at
        self.order.act(
            "finish_follow_up",
            at,
            clerk if clerk.id else CLERK,
            self.world.hub if clerk.id else None,
            text=self._opinion if self.satisfaction is not None else "",
            data=f'"closing_kind":"{kind}","solved":{solved},"satisfaction":{self.satisfaction or "null"},"round":{self.order.round}',
        )
        self._end(at, kind)

    def _redo(self, clerk: Who) -> None:
        order = self.order
        last = order.top
        assert last is not None
        at = self.soon(20 * MINUTE)
        flow = str(redo_flow(self.redos, supervised=False, options=self.world.options))
        reason = "unsolved" if self.solved is False else "dissatisfied"
        words = self.line("redo_causes")
        self.redos += 1
        order.begin_round()
        order.select = (*order.select[:4], flow)
        order.flow, order.card = flow, "green"
        self.replied, self.closed, self.closing, self.outcome = None, None, "", ""
        self.solved = self.satisfaction = None
        self.locked, self.missed_contacts = False, 0
        if flow == "supervised":
            self.supervised = True
            self.rows.add(
                "workorders_supervision",
                self.fresh("workorders_supervision", SUPERVISIONS),
                self.id,
                "supervised",
                "issued",
                reason,
                words,
                False,
                None,
                (at + timedelta(days=7)).date(),
                clerk.key,
                at,
                None,
            )
        node = order.node(last.unit, at, instructions=words)
        order.top = node
        order.act(
            "redo",
            at,
            clerk,
            self.world.hub,
            node=node,
            new=(node,),
            to="pending_sign",
            reason=reason,
            text=words,
            data=f'"round":{order.round},"flow":"{flow}"',
        )
        self.lead_unit = last.unit

    def _archive(self) -> Iterator[str]:
        days = int(self.world.options.get("archive_days", 30))
        at = (self.closed or self.at) + timedelta(days=days, seconds=int(self.rng.random() * HOUR))
        if at < self.limit:
            self.at = at
            self.order.act("archive", at, KEEPER, None)
            yield "archived"
