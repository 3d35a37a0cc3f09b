"""Who may do what, how far; masks; limits of sessions. Pure tables and functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.accounts.models import Role, UnitLevel
from hotline.ui.text import mask_phone

__all__ = ["mask_phone"]


class Scope(StrEnum):
    """How far a grant reaches. A grant that names an area is limited to it, whatever its scope."""

    CITY = "city"
    AREA = "area"
    SUBTREE = "subtree"
    UNIT = "unit"
    OWN = "own"


SCOPE_LABELS: Mapping[Scope, str | Promise] = {
    Scope.CITY: _("Whole city"),
    Scope.AREA: _("Area of the role, else unit and below"),
    Scope.SUBTREE: _("Unit and below"),
    Scope.UNIT: _("This very unit"),
    Scope.OWN: _("Created by oneself"),
}

_AG, _SL, _DI, _UM, _HA, _RE, _FU, _SU = (
    Role.AGENT,
    Role.SHIFT_LEADER,
    Role.DISPATCHER,
    Role.UNIT_MANAGER,
    Role.HANDLER,
    Role.REVIEWER,
    Role.FOLLOW_UP,
    Role.SUPERVISOR,
)
_IN, _AP, _LE, _AD, _AU = Role.INSPECTOR, Role.APPRAISER, Role.LEADER, Role.ADMIN, Role.AUDITOR
_KE = Role.KNOWLEDGE_EDITOR
_C, _A, _S, _U, _O = Scope.CITY, Scope.AREA, Scope.SUBTREE, Scope.UNIT, Scope.OWN

PERMISSIONS: Mapping[str, tuple[str | Promise, Mapping[Role, Scope]]] = {
    # accounts, audit
    "accounts:manage_units": (_("Keep units"), {_AD: _C, _UM: _S}),
    "accounts:manage_people": (_("Keep staff and roles"), {_AD: _C, _UM: _S}),
    "accounts:manage_sessions": (_("See and end sessions"), {_AD: _C}),
    "accounts:reveal_identity": (
        _("Reveal a citizen's identity"),
        {_AG: _C, _SL: _C, _DI: _C, _UM: _S, _HA: _U, _FU: _C, _SU: _C},
    ),
    "audit:read": (_("Read the audit log"), {_AU: _C}),
    # work orders
    "workorders:view": (
        _("See orders"),
        {_AG: _C, _SL: _C, _DI: _C, _UM: _S, _HA: _S, _RE: _C, _FU: _C, _SU: _C, _IN: _A, _AP: _A, _LE: _C},
    ),
    "workorders:create": (_("Create orders"), {_AG: _C, _SL: _C}),
    "workorders:review": (_("Check new orders"), {_SL: _C, _DI: _C}),
    "workorders:dispatch": (_("Dispatch"), {_DI: _C}),
    "workorders:sign": (_("Sign for orders"), {_UM: _S, _HA: _U}),
    "workorders:contact": (_("Record the first contact"), {_UM: _S, _HA: _U}),
    "workorders:send_down": (_("Send down"), {_UM: _S, _HA: _U}),
    "workorders:assist": (_("Ask for assistance, give an opinion"), {_UM: _S, _HA: _U}),
    "workorders:apply": (_("Apply for return, extension or hold"), {_UM: _S, _HA: _U}),
    "workorders:decide_application": (_("Decide applications"), {_DI: _C, _RE: _C, _UM: _S}),
    "workorders:reply": (_("Reply"), {_UM: _S, _HA: _U}),
    "workorders:approve_reply": (_("Review replies"), {_RE: _C, _UM: _S}),
    "workorders:urge": (_("Urge"), {_AG: _C, _SL: _C, _DI: _C, _FU: _C, _SU: _C, _UM: _S}),
    "workorders:supervise": (_("Supervise"), {_SU: _C}),
    "workorders:list_case": (_("List difficult cases"), {_SU: _C}),
    "workorders:instruct": (_("Give instructions"), {_LE: _C}),
    "workorders:merge": (_("Merge and part duplicates"), {_SL: _C, _DI: _C}),
    "workorders:link": (
        _("Link orders"),
        {_AG: _C, _SL: _C, _DI: _C, _FU: _C, _SU: _C, _RE: _C, _UM: _S, _HA: _U},
    ),
    "workorders:note": (
        _("Add notes"),
        {_AG: _C, _SL: _C, _DI: _C, _FU: _C, _SU: _C, _RE: _C, _LE: _C, _UM: _S, _HA: _S},
    ),
    "workorders:withdraw": (_("Withdraw on the citizen's wish"), {_AG: _C, _SL: _C}),
    "workorders:reopen": (_("Reopen closed orders"), {_RE: _C, _SU: _C}),
    "workorders:archive": (_("Archive"), {_RE: _C, _SU: _C}),
    "workorders:arbitrate": (_("Decide disputed duty"), {_DI: _C, _SU: _C}),
    "workorders:export": (_("Export"), {_SL: _C, _DI: _C, _RE: _C, _SU: _C, _AP: _A, _UM: _S}),
    "workorders:bulk": (
        _("Act on many orders"),
        {_SL: _C, _DI: _C, _RE: _C, _FU: _C, _SU: _C, _UM: _S, _HA: _U},
    ),
    "workorders:grant_access": (_("Name handlers of confidential orders"), {_DI: _C, _SU: _C, _UM: _S}),
    "workorders:see_secret_grants": (
        _("See who is named for confidential orders"),
        {_DI: _C, _SU: _C, _UM: _S, _AU: _C},
    ),
    "workorders:exclude": (_("Exclude from appraisal"), {_AP: _A, _SU: _C}),
    "workorders:configure": (_("Configure categories, reasons, scripts, the city"), {_AD: _C}),
    # intake
    "intake:take_call": (_("Work at the desk"), {_AG: _C, _SL: _C}),
    "intake:direct_answer": (_("Answer directly"), {_AG: _C, _SL: _C}),
    "intake:not_accept": (_("Not accept"), {_AG: _C, _SL: _C, _DI: _C}),
    "intake:refer": (_("Refer to another service"), {_AG: _C, _SL: _C, _DI: _C}),
    "intake:quarantine": (_("Release what could not be read"), {_SL: _C, _DI: _C, _AD: _C}),
    "intake:import": (_("Import appeals"), {_SL: _C, _DI: _C, _AD: _C}),
    "intake:restrict_caller": (_("Propose to restrict a caller"), {_AG: _C, _SL: _C}),
    "intake:approve_restriction": (_("Approve the restriction of a caller"), {_SL: _C, _SU: _C}),
    # calls
    "calls:take": (_("Take calls"), {_AG: _C, _SL: _C}),
    "calls:watch": (_("Watch over seats and queues"), {_SL: _C, _SU: _C, _LE: _C}),
    "calls:announce": (_("Put announcements on the line"), {_SL: _C, _AD: _C}),
    "calls:configure": (_("Keep lines, lanes and skills"), {_AD: _C}),
    "calls:plan": (_("Plan shifts at the telephone"), {_SL: _C, _AD: _C}),
    # online help
    "chat:take": (_("Answer chats of the online help"), {_AG: _C, _SL: _C}),
    "chat:watch": (_("See all chats; read one, which is written down"), {_SL: _C, _SU: _C}),
    "chat:configure": (_("Keep prepared answers and hours of the online help"), {_SL: _C, _AD: _C}),
    # campaigns
    "campaigns:run": (_("Call lists of citizens by machine"), {_SL: _C, _AD: _C}),
    # recordings (of calls whose every order one sees; where there is none, one's own, or a shift leader's)
    "transcripts:listen": (
        _("Read and hear recorded calls"),
        {_AG: _C, _SL: _C, _DI: _C, _UM: _S, _HA: _S, _RE: _C, _FU: _C, _SU: _C, _IN: _A, _LE: _C},
    ),
    # dispatch, follow-up
    "dispatch:pool": (_("Work in the dispatch pool"), {_DI: _C}),
    "dispatch:catalogue": (_("Keep the dispatch catalogue"), {_DI: _C, _AD: _C}),
    "dispatch:automatic": (_("Trust, judge and stop automatic dispatch"), {_DI: _C, _SL: _C, _SU: _C}),
    "suggestions:labels": (_("Keep the vocabulary of labels"), {_DI: _C, _AD: _C}),
    "suggestions:answer_risk": (_("Answer risks found in orders"), {_AG: _C, _SL: _C, _DI: _C, _SU: _C}),
    "suggestions:read": (_("See how good the machine's proposals are"), {_SL: _C, _DI: _C, _SU: _C, _AD: _C}),
    "followup:call": (_("Follow up with citizens"), {_FU: _C}),
    "followup:second_check": (_("Check follow-ups blind"), {_SU: _C, _IN: _A}),
    "followup:decide_appeal": (_("Decide appeals against follow-up or score"), {_AP: _A, _SU: _C}),
    "followup:redo": (_("Order a redo"), {_FU: _C, _RE: _C, _SU: _C}),
    # knowledge (reading is free to all staff; scopes follow the unit that owns an entry)
    "knowledge:edit": (_("Write knowledge entries"), {_KE: _S, _UM: _S}),
    "knowledge:publish": (_("Review and publish knowledge entries"), {_KE: _S, _UM: _S}),
    "knowledge:import": (_("Import knowledge entries"), {_KE: _S}),
    "knowledge:configure": (_("Keep synonyms, linked sources and the index"), {_KE: _S, _AD: _C}),
    # configuration and operation
    "worktime:manage": (_("Keep calendar and deadline policies"), {_AD: _C}),
    "places:manage": (_("Keep divisions, points and outlines"), {_AD: _C}),
    "exchange:tokens": (_("Keep tokens of other systems"), {_AD: _C}),
    "analytics:read": (
        _("See figures"),
        {_SL: _C, _DI: _C, _RE: _C, _SU: _C, _LE: _C, _IN: _A, _AP: _A, _UM: _S},
    ),
    "ops:health": (_("See the platform's health"), {_AD: _C, _AU: _C, _SL: _C}),
}
"""The one permission table: code → (label, role → how far). rules.md section 3."""

# Agents never export; administrator and auditor are apart and see no order's content (rules.md section 3).
NEVER_SECRET = frozenset({Role.ADMIN, Role.AUDITOR})
"""Roles that see no confidential content, whatever their membership says."""

ABOUT_GRANTS = frozenset({"workorders:see_secret_grants"})
"""Codes that show who is named, never the order's content; confidentiality does not stop them."""

CITIZEN_CODES = frozenset(
    {"workorders:view", "workorders:create", "workorders:urge", "workorders:withdraw", "workorders:note"}
)
"""What a citizen may do, with their own orders only."""

SINGLE_UNIT_ROLES = frozenset({Role.UNIT_MANAGER, Role.HANDLER})
"""Roles of handling units: what a unit manager may give. All others belong to the hotline centre's administrator."""

INCOMPATIBLE_ROLES = frozenset({Role.ADMIN, Role.AUDITOR})
"""No one person holds both (rules.md section 3: keep separate)."""


def codes_of(role: str) -> dict[str, Scope]:
    """Permission code → scope of one role."""
    return {code: reach[Role(role)] for code, (_label, reach) in PERMISSIONS.items() if role in reach}


def covers(area: str, code: str) -> bool:
    """True when the division `code` is `area` or lies inside it; codes are padded with zeros on the right.

    An empty area limits nothing; an unknown place (empty code) lies in no area.
    """
    if not area:
        return True
    return bool(code) and code.startswith(significant(area))


def significant(code: str) -> str:
    """The digits of a division's code that its inside shares: 310106000000 → 310106, 310000000000 → 31."""
    for length in (2, 4, 6, 9):
        if not code[length:].strip("0"):
            return code[:length]
    return code


def below(path: str, ancestor: str) -> bool:
    """True when a unit's path is the ancestor's or under it."""
    return path.startswith(ancestor)


def area_missing(role: str, level: str, area_code: str) -> bool:
    """True when a role that reaches the whole city is given outside the hotline centre without naming an area."""
    return not area_code and level != UnitLevel.HUB and Scope.CITY in codes_of(role).values()


def incompatible(roles: set[str]) -> bool:
    """True when a person's roles may not meet in one hand."""
    return roles >= {str(role) for role in INCOMPATIBLE_ROLES}


# ── identity ──


def normalize_phone(phone: str) -> str:
    """Digits as dialled at home: full-width made narrow, separators and +86 dropped. "" when there is no digit."""
    digits = re.sub(r"\D", "", unicodedata.normalize("NFKC", phone))
    if digits.startswith("0086"):
        digits = digits[4:]
    elif len(digits) == 13 and digits.startswith("86"):
        digits = digits[2:]
    return digits


def normalize_id_number(number: str) -> str:
    """Letters capital, no spaces."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).upper()


def normalize_email(email: str) -> str:
    return unicodedata.normalize("NFKC", email).strip().lower()


COMPOUND_SURNAMES = frozenset(
    [
        "欧阳",
        "太史",
        "端木",
        "上官",
        "司马",
        "东方",
        "独孤",
        "南宫",
        "万俟",
        "闻人",
        "夏侯",
        "诸葛",
        "尉迟",
        "公羊",
        "赫连",
        "澹台",
        "皇甫",
        "宗政",
        "濮阳",
        "公冶",
        "太叔",
        "申屠",
        "公孙",
        "慕容",
        "仲孙",
        "钟离",
        "长孙",
        "宇文",
        "司徒",
        "鲜于",
        "司空",
        "闾丘",
        "令狐",
        "百里",
        "呼延",
        "东郭",
        "南门",
        "西门",
        "第五",
        "轩辕",
        "拓跋",
    ]
)


MOST_TAGS = 8
TAG_CHARACTERS = 20
REMARK_CHARACTERS = 500


def read_tags(text: str) -> list[str]:
    """What was typed between commas, enumeration commas or blanks, each once."""
    return list(dict.fromkeys(re.split(r"[\s,，、;；]+", text.strip()))) if text.strip() else []


def check_notes(tags: list[str], remark: str) -> dict[str, Promise]:
    """Field → what is wrong with what the hotline notes of a citizen; empty when nothing is."""
    faults: dict[str, Promise] = {}
    if len(tags) > MOST_TAGS or any(len(tag) > TAG_CHARACTERS for tag in tags):
        faults["tags"] = _("At most eight labels of twenty characters each.")
    if len(remark) > REMARK_CHARACTERS:
        faults["remark"] = _("A remark has at most 500 characters.")
    return faults


def mask_name(name: str) -> str:
    """张三丰 → 张**, 欧阳锋 → 欧阳*; other writing keeps its first letter. "" stays ""."""
    text = name.strip()
    if not text:
        return ""
    surname = text[:2] if len(text) > 2 and text[:2] in COMPOUND_SURNAMES else text[0]
    return surname + "*" * min(max(len(text) - len(surname), 1), 4)


# ── sessions ──


class SessionEnd(StrEnum):
    """Why a session is over."""

    IDLE = "idle"
    TOO_LONG = "too_long"
    SIGNED_OUT = "signed_out"
    ENDED = "ended"
    PASSWORD = "password"  # noqa: S105
    SECOND_FACTOR = "second_factor"
    DEACTIVATED = "deactivated"


SESSION_END_LABELS: Mapping[str, str | Promise] = {
    SessionEnd.IDLE: _("idle too long"),
    SessionEnd.TOO_LONG: _("longest time reached"),
    SessionEnd.SIGNED_OUT: _("signed out"),
    SessionEnd.ENDED: _("ended by an administrator or oneself"),
    SessionEnd.PASSWORD: _("password changed"),
    SessionEnd.SECOND_FACTOR: _("second factor reset"),
    SessionEnd.DEACTIVATED: _("account deactivated"),
}
_BROWSERS = (
    ("MicroMessenger", "WeChat"), ("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Version", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"), ("OpenHarmony", "HarmonyOS"), ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"),
    ("iPad", "iPad"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def device_of(user_agent: str) -> str:
    """A browser's own words as people name it: "Chrome 141 · Windows"; what is unknown shows its first words."""
    found = []
    for mark, name in _BROWSERS:
        if match := re.search(rf"{mark}\w*/(\d+)", user_agent):
            found.append(f"{name} {match[1]}")
            break
    found += [name for mark, name in _SYSTEMS if mark in user_agent][:1]
    return " · ".join(found) or user_agent[:40] or "—"


TOUCH_EVERY = timedelta(minutes=1)
"""A session's last use is written at most that often."""


def session_over(
    created_at: datetime, seen_at: datetime, now: datetime, *, idle: timedelta, absolute: timedelta
) -> SessionEnd | None:
    """Why a session is over at `now`, or None while it runs. 等保 level 3: idle and absolute limit."""
    if now - created_at >= absolute:
        return SessionEnd.TOO_LONG
    if now - seen_at >= idle:
        return SessionEnd.IDLE
    return None
