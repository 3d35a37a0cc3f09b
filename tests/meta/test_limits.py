"""docs/limits.md is what `bench.table` makes: every benchmark listed, no figure typed by hand."""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from bench import table

ROOT = Path(__file__).resolve().parents[2]
FOUND: dict[str, dict[str, Any]] = {
    "intake": {"rate": 300.0, "p95_ms": 80.0, "lost": 0, "peer_rate": 500.0, "ratio": 0.6},
    "pages": {
        "orders": 1_000_000,
        "views_per_second": 24.0,
        "unanswered": 0,
        "rows": [
            {"page": "health", "alone_p50_ms": 1.0, "alone_p95_ms": 2.0, "per_second": 900.0, "queries": 0},
            {"page": "pool", "alone_p50_ms": 40.0, "alone_p95_ms": 45.0, "hour_p95_ms": 90.0, "queries": 12},
            {"page": "inbox", "alone_p50_ms": 60.0, "alone_p95_ms": 65.0, "hour_p95_ms": 151.0, "queries": 9},
            {"page": "portal look-up", "alone_p50_ms": 70.0, "alone_p95_ms": 80.0, "queries": 9},
        ],
    },
    "scan": {
        "rows": [{"pass": "nothing_due", "seconds": 0.002}],
        "open_orders": 50_000,
        "busiest_at": "Monday 17:30",
        "busiest_clocks": 4_000,
        "busiest_seconds": 0.4,
        "seconds_per_50000": 3.2,
        "clocks": 50_000,
        "seconds": 3.2,
        "again": 0,
        "bare_seconds": 0.9,
    },
    "suggest": {
        "orders": 1_000_000, "panel_p95_ms": 60.0, "similar_p95_ms": 80.0, "search_p95_ms": 90.0,
        "rows": [{"what": "panel", "cpu_ms": 20.0, "p95_ms": 60.0}, {"what": "baseline", "cpu_ms": 1.0, "p95_ms": 900.0}],
    },
    "knowledge": {
        "entries": 100_000, "p95_ms": 60.0, "goal_ms": 100, "ilike_p95_ms": 900.0,
        "rows": [{"question": "sentence", "p95_ms": 70.0}],
    },
    "texts": {
        "macro_f1": 0.941, "calibration_error": 0.02, "surest_70": 0.986, "texts": 7_124, "baseline_macro_f1": 0.91,
        "texts_per_second": 700.0, "texts_per_cpu_second": 720.0,
    },
    "live": {"p95_ms": 31.0, "listeners": 800, "lost": 0, "doubled": 0, "limit_p95_ms": 1.5},
    "generate": {
        "orders_per_s": 2500, "minutes_per_1000000": 6.7, "orders": 1_000_000, "bare_copy_rows_per_s": 400_000,
        "table_rows_per_s": 60_000,
    },
    "day": {
        "times_life": 21.5, "calls": 6000, "actions_per_s": 80.0, "lost": 0, "not_final": 0, "jobs_left": 0,
        "cpu_ms_per_action": 20.0, "action_p50_ms": 30.0, "action_p95_ms": 120.0, "sessions": 208,
        "live_delivered": 9000, "live_lost": 0,
    },
    "hour": {
        "calls_per_hour": 10_800, "calls": 600, "answered": 600, "lost": 0, "differing": 0, "asks_left": 0,
        "offer_p50_ms": 20.0, "offer_p95_ms": 90.0, "cpu_ms_a_call_distributor": 40.0, "cpu_ms_a_call_database": 20.0,
        "cpu_ms_a_call_switch_and_callers": 9.0, "bare_calls_per_hour": 500_000,
    },
    "calls": {
        "calls": 100, "agents": 20, "answered_once": 100, "lost": 0, "tick_p99_ms": 4.0, "cpu_percent_a_leg": 0.6,
        "bare_echo_cpu_percent_a_leg": 0.5,
    },
    "speech": {
        "delay_after_the_pause_p50": 0.5, "delay_after_the_pause_p95": 0.9, "channels_that_two_cores_carry": 4.0,
        "recognition_of_real_time": 0.4, "synthesis_of_real_time": 0.6, "rows": [{"wrong": 0.05}, {"wrong": 0.2}],
    },
    "emotion": {
        "area": 0.99, "windows": 500, "agitated_calls_told": 1.0, "false_alarms_an_hour": 0.0, "calm_minutes": 12.0,
        "limit_area": 0.95,
    },
    "transcripts": {
        "delay_p50_s": 1.5, "delay_p95_s": 2.5, "filed_max_s": 4.0, "calls_carried": 2, "bare_model_p95_s": 1.2, "limit_s": 2.7,
    },
    "upload": {"cuts": 3, "announced": 1, "sent_of_size": 1.04, "seconds": 170.0, "line_alone_seconds": 156.2},
    "geo": {
        "rows": [{"level": "district", "areas": 16, "per_second": 60_000, "bare_tree": 120_000}], "whole_per_second": 20_000,
    },
    "portal": {"rows": [{"page": "static file", "per_second": 900.0}, {"page": "home", "per_second": 400.0, "p95_ms": 9.0}]},
}  # fmt: skip


def test_every_benchmark_runs_by_name_and_is_told_of() -> None:
    readme = (ROOT / "bench" / "README.md").read_text()
    for name in table.NAMES:
        run = import_module(f"bench.{name}").run
        assert all(one.default is not one.empty for one in signature(run).parameters.values()), name
        assert f"| `{name}` |" in readme
        assert name in table.HOW
    assert {line.bench for line in table.LINES} == set(table.NAMES)


def test_the_page_holds_what_was_measured_and_judges_it() -> None:
    found = {
        name: {**result, "measured_at": "2026-01-01 00:00 UTC", "machine": "2 cores"}
        for name, result in FOUND.items()
    }
    page = table.render(found)
    assert "| 300.0/s, p95 80.0 ms, lost 0 |" in page
    assert "| inbox: p95 151.0 ms at 1,000,000 orders and 24.0 views/s |" in page
    assert "| pool | 40.0 | 45.0 | – | – | 90.0 | – | – | 12 |" in page
    [slowest] = [line for line in page.splitlines() if "inbox: p95" in line]
    assert slowest.endswith("| no |")
    others = [line for line in page.splitlines() if line.endswith(("| yes |", "| no |")) and line != slowest]
    assert len(others) == len(table.LINES) - 1
    assert all(line.endswith("| yes |") for line in others)
    assert "Measured 2026-01-01 00:00 UTC on 2 cores." in page


@pytest.mark.parametrize("name", table.NAMES)
def test_a_goal_that_is_missed_is_said(name: str) -> None:
    worse: Any = {
        "intake": {"lost": 1},
        "pages": {"rows": [{**row, "queries": 16} for row in FOUND["pages"]["rows"]]},
        "scan": {"seconds_per_50000": 5.1},
        "suggest": {"similar_p95_ms": 101.0},
        "knowledge": {"p95_ms": 101.0},
        "texts": {"calibration_error": 0.04},
        "live": {"lost": 1},
        "generate": {"minutes_per_1000000": 10.5},
        "day": {"jobs_left": 1},
        "hour": {"offer_p95_ms": None},
        "calls": {"answered_once": 99},
        "speech": {"recognition_of_real_time": 1.1},
        "emotion": {"area": 0.9},
        "transcripts": {"filed_max_s": 11.0},
        "upload": {"announced": 2},
        "geo": {"rows": [{**FOUND["geo"]["rows"][0], "per_second": 19_999}]},
        "portal": {"rows": [FOUND["portal"]["rows"][0], {"page": "home", "per_second": 299.0, "p95_ms": 9.0}]},
    }[name]
    assert not all(line.met({**FOUND[name], **worse}) for line in table.LINES if line.bench == name)


def test_the_committed_page_is_of_this_form() -> None:
    goals = [line for line in table.render({}).splitlines() if line.startswith("|")]
    page = (ROOT / "docs" / "limits.md").read_text()
    for line in goals:
        what = " | ".join(line.split(" | ")[:2])
        assert what in page, f"run `python -m bench table`: {what}"


def test_what_was_not_measured_here_stays_as_it_was() -> None:
    measured = {name: {**result, "measured_at": "2026-01-01 00:00 UTC", "machine": "2 cores"} for name, result in FOUND.items()}
    former = table.render(measured)
    assert table.render({}, former) == former
    faster = table.render({"live": {**measured["live"], "p95_ms": 12.5}}, former)
    assert [line for line in faster.splitlines() if line not in former.splitlines()] == [
        line for line in faster.splitlines() if "p95 12.5 ms to 800 listeners" in line
    ]
