"""Demands, callers and reference data for tests of intake."""

from __future__ import annotations

from datetime import date
from typing import Any

from hotline.intake import actions
from hotline.intake.models import CategoryForm
from hotline.intake.rules import AppealForm, CitizenInput, Filed
from hotline.places.models import Division
from hotline.workorders.models import Category, ReasonCode, Script
from tests.accounts.cast import Cast

CONTENT = "小区东侧工地从上周开始每天夜间施工到凌晨两点，噪声很大，老人睡不着，希望尽快处理。"
PHONE = "13900005678"


def make_reference() -> None:
    """A few divisions, categories, questions, reasons and scripts."""
    above = None
    for code, name, level in (
        ("310000000000", "某市", 1),
        ("310106000000", "甲区", 3),
        ("310106010000", "一街道", 4),
        ("310115000000", "乙区", 3),
    ):
        above = Division.objects.create(
            code=code, name=name, level=level, path_name=name, pinyin="jq jiaqu" if name == "甲区" else ""
        )
    assert above is not None
    for code, name in (
        ("02", "生态环境"),
        ("02.01", "噪声污染"),
        ("02.01.01", "建筑施工噪声"),
        ("02.01.02", "社会生活噪声"),
    ):
        upper = Category.objects.filter(code=code.rpartition(".")[0]).first()
        Category.objects.create(
            code=code,
            name=name,
            parent=upper,
            level=code.count(".") + 1,
            pinyin=f"{code} zs zaosheng",
            path_name=f"{upper.path_name} › {name}" if upper else name,
            demand_types=["complaint"] if upper else [],
            default_urgency="elevated" if code == "02.01.01" else "routine",
        )
    CategoryForm.objects.create(
        category=Category.objects.get(code="02.01"),
        version=1,
        effective_from=date(2024, 1, 1),
        questions=[
            {
                "code": "period",
                "label": "噪声时段",
                "kind": "choice",
                "required": True,
                "choices": ["夜间", "白天"],
            },
            {"code": "ongoing", "label": "现在是否仍在施工", "kind": "yes_no"},
        ],
    )
    day = date(2024, 1, 1)
    for kind, code, name, basis, script, up in (
        ("not_accepted", "legal_channel", "应通过法定途径处理", "国办函〔2025〕66号", "", ""),
        ("not_accepted", "litigation", "诉讼事项", "《民事诉讼法》", "请向人民法院咨询。", "legal_channel"),
        ("referral", "police_110", "转110", "国办发〔2022〕12号", "我马上为您转接110。", ""),
        ("merge", "same_event", "同一事件", "", "", ""),
    ):
        ReasonCode.objects.create(
            kind=kind,
            code=code,
            name=name,
            legal_basis=basis,
            script=script,
            parent_code=up,
            effective_from=day,
        )
    Script.objects.create(
        code="order_made", title="生成工单告知", text="工单编号是[编号]，[时间]前联系您。", effective_from=day
    )


def demand(**more: Any) -> AppealForm:
    """A complete complaint; `more` replaces fields."""
    given: dict[str, Any] = {
        "title": "工地夜间施工噪声",
        "content": CONTENT,
        "demand_type": "complaint",
        "category": "02.01.01",
        "division": "310106010000",
        "address": "某路1号东侧工地",
        "answers": {"period": "夜间"},
    }
    return AppealForm(**{**given, **more})


def caller(**more: Any) -> CitizenInput:
    """A citizen with a number."""
    return CitizenInput(**{"phone": PHONE, "name": "王先生", **more})


def filed(
    cast: Cast, *, key: str = "k1", who: str = "agent", person: CitizenInput | None = None, **more: Any
) -> Filed:
    """An appeal filed at the desk."""
    return actions.file_appeal(
        actor=cast.actor(who),
        channel="phone",
        source="desk:test",
        idempotency_key=key,
        demand=demand(**more),
        citizen=person or caller(),
    )
