"""The living style guide: every component with realistic content, also empty and overfull."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from hotline.kit.access import signed_in
from hotline.kit.clock import now
from hotline.kit.paging import Page


class SampleForm(forms.Form):
    """Every kind of field. Its words are samples, shown to engineers only, and so are not translated."""

    title = forms.CharField(label="标题", max_length=40, help_text="一句话说清何处、何事，不写姓名和电话。")
    content = forms.CharField(label="内容", widget=forms.Textarea(attrs={"rows": 3}))
    kind = forms.ChoiceField(
        label="诉求类型", choices=[("complaint", "投诉"), ("consultation", "咨询"), ("help", "求助")]
    )
    urgency = forms.ChoiceField(
        label="紧急程度",
        widget=forms.RadioSelect,
        choices=[("0", "一般"), ("1", "次紧急"), ("2", "紧急")],
        initial="0",
    )
    secret = forms.BooleanField(label="保密（只有指定承办人可见）", required=False)
    visit_at = forms.DateTimeField(
        label="现场查看时间", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    photo = forms.FileField(label="照片", required=False, help_text="JPG、PNG，每张不超过 20 MB。")


@signed_in
def guide(request: HttpRequest) -> HttpResponse:
    """The page at `/ui/guide/`."""
    moment = now()
    context: dict[str, Any] = {
        "moment": moment,
        "due_far": moment + timedelta(days=2, hours=4, minutes=10),
        "due_soon": moment + timedelta(hours=3, minutes=20, seconds=30),
        "due_over": moment - timedelta(days=1, hours=2),
        "soon_near": moment - timedelta(hours=1),
        "soon_far": moment + timedelta(days=1),
        "done_on_time": moment + timedelta(days=1),
        "form": SampleForm(),
        "wrong_form": SampleForm(
            {"wrong-title": "", "wrong-content": "小区东侧工地夜间施工", "wrong-urgency": "1"}, prefix="wrong"
        ),
        "page_of_rows": Page(rows=[object()] * 50, next="abc", previous="def"),
        "steps": [
            {"label": "派单", "state": "done", "note": "11-21 09:12"},
            {"label": "签收", "state": "done", "note": "11-21 09:40"},
            {"label": "办理", "state": "current", "note": "静安区生态环境局"},
            {"label": "回访", "state": "todo", "note": ""},
        ],
        "facts": [
            ("来源", "电话 12345"),
            ("诉求类型", "投诉"),
            ("类别", "生态环境 › 噪声污染 › 建筑施工噪声"),
            ("地址", "大宁路街道 共和新路 1700 弄东侧工地"),
            ("关联工单", ""),
        ],
        "short_unit": "静安区生态环境局",
        "long_unit": "上海市静安区大宁路街道城市管理综合行政执法队第三分队夜间施工专项整治工作组",
        "rows": [
            (
                "JD20261122-000123",
                "小区东侧工地夜间施工噪声",
                "静安区生态环境局",
                2,
                True,
                moment + timedelta(hours=2),
            ),
            (
                "JD20261122-000124",
                "路灯连续三晚不亮",
                "静安区市政工程养护中心",
                0,
                False,
                moment + timedelta(days=3),
            ),
            (
                "JD20261122-000125",
                "电梯反复困人，物业称维保合同到期无人负责，楼内有三位独居老人和一名孕妇，希望尽快协调并答复修复时间",
                "上海市静安区大宁路街道城市管理综合行政执法队第三分队夜间施工专项整治工作组",
                1,
                False,
                moment - timedelta(hours=5),
            ),
        ],
    }
    return render(request, "ui/guide.html", context)
