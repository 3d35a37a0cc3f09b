"""Taxonomy, reasons, scripts and the city's settings, with their effective dates."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.audit.models import AuditEntry
from hotline.kit.clock import today
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders import actions
from hotline.workorders.models import Category, CitySettings, ReasonCode, Script
from tests.accounts.cast import Cast
from tests.workorders.factories import make_city, make_order


@pytest.fixture
def city(cast: Cast) -> Cast:
    make_city(cast)
    return cast


def faults(act: Any, **arguments: Any) -> set[str]:
    with pytest.raises(Invalid) as error:
        act(**arguments)
    return set(error.value.details)


def test_taxonomy(city: Cast) -> None:
    admin = city.actor("admin")
    top = actions.save_category(actor=admin, code="03", name="生态环境")
    noise = actions.save_category(actor=admin, code="03.02", name="噪声")
    leaf = actions.save_category(actor=admin, code="03.02.11", name="施工噪声", default_urgency="elevated")
    assert (leaf.level, leaf.parent, leaf.path_name) == (3, noise, "生态环境 › 噪声 › 施工噪声")
    assert leaf.pinyin.startswith("sgzs ")
    actions.save_category(actor=admin, code="03", category_id=top.pk, name="环境保护")
    leaf.refresh_from_db()
    assert leaf.path_name == "环境保护 › 噪声 › 施工噪声"
    actions.save_category(actor=admin, code="03", category_id=top.pk, name="环境保护")
    assert faults(actions.save_category, actor=admin, code="03", name="又一个") == {"code"}
    assert faults(actions.save_category, actor=admin, code="09.02", name="无上级") == {"code"}
    assert faults(actions.save_category, actor=admin, code="03", category_id=top.pk, name="x", replaced_by_id=top.pk) == {"replaced_by"}
    with pytest.raises(NotVisible):
        actions.save_category(actor=admin, code="03", category_id=0 or 999999, name="x")
    with pytest.raises(NotPermitted):
        actions.save_category(actor=city.actor("handler"), code="04", name="交通")
    assert AuditEntry.objects.filter(verb="workorders.save_category").count() == 5
    order = make_order(city, category_id=leaf.pk)
    event = order.events.get()
    assert event.data["select"][1] == "03.02.11"
    assert Category.objects.count() == 3


def test_versions_of_a_reason(city: Cast) -> None:
    admin, day = city.actor("admin"), today()
    first = actions.add_reason(actor=admin, kind="return", code="duty", name="不属于职责", effective_from=day)
    actions.add_reason(actor=admin, kind="return", code="duty", name="不属于本单位职责", effective_from=day + timedelta(days=10))
    first.refresh_from_db()
    assert first.effective_to == day + timedelta(days=9)
    with pytest.raises(Refused) as error:
        actions.add_reason(actor=admin, kind="return", code="duty", name="x", effective_from=day + timedelta(days=5))
    assert error.value.code == "later_version"
    ask = {"actor": admin, "code": "x", "name": "x", "effective_from": day}
    assert faults(actions.add_reason, **ask, kind="wish") == {"kind"}
    assert faults(actions.add_reason, **ask, kind="return", parent_code="nowhere") == {"parent_code"}
    last = ReasonCode.objects.latest("effective_from")
    actions.end_reason(actor=admin, reason_id=last.pk, effective_to=day + timedelta(days=20))
    assert faults(actions.end_reason, actor=admin, reason_id=last.pk, effective_to=day) == {"effective_to"}
    assert faults(actions.end_reason, actor=admin, reason_id=first.pk, effective_to=day - timedelta(days=9)) == {"effective_to"}
    with pytest.raises(NotVisible):
        actions.end_reason(actor=admin, reason_id=0, effective_to=day)


def test_a_reason_may_end_but_not_in_the_past(city: Cast) -> None:
    row = ReasonCode.objects.create(kind="return", code="old", name="旧", effective_from=today() - timedelta(days=99))
    assert faults(
        actions.end_reason, actor=city.actor("admin"), reason_id=row.pk, effective_to=today() - timedelta(days=9)
    ) == {"effective_to"}


def test_versions_of_a_script(city: Cast) -> None:
    admin, day = city.actor("admin"), today()
    first = actions.add_script(actor=admin, code="greeting", title="问候", text="您好，12345。", effective_from=day)
    second = actions.add_script(actor=admin, code="greeting", title="问候", text="您好！", effective_from=day + timedelta(days=1))
    first.refresh_from_db()
    assert first.effective_to == day
    actions.end_script(actor=admin, script_id=second.pk, effective_to=day + timedelta(days=3))
    assert faults(actions.add_script, actor=admin, code="", title=" ", text="", effective_from=day - timedelta(days=1)) == {
        "code", "title", "text", "effective_from",
    }
    assert Script.objects.count() == 2


def test_city(city: Cast) -> None:
    admin = city.actor("admin")
    settings = {"actor": admin, "name": "某市", "hotline_name": "12345", "number_prefix": "HX", "accent": "#0b5c73"}
    actions.save_city(**settings, options={"archive_days": 60, "second_check_share": 5}, hub_id=city.hub.pk, division_code="110000000000")
    row = CitySettings.objects.get()
    assert (row.options, row.division_code) == ({"archive_days": 60, "second_check_share": 5}, "110000000000")
    assert make_order(city).number.startswith("HX")
    wrong = {**settings, "name": "", "hotline_name": "", "number_prefix": "12", "accent": "red"}
    assert faults(actions.save_city, **wrong, options={"archive_days": 0}) == {
        "name", "hotline_name", "number_prefix", "accent", "archive_days",
    }
    CitySettings.objects.all().delete()
    actions.save_city(**settings, options={})
    assert CitySettings.objects.get().name == "某市"
