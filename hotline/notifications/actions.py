"""Messages to citizens, sent once, and codes that prove a phone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from hotline.accounts.actions import identity_for_contact
from hotline.accounts.queries import phone_hash
from hotline.accounts.rules import normalize_phone
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.crypto import identity_ring
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.events import defer, defer_after_failure
from hotline.kit.statements import columns, fetch_models
from hotline.notifications import gateways, texts
from hotline.notifications.models import Message, MessageState, PhoneCode
from hotline.notifications.rules import (
    CODE_DIGITS,
    CODE_MINUTES,
    SEND_TRIES,
    CodeState,
    CodeVerdict,
    is_mobile,
    judge_code,
    wait_before_code,
)
from hotline.ui import city

_SEALED = "notifications.code"
_TAKE = (
    "UPDATE notifications_message m SET attempts = attempts + 1 WHERE id = %s AND state = 'queued'"
    f" RETURNING {columns(Message, 'm')}"
)


@dataclass(frozen=True, slots=True)
class SentCode:
    """`shown` holds the code itself only in the demo city, where no SMS leaves the machine; label it as such."""

    id: int
    expires_at: datetime
    shown: str = ""


def queue_message(
    *,
    actor: Actor,
    key: str,
    citizen_id: int,
    template: str,
    context: Mapping[str, object],
    language: str = "zh-hans",
) -> int | None:
    """Put a message into the outbox, in the caller's transaction; its id while it waits there, None when it has gone out.

    The caller is a job: once its transaction is committed it gives the id to `hand_over`. Killed before, it is run again
    and gets the id again, for the same `key` is the same message. `key` says what makes it once, e.g.
    `order:12:extended:345`. `hotline` is filled in. Raises LookupError for a template that does not exist, KeyError for a
    place that the context lacks: faults of the caller, not of data.
    """
    text = texts.render(template, {"hotline": hotline_name(), **context}, language)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO notifications_message (key, citizen_id, template, text, state, attempts, error)"
            " VALUES (%s, %s, %s, %s, 'queued', 0, '') ON CONFLICT (key) DO UPDATE SET key = EXCLUDED.key"
            " WHERE notifications_message.state = 'queued' RETURNING id",
            [key[:120], citizen_id, template, text],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def hand_over(*, actor: Actor, message_id: int) -> None:
    """Deliver a message at once; when the gateway or the database is away, a job tries again later."""
    from hotline.notifications import tasks

    try:
        deliver_message(actor=actor, message_id=message_id)
    except tasks.PASSING:
        defer_after_failure(tasks.deliver, message_id=message_id)


def deliver_message(*, actor: Actor, message_id: int) -> str:
    """Hand a message to the gateway; returns its state. A sent one is left alone. Raises GatewayDown to be tried again.

    The provider is called between two transactions. A worker killed in between sends again with the same reference,
    which the gateway must recognise: at least once here, once in effect there.
    """
    if not actor.is_system:
        raise NotPermitted("notifications:deliver", _("Only the platform's own jobs may do this."))
    with transaction.atomic():
        taken = fetch_models(_TAKE, [message_id], Message)
        if not taken:
            state = Message.objects.filter(pk=message_id).values_list("state", flat=True).first()
            if state is None:
                raise NotVisible
            return state
        (message,) = taken[0]
        phone = identity_for_contact(
            actor=actor, citizen_id=message.citizen_id, purpose=f"sms:{message.template}"
        ).phone
    state, error = MessageState.SENT, ""
    if not is_mobile(phone):
        state, error = MessageState.FAILED, _("no mobile number on record")
    else:
        try:
            gateways.hand(phone, message.text, message.key)
        except gateways.Rejected as rejected:
            state, error = MessageState.FAILED, str(rejected)
        except gateways.GatewayDown as down:
            Message.objects.filter(pk=message_id).update(
                error=str(down)[:300],
                state=MessageState.FAILED if message.attempts >= SEND_TRIES else MessageState.QUEUED,
            )
            raise
    Message.objects.filter(pk=message_id, state=MessageState.QUEUED).update(
        state=state, error=error[:300], sent_at=now() if state == MessageState.SENT else None
    )
    return state


def send_again(*, actor: Actor, message_id: int) -> None:
    """Put a failed message back into the outbox."""
    from hotline.notifications import tasks

    with transaction.atomic():
        message = Message.objects.select_for_update().filter(pk=message_id).first()
        if message is None:
            raise NotVisible
        if not actor.has("ops:health"):
            raise NotPermitted(
                "ops:health", _("Only those who look after the platform may send messages again.")
            )
        if message.state != MessageState.FAILED:
            raise Refused("not_failed", _("Only a message that failed can be sent again."))
        message.state, message.attempts, message.error = MessageState.QUEUED, 0, ""
        message.save(update_fields=["state", "attempts", "error"])
        defer(tasks.deliver, message_id=message.pk)


# ---- codes


def send_code(*, actor: Actor, phone: str, purpose: str) -> SentCode:
    """Send a one-time code; former codes of the phone and purpose end. Raises Invalid `phone`, Refused `too_soon`.

    The answer is the same whether the phone is known or not: who has filed before is nobody's business.
    """
    from hotline.notifications import tasks

    digits = normalize_phone(phone)
    if not is_mobile(digits):
        raise Invalid(
            "phone",
            _("Enter a mobile number of 11 digits."),
            details={"phone": _("Enter a mobile number of 11 digits.")},
        )
    hashed, moment = phone_hash(digits), now()
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two requests for one phone wait for each other; the lock needs no row to exist.
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(encode(%s::bytea, 'hex'), 12345))", [hashed]
            )
        sent = PhoneCode.objects.filter(phone_hash=hashed, created_at__gt=moment - timedelta(hours=1))
        wait = wait_before_code(list(sent.values_list("created_at", flat=True)), moment)
        if wait > timedelta(0):
            seconds = int(wait.total_seconds()) + 1
            raise Refused(
                "too_soon",
                _("A code was sent already. You can ask for another in %(seconds)d seconds.")
                % {"seconds": seconds},
                details={"retry_after": seconds},
            )
        PhoneCode.objects.filter(
            phone_hash=hashed, purpose=purpose, used_at__isnull=True, expires_at__gt=moment
        ).update(expires_at=moment)
        row = PhoneCode.objects.create(
            phone_hash=hashed,
            code_hash=_code_hash(hashed, purpose, code),
            purpose=purpose,
            created_at=moment,
            expires_at=moment + timedelta(minutes=CODE_MINUTES),
        )
        # The job row outlives the code: what it carries is encrypted.
        sealed = identity_ring().encrypt(f"{digits} {code}", _SEALED, str(row.pk).encode())
        defer(tasks.deliver_code, code_id=row.pk, sealed=sealed.hex(), language=get_language() or "zh-hans")
    demo = settings.DEMO and not gateways.current().sends
    return SentCode(row.pk, row.expires_at, code if demo else "")


def deliver_code(*, actor: Actor, code_id: int, sealed: str, language: str = "zh-hans") -> bool:
    """Hand a code to the gateway unless it has ended meanwhile. Raises GatewayDown, BadCipher."""
    if not actor.is_system:
        raise NotPermitted("notifications:deliver", _("Only the platform's own jobs may do this."))
    row = PhoneCode.objects.filter(pk=code_id, used_at__isnull=True, expires_at__gt=now()).first()
    if row is None:
        return False
    digits, code = identity_ring().decrypt(bytes.fromhex(sealed), _SEALED, str(code_id).encode()).split()
    text = texts.render("code", {"hotline": hotline_name(), "code": code, "minutes": CODE_MINUTES}, language)
    gateways.hand(digits, text, f"code:{code_id}", code=True)
    return True


def check_code(*, actor: Actor, phone: str, purpose: str, code: str) -> CodeVerdict:
    """Judge a code; a right one is used up. Commits the try even when wrong, so it must not run inside a transaction
    that is rolled back on failure: it returns a verdict instead of raising.
    """
    digits = normalize_phone(phone)
    if not digits:
        return CodeVerdict(CodeState.NONE)
    hashed, moment = phone_hash(digits), now()
    with transaction.atomic():
        row = (
            PhoneCode.objects.select_for_update()
            .filter(phone_hash=hashed, purpose=purpose)
            .order_by("-id")
            .first()
        )
        if row is None:
            return CodeVerdict(CodeState.NONE)
        given = "".join(character for character in code if character.isascii() and character.isdigit())
        matches = constant_time_compare(row.code_hash, _code_hash(hashed, purpose, given))
        verdict = judge_code(
            matches=matches,
            tries=row.tries,
            used=row.used_at is not None,
            expires_at=row.expires_at,
            now=moment,
        )
        if verdict.state in (CodeState.RIGHT, CodeState.WRONG) or (
            verdict.state is CodeState.TOO_MANY and row.tries < 100
        ):
            row.tries += 1
        if verdict:
            row.used_at = moment
        row.save(update_fields=["tries", "used_at"])
    return verdict


def purge_codes(*, actor: Actor) -> int:
    """Remove codes older than a day; returns how many."""
    if not actor.is_system:
        raise NotPermitted("notifications:purge", _("Only the platform's own jobs may do this."))
    removed, _by_model = PhoneCode.objects.filter(expires_at__lt=now() - timedelta(days=1)).delete()
    return removed


def hotline_name() -> str:
    """What the hotline calls itself in messages."""
    own = city.current()
    return f"{own.name}{own.number}"


def _code_hash(hashed: bytes, purpose: str, code: str) -> str:
    return salted_hmac(
        "hotline.notifications.code", f"{bytes(hashed).hex()}:{purpose}:{code}", algorithm="sha256"
    ).hexdigest()
