"""The panel beside the desk's form: what is read while an agent types, whatever they type, with and without models."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from hotline.suggestions.queries import reading
from hotline.workorders.models import Category
from tests.accounts.cast import Cast
from tests.dispatch.conftest import city as city
from tests.dispatch.test_proposing import says, silent
from tests.dispatch.test_views import entry

pytestmark = pytest.mark.django_db


def panel(cast: Cast, who: str = "agent", **fields: str) -> Any:
    return cast.client(who).post(reverse("intake:proposals"), fields, headers={"HX-Request": "true"})


def test_categories_place_unit_and_risk_with_their_reasons(
    city: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, ("02.01.01", 0.91), ("02.01.02", 0.06))
    entry(city)
    found = panel(city, content="甲区一街道工地夜里施工，扬言要打死我，我电话13900001111。").content.decode()
    assert 'data-value="02.01.01"' in found
    assert "91" in found
    assert 'data-key="alt+7"' in found
    assert 'data-value="310106010000"' in found
    assert city.a.name in found
    assert "派单目录" in found, "the reason in words"
    assert 'data-value="urgent"' in found
    assert "扬言" in found
    assert 'role="alert"' in found
    assert "1 处个人信息" in found


def test_the_agents_category_decides_the_unit(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    says(monkeypatch, ("02.01.02", 0.9))
    entry(city, category_id=Category.objects.get(code="02.01.01").pk)
    text = "甲区一街道这里很吵"
    assert city.a.name not in panel(city, content=text).content.decode()
    assert city.a.name in panel(city, content=text, category="02.01.01").content.decode()


def test_without_a_model_names_and_rules_go_on(city: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    silent(monkeypatch)
    found = panel(city, content="楼下建筑施工噪声太大").content.decode()
    assert 'data-value="02.01.01"' in found
    assert "按名称" in found
    monkeypatch.setattr(reading, "model_worker", lambda: None)
    assert 'data-value="02.01.01"' in panel(city, content="楼下建筑施工噪声太大").content.decode()


@pytest.mark.parametrize(
    "text", ["", "😀😀😀", "停水" * 170_000, "<script>alert(1)</script>", "\x00", "hello, no water"]
)
def test_no_text_breaks_the_panel(city: Cast, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    silent(monkeypatch)
    answer = panel(city, content=text, category="nowhere", division="not a code")
    assert answer.status_code == 200
    assert b"<script>" not in answer.content


def test_only_who_takes_calls_and_only_by_post(city: Cast) -> None:
    assert panel(city, "handler", content="x").status_code == 403
    assert city.client("agent").get(reverse("intake:proposals")).status_code == 405


def test_the_desk_has_the_panels_place_from_the_beginning(city: Cast) -> None:
    page = city.client("agent").get(reverse("intake:desk")).content.decode()
    assert f'data-url="{reverse("intake:proposals")}"' in page
    assert 'data-key="alt+z"' in page
    assert reverse("knowledge:panel") in page
