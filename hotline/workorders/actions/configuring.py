"""The city's own words and tree: categories, reasons, scripts, settings. Nothing is deleted; everything is dated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from hotline.accounts.permissions import scope_allows
from hotline.audit.actions import record
from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.workorders import city as settings
from hotline.workorders.models import (
    Category,
    CitySettings,
    DemandType,
    ReasonCode,
    ReasonKind,
    Script,
    Urgency,
)

CODE = "workorders:configure"


def _permit(actor: Actor) -> None:
    scope_allows(actor, CODE, unit_paths=[settings.city().hub_path]).require(CODE)


def _fault(field: str, words: str) -> Invalid:
    return Invalid(field, words, details={field: words})


def pinyin_of(name: str) -> str:
    """Initials and full pinyin, for search."""
    from pypinyin import Style, lazy_pinyin  # half a second that few processes need

    return f"{''.join(lazy_pinyin(name, style=Style.FIRST_LETTER))} {''.join(lazy_pinyin(name))}".lower()[
        :400
    ]


# ── taxonomy ──


def _category(category_id: int) -> Category:
    row = Category.objects.select_for_update().filter(pk=category_id).first()
    if row is None:
        raise NotVisible("category")
    return row


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    name = str(fields.get("name", "")).strip()
    if not name or len(name) > 80:
        raise _fault("name", _("A name of at most 80 characters is needed."))
    if fields.get("default_urgency") not in Urgency.values:
        raise _fault("default_urgency", _("Choose the urgency."))
    types = list(fields.get("demand_types", ()))
    if any(kind not in DemandType.values for kind in types):
        raise _fault("demand_types", _("Choose one of the list."))
    start, end = fields.get("effective_from"), fields.get("effective_to")
    if start and end and end < start:
        raise _fault("effective_to", _("The end lies before the beginning."))
    return {
        "name": name,
        "description": str(fields.get("description", "")),
        "demand_types": types,
        "default_urgency": fields["default_urgency"],
        "default_level": fields.get("default_level", ""),
        "default_unit_id": fields.get("default_unit_id"),
        "effective_from": start,
        "effective_to": end,
        "pinyin": pinyin_of(name),
    }


def _twin(name: str, parent_id: int | None, except_id: int | None = None) -> None:
    if Category.objects.filter(parent_id=parent_id, name=name).exclude(pk=except_id or 0).exists():
        raise _fault("name", _("There is a category of this name at this place."))


def _next_code(parent: Category | None) -> str:
    """The next number below a parent; codes are dotted by level: 03.02.11."""
    head = f"{parent.code}." if parent else ""
    depth = head.count(".")
    used = [
        int(code.split(".")[depth])
        for code in Category.objects.filter(code__startswith=head, level=depth + 1).values_list(
            "code", flat=True
        )
        if re.fullmatch(r"\d+(\.\d+)*", code)
    ]
    number = max(used, default=0) + 1
    return f"{head}{number:02d}"


@transaction.atomic
def add_category(*, actor: Actor, parent_id: int | None, **fields: Any) -> Category:
    """A new node below `parent_id` (None: a root). Fields as `Category`; raises Invalid, NotPermitted."""
    _permit(actor)
    parent = _category(parent_id) if parent_id else None
    given = _checked(fields)
    _twin(given["name"], parent_id)
    row = Category.objects.create(
        parent=parent,
        code=_next_code(parent),
        level=parent.level + 1 if parent else 1,
        path_name=" › ".join(
            filter(None, (parent.path_name or parent.name if parent else "", given["name"]))
        ),
        **given,
    )
    record(
        actor=actor,
        verb="workorders.add_category",
        object_type="category",
        object_id=row.code,
        data={"name": row.name},
    )
    settings.forget()
    return row


@transaction.atomic
def edit_category(*, actor: Actor, category_id: int, **fields: Any) -> Category:
    """Rename or set defaults; a new name shows in all paths below. Orders keep pointing to the node."""
    _permit(actor)
    row = _category(category_id)
    given = _checked(fields)
    _twin(given["name"], row.parent_id, row.pk)
    old = {name: getattr(row, name) for name in given if name != "pinyin"}
    for name, value in given.items():
        setattr(row, name, value)
    row.save()
    _renamed(row)
    changed = {name: [old[name], given[name]] for name in old if old[name] != given[name]}
    record(
        actor=actor, verb="workorders.edit_category", object_type="category", object_id=row.code, data=changed
    )
    settings.forget()
    return row


def _renamed(row: Category) -> None:
    """Write level, code and path of a node and everything below it."""
    parent = row.parent
    row.path_name = " › ".join(filter(None, (parent.path_name or parent.name if parent else "", row.name)))
    row.level = parent.level + 1 if parent else 1
    row.save(update_fields=["path_name", "level", "code"])
    for child in Category.objects.filter(parent=row).select_related("parent"):
        child.parent = row
        child.code = f"{row.code}.{child.code.rsplit('.', 1)[-1]}"
        _renamed(child)


@transaction.atomic
def move_category(*, actor: Actor, category_id: int, parent_id: int | None) -> Category:
    """Hang a node, with all below it, elsewhere; it and they get new codes. Raises Refused for a place below itself."""
    _permit(actor)
    row = _category(category_id)
    parent = _category(parent_id) if parent_id else None
    if parent is not None and (parent.pk == row.pk or parent.code.startswith(f"{row.code}.")):
        raise Refused("cycle", _("A category cannot be moved below itself."))
    if row.parent_id == parent_id:
        return row
    _twin(row.name, parent_id, row.pk)
    old = row.code
    row.parent, row.code = parent, _next_code(parent)
    row.save(update_fields=["parent", "code"])
    _renamed(row)
    record(
        actor=actor,
        verb="workorders.move_category",
        object_type="category",
        object_id=row.code,
        data={"old": old, "new": row.code},
    )
    settings.forget()
    return row


@transaction.atomic
def retire_category(
    *, actor: Actor, category_id: int, replaced_by_id: int | None, last_day: date
) -> Category:
    """No new orders after `last_day`; statistics follow `replaced_by`. Raises Refused while something below is in use."""
    _permit(actor)
    row = _category(category_id)
    below = Category.objects.filter(code__startswith=f"{row.code}.").filter(
        Q(effective_to__isnull=True) | Q(effective_to__gt=last_day)
    )
    if below.exists():
        raise Refused("children", _("Categories below it are still in use; retire or move them first."))
    if replaced_by_id == row.pk:
        raise _fault("replaced_by", _("It cannot replace itself."))
    successor = _category(replaced_by_id) if replaced_by_id else None
    if successor is not None and successor.effective_to is not None and successor.effective_to <= last_day:
        raise _fault("replaced_by", _("The successor is retired itself."))
    row.effective_to, row.replaced_by = last_day, successor
    row.save(update_fields=["effective_to", "replaced_by"])
    record(
        actor=actor,
        verb="workorders.retire_category",
        object_type="category",
        object_id=row.code,
        data={"last_day": last_day, "replaced_by": successor.code if successor else None},
    )
    settings.forget()
    return row


# ── reasons and scripts: dated versions ──


def check_dates(
    start: date,
    end: date | None,
    *,
    others: Sequence[tuple[date, date | None]],
    now: date,
) -> None:
    """The check before a version takes effect: not in the past, in order, not over another version of the same code."""
    if start < now:
        raise _fault(
            "effective_from", _("It cannot take effect in the past; orders handled then stay as they were.")
        )
    if end is not None and end < start:
        raise _fault("effective_to", _("The end lies before the beginning."))
    for other_start, other_end in others:
        if other_start == start or (other_start > start and (end is None or other_start <= end)):
            raise _fault(
                "effective_from",
                _("Another version begins on %(day)s; end this one before it.") % {"day": other_start},
            )
        if other_end is not None and other_start < start <= other_end and other_end < now:
            raise _fault("effective_from", _("This lies within a version that has ended already."))


@transaction.atomic
def save_reason(
    *,
    actor: Actor,
    kind: str,
    code: str,
    name: str,
    effective_from: date,
    effective_to: date | None = None,
    legal_basis: str = "",
    script: str = "",
    parent_code: str = "",
) -> ReasonCode:
    """A new version of a reason (or a new reason); the version in effect before ends the day before it begins."""
    _permit(actor)
    if kind not in ReasonKind.values:
        raise _fault("kind", _("Choose one of the list."))
    code = code.strip()
    if not re.fullmatch(r"[a-z0-9_]{1,40}", code):
        raise _fault("code", _("A code has lower-case letters, digits and _ only."))
    if not name.strip():
        raise _fault("name", _("A name is needed."))
    if parent_code and not ReasonCode.objects.filter(kind=kind, code=parent_code).exists():
        raise _fault("parent_code", _("There is no such branch."))
    rows = ReasonCode.objects.select_for_update().filter(kind=kind, code=code)
    version = _replace(
        rows,
        effective_from,
        effective_to,
        {
            "kind": kind,
            "code": code,
            "name": name.strip()[:120],
            "legal_basis": legal_basis,
            "script": script,
            "parent_code": parent_code,
        },
        ReasonCode,
    )
    record(
        actor=actor,
        verb="workorders.save_reason",
        object_type="reason",
        object_id=f"{kind}/{code}",
        data={"name": name, "from": effective_from, "to": effective_to},
    )
    return version  # type: ignore[no-any-return]


@transaction.atomic
def save_script(
    *, actor: Actor, code: str, title: str, text: str, effective_from: date, effective_to: date | None = None
) -> Script:
    """A new version of a script (or a new one), as `save_reason`."""
    _permit(actor)
    code = code.strip()
    if not re.fullmatch(r"[a-z0-9_.]{1,60}", code):
        raise _fault("code", _("A code has lower-case letters, digits and _ only."))
    if not title.strip():
        raise _fault("title", _("A title is needed."))
    if not text.strip():
        raise _fault("text", _("The words are needed."))
    unclosed = [mark for mark in ("[]", "【】", "{}") if text.count(mark[0]) != text.count(mark[1])]
    if unclosed:
        raise _fault("text", _("A bracket of a placeholder is not closed: %(mark)s") % {"mark": unclosed[0]})
    rows = Script.objects.select_for_update().filter(code=code)
    version = _replace(
        rows, effective_from, effective_to, {"code": code, "title": title.strip()[:120], "text": text}, Script
    )
    record(
        actor=actor,
        verb="workorders.save_script",
        object_type="script",
        object_id=code,
        data={"title": title, "from": effective_from, "to": effective_to},
    )
    return version  # type: ignore[no-any-return]


def _replace(rows: Any, start: date, end: date | None, fields: Mapping[str, Any], model: Any) -> Any:
    day = today()
    same = rows.filter(effective_from=start).first()
    # A version that has not begun yet may still be corrected.
    correctable = same is not None and same.effective_from > day
    others = rows.exclude(pk=same.pk) if correctable else rows
    check_dates(start, end, others=list(others.values_list("effective_from", "effective_to")), now=day)
    if correctable:
        for name, value in {**fields, "effective_to": end}.items():
            setattr(same, name, value)
        same.save()
        return same
    rows.filter(effective_from__lt=start).filter(
        Q(effective_to__isnull=True) | Q(effective_to__gte=start)
    ).update(effective_to=start - timedelta(days=1))
    return model.objects.create(effective_from=start, effective_to=end, **fields)


# ── city ──

OPTIONS: Mapping[str, tuple[int, int]] = {
    "contact_tries": (1, 10),
    "follow_up_tries": (1, 10),
    "follow_up_days": (1, 90),
    "supplement_days": (1, 90),
    "archive_days": (1, 365),
    "redos_before_supervision": (1, 10),
    "returns_before_arbitration": (1, 10),
}
"""Whole-number options that the page edits, with their bounds; others in `options` stay as they are."""


@transaction.atomic
def save_city(
    *,
    actor: Actor,
    name: str,
    hotline_name: str,
    division_code: str,
    number_prefix: str,
    accent: str,
    hub_id: int | None,
    options: Mapping[str, int],
) -> CitySettings:
    """What the city calls itself and how it works. Raises Invalid."""
    _permit(actor)
    if not name.strip():
        raise _fault("name", _("A name is needed."))
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", accent):
        raise _fault("accent", _("A colour looks like #0b5c73."))
    if not re.fullmatch(r"[A-Z]{0,6}", number_prefix):
        raise _fault("number_prefix", _("At most six capital letters."))
    if not re.fullmatch(r"\d{12}", division_code):
        raise _fault("division_code", _("A division's code has twelve digits."))
    for option, value in options.items():
        low, high = OPTIONS[option]
        if not low <= value <= high:
            raise _fault(option, _("Between %(low)d and %(high)d.") % {"low": low, "high": high})
    row = CitySettings.objects.select_for_update().filter(pk=1).first() or CitySettings(pk=1)
    old = {"name": row.name, "number_prefix": row.number_prefix, "accent": row.accent, "options": row.options}
    row.name, row.hotline_name, row.division_code = name.strip(), hotline_name.strip(), division_code
    row.number_prefix, row.accent, row.hub_id = number_prefix, accent, hub_id
    row.options = {**row.options, **options}
    row.save()
    record(
        actor=actor,
        verb="workorders.save_city",
        object_type="city",
        object_id=1,
        data={"old": old, "options": dict(options)},
    )
    settings.forget()
    return row
