"""Units, staff, delegation: what is written, what is refused."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from hotline.accounts import actions, hooks, queries
from hotline.accounts.models import Delegation, Membership, Person, Role, Unit, UnitLevel
from hotline.accounts.permissions import scope_allows
from hotline.accounts.queries import actor_for
from hotline.audit.models import AuditEntry
from hotline.kit.actor import system_actor
from hotline.kit.clock import now, today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused, Stale
from tests.accounts.factories import PASSWORD, make_person

pytestmark = pytest.mark.django_db
MACHINE = system_actor("test")


def audited(verb: str) -> int:
    return AuditEntry.objects.filter(verb=f"accounts.{verb}").count()


# ── units ──


def unit_values(**more):
    return {
        "code": "N1",
        "name": "静安区生态环境局",
        "short_name": "静安环境局",
        "level": UnitLevel.DEPARTMENT,
        **more,
    }


def test_create_unit_sets_path_pinyin_and_audit(cast):
    unit = actions.create_unit(actor=cast.actor("admin"), parent_id=cast.a.pk, **unit_values())
    assert unit.path == f"{cast.a.path}{unit.pk}/"
    assert "jahjj" in unit.pinyin
    assert audited("create_unit") == 1


def test_unit_code_is_unique(cast):
    with pytest.raises(Invalid) as caught:
        actions.create_unit(actor=cast.actor("admin"), parent_id=None, **unit_values(code="A"))
    assert "code" in caught.value.details


@pytest.mark.parametrize(
    ("who", "under", "allowed"),
    [("manager", "a", True), ("manager", "street", True), ("manager", "b", False), ("handler", "a", False)],
)
def test_a_manager_keeps_the_own_subtree(cast, who, under, allowed):
    def make():
        return actions.create_unit(actor=cast.actor(who), parent_id=cast.unit(under).pk, **unit_values())

    if allowed:
        assert make().pk
    else:
        with pytest.raises(NotPermitted):
            make()


def test_change_unit_refuses_the_slower_of_two(cast):
    admin = cast.actor("admin")
    version = cast.a.version
    actions.change_unit(actor=admin, unit_id=cast.a.pk, version=version, duties="甲")
    with pytest.raises(Stale) as caught:
        actions.change_unit(actor=admin, unit_id=cast.a.pk, version=version, duties="乙")
    assert caught.value.details == {"yours": {"duties": "乙"}, "theirs": {"duties": "甲"}}
    assert Unit.objects.get(pk=cast.a.pk).duties == "甲"


def test_move_unit_takes_all_below_along(cast):
    actions.move_unit(actor=cast.actor("admin"), unit_id=cast.street.pk, parent_id=cast.b.pk)
    street, station = Unit.objects.get(pk=cast.street.pk), Unit.objects.get(pk=cast.station.pk)
    assert street.path == f"{cast.b.path}{street.pk}/"
    assert station.path == f"{street.path}{station.pk}/"
    assert queries.subtree_ids([cast.b.pk]) == sorted([cast.b.pk, street.pk, station.pk])
    assert queries.subtree_ids([cast.a.pk]) == [cast.a.pk]


@pytest.mark.parametrize("target", ["a", "street", "station"])
def test_move_unit_makes_no_circle(cast, target):
    with pytest.raises(Refused, match="circle"):
        actions.move_unit(actor=cast.actor("admin"), unit_id=cast.a.pk, parent_id=cast.unit(target).pk)


def test_a_manager_moves_what_lies_below_but_not_the_own_unit(cast):
    manager = cast.actor("manager")
    actions.move_unit(actor=manager, unit_id=cast.station.pk, parent_id=cast.a.pk)
    with pytest.raises(NotPermitted):
        actions.move_unit(actor=manager, unit_id=cast.a.pk, parent_id=cast.hub.pk)
    with pytest.raises(NotPermitted):
        actions.close_unit(actor=manager, unit_id=cast.a.pk)
    with pytest.raises(NotPermitted):
        actions.move_unit(actor=manager, unit_id=cast.station.pk, parent_id=cast.b.pk)


def test_close_unit_is_refused_while_something_is_open_there(cast, monkeypatch):
    admin = cast.actor("admin")
    with pytest.raises(Refused, match="units_below"):
        actions.close_unit(actor=admin, unit_id=cast.a.pk)
    monkeypatch.setattr(
        hooks, "_closing", [lambda unit_id: "3 件未办结" if unit_id == cast.station.pk else ""]
    )
    with pytest.raises(Refused) as caught:
        actions.close_unit(actor=admin, unit_id=cast.station.pk)
    assert "3 件未办结" in str(caught.value.message)
    monkeypatch.setattr(hooks, "_closing", [])
    unit = actions.close_unit(actor=admin, unit_id=cast.station.pk, reason="并入街道")
    assert unit.closed_on == today()
    with pytest.raises(Refused, match="unit_closed"):
        actions.close_unit(actor=admin, unit_id=cast.station.pk)
    assert actor_for(cast.station_handler).grants == ()
    assert unit not in queries.search_units("城运站")
    with pytest.raises(Refused, match="unit_closed"):
        actions.create_unit(actor=admin, parent_id=unit.pk, **unit_values())
    assert actions.reopen_unit(actor=admin, unit_id=unit.pk).closed_on is None


def test_unknown_units_are_not_visible(cast):
    with pytest.raises(NotVisible):
        actions.close_unit(actor=cast.actor("admin"), unit_id=0)
    with pytest.raises(TypeError):
        actions.change_unit(actor=cast.actor("admin"), unit_id=cast.a.pk, version=None, path="/")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("甲区一街道", "street"),
        ("jqyjd", "street"),
        ("jiaquyi", "street"),
        ("yiju", "b"),
        ("A1", "street"),
        ("热线", "hub"),
    ],
)
def test_search_units(cast, text, first):
    assert queries.search_units(text)[0] == cast.unit(first)


def test_search_units_within(cast):
    assert cast.b not in queries.search_units("j", within=[cast.a.pk])
    assert queries.search_units("  ") == []
    assert queries.unit_path_ids(cast.station) == [cast.hub.pk, cast.a.pk, cast.street.pk, cast.station.pk]


# ── staff ──


def test_create_person_with_first_role(cast):
    person, first = actions.create_person(
        actor=cast.actor("manager"),
        username="New.One",
        name="新人",
        unit_id=cast.street.pk,
        role=Role.HANDLER,
    )
    assert person.username == "new.one"
    assert person.must_change_password
    assert person.check_password(first)
    assert actor_for(person).has("workorders:reply")
    with pytest.raises(Invalid):
        actions.create_person(
            actor=cast.actor("manager"),
            username="NEW.ONE",
            name="x",
            unit_id=cast.street.pk,
            role=Role.HANDLER,
        )


@pytest.mark.parametrize(
    ("role", "unit"), [(Role.DISPATCHER, "a"), (Role.ADMIN, "a"), (Role.HANDLER, "b"), (Role.HANDLER, "hub")]
)
def test_a_manager_gives_only_handling_roles_below(cast, role, unit):
    with pytest.raises((NotPermitted, Invalid)):
        actions.add_membership(
            actor=cast.actor("manager"),
            person_id=cast.street_handler.pk,
            unit_id=cast.unit(unit).pk,
            role=role,
        )


def test_nobody_gives_themselves_a_role(cast):
    for who in ("admin", "manager"):
        with pytest.raises(Refused, match="self"):
            actions.add_membership(
                actor=cast.actor(who), person_id=cast.person(who).pk, unit_id=cast.a.pk, role=Role.HANDLER
            )


def test_a_role_of_the_city_outside_the_centre_is_limited_to_the_units_area(cast):
    admin = cast.actor("admin")
    made = actions.add_membership(
        actor=admin, person_id=cast.handler.pk, unit_id=cast.a.pk, role=Role.SUPERVISOR
    )
    assert made.area_code == cast.a.area_code
    with pytest.raises(Invalid, match="area_missing"):
        actions.add_membership(
            actor=admin, person_id=cast.handler.pk, unit_id=cast.b.pk, role=Role.SUPERVISOR
        )


def test_administrator_never_becomes_auditor(cast):
    other = make_person("另一管理员", (Role.ADMIN, cast.hub))
    with pytest.raises(Refused, match="incompatible"):
        actions.add_membership(
            actor=cast.actor("admin"), person_id=other.pk, unit_id=cast.hub.pk, role=Role.AUDITOR
        )


def test_a_role_once_and_away_at_once(cast):
    admin, person = cast.actor("admin"), cast.handler
    with pytest.raises(Refused, match="membership_exists"):
        actions.add_membership(actor=admin, person_id=person.pk, unit_id=cast.a.pk, role=Role.HANDLER)
    actions.end_membership(actor=admin, membership_id=Membership.objects.get(person=person).pk)
    assert actor_for(person).grants == ()
    with pytest.raises(NotVisible):
        actions.end_membership(actor=admin, membership_id=0)


def test_a_manager_cannot_reset_somebody_of_the_centre_who_also_has_a_role_below(cast):
    both = make_person("兼职", (Role.ADMIN, cast.hub), (Role.HANDLER, cast.a))
    for act in (actions.reset_password, actions.reset_second_factor):
        with pytest.raises(NotPermitted):
            act(actor=cast.actor("manager"), person_id=both.pk)
    helper = make_person("代办", (Role.REVIEWER, cast.a))
    with pytest.raises(NotPermitted):
        actions.reset_password(actor=cast.actor("manager"), person_id=helper.pk)
    assert actions.reset_password(actor=cast.actor("manager"), person_id=cast.street_handler.pk)
    with pytest.raises(NotPermitted):
        actions.reset_password(actor=cast.actor("manager"), person_id=cast.other_handler.pk)
    with pytest.raises(NotPermitted):
        actions.reset_password(actor=cast.actor("handler"), person_id=cast.street_handler.pk)


def test_nobody_resets_or_removes_themselves(cast):
    admin = cast.actor("admin")
    for call in (
        lambda: actions.reset_password(actor=admin, person_id=admin.id),
        lambda: actions.reset_second_factor(actor=admin, person_id=admin.id),
        lambda: actions.deactivate_person(actor=admin, person_id=admin.id, reason="x"),
    ):
        with pytest.raises(Refused, match="self"):
            call()


def test_deactivation_ends_everything_and_can_be_undone(cast):
    client = cast.client("handler")
    actions.deactivate_person(actor=cast.actor("admin"), person_id=cast.handler.pk, reason="离职")
    assert not client.get("/ui/session/").json()["signed_in"]
    person = Person.objects.get(pk=cast.handler.pk)
    assert actor_for(person).grants == ()
    assert queries.person_named("handler") is None
    actions.activate_person(actor=cast.actor("admin"), person_id=person.pk)
    assert queries.person_named("HANDLER") == person


def test_change_person(cast):
    me = cast.actor("handler")
    assert actions.change_person(actor=me, person_id=me.id, phone="021").phone == "021"
    with pytest.raises(NotPermitted):
        actions.change_person(actor=me, person_id=me.id, name="别名")
    assert actions.change_person(actor=cast.actor("admin"), person_id=me.id, name="别名").name == "别名"
    with pytest.raises(NotVisible):
        actions.change_person(actor=cast.actor("admin"), person_id=0, name="x")
    with pytest.raises(TypeError):
        actions.change_person(actor=cast.actor("admin"), person_id=me.id, password="x")


def test_change_password_rules(cast):
    me = cast.actor("handler")

    def change(old, new):
        return actions.change_password(actor=me, person_id=me.id, old=old, new=new)

    for old, new, code in [
        ("falsch", "Gut-und-neu-1", "wrong_password"),
        (PASSWORD, "kurz", "weak_password"),
        (PASSWORD, PASSWORD, "used_password"),
    ]:
        with pytest.raises(Invalid, match=code):
            change(old, new)
    chain = [PASSWORD, *(f"Gut-und-neu-{n}" for n in range(1, 6))]
    for old, new in pairwise(chain):
        change(old, new)
    with pytest.raises(Invalid, match="used_password"):
        change(chain[-1], chain[1])
    change(chain[-1], PASSWORD)
    with pytest.raises(NotVisible):
        actions.change_password(actor=me, person_id=cast.agent.pk, old=PASSWORD, new="x")


# ── delegation ──


def lend(cast, giver="handler", taker="other_handler", start=-1, end=1, by=None):
    moment = now()
    return actions.delegate(
        actor=cast.actor(by or giver),
        from_person_id=cast.person(giver).pk,
        to_person_id=cast.person(taker).pk,
        starts_at=moment + timedelta(days=start),
        ends_at=moment + timedelta(days=end),
        reason="年休假",
    )


def test_a_stand_in_acts_with_the_others_roles_and_shows_for_whom(cast):
    assert not scope_allows(cast.actor("other_handler"), "workorders:reply", unit_paths=[cast.a.path])
    delegation = lend(cast)
    actor = cast.actor("other_handler")
    assert scope_allows(actor, "workorders:reply", unit_paths=[cast.a.path])
    assert scope_allows(actor, "workorders:reply", unit_paths=[cast.b.path])
    assert cast.handler.name in actor.name
    assert actor.delegated_from == (cast.handler.pk,)
    assert actor.id == cast.other_handler.pk
    actions.revoke_delegation(actor=cast.actor("handler"), delegation_id=delegation.pk)
    assert cast.actor("other_handler").delegated_from == ()


@pytest.mark.parametrize(("start", "end"), [(1, 2)])
def test_a_delegation_holds_only_in_its_time(cast, start, end):
    lend(cast, start=start, end=end)
    assert cast.actor("other_handler").delegated_from == ()


def test_delegated_roles_are_not_passed_on(cast):
    lend(cast)
    lend(cast, "other_handler", "street_handler")
    assert not scope_allows(cast.actor("street_handler"), "workorders:reply", unit_paths=[cast.a.path])


def test_a_deactivated_giver_lends_nothing(cast):
    lend(cast)
    Person.objects.filter(pk=cast.handler.pk).update(is_active=False)
    assert cast.actor("other_handler").delegated_from == ()


def test_what_cannot_be_lent(cast):
    with pytest.raises(Refused, match="not_lent"):
        lend(cast, "admin", "handler")
    with pytest.raises(Invalid, match="same_person"):
        lend(cast, "handler", "handler")
    with pytest.raises(Invalid, match="period"):
        lend(cast, start=-2, end=-1)
    with pytest.raises(NotPermitted):
        lend(cast, by="agent")
    Person.objects.filter(pk=cast.other_handler.pk).update(is_active=False)
    with pytest.raises(Refused, match="inactive"):
        lend(cast)


def test_who_may_end_a_delegation(cast):
    delegation = lend(cast)
    with pytest.raises(NotPermitted):
        actions.revoke_delegation(actor=cast.actor("agent"), delegation_id=delegation.pk)
    with pytest.raises(NotVisible):
        actions.revoke_delegation(actor=cast.actor("agent"), delegation_id=0)
    actions.revoke_delegation(actor=cast.actor("admin"), delegation_id=delegation.pk)
    actions.revoke_delegation(actor=cast.actor("admin"), delegation_id=delegation.pk)
    assert Delegation.objects.get().revoked_at is not None
    assert audited("revoke_delegation") == 1


def test_actor_for_costs_one_statement(cast, django_assert_num_queries):
    lend(cast)
    person = cast.other_handler
    with django_assert_num_queries(1):
        actor_for(person)


def test_memberships_hold_only_in_their_time(cast):
    Membership.objects.filter(person=cast.handler).update(valid_until=today() - timedelta(days=1))
    assert cast.actor("handler").grants == ()
