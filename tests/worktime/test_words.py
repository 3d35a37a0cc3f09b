"""Why is it due then? in both languages and for both readers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.translation import override

from hotline.worktime.rules import (
    ClockEvent,
    MarkBasis,
    MarkSpec,
    Span,
    derive,
    derive_provisionally,
    explain,
)
from hotline.worktime.rules.clocks import default_marks
from hotline.worktime.rules.words import holiday_name, length_words, mark_words
from tests.worktime.factories import PUBLIC, at, spec

LONG = [
    ClockEvent("start", at("2025-09-26 16:40")),
    ClockEvent("pause", at("2025-09-29 10:00")),
    ClockEvent("resume", at("2025-09-30 10:00")),
    ClockEvent("pause", at("2025-10-01 10:00")),
    ClockEvent("resume", at("2025-10-02 10:00")),
    ClockEvent("extend", at("2025-10-09 09:00"), Span.parse("5 workday")),
    ClockEvent("stop", at("2025-10-10 09:00")),
    ClockEvent("resume", at("2025-10-10 10:00")),
    ClockEvent("stop", at("2025-10-11 10:00")),
]


def test_chinese_for_staff():
    with override("zh-hans"):
        words = explain(derive(LONG, spec("5 workday", cutoff=900), PUBLIC))
    assert words == [
        "9月26日（周五）16:40 派至承办单位。",
        "15:00 及以后按下一工作日起算：9月28日（周日）为第 1 个工作日。",
        "9月28日（周日）调休上班（国庆节），计入工作日。",
        "10月1日（周三）至10月5日（周日）放假（国庆节），不计入。",
        "10月6日（周一）放假（中秋节），不计入。",
        "10月7日（周二）至10月8日（周三）放假（国庆节），不计入。",
        "第 5 个工作日为 10月10日（周五），17:30 截止。",
        "9月29日（周一）10:00 至 9月30日（周二）10:00 挂起 1 个工作日：由 10月10日（周五）17:30 顺延至 10月11日（周六）17:30。",
        "10月1日（周三）10:00 至 10月2日（周四）10:00 挂起，期间不含工作时间，期限不变。",
        "10月9日（周四）09:00 准予延期 5 个工作日：由 10月11日（周六）17:30 延至 10月17日（周五）17:30。",
        "10月10日（周五）09:00 曾办结，10月10日（周五）10:00 恢复办理，其间计入时限。",
        "10月11日（周六）10:00 办结，未超期。",
    ]


def test_english_for_citizens():
    with override("en"):
        words = explain(derive(LONG, spec("5 workday", cutoff=900), PUBLIC), "citizen")
    assert words[1] == "From 15:00 on it counts from the next working day: 28 Sep (Sun) is working day 1."
    assert "Handling was on hold for 1 working day; the date moved to 11 Oct (Sat) 17:30." in words
    assert words[-1] == "Done on 11 Oct (Sat) 10:00."
    assert not any("taken up again" in sentence for sentence in words)


@pytest.mark.parametrize(
    ("start", "span", "cutoff", "expected"),
    [
        ("2026-11-20 10:00", "2 workday", None, "受理"),
        ("2026-11-20 10:00", "2 workday", 900, "当日计入：11月20日（周五）为第 1 个工作日。"),
        ("2026-11-21 10:00", "2 workday", 900, "当天不是工作日：11月23日（周一）为第 1 个工作日。"),
        ("2026-11-20 10:00", "3 day", None, "3 天（含周末和节假日）：11月23日（周一）23:59 截止。"),
        ("2026-11-20 10:00", "2 hour", None, "2 小时（昼夜连续计算）：11月20日（周五）12:00 截止。"),
        ("2026-11-20 10:00", "30 minute", None, "30 分钟（昼夜连续计算）：11月20日（周五）10:30 截止。"),
    ],
)
def test_first_sentences(start, span, cutoff, expected):
    with override("zh-hans"):
        words = explain(
            derive(
                [ClockEvent("start", at(start))],
                type(spec("1 day"))("finish", "city", Span.parse(span), "created", cutoff=cutoff),
                PUBLIC,
            )
        )
    assert any(expected in sentence for sentence in words), words


def test_what_ends_differently():
    start = ClockEvent("start", at("2026-11-20 10:00"))
    clock = spec("2 workday")
    with override("en"):
        assert explain(derive([start, ClockEvent("stop", at("2026-11-30 10:00"))], clock, PUBLIC))[
            -1
        ].endswith("late.")
        assert (
            "without a verdict"
            in explain(derive([start, ClockEvent("void", at("2026-11-30 10:00"))], clock, PUBLIC))[-1]
        )
        assert (
            len(
                explain(derive([start, ClockEvent("void", at("2026-11-30 10:00"))], clock, PUBLIC), "citizen")
            )
            == 3
        )
        assert (
            "stands still"
            in explain(derive([start, ClockEvent("pause", at("2026-11-20 11:00"))], clock, PUBLIC))[-1]
        )
        provisional = derive_provisionally(
            [ClockEvent("start", at("2026-12-30 10:00"))], spec("5 workday"), PUBLIC
        )
        assert explain(provisional)[-1].startswith("Provisional: the holidays of 2027")
        hours = derive(
            [
                start,
                ClockEvent("pause", at("2026-11-20 11:00")),
                ClockEvent("resume", at("2026-11-21 12:30")),
            ],
            spec("24 hour"),
            PUBLIC,
        )
        assert "for 1 calendar day 1 hour 30 minutes" in explain(hours)[-1]


def test_small_words():
    with override("en"):
        assert length_words(timedelta(0)) == "0 minutes"
        assert holiday_name("") == "holiday"
        assert holiday_name("建城节") == "建城节"
        assert [mark_words(mark) for mark in default_marks(Span.parse("5 workday"))] == [
            "50% of the time left",
            "1 working day left",
            "when overdue",
        ]
        assert (
            mark_words(MarkSpec("red", MarkBasis.FIRST_OVERDUE_WORKDAY)) == "on the first overdue working day"
        )
        assert mark_words(MarkSpec("red", MarkBasis.AFTER, Span.parse("2 hour"))) == "overdue by 2 hours"
        assert mark_words(MarkSpec("red", MarkBasis.AFTER)) == "when overdue"
