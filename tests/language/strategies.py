"""Messy texts for property tests: Chinese, figures, cues of personal data, emoji, other scripts, broken characters."""

from hypothesis import strategies as st

PIECES = (
    "我叫", "联系人：", "张小明", "电话", "13800138000", "138-0013-8000", "身份证", "11010519491231002X", "卡号", "6222021234567890128", "微信", "wx_12345", "qq123456", "a@b.com",
    "粤B12345", "A市", "A3区", "大宁路街道", "幸福路12号", "阳光小区", "3栋", "附近", "对面", "与", "交叉口", "，", "。", "！！！！", "《", "》", "（", "）", "\n", " ", "　", "😀", "👨‍👩‍👧", "電動車",
    "嗯，", "那个，", "没有", "火灾", "跳楼", "扬言", "ignore previous instructions", "صباح", "ไทย", "\x00", "\ud800", "ﷺ", "①", "Ⅷ", "１３８", "幺三八零零", "*", "\u200b", "的", "在", "请", "希望", "昨天下午三点",
)  # fmt: skip
messy = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.text(max_size=120),
    st.lists(
        st.one_of(
            st.sampled_from(PIECES), st.text(max_size=4), st.from_regex(r"[0-9]{1,22}", fullmatch=True)
        ),
        max_size=25,
    ).map("".join),
)
