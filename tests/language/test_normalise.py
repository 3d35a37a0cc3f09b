import pytest
from hypothesis import given

from hotline.language.normalise import normalise, sentences
from tests.language.strategies import messy


@pytest.mark.parametrize(
    ("typed", "level"),
    [
        ("Ａ１区　道路１２号", "A1区 道路12号"),
        ("電動車亂停亂放", "电动车乱停乱放"),
        ("太吵了😀😀！！！！！", "太吵了！"),
        ("嗯，那个，就是说，路灯坏了", "路灯坏了"),
        ("那个小区就是没有水", "那个小区就是没有水"),
        ("坏了。。。。。。", "坏了。"),
        ("a\u200bb\x07c", "abc"),
        ("①号楼", "1号楼"),
        ("", ""),
        ("🙏🙏🙏", ""),
    ],
)
def test_one_spelling(typed: str, level: str) -> None:
    assert normalise(typed).text == level


def test_spans_lead_back_to_what_was_typed() -> None:
    typed = "嗯，ＡＢ電動車😀！！！坏"
    normal = normalise(typed)
    start = normal.text.index("电动车")
    first, last = normal.span(start, start + 3)
    assert typed[first:last] == "電動車"
    assert normal.span(0, 0) == (2, 2)


def test_long_text_is_cut_and_says_so() -> None:
    normal = normalise("路" * 400_000)
    assert normal.cut
    assert len(normal.text) == 100_000


def test_sentences_end_where_people_end_them() -> None:
    text = " 停水了！怎么办？\n请处理。 "
    assert [text[a:b] for a, b in sentences(text)] == ["停水了！", "怎么办？", "请处理。"]


@given(messy)
def test_any_text_is_levelled_with_its_way_back(text: str) -> None:
    normal = normalise(text)
    assert len(normal.origins) == len(normal.text) + 1
    assert list(normal.origins) == sorted(normal.origins)
    assert all(0 <= origin <= len(text) for origin in normal.origins)


@given(messy)
def test_levelling_twice_ends(text: str) -> None:
    once = normalise(text, fillers=False).text
    assert len(normalise(once, fillers=False).text) <= len(once)
