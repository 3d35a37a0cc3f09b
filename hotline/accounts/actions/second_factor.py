"""The second factor: TOTP (RFC 6238) by an app on the phone, and recovery codes."""

from __future__ import annotations

import base64
import secrets
import time
from binascii import unhexlify

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from hotline.accounts.actions.people import permit
from hotline.accounts.actions.sessions import end_all_sessions
from hotline.accounts.models import Person
from hotline.accounts.rules import SessionEnd
from hotline.audit import actions as audit
from hotline.kit.actor import Actor
from hotline.kit.errors import NotPermitted, NotVisible, Refused

DEMO = "demo"
CODES = 10


def has_second_factor(person: Person) -> bool:
    """True when a device is enrolled."""
    return bool(TOTPDevice.objects.filter(user=person, confirmed=True).exists())


@transaction.atomic
def begin_enrolment(*, person: Person) -> TOTPDevice:
    """The device to be shown as a QR code; the same one until it is confirmed."""
    device = TOTPDevice.objects.filter(user=person, confirmed=False).order_by("id").first()
    return device or TOTPDevice.objects.create(user=person, name="app", confirmed=False)


@transaction.atomic
def confirm_enrolment(*, actor: Actor, person: Person, code: str) -> list[str] | None:
    """Confirm by the first code; returns fresh recovery codes to be shown once, None when the code is wrong."""
    device = (
        TOTPDevice.objects.select_for_update().filter(user=person, confirmed=False).order_by("id").first()
    )
    if device is None or not device.verify_is_allowed()[0] or not device.verify_token(_digits(code)):
        return None
    TOTPDevice.objects.filter(user=person).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save()
    audit.record(actor=actor, verb="accounts.enrol_second_factor", object_type="person", object_id=person.pk)
    return make_recovery_codes(actor=actor, person=person)


@transaction.atomic
def make_recovery_codes(*, actor: Actor, person: Person) -> list[str]:
    """Ten new codes, each good once; the former ones end."""
    device, _made = StaticDevice.objects.get_or_create(
        user=person, name="recovery", defaults={"confirmed": True}
    )
    device.token_set.all().delete()
    codes = [base64.b32encode(secrets.token_bytes(5)).decode().lower() for _number in range(CODES)]
    StaticToken.objects.bulk_create([StaticToken(device=device, token=code) for code in codes])
    audit.record(actor=actor, verb="accounts.make_recovery_codes", object_type="person", object_id=person.pk)
    return [f"{code[:4]}-{code[4:]}" for code in codes]


@transaction.atomic
def check_second_factor(*, actor: Actor, person: Person, code: str) -> bool:
    """Is it the device's code of this moment, or an unused recovery code? Each is good once; guessing slows down."""
    digits = _digits(code)
    if len(digits) == 6 and digits.isdigit():
        for device in TOTPDevice.objects.select_for_update().filter(user=person, confirmed=True):
            if device.verify_is_allowed()[0] and device.verify_token(digits):
                return True
        return False
    plain = code.strip().lower().replace("-", "").replace(" ", "")
    for static in StaticDevice.objects.select_for_update().filter(user=person, confirmed=True):
        if static.verify_is_allowed()[0] and static.verify_token(plain):
            audit.record(
                actor=actor, verb="accounts.use_recovery_code", object_type="person", object_id=person.pk
            )
            return True
    return False


def wait_before_next_code(person: Person) -> int:
    """Seconds until another code is looked at, after wrong ones."""
    waits = [0.0]
    for device in TOTPDevice.objects.filter(user=person, confirmed=True):
        allowed, why = device.verify_is_allowed()
        if not allowed and why and why.get("locked_until"):
            waits.append(why["locked_until"].timestamp() - time.time())
    return max(0, round(max(waits)))


@transaction.atomic
def reset_second_factor(*, actor: Actor, person_id: int) -> None:
    """A lost phone: the devices end, sessions too; at the next sign-in a new one is enrolled."""
    person = Person.objects.select_for_update().filter(pk=person_id).first()
    if person is None:
        raise NotVisible
    if actor.is_staff and actor.id == person.pk:
        raise Refused("self", _("Nobody resets their own second factor; ask another administrator."))
    permit(actor, person)
    TOTPDevice.objects.filter(user=person).delete()
    StaticDevice.objects.filter(user=person).delete()
    end_all_sessions(actor=actor, person_id=person.pk, why=SessionEnd.SECOND_FACTOR)
    audit.record(actor=actor, verb="accounts.reset_second_factor", object_type="person", object_id=person.pk)


@transaction.atomic
def enrol_demo_device(*, actor: Actor, person: Person, secret: str) -> TOTPDevice:
    """Give a demo member of staff a known device. `secret`: base32 text. Refused outside demo mode."""
    if not (settings.DEMO or settings.TESTING):
        raise NotPermitted("demo_only", _("Known second factors exist in demo mode only."))
    key = base64.b32decode(secret.upper() + "=" * (-len(secret) % 8)).hex()
    device, _made = TOTPDevice.objects.update_or_create(
        # Wide tolerance, so that the code shown next is good even when the present one was used a second ago.
        user=person,
        name=DEMO,
        defaults={"key": key, "confirmed": True, "tolerance": 20},
    )
    return device


def demo_code(person: Person) -> str:
    """The code that a demo person would read from their phone; "" outside demo mode."""
    if not (settings.DEMO or settings.TESTING):
        return ""
    device = TOTPDevice.objects.filter(user=person, name=DEMO, confirmed=True).first()
    if device is None:
        return ""
    totp = TOTP(unhexlify(device.key), device.step, device.t0, device.digits)
    totp.time = time.time()
    step = max(totp.t(), device.last_t + 1)
    totp.time = device.t0 + step * device.step
    return f"{totp.token():06}"


def _digits(code: str) -> str:
    return "".join(code.split())
