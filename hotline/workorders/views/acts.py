"""Every verb's dialog: one form, one action, one answer. The table below is all that differs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hotline.kit.access import access, actor_of
from hotline.kit.clock import now
from hotline.kit.errors import ActionError, Invalid, NotVisible, Stale
from hotline.kit.numbers import whole
from hotline.workorders import actions
from hotline.workorders.forms import acts as forms
from hotline.workorders.models import Application, ApplicationState, Assignment, WorkOrder
from hotline.workorders.queries.beside import beside
from hotline.workorders.queries.limits import extension_amounts
from hotline.workorders.queries.page import order_for_page
from hotline.workorders.queries.visibility import get_visible, visible_to
from hotline.workorders.rules import VERBS, ReplyForm

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """What an act is about."""

    actor: Any
    order: WorkOrder
    assignment: Assignment | None
    revision: int | None

    @property
    def on_order(self) -> dict[str, Any]:
        return {"actor": self.actor, "order_id": self.order.pk, "revision": self.revision}

    @property
    def at_unit(self) -> dict[str, Any]:
        if self.assignment is None:
            raise NotVisible("assignment")
        return {"actor": self.actor, "assignment_id": self.assignment.pk, "revision": self.revision}

    @property
    def on_application(self) -> dict[str, Any]:
        if self.assignment is None:
            raise NotVisible("assignment")
        waiting = Application.objects.filter(
            assignment=self.assignment, state=ApplicationState.PENDING
        ).values_list("pk", flat=True)
        number = waiting.first()
        if number is None:
            raise NotVisible("application")
        return {"actor": self.actor, "application_id": number, "revision": self.revision}


@dataclass(frozen=True)
class Act:
    """A verb's form and its call. `wide`: a large dialog."""

    form: type[forms.ActForm]
    call: Callable[[Target, Given], Any]
    wide: bool = False
    danger: bool = False


def _ids(rows: Any) -> list[int]:
    return [row.pk for row in rows]


def _reply(target: Target, given: Given) -> Any:
    fields = {name: value for name, value in given.items() if name != "revision" and value not in (None, "")}
    return actions.submit_reply(form=ReplyForm(**{"text": "", **fields}), **target.at_unit)


def _order_number(actor: Any, number: str) -> int:
    from hotline.workorders.rules import read_number

    try:
        return get_visible(actor, read_number(number) or number).pk
    except NotVisible:
        words = _("There is no order %(number)s that you may see.") % {"number": number}
        raise Invalid("number", words, details={"into": words, "numbers": words}) from None


def _reclassified(given: Given) -> dict[str, Any]:
    category, division = given.get("category"), given.get("division")
    return {
        "demand_type": given["demand_type"],
        "category_id": category.pk if category else None,
        "urgency": given["urgency"],
        "actual_division_id": division.pk if division else None,
        "actual_address": given["address"],
        "secret": given["secret"],
        "difficult": given["difficult"],
    }


def _apply(kind: str) -> Callable[[Target, Given], Any]:
    def call(target: Target, given: Given) -> Any:
        suggested = given.get("suggested_unit")
        return actions.apply(
            kind=kind,
            reason_code=given["reason_code"],
            text=given["text"],
            basis=given.get("basis", ""),
            amount=given.get("amount"),
            until=given.get("until"),
            suggested_unit_id=suggested.pk if suggested else None,
            **target.at_unit,
        )

    return call


def _decide(approve: bool) -> Callable[[Target, Given], Any]:
    return lambda t, g: actions.decide_application(approve=approve, text=g["text"], **t.on_application)


def _link(target: Target, given: Given) -> None:
    for number in given["numbers"]:
        actions.link(
            other_id=_order_number(target.actor, number), actor=target.actor, order_id=target.order.pk
        )


def _supervision(target: Target, given: Given) -> dict[str, Any]:
    return {name: given.get(name) for name in ("joint", "promised_on") if given.get(name)}


ACTS: dict[str, Act] = {
    # before dispatch
    "pass_review": Act(forms.OptionalText, lambda t, g: actions.pass_review(text=g["text"], **t.on_order)),
    "ask_supplement": Act(forms.Text, lambda t, g: actions.ask_supplement(text=g["text"], **t.on_order)),
    "claim": Act(forms.Plain, lambda t, g: actions.claim(**t.on_order)),
    "release": Act(forms.Plain, lambda t, g: actions.release(**t.on_order)),
    "send_back": Act(forms.Text, lambda t, g: actions.send_back(text=g["text"], **t.on_order)),
    "dispute": Act(forms.Text, lambda t, g: actions.dispute(text=g["text"], **t.on_order)),
    "dispatch": Act(
        forms.Dispatch,
        lambda t, g: actions.dispatch_order(
            lead_unit_id=g["lead_unit"].pk, assistant_unit_ids=_ids(g["assistants"]), instructions=g["instructions"],
            urgency=g["urgency"], **t.on_order,
        ),
        wide=True,
    ),
    "designate": Act(forms.Designate, lambda t, g: actions.designate(lead_unit_id=g["lead_unit"].pk, text=g["text"], **t.on_order)),
    "close_directly": Act(
        forms.DirectClose, lambda t, g: actions.close_directly(kind=g["kind"], text=g["text"], **t.on_order), danger=True
    ),
    # at a unit
    "sign": Act(forms.Plain, lambda t, g: actions.sign(**t.at_unit)),
    "take": Act(forms.Plain, lambda t, g: actions.take(**t.at_unit)),
    "contact": Act(
        forms.Contact,
        lambda t, g: actions.record_contact(
            reached=g["reached"], person=g["person"], contacted_at=g["contacted_at"], reason_code=g["reason_code"], text=g["text"],
            **t.at_unit,
        ),
    ),
    "arrive": Act(forms.Plain, lambda t, g: actions.arrive(**t.at_unit)),
    "send_down": Act(forms.SendDown, lambda t, g: actions.send_down(unit_id=g["unit"].pk, instructions=g["instructions"], **t.at_unit)),
    "recall_down": Act(forms.Text, lambda t, g: actions.recall(reason=g["text"], **t.at_unit), danger=True),
    "recall": Act(forms.Text, lambda t, g: actions.recall(reason=g["text"], **t.at_unit), danger=True),
    "recall_assistant": Act(forms.Text, lambda t, g: actions.recall(reason=g["text"], **t.at_unit), danger=True),
    "add_assistants": Act(forms.Units, lambda t, g: actions.add_assistants(unit_ids=_ids(g["units"]), text=g["text"], **t.on_order)),
    "ask_assistance": Act(forms.Units, lambda t, g: actions.ask_assistance(unit_ids=_ids(g["units"]), text=g["text"], **t.at_unit)),
    "give_opinion": Act(forms.Text, lambda t, g: actions.give_opinion(text=g["text"], **t.at_unit)),
    # applications
    "apply_return": Act(forms.ApplyReturn, _apply("return")),
    "apply_extension": Act(forms.ApplyExtension, _apply("extension")),
    "apply_hold": Act(forms.ApplyHold, _apply("hold")),
    "apply_unreasonable": Act(forms.ApplyUnreasonable, _apply("unreasonable")),
    "cancel_application": Act(forms.Plain, lambda t, g: actions.cancel_application(**t.on_application)),
    "approve_return": Act(forms.Approve, _decide(True)),
    "refuse_return": Act(forms.Refuse, _decide(False)),
    "approve_extension": Act(forms.Approve, _decide(True)),
    "refuse_extension": Act(forms.Refuse, _decide(False)),
    "approve_hold": Act(forms.Approve, _decide(True)),
    "refuse_hold": Act(forms.Refuse, _decide(False)),
    "approve_unreasonable": Act(forms.Text, _decide(True), danger=True),
    "refuse_unreasonable": Act(forms.Refuse, _decide(False)),
    "resume": Act(forms.OptionalText, lambda t, g: actions.resume(text=g["text"], **t.at_unit)),
    # reply and after
    "reply": Act(forms.Reply, _reply, wide=True),
    "approve_reply": Act(forms.Approve, lambda t, g: actions.decide_reply(approve=True, text=g["text"], **t.at_unit)),
    "refuse_reply": Act(forms.Refuse, lambda t, g: actions.decide_reply(approve=False, text=g["text"], **t.at_unit)),
    "redo": Act(
        forms.Redo,
        lambda t, g: actions.redo(reason_code=g["reason_code"], text=g["text"], supervised=g["supervised"], **t.on_order),
    ),
    "reopen": Act(forms.Text, lambda t, g: actions.reopen(text=g["text"], **t.on_order)),
    "archive": Act(forms.Plain, lambda t, g: actions.archive(**t.on_order), danger=True),
    "withdraw": Act(forms.Text, lambda t, g: actions.withdraw(text=g["text"], **t.on_order), danger=True),
    # duplicates and links
    "merge": Act(
        forms.Merge,
        lambda t, g: actions.merge(order_ids=[t.order.pk], into_id=_order_number(t.actor, g["into"]), text=g["text"], actor=t.actor),
    ),
    "unmerge": Act(forms.OptionalText, lambda t, g: actions.unmerge(text=g["text"], **t.on_order)),
    "link": Act(forms.Link, _link),
    # words
    "note": Act(forms.Note, lambda t, g: actions.add_note(text=g["text"], audience=g["audience"], actor=t.actor, order_id=t.order.pk)),
    "supplement": Act(forms.Supplement, lambda t, g: actions.supplement(text=g["text"], actor=t.actor, order_id=t.order.pk)),
    "urge": Act(forms.Urge, lambda t, g: actions.urge(text=g["text"], reason_code=g["reason_code"], actor=t.actor, order_id=t.order.pk)),
    # supervision
    "issue_card": Act(forms.Card, lambda t, g: actions.issue_card(level=g["level"], text=g["text"], **t.on_order)),
    "supervise": Act(
        forms.Supervise,
        lambda t, g: actions.supervise(reason_code=g["reason_code"], text=g["text"], **_supervision(t, g), **t.on_order),
    ),
    "list_case": Act(
        forms.Supervise,
        lambda t, g: actions.list_case(reason_code=g["reason_code"], text=g["text"], **_supervision(t, g), **t.on_order),
    ),
    "instruct": Act(forms.Instruct, lambda t, g: actions.instruct(text=g["text"], promised_on=g["promised_on"], **t.on_order)),
    "advance_supervision": Act(
        forms.Advance,
        lambda t, g: actions.advance_supervision(
            actor=t.actor, supervision_id=g["supervision_id"], to=g["to"], text=g["text"], promised_on=g["promised_on"],
            next_on=g["next_on"],
        ),
    ),
    "answer_supervision": Act(
        forms.Answer,
        lambda t, g: actions.advance_supervision(actor=t.actor, supervision_id=g["supervision_id"], to=g["to"], text=g["text"]),
    ),
    "add_meeting": Act(
        forms.Meeting,
        lambda t, g: actions.add_meeting(
            actor=t.actor, supervision_id=g["supervision_id"], held_at=g["held_at"], participants=g["participants"], text=g["text"],
            promise=g["promise"], next_on=g["next_on"],
        ),
        wide=True,
    ),
    # data
    "reclassify": Act(forms.Reclassify, lambda t, g: actions.reclassify(text=g["text"], **_reclassified(g), **t.on_order), wide=True),
    "locate": Act(
        forms.Locate,
        lambda t, g: actions.locate(division_id=g["division"].pk if g["division"] else None, address=g["address"], **t.on_order),
    ),
    "exclude": Act(forms.Text, lambda t, g: actions.exclude(text=g["text"], excluded=True, **t.on_order)),
    "include": Act(forms.Text, lambda t, g: actions.exclude(text=g["text"], excluded=False, **t.on_order)),
    "grant_access": Act(
        forms.GrantAccess, lambda t, g: actions.grant_access(person_id=g["person"].pk, reason=g["text"], actor=t.actor, order_id=t.order.pk)
    ),
}  # fmt: skip
"""Verb → dialog. A test holds it against `VERBS` and against the actions' signatures."""


@access("workorders:view")
@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, number: str, verb: str) -> HttpResponse:
    """`/orders/<number>/do/<verb>/`: the form, and its sending. `?assignment=` for verbs at a unit."""
    if verb not in ACTS:
        raise NotVisible("verb")
    actor, row = actor_of(request), ACTS[verb]
    order = order_for_page(actor, number)
    assignment = _assignment(request, order)
    around = forms.Around(
        actor=actor,
        order=order,
        assignment=assignment,
        amounts=extension_amounts(order, assignment)
        if verb == "apply_extension" and assignment is not None
        else (),
        supervisions=tuple(order.supervisions.filter(closed_at__isnull=True))
        if "supervision" in verb or verb == "add_meeting"
        else (),
    )
    if request.method == "GET":
        return _render(request, row, verb, around, row.form(around=around))
    form = row.form(request.POST, around=around)
    if not form.is_valid():
        return _render(request, row, verb, around, form, status=422)
    given = form.cleaned_data
    target = Target(actor, order, assignment, given.get("revision"))
    try:
        row.call(target, given)
    except Stale as error:
        # The typed text stays in the form; the newer state stands beside it, and sending again takes it into account.
        data = request.POST.copy()
        data["revision"] = str(error.details.get("revision", order.revision))
        order.refresh_from_db(fields=["revision", "state"])
        return _render(request, row, verb, around, row.form(data, around=around), status=422, conflict=error)
    except Invalid as error:
        _faults_into(form, error)
        return _render(request, row, verb, around, form, status=422)
    except ActionError as error:
        return _render(request, row, verb, around, form, status=422, refusal=error)
    return _done(request, order, verb)


def _assignment(request: HttpRequest, order: WorkOrder) -> Assignment | None:
    given = whole(request.GET.get("assignment") or request.POST.get("assignment"))
    if given is None:
        return None
    row = order.assignments.select_related("unit", "parent__unit").filter(pk=given).first()
    if row is None:
        raise NotVisible("assignment")
    return row


def _faults_into(form: Any, error: Invalid) -> None:
    """Field errors go to their fields; what has no field stands above the form."""
    placed = False
    for name, words in error.details.items():
        field = {"kind": "kind", "reason": "text", "category_id": "category"}.get(name, name)
        if field in form.fields:
            form.add_error(field, str(words))
            placed = True
    if not placed:
        form.add_error(None, str(error.message))


def _render(
    request: HttpRequest,
    row: Act,
    verb: str,
    around: forms.Around,
    form: Any,
    *,
    status: int = 200,
    conflict: Stale | None = None,
    refusal: ActionError | None = None,
) -> HttpResponse:
    context = {
        "form": form,
        "verb": VERBS[verb],
        "act": row,
        "order": around.order,
        "assignment": around.assignment,
        "conflict": conflict.details if conflict else None,
        "conflict_verb": _told(conflict),
        "refusal": refusal,
        "moment": now(),
        "beside": beside(verb, around.actor),
    }
    template = "workorders/_act.html" if getattr(request, "htmx", False) else "workorders/act.html"
    return render(request, template, context, status=status)


def _told(conflict: Stale | None) -> str:
    verb = VERBS.get(str((conflict.details.get("theirs") or {}).get("verb", ""))) if conflict else None
    return str(verb.told) if verb else ""


def _done(request: HttpRequest, order: WorkOrder, verb: str) -> HttpResponse:
    words = _("%(number)s: %(what)s.") % {"number": order.number, "what": VERBS[verb].told}
    still_visible = visible_to(actor_of(request)).filter(pk=order.pk).exists()
    if getattr(request, "htmx", False):
        response = HttpResponse(status=204)
        events: dict[str, Any] = {
            "act-done": {"order": order.pk},
            "toast": {"text": words, "tone": "success"},
        }
        if still_visible:
            events[f"live:order:{order.pk}"] = {}
        response["HX-Trigger"] = json.dumps(events)
        return response
    messages.success(request, words)
    return redirect("workorders:detail", order.number) if still_visible else redirect("workorders:inbox")
