"""The pool by its doors: who may enter, what each key does, what is refused; the catalogue's pages."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hotline.dispatch import actions, queries
from hotline.dispatch.models import CatalogueEntry
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotPermitted
from hotline.workorders import actions as orders
from hotline.workorders.models import Application, Category, OrderState, WorkOrder
from tests.accounts.cast import Cast
from tests.workorders.factories import dispatched, make_order

pytestmark = pytest.mark.django_db
CATALOGUE = "dispatch:catalogue"


def noise() -> Category:
    return Category.objects.get(code="02.01.01")


def entry(cast: Cast, **more: Any) -> CatalogueEntry:
    given: dict[str, Any] = {
        "actor": cast.actor("dispatcher"),
        "category_id": Category.objects.get(code="02.01").pk,
        "area_code": "310106000000",
        "lead_unit_id": cast.a.pk,
        "legal_basis": "噪声污染防治法",
        "effective_from": date(2025, 1, 1),
    }
    return actions.add_entry(**{**given, **more})


def waiting(cast: Cast, **more: Any) -> WorkOrder:
    return make_order(cast, category_id=noise().pk, division_id="310106010000", **more)


def post(cast: Cast, name: str, pk: int, who: str = "dispatcher", **fields: Any) -> Any:
    return cast.client(who).post(
        reverse(f"dispatch:{name}", args=[pk]), fields, headers={"HX-Request": "true"}
    )


HEAD = "category_code,area_code,lead_unit_code,assistant_unit_codes,legal_basis,effective_from\n"


def sent_list(cast: Cast, text: str, **fields: str) -> tuple[int, str]:
    """Status and page after a list is brought as a file."""
    file = SimpleUploadedFile("c.csv", text.encode())
    answer = cast.client("dispatcher").post(reverse("dispatch:catalogue_import"), {"file": file, **fields})
    return answer.status_code, answer.content.decode()


class TestPool:
    def test_rows_show_the_catalogues_unit_and_who_has_claimed(self, city: Cast) -> None:
        entry(city)
        order = waiting(city)
        orders.claim(actor=city.actor("dispatcher"), order_id=order.pk)
        text = city.client("dispatcher").get(reverse("dispatch:pool")).content.decode()
        assert order.title in text
        assert city.a.short_name in text
        assert city.dispatcher.name in text

    @pytest.mark.parametrize(
        "who", ["agent", "handler", "reviewer", "leader", "admin", "auditor", "follow_up"]
    )
    def test_closed_to_others(self, city: Cast, who: str) -> None:
        order = waiting(city)
        client = city.client(who)
        assert client.get(reverse("dispatch:pool")).status_code == 403
        assert post(city, "send", order.pk, who, unit_id=city.a.pk).status_code == 403
        order.refresh_from_db()
        assert order.state == OrderState.PENDING_DISPATCH

    def test_confidential_orders_are_absent_for_those_not_named(self, city: Cast) -> None:
        secret = waiting(city, demand_type="report")
        client = city.client("dispatcher")
        assert secret.number not in client.get(reverse("dispatch:pool")).content.decode()
        assert client.get(reverse("dispatch:pane", args=[secret.pk])).status_code == 404
        assert post(city, "send", secret.pk, unit_id=city.a.pk).status_code == 404

    def test_send_then_the_row_goes(self, city: Cast) -> None:
        order = waiting(city)
        answer = post(
            city,
            "send",
            order.pk,
            unit_id=city.a.pk,
            assistant_id=[city.b.pk, city.a.pk],
            revision=order.revision,
        )
        assert answer.status_code == 204
        assert json.loads(answer["HX-Trigger"])["pool:done"] == {"id": order.pk}
        order.refresh_from_db()
        assert (order.state, order.lead_unit_id) == (OrderState.PENDING_SIGN, city.a.pk)
        assert order.assignments.count() == 2

    def test_an_old_page_cannot_send(self, city: Cast) -> None:
        order = waiting(city)
        orders.reclassify(actor=city.actor("dispatcher"), order_id=order.pk, labels=("急",))
        assert post(city, "send", order.pk, unit_id=city.a.pk, revision=order.revision).status_code == 409

    def test_without_a_unit(self, city: Cast) -> None:
        assert post(city, "send", waiting(city).pk).status_code == 422

    def test_labels_correction_return_dispute_merge(self, city: Cast) -> None:
        order = waiting(city)
        assert "扰民" in post(city, "labels", order.pk, labels="扰民,夜间 扰民").content.decode()
        order.refresh_from_db()
        assert order.labels == ["扰民", "夜间"]
        post(city, "correct", order.pk, category="02.01.02", urgency="urgent", division="310115000000")
        order.refresh_from_db()
        assert (order.category and order.category.code, order.urgency, order.division_id) == (
            "02.01.02",
            "urgent",
            "310115000000",
        )
        assert post(city, "correct", order.pk, category="99").status_code == 422
        post(city, "return", order.pk, text="地址不清")
        order.refresh_from_db()
        assert order.state == OrderState.PENDING_REVIEW
        assert post(city, "pass", order.pk).status_code == 204
        post(city, "dispute", order.pk, text="两家都说不是自己的")
        order.refresh_from_db()
        assert order.state == OrderState.ARBITRATION
        post(city, "note", order.pk, text="已征询两家单位", tab="arbitration")
        assert post(city, "designate", order.pk, unit_id=city.b.pk, text="由乙局牵头").status_code == 204
        order.refresh_from_db()
        assert order.return_locked
        twin, main = waiting(city), waiting(city)
        assert (
            post(city, "merge", twin.pk, into_number=main.number, reason_code="same_event").status_code == 204
        )
        twin.refresh_from_db()
        assert twin.merged_into_id == main.pk

    def test_review_ask_and_close(self, city: Cast) -> None:
        order = waiting(city, reviewed=False)
        text = (
            city.client("dispatcher")
            .get(reverse("dispatch:pane", args=[order.pk]) + "?tab=review")
            .content.decode()
        )
        assert "诉讼事项" in text
        assert post(city, "ask", order.pk, text="请说明具体楼号").status_code == 204
        other = waiting(city, reviewed=False)
        assert (
            post(city, "close", other.pk, reason_code="litigation", text="请向人民法院提起诉讼").status_code
            == 204
        )
        other.refresh_from_db()
        assert other.closing_kind == "not_accepted"

    def test_applications_are_decided_here(self, city: Cast) -> None:
        lead = dispatched(city, waiting(city))
        orders.apply(
            actor=city.actor("manager"),
            assignment_id=lead.pk,
            kind="return",
            reason_code="not_our_duty",
            text="不属于我单位",
            basis="三定规定",
        )
        client = city.client("dispatcher")
        assert (
            "不属于我单位"
            in client.get(reverse("dispatch:pane", args=[lead.order_id]) + "?tab=decisions").content.decode()
        )
        assert queries.counts(city.actor("dispatcher")).by_tab[queries.Tab.DECISIONS] == 1
        application = Application.objects.get()
        assert post(city, "decide", application.pk, approve="1", text="同意").status_code == 204
        lead.order.refresh_from_db()
        assert (lead.order.state, lead.order.return_count) == (OrderState.PENDING_DISPATCH, 1)
        assert [one.unit_id for one in queries.ping_pong_trail(lead.order_id)] == [city.a.pk]

    def test_queries_do_not_grow_with_the_pool(self, city: Cast) -> None:
        entry(city)
        for _ in range(3):
            waiting(city)
        client = city.client("dispatcher")
        client.get(reverse("dispatch:pool"))
        with CaptureQueriesContext(connection) as few:
            client.get(reverse("dispatch:rows"))
        for _ in range(6):
            waiting(city)
        with CaptureQueriesContext(connection) as more:
            client.get(reverse("dispatch:rows"))
        assert len(few) == len(more)

    def test_type_ahead(self, city: Cast) -> None:
        client = city.client("dispatcher")
        assert city.b.name in client.get(reverse("dispatch:units"), {"q": "yj"}).content.decode()
        assert "建筑施工噪声" in client.get(reverse("dispatch:categories"), {"q": "施工"}).content.decode()
        assert "310106000000" in client.get(reverse("dispatch:places"), {"q": "甲区"}).content.decode()
        assert "&lt;b&gt;" in client.get(reverse("dispatch:units"), {"q": "<b>"}).content.decode()
        assert city.client("anonymous").get(reverse("dispatch:units"), {"q": "yj"}).status_code == 302


class TestCatalogue:
    def test_nearest_wins_in_one_query(self, city: Cast) -> None:
        entry(city)
        entry(city, area_code="", lead_unit_id=city.b.pk)
        with CaptureQueriesContext(connection) as seen:
            found = queries.catalogue_units(
                [
                    ("02.01.01", "310106010000"),
                    ("02.01.01", "310115000000"),
                    ("03", "310106000000"),
                    ("", ""),
                ],
                today(),
            )
        assert len(seen) == 1
        assert {key: one.unit_id for key, one in found.items()} == {
            ("02.01.01", "310106010000"): city.a.pk, ("02.01.01", "310115000000"): city.b.pk
        }  # fmt: skip

    def test_a_new_entry_ends_the_one_before(self, city: Cast) -> None:
        first = entry(city)
        entry(city, lead_unit_id=city.b.pk, effective_from=date(2026, 1, 1))
        first.refresh_from_db()
        assert first.effective_to == date(2025, 12, 31)
        with pytest.raises(Invalid):
            entry(city, effective_from=date(2025, 6, 1))
        with pytest.raises(Invalid):
            entry(city, area_code="999999999999", effective_from=date(2026, 2, 1))

    def test_permission(self, city: Cast) -> None:
        for who in ("agent", "handler", "supervisor", "auditor"):
            with pytest.raises(NotPermitted):
                entry(city, actor=city.actor(who))
            assert city.client(who).get(reverse("dispatch:catalogue_add")).status_code == 403

    def test_pages(self, city: Cast) -> None:
        made = entry(city)
        client = city.client("admin")
        assert city.a.name in client.get(reverse("dispatch:catalogue"), {"q": "噪声"}).content.decode()
        assert client.get(reverse("dispatch:coverage")).status_code == 200
        answer = client.post(
            reverse("dispatch:catalogue_add"),
            {
                "category": "02.01.02",
                "area_code": "",
                "lead_unit": city.b.pk,
                "legal_basis": "",
                "effective_from": "2026-12-01",
            },
        )
        assert answer.status_code == 302
        assert client.post(reverse("dispatch:catalogue_add"), {"category": "77"}).status_code == 422
        client.post(reverse("dispatch:catalogue_end", args=[made.pk]), {"next": "https://evil.example/"})
        made.refresh_from_db()
        assert made.effective_to == today()

    def test_a_list_imports_whole_or_not_at_all(self, city: Cast) -> None:
        good = HEAD + "02.01.01,310106000000,A,B,依据,2026-01-01\n"
        assert sent_list(city, good + "99,,A,,,2026-01-01\n", sure="1")[0] == 422
        assert not CatalogueEntry.objects.exists()
        status, page = sent_list(city, good)
        assert status == 200
        assert not CatalogueEntry.objects.exists(), "only checked"
        # What was checked is meant by one more click; the file is not asked for again.
        assert "依据" in page
        client = city.client("dispatcher")
        assert client.post(reverse("dispatch:catalogue_import"), {"text": good, "sure": "1"}).status_code == 302
        assert list(CatalogueEntry.objects.get().assistants.all()) == [city.b]
        assert client.post(reverse("dispatch:catalogue_import"), {"text": good, "sure": "1"}).status_code == 422
        assert CatalogueEntry.objects.count() == 1

    def test_a_checked_list_says_what_it_would_have_changed(self, city: Cast) -> None:
        entry(city)
        waiting(city)
        status, page = sent_list(city, HEAD + f"02.01.01,,B,,依据,{today().isoformat()}\n")
        assert status == 200
        assert city.a.name in page
        assert city.b.name in page
        status, page = sent_list(city, HEAD + f"02.01.02,,B,,依据,{today().isoformat()}\n")
        assert status == 200
        assert city.b.name not in page

    def test_an_import_in_conflict_is_told_before_it_is_refused(self, city: Cast) -> None:
        one, other = (
            "02.01.01,310106000000,A,,依据,2026-03-01\n",
            "02.01.01,310106000000,B,,依据,2026-03-01\n",
        )
        # Two units for one matter in one list, and a list against what already holds.
        assert sent_list(city, HEAD + one + other, sure="1")[0] == 422
        assert not CatalogueEntry.objects.exists()
        assert sent_list(city, HEAD + one, sure="1")[0] == 302
        earlier = other.replace("2026-03-01", "2026-02-01")
        for text in (other, earlier):
            assert sent_list(city, HEAD + text)[0] == 422
            assert sent_list(city, HEAD + text, sure="1")[0] == 422
        assert [row.lead_unit for row in CatalogueEntry.objects.all()] == [city.a]
        # From later days it is no conflict: each ends the one before.
        later, last = other.replace("2026-03-01", "2026-09-01"), one.replace("2026-03-01", "2026-11-01")
        assert sent_list(city, HEAD + last + later, sure="1")[0] == 302
        held = CatalogueEntry.objects.order_by("effective_from").values_list("lead_unit__code", "effective_to")
        assert [(unit, str(day)) for unit, day in held] == [
            ("A", "2026-08-31"),
            ("B", "2026-10-31"),
            ("A", "None"),
        ]

    @pytest.mark.parametrize(
        "text",
        ["a,b\n1,2\n", HEAD + '02.01.01,"310106', HEAD + "x" * 140_000, "\0\0\0", "", "=cmd|' /C calc'!A0,,,\n"],
    )
    def test_a_broken_list_is_refused_in_words(self, city: Cast, text: str) -> None:
        status, page = sent_list(city, text, sure="1")
        assert status == 422
        assert "field-errors" in page or 'id="faults"' in page
        assert not CatalogueEntry.objects.exists()

    def test_coverage_names_leaves_without_a_unit(self, city: Cast) -> None:
        entry(city, category_id=noise().pk)
        found, leaves = queries.coverage(today(), within="310000000000")
        assert leaves == 2
        assert {(gap.code, gap.areas_with_unit) for gap in found} == {("02.01.01", 1), ("02.01.02", 0)}
