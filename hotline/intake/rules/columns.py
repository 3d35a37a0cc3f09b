"""Columns of an imported file: which mean what, and one row as a demand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.intake.rules.demands import AppealForm, CitizenInput
from hotline.intake.rules.lookup import normal_code
from hotline.workorders.models.states import Channel, DemandType, Urgency

# field → (label, names that a header may have)
FIELDS: Mapping[str, tuple[str | Promise, tuple[str, ...]]] = {
    "source_number": (_("Number there"), ("id", "number", "编号", "来源编号", "工单编号", "序号")),
    "title": (_("Title"), ("title", "标题", "主题", "留言主题")),
    "content": (_("Content"), ("content", "text", "内容", "诉求内容", "留言详情", "正文")),
    "demand_type": (_("Kind of demand"), ("demand_type", "type", "诉求类型", "类型")),
    "category": (_("Category"), ("category", "类别", "类别编码", "分类")),
    "division": (_("Street or community"), ("division", "区划", "区划代码", "行政区划")),
    "address": (_("Address"), ("address", "地址", "事发地址", "详细地址")),
    "urgency": (_("Urgency"), ("urgency", "紧急程度")),
    "occurred_at": (_("Happened at"), ("occurred_at", "time", "发生时间", "时间", "留言时间")),
    "name": (_("Caller's name"), ("name", "姓名", "诉求人", "联系人")),
    "phone": (_("Phone number"), ("phone", "电话", "联系电话", "手机", "来电号码")),
    "secret": (_("Confidential"), ("secret", "保密", "是否保密")),
    "anonymous": (_("Anonymous"), ("anonymous", "匿名", "是否匿名")),
    "channel": (_("Channel"), ("channel", "渠道", "来源渠道")),
    "expectation": (_("Wish"), ("expectation", "期望", "诉求目的")),
    "subject_name": (_("About whom"), ("subject_name", "被反映人", "被反映单位")),
}
REQUIRED = ("content",)
_YES = frozenset({"1", "true", "yes", "y", "是", "√"})


def guess_mapping(header: Sequence[str]) -> dict[str, str]:
    """field → column, by the usual names; each column once."""
    plain = {name.strip().lower().lstrip("\ufeff"): name for name in header}
    mapping: dict[str, str] = {}
    for field, (_label, names) in FIELDS.items():
        for name in names:
            if name in plain and plain[name] not in mapping.values():
                mapping[field] = plain[name]
                break
    return mapping


def missing_columns(mapping: Mapping[str, str], header: Iterable[str]) -> list[str]:
    """Required fields without a column, and mapped columns that the file does not have."""
    there = set(header)
    return [name for name in REQUIRED if not mapping.get(name)] + [
        col for col in mapping.values() if col and col not in there
    ]


def _code(value: str, choices: Any) -> str:
    """A code or its label, as a code; unknown values pass so that the validator names them."""
    wanted = value.strip()
    for code, label in choices:
        if wanted in (code, str(label)):
            return str(code)
    return wanted


def demand_of(row: Mapping[str, str], mapping: Mapping[str, str]) -> tuple[AppealForm, CitizenInput, str]:
    """One row as (demand, citizen, channel)."""
    got = {field: (row.get(column) or "").strip() for field, column in mapping.items() if column}
    form = AppealForm(
        title=got.get("title", "")[:200],
        content=got.get("content", ""),
        demand_type=_code(got.get("demand_type", ""), DemandType.choices),
        category=got.get("category", ""),
        division=got["division"].ljust(12, "0")
        if got.get("division", "").isdigit()
        else got.get("division", ""),
        address=got.get("address", ""),
        urgency=_code(got.get("urgency", ""), Urgency.choices),
        secret=normal_code(got.get("secret", "")).lower() in _YES,
        anonymous=normal_code(got.get("anonymous", "")).lower() in _YES,
        expectation=got.get("expectation", ""),
        occurred_at=got.get("occurred_at", ""),
        subject_name=got.get("subject_name", ""),
        source_number=got.get("source_number", ""),
    )
    channel = _code(got.get("channel", ""), Channel.choices) or str(Channel.IMPORT)
    return form, CitizenInput(phone=got.get("phone", ""), name=got.get("name", "")), channel
