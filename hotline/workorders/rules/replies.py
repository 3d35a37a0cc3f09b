"""The reply form and its checks (办结回复, rules.md section 4.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from hotline.language.replying import gaps
from hotline.workorders.models.states import (
    DemandFinding,
    DemandType,
    FactFinding,
    Outcome,
    ReplyMethod,
    SiteVisit,
)
from hotline.workorders.rules.rows import Words

_TRUTH = (FactFinding.TRUE, FactFinding.PARTLY_TRUE, FactFinding.NOT_TRUE)
_ADOPTION = (FactFinding.ADOPTED, FactFinding.PARTLY_ADOPTED, FactFinding.KEPT_FOR_REFERENCE, FactFinding.NOT_ADOPTED)
_POLICY = (FactFinding.POLICY_FOUND, FactFinding.NO_POLICY, FactFinding.EXPLANATION_NOT_ACCEPTED)

FINDINGS: Mapping[DemandType, tuple[FactFinding, ...]] = {
    DemandType.CONSULTATION: _POLICY,
    DemandType.HELP: _TRUTH,
    DemandType.COMPLAINT: _TRUTH,
    DemandType.REPORT: _TRUTH,
    DemandType.SUGGESTION: _ADOPTION,
    DemandType.PRAISE: _TRUTH,
    DemandType.REVIEW_APPEAL: _TRUTH,
    DemandType.OTHER: _TRUTH,
    DemandType.INVALID: (),
}
"""事实认定 by demand type; empty: no finding is asked for."""

NO_VISIT = frozenset({DemandType.CONSULTATION, DemandType.SUGGESTION, DemandType.PRAISE, DemandType.INVALID})
"""Types whose reply needs no word about a visit."""

PLAIN_FACTS = frozenset({FactFinding.TRUE, FactFinding.ADOPTED, FactFinding.POLICY_FOUND})
"""Findings that speak for themselves; all others need an explanation."""

SHORTEST_EXPLANATION = 5
SHORTEST_TEXT = 5
_MARKS = re.compile(r"[\s，。、；：！？,.;:!?“”\"'()（）\-—…]")


@dataclass(frozen=True, slots=True)
class ReplyForm:
    """What the handler fills in. `text` is read by the citizen, `internal_text` is not."""

    text: str
    method: str = ReplyMethod.PHONE
    outcome: str = Outcome.SOLVED
    fact_finding: str = ""
    demand_finding: str = ""
    explanation: str = ""
    site_visit: str = ""
    visited_at: datetime | None = None
    replied_to_citizen_at: datetime | None = None
    internal_text: str = ""
    unsolved_reason: str = ""
    citizen_satisfied: bool | None = None
    publishable: bool = False
    signed_unit: str = ""
    handled_by: str = ""
    approved_by: str = ""


class Fault(NamedTuple):
    """A field of a form, a code, and words."""

    field: str
    code: str
    message: Words


def findings_for(demand_type: str) -> tuple[FactFinding, ...]:
    """The findings that a reply to this type may choose from."""
    return FINDINGS[DemandType(demand_type)]


def check_reply(form: ReplyForm, demand_type: str, *, started_at: datetime, now: datetime, signed_file: bool = True) -> list[Fault]:
    """Faults of the form, in the form's order. `signed_file`: a signed and stamped file is attached or not needed."""
    return [
        *_finding_faults(form, demand_type),
        *_visit_faults(form, demand_type, started_at, now),
        *_answer_faults(form, now, signed_file),
    ]


def _finding_faults(form: ReplyForm, demand_type: str) -> list[Fault]:
    faults: list[Fault] = []
    choices = findings_for(demand_type)
    if choices and not form.fact_finding:
        faults.append(Fault("fact_finding", "required", _("Choose what you found.")))
    elif form.fact_finding and form.fact_finding not in choices:
        faults.append(Fault("fact_finding", "not_for_type", _("This finding does not belong to the demand's type.")))
    if choices and not form.demand_finding:
        faults.append(Fault("demand_finding", "required", _("Choose how the demand stands in law and policy.")))
    elif form.demand_finding and form.demand_finding not in DemandFinding.values:
        faults.append(Fault("demand_finding", "unknown", _("Choose one of the list.")))
    plain = form.fact_finding in PLAIN_FACTS and form.demand_finding == DemandFinding.REASONABLE
    if choices and not plain:
        if len(_bare(form.explanation)) < SHORTEST_EXPLANATION:
            faults.append(Fault("explanation", "required", _("Explain your finding: what was checked, and what was found.")))
        elif repeats_option(form.explanation, form.fact_finding, form.demand_finding):
            faults.append(Fault("explanation", "repeats", _("Do not merely repeat the option; say what was found.")))
    return faults


def _bare(text: str) -> str:
    return _MARKS.sub("", text)


def repeats_option(explanation: str, *findings: str) -> bool:
    """True when nothing is left of the explanation without the labels of the findings, in any language shown."""
    rest = _bare(explanation)
    labels = [_bare(str(choice.label)) for kind in (FactFinding, DemandFinding) for choice in kind if choice.value in findings]
    for label in sorted([*labels, *_FILLING], key=len, reverse=True):
        rest = rest.replace(label, "")
    return not rest


_FILLING = (
    "属实", "部分属实", "不属实", "采纳", "部分采纳", "留作参考", "不予采纳", "有政策信息", "无政策信息", "对政策解释不接受", "合理合法",
    "无政策依据", "诉求过高", "其他", "诉求", "市民", "反映", "情况", "经核实", "经查", "核实", "事实", "认定", "该", "此", "的",
    "为", "是", "问题",
)
"""Options as printed on the official form, and words that add nothing to them."""


def _visit_faults(form: ReplyForm, demand_type: str, started_at: datetime, now: datetime) -> list[Fault]:
    faults: list[Fault] = []
    if not form.site_visit:
        if DemandType(demand_type) not in NO_VISIT:
            faults.append(Fault("site_visit", "required", _("Say whether the place was visited.")))
    elif form.site_visit not in SiteVisit.values:
        faults.append(Fault("site_visit", "unknown", _("Choose one of the list.")))
    elif form.site_visit == SiteVisit.YES:
        if form.visited_at is None:
            faults.append(Fault("visited_at", "required", _("Say when the place was visited.")))
        elif form.visited_at > now:
            faults.append(Fault("visited_at", "future", _("This moment has not come yet.")))
        elif form.visited_at < started_at:
            faults.append(Fault("visited_at", "too_early", _("This is before the order was sent to you.")))
    return faults


def _answer_faults(form: ReplyForm, now: datetime, signed_file: bool) -> list[Fault]:
    faults: list[Fault] = []
    if form.method not in ReplyMethod.values:
        faults.append(Fault("method", "required", _("Say how the citizen was answered.")))
    if form.replied_to_citizen_at is not None and form.replied_to_citizen_at > now:
        faults.append(Fault("replied_to_citizen_at", "future", _("This moment has not come yet.")))
    if len(_bare(form.text)) < SHORTEST_TEXT:
        faults.append(Fault("text", "required", _("Write the answer that the citizen reads.")))
    elif left := gaps(form.text):  # a former reply leaves them; the citizen must not read them
        words = _("Fill in or remove the gaps in brackets first; there are %(n)d.")
        faults.append(Fault("text", "gaps", words % {"n": left}))
    if form.outcome not in Outcome.values:
        faults.append(Fault("outcome", "required", _("Say what came of it.")))
    elif form.outcome == Outcome.UNSOLVED and not form.unsolved_reason:
        faults.append(Fault("unsolved_reason", "required", _("Say why it could not be solved.")))
    if not signed_file:
        faults.append(Fault("attachments", "signed_file", _("Orders of the State Council's platform need a signed and stamped file.")))
    return faults
