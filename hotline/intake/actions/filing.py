"""The one way in: raw message, citizen, order, appeal with its look-up code, in one transaction.

What is wrong with a demand is committed as a quarantined message before the caller hears of it: the sender may be a
machine that never comes back, and a person can still read and mend it. Surfaces where somebody sits before the form
ask `check_appeal` first, so that typing errors do not fill the quarantine.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from django.db import DataError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from hotline.accounts.actions import citizen_part, citizen_values, find_or_create_citizen
from hotline.audit.actions import record
from hotline.intake import permissions
from hotline.intake.actions.receiving import (
    MESSAGE_PART,
    Message,
    Received,
    before,
    message_values,
    quarantine,
    seal,
    store,
    unseal,
    waiting,
)
from hotline.intake.models import Appeal, AppealState, RawMessage, RawState
from hotline.intake.queries.checking import Checked, check_appeal
from hotline.intake.queries.citizen import code_hash
from hotline.intake.queries.reference import CategoryFacts, city_option, number_prefix
from hotline.intake.rules.demands import (
    AT_DESK,
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
from hotline.workorders.actions import NewOrder
from hotline.workorders.actions.attachments import adopt
from hotline.workorders.actions.creating import finish_order, order_part, prepare_order, unfinished
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
    message = Message(
        channel, source, idempotency_key, payload if payload is not None else to_payload(demand, citizen), media_type
    )
    return _file(actor, message, lambda: (demand, citizen), draft_id)


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
    return _file(actor, Message(channel, source, idempotency_key, payload, media_type), lambda: _read(payload), None)


def _file(
    actor: Actor, message: Message, read: Callable[[], tuple[AppealForm, CitizenInput]], draft_id: int | None
) -> Filed:
    """Message, citizen, order, appeal and jobs by one statement, which is its own transaction (ADR 8)."""

    def attempt() -> Filed:
        demand, citizen = read()
        code = code_of(message.source, message.key)
        filed = _accept(actor, message.channel, message, code, demand, citizen, draft_id=draft_id)
        return filed or _earlier(before(message), message)

    return _or_set_aside(message, attempt)


def through(
    *, channel: str, source: str, key: str, payload: bytes, media_type: str, work: Callable[[int], Filed]
) -> Filed:
    """For an appeal that makes no order: raw first, then `work(raw_id)`, in one transaction; faults as for filing."""
    message = Message(channel, source, key, payload, media_type)

    def attempt() -> Filed:
        with transaction.atomic():
            got = store(message)
            return _earlier(got, message) if got.again else work(got.raw_id)

    return _or_set_aside(message, attempt)


def _or_set_aside(message: Message, attempt: Callable[[], Filed]) -> Filed:
    """The result of `attempt`; what it refuses is quarantined, committed, and raised.

    The good way has no savepoint, because it is the busiest: a fault leaves nothing behind, and the message is stored
    anew with the fault beside it. Nobody has been answered in between.
    """
    if message.channel not in _CHANNELS:
        raise Invalid(
            "channel", _("There is no such channel."), details={"channel": _("There is no such channel.")}
        )
    try:
        return attempt()
    except (NotPermitted, _Before):
        raise
    except ActionError as error:
        if error.code in ("key_reused", "idempotency_key"):
            raise
        fault: ActionError | None = error
    except _OUR_FAULTS:
        _raise_if_gone()
        log.exception("a message of %s could not be filed", message.source)
        fault = None
    with transaction.atomic():
        got = store(message)
        if got.again:
            # Its twin was faster and decided.
            return _earlier(got, message)
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


def _earlier(got: Received, message: Message) -> Filed:
    """What was answered the first time."""
    appeal = Appeal.objects.select_related("order").filter(raw_id=got.raw_id).order_by("id").first()
    if appeal is None:
        raise _Before(
            "quarantined" if got.state == RawState.QUARANTINED else "discarded",
            got.error or _("This message was put away by a colleague."),
            details={"raw_id": got.raw_id},
        )
    return Filed(
        number=appeal.number or "",
        lookup_code=code_of(message.source, message.key),
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
            code = code_of(raw.source, raw.idempotency_key)
            filed = _accept(delivered_by, raw.channel, own_id, code, demand, citizen, decided_by=actor.key())
            assert filed is not None  # the message is locked and waits
            return filed

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
    actor: Actor,
    channel: str,
    message: Message | int,
    code: str,
    demand: AppealForm,
    citizen: CitizenInput,
    *,
    draft_id: int | None = None,
    decided_by: str = "",
) -> Filed | None:
    """Permit, check, write. `message` is new, or the id of one that is stored and locked; None when a new one came before."""
    moment = clock.now()
    checked, errors = check_appeal(demand, citizen, clock.today())
    if errors:
        raise Invalid("invalid", _("Something is still missing or wrong."), details=errors)
    known, citizen_parameters = _citizen_parameters(actor, citizen)
    prepared = prepare_order(
        actor=actor,
        demand=new_order(checked, channel, None),
        reviewed=not needs_review(demand, channel, checked.missing, str(city_option("intake_review", ""))),
        citizen_known=False,
    )
    secret = bool(prepared.columns["secret"])
    values = appeal_values(actor, checked, channel, None) | {"secret": secret, "state": AppealState.ORDERED}
    alone = draft_id is None and not demand.attachment_key and not unfinished(prepared)
    # One statement is a transaction of its own; only what needs a second one opens a larger.
    with contextlib.nullcontext() if alone else transaction.atomic(savepoint=False):
        draft_id = _own_draft(draft_id, values["agent_id"])
        row = fetch_one(
            _statement(isinstance(message, int), known, draft_id is not None),
            [
                *([decided_by, message] if isinstance(message, int) else message_values(message)),
                *citizen_parameters,
                *prepared.values,
                code_hash(code),
                *(values[name] for name in _GIVEN),
                *([] if draft_id else [moment]),
                moment,
                moment,
                *([draft_id] if draft_id else []),
                _seen_by(actor, message),
                *events.values(FILED),
            ],
        )
        if row is None:
            return None
        order_id, number, event_id, appeal_id = row[:4]
        if not alone:
            finish_order(actor=actor, order_id=order_id, event_id=event_id, secret=secret)
            if demand.attachment_key:
                # Who files without signing in does not see the order, yet the files of the draft are theirs.
                adopt(actor=_KEEPER, appeal_key=demand.attachment_key, order_id=order_id)
    return Filed(number, code, appeal_id, order_id, prepared.columns["due_at"])


_GIVEN = (
    "state", "channel", "demand_type", "urgency", "title", "content", "secret", "agent_id", "call_id",
)  # fmt: skip
_STORED = (
    "message AS (UPDATE intake_rawmessage SET state = 'accepted', error = '', decided_by = %s, decided_at = now()"
    " WHERE id = %s RETURNING id)"
)


@cache
def _statement(stored: bool, known: bool, draft: bool) -> str:
    """The whole of a filing. Its parts belong to the packages whose rows they write; each hangs on the message's row."""
    hash_of = "encode(sha256(convert_to(o.number, 'UTF8') || %s::bytea), 'hex')"
    columns = ["number", "order_id", "raw_id", "citizen_id", "lookup_hash", *_GIVEN]
    values = ["o.number", "o.id", "message.id", "who.id", hash_of, *["%s"] * len(_GIVEN)]
    rest, empty = ["updated_at", "decided_at"], {"form": "'{}'", "reason_code": "''", "answer": "''"}
    if draft:
        names = [*columns, *rest, *empty]
        pairs = zip(names, [*values, "%s", "%s", *empty.values()], strict=True)
        appeal = (
            f"UPDATE intake_appeal AS a SET {', '.join(f'{name} = {value}' for name, value in pairs)}"
            " FROM new_order AS o, message, who WHERE a.id = %s RETURNING a.id"
        )
    else:
        names = [*columns, "created_at", *rest, *empty]
        appeal = (
            f"INSERT INTO intake_appeal ({', '.join(names)}) SELECT {', '.join([*values, '%s', '%s', '%s', *empty.values()])}"
            " FROM new_order AS o, message, who RETURNING id"
        )
    payload = "jsonb_build_object('appeal_id', appeal.id, 'order_id', o.id, 'seen_by', %s::text)"
    return (
        f"WITH {_STORED if stored else MESSAGE_PART},"
        f" {'who AS (SELECT %s::bigint AS id)' if known else citizen_part('message')},"
        f" {order_part('message, who', 'who.id')},"
        f" appeal AS ({appeal}),"
        f" jobs AS ({events.part('appeal, new_order AS o', payload)})"
        " SELECT o.id, o.number, e.id, appeal.id, pg_notify('live', '') FROM new_order AS o, new_event AS e, appeal"
    )


def _seen_by(actor: Actor, message: Message | int) -> str:
    """Who had the machine's proposals beside the form: an agent at the desk, otherwise nobody."""
    return actor.key() if isinstance(message, Message) and message.source.startswith(AT_DESK) else ""


def _own_draft(draft_id: int | None, agent_id: int | None) -> int | None:
    """The draft, locked, if it is still one and this agent's; otherwise a new appeal is made."""
    if draft_id is None:
        return None
    mine = Appeal.objects.select_for_update().filter(pk=draft_id, state=AppealState.DRAFT, agent_id=agent_id)
    return draft_id if mine.exists() else None


def _citizen_parameters(actor: Actor, citizen: CitizenInput) -> tuple[bool, list[Any]]:
    """Whether the citizen is known (or nobody), and the parameters of that part of the statement."""
    if citizen.citizen_id or not (citizen.phone or citizen.email or citizen.id_number):
        return True, [citizen.citizen_id or None]
    return False, citizen_values(actor=actor, **_identity(citizen))


def _identity(citizen: CitizenInput) -> dict[str, str]:
    return {
        "phone": citizen.phone,
        "name": citizen.name,
        "kind": citizen.kind or "person",
        "company": citizen.company,
        "gender": citizen.gender,
        "id_number": citizen.id_number,
        "email": citizen.email,
    }


def citizen_of(actor: Actor, citizen: CitizenInput) -> int | None:
    """The citizen's id; None for somebody who gave neither number nor address."""
    if citizen.citizen_id:
        return citizen.citizen_id
    if not (citizen.phone or citizen.email or citizen.id_number):
        return None
    return find_or_create_citizen(actor=actor, **_identity(citizen)).pk


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
