"""Tables and pure functions of the order; no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from hotline.accounts.rules import PERMISSIONS
from hotline.workorders.models import (
    OPEN_ASSIGNMENT_STATES,
    ApplicationKind,
    AssignmentRole,
    AssignmentState,
    DemandType,
    Flow,
    ListedState,
    OrderState,
)
from hotline.workorders.rules import (
    EVENTS,
    FAULTS,
    FINDINGS,
    STATES,
    STEPS,
    VERBS,
    WHY_NOT,
    Facts,
    Place,
    ReplyForm,
    Verb,
    after_return,
    allowed_verbs,
    amount_of,
    check_reply,
    check_table,
    closing_kind,
    decided_at,
    format_number,
    may_advance,
    next_state,
    option,
    order_state_of,
    ping_pong,
    read_number,
    search_query,
    search_text,
    why_not,
)
from hotline.workorders.rules.applications import extension_refusal, hold_refusal, return_refusal
from hotline.workorders.rules.closing import contact_settles, redo_flow
from hotline.workorders.rules.replies import repeats_option
from hotline.workorders.rules.transitions import steps
from hotline.workorders.rules.verbs import names
from hotline.worktime.rules import ExtensionLimits, ReturnLimits, Span, WorkCalendar

NOW = datetime(2026, 3, 4, 2, tzinfo=UTC)
LEAD = AssignmentRole.LEAD


# ── the tables ──


def test_tables_hold() -> None:
    assert check_table() == []


def broken(**changes: object) -> dict[str, Verb]:
    """The table with one verb changed, or (None) taken away."""
    table = dict(VERBS)
    for name, change in changes.items():
        if change is None:
            del table[name]
        else:
            table[name] = replace(table[name], **change)  # type: ignore[arg-type]
    return table


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (broken(merge=None), "state merged is never reached"),
        (broken(supply=None, close_directly=None, withdraw=None, merge=None), "state pending_supplement is a dead end"),
        (broken(sign={"label": ""}), "verb sign has no words"),
        (broken(sign={"event": "work_order.lost"}), "event work_order.lost of verb sign is not declared"),
        (broken(sign={"event": "work_order.lost"}), "event work_order.signed belongs to no verb"),
        (broken(sign={"permission": "workorders:fly"}), "permission workorders:fly of verb sign does not exist"),
        (broken(approve_hold=None), "assignment state on_hold is never reached"),
        (
            broken(resume=None, expire_hold=None, recall=None, recall_down=None, recall_assistant=None),
            "assignment state on_hold is a dead end",
        ),
    ],
)
def test_a_broken_table_is_found(table: dict[str, Verb], fault: str) -> None:
    assert fault in check_table(verbs=table)


def test_a_permission_for_nobody_or_everybody_is_found() -> None:
    nobody = {**PERMISSIONS, "workorders:sign": ("", {})}
    assert "verb sign is permitted to nobody" in check_table(nobody)  # type: ignore[arg-type]
    everybody = {**PERMISSIONS, "workorders:sign": ("", dict.fromkeys(["handler"], "city"))}
    assert "verb sign is forbidden to nobody" in check_table(everybody, roles=["handler"])  # type: ignore[arg-type]


def test_every_state_has_a_row_and_every_reason_words() -> None:
    assert set(STATES) == set(OrderState)
    assert all(str(words) for words in (*WHY_NOT.values(), *FAULTS.values(), *EVENTS.values()))
    assert names([VERBS["sign"]]) == ["sign"]


@pytest.mark.parametrize("state", OPEN_ASSIGNMENT_STATES)
def test_the_order_follows_its_lead(state: AssignmentState) -> None:
    assert not STATES[order_state_of(state)].final


def test_next_state() -> None:
    assert next_state(VERBS["pass_review"], OrderState.PENDING_REVIEW) == OrderState.PENDING_DISPATCH
    assert next_state(VERBS["reply"], OrderState.IN_PROGRESS, AssignmentState.REPLIED) == OrderState.CLOSE_REVIEW
    assert next_state(VERBS["note"], OrderState.CLOSED) == OrderState.CLOSED
    assert (OrderState.MERGED, OrderState.IN_PROGRESS) in steps(VERBS["unmerge"])


@pytest.mark.parametrize(
    ("verb", "state", "at", "facts", "code"),
    [
        ("dispatch", "closed", None, Facts(), "state"),
        ("dispatch", "pending_dispatch", None, Facts(), ""),
        ("dispatch", "pending_dispatch", None, Facts(claimed_by_other=True), "claimed"),
        ("release", "pending_dispatch", None, Facts(), "not_claimed"),
        ("release", "pending_dispatch", None, Facts(claimed=True), ""),
        ("sign", "pending_sign", None, Facts(), "assignment_state"),
        ("sign", "pending_sign", "in_progress", Facts(role=LEAD), "assignment_state"),
        ("sign", "pending_sign", "pending_sign", Facts(role=LEAD), ""),
        ("reply", "in_progress", "in_progress", Facts(role=AssignmentRole.ASSISTANT), "role"),
        ("give_opinion", "in_progress", "in_progress", Facts(role=LEAD), "role_assistant"),
        ("apply_hold", "in_progress", "in_progress", Facts(role=LEAD, top=False), "top"),
        ("recall_down", "in_progress", "in_progress", Facts(role=LEAD), "not_top"),
        ("recall_down", "in_progress", "in_progress", Facts(role=LEAD, top=False), ""),
        ("apply_return", "in_progress", "in_progress", Facts(role=LEAD, return_locked=True), "return_locked"),
        ("apply_return", "in_progress", "in_progress", Facts(role=LEAD, top=False, return_locked=True), ""),
        ("reply", "in_progress", "in_progress", Facts(role=LEAD, open_children=1), "children_open"),
        ("reply", "in_progress", "in_progress", Facts(role=LEAD, due_assistants=1), "assistants_open"),
        ("reply", "in_progress", "in_progress", Facts(role=LEAD, top=False, due_assistants=1), ""),
        ("approve_reply", "close_review", "replied", Facts(role=LEAD, pending=ApplicationKind.UNREASONABLE), "application_pending"),
        (
            "approve_reply", "in_progress", "replied",
            Facts(role=LEAD, top=False, parent_state=AssignmentState.EXTENSION_REVIEW), "parent_waits",
        ),
        ("approve_reply", "in_progress", "replied", Facts(role=LEAD, top=False, parent_state=AssignmentState.SENT_DOWN), ""),
        ("approve_hold", "hold_review", "hold_review", Facts(role=LEAD), "no_application"),
        ("approve_hold", "hold_review", "hold_review", Facts(role=LEAD, pending=ApplicationKind.HOLD), ""),
        ("cancel_application", "hold_review", "hold_review", Facts(role=LEAD), "no_application"),
    ],
)
def test_why_not(verb: str, state: str, at: str | None, facts: Facts, code: str) -> None:
    assert why_not(VERBS[verb], state, at, facts) == code


def test_allowed_verbs_of_an_order_and_of_a_unit() -> None:
    assert "dispatch" in allowed_verbs("pending_dispatch")
    assert "sign" not in allowed_verbs("pending_sign")
    assert "sign" in allowed_verbs("pending_sign", "pending_sign", Facts(role=LEAD))
    assert "create" not in allowed_verbs("closed")


# ── numbers, words ──


def test_numbers() -> None:
    number = format_number("JD", datetime(2026, 11, 22, 17, tzinfo=UTC), 123)
    assert number == "JD20261123-000123"  # the city's day, not UTC's
    assert read_number(" jd20261123 000123") == number
    assert read_number("JD20261123000123") == number
    assert read_number("路灯") is None


def test_words() -> None:
    found = search_text("小区东侧工地夜间施工噪声", "", "三号楼").split()
    assert "工地" in found
    assert "噪声" in found
    assert search_query("噪声！ 工地") == "'噪声' & '工地'"
    assert search_query("？！") == ""


# ── reply form ──

GOOD = ReplyForm(text="已责令工地夜间停工。", fact_finding="true", demand_finding="reasonable", site_visit="no_site")


def faults(form: ReplyForm, demand_type: str = "complaint", signed_file: bool = True) -> dict[str, str]:
    found = check_reply(form, demand_type, started_at=NOW - timedelta(days=2), now=NOW, signed_file=signed_file)
    return {fault.field: fault.code for fault in found}


def test_a_good_reply_passes() -> None:
    assert faults(GOOD) == {}


@pytest.mark.parametrize(
    ("changes", "demand_type", "expected"),
    [
        ({"fact_finding": ""}, "complaint", {"fact_finding": "required", "explanation": "required"}),
        ({"fact_finding": "adopted"}, "complaint", {"fact_finding": "not_for_type"}),
        ({"demand_finding": ""}, "complaint", {"demand_finding": "required", "explanation": "required"}),
        ({"demand_finding": "odd"}, "complaint", {"demand_finding": "unknown", "explanation": "required"}),
        ({"fact_finding": "not_true"}, "complaint", {"explanation": "required"}),
        ({"fact_finding": "not_true", "explanation": "经核实，不属实。"}, "complaint", {"explanation": "repeats"}),
        ({"fact_finding": "not_true", "explanation": "现场分贝检测合格，未超标"}, "complaint", {}),
        ({"demand_finding": "excessive"}, "complaint", {"explanation": "required"}),
        ({"site_visit": ""}, "complaint", {"site_visit": "required"}),
        ({"site_visit": "", "fact_finding": "policy_found"}, "consultation", {}),
        ({"site_visit": "", "fact_finding": "adopted"}, "suggestion", {}),
        ({"site_visit": "perhaps"}, "complaint", {"site_visit": "unknown"}),
        ({"site_visit": "yes"}, "complaint", {"visited_at": "required"}),
        ({"site_visit": "yes", "visited_at": NOW + timedelta(hours=1)}, "complaint", {"visited_at": "future"}),
        ({"site_visit": "yes", "visited_at": NOW - timedelta(days=3)}, "complaint", {"visited_at": "too_early"}),
        ({"site_visit": "yes", "visited_at": NOW - timedelta(hours=3)}, "complaint", {}),
        ({"method": "pigeon"}, "complaint", {"method": "required"}),
        ({"replied_to_citizen_at": NOW + timedelta(hours=1)}, "complaint", {"replied_to_citizen_at": "future"}),
        ({"text": "。。 好"}, "complaint", {"text": "required"}),
        ({"text": "【日期】已责令工地夜间停工。"}, "complaint", {"text": "gaps"}),
        ({"text": "【紧急】已责令工地夜间停工。"}, "complaint", {}),
        ({"outcome": ""}, "complaint", {"outcome": "required"}),
        ({"outcome": "unsolved"}, "complaint", {"unsolved_reason": "required"}),
        ({"outcome": "unsolved", "unsolved_reason": "funds"}, "complaint", {}),
        ({"fact_finding": "", "demand_finding": "", "site_visit": ""}, "invalid", {}),
    ],
)
def test_reply_checks(changes: dict[str, object], demand_type: str, expected: dict[str, str | None]) -> None:
    found = faults(replace(GOOD, **changes), demand_type)  # type: ignore[arg-type]
    assert found.keys() == expected.keys()
    assert all(found[name] == code for name, code in expected.items() if code)


def test_a_signed_file_for_the_state_platform() -> None:
    assert faults(GOOD, signed_file=False) == {"attachments": "signed_file"}


def test_findings_belong_to_every_type() -> None:
    assert set(FINDINGS) == set(DemandType)
    assert repeats_option("属实。", "true")
    assert not repeats_option("属实，已于三月二日整改", "true")


# ── applications ──

CALENDAR = WorkCalendar([2025, 2026])


def test_return_window() -> None:
    limits = ReturnLimits(window=Span.parse("1 workday"))
    at = datetime(2026, 3, 2, 2, tzinfo=UTC)
    assert return_refusal(limits, started_at=at, now=at + timedelta(hours=20), calendar=CALENDAR, basis="三定") == ""
    assert return_refusal(limits, started_at=at, now=at + timedelta(days=3), calendar=CALENDAR, basis="三定") == "window"
    assert return_refusal(limits, started_at=at, now=at, calendar=CALENDAR, basis=" ") == "basis"
    unknown = datetime(2030, 3, 2, 2, tzinfo=UTC)
    assert return_refusal(limits, started_at=unknown, now=unknown, calendar=CALENDAR, basis="三定") == ""


def test_extension() -> None:
    five = Span.parse("5 workday")
    limits = ExtensionLimits(1, (five, Span.parse("10 workday")), five)
    due = NOW + timedelta(days=1)
    assert amount_of(limits, 5) == five
    assert amount_of(limits, 7) is None
    assert extension_refusal(limits, used=0, amount=five, now=NOW, due_at=due) == ""
    assert extension_refusal(limits, used=0, amount=five, now=NOW, due_at=None) == "no_clock"
    assert extension_refusal(limits, used=0, amount=None, now=NOW, due_at=due) == "amount"
    assert extension_refusal(limits, used=1, amount=five, now=NOW, due_at=due) == "too_many"
    assert extension_refusal(limits, used=0, amount=five, now=NOW, due_at=NOW - timedelta(hours=1)) == "expired"
    assert decided_at(ApplicationKind.EXTENSION, top=False, limits=limits, amount=five) is Place.ABOVE
    assert decided_at(ApplicationKind.EXTENSION, top=False, limits=limits, amount=Span.parse("10 workday")) is Place.HUB
    assert decided_at(ApplicationKind.RETURN, top=False) is Place.ABOVE
    assert decided_at(ApplicationKind.RETURN, top=True) is Place.HUB
    assert decided_at(ApplicationKind.HOLD, top=False) is Place.HUB


def test_hold() -> None:
    today = date(2026, 3, 4)
    assert hold_refusal(None, today) == "until_missing"
    assert hold_refusal(today, today) == "until_past"
    assert hold_refusal(today + timedelta(days=400), today) == "until_far"
    assert hold_refusal(today + timedelta(days=10), today) == ""


def test_returns_lead_to_arbitration() -> None:
    limits = ReturnLimits(arbitration_after=3)
    assert after_return(2, limits) == OrderState.PENDING_DISPATCH
    assert after_return(3, limits) == OrderState.ARBITRATION
    assert after_return(9, ReturnLimits(arbitration_after=0)) == OrderState.PENDING_DISPATCH


def test_ping_pong() -> None:
    assert ping_pong([1, 2, 1, 2, 3]) == [1, 2]
    assert ping_pong([1, 1, 2]) == []


# ── closing ──


def test_closing() -> None:
    assert closing_kind(None, None) == "automatic"
    assert closing_kind(True, None) == "handled"
    assert redo_flow(0, supervised=False, options={}) == Flow.REDO
    assert redo_flow(1, supervised=False, options={}) == Flow.SUPERVISED
    assert redo_flow(0, supervised=True, options={}) == Flow.SUPERVISED
    assert contact_settles(True, 0, {})
    assert not contact_settles(False, 1, {})
    assert contact_settles(False, 2, {})
    assert contact_settles(False, 0, {"contact_tries": 1})
    assert option({}, "hold_expiry") == "resume"


def test_supervision_ends_from_everywhere() -> None:
    assert may_advance("proposed", "issued")
    assert not may_advance("closed", "issued")
    for state in ListedState:
        seen, queue = {state}, [state]
        while queue:
            for after in STEPS[queue.pop()]:
                if after not in seen:
                    seen.add(after)
                    queue.append(after)
        assert ListedState.CLOSED in seen
