"""Carrying a choice out: each through the action that people use, as the person whose duty it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from hotline.accounts.queries import citizen_actor
from hotline.demo.replay.choices import Do, Part, Step, View, chance
from hotline.demo.replay.staff import Staff
from hotline.dispatch import actions as dispatch
from hotline.followup import actions as followup
from hotline.followup.models import FollowUpTask
from hotline.followup.rules import Answer
from hotline.kit import clock
from hotline.kit.actor import Actor, system_actor
from hotline.kit.errors import ActionError, NotVisible
from hotline.kit.statements import fetch_one
from hotline.suggestions.models import Kind
from hotline.suggestions.queries import proposals_of
from hotline.workorders import actions as orders
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    OPEN_STATES,
    Assignment,
    AssignmentRole,
    Category,
    DemandType,
    WorkOrder,
)
from hotline.workorders.rules.replies import findings_for

OPTIONAL = frozenset({Do.RETURN, Do.SEND_DOWN, Do.ASSIST, Do.EXTEND, Do.HOLD, Do.MERGE})
"""Acts that a rule may refuse; the person then simply goes on."""


READER = system_actor("suggestions", "suggestions:make")
OR = "|"
"""Between the labels of a message that fit equally well."""

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
_VIEW = (
    "SELECT o.state, o.round, o.return_count, o.extension_count,"
    " (SELECT max(e.at) FROM workorders_workorderevent e WHERE e.order_id = o.id),"
    # an earlier open order of the same citizen and title
    " CASE WHEN o.state = 'pending_dispatch' AND o.citizen_id IS NOT NULL THEN (SELECT max(t.id) FROM workorders_workorder t"
    f" WHERE t.citizen_id = o.citizen_id AND t.title = o.title AND t.id < o.id AND t.state IN ({_OPEN})) END,"
    " coalesce((SELECT jsonb_agg(jsonb_build_object('id', a.id, 'unit_id', a.unit_id, 'state', a.state, 'role', a.role,"
    " 'parent_id', a.parent_id, 'contacted', a.contacted_at IS NOT NULL) ORDER BY a.id) FROM workorders_assignment a"
    f" WHERE a.order_id = o.id AND a.round = o.round AND o.state IN ({_OPEN})), '[]')::text,"
    " coalesce((SELECT jsonb_agg(jsonb_build_object('id', p.id, 'assignment_id', p.assignment_id, 'kind', p.kind,"
    " 'state', p.state)) FROM workorders_application p WHERE p.order_id = o.id), '[]')::text"
    " FROM workorders_workorder o WHERE o.id = %s"
)


@dataclass(slots=True)
class Desk:
    """Where steps are carried out. By order: `keys` what chance is tied to, `labels` first-level labels; `label_units`: label → unit.

    `proposing`: messages are read on arrival, and dispatchers look at what is proposed.
    """

    staff: Staff
    keys: dict[int, str] = field(default_factory=dict)
    labels: dict[int, str] = field(default_factory=dict)
    label_units: dict[str, int] = field(default_factory=dict)
    declined: dict[int, set[str]] = field(default_factory=dict)
    proposing: bool = False
    _branches: dict[str, int] = field(default_factory=dict)

    def read(self, order_id: int) -> None:
        """What the job does in a running city the moment a message has arrived."""
        if self.proposing:
            dispatch.propose(actor=READER, order_id=order_id)

    def classify(self, dispatcher: Actor, order_id: int) -> None:
        """The dispatcher keeps the proposed category where it lies in a branch that the message's label names, else takes that branch.

        A message without a label stays as it is: nobody knows better than the machine.
        """
        labels = [name for name in self.labels.get(order_id, "").split(OR) if name]
        if not self.proposing or not labels:
            return
        if not self._branches:
            self._branches = dict(Category.objects.filter(parent=None).values_list("name", "id"))
        proposed = proposals_of(order_id).get(Kind.CATEGORY)
        first = proposed.candidates[0] if proposed and proposed.candidates else None
        if first is not None and str(first["label"]).split(" › ", 1)[0] in labels:
            chosen = Category.objects.filter(code=str(first["value"])).values_list("id", flat=True).first()
        else:
            chosen = next((self._branches[name] for name in labels if name in self._branches), None)
        if chosen is not None and not WorkOrder.objects.filter(pk=order_id, category_id=chosen).exists():
            orders.reclassify(actor=dispatcher, order_id=order_id, category_id=chosen)

    def view(self, order_id: int) -> View:
        """The order as it stands, in one statement: what people see on their screens costs them no more."""
        row = fetch_one(_VIEW, [order_id])
        if row is None:
            raise NotVisible
        state, round_, return_count, extension_count, moved_at, twin_id, assignments, applications = row
        rows = json.loads(assignments)
        applied = json.loads(applications)
        pending = {a["assignment_id"]: a for a in applied if a["state"] == "pending"}
        parts = tuple(
            Part(
                id=one["id"],
                unit_id=one["unit_id"],
                state=one["state"],
                role=one["role"],
                parent_id=one["parent_id"],
                contacted=one["contacted"],
                sent_down=any(other["parent_id"] == one["id"] for other in rows),
                below=self.staff.below.get(one["unit_id"], ()),
                application_id=pending[one["id"]]["id"] if one["id"] in pending else None,
                application_kind=pending[one["id"]]["kind"] if one["id"] in pending else "",
            )
            for one in rows
            if one["state"] in OPEN_ASSIGNMENT_STATES
        )
        return View(
            id=order_id,
            state=state,
            round=round_,
            return_count=return_count,
            extension_count=extension_count,
            assisted=any(one["role"] == AssignmentRole.ASSISTANT for one in rows),
            held=any(a["kind"] == "hold" for a in applied),
            parts=parts,
            twin_id=twin_id,
            key=self.keys.get(order_id, str(order_id)),
            declined=frozenset(self.declined.get(order_id, ())),
            moved_at=moved_at,
        )

    def perform(self, view: View, step: Step) -> bool:
        """Do it; False when a rule refused an optional act. Errors of required acts are raised."""
        try:
            DEEDS[step.do](self, view, step.part)
        except ActionError:
            if step.do not in OPTIONAL:
                raise
            self.declined.setdefault(view.id, set()).add(step.do)
            return False
        if step.do == Do.ASK_SUPPLEMENT:  # once is enough
            self.declined.setdefault(view.id, set()).add(step.do)
        return True

    # ── who ──

    def one_of(self, people: list[Actor], view: View) -> Actor:
        return people[int(chance(view, "who") * len(people))]

    def above(self, part: Part, view: View) -> Actor:
        """Who decides about an assignment: the unit that sent it, else the centre."""
        if part.parent_id is None:
            return self.one_of(self.staff.reviewers, view)
        return self.staff.of_unit(Assignment.objects.values_list("unit_id", flat=True).get(pk=part.parent_id))

    def unit_for(self, view: View) -> int:
        """By the message's label or the category's default; without either the district that the place falls to."""
        tried = (
            set(Assignment.objects.filter(order_id=view.id).values_list("unit_id", flat=True))
            if view.return_count
            else set()
        )
        wanted = self.label_units.get(self.labels.get(view.id, ""))
        if wanted is not None and wanted not in tried:
            return wanted
        order = WorkOrder.objects.select_related("category").get(pk=view.id)
        default = order.category.default_unit_id if order.category else None
        if default in self.staff.names and default not in tried:
            return default
        pool = (
            self.staff.districts
            if chance(view, "district") < 0.7 and self.staff.districts
            else self.staff.bureaus or self.staff.districts
        )
        fresh = [unit for unit in pool if unit not in tried] or pool
        return fresh[int(chance(view, f"unit{view.return_count}") * len(fresh))]


def _part(part: Part | None) -> Part:
    assert part is not None
    return part


def _unit(desk: Desk, part: Part | None) -> Actor:
    return desk.staff.of_unit(_part(part).unit_id)


def _pass(desk: Desk, view: View, _part_: Part | None) -> None:
    orders.pass_review(actor=desk.one_of(desk.staff.dispatchers, view), order_id=view.id)


def _ask(desk: Desk, view: View, _part_: Part | None) -> None:
    orders.ask_supplement(
        actor=desk.one_of(desk.staff.dispatchers, view), order_id=view.id, text="请补充事发的具体地址和时间。"
    )


def _supply(desk: Desk, view: View, _part_: Part | None) -> None:
    citizen = WorkOrder.objects.values_list("citizen_id", flat=True).get(pk=view.id)
    actor = citizen_actor(citizen) if citizen else desk.one_of(desk.staff.dispatchers, view)
    orders.supply(actor=actor, order_id=view.id, text="就在我说的那个小区门口，每天晚上都这样。")


def _merge(desk: Desk, view: View, _part_: Part | None) -> None:
    assert view.twin_id is not None
    orders.merge(
        actor=desk.one_of(desk.staff.dispatchers, view),
        order_ids=[view.id],
        into_id=view.twin_id,
        text="同一市民同一事项",
    )


def _close(desk: Desk, view: View, _part_: Part | None) -> None:
    orders.close_directly(
        actor=desk.one_of(desk.staff.dispatchers, view),
        order_id=view.id,
        kind="direct_answer",
        text="已按现行规定向市民解答，市民表示清楚。",
    )


def _dispatch(desk: Desk, view: View, _part_: Part | None) -> None:
    dispatcher = desk.one_of(desk.staff.dispatchers, view)
    desk.classify(dispatcher, view.id)
    orders.dispatch_order(actor=dispatcher, order_id=view.id, lead_unit_id=desk.unit_for(view))
    if desk.proposing:
        dispatch.settle(actor=READER, order_id=view.id)


def _designate(desk: Desk, view: View, _part_: Part | None) -> None:
    actor = desk.one_of(desk.staff.dispatchers, view)
    orders.designate(
        actor=actor,
        order_id=view.id,
        lead_unit_id=desk.unit_for(view),
        text="经会商，按属地原则由你单位主办，不得再退。",
    )


def _sign(desk: Desk, _view: View, part: Part | None) -> None:
    orders.sign(actor=_unit(desk, part), assignment_id=_part(part).id)


def _contact(desk: Desk, view: View, part: Part | None) -> None:
    reached = chance(view, "reached") < 0.93
    orders.record_contact(
        actor=_unit(desk, part), assignment_id=_part(part).id, reached=reached, person="承办人", reason_code="" if reached else "no_answer",
        text="已电话联系市民，核实情况。" if reached else "多次拨打无人接听，已发短信告知。",
    )  # fmt: skip
    if not reached:
        orders.record_contact(
            actor=_unit(desk, part),
            assignment_id=_part(part).id,
            reached=True,
            person="承办人",
            text="再次拨打，已联系上市民。",
        )


def _return(desk: Desk, _view: View, part: Part | None) -> None:
    orders.apply(
        actor=_unit(desk, part), assignment_id=_part(part).id, kind="return", reason_code="not_our_duty",
        text="该事项不在我单位职责范围内，建议改派。", basis="权责清单",
    )  # fmt: skip


def _send_down(desk: Desk, view: View, part: Part | None) -> None:
    below = _part(part).below
    unit = below[int(chance(view, "below") * len(below))]
    orders.send_down(
        actor=_unit(desk, part),
        assignment_id=_part(part).id,
        unit_id=unit,
        instructions="请属地先行处置并回复。",
    )


def _assist(desk: Desk, view: View, part: Part | None) -> None:
    others = [unit for unit in desk.staff.bureaus if unit != _part(part).unit_id]
    unit = others[int(chance(view, "assist") * len(others))]
    orders.ask_assistance(
        actor=_unit(desk, part), assignment_id=_part(part).id, unit_ids=[unit], text="请就职责部分提出意见。"
    )


def _opinion(desk: Desk, _view: View, part: Part | None) -> None:
    orders.give_opinion(
        actor=_unit(desk, part),
        assignment_id=_part(part).id,
        text="我单位已核查，意见如下：按规定由主办单位一并答复。",
    )


def _extend(desk: Desk, _view: View, part: Part | None) -> None:
    orders.apply(
        actor=_unit(desk, part), assignment_id=_part(part).id, kind="extension", reason_code="complex_case",
        text="情况复杂，需多部门会商。", amount=5,
    )  # fmt: skip


def _hold(desk: Desk, _view: View, part: Part | None) -> None:
    orders.apply(
        actor=_unit(desk, part), assignment_id=_part(part).id, kind="hold", reason_code="waiting_project",
        text="待纳入整体改造项目实施。", until=clock.today() + timedelta(days=7),
    )  # fmt: skip


def _decide(desk: Desk, view: View, part: Part | None) -> None:
    part = _part(part)
    assert part.application_id is not None
    approve = chance(view, f"approve{part.id}") < 0.8
    actor = desk.above(part, view)
    orders.decide_application(
        actor=actor,
        application_id=part.application_id,
        approve=approve,
        text="" if approve else "理由不充分，请继续办理。",
    )
    if not approve:
        desk.declined.setdefault(view.id, set()).add(
            {"return": Do.RETURN, "extension": Do.EXTEND}.get(part.application_kind, Do.HOLD)
        )


def _reply(desk: Desk, view: View, part: Part | None) -> None:
    kind = WorkOrder.objects.values_list("demand_type", flat=True).get(pk=view.id)
    findings = findings_for(kind)
    unsolved = chance(view, f"outcome{view.round}")
    form = orders.ReplyForm(
        text="您好！您反映的情况我单位已现场核实并处理，后续将加强巡查。如有疑问请与我们联系。",
        outcome="unsolved" if unsolved < 0.04 else "explained" if unsolved < 0.25 else "solved",
        fact_finding=str(findings[0]) if findings else "",
        demand_finding="reasonable",
        explanation="经核查，情况属实，已责成相关单位整改，并向市民说明了处理过程和依据。",
        site_visit="" if kind in (DemandType.CONSULTATION, DemandType.SUGGESTION) else "no_site",
        unsolved_reason="objective_limits" if unsolved < 0.04 else "",
        signed_unit=desk.staff.names[_part(part).unit_id],
        handled_by="承办人",
        approved_by="签发人",
    )
    orders.submit_reply(actor=_unit(desk, part), assignment_id=_part(part).id, form=form)


def _review(desk: Desk, view: View, part: Part | None) -> None:
    part = _part(part)
    versions = Assignment.objects.get(pk=part.id).replies.count()
    approve = versions > 1 or chance(view, f"good{part.id}") > 0.05
    orders.decide_reply(
        actor=desk.above(part, view),
        assignment_id=part.id,
        approve=approve,
        text="" if approve else "答复未说明依据，请补充。",
    )


def _resume(desk: Desk, _view: View, part: Part | None) -> None:
    orders.resume(actor=_unit(desk, part), assignment_id=_part(part).id)


def _follow_up(desk: Desk, view: View, _part_: Part | None) -> None:
    clerk = desk.one_of(desk.staff.callers, view)
    for task in followup.plan(actor=followup.SYSTEM, order_id=view.id):
        if task.state not in ("waiting", "claimed"):
            continue
        if chance(view, f"reach{task.pk}{task.tries}") < 0.12:
            followup.record_attempt(
                actor=clerk, task_id=task.pk, connected=False, no_answer_reason="no_answer"
            )
            continue
        followup.record_attempt(actor=clerk, task_id=task.pk, connected=True, answer=_answer(view, task))


def _answer(view: View, task: FollowUpTask) -> Answer:
    luck = chance(view, f"answer{task.pk}")
    if luck < 0.08 / view.round:
        return Answer(True, True, False, 2, "问题还没有解决，请继续处理。")
    return Answer(True, True, True, 5 if luck > 0.4 else 4 if luck > 0.15 else 3)


DEEDS: dict[Do, Callable[[Desk, View, Part | None], None]] = {
    Do.PASS: _pass,
    Do.ASK_SUPPLEMENT: _ask,
    Do.SUPPLY: _supply,
    Do.MERGE: _merge,
    Do.CLOSE_DIRECTLY: _close,
    Do.DISPATCH: _dispatch,
    Do.DESIGNATE: _designate,
    Do.SIGN: _sign,
    Do.CONTACT: _contact,
    Do.RETURN: _return,
    Do.SEND_DOWN: _send_down,
    Do.ASSIST: _assist,
    Do.OPINION: _opinion,
    Do.EXTEND: _extend,
    Do.HOLD: _hold,
    Do.DECIDE: _decide,
    Do.REPLY: _reply,
    Do.REVIEW: _review,
    Do.RESUME: _resume,
    Do.FOLLOW_UP: _follow_up,
    Do.NOTHING: lambda _desk, _view, _part_: None,
}
