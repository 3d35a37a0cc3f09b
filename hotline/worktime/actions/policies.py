"""Versions of deadline policies: loaded from a pack, drafted, checked, published from a day on."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from hotline.audit import actions as audit
from hotline.kit import events
from hotline.kit.actor import Actor
from hotline.kit.clock import CITY_ZONE, now
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.worktime import queries
from hotline.worktime.models import Calendar, Policy, VersionState
from hotline.worktime.permissions import MANAGE, can_manage
from hotline.worktime.rules import PolicyDocument, PolicyInvalid
from hotline.worktime.rules.checks import Finding, Severity, check_policy

POLICY_PUBLISHED = events.declare(
    "worktime.policy_published", "A version of a deadline policy was published."
)
PACKS = Path(__file__).parent.parent / "packs"


def policy_packs() -> list[tuple[str, str]]:
    """(name to load by, the policy's own name) of every pack that comes with the platform."""
    return [
        (path.stem, yaml.safe_load(path.read_text(encoding="utf-8"))["name"])
        for path in sorted(PACKS.glob("*.yaml"))
    ]


def load_policy_pack(
    *,
    actor: Actor,
    name: str = "",
    path: Path | None = None,
    effective_from: datetime | None = None,
    publish: bool = True,
) -> Policy:
    """Take a pack (`name` of one that comes with the platform, or a file) in as a new version and publish it.

    The version in effect is returned when its document is the same. Raises Invalid, Refused.
    """
    if path is None:
        if not re.fullmatch(r"[a-z0-9-]{1,40}", name) or not (PACKS / f"{name}.yaml").is_file():
            known = ", ".join(sorted(file.stem for file in PACKS.glob("*.yaml")))
            raise Invalid(
                "pack",
                _("There is no policy pack %(name)s; there are %(known)s.") % {"name": name, "known": known},
            )
        path = PACKS / f"{name}.yaml"
    document = _document(path.read_text(encoding="utf-8"))
    with transaction.atomic():
        _lock()
        can_manage(actor).require(MANAGE)
        same = Policy.objects.exclude(state=VersionState.DRAFT).filter(
            Q(effective_to__isnull=True) | Q(effective_to__gt=now()), name=document.name
        )
        for row in same:
            if row.document == document.raw:
                return row
        policy = _create(actor, document, "load_policy", effective_from)
        return (
            publish_policy(actor=actor, policy_id=policy.pk, effective_from=policy.effective_from)
            if publish
            else policy
        )


def draft_policy(*, actor: Actor, policy_id: int) -> Policy:
    """A new draft from a version; the open draft of that name when there is one."""
    with transaction.atomic():
        _lock()
        can_manage(actor).require(MANAGE)
        source = Policy.objects.filter(pk=policy_id).first()
        if source is None:
            raise NotVisible
        found = Policy.objects.filter(name=source.name, state=VersionState.DRAFT).first()
        return found or _create(actor, PolicyDocument.parse(source.document), "draft_policy", None)


def save_policy(*, actor: Actor, policy_id: int, text: str) -> Policy:
    """Replace a draft's document by YAML. Raises Invalid with `details` path → fault; nothing is lost then."""
    document = _document(text)
    with transaction.atomic():
        draft = _own_draft(actor, policy_id)
        if (
            draft.name != document.name
            and Policy.objects.filter(name=document.name, version=draft.version).exists()
        ):
            raise Refused(
                "name_taken", _("There is another policy of that name; keep the name of the draft.")
            )
        draft.document, draft.name, draft.source = dict(document.raw), document.name[:60], _sources(document)
        draft.save(update_fields=["document", "name", "source"])
        _record(actor, "save_policy", draft)
    return draft


def discard_policy(*, actor: Actor, policy_id: int) -> None:
    """Throw a draft away."""
    with transaction.atomic():
        draft = _own_draft(actor, policy_id)
        _record(actor, "discard_policy", draft)
        draft.delete()


def findings_of(document: PolicyDocument, effective_from: datetime) -> list[Finding]:
    """The check of a document against the values in use and the calendar in effect."""
    row = Calendar.objects.filter(state=VersionState.PUBLISHED).first()
    held = queries.calendar(row.pk).calendar if row is not None else None
    day = max(effective_from, now()).astimezone(CITY_ZONE).date()
    return check_policy(document, queries.vocabulary(), held, day)


def publish_policy(*, actor: Actor, policy_id: int, effective_from: datetime) -> Policy:
    """Put a draft into effect from a moment on; what held then ends there. Orders keep the version they were pinned to.

    Raises Refused with the check's findings, or when the moment lies before that of a version already in effect.
    """
    with transaction.atomic():
        _lock()
        draft = _own_draft(actor, policy_id)
        stops = [
            finding.text
            for finding in findings_of(PolicyDocument.parse(draft.document), effective_from)
            if finding.severity is Severity.STOP
        ]
        if stops:
            raise Refused("policy_check", " ".join(stops), details={"findings": stops})
        others = Policy.objects.exclude(state=VersionState.DRAFT)
        later = others.filter(effective_from__gte=effective_from).order_by("effective_from").first()
        if later is not None:
            raise Refused(
                "effective_from",
                _("%(name)s, version %(version)d, begins on %(day)s. Choose a later moment.")
                % {
                    "name": later.name,
                    "version": later.version,
                    "day": f"{later.effective_from.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}",
                },
            )
        others.filter(Q(effective_to__isnull=True) | Q(effective_to__gt=effective_from)).update(
            effective_to=effective_from
        )
        others.filter(effective_to__lte=now()).update(state=VersionState.RETIRED)
        draft.state, draft.effective_from, draft.published_by = (
            VersionState.PUBLISHED,
            effective_from,
            actor.key(),
        )
        draft.save(update_fields=["state", "effective_from", "published_by"])
        _record(actor, "publish_policy", draft, effective_from=effective_from)
        events.emit(POLICY_PUBLISHED, policy_id=draft.pk)
    return draft


# ---- pieces


def _lock() -> None:
    list(Policy.objects.select_for_update().order_by("id").values_list("id", flat=True))


def _own_draft(actor: Actor, policy_id: int) -> Policy:
    draft = Policy.objects.select_for_update().filter(pk=policy_id).first()
    if draft is None:
        raise NotVisible
    can_manage(actor).require(MANAGE)
    if draft.state != VersionState.DRAFT:
        raise Refused("published", _("A published policy never changes; draft a new version from it."))
    return draft


def _document(text: str) -> PolicyDocument:
    try:
        data: Any = yaml.safe_load(text)
        # YAML reads dates and base-60 times by itself; what is stored must be what JSON can hold.
        document = PolicyDocument.parse(data)
    except PolicyInvalid as invalid:
        faults = {fault.path: fault.message for fault in invalid.faults}
        raise Invalid(
            "policy",
            _("The policy was not taken: %(faults)s") % {"faults": "; ".join(map(str, invalid.faults))},
            details=faults,
        ) from invalid
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        # The reader also gives up on numbers of a thousand digits, on months that do not exist and on bottomless nests.
        raise Invalid("yaml", _("This is not YAML: %(fault)s") % {"fault": str(error)}) from error
    return document


def _create(actor: Actor, document: PolicyDocument, verb: str, effective_from: datetime | None) -> Policy:
    latest = Policy.objects.filter(name=document.name).aggregate(latest=Max("version"))["latest"] or 0
    policy = Policy.objects.create(
        name=document.name[:60],
        version=latest + 1,
        effective_from=effective_from or now(),
        document=dict(document.raw),
        source=_sources(document),
    )
    _record(actor, verb, policy)
    return policy


def _sources(document: PolicyDocument) -> str:
    return "\n".join(str(line) for line in document.raw.get("sources") or ())


def _record(actor: Actor, verb: str, policy: Policy, **data: object) -> None:
    audit.record(
        actor=actor,
        verb=f"worktime.{verb}",
        object_type="policy",
        object_id=policy.pk,
        data={"name": policy.name, "version": policy.version, **data},
    )
