"""What happens to an order: fates by chance, acts through `engine.Order`, rows for every table.

Each order draws from its own generator, seeded by the run's seed and its number, so that it comes out the same in any
worker and beside any number of other orders.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from hotline.demo.life.base import AFTER_REPLY, HOUR, MINUTE
from hotline.demo.life.ending import Ended
from hotline.demo.life.engine import Order
from hotline.demo.life.teller import Teller
from hotline.demo.life.world import Who
from hotline.workorders.models import OrderState


class Story(Ended):
    """The life of one order; `tell` gives its rows."""

    # ---- the whole

    def tell(self) -> None:
        """Live until the end, or until the stage at which the order stands now; then write the rows."""
        stage = self.setting.stage
        # Chance may lead past a stage (no unit below, no extension allowed): such an order waits for its review.
        last = "" if stage in ("", *AFTER_REPLY) else "close_review"
        life = self._life(stage)
        for reached in life:
            if reached in (stage, last):
                break
        life.close()
        self._absorb()
        self._write(self._cards())

    def _life(self, stage: str) -> Generator[str, None, None]:
        fate = self.setting.fate
        self._create(stage)
        yield self.order.state
        if fate == "duplicate":
            self._merge()
            return
        if self.order.state == "pending_review":
            yield from self._review(stage)
        if fate == "direct":
            yield from self._close_directly()
            return
        if stage == "arbitration":
            self.order.act(
                "dispute",
                self.soon(HOUR),
                self.hub("dispatcher"),
                self.world.hub,
                text="各单位均认为不属本单位职责，提交会商。",
            )
            self.difficult = True
            yield "arbitration"
        yield from self._round(stage, fate)
        while self.order.state == "pending_sign":  # a redo began another round
            yield "redo"
            yield from self._round("" if stage == "redo" else stage, "normal")

    # ---- before dispatch

    def _create(self, stage: str) -> None:
        setting, order = self.setting, self.order
        reviewed = stage not in ("pending_review", "pending_supplement") and (
            self.agent is not None or self.chance(0.2)
        )
        who = self.agent or Who(f"citizen:{self.citizen}" if self.citizen else "system:intake", "")
        state = OrderState.PENDING_DISPATCH if reviewed else OrderState.PENDING_REVIEW
        order.create(setting.at, who, self.world.hub if self.agent else None, str(state), reviewed=reviewed)

    def _review(self, stage: str) -> Iterator[str]:
        order = self.order
        checker = self.hub("dispatcher")
        if stage == "pending_supplement" or self.chance(0.03):
            order.act(
                "ask_supplement",
                self.soon(30 * MINUTE),
                checker,
                self.world.hub,
                text="请补充事发的具体位置和时间，以便尽快派单。",
                audience="public",
            )
            yield "pending_supplement"
            words = self.line("supplements")
            who = Who(f"citizen:{self.citizen}", "") if self.citizen else self.hub("agent")
            note = self._next_note()
            order.act(
                "supply",
                self.soon(8 * HOUR),
                who,
                None if self.citizen else self.world.hub,
                text=words,
                audience="public",
            )
            self._note(note, "supplement", words, who, "public")
        order.act(
            "pass_review",
            self.soon(25 * MINUTE if self.urgency == "routine" else 5 * MINUTE),
            checker,
            self.world.hub,
        )
        yield "pending_dispatch"

    def _close_directly(self) -> Iterator[str]:
        kind = ("direct_answer", "direct_answer", "direct_answer", "not_accepted", "referred")[
            int(self.rng.random() * 5)
        ]
        reason = (
            self.reason("not_accepted" if kind == "not_accepted" else "referral")
            if kind != "direct_answer"
            else ""
        )
        words = self.line("answers")
        at = self.soon(40 * MINUTE)
        self.order.act(
            "close_directly",
            at,
            self.hub("dispatcher"),
            self.world.hub,
            to="closed",
            reason=reason,
            text=words,
            audience="public",
            data=f'"closing_kind":"{kind}"',
        )
        self._end(at, kind)
        yield "closed"
        yield from self._archive()

    def _merge(self) -> None:
        """The order goes on inside the one before it, which is at the same matter."""
        assert self.setting.main is not None
        main = self.world.bases["workorders_workorder"] + self.setting.main
        self.at = self.teller.settings.merge_moment(self.setting.index)
        self.merged_into = main
        was = f'{{"state":"{self.order.state}","assignments":{{}},"lead_unit":null}}'
        self.order.act(
            "merge", self.at, self.hub("dispatcher"), self.world.hub, data=f'"into":{main},"was":{was}'
        )

    def _absorb(self) -> None:
        """The other side of a merge: the duplicate comes in while this order is open."""
        at = self.absorbs
        if at is not None:
            number = self.world.bases["workorders_workorder"] + self.setting.index + 1
            self.order.insert(
                at, "absorb", self.hub("dispatcher"), self.world.hub, f'{{"absorbed":[{number}]}}'
            )

    # ---- at units

    def _round(self, stage: str, fate: str) -> Iterator[str]:
        order = self.order
        if order.state in ("pending_dispatch", "arbitration"):
            yield from self._dispatch(stage)
        yield "pending_sign"
        if stage == "return_review" or (
            self.returns < 3 and not self.locked and order.round == 1 and self.chance(0.055)
        ):
            yield from self._return(stage)
            yield "pending_sign"
        top = order.top
        assert top is not None
        self._sign(top)
        yield "signed"
        if fate == "withdrawn":
            at = self.soon(6 * HOUR)
            who = Who(f"citizen:{self.citizen}", "") if self.citizen else self.hub("agent")
            words = self.line("withdrawals")
            self._close_units(
                "withdraw",
                at,
                who,
                None if self.citizen else self.world.hub,
                "withdrawn",
                words,
                audience="public",
                node=None,
            )
            yield "closed"
            yield from self._archive()
            return
        share = 1.0 if stage == "sent_down" else 0.1 if stage in ("contacted", "signed") else 0.35
        child = self._send_down(top) if self.chance(share) else None
        if child is None:
            self._contact(top)
        else:
            if stage == "sent_down" and self.chance(0.4):
                yield "sent_down"
            self._sign(child)
            self._contact(child)
        if stage == "sent_down":
            yield "sent_down"
        yield "contacted"
        yield from self._meanwhile(top, stage, fate)
        if order.state == "closed":
            yield "closed"
            yield from self._archive()
            return
        if child is not None:
            self._reply(child)
            self._approve_below(child)
        self._reply(top)
        yield "close_review"
        if self.chance(0.02):
            order.act(
                "refuse_reply",
                self.soon(3 * HOUR, work=True),
                self.hub("reviewer"),
                self.world.hub,
                node=top,
                text=self._decide_reply(top, "refused"),
                data=self._reply_data(top),
            )
            self._reply(top)
            yield "close_review"
        self._approve(top)
        yield from self._follow_up(fate)


def tell(teller: Teller, index: int) -> Order:
    """Add the rows of order `index` to the teller's; returns the order for whoever wants to look at it."""
    story = Story(teller, teller.settings.of(index))
    story.tell()
    return story.order
