"""The city's own words and tree: what is refused, what follows a move, how versions replace each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hotline.audit.models import AuditEntry
from hotline.kit.errors import Invalid, NotPermitted, NotVisible, Refused
from hotline.workorders.actions import configuring
from hotline.workorders.models import Category, CitySettings, ReasonCode, Script
from tests.accounts.cast import Cast
from tests.workorders.factories import MONDAY, fresh

pytestmark = pytest.mark.usefixtures("monday")
TODAY = MONDAY.date()
DAY = timedelta(days=1)


def category(city: Cast, name: str, parent: Category | None = None, **more: Any) -> Category:
    given = {"name": name, "default_urgency": "routine", **more}
    return configuring.add_category(
        actor=city.actor("admin"), parent_id=parent.pk if parent else None, **given
    )


def faulty(field: str, act: Any, **arguments: Any) -> None:
    """The action names the field that is wrong, and nothing is written, the audit included."""
    before = AuditEntry.objects.count()
    with pytest.raises(Invalid) as error:
        act(**arguments)
    assert error.value.code == field
    assert set(error.value.details) == {field}
    assert AuditEntry.objects.count() == before


# ── categories ──


def test_codes_and_paths_follow_the_tree(city: Cast) -> None:
    noise = category(city, "噪声")
    site = category(city, "工地噪声", noise)
    bar = category(city, "酒吧噪声", noise)
    assert [(row.code, row.level, row.path_name) for row in (noise, site, bar)] == [
        ("01", 1, "噪声"),
        ("01.01", 2, "噪声 › 工地噪声"),
        ("01.02", 2, "噪声 › 酒吧噪声"),
    ]
    configuring.edit_category(
        actor=city.actor("admin"), category_id=noise.pk, name="环境噪声", default_urgency="elevated"
    )
    assert fresh(site).path_name == "环境噪声 › 工地噪声"
    changed = AuditEntry.objects.get(verb="workorders.edit_category").data
    assert changed["name"] == ["噪声", "环境噪声"]
    assert changed["default_urgency"] == ["routine", "elevated"]
    assert "description" not in changed


def test_a_moved_category_takes_all_below_along(city: Cast) -> None:
    noise, life = category(city, "噪声"), category(city, "民生")
    site = category(city, "工地噪声", noise)
    night = category(city, "夜间施工", site)
    admin = city.actor("admin")
    configuring.move_category(actor=admin, category_id=site.pk, parent_id=life.pk)
    assert [(row.code, row.level, row.path_name) for row in (fresh(site), fresh(night))] == [
        ("02.01", 2, "民生 › 工地噪声"),
        ("02.01.01", 3, "民生 › 工地噪声 › 夜间施工"),
    ]
    before = AuditEntry.objects.count()
    configuring.move_category(actor=admin, category_id=site.pk, parent_id=life.pk)  # it is there already
    assert AuditEntry.objects.count() == before
    for below in (site, night):
        with pytest.raises(Refused) as error:
            configuring.move_category(actor=admin, category_id=site.pk, parent_id=below.pk)
        assert error.value.code == "cycle"
    configuring.move_category(actor=admin, category_id=night.pk, parent_id=None)
    assert (fresh(night).code, fresh(night).level, fresh(night).path_name) == ("03", 1, "夜间施工")


def test_two_categories_of_one_place_have_two_names(city: Cast) -> None:
    noise, life = category(city, "噪声"), category(city, "民生")
    site = category(city, "工地噪声", noise)
    other = category(city, "工地噪声", life)  # elsewhere the name is free
    admin = city.actor("admin")
    faulty("name", category, city=city, name="工地噪声", parent=noise)
    faulty("name", configuring.move_category, actor=admin, category_id=other.pk, parent_id=noise.pk)
    bar = category(city, "酒吧噪声", noise)
    rename = {"actor": admin, "default_urgency": "routine", "name": "工地噪声"}
    faulty("name", configuring.edit_category, category_id=bar.pk, **rename)
    assert configuring.edit_category(category_id=site.pk, **rename).name == "工地噪声"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "长" * 81}),
        ("default_urgency", {"default_urgency": "soon"}),
        ("demand_types", {"demand_types": ["complaint", "shouting"]}),
        ("effective_to", {"effective_from": TODAY, "effective_to": TODAY - DAY}),
    ],
)
def test_a_category_with_a_fault_is_not_made(city: Cast, field: str, given: dict[str, Any]) -> None:
    faulty(field, category, city=city, **{"name": "噪声", **given})
    assert not Category.objects.exists()


def test_a_retired_category_has_a_living_successor(city: Cast) -> None:
    noise, life = category(city, "噪声"), category(city, "民生")
    site = category(city, "工地噪声", noise)
    admin = city.actor("admin")
    retire = {"actor": admin, "last_day": TODAY}
    with pytest.raises(Refused) as error:
        configuring.retire_category(category_id=noise.pk, replaced_by_id=life.pk, **retire)
    assert error.value.code == "children"
    faulty(
        "replaced_by", configuring.retire_category, category_id=site.pk, replaced_by_id=site.pk, **retire
    )
    configuring.retire_category(category_id=site.pk, replaced_by_id=None, **retire)
    faulty(
        "replaced_by", configuring.retire_category, category_id=noise.pk, replaced_by_id=site.pk, **retire
    )
    configuring.retire_category(category_id=noise.pk, replaced_by_id=life.pk, **retire)
    row = fresh(noise)
    assert (row.effective_to, row.replaced_by_id) == (TODAY, life.pk)


def test_only_who_configures_the_city_may(city: Cast) -> None:
    noise = category(city, "噪声")
    for who in ("agent", "dispatcher", "manager", "citizen"):
        with pytest.raises(NotPermitted):
            configuring.move_category(actor=city.actor(who), category_id=noise.pk, parent_id=None)
    with pytest.raises(NotVisible):
        configuring.move_category(actor=city.actor("admin"), category_id=noise.pk + 1, parent_id=None)


# ── reasons and scripts ──


def reason(city: Cast, **more: Any) -> ReasonCode:
    given = {"kind": "return", "code": "duty", "name": "不属本单位职责", "effective_from": TODAY, **more}
    return configuring.save_reason(actor=city.actor("admin"), **given)


def script(city: Cast, **more: Any) -> Script:
    given = {"code": "opening", "title": "开场", "text": "您好", "effective_from": TODAY, **more}
    return configuring.save_script(actor=city.actor("admin"), **given)


def test_a_new_version_ends_the_one_before(city: Cast) -> None:
    first = reason(city)
    second = reason(city, name="职责不符", effective_from=TODAY + 10 * DAY)
    assert first.pk != second.pk
    assert (fresh(first).effective_to, fresh(first).name) == (TODAY + 9 * DAY, "不属本单位职责")
    assert second.effective_to is None


def test_a_version_that_has_not_begun_can_be_corrected(city: Cast) -> None:
    reason(city)
    planned = reason(city, name="职责不付", effective_from=TODAY + 10 * DAY)
    mended = reason(city, name="职责不符", effective_from=TODAY + 10 * DAY, effective_to=TODAY + 20 * DAY)
    assert mended.pk == planned.pk
    assert (fresh(planned).name, fresh(planned).effective_to) == ("职责不符", TODAY + 20 * DAY)
    assert ReasonCode.objects.count() == 2


def test_dates_of_versions_never_rewrite_the_past_or_overlap(city: Cast) -> None:
    faulty("effective_from", reason, city=city, effective_from=TODAY - DAY)
    faulty("effective_to", reason, city=city, effective_to=TODAY - DAY)
    reason(city)
    faulty("effective_from", reason, city=city)  # it is in effect today: no longer to be corrected
    reason(city, effective_from=TODAY + 10 * DAY)
    faulty("effective_from", reason, city=city, effective_from=TODAY + 5 * DAY)
    between = reason(city, effective_from=TODAY + 5 * DAY, effective_to=TODAY + 9 * DAY)
    assert between.effective_to == TODAY + 9 * DAY


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("kind", {"kind": "mood"}),
        ("code", {"code": "Duty!"}),
        ("code", {"code": "  "}),
        ("name", {"name": " "}),
        ("parent_code", {"parent_code": "nowhere"}),
    ],
)
def test_a_reason_with_a_fault_is_not_kept(city: Cast, field: str, given: dict[str, Any]) -> None:
    faulty(field, reason, city=city, **given)
    assert not ReasonCode.objects.exists()


def test_a_reason_below_another_of_its_kind(city: Cast) -> None:
    reason(city)
    assert reason(city, code="duty_other", parent_code="duty").parent_code == "duty"
    faulty("parent_code", reason, city=city, kind="hold", code="weather", parent_code="duty")


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("code", {"code": "开场"}),
        ("title", {"title": " "}),
        ("text", {"text": "\n"}),
        ("text", {"text": "您好，[姓名，请讲。"}),
        ("text", {"text": "您好，【姓名，请讲。"}),
        ("text", {"text": "您好，姓名}，请讲。"}),
    ],
)
def test_a_script_with_a_fault_is_not_kept(city: Cast, field: str, given: dict[str, Any]) -> None:
    faulty(field, script, city=city, **given)
    assert not Script.objects.exists()


def test_a_script_has_versions_as_well(city: Cast) -> None:
    first = script(city)
    second = script(city, text="您好，【姓名】", effective_from=TODAY + DAY)
    assert fresh(first).effective_to == TODAY
    assert second.text == "您好，【姓名】"


# ── the city ──


def save_city(city: Cast, **more: Any) -> CitySettings:
    given = {
        "name": "某市",
        "hotline_name": "12345",
        "division_code": "310000000000",
        "number_prefix": "JD",
        "accent": "#0b5c73",
        "hub_id": city.hub.pk,
        "options": {},
        **more,
    }
    return configuring.save_city(actor=city.actor("admin"), **given)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("accent", {"accent": "teal"}),
        ("number_prefix", {"number_prefix": "jd"}),
        ("division_code", {"division_code": "31"}),
        ("contact_tries", {"options": {"contact_tries": 0}}),
        ("archive_days", {"options": {"archive_days": 366}}),
    ],
)
def test_settings_with_a_fault_are_not_saved(city: Cast, field: str, given: dict[str, Any]) -> None:
    faulty(field, save_city, city=city, **given)


def test_options_that_the_page_does_not_show_stay(city: Cast) -> None:
    CitySettings.objects.update(options={"hold_ends": "close", "contact_tries": 3})
    row = save_city(city, name=" 某某市 ", options={"contact_tries": 5})
    assert (row.name, row.options) == ("某某市", {"hold_ends": "close", "contact_tries": 5})
    old = AuditEntry.objects.get(verb="workorders.save_city").data["old"]
    assert (old["name"], old["options"]) == ("某市", {"hold_ends": "close", "contact_tries": 3})


def test_the_first_settings_make_the_city(city: Cast) -> None:
    CitySettings.objects.all().delete()
    assert save_city(city, name="某县").pk == 1
    assert CitySettings.objects.get().name == "某县"
