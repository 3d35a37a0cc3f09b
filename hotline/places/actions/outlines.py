"""Imports of outlines: a level is published whole, or nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely
from django.db import transaction

from hotline.audit.actions import record
from hotline.kit import clock
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid
from hotline.places import rules
from hotline.places.models import Area, AreaLevel, Division, DivisionLevel, OutlineSet
from hotline.places.permissions import require_manage
from hotline.places.queries.located import forget_outlines, newest_set
from hotline.places.rules import RowFault
from hotline.places.rules.coordinates import System
from hotline.places.rules.finding import Outlines
from hotline.places.rules.outlines import NoGeoJson, Outline, check_outlines, read_document, read_outlines

BATCH = 1000
_DIVISIONS = {AreaLevel.DISTRICT: DivisionLevel.DISTRICT, AreaLevel.STREET: DivisionLevel.STREET}
_ABOVE = {AreaLevel.STREET: AreaLevel.DISTRICT, AreaLevel.GRID: AreaLevel.STREET}


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or would do: areas, mended ones by name, faults by feature (then nothing is written)."""

    areas: Sequence[Outline] = ()
    faults: Sequence[RowFault] = ()
    outlines_id: int | None = None

    @property
    def repaired(self) -> list[str]:
        return [one.name or one.code for one in self.areas if one.repaired]


def import_outlines(
    *,
    actor: Actor,
    data: bytes,
    source: str,
    level: str,
    system: str,
    code_field: str = "",
    name_field: str = "name",
    parent_field: str = "",
    within: str = "",
    dry_run: bool = False,
) -> Imported:
    """Publish a level's outlines from a GeoJSON file, all or none; with `dry_run` only look.

    `system` names the file's coordinates (`rules.coordinates.System`). Districts and streets are known by code (2 to 12
    digits) or, where the code is empty, by a name that one division below `within` has. Raises NotPermitted, and Invalid
    when the file, level or system is none.
    """
    require_manage(actor)
    if level not in AreaLevel.values or system not in set(System):
        name = "level" if level not in AreaLevel.values else "system"
        raise Invalid(name, f"{name}: {level if name == 'level' else system}", details={name: "unknown"})
    try:
        features = read_document(data)
    except NoGeoJson as error:
        return Imported(faults=[RowFault(0, "file", "no_geojson", str(error))])
    read, faults = read_outlines(
        features, system=System(system), code_field=code_field, name_field=name_field, parent_field=parent_field
    )
    if level in _DIVISIONS:
        read, wrong = _as_divisions(read, _DIVISIONS[AreaLevel(level)], within)
        faults += wrong
    else:
        read = [replace(one, code=one.code or one.name, name=one.name or one.code) for one in read]
    faults += check_outlines(read)
    if level in _ABOVE:
        read = _placed(read, _ABOVE[AreaLevel(level)])
    if faults or dry_run or not read:
        return Imported(read, sorted(faults, key=lambda fault: fault.line))
    return Imported(read, (), _publish(actor, read, source, level, system))


@transaction.atomic
def _publish(actor: Actor, read: Sequence[Outline], source: str, level: str, system: str) -> int:
    made = OutlineSet.objects.create(
        level=level,
        source=source[-200:],
        system=system,
        areas_count=len(read),
        repaired_count=sum(one.repaired for one in read),
        created_by=actor.key(),
        created_at=clock.now(),
    )
    Area.objects.bulk_create(
        [
            Area(outlines=made, code=one.code, name=one.name, parent_code=one.parent, shape=shapely.to_wkb(one.geometry))
            for one in read
        ],
        batch_size=BATCH,
    )
    record(
        actor=actor,
        verb="places.import_outlines",
        object_type="outlines",
        object_id=made.pk,
        data={"level": level, "source": made.source, "system": system, "areas": len(read)},
    )
    transaction.on_commit(forget_outlines)
    return made.pk


def _as_divisions(
    read: Sequence[Outline], level: DivisionLevel, within: str
) -> tuple[list[Outline], list[RowFault]]:
    """Codes padded and names put right by the divisions that are there."""
    rows = Division.objects.filter(level=level, code__startswith=rules.significant(within))
    names = dict(rows.values_list("code", "name"))
    by_name: dict[str, list[str]] = {}
    for code, name in names.items():
        by_name.setdefault(name, []).append(code)
    known: list[Outline] = []
    faults: list[RowFault] = []
    for one in read:
        code = ""
        if one.code:
            try:
                code = rules.pad_code(one.code)
            except ValueError:
                faults.append(RowFault(one.line, "code", "no_code", f"{one.name} {one.code}".strip()))
                continue
        elif len(by_name.get(one.name, ())) == 1:
            code = by_name[one.name][0]
        if code not in names:
            fault = "same_name" if len(by_name.get(one.name, ())) > 1 else "unknown_division"
            faults.append(RowFault(one.line, "code", fault, f"{one.name} {one.code}".strip()))
            continue
        known.append(replace(one, code=code, name=names[code]))
    return known, faults


def _placed(read: Sequence[Outline], above: AreaLevel) -> list[Outline]:
    """Each area with the one of the level above that its middle lies in, where the file does not say."""
    newest = newest_set(above)
    rows = Area.objects.filter(outlines=newest).values_list("code", "name", "shape") if newest else ()
    holders = Outlines([(code, name, shapely.from_wkb(bytes(shape))) for code, name, shape in rows])
    placed = []
    for one in read:
        middle = one.geometry.representative_point()
        holder = holders.at(middle.x, middle.y)
        placed.append(one if one.parent or holder is None else replace(one, parent=holder.code))
    return placed
