import shutil
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django_otp.plugins.otp_totp.models import TOTPDevice

from hotline.accounts.models import Membership, Person, Unit
from hotline.demo.actions import CityFaults, load_city
from hotline.demo.pack import PACKS, find_pack
from hotline.dispatch.models import CatalogueEntry
from hotline.intake.models import CategoryForm
from hotline.kit.actor import system_actor
from hotline.kit.errors import Invalid, NotPermitted, Refused
from hotline.knowledge.models import Entry, Term
from hotline.places.models import Division
from hotline.workorders.models import Category, CitySettings, ReasonCode, Script
from hotline.worktime.models import Calendar, Policy

pytestmark = pytest.mark.django_db
LOADER = system_actor("load-city", "places:manage", "worktime:manage")
TABLES = (
    Division,
    Unit,
    Person,
    Membership,
    Category,
    CatalogueEntry,
    ReasonCode,
    Script,
    CategoryForm,
    Calendar,
    Policy,
)


def test_a_county_stands_on_its_own() -> None:
    result = load_city(actor=LOADER, folder=PACKS / "county")
    city = CitySettings.objects.get()
    assert (city.name, city.number_prefix, city.hub_id) == (
        "澄湖县",
        "CH",
        Unit.objects.get(code="CENTER").pk,
    )
    town = Unit.objects.get(code="T990123100")
    assert town.name == "澄湖镇人民政府"
    assert town.path == f"/{city.hub_id}/{town.pk}/"
    assert Category.objects.get(code="01.01.01").path_name == "住房城建›物业与房屋›小区漏水"
    assert Membership.objects.get(person__username="dispatcher", role="dispatcher").handles_secret
    assert Policy.objects.get().state == "published"
    assert result.counts["units"] == Unit.objects.count()


def test_again_changes_nothing_but_what_the_pack_changed(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PACKS / "county", tmp_path / "county"))
    load_city(actor=LOADER, folder=folder)
    before = [table._default_manager.count() for table in TABLES]
    password = Person.objects.get(username="agent").password
    units = folder / "units.csv"
    units.write_text(units.read_text(encoding="utf-8").replace("县住建局", "县建设局"), encoding="utf-8")
    load_city(actor=LOADER, folder=folder)
    assert [table._default_manager.count() for table in TABLES] == before
    assert Unit.objects.get(code="ZJ").short_name == "县建设局"
    assert Person.objects.get(username="agent").password == password


def test_a_faulty_pack_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path(shutil.copytree(PACKS / "county", tmp_path / "county"))
    with (folder / "staff.csv").open("a", encoding="utf-8") as stream:
        stream.write("x,某人,NOWHERE,agent,,\n")
    with pytest.raises(CityFaults) as caught:
        load_city(actor=LOADER, folder=folder)
    assert [str(fault) for fault in caught.value.faults] == ["staff.csv:18: unit NOWHERE is unknown"]
    with pytest.raises(CommandError, match="nothing was written"):
        call_command("load_city", str(folder))
    assert "staff.csv:18" in capsys.readouterr().err
    assert not Unit.objects.exists()


def test_a_database_holds_one_city() -> None:
    load_city(actor=LOADER, folder=PACKS / "county")
    CitySettings.objects.update(division_code="990124000000")
    with pytest.raises(Refused, match="another_city"):
        load_city(actor=LOADER, folder=PACKS / "county")


def test_who_may_load() -> None:
    with pytest.raises(NotPermitted):
        load_city(actor=system_actor("nobody"), folder=PACKS / "county")
    assert not Unit.objects.exists()


def test_packs_are_found_by_name_or_folder() -> None:
    assert find_pack("county") == PACKS / "county"
    assert find_pack(str(PACKS / "county")) == PACKS / "county"
    with pytest.raises(Invalid, match="county, shanghai"):
        find_pack("atlantis")


def test_the_command_prints_counts(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_city", "county")
    assert "staff" in capsys.readouterr().out


KNOWLEDGE = (
    "标题,类别编码,材料类型,内容,发布单位编码,公开级别,关键词,问法,依据\n"
    "小区漏水找谁,01.01.01,guide,先找物业，物业不修的拨打热线。,ZJ,public,漏水,楼上漏水怎么办,\n"
)


def test_a_packs_knowledge_is_in_force_at_once_and_its_words_come_once(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PACKS / "county", tmp_path / "county"))
    (folder / "knowledge").mkdir()
    (folder / "knowledge" / "entries.csv").write_text(KNOWLEDGE, encoding="utf-8")
    (folder / "knowledge" / "terms.csv").write_text("kind,words\nsynonym,漏水;渗水\n", encoding="utf-8")
    for _twice in range(2):
        assert load_city(actor=LOADER, folder=folder).counts["knowledge"] == 1
    entry = Entry.objects.get()
    assert (entry.title, entry.state, entry.number, entry.unit.code) == ("小区漏水找谁", "published", 1, "ZJ")
    assert Term.objects.get().words == ["漏水", "渗水"]


@pytest.mark.parametrize(
    ("good", "bad", "words"), [("问法,", "问话,", "pack_faults"), ("public", "everybody", "row")]
)
def test_faulty_knowledge_is_named_and_nothing_is_written(
    tmp_path: Path, good: str, bad: str, words: str
) -> None:
    folder = Path(shutil.copytree(PACKS / "county", tmp_path / "county"))
    (folder / "knowledge").mkdir()
    (folder / "knowledge" / "entries.csv").write_text(KNOWLEDGE.replace(good, bad), encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load_city(actor=LOADER, folder=folder)
    assert caught.value.code == words
    assert not Unit.objects.exists()


def test_staff_of_the_demo_have_a_device_and_take_the_packs_new_name(tmp_path: Path, settings: Any) -> None:
    settings.DEMO = True
    folder = Path(shutil.copytree(PACKS / "county", tmp_path / "county"))
    load_city(actor=LOADER, folder=folder)
    assert TOTPDevice.objects.filter(name="demo", confirmed=True).count() == Person.objects.count()
    key = TOTPDevice.objects.get(user__username="agent").key
    staff = folder / "staff.csv"
    staff.write_text(staff.read_text(encoding="utf-8").replace("周小满", "周大满"), encoding="utf-8")
    load_city(actor=LOADER, folder=folder)
    assert Person.objects.get(username="agent").name == "周大满"
    assert TOTPDevice.objects.get(user__username="agent").key == key
