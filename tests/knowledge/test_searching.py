"""Finding: words and meaning, limits, what citizens see, what counts as an answer."""

from __future__ import annotations

import pytest

from hotline.knowledge import queries
from tests.knowledge.factories import published

pytestmark = pytest.mark.django_db


def test_a_sentence_finds_the_paragraph_that_answers(cast):
    entry = published(
        cast.a,
        "新生儿户口登记",
        "## 材料\n\n- 出生医学证明\n- 父母户口簿\n\n## 时限\n\n出生后一个月内到派出所户口窗口办理。\n\n| 项 | 值 |\n|---|---|\n| 费用 | 免费 |",
        questions=("刚出生的孩子怎么上户口",),
    )
    published(cast.b, "夜间施工规定", "二十二时至次日六时禁止夜间施工。")
    found = queries.search(cast.actor("agent"), "小孩上户口要什么材料")
    assert (found.good, found.hits[0].entry, found.hits[0].heading) == (True, entry, "材料")
    assert ("户口", True) in found.hits[0].excerpt
