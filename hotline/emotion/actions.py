"""Writing windows, raising an alert, answering it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.accounts.models import Role
from hotline.accounts.queries.actors import valid_memberships
from hotline.audit.actions import record
from hotline.calls.models import Segment
from hotline.emotion.models import Alert, Side, Trace, Verdict
from hotline.emotion.permissions import can_answer, can_measure
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.crypto import BadCipher, identity_ring
from hotline.kit.errors import Invalid, NotVisible
from hotline.kit.live import publish
from hotline.kit.models import Heartbeat
from hotline.speech.voices import WINDOW, Voice

KEPT = timedelta(days=30)
"""Traces and moments: enough for a baseline, not a file on a person."""
SOUND = "emotion.sound"
"""Purpose under which moments are encrypted."""


@transaction.atomic
def write_window(
    *,
    actor: Actor,
    segment_id: int,
    side: str,
    began_at: datetime,
    voice: Voice | None,
    deviation: float | None,
) -> Trace | None:
    """The next ten seconds of one side; None when the conversation is no more. `voice` None: it was silent."""
    can_measure(actor).require("emotion:measure")
    segment = Segment.objects.select_related("session").filter(pk=segment_id).first()
    if segment is None:
        return None
    trace, _made = Trace.objects.select_for_update().get_or_create(
        segment=segment,
        side=side,
        defaults={"call_id": segment.call_id, "person_id": segment.session.person_id, "began_at": began_at},
    )
    measured = (
        {name: round(value, 3) for name, value in asdict(voice).items() if value is not None} if voice else {}
    )
    # By the clock, so that a window after a hole (the process was away, the exchange not reached) stands where it was spoken.
    elapsed = (now() - trace.began_at) / timedelta(seconds=WINDOW)
    after = trace.windows[-1][0] + round(WINDOW) if trace.windows else 0
    second = max(after, round(WINDOW) * (round(elapsed) - 1))
    trace.windows.append([second, measured, None if deviation is None else round(deviation, 2)])
    trace.seconds += round(WINDOW)
    trace.save(update_fields=["windows", "seconds"])
    publish([f"person:{trace.person_id}"], "voice.window", call=trace.call_id)
    return trace


@transaction.atomic
def raise_alert(
    *, actor: Actor, trace: Trace, deviation: float, parts: Mapping[str, float], moment: bytes
) -> Alert | None:
    """Tell every shift leader on duty, with the sound (16 bits, 8 kHz) of the moment; None while one of this conversation is open."""
    can_measure(actor).require("emotion:measure")
    sealed = identity_ring().encrypt(base64.b64encode(moment).decode(), SOUND, str(trace.pk).encode())
    alert, made = Alert.objects.get_or_create(
        trace=trace,
        answered_at=None,
        defaults={
            "second": max(0, trace.windows[-1][0] + round(WINDOW) - len(moment) // 16_000),
            "deviation": round(deviation, 2),
            "parts": {name: round(value, 2) for name, value in parts.items()},
            "sound": sealed,
            "raised_at": now(),
        },
    )
    if not made:
        return None
    record(actor=actor, verb="emotion.raise_alert", object_type="call", object_id=trace.call_id)
    _tell(alert)
    return alert


@transaction.atomic
def answer_alert(*, actor: Actor, alert_id: int, verdict: str) -> Alert:
    """What it was. The first answer stays. Raises NotPermitted, NotVisible, Invalid."""
    can_answer(actor).require("calls:watch")
    alert = Alert.objects.select_for_update(of=("self",)).select_related("trace").filter(pk=alert_id).first()
    if alert is None:
        raise NotVisible(alert_id)
    if alert.answered_at is not None:
        return alert
    if verdict not in Verdict.values:
        raise Invalid("verdict", _("Say what it was."), details={"verdict": _("Choose one of the answers.")})
    alert.answered_by_id, alert.answered_at, alert.verdict = actor.id, now(), verdict
    alert.save(update_fields=["answered_by", "answered_at", "verdict"])
    record(
        actor=actor,
        verb="emotion.answer_alert",
        object_type="call",
        object_id=alert.trace.call_id,
        data={"verdict": verdict},
    )
    _tell(alert)
    return alert


@transaction.atomic
def hear(*, actor: Actor, alert_id: int) -> bytes:
    """The moment's sound (16 bits, 8 kHz), audited. Raises NotPermitted; NotVisible when it is gone or cannot be opened."""
    can_answer(actor).require("calls:watch")
    alert = Alert.objects.select_related("trace").filter(pk=alert_id).first()
    if alert is None or not alert.sound:
        raise NotVisible(alert_id)
    try:
        sound = identity_ring().decrypt(bytes(alert.sound), SOUND, str(alert.trace_id).encode())
    except BadCipher as error:
        raise NotVisible(alert_id) from error
    record(actor=actor, verb="emotion.hear", object_type="call", object_id=alert.trace.call_id)
    return base64.b64decode(sound)


def forget_old(*, actor: Actor) -> int:
    """Traces after their time, with their alerts and moments; how many."""
    can_measure(actor).require("emotion:measure")
    count, _by_kind = Trace.objects.filter(began_at__lt=now() - KEPT).delete()
    return count


def sign(*, actor: Actor, name: str, details: Mapping[str, object]) -> None:
    """The process is alive, and what it is at."""
    can_measure(actor).require("emotion:measure")
    moment = now()
    values = {"kind": "emotion", "seen_at": moment, "details": dict(details)}
    Heartbeat.objects.update_or_create(
        name=name, defaults=values, create_defaults={**values, "started_at": moment}
    )


def _tell(alert: Alert) -> None:
    leaders = valid_memberships(now()).filter(role=Role.SHIFT_LEADER).values_list("person_id", flat=True)
    topics = ["seats", *(f"person:{pk}" for pk in leaders)]
    publish(topics, "voice.alert", call=alert.trace.call_id)


__all__ = [
    "KEPT",
    "Side",
    "answer_alert",
    "forget_old",
    "hear",
    "raise_alert",
    "sign",
    "write_window",
]
