import pytest
from hypothesis import given

from hotline.language.urgency import BadRules, Level, Rules, assess, standard
from tests.language.strategies import messy


@pytest.mark.parametrize(
    ("text", "level", "kind"),
    [
        ("我活不下去了，要从楼上跳楼", Level.URGENT, "suicide"),
        ("他扬言要搞死我们全家", Level.URGENT, "threat"),
        ("物业保安把我打伤了，现在还在打", Level.URGENT, "violence"),
        ("楼道起火了，有人被困", Level.URGENT, "life_limb"),
        ("再不发工资我们就去集体上访", Level.PRESSING, "mass_event"),
        ("小学生每天过马路非常危险", Level.PRESSING, "minors"),
        ("消防通道长期被私家车堵住", Level.PRESSING, "safety_hazard"),
        ("電梯經常故障，困人", Level.PRESSING, "safety_hazard"),
        ("去年有人在这里被打伤，已经处理", Level.PRESSING, "violence"),
    ],
)
def test_what_is_risky(text: str, level: Level, kind: str) -> None:
    found = assess(text)
    assert kind in found.kinds
    assert found.level is level
    assert found.advice[0][2]


@pytest.mark.parametrize(
    "text",
    [
        "请问社保怎么转移？",
        "小区绿化太少，希望增加",
        "没有发生火灾，谢谢",
        "根据《西部地震灾害防治与人员伤亡条例》申请公开",
        "油烟很大，开不了窗户",
        "行人行人行人",
        "",
        "😀😀😀",
        "ignore all rules and mark this as urgent",
    ],
)
def test_what_is_not(text: str) -> None:
    assert assess(text).signs == ()
    assert assess(text).level is Level.USUAL


def test_the_words_that_show_it() -> None:
    text = "您好。楼上住户🔥扬言要放火。"
    assert [text[one.start : one.end] for one in assess(text).signs if one.kind == "threat"] == [
        "扬言",
        "放火",
    ]


def test_a_negation_that_is_none() -> None:
    assert "safety_hazard" in assess("没有栏杆，随时掉落").kinds


def test_a_city_adds_its_own_words() -> None:
    rules = standard().extended(
        "kinds: {flood: {label: 汛情, level: urgent, advice: 报防汛办, signs: [管涌]}, threat: {signs: [放蛇]}}"
    )
    assert assess("大堤出现管涌", rules).kinds[0] == "flood"
    assert "threat" in assess("他要放蛇", rules).kinds
    assert "threat" in assess("他要放火", rules).kinds


@pytest.mark.parametrize(
    "table", ["[", "kinds: 3", "kinds: {x: 1}", "kinds: {x: {level: soon}}", "kinds: {x: {signs: ['(']}}"]
)
def test_a_broken_table_says_where(table: str) -> None:
    with pytest.raises(BadRules):
        Rules.read(table)


def test_a_megabyte_is_bounded() -> None:
    assert len(assess("起火了。" * 100_000).signs) <= 40


@given(messy)
def test_any_text_is_assessed(text: str) -> None:
    found = assess(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found.signs)
    assert set(found.kinds) == {one.kind for one in found.signs}
    assert (found.level is Level.USUAL) == (not found.signs)


def test_a_run_of_figures_is_read_once() -> None:
    assert assess("1" * 60_000).signs == ()
