"""Lines, lanes, skills, pause codes from a folder of CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Annotated, Any

from django.conf import settings
from django.db import transaction
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from hotline.accounts.models import Person
from hotline.audit import actions as audit
from hotline.calls.models import Contact, Lane, LaneKind, Line, MergeForm, PauseCode, PersonSkill, Skill
from hotline.calls.permissions import can_configure
from hotline.calls.rules import SOUND, Dial, may_dial
from hotline.kit.actor import Actor
from hotline.kit.errors import Invalid


def _empty(value: object) -> object:
    return None if value == "" else value


def _default(value: object) -> object:
    return 0 if value == "" else value


Seconds = Annotated[int | None, BeforeValidator(_empty), Field(ge=0, le=86400)]
Whole = Annotated[int, BeforeValidator(_default), Field(ge=0, le=32000)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,30}$")]
Name = Annotated[str, Field(min_length=1, max_length=60)]
Sound = Annotated[str, Field(pattern=f"^{SOUND.pattern}$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    line: int = 0


class SkillRow(_Row):
    code: Code
    name: Name


class StaffRow(_Row):
    username: str
    skill: str
    level: int = Field(ge=1, le=5)


class LaneRow(_Row):
    code: Code
    name: Name
    kind: LaneKind
    skill: str
    least_level: Annotated[int, Field(ge=1, le=5)] = 1
    priority: Annotated[int, BeforeValidator(_default), Field(ge=-100, le=100)] = 0
    most_waiting: Whole = 0
    overflow_to: str = ""
    overflow_seconds: Seconds = None
    call_back_seconds: Seconds = None
    ring_seconds: Annotated[int, Field(ge=5, le=120)] = 20
    wrap_seconds: Annotated[int, Field(ge=0, le=1800)] = 60
    update_seconds: Annotated[int, Field(ge=0, le=600)] = 60


class LineRow(_Row):
    code: Code
    number: str = Field(pattern=r"^\d{3,20}$")
    name: Name
    merge_form: MergeForm = MergeForm.OWN
    lane: str
    greeting: Sound = "greeting.wav"
    greeting_text: Annotated[str, Field(max_length=500)] = ""
    asks_satisfaction: bool = True
    choice_key: str = Field("", pattern=r"^[1-9]?$")
    choice_lane: str = ""
    opens: time = time(0)
    closes: time = time(0)
    call_back_minutes: Annotated[int, Field(ge=5, le=10080)] = 120
    fallback: bool = False


class PauseRow(_Row):
    code: Code
    name: Name
    most_minutes: Whole = 0


class ContactRow(_Row):
    code: Code
    name: Name
    number: str = Field(pattern=r"^\d{2,20}$")


FILES: Mapping[str, type[_Row]] = {
    "skills.csv": SkillRow,
    "lanes.csv": LaneRow,
    "lines.csv": LineRow,
    "pauses.csv": PauseRow,
    "staff.csv": StaffRow,
    "contacts.csv": ContactRow,
}
OPTIONAL = frozenset({"contacts.csv"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One mistake; line 0 when the file as a whole is meant."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}" if self.line else f"{self.file}: {self.message}"


class TelephonyFaults(Invalid):
    """Nothing was written; `faults` lists every mistake with its file and line."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("telephony_faults", "; ".join(map(str, faults)))
        self.faults = tuple(faults)


@transaction.atomic
def load_telephony(*, actor: Actor, folder: Path) -> dict[str, int]:
    """Skills, lanes, lines, pause codes, staff's levels of a folder; the second time they are updated by code.

    What is there and not in the files stays. Raises NotPermitted, TelephonyFaults with every mistake found.
    """
    can_configure(actor).require("calls:configure")
    rows, faults = _read(folder)
    people = dict(
        Person.objects.filter(username__in=[row.username for row in rows["staff.csv"]]).values_list(
            "username", "id"
        )
    )
    faults += _between(rows, people)
    if faults:
        raise TelephonyFaults(faults)
    skills = {
        row.code: Skill.objects.update_or_create(code=row.code, defaults={"name": row.name})[0]
        for row in rows["skills.csv"]
    }
    lanes: dict[str, Lane] = {}
    for place, row in enumerate(rows["lanes.csv"]):
        values = row.model_dump(exclude={"line", "code", "skill", "overflow_to"})
        values |= {"skill": skills[row.skill], "position": place, "active": True}
        lanes[row.code] = Lane.objects.update_or_create(code=row.code, defaults=values)[0]
    for row in rows["lanes.csv"]:
        Lane.objects.filter(code=row.code).update(
            overflow_to=lanes[row.overflow_to] if row.overflow_to else None
        )
    for row in rows["lines.csv"]:
        values = row.model_dump(exclude={"line", "code", "lane", "choice_lane"})
        values |= {
            "lane": lanes[row.lane],
            "choice_lane": lanes[row.choice_lane] if row.choice_lane else None,
        }
        Line.objects.update_or_create(code=row.code, defaults=values | {"active": True})
    for place, row in enumerate(rows["pauses.csv"]):
        values = {"name": row.name, "most_minutes": row.most_minutes, "position": place, "active": True}
        PauseCode.objects.update_or_create(code=row.code, defaults=values)
    for row in rows["staff.csv"]:
        PersonSkill.objects.update_or_create(
            person_id=people[row.username], skill=skills[row.skill], defaults={"level": row.level}
        )
    for place, row in enumerate(rows["contacts.csv"]):
        values = {"name": row.name, "number": row.number, "position": place, "active": True}
        Contact.objects.update_or_create(code=row.code, defaults=values)
    counts = {name.removesuffix(".csv"): len(found) for name, found in rows.items()}
    audit.record(
        actor=actor, verb="calls.load_telephony", object_type="city", object_id=folder.name, data=counts
    )
    return counts


def _read(folder: Path) -> tuple[dict[str, list[Any]], list[Fault]]:
    faults: list[Fault] = []
    rows: dict[str, list[Any]] = {}
    for name, kind in FILES.items():
        path = folder / name
        if not path.is_file():
            if name not in OPTIONAL:
                faults.append(Fault(name, 0, "the file is missing"))
            rows[name] = []
        else:
            rows[name] = list(_lines(path, kind, faults))
    return rows, faults


def _lines(path: Path, kind: type[_Row], faults: list[Fault]) -> Iterator[_Row]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        for cells in reader:
            given = {
                name: text for name, text in cells.items() if name is not None and text not in ("", None)
            }
            try:
                yield kind.model_validate({**given, "line": reader.line_num})
            except ValidationError as error:
                faults += [
                    Fault(path.name, reader.line_num, f"{'.'.join(map(str, one['loc']))}: {one['msg']}")
                    for one in error.errors()
                ]


def _between(rows: Mapping[str, list[Any]], people: Mapping[str, int]) -> list[Fault]:
    skills = {row.code for row in rows["skills.csv"]}
    lanes = {row.code for row in rows["lanes.csv"]}
    faults: list[Fault] = []

    def need(known: Iterable[str], value: str, file: str, line: int, what: str) -> None:
        if value and value not in known:
            faults.append(Fault(file, line, f"{what} {value} is unknown"))

    for row in rows["lanes.csv"]:
        need(skills, row.skill, "lanes.csv", row.line, "skill")
        need(lanes, row.overflow_to, "lanes.csv", row.line, "lane")
        if bool(row.overflow_to) != (row.overflow_seconds is not None):
            faults.append(Fault("lanes.csv", row.line, "overflow_to and overflow_seconds go together"))
    for row in rows["lines.csv"]:
        need(lanes, row.lane, "lines.csv", row.line, "lane")
        need(lanes, row.choice_lane, "lines.csv", row.line, "lane")
        if bool(row.choice_key) != bool(row.choice_lane):
            faults.append(Fault("lines.csv", row.line, "choice_key and choice_lane go together"))
    for row in rows["staff.csv"]:
        need(skills, row.skill, "staff.csv", row.line, "skill")
        need(people, row.username, "staff.csv", row.line, "person")
    for row in rows["contacts.csv"]:
        if may_dial(row.number, settings.DIAL_PATTERN) != Dial.YES:
            faults.append(Fault("contacts.csv", row.line, f"{row.number} may not be dialled"))
    fallbacks = [row for row in rows["lines.csv"] if row.fallback]
    if rows["lines.csv"] and len(fallbacks) != 1:
        faults.append(Fault("lines.csv", 0, "exactly one line is the fallback"))
    for name in ("skills.csv", "lanes.csv", "lines.csv", "pauses.csv", "contacts.csv"):
        seen: set[str] = set()
        for row in rows[name]:
            if row.code in seen:
                faults.append(Fault(name, row.line, f"{row.code} stands more than once"))
            seen.add(row.code)
    return faults
