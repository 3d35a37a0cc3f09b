"""How an order ends: reply, review, follow-up, redo, archive."""

from __future__ import annotations

from collections.abc import Iterator

from hotline.demo.life.applying import Applying
from hotline.demo.life.base import ATTEMPTS, DAY, HOUR, MINUTE, REPLIES, SUPERVISIONS, TASKS, Reply
from hotline.demo.life.engine import Node
from hotline.demo.life.rows import NULL, datetime_of, flag, local_day, ref
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
            None
            if consulting or self.chance(0.2)
            else at - round((at - (node.signed_at or node.created_at)) * 0.3, 6)
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
        self.replies[node.id] = Reply(
            number,
            node.id,
            version,
            fact,
            demand,
            "" if plain else "经现场核实并查阅资料，情况与诉求部分一致，已向市民说明原因和依据。",
            "no_site" if consulting else "yes" if visited else "no",
            visited,
            "phone" if self.chance(0.85) else "written",
            at,
            words,
            outcome,
            reason,
            satisfied,
            self.chance(0.3),
            unit.name,
            who,
            self.at_unit(node.unit, manager=True).name,
        )

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
        reply = self._decided = self.replies.pop(node.id)
        words = words or self.line("reviews" if state == "approved" else "review_refusals")
        reply.state, reply.decided_at, reply.decision = state, self.at, words
        self._write_reply(reply)
        if state == "refused":
            node.replied_at = None
        return words

    def _reply_data(self, node: Node) -> str:
        return f'"reply":{self._decided.id},"outcome":"{self._decided.outcome}"'

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
        reply = self._decided
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
            text=reply.text,
            audience="public",
            data=f'{self._reply_data(top)},"remark":"{words}"',
        )
        for node in (top, *(moved for moved, _state in moves)):
            node.ended_at = at
        self.replied, self.outcome = reply.at, reply.outcome

    def _follow_up(self, fate: str) -> Iterator[str]:
        order = self.order
        if self.absorbs is not None and self.at <= self.absorbs:
            self.at = self.absorbs + 5 * MINUTE
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
        due = order.due_of(None, "follow_up") or self.at + 5 * DAY
        task = self.fresh("followup_followuptask", TASKS)
        planned, round_ = self.at, order.round
        state, made, not_before, ended, result = "waiting", 0, planned, NULL, NULL
        tries = int(self.world.options.get("follow_up_tries", 3))
        try:
            yield "pending_follow_up"
            reached = False
            clerk = self.hub("follow_up")
            portal = self.chance(0.15)
            for made in range(1, tries + 1):  # noqa: B007 (the row says how many)
                at = self.soon(9 * HOUR, work=not portal)
                reached = (
                    portal or self.setting.stage == "redo" or (fate != "automatic" and self.chance(0.82))
                )
                not_before = at
                if reached:
                    break
                self._attempt(task, at, clerk, "person", reached=False)
            if not reached:
                state, ended = "unreached", self.stamp[self.at]
                self.solved = self.satisfaction = None
            else:
                self._answers()
                who = Who(f"citizen:{self.citizen}", "") if portal else clerk
                state, ended = "done", self.stamp[self.at]
                result = str(
                    self._attempt(task, self.at, who, "portal" if portal else "person", reached=True)
                )
        finally:
            stamp = self.stamp
            self.lines["followup_followuptask"].append(
                f"{task}\t{self.id}\t{self.appeal_id}\t{round_}\t{state}\t{stamp[due]}\t{stamp[not_before]}\t{made}\t{NULL}\t{NULL}\t"
                f"f\t{NULL}\t{stamp[planned]}\t{ended}\t{result}"
            )
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

    def _attempt(self, task: int, at: int, who: Who, channel: str, *, reached: bool) -> int:
        number = self.fresh("followup_attempt", ATTEMPTS)
        opinion = self.line("follow_up_opinions") if reached else ""
        reason = "" if reached else self.reason("no_contact")
        by_unit = reached and channel != "portal"
        true = (self.solved or self.chance(0.7)) if by_unit else None
        self.lines["followup_attempt"].append(
            f"{number}\t{task}\t{channel}\t{self.stamp[at]}\t{period_of(datetime_of(at))}\t{flag(reached)}\t{reason}\t"
            f"{flag(by_unit or None)}\t{flag(true)}\t{flag(self.solved if reached else None)}\t"
            f"{ref(self.satisfaction if reached else None)}\t{opinion}\t\t{who.key}"
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
        order.begin_round(flow)
        self.replied, self.closed, self.closing, self.outcome = None, None, "", ""
        self.solved = self.satisfaction = None
        self.locked, self.missed_contacts = False, 0
        if flow == "supervised":
            self.supervised = True
            number = self.fresh("workorders_supervision", SUPERVISIONS)
            self.lines["workorders_supervision"].append(
                f"{number}\t{self.id}\tsupervised\tissued\t{reason}\t{words}\tf\t{NULL}\t{local_day(at + 7 * DAY)}\t{clerk.key}\t"
                f"{self.stamp[at]}\t{NULL}"
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
        at = (self.closed or self.at) + days * DAY + int(self.rng.random() * HOUR)
        if at < self.limit:
            self.at = at
            self.order.act("archive", at, KEEPER, None)
            yield "archived"
