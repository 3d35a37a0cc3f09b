"""Tables and pure functions; no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.accounts import rules
from hotline.accounts.models import Role, UnitLevel
from hotline.accounts.rules import PERMISSIONS, Scope, SessionEnd


def test_every_permission_is_given_to_somebody_and_withheld_from_somebody():
    for code, (label, reach) in PERMISSIONS.items():
        assert reach, code
        assert set(Role) - set(reach), code
        assert str(label)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        (Role.AGENT, "workorders:export"),
        (Role.DISPATCHER, "workorders:reply"),
        (Role.FOLLOW_UP, "workorders:approve_reply"),
        (Role.HANDLER, "workorders:approve_reply"),
        (Role.ADMIN, "workorders:view"),
        (Role.ADMIN, "audit:read"),
        (Role.AUDITOR, "workorders:view"),
        (Role.AUDITOR, "accounts:reveal_identity"),
        (Role.ADMIN, "accounts:reveal_identity"),
        (Role.LEADER, "workorders:export"),
    ],
)
def test_what_a_role_must_not(role, code):
    assert role not in PERMISSIONS[code][1]


def test_codes_of_a_role():
    assert rules.codes_of("auditor") == {
        "audit:read": Scope.CITY,
        "workorders:see_secret_grants": Scope.CITY,
        "ops:health": Scope.CITY,
    }


@pytest.mark.parametrize(
    ("area", "code", "inside"),
    [
        ("", "", True),
        ("310106000000", "310106010001", True),
        ("310106000000", "310106000000", True),
        ("310106000000", "310107000000", False),
        ("310106000000", "", False),
        ("310000000000", "310106010001", True),
        ("310106010000", "310106010001", True),
        ("310106010000", "310106011001", False),
        ("310106010001", "310106010001", True),
        ("310100000000", "310110000000", True),
        ("310110000000", "310120000000", False),
    ],
)
def test_covers(area, code, inside):
    assert rules.covers(area, code) is inside


@pytest.mark.parametrize(
    ("role", "level", "area", "missing"),
    [
        (Role.SUPERVISOR, UnitLevel.DISTRICT, "", True),
        (Role.SUPERVISOR, UnitLevel.DISTRICT, "310106000000", False),
        (Role.SUPERVISOR, UnitLevel.HUB, "", False),
        (Role.HANDLER, UnitLevel.DISTRICT, "", False),
        (Role.UNIT_MANAGER, UnitLevel.STREET, "", False),
    ],
)
def test_a_role_of_the_whole_city_needs_an_area_outside_the_centre(role, level, area, missing):
    assert rules.area_missing(role, level, area) is missing


def test_administrator_and_auditor_do_not_meet():
    assert rules.incompatible({"admin", "auditor", "agent"})
    assert not rules.incompatible({"admin", "agent"})


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("138 0000 1234", "13800001234"),
        ("+86-13800001234", "13800001234"),
        ("008613800001234", "13800001234"),
        ("１３８００００１２３４", "13800001234"),
        ("021-6321 1234", "02163211234"),
        ("匿名", ""),
        ("", ""),
    ],
)
def test_normalize_phone(given, digits):
    assert rules.normalize_phone(given) == digits


def test_normalize_id_and_email():
    assert rules.normalize_id_number(" 11010519491231002x ") == "11010519491231002X"
    assert rules.normalize_email(" Wang@Example.CN ") == "wang@example.cn"


@pytest.mark.parametrize(
    ("name", "mask"),
    [
        ("张三", "张*"),
        ("张三丰", "张**"),
        ("欧阳锋", "欧阳*"),
        ("欧阳", "欧*"),
        ("张", "张*"),
        ("", ""),
        ("阿卜杜拉·买买提江", "阿****"),
    ],
)
def test_mask_name(name, mask):
    assert rules.mask_name(name) == mask


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("created", "seen", "over"),
    [
        (0, 0, None),
        (29, 29, None),
        (30, 30, SessionEnd.IDLE),
        (60, 1, None),
        (12 * 60, 1, SessionEnd.TOO_LONG),
        (12 * 60, 40, SessionEnd.TOO_LONG),
    ],
)
def test_session_over(created, seen, over):
    made = rules.session_over(
        NOON - timedelta(minutes=created),
        NOON - timedelta(minutes=seen),
        NOON,
        idle=timedelta(minutes=30),
        absolute=timedelta(hours=12),
    )
    assert made == over


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36", "Chrome 141 · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge 140 · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1", "Safari 18 · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8.0.50", "WeChat 8 · Android"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "—"),
    ],
)  # fmt: skip
def test_a_device_is_called_as_people_call_it(words, shown):
    assert rules.device_of(words) == shown
