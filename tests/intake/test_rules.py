"""Demands, questions, columns, look-up codes: pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from hotline.intake.rules import (
    AppealForm,
    CitizenInput,
    check_answers,
    check_demand,
    check_questions,
    code_from_digest,
    in_force,
    missing_elements,
    needs_review,
    normal_code,
    parse_payload,
    parse_questions,
    shown_answers,
    to_payload,
)
from hotline.intake.rules.columns import demand_of, guess_mapping, missing_columns
from hotline.intake.rules.demands import Unreadable, moment_of, title_of
from hotline.intake.rules.lookup import ALPHABET
from hotline.intake.rules.numbers import phone_digits

FULL = AppealForm(
    content="小区东侧工地从上周开始夜间施工，影响休息，希望处理。",
    address="某路1号",
    demand_type="complaint",
    category="02",
)
KNOWN = CitizenInput(phone="13900001111", name="王")


@pytest.mark.parametrize(
    ("change", "who", "field"),
    [
        ({"content": " "}, KNOWN, "content"),
        ({"content": "字" * 20_001}, KNOWN, "content"),
        ({"title": "字" * 201}, KNOWN, "title"),
        ({"demand_type": "x"}, KNOWN, "demand_type"),
        ({"urgency": "x"}, KNOWN, "urgency"),
        ({"occurred_at": "昨天"}, KNOWN, "occurred_at"),
        ({"address": "字" * 301}, KNOWN, "address"),
        ({"latitude": 91.0}, KNOWN, "latitude"),
        ({"longitude": -181.0}, KNOWN, "longitude"),
        ({"labels": ("字" * 41,)}, KNOWN, "labels"),
        ({}, CitizenInput(phone="12"), "phone"),
        ({}, CitizenInput(phone="13900001111", name="字" * 61), "name"),
        ({"address": ""}, CitizenInput(), "phone"),
        ({"content": "吵"}, CitizenInput(), "phone"),
    ],
)
def test_faults_of_a_demand(change: dict[str, Any], who: CitizenInput, field: str) -> None:
    given = {name: getattr(FULL, name) for name in AppealForm.__dataclass_fields__} | change
    assert set(check_demand(AppealForm(**given), who)) == {field}


def test_a_good_demand_has_none_and_incomplete_ones_need_a_contact() -> None:
    assert check_demand(FULL, KNOWN) == {}
    assert check_demand(FULL, CitizenInput()) == {}, "complete: nobody has to be asked"
    assert check_demand(AppealForm(content="吵"), KNOWN) == {}


def test_elements() -> None:
    assert missing_elements(FULL, KNOWN) == ()
    assert missing_elements(AppealForm(content="路灯"), CitizenInput()) == (
        "name",
        "time",
        "address",
        "cause",
        "course",
    )


@pytest.mark.parametrize(
    ("channel", "form", "wish", "expected"),
    [
        ("phone", FULL, "", False),
        ("web", FULL, "", True),
        ("phone", AppealForm(content=FULL.content, address="x", demand_type="help"), "", True),
        ("web", FULL, "never", False),
        ("phone", FULL, "always", True),
    ],
)
def test_who_reads_first(channel: str, form: AppealForm, wish: str, expected: bool) -> None:
    assert needs_review(form, channel, missing_elements(form, KNOWN), wish) is expected


def test_titles_and_moments() -> None:
    assert title_of(AppealForm(title=" 路灯  不亮 ")) == "路灯 不亮"
    assert title_of(AppealForm(content="路灯不亮。三天了")) == "路灯不亮"
    assert len(title_of(AppealForm(content="字" * 90))) == 40
    assert moment_of("2026-11-22 08:00") == datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    assert moment_of("2026-11-22T08:00:00+00:00") == datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
    assert moment_of("soon") is None


TEXT = st.text(max_size=30)


@given(
    st.builds(
        AppealForm,
        title=TEXT,
        content=TEXT,
        secret=st.booleans(),
        labels=st.lists(TEXT, max_size=3).map(tuple),
    ),
    st.builds(CitizenInput, phone=TEXT, name=TEXT),
)
def test_a_payload_comes_back_as_it_went(form: AppealForm, citizen: CitizenInput) -> None:
    assert parse_payload(to_payload(form, citizen)) == (form, citizen)


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff", b"{", b"[]", b"{}", b'{"demand": []}', b'{"demand": {"titel": "x"}}', b'{"demand": {"title": 1}}',
        b'{"demand": {"labels": "x"}}', b'{"demand": {"secret": "yes"}}', b'{"demand": {"latitude": true}}',
        b'{"demand": {}, "citizen": {"citizen_id": "1"}}', b'{"demand": {"answers": []}}', b'{"demand": {}, "citizen": 3}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_unreadable(payload: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_payload(payload)


@given(st.binary(min_size=16, max_size=32))
def test_codes_have_no_signs_that_are_mistaken(digest: bytes) -> None:
    code = code_from_digest(digest)
    assert len(code) == 8
    assert set(code) <= set(ALPHABET)
    assert not set(code) & set("0O1IL5S2Z8BUV")
    assert normal_code(f" {code[:4].lower()}-{code[4:]} ") == code


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("138 0000-1111", "13800001111"),
        ("+86 13800001111", "13800001111"),
        ("008613800001111", "13800001111"),
        ("１３８００００１１１１", "13800001111"),
        ("021-62345678", "02162345678"),
    ],
)
def test_numbers(typed: str, digits: str) -> None:
    assert phone_digits(typed) == digits


QUESTIONS = [
    {"code": "t", "label": "文字"},
    {"code": "n", "label": "数", "kind": "number"},
    {"code": "c", "label": "单选", "kind": "choice", "choices": ["甲", "乙"], "required": True},
    {"code": "m", "label": "多选", "kind": "choices", "choices": ["甲", "乙", "丙"]},
    {"code": "d", "label": "日", "kind": "date"},
    {"code": "h", "label": "时", "kind": "time"},
    {"code": "w", "label": "日时", "kind": "datetime"},
    {"code": "y", "label": "是否", "kind": "yes_no"},
]


class TestQuestions:
    questions = parse_questions(QUESTIONS)

    def test_every_kind(self) -> None:
        clean, errors = check_answers(
            self.questions,
            {
                "t": " 字 ",
                "n": "3.0",
                "c": "乙",
                "m": ["丙", "甲"],
                "d": "2026-11-22",
                "h": "08:30:00",
                "w": "2026-11-22T08:30",
                "y": "是",
                "other": "x",
            },
        )
        assert errors == {}
        assert clean == {
            "t": "字",
            "n": 3,
            "c": "乙",
            "m": ["甲", "丙"],
            "d": "2026-11-22",
            "h": "08:30",
            "w": "2026-11-22T08:30",
            "y": True,
        }
        with translation.override("zh-hans"):
            assert dict(shown_answers(self.questions, clean))["是否"] == "是"
            assert dict(shown_answers(self.questions, clean))["多选"] == "甲、丙"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"t": "字" * 501},
            {"t": {"a": 1}},
            {"n": "three"},
            {"n": "inf"},
            {"n": True},
            {"c": "丁"},
            {"m": ["甲", "丁"]},
            {"d": "22.11."},
            {"h": "25:00"},
            {"w": "now"},
            {"y": "maybe"},
        ],
    )
    def test_wrong_answers(self, wrong: dict[str, Any]) -> None:
        _clean, errors = check_answers(self.questions, {"c": "甲", **wrong})
        assert list(errors) == [f"answers.{next(iter(wrong))}"]

    def test_required(self) -> None:
        for empty in ({}, {"c": ""}, {"c": "  "}):
            assert list(check_answers(self.questions, empty)[1]) == ["answers.c"]

    @pytest.mark.parametrize(
        "bad",
        [
            "text", [1], [{"code": "a"}], [{"code": "a", "label": "x"}, {"code": "a", "label": "y"}],
            [{"code": "a", "label": "x", "kind": "colour"}], [{"code": "a", "label": "x", "kind": "choice", "choices": ["甲"]}],
            [{"code": "a", "label": "x", "choices": ["甲", "乙"]}],
        ],
    )  # fmt: skip
    def test_forms_that_must_not_take_effect(self, bad: Any) -> None:
        assert check_questions(bad)

    def test_a_good_form(self) -> None:
        assert check_questions(QUESTIONS) == []


def test_columns() -> None:
    header = ["\ufeff编号", "标题", "内容", "诉求类型", "区划", "电话", "保密"]
    mapping = guess_mapping(header)
    assert mapping["content"] == "内容"
    assert missing_columns(mapping, header) == []
    assert missing_columns({"title": "标题"}, header) == ["content"]
    assert missing_columns({"content": "nowhere"}, header) == ["nowhere"]
    with translation.override("zh-hans"):
        form, citizen, channel = demand_of(
            {"标题": "t", "内容": "c", "诉求类型": "投诉", "区划": "310106", "电话": "1", "保密": "是"},
            mapping,
        )
    assert (form.demand_type, form.division, form.secret, citizen.phone, channel) == (
        "complaint",
        "310106000000",
        True,
        "1",
        "import",
    )


def test_in_force() -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    assert in_force("approved", None, moment)
    assert not in_force("approved", moment, moment)
    assert not in_force("proposed", None, moment)
