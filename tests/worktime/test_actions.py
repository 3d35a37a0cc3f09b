"""Versions of calendars and policies: who may, what is refused, what stays."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from hotline.audit.models import AuditEntry
from hotline.kit.actor import Actor, ActorKind, system_actor
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.kit.health import Level
from hotline.worktime import actions, queries
from hotline.worktime.models import Calendar, CalendarDay, DayKind, Policy, VersionState
from hotline.worktime.rules import PolicyDocument
from tests.worktime.factories import at

pytestmark = pytest.mark.django_db

ADMIN = system_actor("tests", "worktime:manage")
NOBODY = Actor(kind=ActorKind.STAFF, id=1, name="话务员", permissions=frozenset({"workorders:create"}))


@pytest.fixture(autouse=True)
def fresh():
    queries.forget()
    yield
    queries.forget()


@pytest.fixture
def today():
    with time_machine.travel(at("2026-11-22 10:00"), tick=False):
        yield at("2026-11-22 10:00")


def yaml_of(name: str) -> str:
    return (actions.PACKS / f"{name}.yaml").read_text(encoding="utf-8")


# ---- calendars


def test_published_holidays_become_a_version_once(today):
    first = actions.import_public_holidays(actor=ADMIN)
    assert (first.version, first.state, first.years[0], first.years[-1]) == (
        1,
        VersionState.PUBLISHED,
        2004,
        2026,
    )
    assert actions.import_public_holidays(actor=ADMIN).pk == first.pk
    held = queries.calendar_in_effect()
    assert held.id == first.pk
    assert held.calendar.is_workday(date(2026, 10, 10))
    assert AuditEntry.objects.filter(verb="worktime.publish_calendar", object_id=str(first.pk)).exists()


def test_a_later_version_keeps_the_earlier_one(today):
    first = actions.import_public_holidays(actor=ADMIN)
    second = actions.import_public_holidays(actor=ADMIN, also=[actions.ASSUMED_2027])
    first.refresh_from_db()
    assert (first.state, second.state, second.version) == (VersionState.RETIRED, VersionState.PUBLISHED, 2)
    assert queries.calendar(first.pk).calendar.years == frozenset(range(2004, 2027))
    assert not queries.calendar_in_effect().calendar.is_workday(date(2027, 2, 8))
    assert "holidays-2027" in second.source
    with pytest.raises(IntegrityError), transaction.atomic():
        Calendar.objects.filter(pk=first.pk).update(state=VersionState.PUBLISHED)


def test_a_year_that_nobody_published_cannot_be_imported(today):
    with pytest.raises(Invalid) as invalid:
        actions.import_public_holidays(actor=ADMIN, years=[2027])
    assert invalid.value.code == "year_not_public"
    assert not Calendar.objects.exists()


def test_a_draft_is_filled_checked_and_published(today):
    actions.import_public_holidays(actor=ADMIN)
    draft = actions.draft_calendar(actor=ADMIN)
    assert actions.draft_calendar(actor=ADMIN).pk == draft.pk
    actions.add_year(actor=ADMIN, calendar_id=draft.pk, year=2027)
    with pytest.raises(Refused) as refused:
        actions.publish_calendar(actor=ADMIN, calendar_id=draft.pk)
    assert refused.value.code == "calendar_check"
    actions.import_days(
        actor=ADMIN,
        calendar_id=draft.pk,
        text=actions.ASSUMED_2027.read_text(encoding="utf-8"),
        source="国办发明电〔2026〕1号",
    )
    actions.set_day(actor=ADMIN, calendar_id=draft.pk, day=date(2027, 9, 16), kind=DayKind.HOLIDAY, name="试")
    actions.set_day(actor=ADMIN, calendar_id=draft.pk, day=date(2027, 9, 16), kind="")
    assert not CalendarDay.objects.filter(calendar=draft, day=date(2027, 9, 16)).exists()
    published = actions.publish_calendar(actor=ADMIN, calendar_id=draft.pk)
    assert published.published_by == "system:tests"
    with pytest.raises(Refused):
        actions.set_day(actor=ADMIN, calendar_id=draft.pk, day=date(2027, 9, 16), kind=DayKind.HOLIDAY)
    another = actions.draft_calendar(actor=ADMIN)
    actions.remove_year(actor=ADMIN, calendar_id=another.pk, year=2027)
    with pytest.raises(Refused, match="2027"):
        actions.publish_calendar(actor=ADMIN, calendar_id=another.pk)
    actions.discard_calendar(actor=ADMIN, calendar_id=another.pk)
    assert queries.calendar_draft() is None


@pytest.mark.parametrize(
    ("day", "kind", "code"),
    [
        (date(2026, 11, 23), DayKind.MAKE_UP_WORKDAY, "not_weekend"),
        (date(2031, 1, 1), DayKind.HOLIDAY, "year_not_covered"),
        (date(2026, 11, 23), "party", "day_kind"),
    ],
)
def test_a_day_that_cannot_be(today, day, kind, code):
    actions.import_public_holidays(actor=ADMIN)
    draft = actions.draft_calendar(actor=ADMIN)
    with pytest.raises((Refused, Invalid)) as refused:
        actions.set_day(actor=ADMIN, calendar_id=draft.pk, day=day, kind=kind)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a,b\n1,2", "file"),
        ('day,kind\n"2027-01-01,holiday' + "x" * 140_000, "file"),
        ("day,kind,name\n", "1"),
        ("day,kind,name\n2027-13-01,holiday,x", "2"),
        ("day,kind,name\n2027-01-01,party,x", "2"),
        ("day,kind,name\n2027-01-01,holiday,x\n\n# remark\n2027-01-01,holiday,x", "5"),
    ],
)
def test_a_bad_list_names_its_lines_and_changes_nothing(today, text, line):
    draft = actions.draft_calendar(actor=ADMIN)
    with pytest.raises(Invalid) as invalid:
        actions.import_days(actor=ADMIN, calendar_id=draft.pk, text=text)
    assert line in invalid.value.details
    assert not CalendarDay.objects.exists()


def test_a_strange_year(today):
    draft = actions.draft_calendar(actor=ADMIN)
    with pytest.raises(Invalid):
        actions.add_year(actor=ADMIN, calendar_id=draft.pk, year=1066)


def test_a_draft_can_take_in_single_years(today):
    draft = actions.import_public_holidays(actor=ADMIN, years=[2025, 2026], publish=False)
    again = actions.import_public_holidays(actor=ADMIN, years=[2025, 2026], publish=False)
    assert (draft.pk, draft.state, again.source) == (
        again.pk,
        VersionState.DRAFT,
        "chinesecalendar 2025–2026",
    )


# ---- policies


def test_a_pack_takes_effect_and_a_successor_follows_without_overlap(today, tmp_path: Path):
    actions.import_public_holidays(actor=ADMIN)
    with pytest.raises(Refused) as refused:
        queries.policy_in_effect(today)
    assert refused.value.code == "no_policy"
    first = actions.load_policy_pack(actor=ADMIN, name="shanghai", effective_from=at("2024-01-01 00:00"))
    assert actions.load_policy_pack(actor=ADMIN, name="shanghai").pk == first.pk
    assert queries.in_effect(today).policy.id == first.pk
    own = tmp_path / "own.yaml"
    own.write_text(yaml_of("shanghai").replace("span: 5 workday", "span: 6 workday"), encoding="utf-8")
    changed = actions.load_policy_pack(actor=ADMIN, path=own, publish=False)
    assert (changed.state, changed.version) == (VersionState.DRAFT, 2)
    actions.discard_policy(actor=ADMIN, policy_id=changed.pk)
    draft = actions.draft_policy(actor=ADMIN, policy_id=first.pk)
    assert actions.draft_policy(actor=ADMIN, policy_id=first.pk).pk == draft.pk
    actions.save_policy(
        actor=ADMIN,
        policy_id=draft.pk,
        text=yaml_of("shanghai").replace("span: 5 workday", "span: 4 workday"),
    )
    begin = today + timedelta(days=7)
    second = actions.publish_policy(actor=ADMIN, policy_id=draft.pk, effective_from=begin)
    first.refresh_from_db()
    assert (first.effective_to, second.effective_from, second.version) == (begin, begin, 2)
    assert queries.policy_in_effect(begin - timedelta(microseconds=1)).id == first.pk
    assert queries.policy_in_effect(begin).id == second.pk
    assert (
        str(queries.policy(first.pk).document.select(urgency="routine").clock("finish", "unit").span)
        == "5 workday"
    )
    third = actions.draft_policy(actor=ADMIN, policy_id=second.pk)
    with pytest.raises(Refused) as early:
        actions.publish_policy(actor=ADMIN, policy_id=third.pk, effective_from=begin)
    assert early.value.code == "effective_from"
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.filter(pk=first.pk).update(effective_to=None)
    actions.discard_policy(actor=ADMIN, policy_id=third.pk)
    with pytest.raises(Refused):
        actions.discard_policy(actor=ADMIN, policy_id=first.pk)


def test_an_ended_policy_is_retired(today):
    actions.import_public_holidays(actor=ADMIN)
    first = actions.load_policy_pack(actor=ADMIN, name="shanghai", effective_from=at("2024-01-01 00:00"))
    actions.load_policy_pack(actor=ADMIN, name="shandong", effective_from=at("2026-11-01 00:00"))
    first.refresh_from_db()
    assert first.state == VersionState.RETIRED
    assert queries.policy_in_effect(at("2026-10-31 23:59")).id == first.pk


def test_a_policy_needs_its_calendar(today):
    with pytest.raises(Refused) as refused:
        actions.load_policy_pack(actor=ADMIN, name="shanghai")
    assert "2026" in str(refused.value.message)
    assert not Policy.objects.exists()


def test_bad_documents_are_refused_with_their_faults(today, tmp_path: Path):
    actions.import_public_holidays(actor=ADMIN)
    draft = actions.load_policy_pack(actor=ADMIN, name="shandong", publish=False)
    with pytest.raises(Invalid) as not_yaml:
        actions.save_policy(actor=ADMIN, policy_id=draft.pk, text="a: [")
    assert not_yaml.value.code == "yaml"
    with pytest.raises(Invalid) as faulty:
        actions.save_policy(
            actor=ADMIN,
            policy_id=draft.pk,
            text="format: 1\nname: x\nrules:\n- {name: a, clocks: [{kind: nap}]}\n",
        )
    assert "rules[0].clocks[0].kind" in faulty.value.details
    with pytest.raises(Invalid):
        actions.load_policy_pack(actor=ADMIN, name="../etc")
    own = tmp_path / "own.yaml"
    own.write_text(yaml_of("beijing"), encoding="utf-8")
    other = actions.load_policy_pack(actor=ADMIN, path=own, publish=False)
    assert other.document == PolicyDocument.parse(other.document).raw
    with pytest.raises(Refused) as taken:
        actions.save_policy(actor=ADMIN, policy_id=other.pk, text=yaml_of("shandong"))
    assert taken.value.code == "name_taken"
    with pytest.raises(NotVisible):
        actions.draft_policy(actor=ADMIN, policy_id=999)
    with pytest.raises(NotVisible):
        actions.save_policy(actor=ADMIN, policy_id=999, text=yaml_of("beijing"))


@pytest.mark.parametrize(
    "act",
    [
        lambda calendar, policy: actions.draft_calendar(actor=NOBODY),
        lambda calendar, policy: actions.import_public_holidays(actor=NOBODY),
        lambda calendar, policy: actions.import_days(
            actor=NOBODY, calendar_id=calendar, text="day,kind,name\n2026-12-05,holiday,x"
        ),
        lambda calendar, policy: actions.set_day(
            actor=NOBODY, calendar_id=calendar, day=date(2026, 12, 5), kind="holiday"
        ),
        lambda calendar, policy: actions.add_year(actor=NOBODY, calendar_id=calendar, year=2027),
        lambda calendar, policy: actions.remove_year(actor=NOBODY, calendar_id=calendar, year=2026),
        lambda calendar, policy: actions.publish_calendar(actor=NOBODY, calendar_id=calendar),
        lambda calendar, policy: actions.discard_calendar(actor=NOBODY, calendar_id=calendar),
        lambda calendar, policy: actions.load_policy_pack(actor=NOBODY, name="beijing"),
        lambda calendar, policy: actions.draft_policy(actor=NOBODY, policy_id=policy),
        lambda calendar, policy: actions.save_policy(
            actor=NOBODY, policy_id=policy, text=yaml_of("shandong")
        ),
        lambda calendar, policy: actions.publish_policy(
            actor=NOBODY, policy_id=policy, effective_from=timezone.now()
        ),
        lambda calendar, policy: actions.discard_policy(actor=NOBODY, policy_id=policy),
    ],
)
def test_only_administrators(today, act):
    actions.import_public_holidays(actor=ADMIN)
    draft = actions.draft_calendar(actor=ADMIN)
    policy = actions.load_policy_pack(actor=ADMIN, name="shandong", publish=False)
    with pytest.raises(NotPermitted):
        act(draft.pk, policy.pk)


def test_a_calendar_that_is_not_there(today):
    with pytest.raises(NotVisible):
        actions.publish_calendar(actor=ADMIN, calendar_id=999)
    with pytest.raises(Refused) as refused:
        queries.calendar_in_effect()
    assert refused.value.code == "no_calendar"


# ---- health


def test_a_missing_year_is_shown_weeks_ahead_and_fails_when_needed():
    with time_machine.travel(at("2026-06-01 10:00"), tick=False):
        assert queries.calendar_health().level is Level.FAIL
        assert queries.policy_health().level is Level.FAIL
        actions.import_public_holidays(actor=ADMIN)
        actions.load_policy_pack(actor=ADMIN, name="shanghai")
        assert queries.calendar_health().level is Level.OK
        assert queries.policy_health().level is Level.OK
    with time_machine.travel(at("2026-11-22 10:00"), tick=False):
        warned = queries.calendar_health()
        assert (warned.level, "2027" in warned.text) == (Level.WARN, True)
    with time_machine.travel(at("2026-12-18 10:00"), tick=False):
        assert queries.calendar_health().level is Level.FAIL
        actions.import_public_holidays(actor=ADMIN, also=[actions.ASSUMED_2027])
        assert queries.calendar_health().level is Level.OK


def test_a_policy_that_ends_without_a_successor_warns(today):
    actions.import_public_holidays(actor=ADMIN)
    policy = actions.load_policy_pack(actor=ADMIN, name="beijing")
    Policy.objects.filter(pk=policy.pk).update(effective_to=today + timedelta(days=30))
    assert queries.policy_health().level is Level.WARN
    assert queries.calendar_health().level is not Level.FAIL


def test_preview_asks_who_keeps_deadlines(today, monkeypatch):
    monkeypatch.setattr(queries, "_preview", None)
    actions.import_public_holidays(actor=ADMIN)
    held = queries.calendar_in_effect().calendar
    assert queries.preview(held) is None
    queries.use_preview(lambda calendar: queries.Preview(open=3, moved=1))
    assert queries.preview(held).moved == 1
