"""The one way in: raw message, citizen, order, appeal with its look-up code, in one transaction.

What is wrong with a demand is committed as a quarantined message before the caller hears of it: the sender may be a
machine that never comes back, and a person can still read and mend it. Surfaces where somebody sits before the form
ask `check_appeal` first, so that typing errors do not fill the quarantine.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from hotline.accounts.actions import find_or_create_citizen
from hotline.audit.actions import record
from hotline.intake import permissions
from hotline.intake.actions.receiving import quarantine, seal, store, unseal, waiting
from hotline.intake.models import Appeal, AppealState, RawMessage, RawState
from hotline.intake.queries.checking import Checked, check_appeal
from hotline.intake.queries.citizen import lookup_hash
from hotline.intake.queries.reference import CategoryFacts, city_option, number_prefix
from hotline.intake.rules.demands import (
    AppealForm,
    CitizenInput,
    Filed,
    Unreadable,
    moment_of,
    needs_review,
    parse_payload,
    title_of,
    to_payload,
)
from hotline.intake.rules.lookup import code_from_digest
from hotline.kit import clock, events
from hotline.kit.actor import Actor, ActorKind, system_actor
from hotline.kit.crypto import BadCipher, identity_ring
from hotline.kit.errors import ActionError, Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.statements import fetch_one
from hotline.workorders.actions import NewOrder, create_order
from hotline.workorders.actions.attachments import adopt
from hotline.workorders.models import Channel, DemandType, Urgency

log = logging.getLogger("hotline.intake")
CODE_PURPOSE = "appeal.code"
_CHANNELS = frozenset(Channel.values)
_KEEPER = system_actor("intake", "workorders:create", "workorders:view")

FILED = events.declare("appeal.filed", "An appeal was accepted and became a work order.")
QUARANTINED = events.declare(
    "appeal.quarantined", "A message could not be understood and waits for a person."
)


def file_appeal(
    *,
    actor: Actor,
    channel: str,
    source: str,
    idempotency_key: str,
    demand: AppealForm,
    citizen: CitizenInput,
    payload: bytes | None = None,
    media_type: str = "application/json",
    draft_id: int | None = None,
) -> Filed:
    """Accept a demand as a work order; the same key again gives the earlier result.

    `source` names who delivered it (`portal`, `desk:<person>`, `api:<token>`, `import:<batch>`); `payload` are the bytes
    as they came, by default the canonical document. Raises Invalid with `details` by field (the message then waits in
    quarantine), Refused `key_reused`, NotPermitted.
    """
    permissions.can_file(actor).require("intake.file")

    def work(raw_id: int) -> Filed:
        return _accept(
            actor=actor,
            channel=channel,
            raw_id=raw_id,
            code=code_of(source, idempotency_key),
            demand=demand,
            citizen=citizen,
            draft_id=draft_id,
        )

    return through(
        channel=channel,
        source=source,
        key=idempotency_key,
        media_type=media_type,
        payload=payload if payload is not None else to_payload(demand, citizen),
        work=work,
    )


def file_payload(
    *,
    actor: Actor,
    channel: str,
    source: str,
    idempotency_key: str,
    payload: bytes,
    media_type: str = "application/json",
) -> Filed:
    """The same from bytes alone: stored first, then read as the canonical document. Errors as for `file_appeal`."""
    permissions.can_file(actor).require("intake.file")

    def work(raw_id: int) -> Filed:
        demand, citizen = _read(payload)
        return _accept(
            actor=actor,
            channel=channel,
            raw_id=raw_id,
            code=code_of(source, idempotency_key),
            demand=demand,
            citizen=citizen,
        )

    return through(
        channel=channel, source=source, key=idempotency_key, media_type=media_type, payload=payload, work=work
    )


def through(
    *, channel: str, source: str, key: str, payload: bytes, media_type: str, work: Callable[[int], Filed]
) -> Filed:
    """Raw first, then `work(raw_id)`, in one transaction; what it refuses is quarantined, committed, and raised.

    The good way has no savepoint of its own, because it is the busiest: a fault rolls all of it back, and the message
    is stored anew with the fault beside it. Nobody has been answered in between.
    """
    if channel not in _CHANNELS:
        raise Invalid(
            "channel", _("There is no such channel."), details={"channel": _("There is no such channel.")}
        )
    try:
        with transaction.atomic():
            got = store(channel=channel, source=source, key=key, payload=payload, media_type=media_type)
            return _earlier(got.raw_id, got.state, got.error, source, key) if got.again else work(got.raw_id)
    except (NotPermitted, _Before):
        raise
    except ActionError as error:
        if error.code == "key_reused":
            raise
        fault: ActionError | None = error
    except _OUR_FAULTS:
        _raise_if_gone()
        log.exception("a message of %s could not be filed", source)
        fault = None
    with transaction.atomic():
        got = store(channel=channel, source=source, key=key, payload=payload, media_type=media_type)
        if got.again:
            # Its twin was faster and decided.
            return _earlier(got.raw_id, got.state, got.error, source, key)
        fault = fault or _not_understood(got.raw_id)
        _set_aside(got.raw_id, fault)
    raise fault


_OUR_FAULTS = (DataError, IntegrityError, ValueError, TypeError, KeyError, LookupError)


class _Before(Invalid):
    """The same message came before and was not filed then either."""


def _raise_if_gone() -> None:
    """Inside an `except`: when it was the database that failed, nothing can be kept and the sender must know."""
    if connection.needs_rollback or not connection.is_usable():
        raise  # what the caller is handling


def _not_understood(raw_id: int) -> Invalid:
    """A fault of ours must not lose what somebody said: it is kept, seen, and released when mended."""
    return Invalid(
        "not_understood",
        _(
            "Your message is stored under number %(id)d, but it could not be read. A colleague will look at it."
        )
        % {"id": raw_id},
        details={"payload": _("The message could not be read.")},
    )


def _set_aside(raw_id: int, fault: ActionError) -> None:
    words = "; ".join(f"{name}: {text}" for name, text in fault.details.items())
    quarantine(raw_id, f"{fault.message} {words}".strip())
    events.emit(QUARANTINED, raw_id=raw_id)


def _attempt(raw_id: int, work: Callable[[int], Filed]) -> Filed | ActionError:
    """For a message that is stored already: the result, or the fault after the message was set aside again."""
    try:
        with transaction.atomic():
            return work(raw_id)
    except NotPermitted:
        raise
    except ActionError as error:
        fault: ActionError = error
    except _OUR_FAULTS:
        _raise_if_gone()
        log.exception("raw message %s could not be filed", raw_id)
        fault = _not_understood(raw_id)
    _set_aside(raw_id, fault)
    return fault


def _earlier(raw_id: int, state: str, error: str, source: str, key: str) -> Filed:
    """What was answered the first time."""
    appeal = Appeal.objects.select_related("order").filter(raw_id=raw_id).order_by("id").first()
    if appeal is None:
        raise _Before(
            "quarantined" if state == RawState.QUARANTINED else "discarded",
            error or _("This message was put away by a colleague."),
            details={"raw_id": raw_id},
        )
    return Filed(
        number=appeal.number or "",
        lookup_code=code_of(source, key),
        appeal_id=appeal.pk,
        order_id=appeal.order_id,
        promised=appeal.order.due_at if appeal.order else None,
        again=True,
    )


def release(*, actor: Actor, raw_id: int) -> Filed:
    """Run a quarantined message again as it came. Invalid when it still cannot be read; it then stays."""
    return _again(actor=actor, raw_id=raw_id, correction=None, reason="")


def correct(*, actor: Actor, raw_id: int, payload: bytes, reason: str) -> Filed:
    """File a mended copy of a quarantined message. The first stays as it came; the copy is stored beside it."""
    if not reason.strip():
        raise Invalid("reason", _("Say what you changed."), details={"reason": _("Say what you changed.")})
    return _again(actor=actor, raw_id=raw_id, correction=payload, reason=reason.strip())


def _again(*, actor: Actor, raw_id: int, correction: bytes | None, reason: str) -> Filed:
    with transaction.atomic():
        raw = waiting(raw_id)
        permissions.can(actor, "intake:quarantine").require("intake:quarantine")
        payload = _readable(raw) if correction is None else correction
        record(
            actor=actor,
            verb="intake.release_raw" if correction is None else "intake.correct_raw",
            object_type="raw_message",
            object_id=str(raw.pk),
            reason=reason,
            data={"sha256": hashlib.sha256(payload).hexdigest()},
        )
        if correction is not None:
            _store_copy(raw, correction)
        delivered_by = Actor(
            ActorKind.SYSTEM, 0, "quarantine", permissions=frozenset({"intake:import", "workorders:create"})
        )

        def work(own_id: int) -> Filed:
            demand, citizen = _read(payload)
            return _accept(
                actor=delivered_by,
                channel=raw.channel,
                raw_id=own_id,
                code=code_of(raw.source, raw.idempotency_key),
                demand=demand,
                citizen=citizen,
                decided_by=actor.key(),
            )

        result = _attempt(raw.pk, work)
        if isinstance(result, Filed):
            return result
    raise result


def _readable(raw: RawMessage) -> bytes:
    try:
        return unseal(raw)
    except BadCipher as error:
        raise Refused(
            "damaged",
            _("The stored message cannot be opened (%(why)s). Ask the operators for the key ring or a backup.")
            % {"why": error},
        ) from None


def _store_copy(raw: RawMessage, payload: bytes) -> None:
    digest = hashlib.sha256(payload).digest()
    source, key = f"correction:{raw.pk}", digest.hex()
    RawMessage.objects.get_or_create(
        source=source,
        idempotency_key=key,
        defaults={
            "channel": raw.channel,
            "sha256": digest,
            "payload": seal(payload, f"{source}\0{key}"),
            "media_type": "application/json",
            "state": RawState.ACCEPTED,
        },
    )


def _read(payload: bytes) -> tuple[AppealForm, CitizenInput]:
    try:
        return parse_payload(payload)
    except Unreadable as error:
        raise Invalid(
            "unreadable", _("The message could not be read."), details={"payload": str(error)}
        ) from None


def code_of(source: str, key: str) -> str:
    """The look-up code of what was filed under this key; made, never stored, so that a repeat can say it again."""
    return code_from_digest(identity_ring().keyed_hash(f"{source}\0{key}", CODE_PURPOSE))


def code_for_notice(*, actor: Actor, appeal_id: int) -> str:
    """The look-up code of an appeal, for the message to its own citizen. The platform's jobs only; NotVisible when the
    appeal came in without a raw message.
    """
    if not actor.is_system:
        raise NotPermitted("intake:code", _("Only the platform's own jobs may do this."))
    raw = RawMessage.objects.filter(appeals__pk=appeal_id).only("source", "idempotency_key").first()
    if raw is None:
        raise NotVisible(appeal_id)
    return code_of(raw.source, raw.idempotency_key)


def _accept(
    *,
    actor: Actor,
    channel: str,
    raw_id: int,
    code: str,
    demand: AppealForm,
    citizen: CitizenInput,
    draft_id: int | None = None,
    decided_by: str = "",
) -> Filed:
    moment = clock.now()
    checked, errors = check_appeal(demand, citizen, clock.today())
    if errors:
        raise Invalid("invalid", _("Something is still missing or wrong."), details=errors)
    citizen_id = citizen_of(actor, citizen)
    order = create_order(
        actor=actor,
        demand=new_order(checked, channel, citizen_id),
        reviewed=not needs_review(demand, channel, checked.missing, str(city_option("intake_review", ""))),
    )
    appeal_id = write_appeal(
        raw_id=raw_id,
        draft_id=draft_id,
        moment=moment,
        decided_by=decided_by,
        values=appeal_values(actor, checked, channel, citizen_id)
        | {
            "number": order.number,
            "state": AppealState.ORDERED,
            "order_id": order.pk,
            "lookup_hash": lookup_hash(order.number, code),
            "secret": order.secret,
        },
    )
    if demand.attachment_key:
        # Who files without signing in does not see the order, yet the files of the draft are theirs.
        adopt(actor=_KEEPER, appeal_key=demand.attachment_key, order_id=order.pk)
    events.emit(FILED, appeal_id=appeal_id, order_id=order.pk)
    return Filed(order.number, code, appeal_id, order.pk, order.due_at)


def citizen_of(actor: Actor, citizen: CitizenInput) -> int | None:
    """The citizen's id; None for somebody who gave neither number nor address."""
    if citizen.citizen_id:
        return citizen.citizen_id
    if not (citizen.phone or citizen.email or citizen.id_number):
        return None
    found = find_or_create_citizen(
        actor=actor,
        phone=citizen.phone,
        name=citizen.name,
        kind=citizen.kind or "person",
        company=citizen.company,
        gender=citizen.gender,
        id_number=citizen.id_number,
        email=citizen.email,
    )
    return found.pk


def new_order(checked: Checked, channel: str, citizen_id: int | None) -> NewOrder:
    """The demand as the order's own action wants it; 举报 is always confidential."""
    form, category = checked.form, checked.category
    demand_type = demand_type_of(form, category)
    return NewOrder(
        channel=channel,
        demand_type=demand_type,
        urgency=form.urgency or (category.default_urgency if category else "") or Urgency.ROUTINE,
        title=title_of(form),
        content=form.content.strip(),
        expectation=form.expectation.strip(),
        occurred_at=moment_of(form.occurred_at) if form.occurred_at else None,
        subject_name=form.subject_name.strip(),
        subject_contact=form.subject_contact.strip(),
        category_id=category.id if category else None,
        labels=tuple(form.labels),
        answers=answers_document(checked),
        division_id=form.division or None,
        address=form.address.strip(),
        latitude=form.latitude,
        longitude=form.longitude,
        citizen_id=citizen_id,
        anonymous=form.anonymous,
        on_behalf_of=form.on_behalf_of.strip(),
        secret=form.secret or demand_type == DemandType.REPORT,
    )


def answers_document(checked: Checked) -> dict[str, Any]:
    """Answers with their questions' words, so that the order shows them without asking intake."""
    if not checked.answers:
        return {}
    return {"version": checked.form_version, "values": checked.answers, "labels": checked.labels}


def demand_type_of(form: AppealForm, category: CategoryFacts | None) -> str:
    """The type given, else the category's only usual one, else a request for help."""
    if form.demand_type:
        return form.demand_type
    usual = category.demand_types if category else ()
    return usual[0] if usual else DemandType.HELP


def appeal_values(actor: Actor, checked: Checked, channel: str, citizen_id: int | None) -> dict[str, Any]:
    """Columns that every decided appeal has."""
    form = checked.form
    return {
        "citizen_id": citizen_id,
        "channel": channel,
        "demand_type": demand_type_of(form, checked.category),
        "urgency": form.urgency or Urgency.ROUTINE,
        "title": title_of(form),
        "content": form.content.strip(),
        "secret": form.secret or form.demand_type == DemandType.REPORT,
        "agent_id": actor.id if actor.is_staff else None,
        "call_id": form.call_id[:60],
    }


_COLUMNS = (
    "number", "state", "raw_id", "order_id", "citizen_id", "lookup_hash", "channel", "demand_type", "urgency", "title",
    "content", "form", "reason_code", "answer", "secret", "agent_id", "call_id", "created_at", "updated_at", "decided_at",
)  # fmt: skip
_EMPTY: Mapping[str, Any] = {"order_id": None, "reason_code": "", "answer": "", "form": "{}"}
_INSERT = (
    "WITH accepted AS (UPDATE intake_rawmessage SET state = 'accepted', error = '', decided_by = %s,"
    " decided_at = CASE WHEN %s = '' THEN NULL ELSE now() END WHERE id = %s)"
    f" INSERT INTO intake_appeal ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))}) RETURNING id"
)


def write_appeal(
    *, raw_id: int, draft_id: int | None, moment: datetime, values: dict[str, Any], decided_by: str = ""
) -> int:
    """The decided appeal and the accepted message in one statement; a draft of the same agent becomes the appeal."""
    row = {
        **_EMPTY,
        **values,
        "raw_id": raw_id,
        "created_at": moment,
        "updated_at": moment,
        "decided_at": moment,
    }
    if draft_id is not None:
        mine = Appeal.objects.filter(pk=draft_id, state=AppealState.DRAFT, agent_id=values["agent_id"])
        if mine.update(**_for_draft(row)):
            RawMessage.objects.filter(pk=raw_id).update(state=RawState.ACCEPTED)
            return draft_id
    made = fetch_one(_INSERT, [decided_by, decided_by, raw_id, *(row[name] for name in _COLUMNS)])
    assert made is not None
    return int(made[0])


def _for_draft(row: dict[str, Any]) -> dict[str, Any]:
    """A draft keeps the moment at which its call began."""
    return {name: ({} if name == "form" else value) for name, value in row.items() if name != "created_at"}


def own_number(moment: datetime) -> str:
    """A number for an appeal that makes no order: the city's letters, the day, A and a running number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('intake_appeal_number')")
        running = int(cursor.fetchone()[0])
    return f"{number_prefix()}{moment.astimezone(clock.CITY_ZONE):%Y%m%d}-A{running:06d}"
