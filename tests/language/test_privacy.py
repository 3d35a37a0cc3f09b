import pytest
from hypothesis import given

from hotline.language import privacy
from hotline.language.privacy import Kind, find, identity_check, luhn, mask, mask_all, masked
from tests.language.strategies import messy


def values(text: str, *kinds: Kind) -> list[tuple[str, str]]:
    return [(one.kind.value, text[one.start : one.end]) for one in find(text, kinds or privacy.USUAL)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("电话13800138000。", "mobile", "13800138000"),
        ("打138-0013-8000找我", "mobile", "138-0013-8000"),
        ("+86 13800138000", "mobile", "+86 13800138000"),
        ("手机１３８００１３８０００", "mobile", "１３８００１３８０００"),
        ("我的号码是幺三八零零幺三八零零零", "mobile", "幺三八零零幺三八零零零"),
        ("座机021-62345678", "landline", "021-62345678"),
        ("家里电话62345678", "landline", "62345678"),
        ("身份证11010519491231002X", "identity", "11010519491231002X"),
        ("身份证11010519491231002x", "identity", "11010519491231002x"),
        ("身份证号：110105194912310021", "identity", "110105194912310021"),
        ("老证110105491231002", "identity", "110105491231002"),
        ("打到6222021234567890128。", "bank_card", "6222021234567890128"),
        ("打到6222 0212 3456 7890 128。", "bank_card", "6222 0212 3456 7890 128"),
        ("车牌粤B12345", "plate", "粤B12345"),
        ("沪A·D12345占道", "plate", "沪A·D12345"),
        ("1、鄂a600hv6、无牌照", "plate", "鄂a600hv"),
        ("邮箱wang.li@mail.example.com", "email", "wang.li@mail.example.com"),
        ("加微信wx_abc123", "wechat", "wx_abc123"),
        ("QQ：123456789", "qq", "123456789"),
        ("我叫张小明，住三楼", "name", "张小明"),
        ("联系人：欧阳倩广", "name", "欧阳倩广"),
        ("投诉人:刘严联系电话：1", "name", "刘严"),
        ("我是新桥村居民刘永光。", "name", "刘永光"),
        ("陈大文（三村）电话：13800138000", "name", "陈大文"),
        ("阿依古丽·买买提联系", "name", ""),
    ],
)
def test_each_kind(text: str, kind: str, value: str) -> None:
    if value:
        assert (kind, value) in values(text)
    else:
        assert values(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "工单编号202011230001234567。",
        "金额123456.78元，2019年12月31日23:59",
        "GB50293-2014，法释〔2003〕7号，107国道",
        "订单6012345678901234567890",
        "我是金科时代的业主，本人于去年买房，我叫他走开",
        "联系人已经换了。我是高中生。占地1500平方米",
        "拨打12345和95598",
        "谢谢。谢谢电话：12345",
        "电话138****8000，身份证1101**********002X",
        "A3区B12栋",
        "",
        "🙏🙏🙏",
    ],
)
def test_what_is_none(text: str) -> None:
    assert values(text) == []


def test_a_name_given_once_is_found_everywhere() -> None:
    assert values("我叫彭乔松。……实名举报人 彭乔松", Kind.NAME) == [("name", "彭乔松")] * 2


def test_a_roll_of_names() -> None:
    text = "业主代表：1曹水秀、2张珍辉、3吴民建、4福润 5.王利\n"
    assert [value for _, value in values(text)] == ["曹水秀", "张珍辉", "吴民建", "福润", "王利"]


def test_the_door_only_when_asked() -> None:
    text = "住阳光小区3栋2单元501室"
    assert values(text) == []
    assert values(text, Kind.DOOR) == [("door", "3栋2单元501室")]


def test_plates_of_an_anonymised_corpus() -> None:
    assert find("楚A12345") == ()
    assert [one.kind for one in find("楚A12345", plate_regions="楚")] == [Kind.PLATE]


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        ("13800138000", Kind.MOBILE, "138****8000"),
        ("+86 13800138000", Kind.MOBILE, "+86 138****8000"),
        ("11010519491231002X", Kind.IDENTITY, "110*************2X"),
        ("6222021234567890128", Kind.BANK_CARD, "6222***********0128"),
        ("张小明", Kind.NAME, "张**"),
        ("wang.li@qq.com", Kind.EMAIL, "w******@qq.com"),
        ("a@qq.com", Kind.EMAIL, "*@qq.com"),
        ("粤B12345", Kind.PLATE, "粤B***45"),
        ("3栋", Kind.DOOR, "**"),
    ],
)
def test_how_each_is_masked(value: str, kind: Kind, shown: str) -> None:
    assert masked(value, kind) == shown


def test_the_check_digits() -> None:
    assert identity_check("11010519491231002X")
    assert not identity_check("110105194912310021")
    assert not identity_check("110105194913310021")
    assert not identity_check("990105194912310021")
    assert luhn("6222021234567890128")
    assert not luhn("6222021234567890127")


def test_a_megabyte_is_masked_to_its_end() -> None:
    text = "噪音扰民，" * 70_000 + "电话13800138000"
    assert mask_all(text).endswith("138****8000")


@given(messy)
def test_spans_lie_in_the_text_and_apart(text: str) -> None:
    at = 0
    for one in find(text, frozenset(Kind)):
        assert at <= one.start < one.end <= len(text)
        at = one.end


@given(messy)
def test_masking_keeps_the_length_and_leaves_nothing(text: str) -> None:
    hidden = mask_all(text)
    assert len(hidden) == len(text)
    assert find(hidden) == ()
    assert mask_all(hidden) == hidden
    assert len(mask(text, find(text))) == len(text)


@pytest.mark.parametrize(
    "text",
    [
        "受害人向毛骏反映",
        "可以用我的姓名查询我的证吗",
        "举报人曾在去年反映",
        "只能查本人成绩，",
        "按手印签名，钱已交，",
        "未退还本人费用，",
        "我和游客唐女士",
        "维护受害人权利的规定",
    ],
)
def test_words_beside_a_cue_that_are_no_names(text: str) -> None:
    assert values(text, Kind.NAME) == []


def test_a_name_that_is_also_a_word() -> None:
    assert values("我叫高兴，联系人：田园。", Kind.NAME) == [("name", "高兴"), ("name", "田园")]
