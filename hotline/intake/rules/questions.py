"""Questions of a category (A6): one reader and one validator for every channel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils.translation import gettext as _

# kind → HTML input type; choices and yes/no draw their own.
KINDS: Mapping[str, str] = {
    "text": "text",
    "number": "number",
    "choice": "",
    "choices": "",
    "date": "date",
    "time": "time",
    "datetime": "datetime-local",
    "yes_no": "",
}
ANSWER_MOST = 500
_YES = frozenset({"yes", "true", "1", "on", "是", "有"})
_NO = frozenset({"no", "false", "0", "off", "否", "无", "没有"})


@dataclass(frozen=True, slots=True)
class Question:
    """One question; `choices` only for `choice` and `choices`."""

    code: str
    label: str
    kind: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()
    help: str = ""

    @property
    def input_type(self) -> str:
        """HTML type of the plain kinds."""
        return KINDS[self.kind]


def check_questions(given: Any) -> list[str]:
    """What is wrong with a form's list of questions before it takes effect; empty when nothing is."""
    if not isinstance(given, list):
        return [_("The questions must be a list.")]
    faults: list[str] = []
    seen: set[str] = set()
    for place, one in enumerate(given, start=1):
        if (
            not isinstance(one, dict)
            or not str(one.get("code") or "").strip()
            or not str(one.get("label") or "").strip()
        ):
            faults.append(_("Question %(place)d needs a code and a label.") % {"place": place})
            continue
        code = str(one["code"])
        if code in seen:
            faults.append(_("The code %(code)s is there twice.") % {"code": code})
        seen.add(code)
        kind = str(one.get("kind") or "text")
        if kind not in KINDS:
            faults.append(_("%(code)s: there is no kind %(kind)s.") % {"code": code, "kind": kind})
        choices = one.get("choices") or []
        if kind in ("choice", "choices") and (
            not isinstance(choices, list) or len(set(map(str, choices))) < 2
        ):
            faults.append(_("%(code)s needs at least two different choices.") % {"code": code})
        if kind not in ("choice", "choices") and choices:
            faults.append(_("%(code)s has choices but is no choice.") % {"code": code})
    return faults


def parse_questions(given: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """Stored questions as objects; the list has passed `check_questions`."""
    return tuple(
        Question(
            code=str(one["code"]),
            label=str(one["label"]),
            kind=str(one.get("kind") or "text"),
            required=bool(one.get("required")),
            choices=tuple(str(choice) for choice in one.get("choices") or ()),
            help=str(one.get("help") or ""),
        )
        for one in given
    )


def check_answers(
    questions: Iterable[Question], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Raw answers → (clean answers by code, errors by `answers.<code>`). Answers to no question are left out."""
    clean: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for question in questions:
        raw = given.get(question.code)
        if isinstance(raw, str):
            raw = raw.strip()
        if raw is None or raw == "" or raw == []:
            if question.required:
                errors[f"answers.{question.code}"] = _("%(label)s: an answer is needed.") % {
                    "label": question.label
                }
            continue
        try:
            clean[question.code] = _CLEANERS[question.kind](question, raw)
        except ValueError as error:
            errors[f"answers.{question.code}"] = f"{question.label}: {error}"
    return clean, errors


def shown_answers(questions: Iterable[Question], answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, answer in words) of the questions that were answered, in the form's order."""
    shown = []
    for question in questions:
        value = answers.get(question.code)
        if value is None:
            continue
        if isinstance(value, bool):
            text = _("yes") if value else _("no")
        elif isinstance(value, list):
            text = "、".join(map(str, value))
        else:
            text = str(value).replace("T", " ")
        shown.append((question.label, text))
    return shown


def _text(question: Question, raw: Any) -> str:
    if not isinstance(raw, (str, int, float)) or isinstance(raw, bool):
        raise ValueError(_("words are expected."))
    if len(str(raw)) > ANSWER_MOST:
        raise ValueError(_("at most %(most)d characters.") % {"most": ANSWER_MOST})
    return str(raw)


def _number(question: Question, raw: Any) -> int | float:
    try:
        value = float(raw) if not isinstance(raw, bool) else math.nan
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value) or abs(value) > 1e15:
        raise ValueError(_("a number is expected."))
    return int(value) if value.is_integer() else value


def _choice(question: Question, raw: Any) -> str:
    if str(raw) not in question.choices:
        raise ValueError(_("choose one of the answers offered."))
    return str(raw)


def _choices(question: Question, raw: Any) -> list[str]:
    picked = [str(one) for one in raw] if isinstance(raw, (list, tuple)) else [str(raw)]
    if any(one not in question.choices for one in picked):
        raise ValueError(_("choose among the answers offered."))
    return [one for one in question.choices if one in picked]


def _date(question: Question, raw: Any) -> str:
    try:
        return date.fromisoformat(str(raw)).isoformat()
    except ValueError:
        raise ValueError(_("a date is expected, such as 2026-11-22.")) from None


def _time(question: Question, raw: Any) -> str:
    try:
        return time.fromisoformat(str(raw)).isoformat("minutes")
    except ValueError:
        raise ValueError(_("a time is expected, such as 14:30.")) from None


def _datetime(question: Question, raw: Any) -> str:
    try:
        return datetime.fromisoformat(str(raw)).isoformat(timespec="minutes")
    except ValueError:
        raise ValueError(_("a date and time is expected, such as 2026-11-22 14:30.")) from None


def _yes_no(question: Question, raw: Any) -> bool:
    word = str(raw).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError(_("yes or no is expected."))


_CLEANERS = {
    "text": _text,
    "number": _number,
    "choice": _choice,
    "choices": _choices,
    "date": _date,
    "time": _time,
    "datetime": _datetime,
    "yes_no": _yes_no,
}
