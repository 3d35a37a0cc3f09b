"""While units work: what they apply for and how the hotline centre decides it, and all else that may happen until the reply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from hotline.demo.life.base import APPLICATIONS, DAY, HOUR, MINUTE, Application
from hotline.demo.life.engine import Node
from hotline.demo.life.handling import Handled
from hotline.demo.life.rows import datetime_of, iso, local_day, moment_of
from hotline.demo.life.world import Who
from hotline.workorders.rules.applications import after_return


class Applying(Handled):
    """Applications for return, extension, hold and closing as unreasonable; and the whole time at units."""

    # ---- applications

    def _apply(
        self,
        kind: str,
        top: Node,
        at: int,
        who: Who,
        reason: str,
        words: str,
        *,
        basis: str = "",
        amount: int | None = None,
        until: date | None = None,
    ) -> Application:
        """A unit applies. The application's row is written at the end of the story, however far that came."""
        number, back = self.fresh("workorders_application", APPLICATIONS), top.state
        day = "null" if until is None else f'"{until}"'
        self.order.act(
            f"apply_{kind}",
            at,
            who,
            top.unit,
            node=top,
            reason=reason,
            text=words,
            data=(
                f'"application":{number},"basis":"{basis}","amount":{"null" if amount is None else amount},'
                f'"until":{day},"suggested":null'
            ),
        )
        asked = Application(
            id=number,
            assignment=top.id,
            order=self.id,
            kind=kind,
            state="pending",
            reason=reason,
            text=words,
            basis=basis,
            amount=amount,
            suggested_unit=None,
            until=until,
            resume_state=back,
            created_by=who.key,
            created_at=at,
            decided_by="",
            decided_at=None,
            decision="",
            old_due=self._due(top),
            new_due=None,
        )
        self.applications.append(asked)
        return asked

    def _decide(
        self,
        asked: Application,
        state: str,
        clerk: Who,
        at: int,
        words: str,
        *,
        top: Node,
        to: str = "",
        moves: Sequence[tuple[Node, str]] = (),
        extra: str = "",
        data: str = "",
    ) -> None:
        """The hotline centre has "approved" or "refused" it; refused, the unit goes on where it stood."""
        refused = state == "refused"
        self.order.act(
            f"refuse_{asked.kind}" if refused else f"approve_{asked.kind}",
            at,
            clerk,
            self.world.hub,
            node=top,
            to=to,
            moves=((top, asked.resume_state),) if refused else moves,
            extra=extra,
            text=words,
            data=f'"application":{asked.id}' + data,
        )
        asked.decide(state, at, clerk, words)

    def _return(self, stage: str) -> Iterator[str]:
        """Apply for return; agreed: the order goes on to another unit."""
        order, top = self.order, self.order.top
        assert top is not None
        limits = order.deadlines.selection(order.case, order.level_of(top.unit)).returns
        who = self.at_unit(top.unit, manager=True)
        if self.chance(0.5):
            self._sign(top)
        at = self.soon(40 * MINUTE, work=True)
        end = limits.window_ends(datetime_of(top.created_at), order.deadlines.calendar)
        if end is not None and at > moment_of(end) and stage != "return_review":
            return
        reason, words = self.reason("return"), self.line("returns")
        basis = self.world.legal.get(f"return/{reason}") or "部门三定规定和权责清单"
        asked = self._apply("return", top, at, who, reason, words, basis=basis)
        yield "return_review"
        clerk = self.hub("dispatcher")
        agreed = stage == "return_review" or self.chance(0.7)
        words = self.book.group_line(
            "return_decisions", "approved" if agreed else "refused", self.setting.telling
        )
        if not agreed:
            self._decide(asked, "refused", clerk, self.soon(2 * HOUR, work=True), words, top=top)
            return
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
        data = f',"reason_code":"{reason}","unit":{top.unit},"count":{self.returns}'
        self._decide(asked, "approved", clerk, at, words, top=top, to=to, moves=moves, data=data)
        for node in (top, *(moved for moved, _state in moves)):
            node.ended_at = at
        self.lead_unit, order.top = None, None
        self.difficult = self.difficult or to == "arbitration"
        yield to
        yield from self._dispatch("")

    def _extend(self, top: Node, stage: str) -> Iterator[str]:
        order = self.order
        limits = order.deadlines.selection(order.case, order.level_of(top.unit)).extension
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
        who, reason, words = (
            self.at_unit(top.unit, manager=True),
            self.reason("extension"),
            self.line("extensions"),
        )
        asked = self._apply("extension", top, at, who, reason, words, amount=span.amount)
        yield "extension_review"
        clerk = self.hub("reviewer")
        at = self.soon(3 * HOUR, work=True)
        if not (forced or self.chance(0.88)):
            self._decide(asked, "refused", clerk, at, "理由不充分，请按期办结。", top=top)
            return
        words = self.line("extension_decisions")
        city_due = order.due_of(None)
        self.extensions += 1
        data = f',"old_due":"{iso(city_due) if city_due else ""}","amount":{span.amount}'
        moves = ((top, asked.resume_state),)
        self._decide(asked, "approved", clerk, at, words, top=top, moves=moves, extra=str(span), data=data)
        asked.new_due = order.due_of(top)

    def _hold(self, top: Node, stage: str, fate: str) -> Iterator[str]:
        order = self.order
        if top.state not in ("in_progress", "sent_down"):
            return
        who, reason, words = self.at_unit(top.unit, manager=True), self.reason("hold"), self.line("holds")
        at = self.soon(5 * HOUR, work=True)
        days = 5 + int(self.rng.random() * 40)
        until = local_day((self.limit if stage else at) + days * DAY)
        asked = self._apply("hold", top, at, who, reason, words, until=until)
        yield "hold_review"
        clerk = self.hub("reviewer")
        at = self.soon(5 * HOUR, work=True)
        self._decide(
            asked,
            "approved",
            clerk,
            at,
            "同意挂起，条件具备后及时恢复办理。",
            top=top,
            data=f',"until":"{until}"',
        )
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
            moves=((top, asked.resume_state),),
            text=self.line("hold_releases"),
        )

    def _unreasonable(self, top: Node) -> Iterator[str]:
        who, reason = self.at_unit(top.unit, manager=True), self.reason("unreasonable")
        words = "经多次解释沟通，诉求人仍坚持超出政策规定的要求。"
        asked = self._apply("unreasonable", top, self.soon(8 * HOUR, work=True), who, reason, words)
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
            data=f'"application":{asked.id}',
        )
        asked.decide("approved", at, clerk, decision)

    # ---- the whole time at units

    def _meanwhile(self, top: Node, stage: str, fate: str) -> Iterator[str]:
        """What may happen while units work: assistance, extension, hold, urging, supervision, notes."""
        order, chance = self.order, self.chance
        due = self._due(top) or self.at + 5 * DAY
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
        due = self._due(top) or self.at + 5 * DAY
        left = due - self.at
        if left > 0:
            share = self.rng.betavariate(2.2, 1.7)
            self.later(
                left * (share if not chance(0.035) else 1.0 + self.rng.random() * 0.8),
                work=self.urgency != "urgent",
            )
