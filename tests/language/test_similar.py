"""Texts that are alike."""

from __future__ import annotations

import numpy as np
import pytest

from hotline.language.alike import MOST, cosines, ranking
from hotline.language.similar import (
    REPLY_WEIGHTS,
    Lexical,
    Similar,
    bm25_matrix,
    cosine_matrix,
    fuse,
    grams,
    words,
)
from tests.language.labelled import messages

TEXTS = {
    1: "东风路工地夜间施工噪声扰民",
    2: "和平小区电梯经常故障困人",
    3: "河西新村自来水发黄有异味",
    4: "东风路路灯不亮",
}


@pytest.fixture
def index() -> Similar:
    made = Similar()
    for number, text in TEXTS.items():
        made.add(number, text)
    return made


def test_the_text_itself_comes_first(index: Similar) -> None:
    for number, text in TEXTS.items():
        assert index.search(text)[0].number == number


def test_meaning_finds_other_words(index: Similar) -> None:
    axes = np.eye(4, dtype=np.float32)
    for number, text in TEXTS.items():
        index.add(number, text, axes[number - 1])
    assert index.search("升降机把人关在里面", axes[1])[0].number == 2
    assert index.search("升降机把人关在里面", axes[1])[0].meaning == pytest.approx(1)


def test_what_may_not_be_seen_is_not_found(index: Similar) -> None:
    found = index.search("东风路工地噪声", among=lambda number: number != 1)
    assert [one.number for one in found][:1] == [4]
    assert all(one.number != 1 for one in found)


def test_removed_and_replaced(index: Similar) -> None:
    index.remove(1)
    index.remove(99)
    index.add(4, "公园长椅损坏")
    assert len(index) == 3
    assert index.search("东风路工地夜间施工噪声") == []
    assert index.search("公园长椅")[0].number == 4


def test_removing_keeps_vectors_with_their_numbers(index: Similar) -> None:
    axes = np.eye(4, dtype=np.float32)
    for number, text in TEXTS.items():
        index.add(number, text, axes[number - 1])
    index.remove(1)
    assert index.search("龘", axes[3])[0].number == 4
    assert index.search("龘", axes[1])[0].number == 2


@pytest.mark.parametrize("text", ["", "。！", "😀", "\ud800", "a" * 500_000])
def test_any_text(index: Similar, text: str) -> None:
    index.add(9, text)
    index.search(text)


def test_scores_are_those_of_the_matrix() -> None:
    texts = [one.text for one in messages(30)]
    lexical = Lexical(words)
    for number, text in enumerate(texts):
        lexical.add(number, text)
    matrix = bm25_matrix(texts, texts[:5], words)
    for row in range(5):
        scores = lexical.scores(texts[row], most=10_000)
        assert [scores.get(n, 0.0) for n in range(30)] == pytest.approx(matrix[row].tolist(), rel=1e-4)


def test_words_leave_courtesies_out_and_grams_stay_within_runs() -> None:
    assert "您好" not in words("您好，路灯不亮")
    assert grams("路灯，不亮") == ["路灯", "不亮"]


def test_fused_without_meaning() -> None:
    one = np.array([[1.0, 0.0, 0.0]])
    assert fuse(one, one, None).argmax() == 0
    assert fuse(one, one, np.array([[0.0, 0.0, 1.0]])).shape == (1, 3)


def test_cosines_order_a_few_texts() -> None:
    scores = cosines(TEXTS[1], [*TEXTS.values(), "", "今天天气很好"])
    assert scores[0] == pytest.approx(1)
    assert scores[3] > scores[1] >= 0
    assert scores[4] == scores[5] == 0
    assert cosines(TEXTS[1], []) == []
    assert cosines("", list(TEXTS.values())) == [0] * 4
    assert len(cosines("路灯", ["路灯"] * (MOST + 2))) == MOST + 2


@pytest.mark.parametrize("text", ["。！", "😀", "\ud800", "a" * 500_000])
def test_cosines_of_any_text(text: str) -> None:
    assert all(0 <= one <= 1 for one in cosines(text, [text, "路灯不亮"]))


def test_cosines_find_a_reply_that_bm25_ranks_lower() -> None:
    texts = list(TEXTS.values())
    asked = ["电梯困人", "路灯"]
    near = cosine_matrix(texts, asked, grams)
    assert near.argmax(axis=1).tolist() == [1, 3]
    # A document that is near to everything else loses.
    evened = cosine_matrix(texts, asked, grams, ["东风路的路灯又不亮了"] * 3)
    assert evened[1][3] < near[1][3]
    fused = fuse(
        bm25_matrix(texts, asked, words), bm25_matrix(texts, asked, grams), None, REPLY_WEIGHTS, [near]
    )
    assert fused.argmax(axis=1).tolist() == [1, 3]


def test_a_ranking_puts_the_asked_for_first_by_words_and_by_meaning() -> None:
    others = ["小区电梯经常故障，把老人关在里面。", "小区门口的路灯坏了。", "公司拖欠工资。"]
    by_words = ranking("电梯故障", others)
    assert max(range(3), key=by_words.__getitem__) == 0
    by_meaning = ranking("升降设备", others, [0.9, 0.8, 0.78])
    assert max(range(3), key=by_meaning.__getitem__) == 0
    # One without a vector stands as the usual one does.
    assert ranking("高铁", ["甲", "乙", "丙"], [0.9, None, 0.7]) == sorted(
        ranking("高铁", ["甲", "乙", "丙"], [0.9, None, 0.7]), reverse=True
    )
    assert ranking("电梯", []) == []
    assert ranking("", others) == ranking("。", others)
    assert ranking("电梯", ["电梯"] * 3) == [0.0] * 3


def test_a_ranking_is_bounded() -> None:
    scores = ranking("电梯", ["电梯"] + ["路灯"] * (MOST + 1))
    assert len(scores) == MOST + 2
    assert scores[-1] < min(scores[:MOST])
