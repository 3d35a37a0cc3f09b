"""Shapes of the public API, version 1. Times are ISO 8601 with a zone; codes are those of the reference end points."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field, field_validator

DemandTypeName = Literal[
    "consultation", "help", "complaint", "report", "suggestion", "praise", "review_appeal", "other", "invalid"
]


class DemandIn(Schema):
    """What somebody wants. Only `content` is required; a report of wrongdoing is confidential by itself."""

    model_config = ConfigDict(extra="forbid")

    content: str = Field(
        min_length=1, max_length=20_000, examples=["小区东侧工地连着三天夜里十二点以后还在打桩。"]
    )
    title: str = Field("", max_length=200)
    demand_type: DemandTypeName | None = None
    category: str = Field("", max_length=40, description="Code from /categories")
    division: str = Field("", pattern=r"^(\d{12})?$", description="12-digit code from /divisions")
    address: str = Field("", max_length=300)
    latitude: float | None = Field(None, ge=-90, le=90, description="Degrees, WGS-84")
    longitude: float | None = Field(None, ge=-180, le=180, description="Degrees, WGS-84")
    urgency: Literal["urgent", "elevated", "routine"] | None = None
    secret: bool = Field(False, description="Keep the citizen and the order confidential")
    anonymous: bool = False
    on_behalf_of: str = Field("", max_length=60)
    expectation: str = Field("", max_length=2000)
    occurred_at: str = Field("", description="ISO 8601; without a zone the city's own time")
    subject_name: str = Field("", max_length=120)
    subject_contact: str = Field("", max_length=120)
    labels: list[str] = Field(default_factory=list, max_length=20)
    answers: dict[str, Any] = Field(
        default_factory=dict, description="Answers to the category's questions, by code"
    )
    source_number: str = Field("", max_length=60, description="The number in your own system")


class CitizenIn(Schema):
    """Who asks. Stored encrypted, apart from the order; never returned."""

    model_config = ConfigDict(extra="forbid")

    phone: str = Field("", max_length=30)
    name: str = Field("", max_length=60)
    kind: Literal["person", "enterprise"] = "person"
    company: str = Field("", max_length=120)
    gender: str = Field("", max_length=10)
    id_number: str = Field("", max_length=30)
    email: str = Field("", max_length=200)


class AppealIn(Schema):
    """One appeal."""

    model_config = ConfigDict(extra="forbid")

    demand: DemandIn
    citizen: CitizenIn = CitizenIn.model_validate({})


class AppealFiled(Schema):
    """Acknowledged: it is stored, whatever happens next."""

    number: str
    lookup_code: str = Field(description="With the number, the citizen looks it up on the portal")
    promised: datetime | None = Field(description="When it will be finished at the latest")
    repeated: bool = Field(
        description="True when this idempotency key had been used before: the first result again"
    )


class Step(Schema):
    at: datetime
    text: str
    unit: str = ""


class AppealOut(Schema):
    """An appeal as its citizen may see it."""

    number: str
    state: str = Field(description="Code of the order's state")
    state_text: str
    title: str
    created_at: datetime
    promised: datetime | None
    unit: str = Field(description="Who holds it now")
    closed_at: datetime | None
    reply: str
    timeline: list[Step] = Field(default_factory=list)


class AppealList(Schema):
    items: list[AppealOut]
    next: str = Field("", description="Pass as `cursor` for the next page; empty at the end")


class TextIn(Schema):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=5000)

    @field_validator("text")
    @classmethod
    def _words(cls, value: str) -> str:
        if "\0" in value or not value.strip():
            raise ValueError("words are expected, without NUL characters")
        return value


class Done(Schema):
    number: str
    state: str


class CategoryOut(Schema):
    code: str
    name: str
    path_name: str
    level: int
    parent: str = ""


class QuestionOut(Schema):
    code: str = Field(description="Key of the answer in `answers`")
    label: str
    kind: str = Field(description="text, number, choice, choices, date, time, datetime or yes_no")
    required: bool
    choices: list[str] = Field(default_factory=list)
    help: str = ""


class DivisionOut(Schema):
    code: str
    name: str
    level: int
    parent: str = ""


class UnitOut(Schema):
    code: str
    name: str
    level: str
    parent: str = ""


class Problem(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    errors: dict[str, Any] = Field(default_factory=dict)
