"""Advice about callers who harass or hold the line (A13): one proposes, another decides, it ends, it can be appealed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.intake import permissions
from hotline.intake.models import CallerRestriction
from hotline.intake.rules.restrictions import LONGEST, MEASURES, RESTRICTION_VERBS, STATES, USUAL
from hotline.kit.actor import Actor
from hotline.kit.clock import now
from hotline.kit.errors import Invalid, NotVisible, Refused


@transaction.atomic
def propose_restriction(
    *, actor: Actor, citizen_id: int, measure: str, reason_code: str, text: str
) -> CallerRestriction:
    """Propose advice about a caller; it does nothing until another person approves. Invalid by field."""
    permissions.can(actor, "intake:restrict_caller").require("intake:restrict_caller")
    errors = {}
    if measure not in MEASURES:
        errors["measure"] = _("Choose a measure.")
    if len(text.strip()) < 5:
        errors["text"] = _("Say what happened, so that another can decide.")
    if errors:
        raise Invalid("invalid", _("Something is still missing or wrong."), details=errors)
    if CallerRestriction.objects.filter(citizen_id=citizen_id, measure=measure, state="proposed").exists():
        raise Refused("already_proposed", _("The same measure is already proposed for this caller."))
    made = CallerRestriction.objects.create(
        citizen_id=citizen_id,
        measure=measure,
        reason_code=reason_code or "malicious",
        text=text.strip(),
        proposed_by=actor.key(),
        proposed_at=now(),
    )
    record(
        actor=actor,
        verb="intake.propose_restriction",
        object_type="citizen",
        object_id=str(citizen_id),
        data={"id": made.pk},
    )
    return made


@transaction.atomic
def decide_restriction(
    *, actor: Actor, restriction_id: int, verb: str, reason: str = "", until: datetime | None = None
) -> CallerRestriction:
    """`approve`, `refuse` or `lift`; never by whoever proposed it. `until` at most 180 days ahead, 30 by default."""
    found = CallerRestriction.objects.select_for_update().filter(pk=restriction_id).first()
    if found is None:
        raise NotVisible(restriction_id)
    permissions.can_decide_restriction(actor, found).require("intake:approve_restriction")
    froms, to = RESTRICTION_VERBS[verb]
    if found.state not in froms:
        raise Refused("state", _("This is already decided: %(state)s.") % {"state": STATES[found.state]})
    moment = now()
    if verb == "approve":
        ends = until or moment + USUAL
        if not moment < ends <= moment + LONGEST + timedelta(days=1):
            words = _("The end must lie within the next %(days)d days.") % {"days": LONGEST.days}
            raise Invalid("until", words, details={"until": words})
        found.expires_at = ends
        found.approved_by = actor.key()
    found.state = to
    if verb == "lift" and found.appeal_text and not found.appeal_decision:
        found.appeal_decision = reason.strip() or str(STATES["lifted"])
    found.save(update_fields=["state", "expires_at", "approved_by", "appeal_decision"])
    record(
        actor=actor,
        verb=f"intake.{verb}_restriction",
        object_type="citizen",
        object_id=str(found.citizen_id),
        reason=reason.strip(),
        data={"id": found.pk},
    )
    return found


@transaction.atomic
def appeal_restriction(*, actor: Actor, restriction_id: int, text: str) -> CallerRestriction:
    """The caller's objection, taken down by any agent or written by the citizen; a person must answer it."""
    found = CallerRestriction.objects.select_for_update().filter(pk=restriction_id).first()
    own = found is not None and not actor.is_staff and actor.id == found.citizen_id
    if found is None or not (own or actor.is_staff):
        raise NotVisible(restriction_id)
    if not own:
        permissions.can(actor, "intake:restrict_caller").require("intake:restrict_caller")
    if found.state != "approved":
        raise Refused("state", _("Only a restriction in force can be appealed."))
    if not text.strip():
        raise Invalid(
            "text", _("Write down the objection."), details={"text": _("Write down the objection.")}
        )
    found.appeal_text, found.appeal_decision = text.strip(), ""
    found.save(update_fields=["appeal_text", "appeal_decision"])
    record(
        actor=actor,
        verb="intake.appeal_restriction",
        object_type="citizen",
        object_id=str(found.citizen_id),
        data={"id": found.pk},
    )
    return found


@transaction.atomic
def answer_restriction_appeal(*, actor: Actor, restriction_id: int, decision: str) -> CallerRestriction:
    """Keep the restriction in spite of an objection, with the reason; to grant the objection, lift it."""
    found = CallerRestriction.objects.select_for_update().filter(pk=restriction_id).first()
    if found is None:
        raise NotVisible(restriction_id)
    permissions.can_decide_restriction(actor, found).require("intake:approve_restriction")
    if not found.appeal_text or found.appeal_decision:
        raise Refused("state", _("There is no objection that waits for an answer."))
    if not decision.strip():
        raise Invalid("decision", _("Give the reason."), details={"decision": _("Give the reason.")})
    found.appeal_decision = decision.strip()
    found.save(update_fields=["appeal_decision"])
    record(
        actor=actor,
        verb="intake.answer_restriction_appeal",
        object_type="citizen",
        object_id=str(found.citizen_id),
        reason=decision.strip(),
        data={"id": found.pk},
    )
    return found
