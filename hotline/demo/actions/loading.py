"""Load a city's data pack: checked whole, then written in one transaction; a second load updates by code."""

from __future__ import annotations

import base64
import csv
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from hotline.accounts.actions import enrol_demo_device
from hotline.accounts.models import Membership, Person, Unit
from hotline.audit import actions as audit
from hotline.calls import actions as calls
from hotline.demo.pack import Fault, Pack, check_pack, divisions_of, expand, read_pack
from hotline.dispatch.models import CatalogueEntry
from hotline.intake.models import CategoryForm
from hotline.kit.actor import Actor, system_actor
from hotline.kit.clock import CITY_ZONE
from hotline.kit.errors import Invalid, Refused
from hotline.knowledge import actions as knowledge
from hotline.knowledge import queries as knowledge_queries
from hotline.knowledge.rules import read_csv
from hotline.places import actions as places
from hotline.places.queries import newest_set
from hotline.places.rules import DivisionRow
from hotline.workorders.models import Category, CitySettings, ReasonCode, Script
from hotline.worktime import actions as worktime

BATCH = 1000
Step = Callable[[str, int], None]


class CityFaults(Invalid):
    """The pack is wrong and nothing was written; `faults` lists every mistake with its file and line."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("pack_faults", f"{len(faults)} faults in the data pack")
        self.faults = tuple(faults)


@dataclass(slots=True)
class LoadResult:
    """Rows of each table after the load, by the table's name."""

    counts: dict[str, int] = field(default_factory=dict)


def load_city(*, actor: Actor, folder: Path, step: Step = lambda name, count: None) -> LoadResult:
    """Load the pack in `folder`. `step(name, rows)` is called after each table.

    Raises CityFaults with every mistake found, NotPermitted without `places:manage`, Refused when another city's data
    is there already.
    """
    pack, faults = read_pack(folder)
    if pack is None:
        raise CityFaults(faults)
    divisions, wrong = divisions_of(pack)
    faults += wrong
    expand(pack, divisions)
    faults += check_pack(pack, divisions)
    if faults:
        raise CityFaults(sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.message)))
    with transaction.atomic():
        return _write(actor=actor, pack=pack, divisions=divisions, step=step)


def _write(*, actor: Actor, pack: Pack, divisions: list[DivisionRow], step: Step) -> LoadResult:
    there = CitySettings.objects.select_for_update().first()
    if there and there.division_code != pack.city.division_code:
        raise Refused(
            "another_city",
            f"This database holds {there.name}; load {pack.city.name} into a database of its own.",
        )
    result = LoadResult()

    def done(name: str, count: int) -> None:
        result.counts[name] = count
        step(name, count)

    imported = places.import_divisions(actor=actor, rows=divisions)
    if imported.faults:
        raise CityFaults(
            [
                Fault("divisions", one.line, f"{one.field}: {one.code} ({one.value})")
                for one in imported.faults
            ]
        )
    done("divisions", imported.total)
    if pack.city.outlines:
        done("outlines", _outlines(actor, pack))
    units = _units(pack)
    done("units", len(units))
    done("staff", _staff(actor, pack, units))
    categories = _categories(pack, units)
    done("categories", len(categories))
    done("catalogue", _catalogue(pack, units, categories))
    done("reasons", _reasons(pack))
    done("scripts", _scripts(pack))
    done("forms", _forms(pack, categories))
    done("calendar_years", _worktime(actor, pack))
    done("knowledge", _knowledge(pack))
    done("telephony", _telephony(pack))
    _settings(pack, units)
    audit.record(
        actor=actor,
        verb="demo.load_city",
        object_type="city",
        object_id=pack.city.division_code,
        data={"pack": pack.folder.name, **result.counts},
    )
    return result


def _in_order(codes: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Codes in rows of equal depth, parents before children."""
    parents = dict(codes)

    def depth(code: str) -> int:
        return 1 + depth(parents[code]) if parents[code] else 0

    rows: dict[int, list[str]] = {}
    for code in parents:
        rows.setdefault(depth(code), []).append(code)
    return [rows[key] for key in sorted(rows)]


def _outlines(actor: Actor, pack: Pack) -> int:
    """The pack's outlines; a level that a city has outlines of already keeps them."""
    count = 0
    for one in pack.city.outlines:
        path = pack.folder / one.file
        if not path.is_file():
            raise CityFaults([Fault("city.yaml", 0, f"outlines: {one.file} does not exist")])
        result = places.import_outlines(
            actor=actor,
            data=path.read_bytes(),
            source=one.file,
            level=one.level,
            system=one.system,
            code_field=one.code_field,
            name_field=one.name_field,
            within=pack.city.division_code,
            dry_run=newest_set(one.level) is not None,
        )
        if result.faults:
            raise CityFaults([Fault(one.file, 0, f"feature {found.line}: {found.code} ({found.value})") for found in result.faults])
        count += len(result.areas)
    return count


def _units(pack: Pack) -> dict[str, Unit]:
    rows = {row.code: row for row in pack.units}
    paths = dict(Unit.objects.values_list("code", "path"))
    units: dict[str, Unit] = {}
    for codes in _in_order((row.code, row.parent_code) for row in pack.units):
        batch = []
        for code in codes:
            row = rows[code]
            batch.append(
                Unit(
                    code=code,
                    name=row.name,
                    short_name=row.short_name,
                    pinyin=places.pinyin_key(row.short_name)[:400],
                    parent=units.get(row.parent_code),
                    path=paths.get(code, ""),
                    level=row.level,
                    kind=row.kind,
                    area_code=row.area_code,
                    duties=row.duties,
                    working_hours=row.working_hours or "09:00-17:30",
                    opened_on=row.opened_on,
                    closed_on=row.closed_on,
                )
            )
        saved = Unit.objects.bulk_create(
            batch,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=[
                "name",
                "short_name",
                "pinyin",
                "parent",
                "level",
                "kind",
                "area_code",
                "duties",
                "working_hours",
                "opened_on",
                "closed_on",
            ],
        )
        moved = []
        for unit in saved:
            path = f"{unit.parent.path if unit.parent else '/'}{unit.pk}/"
            if unit.path != path:
                unit.path = path
                moved.append(unit)
            units[unit.code] = unit
        Unit.objects.bulk_update(moved, ["path"], batch_size=BATCH)
    return units


def _staff(actor: Actor, pack: Pack, units: dict[str, Unit]) -> int:
    have = {
        person.username: person
        for person in Person.objects.filter(username__in=[row.username for row in pack.staff])
    }
    # One hash for all: the demo's staff share one password, and Argon2 is slow on purpose.
    demo = settings.DEMO or settings.TESTING
    password = make_password(settings.DEMO_PASSWORD if demo else None)
    fresh = []
    for row in pack.staff:
        if row.username not in have:
            fresh.append(
                Person(
                    username=row.username,
                    name=row.name,
                    title=row.title,
                    password=password,
                    must_change_password=not demo,
                )
            )
    for person in Person.objects.bulk_create(fresh, batch_size=BATCH):
        have[person.username] = person
        if settings.DEMO:
            secret = base64.b32encode(
                hashlib.sha256(f"{pack.folder.name}/{person.username}".encode()).digest()[:20]
            ).decode()
            enrol_demo_device(actor=actor, person=person, secret=secret)
    renamed = []
    for row in pack.staff:
        person = have[row.username]
        if (person.name, person.title) != (row.name, row.title):
            person.name, person.title = row.name, row.title
            renamed.append(person)
    Person.objects.bulk_update(renamed, ["name", "title"], batch_size=BATCH)
    Membership.objects.bulk_create(
        [
            Membership(
                person=have[row.username],
                unit=units[row.unit_code],
                role=role,
                handles_secret=row.clearance == "secret",
            )
            for row in pack.staff
            for role in row.roles
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["person", "unit", "role", "area_code"],
        update_fields=["handles_secret"],
    )
    return len(pack.staff)


def _categories(pack: Pack, units: dict[str, Unit]) -> dict[str, Category]:
    rows = {row.code: row for row in pack.categories}
    saved: dict[str, Category] = {}
    for level, codes in enumerate(_in_order((row.code, row.parent_code) for row in pack.categories), start=1):
        batch = []
        for code in codes:
            row = rows[code]
            parent = saved.get(row.parent_code)
            batch.append(
                Category(
                    code=code,
                    name=row.name,
                    parent=parent,
                    level=level,
                    description=row.description,
                    path_name=f"{parent.path_name}›{row.name}" if parent else row.name,
                    pinyin=places.pinyin_key(row.name)[:400],
                    demand_types=[str(one) for one in row.demand_types],
                    default_urgency=row.default_urgency,
                    default_level=str(row.default_level or ""),
                    default_unit=units.get(row.default_unit_code),
                    effective_from=pack.city.effective_from,
                )
            )
        for category in Category.objects.bulk_create(
            batch,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=[
                "name",
                "parent",
                "level",
                "description",
                "path_name",
                "pinyin",
                "demand_types",
                "default_urgency",
                "default_level",
                "default_unit",
            ],
        ):
            saved[category.code] = category
    return saved


def _catalogue(pack: Pack, units: dict[str, Unit], categories: dict[str, Category]) -> int:
    entries = CatalogueEntry.objects.bulk_create(
        [
            CatalogueEntry(
                category=categories[row.category_code],
                area_code=row.area_code,
                lead_unit=units[row.lead_unit_code],
                legal_basis=row.legal_basis,
                effective_from=row.effective_from,
            )
            for row in pack.catalogue
        ],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["category", "area_code", "effective_from"],
        update_fields=["lead_unit", "legal_basis"],
    )
    through = CatalogueEntry.assistants.through
    through.objects.filter(catalogueentry_id__in=[entry.pk for entry in entries]).delete()
    through.objects.bulk_create(
        [
            through(catalogueentry_id=entry.pk, unit_id=units[code].pk)
            for entry, row in zip(entries, pack.catalogue, strict=True)
            for code in row.assistant_unit_codes
        ],
        batch_size=BATCH,
    )
    return len(entries)


def _reasons(pack: Pack) -> int:
    ReasonCode.objects.bulk_create(
        [
            ReasonCode(
                kind=row.kind,
                code=row.code,
                name=row.name,
                legal_basis=row.legal_basis,
                script=row.script,
                parent_code=row.parent_code,
                effective_from=row.effective_from,
            )
            for row in pack.reasons
        ],
        update_conflicts=True,
        unique_fields=["kind", "code", "effective_from"],
        update_fields=["name", "legal_basis", "script", "parent_code"],
    )
    return len(pack.reasons)


def _scripts(pack: Pack) -> int:
    Script.objects.bulk_create(
        [
            Script(code=row.code, title=row.title, text=row.text, effective_from=row.effective_from)
            for row in pack.scripts
        ],
        update_conflicts=True,
        unique_fields=["code", "effective_from"],
        update_fields=["title", "text"],
    )
    return len(pack.scripts)


def _forms(pack: Pack, categories: dict[str, Category]) -> int:
    CategoryForm.objects.bulk_create(
        [
            CategoryForm(
                category=categories[form.category],
                version=1,
                effective_from=pack.city.effective_from,
                questions=[question.model_dump() for question in form.questions],
            )
            for form in pack.forms
        ],
        update_conflicts=True,
        unique_fields=["category", "version"],
        update_fields=["questions"],
    )
    return len(pack.forms)


def _knowledge(pack: Pack) -> int:
    """Entries and terms of the folder `knowledge`, where the pack has one; terms only into an empty vocabulary."""
    folder = pack.folder / "knowledge"
    if not (folder / "entries.csv").is_file():
        return 0
    rows, wrong = read_csv((folder / "entries.csv").read_bytes())
    if wrong:
        raise CityFaults([Fault("knowledge/entries.csv", one.row, f"{one.field}: {one.message}") for one in wrong])
    count = knowledge.load_entries(actor=knowledge.SYSTEM, rows=rows)
    if not knowledge_queries.terms() and (folder / "terms.csv").is_file():
        keeper = system_actor("demo", "knowledge:configure")
        for line in csv.DictReader((folder / "terms.csv").read_text(encoding="utf-8").splitlines()):
            knowledge.save_term(actor=keeper, words=line["words"].split(";"), kind=line["kind"])
    knowledge.count_words(actor=knowledge.SYSTEM)
    return count


def _telephony(pack: Pack) -> int:
    """Lines, lanes and skills of the folder `telephony`, where the pack has one."""
    folder = pack.folder / "telephony"
    if not folder.is_dir():
        return 0
    try:
        counts = calls.load_telephony(actor=system_actor("demo", "calls:configure"), folder=folder)
    except calls.TelephonyFaults as wrong:
        raise CityFaults([Fault(f"telephony/{one.file}", one.line, one.message) for one in wrong.faults]) from None
    return counts["lines"]


def _worktime(actor: Actor, pack: Pack) -> int:
    calendar = worktime.import_public_holidays(actor=actor, also=[worktime.ASSUMED_2027])
    worktime.load_policy_pack(
        actor=actor,
        name=pack.city.policy_pack,
        effective_from=datetime.combine(pack.city.effective_from, time.min, tzinfo=CITY_ZONE),
    )
    return len(calendar.years)


def _settings(pack: Pack, units: dict[str, Unit]) -> None:
    city = pack.city
    CitySettings.objects.update_or_create(
        pk=1,
        defaults={
            "name": city.name,
            "hotline_name": city.hotline_name,
            "division_code": city.division_code,
            "number_prefix": city.number_prefix,
            "accent": city.accent,
            "hub": units[city.hub],
            "options": {
                **city.options,
                "default_area": city.default_area,
                "policy_pack": city.policy_pack,
                "pack": pack.folder.name,
            },
        },
    )
