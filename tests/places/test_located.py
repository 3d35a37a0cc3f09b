"""Imports of outlines and looking points up through the database, the doors and the page."""

import gzip
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.template import Context, Template
from django.test import Client

from hotline.audit.models import AuditEntry
from hotline.demo.pack import PACKS
from hotline.kit.actor import Actor, ActorKind
from hotline.kit.errors import Invalid, NotPermitted
from hotline.places import actions, queries
from hotline.places.models import Area, OutlineSet, Point
from hotline.places.queries import located
from hotline.places.queries.drawing import drawing
from hotline.places.rules import DivisionRow
from tests.accounts.cast import Cast
from tests.places.shapes import (
    DISTRICTS,
    KEEPER,
    SIDE,
    SOUTH,
    WEST,
    collection,
    districts,
    divisions,
    feature,
    square,
)

pytestmark = pytest.mark.django_db
VISITOR = Actor(ActorKind.CITIZEN, 0, "visitor")


def test_an_import_is_found_from_then_on() -> None:
    divisions()
    assert queries.reverse(SOUTH + 0.02, WEST + 0.02).fault == "unknown"
    result = districts()
    assert [(one.code, one.name) for one in result.areas] == [("990106000000", "静湖区"), ("990107000000", "临江区")]
    found = queries.reverse(SOUTH + 0.02, WEST + 0.02)
    assert (found.division, found.path) == ("990106000000", "静湖区")
    assert AuditEntry.objects.filter(verb="places.import_outlines", object_id=str(result.outlines_id)).exists()


def test_a_name_stands_for_a_missing_code() -> None:
    divisions()
    assert not districts(code_field="").faults
    assert queries.outline_of("district", "990107000000") is not None
    assert queries.outline_of("district", "990108000000") is None
    assert queries.outline_of("street", "990106013000") is None


def test_a_second_import_takes_the_place_of_the_first_whole() -> None:
    divisions()
    districts()
    districts(collection(feature("静湖区", square(WEST + 1, SOUTH), adcode=990106)))
    assert queries.reverse(SOUTH + 0.02, WEST + 0.02).fault == "outside"
    assert queries.reverse(SOUTH + 0.02, WEST + 1.02).division == "990106000000"
    assert OutlineSet.objects.count() == 2


def test_one_fault_and_nothing_is_written() -> None:
    divisions()
    result = districts(
        collection(
            feature("静湖区", square(WEST, SOUTH), adcode=990106),
            feature("无此区", square(WEST, SOUTH), adcode=990199),
            feature("乱码", square(WEST, SOUTH), adcode="abc"),
            feature("破", [[1, 2]], adcode=990107),
        )
    )
    assert [(fault.line, fault.code) for fault in result.faults] == [(2, "unknown_division"), (3, "no_code"), (4, "short_ring")]
    assert not OutlineSet.objects.exists()


def test_a_name_that_two_divisions_have_needs_a_code() -> None:
    divisions()
    actions.import_divisions(actor=KEEPER, rows=[DivisionRow("980000000000", "邻省", 1), DivisionRow("980101000000", "静湖区", 3)])
    [fault] = districts(collection(feature("静湖区", square(WEST, SOUTH))), code_field="").faults
    assert fault.code == "same_name"
    assert not districts(collection(feature("静湖区", square(WEST, SOUTH))), code_field="", within="99").faults


def test_a_dry_run_writes_nothing_and_rights_are_asked() -> None:
    divisions()
    assert len(districts(dry_run=True).areas) == 2
    assert not Area.objects.exists()
    with pytest.raises(NotPermitted):
        actions.import_outlines(actor=VISITOR, data=DISTRICTS, source="x", level="district", system="wgs84")
    for wrong in ({"level": "moon"}, {"system": "mercator"}):
        with pytest.raises(Invalid):
            districts(**wrong)
    assert districts(b"no").faults[0].code == "no_geojson"


def test_streets_know_their_district_and_grids_their_street() -> None:
    divisions()
    districts()
    half = SIDE / 2
    streets = collection(
        feature("大宁路街道", square(WEST, SOUTH, 0.03)), feature("彭浦镇", square(WEST + half, SOUTH + half + 0.02, 0.02))
    )
    assert not districts(streets, level="street", code_field="").faults
    grids = collection(feature("一号网格", square(WEST, SOUTH, 0.01)), feature("", square(WEST + 0.01, SOUTH, 0.01), no="G-2"))
    result = districts(grids, level="grid", code_field="no")
    assert not result.faults
    assert [(one.code, one.name, one.parent) for one in result.areas] == [
        ("一号网格", "一号网格", "990106013000"),
        ("G-2", "G-2", "990106013000"),
    ]
    found = queries.reverse(SOUTH + 0.005, WEST + 0.015)
    assert found.grid == queries.Spot("G-2", "G-2")
    assert found.division == "990106013000"


def test_points_of_the_gazetteer_tell_the_community() -> None:
    divisions()
    districts()
    actions.save_points(
        actor=KEEPER,
        points=[{"name": "延长小区", "division": "990106013001", "latitude": SOUTH + 0.01, "longitude": WEST + 0.01}],
    )
    found = queries.reverse(SOUTH + 0.0101, WEST + 0.0101)
    assert found.path == "静湖区 大宁路街道 延长居委会"
    assert found.point == "延长小区"
    assert Point.objects.count() == 1


def test_processes_take_up_what_another_published(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside tests an atlas is kept: the old one answers on, and the next look, seconds later, brings the new one."""
    divisions()
    districts()
    settings.TESTING = False
    kept = located._Kept()
    monkeypatch.setattr(located, "_kept", kept)

    class Now:
        """A thread that runs at once: a test's rows are seen by its own connection alone."""

        def __init__(self, target, daemon) -> None:
            self.target = target

        def start(self) -> None:
            self.target()

    monkeypatch.setattr(located, "threading", SimpleNamespace(Thread=Now))
    monkeypatch.setattr(located, "close_old_connections", lambda: None)
    monkeypatch.setattr(located, "connection", SimpleNamespace(cursor=connection.cursor, close=lambda: None))
    assert queries.reverse(SOUTH + 0.02, WEST + 0.02).division == "990106000000"
    before = located.atlas()
    districts(collection(feature("静湖区", square(WEST + 1, SOUTH), adcode=990106)))
    assert located.atlas() is before
    kept._until = 0.0
    located.atlas()
    assert queries.reverse(SOUTH + 0.02, WEST + 0.02).fault == "outside"
    again = located.atlas()
    kept.forget()
    assert located.atlas() is again


def test_the_command_imports_and_tells_faults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    divisions()
    file = tmp_path / "d.geojson"
    file.write_bytes(DISTRICTS)
    call_command("import_outlines", file, level="district", system="cgcs2000", code_field="adcode")
    assert OutlineSet.objects.get().system == "cgcs2000"
    file.write_bytes(collection(feature("乱", square(WEST, SOUTH), adcode=1)))
    with pytest.raises(CommandError, match="nothing"):
        call_command("import_outlines", file, level="district", system="wgs84", code_field="adcode")
    assert "feature 1: 乱" in capsys.readouterr().err
    with pytest.raises(CommandError):
        call_command("import_outlines", tmp_path / "none", level="district", system="wgs84")


def test_the_demo_city_is_drawn_in_few_bytes() -> None:
    rows = [DivisionRow("310000000000", "上海市", 1), DivisionRow("310100000000", "市辖区", 2)]
    data = (PACKS / "shanghai" / "districts.json").read_bytes()
    names = json.loads(data)["features"]
    # Codes as the city has them, the sixteenth by its name.
    codes = [one.get("id") or "310151" for one in names]
    rows += [DivisionRow(f"{code}000000", one["properties"]["name"], 3) for code, one in zip(codes, names, strict=True)]
    actions.import_divisions(actor=KEEPER, rows=rows)
    result = actions.import_outlines(actor=KEEPER, data=data, source="districts.json", level="district", system="gcj02", within="31")
    assert len(result.areas) == 16
    made = [drawing("district", detail) for detail in range(3)]
    assert all(one is not None and len(one.plain) < 60_000 for one in made)
    assert made[0] is not None
    assert len(made[0].packed) < 10_000
    # People's Square and Lujiazui, as GPS has them.
    assert queries.reverse(31.2304, 121.4700).path == "黄浦区"
    assert queries.reverse(31.2397, 121.4998).path == "浦东新区"
    assert queries.reverse(31.6230, 121.3970).path == "崇明区"
    assert queries.reverse(39.9, 116.4).fault == "outside"


# ── doors ──


def test_outlines_are_served_packed_kept_and_asked_again(client: Client) -> None:
    divisions()
    assert client.get("/places/outlines/district.json").status_code == 404
    made = districts()
    plain = client.get(f"/places/outlines/district.json?v={made.outlines_id}")
    assert plain["Cache-Control"].endswith("immutable")
    assert [one["n"] for one in plain.json()["areas"]] == ["静湖区", "临江区"]
    packed = client.get("/places/outlines/district.json", headers={"Accept-Encoding": "gzip"})
    assert json.loads(gzip.decompress(packed.content)) == plain.json()
    assert "immutable" not in packed["Cache-Control"]
    assert client.get("/places/outlines/district.json", headers={"If-None-Match": plain["ETag"]}).status_code == 304
    assert [one["n"] for one in client.get("/places/outlines/district.json?within=990107").json()["areas"]] == ["临江区"]
    for wrong in ("moon.json", "district.json?within=x"):
        assert client.get(f"/places/outlines/{wrong}").status_code == 404


def test_where_a_point_lies_is_told_by_http(client: Client) -> None:
    divisions()
    districts()
    told = client.get("/places/reverse", {"latitude": SOUTH + 0.02, "longitude": WEST + 0.02})
    assert told.json()["words"] == "静湖区"
    assert told["Cache-Control"] == "no-store"
    assert client.get("/places/reverse?latitude=nan&longitude=x").json()["fault"] == "invalid"
    assert "范围" in client.get("/places/reverse?latitude=48.8&longitude=2.3").json()["words"]
    assert client.get("/places/reverse", {"latitude": WEST + 0.02, "longitude": SOUTH + 0.02}).json()["swapped"]


def test_the_page_checks_then_publishes(cast: Cast) -> None:
    divisions()
    admin = cast.client("admin")
    assert cast.client("agent").get("/places/outlines/").status_code == 403

    def send(data: bytes, **more: str):
        fields = {"level": "district", "system": "wgs84", "code_field": "adcode", "name_field": "name", "within": ""} | more
        return admin.post("/places/outlines/import", fields | {"file": SimpleUploadedFile("d.geojson", data)})

    assert "2" in send(DISTRICTS, check="1").content.decode()
    assert not OutlineSet.objects.exists()
    refused = send(collection(feature("无此区", square(WEST, SOUTH), adcode=990199)), publish="1")
    assert refused.status_code == 422
    assert "无此区" in refused.content.decode()
    assert send(DISTRICTS, publish="1", system="").status_code == 422
    assert send(DISTRICTS, publish="1").status_code == 302
    assert "d.geojson" in admin.get("/places/outlines/").content.decode()


def test_the_map_of_a_page_names_its_outlines_and_lists_its_markers() -> None:
    text = "{% load places %}{% map 'district' markers=rows label='诉求地图' %}"
    rows = [{"latitude": 31.2, "longitude": 121.4, "label": "路灯<b>", "url": "/x"}, {"latitude": None, "longitude": None}]
    bare = Template(text).render(Context({"rows": rows}))
    assert "data-outlines" not in bare
    divisions()
    districts()
    html = Template(text).render(Context({"rows": rows}))
    assert "/places/outlines/district.json?v=" in html
    assert "路灯&lt;b&gt;" in html
    assert "<b>" not in html
    assert html.count("<li>") == 1
    pick = Template("{% load places %}{% map pick=True prefix='id_' latitude=31.2 %}").render(Context())
    assert 'name="id_latitude" value="31.2"' in pick
