"""B14: announcements before the greeting, and a city's own recordings instead of the voice."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit import actions as audit
from hotline.calls import prompts
from hotline.calls.models import Announcement, Line
from hotline.calls.permissions import can_announce, can_record
from hotline.calls.queries.prompting import prompts as texts_of_prompts
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused

MOST_TEXT = 500
"""Characters; two minutes of speech, longer than anybody listens before a greeting. Design default."""


@transaction.atomic
def announce(
    *,
    actor: Actor,
    text: str,
    line_code: str = "",
    district_code: str = "",
    begins_at: datetime | None = None,
    ends_at: datetime | None = None,
    prepared: bool = False,
) -> Announcement:
    """Put an announcement before the greeting, now or from `begins_at`; `prepared`: have it spoken, to be put on the line later.

    The next caller after it was spoken hears it. No line: all lines; no district: the whole city. Raises NotPermitted, Invalid.
    """
    can_announce(actor).require("calls:announce")
    moment = now()
    line = Line.objects.filter(code=line_code).first() if line_code else None
    problems: dict[str, str] = {}
    if not text.strip():
        problems["text"] = _("Write down what is announced.")
    elif len(text.strip()) > MOST_TEXT:
        problems["text"] = _("At most %(count)d characters; nobody listens longer.") % {"count": MOST_TEXT}
    if line_code and line is None:
        problems["line"] = _("There is no such line.")
    if district_code and not district_code.isdigit():
        problems["district"] = _("Give the district by its code.")
    if ends_at is not None and ends_at <= max(moment, begins_at or moment):
        problems["ends_at"] = _("The end must lie in the future.")
    if problems:
        raise Invalid("announcement", _("The announcement was not put on the line."), details=problems)
    row = Announcement.objects.create(
        line=line,
        district_code=district_code,
        text=text.strip(),
        sound=f"announcement-{secrets.token_hex(6)}.wav",
        begins_at=None if prepared else max(moment, begins_at or moment),
        ends_at=ends_at,
        created_by=actor.key(),
        created_at=moment,
    )
    data = {"line": line_code, "area": district_code, "text": row.text}
    verb = "calls.prepare_announcement" if prepared else "calls.announce"
    audit.record(actor=actor, verb=verb, object_type="announcement", object_id=row.pk, data=data)
    return row


@transaction.atomic
def put_on_line(*, actor: Actor, announcement_id: int) -> Announcement:
    """A prepared announcement, or one that would begin later, is on the line from now. Refused `ended`, `on_already`."""
    row = _locked(actor, announcement_id)
    moment = now()
    if row.ends_at is not None and row.ends_at <= moment:
        raise Refused("ended", _("This announcement has ended. Make a new one."))
    if row.begins_at is not None and row.begins_at <= moment:
        raise Refused("on_already", _("This announcement is on the line already."))
    row.begins_at = moment
    row.save(update_fields=["begins_at"])
    audit.record(actor=actor, verb="calls.announce", object_type="announcement", object_id=row.pk)
    return row


@transaction.atomic
def withdraw_announcement(*, actor: Actor, announcement_id: int) -> None:
    """Take an announcement off; one that has ended already is no error. Raises NotPermitted, NotVisible."""
    row = _locked(actor, announcement_id)
    moment = now()
    if row.ends_at is None or row.ends_at > moment:
        row.ends_at = moment
        row.save(update_fields=["ends_at"])
        audit.record(
            actor=actor, verb="calls.withdraw_announcement", object_type="announcement", object_id=row.pk
        )


def _locked(actor: Actor, announcement_id: int) -> Announcement:
    can_announce(actor).require("calls:announce")
    row = Announcement.objects.select_for_update().filter(pk=announcement_id).first()
    if row is None:
        raise NotVisible(announcement_id)
    return row


@transaction.atomic
def record_prompt(*, actor: Actor, name: str, data: bytes) -> float:
    """A city's own recording takes the place of what is spoken in this file; its seconds.

    The distributor plays it within seconds. Raises NotPermitted, NotVisible for a file that nothing is said in, Invalid for a
    recording that the exchange cannot play.
    """
    can_record(actor, name).require("calls:announce")
    if name not in texts_of_prompts():
        raise NotVisible(name)
    try:
        seconds = prompts.seconds_of(data)
    except ValueError as error:
        words = RECORDING_FAULTS[str(error)]()
        raise Invalid("recording", words, details={"recording": words}) from None
    audit.record(
        actor=actor,
        verb="calls.record_prompt",
        object_type="prompt",
        object_id=name,
        data={"seconds": round(seconds, 1)},
    )
    prompts.take_own(prompts.folder(), name, data)
    return seconds


@transaction.atomic
def drop_recording(*, actor: Actor, name: str) -> None:
    """The voice speaks here again; without an own recording nothing happens. Raises NotPermitted, NotVisible."""
    can_record(actor, name).require("calls:announce")
    if name not in texts_of_prompts():
        raise NotVisible(name)
    if prompts.drop_own(prompts.folder(), name):
        audit.record(actor=actor, verb="calls.drop_recording", object_type="prompt", object_id=name)


RECORDING_FAULTS = {
    "large": lambda: _("The recording is larger than 10 MB."),
    "type": lambda: _("The file is no WAV recording. Save it as WAV, 16 bit, mono, 8 kHz or 16 kHz."),
    "form": lambda: _("The exchange plays WAV of 16 bit, mono, at 8, 16, 24, 32 or 48 kHz; this one is another kind."),
    "empty": lambda: _("The recording has no sound in it."),
}
