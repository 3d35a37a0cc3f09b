"""Who can see and do what on one order, and why: role × unit × area × secrecy × named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.accounts.models import Membership, Role
from hotline.accounts.permissions import Reach, label_of, out_of_reach
from hotline.accounts.queries.actors import grant_of, in_effect, valid_memberships
from hotline.accounts.rules import ABOUT_GRANTS, NEVER_SECRET, PERMISSIONS, SCOPE_LABELS, codes_of
from hotline.kit.clock import now

NAMES = 8
"""People named in one line; the rest are counted."""


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What of an order decides who may act. `unit_paths` of every unit concerned, `named_ids` of its named handlers."""

    unit_paths: tuple[str, ...] = ()
    area_code: str = ""
    secret: bool = False
    named_ids: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Holder:
    """One line: who, by which role at which unit, how many people, what they may do, and why."""

    role: str
    unit: str
    why: str
    people: int
    names: tuple[str, ...]
    may_see: bool
    verbs: tuple[str, ...]


def who_can(facts: OrderFacts) -> list[Holder]:
    """Everybody who can see the order or act on it, by role and unit; those who see it first. Three statements.

    The verbs are what the role and its reach allow; the order's present state may narrow them further.
    """
    above = {int(part) for path in facts.unit_paths for part in path.split("/") if part}
    moment = now()
    wide = [role for role in Role if any(scope in ("city", "area") for scope in codes_of(role).values())]
    reach = Q(role__in=wide) | Q(unit_id__in=above) | Q(person_id__in=facts.named_ids)
    groups: dict[tuple[str, int, str, bool, bool], list[Membership]] = defaultdict(list)
    for membership in (
        valid_memberships(moment)
        .filter(reach, person__is_active=True)
        .select_related("unit", "person")
        .order_by("id")
    ):
        named = membership.person_id in facts.named_ids
        groups[
            membership.role, membership.unit_id, membership.area_code, membership.handles_secret, named
        ].append(membership)
    stand_ins = _stand_ins({m.person_id for group in groups.values() for m in group})
    holders = [
        holder for group in groups.values() if (holder := _holder(facts, group, stand_ins)) is not None
    ]
    return sorted(holders, key=lambda holder: (not holder.may_see, holder.role, holder.unit))


def _holder(facts: OrderFacts, group: list[Membership], stand_ins: dict[int, list[str]]) -> Holder | None:
    first = group[0]
    named = first.person_id in facts.named_ids
    grant = grant_of(first)
    allowed: dict[str, str] = {}
    for code, scope in codes_of(first.role).items():
        if (
            not code.startswith(("workorders:", "accounts:reveal_identity", "followup:"))
            or code == "workorders:configure"
        ):
            continue
        if (
            facts.secret
            and code not in ABOUT_GRANTS
            and (first.role in NEVER_SECRET or not (named or first.handles_secret))
        ):
            continue
        if named and code == "workorders:view":
            allowed[code] = _("named handler of this order")
        elif out_of_reach(Reach(scope, grant), facts.unit_paths, facts.area_code, own=False) is None:
            allowed[code] = str(SCOPE_LABELS[scope])
    if not allowed:
        return None
    names: list[str] = []
    for membership in group[:NAMES]:
        names.append(membership.person.name)
        names += [
            _("%(name)s (for %(others)s)") % {"name": other, "others": membership.person.name}
            for other in stand_ins.get(membership.person_id, [])
        ]
    reason = allowed.get("workorders:view") or next(iter(allowed.values()))
    if facts.secret and first.handles_secret and not named:
        reason = _("%(reason)s; named for confidential orders of the unit") % {"reason": reason}
    if first.area_code:
        reason = _("%(reason)s; limited to area %(area)s") % {"reason": reason, "area": first.area_code}
    return Holder(
        role=str(Role(first.role).label),
        unit=first.unit.short_name,
        why=reason,
        people=len(group),
        names=tuple(names),
        may_see="workorders:view" in allowed,
        verbs=tuple(label_of(code) for code in PERMISSIONS if code in allowed and code != "workorders:view"),
    )


def _stand_ins(people: Iterable[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for delegation in (
        in_effect(now())
        .filter(from_person_id__in=list(people), to_person__is_active=True)
        .select_related("to_person")
    ):
        found[delegation.from_person_id].append(delegation.to_person.name)
    return found
