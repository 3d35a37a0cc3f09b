"""Automatic dispatch: sending what a city trusts the machine with, judging samples, stopping."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.audit.actions import record
from hotline.dispatch import permissions
from hotline.dispatch.models import AutomaticDispatch, AutomaticSwitch, CategoryTrust
from hotline.dispatch.queries.automatic import facts_of, judged_of, trust_rows
from hotline.dispatch.queries.catalogue import assistants_of, catalogue_unit
from hotline.dispatch.rules import Hold, Trust, check_trust, is_sampled, must_stop, trust_for, why_hold
from hotline.kit.actor import Actor
from hotline.kit.clock import now, today
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.live import publish
from hotline.workorders import actions as orders
from hotline.workorders.models import Category, WorkOrder
from hotline.workorders.queries import get_visible

JUDGED = 200
"""The error rate looks at so many judged dispatches back."""


@transaction.atomic
def dispatch_automatically(
    *,
    actor: Actor,
    order_id: int,
    category_code: str,
    confidence: float,
    model: str,
    risks: int = 0,
    duplicates: int = 0,
) -> Hold | None:
    """Send one waiting order to the catalogue's unit if the city trusts the machine with it.

    `category_code` and `confidence` (0…1, calibrated) are the machine's; a person's category that differs holds the
    order. Returns why it waits for a dispatcher, None when it went out. An order goes out by itself once in its life.
    """
    permissions.can(actor, "dispatch:pool").require("dispatch:pool")
    order = (
        WorkOrder.objects.select_for_update(of=("self",))
        .select_related("category")
        .filter(pk=order_id)
        .first()
    )
    if order is None:
        raise NotVisible(order_id)
    if order.state != "pending_dispatch" or AutomaticDispatch.objects.filter(order=order).exists():
        return Hold.CLAIMED
    switched = AutomaticSwitch.objects.filter(pk=1, on=True).exists()
    trusts = trust_rows() if switched else {}
    chosen = order.category.code if order.category else ""
    if chosen and chosen != category_code:
        confidence = 0.0
    code = chosen or category_code
    unit = (
        catalogue_unit(code, order.actual_division_id or order.division_id or "", today()) if trusts else None
    )
    facts = facts_of(
        order, code, confidence, unit.unit_id if unit else None, risks=risks, duplicates=duplicates
    )
    plain = {found: row.trust for found, row in trusts.items()}
    hold = why_hold(facts, plain, switched_on=switched)
    trust = trust_for(code, plain)
    if hold is not None or unit is None or trust is None:
        return hold
    if not chosen:
        category = Category.objects.get(code=code)
        orders.reclassify(
            actor=actor, order_id=order.pk, text=_("Category by automatic dispatch."), category_id=category.pk
        )
    orders.dispatch_order(
        actor=actor,
        order_id=order.pk,
        lead_unit_id=unit.unit_id,
        assistant_unit_ids=[pk for pk, _name in assistants_of(unit.entry_id) if pk != unit.unit_id],
        instructions="",
    )
    AutomaticDispatch.objects.create(
        order=order,
        trust_id=trusts[trust.category_code].id,
        category_code=code,
        confidence=confidence,
        model=model,
        entry_id=unit.entry_id,
        unit_id=unit.unit_id,
        at=now(),
        sampled=is_sampled(order.pk, trust.sample),
    )
    return None


@transaction.atomic
def judge(*, actor: Actor, order_id: int, right: bool, why: str = "") -> AutomaticDispatch:
    """A person says whether an automatic dispatch was right; too many wrong ones stop their category at once."""
    permissions.can(actor, "dispatch:automatic").require("dispatch:automatic")
    if not right and not why.strip():
        words = _("Say what was wrong; the category is stopped by it when it happens often.")
        raise Invalid("why", words, details={"why": words})
    get_visible(actor, order_id)  # an order made confidential since is not there for the rest
    return _judged(actor, order_id, right, why)


@transaction.atomic
def note_return(*, actor: Actor, order_id: int) -> bool:
    """A unit gave an automatically dispatched order back: that counts as wrong. False when it was not one of ours."""
    permissions.can(actor, "dispatch:automatic").require("dispatch:automatic")
    if not AutomaticDispatch.objects.filter(order_id=order_id).exists():
        return False
    _judged(actor, order_id, False, _("The unit returned the order."))
    return True


def _judged(actor: Actor, order_id: int, right: bool, why: str) -> AutomaticDispatch:
    row = AutomaticDispatch.objects.select_for_update().filter(order_id=order_id).first()
    if row is None:
        raise NotVisible(order_id)
    row.right, row.why_wrong = right, "" if right else why.strip()[:300]
    row.judged_by, row.judged_at = actor.key(), now()
    row.save(update_fields=["right", "why_wrong", "judged_by", "judged_at"])
    record(
        actor=actor,
        verb="dispatch.judge_automatic",
        object_type="work_order",
        object_id=str(order_id),
        reason=row.why_wrong,
        data={"right": right},
    )
    if not right and row.trust_id is not None:
        _stop_if_bad(actor, row.trust_id)
    return row


def _stop_if_bad(actor: Actor, trust_id: int) -> None:
    trust = CategoryTrust.objects.select_for_update().select_related("category").get(pk=trust_id)
    judged = judged_of(trust, JUDGED)
    if trust.stopped_at is None and must_stop(judged, _rule(trust)):
        _stop(
            actor,
            trust,
            _("%(wrong)d of the last %(n)d judged dispatches were wrong.")
            % {"wrong": judged.count(False), "n": len(judged)},
        )


def _rule(trust: CategoryTrust) -> Trust:
    return Trust(
        trust.category.code, trust.threshold, trust.sample, trust.most_errors, trust.stopped_at is not None
    )


def _stop(actor: Actor, trust: CategoryTrust, why: str) -> None:
    trust.stopped_at, trust.stopped_why = now(), why[:200]
    trust.changed_by, trust.changed_at = actor.key(), now()
    trust.save(update_fields=["stopped_at", "stopped_why", "changed_by", "changed_at"])
    _record(actor, "dispatch.stop_trust", trust, why)


def _record(actor: Actor, verb: str, trust: CategoryTrust, reason: str = "", **data: float) -> None:
    record(
        actor=actor,
        verb=verb,
        object_type="category_trust",
        object_id=str(trust.pk),
        reason=reason,
        data={"category": trust.category.code, **data},
    )
    publish(["pool"], "automatic.changed", id=trust.pk)


@transaction.atomic
def trust_category(
    *, actor: Actor, category_id: int, threshold: float, sample: float, most_errors: float
) -> CategoryTrust:
    """Let a category and those below it go out by themselves from `threshold` on. Invalid by field."""
    permissions.can(actor, "dispatch:automatic").require("dispatch:automatic")
    category = Category.objects.select_for_update().filter(pk=category_id).first()
    wrong = check_trust(threshold=threshold, sample=sample, most_errors=most_errors)
    errors = {
        "threshold": _("The least confidence lies between 50 % and 100 %."),
        "sample": _("At least 1 % is judged by a person."),
        "most_errors": _("The error rate that stops it lies above 0 and at most at 50 %."),
        "category": _("There is no such category."),
    }
    wrong += [] if category else ["category"]
    if wrong or category is None:
        raise Invalid(
            "invalid",
            _("Something is still missing or wrong."),
            details={name: errors[name] for name in wrong},
        )
    trust, _made = CategoryTrust.objects.update_or_create(
        category=category,
        defaults={
            "threshold": threshold,
            "sample": sample,
            "most_errors": most_errors,
            "changed_by": actor.key(),
            "changed_at": now(),
        },
        create_defaults={
            "threshold": threshold,
            "sample": sample,
            "most_errors": most_errors,
            "judged_from": now(),
            "changed_by": actor.key(),
            "changed_at": now(),
        },
    )
    _record(
        actor, "dispatch.trust_category", trust, threshold=threshold, sample=sample, most_errors=most_errors
    )
    return trust


@transaction.atomic
def end_trust(*, actor: Actor, trust_id: int) -> None:
    """Take a category's trust away; what went out stays explained."""
    permissions.can(actor, "dispatch:automatic").require("dispatch:automatic")
    trust = _locked(trust_id)
    _record(actor, "dispatch.end_trust", trust)
    trust.delete()


@transaction.atomic
def resume_trust(*, actor: Actor, trust_id: int, why: str) -> CategoryTrust:
    """Let a stopped category go out again; it starts with a clean sheet. Needs a reason."""
    permissions.can(actor, "dispatch:automatic").require("dispatch:automatic")
    trust = _locked(trust_id)
    if trust.stopped_at is None:
        raise Refused("running", _("This category is not stopped."))
    if not why.strip():
        words = _("Say what was mended.")
        raise Invalid("why", words, details={"why": words})
    trust.stopped_at, trust.stopped_why, trust.judged_from = None, "", now()
    trust.changed_by, trust.changed_at = actor.key(), now()
    trust.save(update_fields=["stopped_at", "stopped_why", "judged_from", "changed_by", "changed_at"])
    _record(actor, "dispatch.resume_trust", trust, why.strip())
    return trust


def _locked(trust_id: int) -> CategoryTrust:
    trust = (
        CategoryTrust.objects.select_for_update(of=("self",))
        .select_related("category")
        .filter(pk=trust_id)
        .first()
    )
    if trust is None:
        raise NotVisible(trust_id)
    return trust


@transaction.atomic
def switch(*, actor: Actor, on: bool, why: str = "") -> AutomaticSwitch:
    """Stop all automatic dispatch at once, or allow it. Stopping needs no reason; allowing does."""
    permissions.can(actor, "dispatch:automatic").require("dispatch:automatic")
    if on and not why.strip():
        words = _("Say why it may go on.")
        raise Invalid("why", words, details={"why": words})
    given = {"on": on, "why": why.strip()[:300], "changed_by": actor.key(), "changed_at": now()}
    row, made = AutomaticSwitch.objects.select_for_update().get_or_create(pk=1, defaults=given)
    if not made and row.on == on:
        return row  # a second click, or a colleague was faster
    if not made:
        for name, value in given.items():
            setattr(row, name, value)
        row.save(update_fields=list(given))
    record(
        actor=actor,
        verb="dispatch.switch_automatic",
        object_type="automatic_switch",
        object_id="1",
        reason=row.why,
        data={"on": on},
    )
    publish(["pool"], "automatic.changed", on=on)
    return row
