from hypothesis import given

from hotline.language.segment import Segmenter, dictionary, standard
from tests.language.strategies import messy


def test_the_words_of_government_stay_whole() -> None:
    cut = standard().cut("请问首接负责制和一网通办怎么查")
    assert {"首接负责制", "一网通办"} <= set(cut)


def test_a_city_adds_its_words() -> None:
    assert "能东华府" not in standard().cut("能东华府不交房")
    assert "能东华府" in Segmenter(["能东华府", " ", "一"]).cut("能东华府不交房")


def test_words_leave_out_what_says_nothing() -> None:
    assert standard().words("请问小区的路灯？？？") == ["小区", "路灯"]


def test_the_dictionary_has_no_doubles() -> None:
    assert len(dictionary()) == len(set(dictionary())) > 100


@given(messy)
def test_pieces_are_the_text(text: str) -> None:
    assert "".join(standard().cut(text)) == text.encode("utf-8", "replace").decode()
