"""scope_allows as a table: role × unit × area × secrecy × named × owner."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.accounts.models import Role
from hotline.accounts.permissions import label_of, reaches, scope_allows
from hotline.accounts.rules import PERMISSIONS, Scope, codes_of
from hotline.kit.actor import Actor, ActorKind, Grant, system_actor

HUB, A, STREET, B = "/1/", "/1/2/", "/1/2/3/", "/1/4/"
JINGAN, OTHER = "310106000000", "310107000000"


def staff(*grants: tuple[Any, ...], delegated: tuple[int, ...] = ()) -> Actor:
    made = tuple(Grant(role, 1, path, *rest) for role, path, *rest in grants)
    return Actor(
        ActorKind.STAFF, 7, "x", made, frozenset(c for g in made for c in codes_of(g.role)), delegated
    )


HANDLER = staff((Role.HANDLER, A))
MANAGER = staff((Role.UNIT_MANAGER, A))
DISPATCHER = staff((Role.DISPATCHER, HUB))
SECRET_DISPATCHER = staff((Role.DISPATCHER, HUB, "", True))
LOCAL_SUPERVISOR = staff((Role.SUPERVISOR, A, JINGAN))
APPRAISER = staff((Role.APPRAISER, A))
LOCAL_APPRAISER = staff((Role.APPRAISER, A, JINGAN))
ADMIN = staff((Role.ADMIN, HUB, "", True))
AUDITOR = staff((Role.AUDITOR, HUB))
BOTH = staff((Role.HANDLER, B), (Role.UNIT_MANAGER, A))


@pytest.mark.parametrize(
    ("actor", "code", "facts", "allowed"),
    [
        # unit
        (HANDLER, "workorders:reply", {"unit_paths": [A]}, True),
        (HANDLER, "workorders:reply", {"unit_paths": [STREET]}, False),
        (HANDLER, "workorders:reply", {"unit_paths": [B]}, False),
        (HANDLER, "workorders:reply", {"unit_paths": [B, A]}, True),
        (HANDLER, "workorders:reply", {}, False),
        # subtree
        (HANDLER, "workorders:view", {"unit_paths": [STREET]}, True),
        (HANDLER, "workorders:view", {"unit_paths": [B]}, False),
        (HANDLER, "workorders:view", {"unit_paths": [HUB]}, False),
        (MANAGER, "workorders:reply", {"unit_paths": [STREET]}, True),
        (MANAGER, "workorders:reply", {"unit_paths": ["/1/21/"]}, False),
        # city
        (DISPATCHER, "workorders:dispatch", {}, True),
        (DISPATCHER, "workorders:reply", {"unit_paths": [A]}, False),
        # several roles
        (BOTH, "workorders:reply", {"unit_paths": [B]}, True),
        (BOTH, "workorders:reply", {"unit_paths": [STREET]}, True),
        (BOTH, "workorders:approve_reply", {"unit_paths": [B]}, False),
        # area limits
        (LOCAL_SUPERVISOR, "workorders:supervise", {"area_code": "310106010000"}, True),
        (LOCAL_SUPERVISOR, "workorders:supervise", {"area_code": OTHER}, False),
        (LOCAL_SUPERVISOR, "workorders:supervise", {}, False),
        (LOCAL_APPRAISER, "workorders:view", {"area_code": JINGAN}, True),
        (LOCAL_APPRAISER, "workorders:view", {"area_code": OTHER, "unit_paths": [A]}, False),
        (APPRAISER, "workorders:view", {"unit_paths": [STREET]}, True),
        (APPRAISER, "workorders:view", {"unit_paths": [B]}, False),
        # secrecy
        (DISPATCHER, "workorders:view", {"secret": True}, False),
        (DISPATCHER, "workorders:view", {"secret": True, "named": True}, True),
        (SECRET_DISPATCHER, "workorders:view", {"secret": True}, True),
        (HANDLER, "workorders:reply", {"unit_paths": [A], "secret": True}, False),
        (HANDLER, "workorders:reply", {"unit_paths": [A], "secret": True, "named": True}, True),
        (HANDLER, "workorders:view", {"unit_paths": [B], "secret": True, "named": True}, True),
        (HANDLER, "workorders:reply", {"unit_paths": [B], "secret": True, "named": True}, False),
        (ADMIN, "intake:quarantine", {"secret": True, "named": True}, False),
        (AUDITOR, "workorders:view", {"secret": True, "named": True}, False),
        (AUDITOR, "workorders:see_secret_grants", {"secret": True}, True),
        # machines
        (system_actor("s", "workorders:view"), "workorders:view", {"secret": True}, True),
        (system_actor("s"), "workorders:view", {}, False),
        (
            Actor(ActorKind.API, 3, "p", permissions=frozenset({"workorders:view"})),
            "workorders:view",
            {},
            True,
        ),
        (
            Actor(ActorKind.API, 3, "p", permissions=frozenset({"workorders:view"})),
            "workorders:view",
            {"secret": True},
            False,
        ),
        (
            Actor(ActorKind.API, 3, "p", permissions=frozenset({"workorders:view"})),
            "workorders:view",
            {"secret": True, "owner": "api:3"},
            True,
        ),
        # citizens
        (Actor(ActorKind.CITIZEN, 5, "c"), "workorders:view", {"owner": "citizen:5", "secret": True}, True),
        (Actor(ActorKind.CITIZEN, 5, "c"), "workorders:view", {"owner": "citizen:6"}, False),
        (Actor(ActorKind.CITIZEN, 0, "c"), "workorders:view", {"owner": "citizen:0"}, False),
        (Actor(ActorKind.CITIZEN, 5, "c"), "workorders:dispatch", {"owner": "citizen:5"}, False),
    ],
)
def test_scope_allows(actor, code, facts, allowed):
    verdict = scope_allows(actor, code, **facts)
    assert verdict.allowed is allowed
    assert verdict.reason


def test_own_scope(monkeypatch):
    table = dict(PERMISSIONS)
    table["workorders:create"] = ("x", {Role.AGENT: Scope.OWN})
    monkeypatch.setattr("hotline.accounts.permissions.PERMISSIONS", table)
    agent = staff((Role.AGENT, HUB), delegated=(9,))
    assert scope_allows(agent, "workorders:create", owner="staff:7")
    assert scope_allows(agent, "workorders:create", owner="staff:9")
    assert not scope_allows(agent, "workorders:create", owner="staff:8")


def test_unknown_code_is_a_fault_of_the_programmer():
    with pytest.raises(LookupError):
        scope_allows(HANDLER, "workorders:fly")
    assert label_of("workorders:fly") == "workorders:fly"


def test_reasons_name_the_permission_and_why():
    from django.utils import translation

    with translation.override("en"):
        assert "none of your roles" in scope_allows(HANDLER, "audit:read").reason
        assert "named handler" in scope_allows(DISPATCHER, "workorders:view", secret=True).reason
        assert (
            "another area" in scope_allows(LOCAL_SUPERVISOR, "workorders:supervise", area_code=OTHER).reason
        )
        assert "own unit" in scope_allows(HANDLER, "workorders:reply", unit_paths=[B]).reason


def test_reaches_names_every_way():
    assert [(way.scope, way.grant.unit_path) for way in reaches(BOTH, "workorders:reply")] == [
        (Scope.UNIT, B),
        (Scope.SUBTREE, A),
    ]
