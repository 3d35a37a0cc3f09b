from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
import yaml

from hotline.demo.pack import PACKS
from hotline.demo.phrases import Book, Spot, cut, demand_types_of

SPOT = Spot("990123100001", "湖滨社区", "990123100000", "澄湖镇", "990123", "澄湖县")


def raw(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PACKS / name / "phrases.yaml").read_text(encoding="utf-8"))
    return loaded


def categories(phrases: Mapping[str, Any]) -> list[tuple[int, str, str, list[str], str]]:
    return [
        (number, code, f"类别{code}", ["complaint", "help"], "routine")
        for number, code in enumerate(phrases["facts"], 1)
    ]


@pytest.mark.parametrize("name", ["county", "shanghai"])
def test_every_phrase_can_be_said(name: str) -> None:
    phrases = raw(name)
    book = Book(phrases)
    leaves, weights = book.leaves(categories(phrases))
    assert len(leaves) == len(phrases["facts"]) == len(weights)
    rng = Random(4)
    for leaf in leaves:
        telling = book.tell(rng, SPOT, leaf)
        for channel in ("phone", "web"):
            kind, title, content, want = book.appeal(telling, leaf, channel)
            assert kind
            assert want
            assert "{" not in title + content
            assert len(title) <= 200
        for outcome in ("solved", "explained", "unsolved"):
            assert "{" not in book.reply(telling, outcome, "某单位")
        for line in Book.LISTS:
            assert "{" not in book.line(line, telling)


def test_thousands_do_not_look_cloned() -> None:
    phrases = raw("shanghai")
    book = Book(phrases)
    leaves, _weights = book.leaves(categories(phrases))
    rng = Random(1)
    said = {book.appeal(book.tell(rng, SPOT, leaf), leaf, "web")[2] for leaf in leaves for _time in range(10)}
    assert len(said) > 0.97 * 10 * len(leaves)


def test_one_order_speaks_of_one_place() -> None:
    book = Book(raw("county"))
    leaf = book.leaves(categories(raw("county")))[0][0]
    telling = book.tell(Random(1), SPOT, leaf)
    assert telling.say(cut("{estate}和{estate}")) == "和".join([telling.slots["estate"]] * 2)
    assert book.estate_at(SPOT.code, 1) == book.estate_at(SPOT.code, 1)


def test_the_type_follows_from_the_words() -> None:
    signs = Book(raw("shanghai")).signs
    assert demand_types_of("想咨询如何办理", ["complaint"], signs) == ("consultation",)
    assert demand_types_of("举报有人偷排", ["complaint"], signs) == ("report",)
    assert demand_types_of("楼道漏水", ["consultation", "complaint"], signs) == ("complaint",)
    assert demand_types_of("楼道漏水", ["consultation"], signs) == ("help",)


def test_an_unknown_slot_or_a_missing_list_is_named() -> None:
    phrases = raw("county")
    phrases["urges"] = ["请{whom}快点"]
    with pytest.raises(ValueError, match="whom"):
        Book(phrases)
    phrases = raw("county")
    del phrases["urges"]
    with pytest.raises(ValueError, match="urges"):
        Book(phrases)
