"""Citizens and their identity; who can do and see what."""

from __future__ import annotations

import pytest

from hotline.accounts import actions, queries
from hotline.accounts.models import Citizen, Membership
from hotline.accounts.permissions import scope_allows
from hotline.accounts.queries import OrderFacts, who_can
from hotline.audit.models import AuditEntry
from hotline.kit import crypto
from hotline.kit.errors import Invalid, NotPermitted, NotVisible
from tests.accounts.factories import make_citizen, make_unit
from tests.accounts.test_actions import MACHINE, audited, lend

pytestmark = pytest.mark.django_db


def test_one_citizen_a_phone_number_however_written(cast):
    first = actions.find_or_create_citizen(actor=cast.actor("agent"), phone="138 0000 9999", name="王小明")
    again = actions.find_or_create_citizen(actor=cast.actor("agent"), phone="+8613800009999", name="王小红")
    assert first.pk == again.pk
    assert (again.phone_mask, again.name_mask) == ("138****9999", "王**")
    assert queries.find_citizen("13800009999") == first
    assert queries.find_citizen("13800009998") is None
    assert queries.find_citizen("") is None
    assert audited("create_citizen") == 1


def test_identity_is_nowhere_in_the_clear(cast):
    made = make_citizen("13812345678", "欧阳修远")
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM accounts_citizen c WHERE id = %s", [made.pk])
        (row,) = cursor.fetchone()
        cursor.execute("SELECT string_agg(a::text, '') FROM audit_auditentry a")
        (log,) = cursor.fetchone()
    for text in ("13812345678", "修远", "12345678", b"13812345678".hex(), "欧阳修远".encode().hex()):
        assert text not in row
        assert text not in log


def test_a_missing_name_is_added_and_a_known_one_kept(cast):
    agent = cast.actor("agent")
    made = actions.find_or_create_citizen(actor=agent, phone="13800005555")
    assert made.name_mask == ""
    assert actions.find_or_create_citizen(actor=agent, phone="13800005555", name="赵六").name_mask == "赵*"
    assert Citizen.objects.get(pk=made.pk).name_mask == "赵*"


def test_without_a_number_every_citizen_is_new(cast):
    agent = cast.actor("agent")
    assert (
        actions.find_or_create_citizen(actor=agent, phone="").pk
        != actions.find_or_create_citizen(actor=agent, phone="").pk
    )


def test_only_those_who_take_appeals_record_citizens(cast):
    with pytest.raises(NotPermitted):
        actions.find_or_create_citizen(actor=cast.actor("handler"), phone="13800005555")
    assert actions.find_or_create_citizen(actor=cast.actor("anonymous"), phone="13800005555").pk


def test_known_citizen_costs_one_statement(cast, django_assert_num_queries):
    agent = cast.actor("agent")
    actions.find_or_create_citizen(actor=agent, phone="13800005555", name="赵六")
    with django_assert_num_queries(1):
        actions.find_or_create_citizen(actor=agent, phone="13800005555", name="赵六")


def test_reveal_needs_a_reason_and_leaves_a_row(cast):
    citizen = make_citizen("13800007777", "李四")
    handler = cast.actor("handler")
    with pytest.raises(Invalid, match="reason_missing"):
        actions.reveal_identity(
            actor=handler, citizen_id=citizen.pk, order_id=5, reason=" ", unit_paths=[cast.a.path]
        )
    shown = actions.reveal_identity(
        actor=handler, citizen_id=citizen.pk, order_id=5, reason="联系诉求人", unit_paths=[cast.a.path]
    )
    assert (shown.name, shown.phone) == ("李四", "13800007777")
    row = AuditEntry.objects.get(verb="accounts.reveal_identity")
    assert (row.actor, row.object_id, row.reason, row.data) == (
        handler.key(),
        str(citizen.pk),
        "联系诉求人",
        {"order_id": 5},
    )


@pytest.mark.parametrize(
    ("who", "facts", "allowed"),
    [
        ("handler", {"unit": "b"}, False),
        ("handler", {"unit": "a", "secret": True}, False),
        ("handler", {"unit": "a", "secret": True, "named": True}, True),
        ("agent", {}, True),
        ("agent", {"secret": True}, False),
        ("admin", {}, False),
        ("auditor", {}, False),
        ("citizen", {}, True),
        ("anonymous", {}, False),
    ],
)
def test_who_may_reveal(cast, who, facts, allowed):
    given = {name: value for name, value in facts.items() if name != "unit"}
    paths = [cast.unit(facts["unit"]).path] if "unit" in facts else []

    def reveal():
        return actions.reveal_identity(
            actor=cast.actor(who),
            citizen_id=cast.citizen.pk,
            order_id=1,
            reason="核实",
            unit_paths=paths,
            **given,
        )

    if allowed:
        assert reveal().phone == "13800001234"
    else:
        with pytest.raises(NotPermitted):
            reveal()
        assert audited("reveal_identity") == 0


def test_change_citizen(cast):
    citizen = cast.citizen
    changed = actions.change_citizen(
        actor=cast.actor("agent"),
        citizen_id=citizen.pk,
        name="李新名",
        email="A@b.cn",
        id_number="11010519491231002x",
        tags=["老户"],
    )
    assert changed.name_mask == "李**"
    shown = actions.reveal_identity(
        actor=cast.actor("citizen"), citizen_id=citizen.pk, order_id=None, reason="本人查看"
    )
    assert (shown.name, shown.email, shown.phone) == ("李新名", "a@b.cn", "13800001234")
    for actor in (queries.citizen_actor(citizen.pk + 1), cast.actor("anonymous")):
        with pytest.raises(NotVisible):
            actions.change_citizen(actor=actor, citizen_id=citizen.pk, name="x")
    with pytest.raises(NotVisible):
        actions.change_citizen(actor=cast.actor("agent"), citizen_id=0, name="x")
    for wrong in ({"tags": ["甲"] * 9}, {"tags": ["长" * 21]}, {"remark": "长" * 501}):
        with pytest.raises(Invalid):
            actions.change_citizen(actor=cast.actor("agent"), citizen_id=citizen.pk, **wrong)


def test_machines_reach_citizens_and_leave_a_row(cast):
    assert (
        actions.identity_for_contact(actor=MACHINE, citizen_id=cast.citizen.pk, purpose="短信通知").phone
        == "13800001234"
    )
    assert audited("contact_citizen") == 1
    with pytest.raises(NotPermitted):
        actions.identity_for_contact(actor=cast.actor("admin"), citizen_id=cast.citizen.pk, purpose="x")
    with pytest.raises(NotVisible):
        actions.identity_for_contact(actor=MACHINE, citizen_id=0, purpose="x")


@pytest.mark.parametrize("cipher", ["aes-gcm", "sm4-gcm"])
def test_rotation_encrypts_every_row_anew_and_search_still_finds(cast, settings, cipher):
    people = [make_citizen(f"1390000{n:04}", f"王{n}") for n in range(7)]
    actions.find_or_create_citizen(actor=MACHINE, phone="", name="无号")
    settings.IDENTITY_KEYS = f"{crypto.new_entry('k9')},{settings.IDENTITY_KEYS}"
    settings.IDENTITY_CIPHER = cipher
    assert queries.identity_rows_to_rotate() == 8
    seen: list[int] = []
    assert actions.rotate_identity(actor=MACHINE, batch=3, progress=seen.append) == 8
    assert seen == [3, 3, 2]
    assert queries.identity_rows_to_rotate() == 0
    assert list(queries.identity_keys_in_use()) == [f"{cipher} k9"]
    assert actions.rotate_identity(actor=MACHINE) == 0
    only = ",".join(
        entry for entry in settings.IDENTITY_KEYS.split(",") if entry.startswith(("k9:", "hash:"))
    )
    settings.IDENTITY_KEYS = only
    found = queries.find_citizen("13900000003")
    assert found == people[3]
    assert actions.identity_for_contact(actor=MACHINE, citizen_id=found.pk, purpose="t").name == "王3"
    with pytest.raises(NotPermitted):
        actions.rotate_identity(actor=cast.actor("agent"))


# ── who can ──


def test_who_can_names_roles_reach_and_secrecy(cast):
    for who in (
        "agent",
        "manager",
        "handler",
        "other_handler",
        "street_handler",
        "admin",
        "auditor",
        "reviewer",
    ):
        cast.person(who)
    open_order = who_can(OrderFacts(unit_paths=(cast.a.path,)))
    names = {name: holder for holder in open_order for name in holder.names}
    assert names[cast.handler.name].may_see
    assert names[cast.manager.name].may_see
    assert names[cast.agent.name].may_see
    assert cast.other_handler.name not in names
    assert cast.street_handler.name not in names
    assert cast.admin.name not in names
    secret = who_can(
        OrderFacts(unit_paths=(cast.a.path,), secret=True, named_ids=frozenset({cast.other_handler.pk}))
    )
    assert [name for holder in secret if holder.may_see for name in holder.names] == [cast.other_handler.name]
    # Those who see only who is named see no order.
    assert {holder.may_see for holder in secret if cast.auditor.name in holder.names} == {False}
    Membership.objects.filter(person=cast.handler).update(handles_secret=True)
    secret = who_can(OrderFacts(unit_paths=(cast.a.path,), secret=True))
    assert [name for holder in secret if holder.may_see for name in holder.names] == [cast.handler.name]


def test_who_can_agrees_with_scope_allows(cast):
    for who in (
        "agent",
        "dispatcher",
        "manager",
        "handler",
        "other_handler",
        "street_handler",
        "street_manager",
        "supervisor",
        "leader",
    ):
        cast.person(who)
    for facts in (
        OrderFacts(unit_paths=(cast.a.path,)),
        OrderFacts(unit_paths=(cast.street.path, cast.b.path)),
        OrderFacts(),
        OrderFacts(unit_paths=(cast.a.path,), secret=True, named_ids=frozenset({cast.handler.pk})),
    ):
        seen = {name for holder in who_can(facts) if holder.may_see for name in holder.names}
        for who, person in cast._people.items():
            allowed = scope_allows(
                cast.actor(who),
                "workorders:view",
                unit_paths=facts.unit_paths,
                secret=facts.secret,
                named=person.pk in facts.named_ids,
            )
            assert (person.name in seen) == allowed.allowed, (who, facts)


def test_who_can_names_stand_ins(cast):
    lend(cast, "handler", "agent")
    holders = who_can(OrderFacts(unit_paths=(cast.a.path,)))
    (line,) = [holder for holder in holders if cast.handler.name in holder.names]
    assert any(cast.agent.name in name for name in line.names)


def test_factories_make_separate_roots():
    assert make_unit("x").path.count("/") == 2
