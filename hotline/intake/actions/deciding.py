"""What ends a call without an order of its own: answered, not accepted, referred, added to an open order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from hotline.intake import permissions
from hotline.intake.actions.filing import (
    appeal_values,
    citizen_of,
    code_of,
    own_number,
    through,
    write_appeal,
)
from hotline.intake.models import AppealState
from hotline.intake.queries.checking import Checked, check_appeal
from hotline.intake.queries.citizen import lookup_hash
from hotline.intake.queries.reference import reason
from hotline.intake.rules.demands import AppealForm, CitizenInput, Filed, to_payload
from hotline.kit import clock, events
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid, Refused
from hotline.workorders.actions import supplement, urge
from hotline.workorders.models import OPEN_STATES, ReasonKind, WorkOrder
from hotline.workorders.queries import get_visible

ANSWERED = events.declare("appeal.answered", "A demand was answered on the line.")
NOT_ACCEPTED = events.declare("appeal.not_accepted", "A demand was not accepted, with its legal reason.")
REFERRED = events.declare("appeal.referred", "A caller was put through to another service.")
APPENDED = events.declare("appeal.appended", "A demand was added to an open order.")


@dataclass(frozen=True, slots=True)
class Decided:
    """What the agent reads out; `script` are the words for the caller, `legal_basis` what they rest on."""

    filed: Filed
    script: str = ""
    legal_basis: str = ""


def answer_directly(
    *,
    actor: Actor,
    channel: str,
    source: str,
    idempotency_key: str,
    demand: AppealForm,
    citizen: CitizenInput,
    answer: str,
    knowledge: str = "",
    draft_id: int | None = None,
) -> Filed:
    """A4: close on the line with the answer given and the knowledge entry it came from. Invalid by field."""
    permissions.can(actor, "intake:direct_answer").require("intake:direct_answer")

    def values(checked: Checked) -> dict[str, Any]:
        if not answer.strip():
            raise _missing("answer", _("Write down the answer you gave."))
        words = answer.strip() + (f"\n\n{_('Source')}: {knowledge.strip()}" if knowledge.strip() else "")
        return {"state": AppealState.ANSWERED, "answer": words}

    return _settle(actor, channel, source, idempotency_key, demand, citizen, draft_id, values, ANSWERED)


def not_accept(
    *,
    actor: Actor,
    channel: str,
    source: str,
    idempotency_key: str,
    demand: AppealForm,
    citizen: CitizenInput,
    reason_code: str,
    draft_id: int | None = None,
) -> Decided:
    """A5: not accepted, by a leaf of the decision tree; its script and legal basis are kept with the appeal."""
    permissions.can(actor, "intake:not_accept").require("intake:not_accept")
    return _by_reason(
        actor,
        channel,
        source,
        idempotency_key,
        demand,
        citizen,
        draft_id,
        ReasonKind.NOT_ACCEPTED,
        reason_code,
        AppealState.NOT_ACCEPTED,
        NOT_ACCEPTED,
    )


def refer(
    *,
    actor: Actor,
    channel: str,
    source: str,
    idempotency_key: str,
    demand: AppealForm,
    citizen: CitizenInput,
    reason_code: str,
    draft_id: int | None = None,
) -> Decided:
    """Put through to 110/119/120/122 or an expert seat at once, and log it (rules.md section 1.2)."""
    permissions.can(actor, "intake:refer").require("intake:refer")
    return _by_reason(
        actor,
        channel,
        source,
        idempotency_key,
        demand,
        citizen,
        draft_id,
        ReasonKind.REFERRAL,
        reason_code,
        AppealState.REFERRED,
        REFERRED,
    )


def append(
    *,
    actor: Actor,
    channel: str,
    source: str,
    idempotency_key: str,
    order_id: int,
    text: str,
    citizen: CitizenInput,
    urging: bool = False,
    call_id: str = "",
    draft_id: int | None = None,
) -> Filed:
    """A call about an open order: its supplement (补充) or urging (催办), never a second order (rules.md section 4.2)."""
    permissions.can(actor, "intake:take_call").require("intake:take_call")
    order = get_visible(actor, order_id)

    def work(raw_id: int) -> Filed:
        if order.state not in OPEN_STATES:
            raise Refused(
                "closed",
                _("Order %(number)s is finished; file a new appeal if there is something new.")
                % {"number": order.number},
            )
        if not text.strip():
            raise _missing("text", _("Write down what the caller adds."))
        moment = clock.now()
        act = urge if urging else supplement
        act(actor=actor, order_id=order.pk, text=text.strip(), revision=None)
        checked = Checked(AppealForm(title=order.title, content=text.strip(), call_id=call_id), None)
        citizen_id = citizen_of(actor, citizen)
        values = appeal_values(actor, checked, channel, citizen_id) | {
            "state": AppealState.APPENDED,
            "order_id": order.pk,
            "demand_type": order.demand_type,
            "secret": order.secret,
            "reason_code": "urge" if urging else "supplement",
        }
        filed = _write(raw_id, draft_id, moment, values, code_of(source, idempotency_key), order)
        events.emit(APPENDED, appeal_id=filed.appeal_id, order_id=order.pk)
        return filed

    body = AppealForm(
        title="urge" if urging else "supplement", content=text, source_number=order.number, call_id=call_id
    )
    return through(
        channel=channel,
        source=source,
        key=idempotency_key,
        media_type="application/json",
        payload=to_payload(body, citizen),
        work=work,
    )


def _by_reason(
    actor: Actor,
    channel: str,
    source: str,
    key: str,
    demand: AppealForm,
    citizen: CitizenInput,
    draft_id: int | None,
    kind: ReasonKind,
    reason_code: str,
    state: AppealState,
    event: str,
) -> Decided:
    chosen = reason(kind, reason_code, clock.today())
    if chosen is None:
        raise _missing("reason_code", _("Choose a reason from the list."))

    def values(checked: Checked) -> dict[str, Any]:
        words = [part for part in (chosen.script, chosen.legal_basis) if part]
        return {"state": state, "reason_code": chosen.code, "answer": "\n\n".join([chosen.name, *words])}

    filed = _settle(actor, channel, source, key, demand, citizen, draft_id, values, event)
    return Decided(filed, chosen.script, chosen.legal_basis)


def _settle(
    actor: Actor,
    channel: str,
    source: str,
    key: str,
    demand: AppealForm,
    citizen: CitizenInput,
    draft_id: int | None,
    values_of: Callable[[Checked], dict[str, Any]],
    event: str,
) -> Filed:
    def work(raw_id: int) -> Filed:
        checked, errors = check_appeal(demand, citizen, clock.today())
        # Nobody has to be asked back and nothing is dispatched: only what is kept must be right.
        errors = {
            name: text
            for name, text in errors.items()
            if name not in ("phone", "content") and not name.startswith("answers.")
        }
        if errors:
            raise Invalid("invalid", _("Something is still missing or wrong."), details=errors)
        moment = clock.now()
        own = values_of(checked)
        values = appeal_values(actor, checked, channel, citizen_of(actor, citizen)) | {"order_id": None} | own
        filed = _write(raw_id, draft_id, moment, values, code_of(source, key), None)
        events.emit(event, appeal_id=filed.appeal_id)
        return filed

    return through(
        channel=channel,
        source=source,
        key=key,
        media_type="application/json",
        payload=to_payload(demand, citizen),
        work=work,
    )


def _write(
    raw_id: int,
    draft_id: int | None,
    moment: datetime,
    values: dict[str, Any],
    code: str,
    order: WorkOrder | None,
) -> Filed:
    number = own_number(moment)
    appeal_id = write_appeal(
        raw_id=raw_id,
        draft_id=draft_id,
        moment=moment,
        values=values | {"number": number, "lookup_hash": lookup_hash(number, code)},
    )
    return Filed(number, code, appeal_id, order.pk if order else None, order.due_at if order else None)


def _missing(name: str, words: str) -> Invalid:
    return Invalid(name, words, details={name: words})


__all__ = ["Decided", "answer_directly", "append", "not_accept", "refer"]
