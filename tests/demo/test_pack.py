import shutil
from pathlib import Path

import pytest
import yaml

from hotline.demo.pack import PACKS, Fault, check_pack, divisions_of, expand, read_pack
from hotline.places.rules import DivisionRow


def faults_of(folder: Path) -> list[str]:
    pack, faults = read_pack(folder)
    if pack is not None:
        divisions, wrong = divisions_of(pack)
        faults += wrong
        expand(pack, divisions)
        faults += check_pack(pack, divisions)
    return [str(fault) for fault in faults]


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PACKS / "county", tmp_path / "county"))


def test_the_small_pack_is_clean(county: Path) -> None:
    assert faults_of(county) == []


def test_the_large_pack_is_as_large_as_promised() -> None:
    pack, faults = read_pack(PACKS / "shanghai")
    assert pack is not None
    assert faults == []
    depth = [row.code.count(".") for row in pack.categories]
    assert depth.count(0) >= 15
    assert depth.count(1) >= 100
    assert depth.count(2) >= 400
    assert len(pack.units) >= 60
    assert len(pack.staff) >= 200
    assert {str(role) for row in pack.staff for role in row.roles} == {
        "agent",
        "shift_leader",
        "dispatcher",
        "unit_manager",
        "handler",
        "reviewer",
        "follow_up",
        "supervisor",
        "inspector",
        "knowledge_editor",
        "appraiser",
        "leader",
        "admin",
        "auditor",
    }
    facts = yaml.safe_load((PACKS / "shanghai" / "phrases.yaml").read_text(encoding="utf-8"))["facts"]
    assert set(facts) == {row.code for row in pack.categories if row.code.count(".") == 2}


def test_units_are_made_from_divisions() -> None:
    pack, _ = read_pack(PACKS / "shanghai")
    assert pack is not None
    rows = [
        DivisionRow("310000000000", "上海市", 1),
        DivisionRow("310106000000", "静安区", 3),
        DivisionRow("310106013000", "大宁路街道", 4),
        DivisionRow("310112000000", "闵行区", 3),
        DivisionRow("310112101000", "莘庄镇", 4),
        DivisionRow("320106000000", "外市的区", 3),
    ]
    expand(pack, rows)
    made = {unit.code: unit for unit in pack.units}
    assert made["S310106013"].name == "大宁路街道办事处"
    assert made["S310106013"].parent_code == "D310106"
    assert made["S310112101"].name == "莘庄镇人民政府"
    assert made["S310106013-CG"].level == "station"
    assert "S310112101-CG" not in made
    assert "D320106" not in made
    leads = {
        entry.area_code: entry.lead_unit_code for entry in pack.catalogue if entry.category_code == "02.01"
    }
    assert leads == {"310106000000": "D310106-ST", "310112000000": "D310112-ST"}


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("units.csv", "XX,甲,甲,NOWHERE,bureau,,990123000000,,,,", "parent unit NOWHERE is unknown"),
        ("units.csv", "ZJ,甲,甲,CENTER,bureau,,990123000000,,,,", "ZJ stands more than once"),
        ("units.csv", "XX,甲,甲,XX,bureau,,990123000000,,,,", "XX is its own ancestor"),
        ("units.csv", "XX,甲,甲,CENTER,bureau,,330106000000,,,,", "area 330106000000 is unknown"),
        (
            "units.csv",
            "XX,甲,甲,CENTER,bureau,,990123000000,,,2024-01-02,2020-01-01",
            "closes before it opens",
        ),
        ("units.csv", "XX,甲,甲,CENTER,palace,,990123000000,,,,", "level: "),
        ("units.csv", "XX,甲", "not as many columns"),
        ("staff.csv", "new,某人,NOWHERE,agent,,", "unit NOWHERE is unknown"),
        ("staff.csv", "AGENT,某人,CENTER,agent,,", "agent stands more than once"),
        ("staff.csv", "new,某人,CENTER,king,,", "roles.0: "),
        ("categories.csv", "09,99,名,,,routine,,", "parent category 99 is unknown"),
        ("categories.csv", "09,,名,,,routine,bureau,NOWHERE", "unit NOWHERE is unknown"),
        ("catalogue.csv", "77,,ZJ,,依据,2020-01-01", "category 77 is unknown"),
        ("catalogue.csv", "01.01,,ZJ,NOWHERE,依据,2020-01-01", "unit NOWHERE is unknown"),
        ("reasons.csv", "return,x,名,,,nothing,2020-01-01", "parent reason nothing is unknown"),
        ("reasons.csv", "return,x,名,,,,tomorrow", "effective_from: "),
        ("scripts.csv", "greeting,名,词,2020-01-01", "greeting/2020-01-01 stands more than once"),
    ],
)
def test_every_mistake_is_named_with_its_line(county: Path, file: str, line: str, message: str) -> None:
    path = county / file
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    number = len(path.read_text(encoding="utf-8").splitlines())
    found = [fault for fault in faults_of(county) if message in fault]
    assert any(fault.startswith(f"{file}:{number}:") for fault in found), faults_of(county)


def test_all_mistakes_come_at_once(county: Path) -> None:
    (county / "staff.csv").write_text(
        "username,name,unit_code,roles\nx,甲,NO,agent\ny,乙,NO,king\n", encoding="utf-8"
    )
    (county / "questions.yaml").write_text(
        "- category: '77'\n  questions: [{code: a, label: b, kind: choice}]\n- {category: '01', questions: []}\n",
        encoding="utf-8",
    )
    (county / "scripts.csv").unlink()
    found = " | ".join(faults_of(county))
    for words in (
        "unit NO is unknown",
        "roles.0",
        "category 77 is unknown",
        "has no choices",
        "form 2",
        "scripts.csv: the file is missing",
    ):
        assert words in found


def test_what_is_wrong_with_the_city_itself(county: Path) -> None:
    (county / "city.yaml").write_text("name: [", encoding="utf-8")
    assert any(fault.startswith("city.yaml:") for fault in faults_of(county))
    (county / "city.yaml").write_text("name: x\n", encoding="utf-8")
    assert any("hub: " in fault for fault in faults_of(county))
    (county / "city.yaml").unlink()
    assert Fault("city.yaml", 0, "the file is missing") in read_pack(county)[1]


def test_a_header_without_a_column(county: Path) -> None:
    (county / "units.csv").write_text("code,name\nA,B\n", encoding="utf-8")
    assert any("columns are missing: level, short_name" in fault for fault in faults_of(county))
