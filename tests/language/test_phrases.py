import pytest
from hypothesis import given

from hotline.language import phrases
from hotline.language.phrases import for_clustering, headline, key_phrases, strip_boilerplate
from tests.language.strategies import messy


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("尊敬的领导：您好！小区门口路灯坏了，谢谢！盼回复", "小区门口路灯坏了"),
        ("胡书记：你好！房屋被淹没人管。此致敬礼！", "房屋被淹没人管"),
        ("领导您好，停水三天了。望有关部门引起重视。", "停水三天了"),
        ("尊敬的领导您好！谢谢！", ""),
    ],
)
def test_boilerplate_goes(text: str, left: str) -> None:
    assert strip_boilerplate(text) == left


def test_the_same_matter_elsewhere_looks_the_same() -> None:
    one, other = "幸福路12号2019年3月4日路灯坏了，谢谢", "尊敬的领导：和平路3号路灯坏了"
    assert for_clustering(one, [(0, 3)]) == for_clustering(other, [(6, 9)]) == "路灯坏了"


def test_phrases_name_the_matter() -> None:
    text = "尊敬的领导您好！小区楼下烧烤店油烟直排，油烟扰民严重，烧烤店没有烟道。谢谢领导！"
    found = key_phrases(text)
    assert any("油烟" in one.text for one in found)
    assert not any("领导" in one.text or "您好" in one.text for one in found)
    assert all(text[one.start : one.end] == one.text for one in found)
    assert list(found) == sorted(found, key=lambda one: -one.weight)


def test_phrases_are_few_and_do_not_repeat_each_other() -> None:
    found = key_phrases("电梯故障，电梯故障频繁，电梯维修不及时，物业不管电梯。" * 20, limit=3)
    assert len(found) <= 3
    assert not any(one.text in other.text for one in found for other in found if one is not other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("您好！小区停水三天了。请处理", "小区停水三天了"),
        ("谢谢。", ""),
        ("", ""),
        ("ok", ""),
    ],
)
def test_headline(text: str, words: str) -> None:
    got, start, end = headline(text)
    assert got == words
    assert text[start:end] == words


def test_a_long_headline_is_cut_at_a_clause() -> None:
    got, _, _ = headline("本人于去年在这里购买了一套房子，一直没有交房，开发商各种推脱并且不接电话不见面", 30)
    assert got == "本人于去年在这里购买了一套房子，一直没有交房"


@given(messy)
def test_any_text(text: str) -> None:
    strip_boilerplate(text)
    for_clustering(text, [(0, 3)])
    assert len(headline(text)[0]) <= 30
    for one in key_phrases(text):
        assert 0 <= one.start < one.end <= len(text)


def test_a_megabyte_is_bounded() -> None:
    assert len(key_phrases("油烟扰民，噪音很大。" * 40_000)) <= 8
    assert phrases.headline("很" * 1_000_000)[0] == "很" * 30
