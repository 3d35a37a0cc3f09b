"""Screens: each opens for whom it should, says no to the others, keeps what was typed."""

from __future__ import annotations

import inspect
import re
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hotline.accounts.models import Citizen, Unit
from hotline.audit.models import AuditEntry
from hotline.kit.clock import now, simulated, today
from hotline.workorders import actions
from hotline.workorders import city as settings_of_city
from hotline.workorders.forms.picks import unit_field, units_field
from hotline.workorders.models import Assignment, Category, Presence, SavedView, WorkOrder
from hotline.workorders.queries.filters import OrderFilters
from hotline.workorders.queries.lists import list_orders
from hotline.workorders.queries.offers import NOT_OFFERED
from hotline.workorders.queries.signals import clock_of_order
from hotline.workorders.rules import VERBS
from hotline.workorders.templatetags.cells import board_rows, list_rows
from hotline.workorders.views.acts import ACTS
from hotline.workorders.views.lists import COLUMNS
from tests.accounts.cast import Cast
from tests.workorders.factories import closed, dispatched, fresh, make_order, replied, signed

HTMX = {"HX-Request": "true"}


def page(client: Client, name: str, *args: Any, **query: Any) -> Any:
    return client.get(reverse(f"workorders:{name}", args=args), query)


def test_a_form_offers_only_units_that_are_open_on_its_day(city: Cast) -> None:
    class Send(forms.Form):
        unit = unit_field()
        units = units_field()

    given = {"unit": city.a.pk, "units": [city.b.pk]}
    assert Send(given).is_valid()
    Unit.objects.filter(pk=city.a.pk).update(closed_on=today() + timedelta(days=3))
    assert Send(given).is_valid()
    with simulated(now() + timedelta(days=4)):
        form = Send(given)
        assert set(form.errors) == {"unit"}
        assert [unit.pk for unit in form.cleaned_data["units"]] == [city.b.pk]


# ── opening ──


@pytest.mark.parametrize(
    ("name", "who", "status"),
    [
        ("list", "dispatcher", 200), ("list", "handler", 200), ("list", "admin", 403), ("list", "anonymous", 302), ("list", "citizen", 302),
        ("inbox", "handler", 200), ("inbox", "reviewer", 200), ("inbox", "agent", 403),
        ("supervision", "supervisor", 200), ("supervision", "leader", 200), ("supervision", "handler", 403),
        ("configure_categories", "admin", 200), ("configure_reasons", "admin", 200), ("configure_scripts", "admin", 200),
        ("configure_city", "admin", 200), ("new_category", "admin", 200), ("new_reason", "admin", 200), ("new_script", "admin", 200),
        ("configure_categories", "dispatcher", 403), ("configure_city", "manager", 403),
    ],
)  # fmt: skip
def test_doors(city: Cast, name: str, who: str, status: int) -> None:
    dispatched(city)
    assert page(city.client(who), name).status_code == status


@pytest.mark.parametrize("who", ["other_handler", "admin", "auditor"])
def test_order_of_others_does_not_exist(city: Cast, who: str) -> None:
    order = signed(city).order
    client = city.client(who)
    for name in ("detail", "timeline", "related", "access", "present"):
        assert page(client, name, order.number).status_code in (403, 404), name
    assert page(client, "act", order.number, "note").status_code in (403, 404)
    assert client.post(reverse("workorders:presence", args=[order.number])).status_code in (403, 404)


def test_pages_of_an_order(city: Cast) -> None:
    order = replied(city, citizen_id=city.citizen.pk).order
    for who in ("handler", "dispatcher", "reviewer", "supervisor", "leader", "agent"):
        client = city.client(who)
        response = page(client, "detail", order.number)
        assert response.status_code == 200
        text = response.content.decode()
        assert order.title in text
        assert "13800001234" not in text
        for name in ("timeline", "related", "access", "present"):
            assert page(client, name, order.number).status_code == 200, (who, name)
        assert (
            client.get(
                reverse("workorders:detail", args=[order.number]), {"part": "now"}, headers=HTMX
            ).status_code
            == 200
        )
        clock = order.clocks.first()
        assert clock is not None
        assert page(client, "why", order.number, clock.pk).status_code == 200


def test_pages_need_at_most_fifteen_statements(
    city: Cast, settings: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        order = replied(city, citizen_id=city.citizen.pk).order
        dispatched(city)
    settings.TESTING = False
    settings_of_city.forget()
    cases = [
        ("reviewer", "detail", [order.number], {}), ("handler", "detail", [order.number], {}), ("dispatcher", "list", [], {}),
        ("handler", "list", [], {}), ("dispatcher", "list", [], {"find": "噪声", "state": "open"}), ("handler", "inbox", [], {}),
        ("supervisor", "supervision", [], {}), ("reviewer", "inbox", [], {}),
    ]  # fmt: skip
    for who, name, args, query in cases:
        client = city.client(who)
        page(client, name, *args, **query)
        with django_assert_max_num_queries(15):
            page(client, name, *args, **query)
    settings_of_city.forget()


# ── acts ──


def test_every_verb_has_a_dialog_and_its_action() -> None:
    missing = [
        name for name in VERBS if name not in ACTS and name not in NOT_OFFERED and not VERBS[name].machine
    ]
    assert not missing
    assert set(ACTS) <= set(VERBS)


@pytest.mark.parametrize("verb", sorted(ACTS))
def test_dialogs_open(city: Cast, verb: str) -> None:
    assignment = signed(city)
    order = assignment.order
    actions.supervise(actor=city.actor("supervisor"), order_id=order.pk, reason_code="overdue", text="督办")
    response = city.client("manager").get(
        reverse("workorders:act", args=[order.number, verb]), {"assignment": assignment.pk}, headers=HTMX
    )
    assert response.status_code == 200
    assert str(VERBS[verb].label) in response.content.decode()


def test_calls_name_only_parameters_that_the_actions_have() -> None:
    """A dialog that would fail with a TypeError is found here, not by a clerk."""
    import ast
    import textwrap

    from hotline.workorders.views import acts

    tree = ast.parse(textwrap.dedent(inspect.getsource(acts)))
    checked = 0
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and ast.unparse(node.func.value) == "actions"
        ):
            signature = inspect.signature(getattr(actions, node.func.attr))
            open_ended = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
            for keyword in node.keywords:
                assert keyword.arg is None or open_ended or keyword.arg in signature.parameters, (
                    node.func.attr,
                    keyword.arg,
                )
            checked += 1
    assert checked > 40


def post(
    cast: Cast, who: str, order: WorkOrder, verb: str, assignment: Assignment | None = None, **data: Any
) -> Any:
    url = reverse("workorders:act", args=[order.number, verb])
    query = f"?assignment={assignment.pk}" if assignment else ""
    return cast.client(who).post(url + query, {"revision": fresh(order).revision, **data}, headers=HTMX)


def test_life_through_the_dialogs(city: Cast) -> None:
    order = make_order(city)
    assert (
        post(city, "dispatcher", order, "dispatch", lead_unit=city.a.pk, urgency="routine").status_code == 204
    )
    top = Assignment.objects.get(order=order)
    assert post(city, "handler", order, "sign", top).status_code == 204
    moment = "2026-01-05T10:00"
    assert post(
        city, "handler", order, "contact", top, reached="yes", contacted_at=moment, person="王工", text=""
    ).status_code in (204, 422)
    assert post(city, "handler", order, "send_down", top, unit=city.street.pk).status_code == 204
    below = Assignment.objects.get(order=order, parent=top)
    assert post(city, "street_handler", order, "sign", below).status_code == 204
    reply = {
        "text": "已责令工地夜间停工，并安排夜间巡查。", "fact_finding": "true", "demand_finding": "reasonable", "site_visit": "no_site",
        "outcome": "solved", "method": "phone",
    }  # fmt: skip
    assert post(city, "street_handler", order, "reply", below, **reply).status_code == 204
    assert post(city, "manager", order, "approve_reply", below).status_code == 204
    assert post(city, "handler", order, "reply", top, **reply).status_code == 204
    assert post(city, "reviewer", order, "approve_reply", top).status_code == 204
    assert fresh(order).state == "pending_follow_up"


def test_faults_come_back_with_what_was_typed(city: Cast) -> None:
    assignment = signed(city)
    response = post(
        city,
        "handler",
        assignment.order,
        "reply",
        assignment,
        text="说明文字很长很具体",
        outcome="unsolved",
        method="phone",
    )
    assert response.status_code == 422
    text = response.content.decode()
    assert "说明文字很长很具体" in text
    assert "field-errors" in text
    assert fresh(assignment).state == "in_progress"


def test_loser_sees_both_texts_and_can_send_again(city: Cast) -> None:
    order = signed(city).order
    old = fresh(order).revision
    actions.reclassify(actor=city.actor("dispatcher"), order_id=order.pk, text="同事的说明", urgency="urgent")
    url = reverse("workorders:act", args=[order.number, "reclassify"])
    given = {"demand_type": "complaint", "urgency": "elevated", "text": "我的说明", "revision": old}
    client = city.client("dispatcher")
    response = client.post(url, given, headers=HTMX)
    text = response.content.decode()
    assert response.status_code == 422
    assert "我的说明" in text
    assert "同事的说明" in text
    now_at = fresh(order).revision
    assert f'value="{now_at}"' in text
    assert client.post(url, {**given, "revision": now_at}, headers=HTMX).status_code == 204
    assert fresh(order).urgency == "elevated"


def test_refusal_stays_in_the_dialog(city: Cast) -> None:
    assignment = signed(city)
    response = post(city, "handler", assignment.order, "sign", assignment)
    assert response.status_code == 422
    assert "notice" in response.content.decode()


def test_act_without_scripts_leads_back(city: Cast) -> None:
    order = make_order(city)
    response = city.client("dispatcher").post(
        reverse("workorders:act", args=[order.number, "claim"]), {"revision": order.revision}
    )
    assert response.status_code == 302
    assert response["Location"].endswith(f"/{order.number}/")


# ── reveal, presence, palette ──


def test_reveal_needs_a_reason_and_leaves_a_row(city: Cast) -> None:
    order = signed(city, citizen_id=city.citizen.pk).order
    url = reverse("workorders:reveal", args=[order.number])
    client = city.client("handler")
    assert client.get(url, headers=HTMX).status_code == 200
    assert client.post(url, {"text": ""}, headers=HTMX).status_code == 422
    assert not AuditEntry.objects.filter(verb="accounts.reveal_identity").exists()
    response = client.post(url, {"text": "联系市民核实地址"}, headers=HTMX)
    assert "13800001234" in response.content.decode()
    row = AuditEntry.objects.get(verb="accounts.reveal_identity")
    assert "联系市民核实地址" in row.reason
    assert city.client("leader").get(url, headers=HTMX).status_code == 403
    assert city.client("other_handler").get(url, headers=HTMX).status_code == 404


def test_colleague_on_the_page_is_named(city: Cast) -> None:
    order = signed(city).order
    url = reverse("workorders:presence", args=[order.number])
    city.client("handler").post(url, {"editing": "reply"})
    text = city.client("manager").post(url, {}).content.decode()
    assert city.handler.name in text
    assert str(VERBS["reply"].label) in text
    city.client("handler").post(url, {"leaving": "1"})
    assert city.handler.name not in city.client("manager").post(url, {}).content.decode()
    assert Presence.objects.count() == 1


def test_palette(city: Cast) -> None:
    order = signed(city, citizen_id=city.citizen.pk).order
    url = reverse("search:palette")

    def asked(who: str, text: str) -> str:
        return city.client(who).get(url, {"q": text}, headers=HTMX).content.decode()

    assert order.number in asked("dispatcher", order.number.lower().replace("-", " "))
    assert order.number not in asked("other_handler", order.number)
    assert city.a.name in asked("dispatcher", "jqrmzf")
    assert order.number in asked("dispatcher", "噪声")
    assert order.number in asked("dispatcher", "138 0000 1234".replace(" ", ""))
    assert (
        AuditEntry.objects.filter(verb="workorders.find_by_phone", object_id=str(city.citizen.pk)).count()
        == 1
    )
    assert Citizen.objects.count() == 1


# ── lists ──


def test_find_by_full_phone_is_written_down_and_not_kept(city: Cast) -> None:
    order = make_order(city, citizen_id=city.citizen.pk)
    make_order(city)
    client = city.client("agent")
    answer = client.post(reverse("workorders:search"), {"find": "13800001234", "state": "open", "unit": ""})
    assert "13800001234" not in answer["Location"]
    assert "unit=" not in answer["Location"]
    text = client.get(answer["Location"]).content.decode()
    assert text.count("data-row") == 1
    assert order.number in text
    assert "138****1234" in text
    assert "13800001234" not in text
    assert city.client("dispatcher").get(answer["Location"]).content.decode().count("data-row") == 0
    assert AuditEntry.objects.filter(verb="workorders.find_by_phone").count() == 1
    client.post(reverse("workorders:save_view"), {"name": "某人", "query": "find=13800001234&state=open"})
    assert SavedView.objects.get().query == {"state": ["open"]}


def test_an_address_with_a_phone_number_leads_to_one_without(city: Cast) -> None:
    answer = city.client("agent").get(reverse("workorders:list"), {"find": "13800001234"})
    assert answer.status_code == 302
    assert "1380000" not in answer["Location"]


def test_rows_ask_nothing_more_of_the_database(city: Cast) -> None:
    for _number in range(3):
        make_order(city, citizen_id=city.citizen.pk)
    rows = list_orders(city.actor("dispatcher"), OrderFilters(), now=now()).page.rows
    shown = [{"order": row, "clock": clock_of_order(row)} for row in rows]
    with CaptureQueriesContext(connection) as seen:
        html = list_rows(shown, [column.name for column in COLUMNS], True)
    assert len(seen) == 0
    assert html.count("<tr data-row") == 3
    assert html.count("<td") == 3 * (len(COLUMNS) + 1)
    assert reverse("workorders:detail", args=[rows[0].number]) in html


def test_what_people_wrote_is_escaped_in_rows(city: Cast) -> None:
    make_order(city, title="<b>路灯</b> & \"井盖\"", address="<i>1 号</i>")
    text = page(city.client("dispatcher"), "list").content.decode()
    assert "&lt;b&gt;路灯&lt;/b&gt; &amp;" in text
    assert "<b>路灯" not in text
    assert "<i>1 号" not in text


def test_saved_views_are_ones_own(city: Cast) -> None:
    client = city.client("dispatcher")
    client.post(
        reverse("workorders:save_view"),
        {"name": "紧急", "query": "urgency=urgent&cursor=x", "columns": ["unit"]},
    )
    row = SavedView.objects.get()
    assert row.query == {"urgency": ["urgent"]}
    assert "紧急" in page(client, "list").content.decode()
    assert city.client("agent").post(reverse("workorders:delete_view", args=[row.pk])).status_code == 404
    assert client.post(reverse("workorders:delete_view", args=[row.pk])).status_code == 302
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense",
        "unit=x",
        "category=0",
        "since=31-31",
        "flag=zzz",
        "sort=evil",
        "cursor=%00",
        "columns=none",
    ],
)
def test_odd_queries_still_give_a_list(city: Cast, query: str) -> None:
    make_order(city)
    assert city.client("dispatcher").get(reverse("workorders:list") + "?" + query).status_code == 200


def test_inbox_signs_many_and_tells_who_was_refused(city: Cast) -> None:
    one, two, other = dispatched(city), dispatched(city), dispatched(city, unit="b")
    response = city.client("handler").post(
        reverse("workorders:sign_many"), {"assignment": [one.pk, two.pk, other.pk]}, follow=True
    )
    assert response.status_code == 200
    assert {fresh(row).state for row in (one, two)} == {"in_progress"}
    assert fresh(other).state == "pending_sign"


def test_case_page(city: Cast) -> None:
    order = signed(city).order
    case = actions.list_case(
        actor=city.actor("supervisor"), order_id=order.pk, reason_code="long", text="多年难题"
    )
    assert page(city.client("supervisor"), "case", case.pk).status_code == 200
    assert page(city.client("handler"), "case", case.pk).status_code == 200
    assert page(city.client("other_handler"), "case", case.pk).status_code == 404
    assert page(city.client("supervisor"), "supervision", trouble="listed").status_code == 200


def test_what_is_renewed_live_keeps_its_name(city: Cast) -> None:
    """A page morphs under the pointer when colleagues act: a nameless button could become another verb, or another order's."""
    at = signed(city)
    shown = page(city.client("handler"), "detail", at.order.number).content.decode()
    acts = re.findall(r'<button[^>]*hx-get="[^"]*/do/[^>]*>', shown)
    names = [re.search(r' id="([^"]+)"', act) for act in acts]
    assert len(acts) > 2
    assert all(names)
    assert len({name.group(1) for name in names if name}) == len(acts)
    row = {"order": at.order, "chip": clock_of_order(at.order)}
    assert f'id="order-{at.order.pk}"' in board_rows([row], ())


def test_board_drills_down(city: Cast) -> None:
    closed(city)
    dispatched(city)
    client = city.client("supervisor")
    for query in (
        {"unit": city.a.pk},
        {"by": "district"},
        {"district": "310106"},
        {"trouble": "ping_pong"},
        {"trouble": "none"},
    ):
        assert page(client, "supervision", **query).status_code == 200, query


# ── configuration ──


def test_taxonomy_is_kept_in_order(city: Cast) -> None:
    client = city.client("admin")
    new = reverse("workorders:new_category")
    client.post(new, {"name": "环境", "default_urgency": "routine"})
    root = Category.objects.get()
    client.post(
        f"{new}?parent={root.pk}",
        {"name": "噪声", "default_urgency": "elevated", "demand_types": ["complaint"]},
    )
    leaf = Category.objects.get(parent=root)
    assert (root.code, leaf.code, leaf.level, leaf.path_name) == ("01", "01.01", 2, "环境 › 噪声")
    assert (
        client.post(f"{new}?parent={root.pk}", {"name": "噪声", "default_urgency": "routine"}).status_code
        == 422
    )
    client.post(
        reverse("workorders:edit_category", args=[root.pk]),
        {"name": "生态环境", "default_urgency": "routine"},
    )
    assert fresh(leaf).path_name == "生态环境 › 噪声"
    client.post(new, {"name": "交通", "default_urgency": "routine"})
    other = Category.objects.get(name="交通")
    client.post(reverse("workorders:move_category", args=[leaf.pk]), {"parent": other.pk})
    assert (fresh(leaf).code, fresh(leaf).path_name) == ("02.01", "交通 › 噪声")
    assert (
        client.post(reverse("workorders:move_category", args=[other.pk]), {"parent": leaf.pk}).status_code
        == 422
    )
    assert (
        client.post(
            reverse("workorders:retire_category", args=[other.pk]), {"last_day": "2026-12-31"}
        ).status_code
        == 422
    )
    client.post(
        reverse("workorders:retire_category", args=[leaf.pk]),
        {"last_day": "2026-12-31", "replaced_by": root.pk},
    )
    assert fresh(leaf).replaced_by_id == root.pk
    assert AuditEntry.objects.filter(verb__startswith="workorders.").count() >= 6


def test_versions_never_rewrite_the_past(city: Cast) -> None:
    from datetime import timedelta

    from hotline.kit.clock import today
    from hotline.workorders.models import ReasonCode, Script

    client = city.client("admin")
    day = today()
    reason = {"kind": "return", "code": "not_ours", "name": "不属于本单位职责"}
    url = reverse("workorders:new_reason")
    assert client.post(url, {**reason, "effective_from": day - timedelta(days=1)}).status_code == 422
    assert client.post(url, {**reason, "effective_from": day}).status_code == 302
    assert (
        client.post(url, {**reason, "name": "新名称", "effective_from": day + timedelta(days=5)}).status_code
        == 302
    )
    old, new = ReasonCode.objects.order_by("effective_from")
    assert (old.name, old.effective_to, new.name) == ("不属于本单位职责", day + timedelta(days=4), "新名称")
    assert client.post(url, {**reason, "effective_from": day + timedelta(days=1)}).status_code == 422
    script = {"code": "greeting", "title": "开场白", "effective_from": day}
    url = reverse("workorders:new_script")
    assert client.post(url, {**script, "text": "您好，工号[工号为您服务"}).status_code == 422
    assert client.post(url, {**script, "text": "您好，工号[工号]为您服务"}).status_code == 302
    assert Script.objects.count() == 1
    assert (
        page(client, "configure_reasons").status_code == page(client, "configure_scripts").status_code == 200
    )


def test_city_settings(city: Cast) -> None:
    client = city.client("admin")
    url = reverse("workorders:configure_city")
    given = {
        "name": "新市",
        "hotline_name": "12345",
        "division_code": "310000000000",
        "number_prefix": "XS",
        "accent": "#0b5c73",
        "hub": city.hub.pk,
    }
    assert client.post(url, {**given, "accent": "red"}).status_code == 422
    assert client.post(url, {**given, "contact_tries": 99}).status_code == 422
    assert client.post(url, {**given, "contact_tries": 2}).status_code == 302
    from hotline.workorders.models import CitySettings

    row = CitySettings.objects.get()
    assert (row.name, row.number_prefix, row.options["contact_tries"]) == ("新市", "XS", 2)


def test_links_are_parted_where_they_stand(city: Cast) -> None:
    one, two, third = make_order(city), make_order(city), make_order(city)
    assert post(city, "dispatcher", one, "link", numbers=two.number.lower()).status_code == 204
    link = actions.link(actor=city.actor("dispatcher"), order_id=two.pk, other_id=third.pk)
    client = city.client("dispatcher")
    text = page(client, "related", one.number).content.decode()
    assert two.number in text
    assert client.post(reverse("workorders:unlink", args=[one.number, link.pk])).status_code == 404
    assert client.post(reverse("workorders:unlink", args=[third.number, link.pk])).status_code == 200
    assert two.number not in page(client, "related", third.number).content.decode()
    assert post(city, "dispatcher", one, "link", numbers="JD20200101-999999").status_code == 422


def test_offers_for_two_parts_of_an_order_say_whose(city: Cast) -> None:
    """Who manages the lead and an assistant below it is offered every act twice."""
    row = dispatched(city, None, "a", "street")
    text = page(city.client("manager"), "detail", row.order.number).content.decode()
    labels = re.findall(r'id="act-sign-\d+"[^>]*>(.*?)</button>', text)
    assert len(labels) == 2
    assert all("<small>" in label for label in labels)
    alone = page(city.client("manager"), "detail", dispatched(city).order.number).content.decode()
    assert "<small>" not in "".join(re.findall(r'id="act-sign-\d+"[^>]*>(.*?)</button>', alone))


def test_what_helps_with_an_act_never_takes_the_place_of_its_form(city: Cast) -> None:
    """The form names its dialog as target, and whatever stands in it inherits that."""
    row = signed(city)
    page = city.client("handler").get(f"/orders/{row.order.number}/do/reply/?assignment={row.pk}").content.decode()
    loading = re.findall(r'<[^>]*hx-trigger="load"[^>]*>', page)
    assert loading
    assert all('hx-target="this"' in tag for tag in loading)
