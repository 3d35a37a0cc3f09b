"""Adding to, ending and importing the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _

from hotline.accounts.models import Unit
from hotline.audit.actions import record
from hotline.dispatch import permissions
from hotline.dispatch.models import CatalogueEntry
from hotline.dispatch.rules import CatalogueRow, RowFault, check_rows, last_days
from hotline.kit.actor import Actor
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotVisible, Refused
from hotline.kit.tables import read_table
from hotline.places.models import Division
from hotline.workorders.models import Category

COLUMNS = (
    "category_code",
    "area_code",
    "lead_unit_code",
    "assistant_unit_codes",
    "legal_basis",
    "effective_from",
)


@transaction.atomic
def add_entry(
    *,
    actor: Actor,
    category_id: int,
    area_code: str,
    lead_unit_id: int,
    assistant_ids: Sequence[int] = (),
    legal_basis: str = "",
    effective_from: date,
) -> CatalogueEntry:
    """Name a unit for a category and area from a day on; what held there before ends the day before. Invalid by field."""
    permissions.can(actor, "dispatch:catalogue").require("dispatch:catalogue")
    category = Category.objects.select_for_update().filter(pk=category_id).first()
    errors = {}
    if category is None:
        errors["category"] = _("There is no such category.")
    if area_code and not Division.objects.filter(pk=area_code).exists():
        errors["area_code"] = _("There is no division with this code.")
    if not Unit.objects.filter(Q(closed_on=None) | Q(closed_on__gt=effective_from), pk=lead_unit_id).exists():
        errors["lead_unit"] = _("There is no such unit, or it is closed then.")
    if lead_unit_id in assistant_ids:
        errors["assistants"] = _("The lead unit cannot assist itself.")
    if errors or category is None:
        raise Invalid("invalid", _("Something is still missing or wrong."), details=errors)
    same = CatalogueEntry.objects.filter(category=category, area_code=area_code)
    if same.filter(effective_from__gte=effective_from).exists():
        words = _("An entry of that day or a later one exists; choose a day after it, or end it first.")
        raise Invalid("effective_from", words, details={"effective_from": words})
    same.filter(Q(effective_to=None) | Q(effective_to__gte=effective_from)).update(
        effective_to=effective_from - timedelta(days=1)
    )
    made = CatalogueEntry.objects.create(
        category=category,
        area_code=area_code,
        lead_unit_id=lead_unit_id,
        legal_basis=legal_basis.strip(),
        effective_from=effective_from,
    )
    made.assistants.set(assistant_ids)
    record(
        actor=actor,
        verb="dispatch.add_entry",
        object_type="catalogue_entry",
        object_id=str(made.pk),
        data={"category": category.code, "area": area_code, "unit": lead_unit_id},
    )
    return made


@transaction.atomic
def retire_entry(*, actor: Actor, entry_id: int, last_day: date, reason: str) -> CatalogueEntry:
    """End an entry after `last_day`; it stays, so that older dispatches can be explained."""
    permissions.can(actor, "dispatch:catalogue").require("dispatch:catalogue")
    entry = CatalogueEntry.objects.select_for_update().filter(pk=entry_id).first()
    if entry is None:
        raise NotVisible(entry_id)
    if entry.effective_to is not None and entry.effective_to < today():
        raise Refused("ended", _("This entry has already ended."))
    if last_day < entry.effective_from - timedelta(days=1):
        words = _("The last day lies before the first.")
        raise Invalid("last_day", words, details={"last_day": words})
    entry.effective_to = last_day
    entry.save(update_fields=["effective_to"])
    record(
        actor=actor,
        verb="dispatch.retire_entry",
        object_type="catalogue_entry",
        object_id=str(entry.pk),
        reason=reason.strip(),
        data={"last_day": last_day.isoformat()},
    )
    return entry


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: rows read, entries made, faults by line (then nothing was made)."""

    rows: int
    made: int
    faults: list[RowFault]


def read_rows(text: str) -> list[CatalogueRow]:
    """Rows of a CSV with the columns of `COLUMNS`; Invalid when columns are missing."""
    rows = []
    for line, cells in read_table(text, COLUMNS[:3]):
        codes = cells.get("assistant_unit_codes", "").replace("|", ";").split(";")
        rows.append(
            CatalogueRow(
                line=line,
                category_code=cells["category_code"],
                area_code=cells["area_code"],
                lead_unit_code=cells["lead_unit_code"],
                assistant_codes=tuple(code.strip() for code in codes if code.strip()),
                legal_basis=cells.get("legal_basis", ""),
                effective_from=cells.get("effective_from") or today().isoformat(),
            )
        )
    return rows


def newest_entries() -> dict[tuple[str, str], date]:
    """(category code, area code) → first day of the newest entry. One query."""
    rows = CatalogueEntry.objects.values_list("category__code", "area_code").annotate(Max("effective_from"))
    return {(code, area): day for code, area, day in rows}


@transaction.atomic
def import_catalogue(*, actor: Actor, rows: Iterable[CatalogueRow], dry_run: bool) -> Imported:
    """Check a list and, unless it is a dry run or has faults, add all of it.

    An entry ends the one before it for the same category and area, be it in the catalogue or in the list; what the
    catalogue already has for that day or a later one is a fault.
    """
    permissions.can(actor, "dispatch:catalogue").require("dispatch:catalogue")
    listed = list(rows)
    categories = dict(Category.objects.values_list("code", "id"))
    units = {code: (pk, closed) for code, pk, closed in Unit.objects.values_list("code", "id", "closed_on")}
    faults = check_rows(
        listed,
        categories=categories,
        divisions=set(
            Division.objects.filter(pk__in={row.area_code for row in listed}).values_list("pk", flat=True)
        ),
        units={code: closed is None for code, (_pk, closed) in units.items()},
        known=newest_entries(),
    )
    if dry_run or faults:
        return Imported(len(listed), 0, faults)
    for row in listed:
        first = date.fromisoformat(row.effective_from)
        CatalogueEntry.objects.filter(
            Q(effective_to=None) | Q(effective_to__gte=first),
            category_id=categories[row.category_code],
            area_code=row.area_code,
            effective_from__lt=first,
        ).update(effective_to=first - timedelta(days=1))
    made = CatalogueEntry.objects.bulk_create(
        CatalogueEntry(
            category_id=categories[row.category_code],
            area_code=row.area_code,
            lead_unit_id=units[row.lead_unit_code][0],
            legal_basis=row.legal_basis,
            effective_from=date.fromisoformat(row.effective_from),
            effective_to=last,
        )
        for row, last in zip(listed, last_days(listed), strict=True)
    )
    through = CatalogueEntry.assistants.through
    through.objects.bulk_create(
        through(catalogueentry_id=entry.pk, unit_id=units[code][0])
        for entry, row in zip(made, listed, strict=True)
        for code in row.assistant_codes
    )
    record(
        actor=actor,
        verb="dispatch.import_catalogue",
        object_type="catalogue_entry",
        object_id="",
        data={"made": len(made)},
    )
    return Imported(len(listed), len(made), [])
