"""The standing cast: one of every role, on a small tree of units, for every permission test.

hub ─┬─ a ─── street ─── station
     └─ b
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from hotline.accounts.actions.sessions import open_session
from hotline.accounts.models import Person, Role, Unit, UnitLevel
from hotline.accounts.queries import actor_for, citizen_actor
from hotline.kit.actor import Actor
from tests.accounts.factories import make_citizen, make_person, make_unit

ROLES: dict[str, tuple[str, str]] = {
    "agent": (Role.AGENT, "hub"),
    "shift_leader": (Role.SHIFT_LEADER, "hub"),
    "dispatcher": (Role.DISPATCHER, "hub"),
    "manager": (Role.UNIT_MANAGER, "a"),
    "handler": (Role.HANDLER, "a"),
    "other_handler": (Role.HANDLER, "b"),
    "other_manager": (Role.UNIT_MANAGER, "b"),
    "street_handler": (Role.HANDLER, "street"),
    "street_manager": (Role.UNIT_MANAGER, "street"),
    "station_handler": (Role.HANDLER, "station"),
    "reviewer": (Role.REVIEWER, "hub"),
    "follow_up": (Role.FOLLOW_UP, "hub"),
    "supervisor": (Role.SUPERVISOR, "hub"),
    "inspector": (Role.INSPECTOR, "hub"),
    "knowledge_editor": (Role.KNOWLEDGE_EDITOR, "hub"),
    "appraiser": (Role.APPRAISER, "hub"),
    "leader": (Role.LEADER, "hub"),
    "admin": (Role.ADMIN, "hub"),
    "auditor": (Role.AUDITOR, "hub"),
}


class Cast:
    """`cast.handler` is a Person, `cast.actor("handler")` the Actor, `cast.client("handler")` signed in with 2FA.

    Units: `cast.hub`, `.a`, `.b`, `.street` (below a), `.station` (below street). `cast.citizen` is a Citizen.
    """

    def __init__(self) -> None:
        self.hub = make_unit(
            "市民服务热线中心", level=UnitLevel.HUB, code="HUB", pinyin="smfwrxzx shiminfuwurexianzhongxin"
        )
        self.a = make_unit(
            "甲区人民政府",
            parent=self.hub,
            level=UnitLevel.DISTRICT,
            code="A",
            area_code="310106000000",
            pinyin="jqrmzf jiaqurenminzhengfu",
        )
        self.b = make_unit("乙局", parent=self.hub, level=UnitLevel.BUREAU, code="B", pinyin="yj yiju")
        self.street = make_unit(
            "甲区一街道",
            parent=self.a,
            level=UnitLevel.STREET,
            code="A1",
            area_code="310106010000",
            pinyin="jqyjd jiaquyijiedao",
        )
        self.station = make_unit(
            "一街道城运站",
            parent=self.street,
            level=UnitLevel.STATION,
            code="A1S",
            pinyin="yjdcyz yijiedaochengyunzhan",
        )
        self._people: dict[str, Person] = {}
        self._citizen: Any = None

    def unit(self, name: str) -> Unit:
        unit: Unit = getattr(self, name)
        return unit

    def person(self, who: str) -> Person:
        """Made when first asked for."""
        if who not in self._people:
            role, unit = ROLES[who]
            self._people[who] = make_person(
                f"{Role(role).label}{len(self._people) + 1}",
                (role, self.unit(unit)),
                username=who.replace("_", "-"),
            )
        return self._people[who]

    def __getattr__(self, who: str) -> Person:
        if who.startswith("_") or who not in ROLES:
            raise AttributeError(who)
        return self.person(who)

    @property
    def citizen(self) -> Any:
        if self._citizen is None:
            self._citizen = make_citizen("13800001234", "李诉求")
        return self._citizen

    def actor(self, who: str) -> Actor:
        """Read anew each time, so that changed roles show. "citizen" and "anonymous" too."""
        if who == "citizen":
            return citizen_actor(self.citizen.pk)
        return citizen_actor(0) if who == "anonymous" else actor_for(self.person(who))

    def client(self, who: str) -> Client:
        """A browser of this person; "citizen" has a portal session, "anonymous" none."""
        client = Client()
        if who == "anonymous":
            return client
        if who == "citizen":
            session = client.session
            session["citizen_id"] = self.citizen.pk
            session.save()
            client.cookies["sessionid"] = session.session_key or ""
            return client
        return sign_in(client, self.person(who))


def sign_in(client: Client, person: Person) -> Client:
    """Sign a client in as the sign-in page would after the second factor."""
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    key = client.session.session_key
    assert key
    open_session(actor=actor_for(person), person=person, session_key=key, ip="127.0.0.1", user_agent="test")
    return client


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


__all__ = ["Cast", "cast", "sign_in"]
