"""A policy as people read it: conditions and clocks in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hotline.worktime.rules.calendar import minute_text
from hotline.worktime.rules.checks import Vocabulary
from hotline.worktime.rules.clocks import ClockSpec
from hotline.worktime.rules.policy import CONDITIONS, ExtensionLimits, PolicyDocument, ReturnLimits, Rule
from hotline.worktime.rules.words import (
    CONDITION_LABELS,
    EVENT_LABELS,
    KIND_LABELS,
    LEVEL_LABELS,
    SIDE_LABELS,
    Label,
    mark_words,
    span_words,
)


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One row of the table; `spec` None: this rule takes the clock away. `field` names it in the editing form."""

    field: str
    kind: Label
    side: Label
    spec: ClockSpec | None
    span: str = ""
    start: Label = ""
    cutoff: str = ""
    marks: tuple[tuple[str, Label, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RuleOutline:
    name: str
    conditions: tuple[tuple[Label, str], ...]
    lines: tuple[ClockLine, ...]
    extension: ExtensionLimits | None
    returns: ReturnLimits | None
    amounts: str = ""
    above: str = ""
    window: str = ""


def outline(document: PolicyDocument, vocabulary: Vocabulary) -> list[RuleOutline]:
    """Every rule in the order of the document."""
    return [_rule(at, rule, document, vocabulary) for at, rule in enumerate(document.rules)]


def _rule(at: int, rule: Rule, document: PolicyDocument, vocabulary: Vocabulary) -> RuleOutline:
    conditions = tuple(
        (CONDITION_LABELS[name], "、".join(vocabulary.label(name, value) for value in values))
        for name in CONDITIONS
        if (values := getattr(rule.when, name))
    )
    return RuleOutline(
        rule.name,
        conditions,
        tuple(_lines(at, document.raw["rules"][at], rule)),
        rule.extension,
        rule.returns,
        amounts=" / ".join(map(span_words, rule.extension.amounts)) if rule.extension else "",
        above=span_words(rule.extension.city_above) if rule.extension and rule.extension.city_above else "",
        window=span_words(rule.returns.window) if rule.returns and rule.returns.window else "",
    )


def _lines(at: int, raw: Mapping[str, Any], rule: Rule) -> list[ClockLine]:
    lines: list[ClockLine] = []
    for number, item in enumerate(raw.get("clocks") or ()):
        sides = item.get("side") or "unit"
        for side in [sides] if isinstance(sides, str) else sides:
            spec = rule.clocks[item["kind"], side]
            field = f"{at}-{number}"
            kind, who = KIND_LABELS[item["kind"]], SIDE_LABELS[side]
            if spec is None:
                lines.append(ClockLine(field, kind, who, None))
                continue
            marks = tuple((mark.level, LEVEL_LABELS[mark.level], mark_words(mark)) for mark in spec.marks)
            cutoff = "" if spec.cutoff is None else minute_text(spec.cutoff)
            lines.append(
                ClockLine(
                    field,
                    kind,
                    who,
                    spec,
                    span_words(spec.span),
                    EVENT_LABELS[spec.start_event],
                    cutoff,
                    marks,
                )
            )
    return lines


def with_spans(
    raw: Mapping[str, Any], spans: Mapping[str, str], hours: str = "", cutoff: str | None = None
) -> dict[str, Any]:
    """The document with other spans (field of `ClockLine` → `"5 workday"`), working hours and cut-off; it is not judged
    here, `PolicyDocument.parse` does that.
    """
    data: dict[str, Any] = deepcopy(dict(raw))
    if hours:
        data["hours"] = hours
    if cutoff is not None:
        data["cutoff"] = cutoff or "none"
    for at, rule in enumerate(data.get("rules", ())):
        for number, item in enumerate(rule.get("clocks") or ()):
            if given := spans.get(f"{at}-{number}", "").strip():
                item["span"] = given
    return data
