"""What one citizen says once: its shape, its checks, the five elements, and its form as bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any

from django.utils.translation import gettext as _

from hotline.intake.rules.numbers import phone_digits
from hotline.kit.clock import CITY_ZONE
from hotline.workorders.models.states import Channel, DemandType, Urgency

TITLE_MOST = 200
CONTENT_MOST = 20_000
TITLE_FROM_CONTENT = 40
AT_DESK = "desk:"
"""How sources of the agents' desk begin; the agent's id follows."""

_DEMAND_TYPES, _URGENCIES = frozenset(DemandType.values), frozenset(Urgency.values)
# Channels on which a member of staff has already asked back; what comes from elsewhere a dispatcher reads first.
DESK_CHANNELS = (Channel.PHONE, Channel.VIDEO, Channel.CHAT, Channel.COUNTER, Channel.POLICE_110)
STAFFED_CHANNELS = frozenset(DESK_CHANNELS)


@dataclass(frozen=True, slots=True)
class AppealForm:
    """A demand as given on any channel; every value may still be wrong.

    `category` and `division` are codes; `occurred_at` is ISO 8601 text; `answers` are raw answers to the category's
    questions by code; `attachment_key` is the key under which files were uploaded before the order existed.
    """

    title: str = ""
    content: str = ""
    demand_type: str = ""
    category: str = ""
    division: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    urgency: str = ""
    secret: bool = False
    anonymous: bool = False
    on_behalf_of: str = ""
    expectation: str = ""
    occurred_at: str = ""
    subject_name: str = ""
    subject_contact: str = ""
    labels: tuple[str, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    attachment_key: str = ""
    source_number: str = ""
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class CitizenInput:
    """Who speaks. `citizen_id` names a citizen already known (a portal session); then the rest may be empty."""

    phone: str = ""
    name: str = ""
    kind: str = "person"
    company: str = ""
    gender: str = ""
    id_number: str = ""
    email: str = ""
    citizen_id: int | None = None


@dataclass(frozen=True, slots=True)
class Filed:
    """What was acknowledged. `number` and `lookup_code` are for the citizen; `promised` is the finish date, if any.

    `again` is True when the same key had been filed before and this is its earlier result.
    """

    number: str
    lookup_code: str
    appeal_id: int
    order_id: int | None
    promised: datetime | None
    again: bool = False


def check_demand(form: AppealForm, citizen: CitizenInput) -> dict[str, str]:
    """Field → what is wrong, by the words alone; that codes exist is checked where they can be looked up."""
    errors: dict[str, str] = {}
    content = form.content.strip()
    if not content:
        errors["content"] = _("Say what happened.")
    elif len(content) > CONTENT_MOST:
        errors["content"] = _("The content is too long; %(most)d characters are the most.") % {
            "most": CONTENT_MOST
        }
    if len(form.title.strip()) > TITLE_MOST:
        errors["title"] = _("The title is too long; %(most)d characters are the most.") % {"most": TITLE_MOST}
    if form.demand_type and form.demand_type not in _DEMAND_TYPES:
        errors["demand_type"] = _("There is no such type of demand.")
    if form.urgency and form.urgency not in _URGENCIES:
        errors["urgency"] = _("There is no such urgency.")
    if form.occurred_at and moment_of(form.occurred_at) is None:
        errors["occurred_at"] = _("This is not a date and time.")
    for name, most in (
        ("address", 300),
        ("subject_name", 120),
        ("subject_contact", 120),
        ("on_behalf_of", 60),
    ):
        if len(getattr(form, name)) > most:
            errors[name] = _("Too long; %(most)d characters are the most.") % {"most": most}
    if form.latitude is not None and not -90 <= form.latitude <= 90:
        errors["latitude"] = _("A latitude lies between -90 and 90 degrees.")
    if form.longitude is not None and not -180 <= form.longitude <= 180:
        errors["longitude"] = _("A longitude lies between -180 and 180 degrees.")
    if len(form.labels) > 20 or any(len(label) > 40 for label in form.labels):
        errors["labels"] = _("At most 20 labels of 40 characters.")
    if citizen.phone and not 5 <= len(phone_digits(citizen.phone)) <= 20:
        errors["phone"] = _("This is not a phone number.")
    if len(citizen.name) > 60:
        errors["name"] = _("Too long; %(most)d characters are the most.") % {"most": 60}
    if (
        not errors
        and not has_contact(citizen)
        and {"address", "course"} & set(missing_elements(form, citizen))
    ):
        errors["phone"] = _(
            "The place or the course of events is missing, so someone must be able to ask: leave a phone number."
        )
    return errors


def has_contact(citizen: CitizenInput) -> bool:
    """True when somebody can be asked back."""
    return bool(citizen.citizen_id or citizen.phone or citizen.email)


_TIME_WORDS = re.compile(
    r"[0-9０-９一二三四五六七八九十]+\s*[年月日号点时]|[0-9]{1,2}[::][0-9]{2}|今[天早晚日]|昨[天晚日]|前[天晚]|近[日期来几]|最近|目前|现在"
    r"|刚才|刚刚|上[周月]|本[周月]|这[几两]天|每[天晚日周]|连续|凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|夜[里间晚]|半夜|长期|一直"
)
_CAUSE_WORDS = re.compile(
    r"因为|由于|因|导致|造成|引起|以致|使得|影响|希望|要求|请问|咨询|投诉|反映|举报|建议|未|没有|不"
)
COURSE_LEAST = 12  # characters; fewer cannot tell what happened


def missing_elements(form: AppealForm, citizen: CitizenInput) -> tuple[str, ...]:
    """Which of the five elements (五要素: name, time, address, cause, course) the demand lacks.

    Time and cause are found by words in the text, so they are advice; see rules.md section 5.
    """
    text = f"{form.title} {form.content}"
    present = {
        "name": bool(citizen.name or citizen.citizen_id or citizen.company),
        "time": bool(form.occurred_at) or bool(_TIME_WORDS.search(text)),
        "address": bool(form.address.strip() or form.division),
        "cause": bool(form.expectation.strip()) or bool(_CAUSE_WORDS.search(text)),
        "course": len(form.content.strip()) >= COURSE_LEAST,
    }
    return tuple(name for name, there in present.items() if not there)


def needs_review(form: AppealForm, channel: str, missing: Collection[str], wish: str = "") -> bool:
    """Must a dispatcher read it (待审核) before the pool (待派单)?

    `wish` is the city's option `intake_review`: `always`, `never`, or empty: whatever a member of staff took with its
    category and place goes straight to the pool, everything else is read first.
    """
    if wish in ("always", "never"):
        return wish == "always"
    complete = bool(form.category and form.demand_type) and not {"address", "course"} & set(missing)
    return channel not in STAFFED_CHANNELS or not complete


def title_of(form: AppealForm) -> str:
    """The title, else the first words of the content up to a stop."""
    title = " ".join(form.title.split())
    if title:
        return title[:TITLE_MOST]
    content = " ".join(form.content.split())
    head = re.split(r"[。!!??;;\n]", content, maxsplit=1)[0]
    return head if len(head) <= TITLE_FROM_CONTENT else head[: TITLE_FROM_CONTENT - 1] + "…"


def moment_of(text: str | datetime) -> datetime | None:
    """ISO text to a moment; without a zone it is the city's own. None when it is neither."""
    if isinstance(text, datetime):
        return text
    try:
        moment = datetime.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_ZONE)


def to_payload(form: AppealForm, citizen: CitizenInput) -> bytes:
    """The canonical document of a demand: the same demand gives the same bytes, whatever the channel."""
    body = {
        "demand": {
            name: value for name, value in asdict(form).items() if value not in ("", None, (), {}, False)
        },
        "citizen": {name: value for name, value in asdict(citizen).items() if value not in ("", None)},
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode()


class Unreadable(ValueError):
    """The payload is no demand; the text says where it stops making sense."""


def parse_payload(payload: bytes) -> tuple[AppealForm, CitizenInput]:
    """The canonical document back to a demand. Raises Unreadable; unknown fields are refused, they may be misspelt."""
    try:
        body = json.loads(payload.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Unreadable(_("The text is not UTF-8 (byte %(place)d).") % {"place": error.start}) from None
    except (ValueError, RecursionError) as error:  # also a number of thousands of digits
        raise Unreadable(_("This is not JSON: %(error)s.") % {"error": error}) from None
    if not isinstance(body, dict) or not isinstance(body.get("demand"), dict):
        raise Unreadable(_('The document needs an object "demand".'))
    demand = _typed(body["demand"], AppealForm, "demand")
    citizen = _typed(body.get("citizen") or {}, CitizenInput, "citizen")
    return AppealForm(**demand), CitizenInput(**citizen)


_TUPLES = frozenset({"labels"})
_NUMBERS = frozenset({"latitude", "longitude"})
_FLAGS = frozenset({"secret", "anonymous"})


@cache
def _names(shape: type) -> frozenset[str]:
    return frozenset(one.name for one in fields(shape))


def _typed(given: object, shape: type, where: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Unreadable(_('"%(where)s" must be an object.') % {"where": where})
    known = _names(shape)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise Unreadable(_('"%(where)s" has no field "%(name)s".') % {"where": where, "name": name})
        if value is None:
            continue
        if name in _TUPLES:
            good = isinstance(value, list) and all(isinstance(item, str) for item in value)
            value = tuple(value) if good else value
        elif name in _NUMBERS:
            good = isinstance(value, (int, float)) and not isinstance(value, bool)
        elif name in _FLAGS:
            good = isinstance(value, bool)
        elif name == "answers":
            good = isinstance(value, dict)
        elif name == "citizen_id":
            good = isinstance(value, int) and not isinstance(value, bool)
        else:
            good = isinstance(value, str)
        if not good:
            raise Unreadable(
                _('"%(where)s.%(name)s" has the wrong kind of value.') % {"where": where, "name": name}
            )
        values[name] = value
    return values
