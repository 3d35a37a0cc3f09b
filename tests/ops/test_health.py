"""Judgements as tables, and the three doors."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from hotline.config.environment import Environment
from hotline.kit import health as registry
from hotline.kit.health import Level, Result
from hotline.ops import health, views

S, M = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("result", "level"),
    [
        (health.judge_database(timedelta(milliseconds=3), 180003), Level.OK),
        (health.judge_database(timedelta(milliseconds=300), 180003), Level.WARN),
        (health.judge_workers([]), Level.FAIL),
        (health.judge_workers([60 * S]), Level.FAIL),
        (health.judge_workers([60 * S, 9 * S]), Level.OK),
        (health.judge_live([], 0), Level.FAIL),
        (health.judge_live([46 * S], 3), Level.FAIL),
        (health.judge_live([45 * S], 3), Level.OK),
        (health.judge_queue(0, None), Level.OK),
        (health.judge_queue(5000, S), Level.OK),
        (health.judge_queue(1, 2 * M), Level.WARN),
        (health.judge_queue(1, 15 * M), Level.FAIL),
        (health.judge_stalled(0), Level.OK),
        (health.judge_stalled(1), Level.WARN),
        (health.judge_failed(0), Level.OK),
        (health.judge_failed(2), Level.WARN),
        (health.judge_disk(50 * 2**30), Level.OK),
        (health.judge_disk(2 * 2**30), Level.WARN),
        (health.judge_disk(2**29), Level.FAIL),
    ],
)
def test_levels(result: Result, level: Level) -> None:
    assert result.level == level
    assert result.text
    assert bool(result.advice) == (level != Level.OK), "whoever is warned is told what to do"


def test_liveness_needs_no_database(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


@pytest.mark.django_db
def test_health_tells_strangers_levels_only(client: Client) -> None:
    answer = client.get("/health")
    checks = answer.json()["checks"]
    assert {"database", "workers", "queue", "stalled", "failed", "live", "disk"} <= set(checks)
    assert all(set(check) == {"level"} for check in checks.values())
    assert checks["database"]["level"] == "ok"
    assert answer.status_code == 503, "no job process is at work in a test"


@pytest.mark.django_db
def test_health_is_ready_when_every_check_is(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_checks", {"one": lambda: Result(Level.WARN, "a", "b")})
    assert client.get("/health").status_code == 200


@pytest.mark.django_db
def test_broken_check_is_a_finding(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_checks", {"broken": lambda: 1 / 0})
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["level"]) == (503, "fail")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "mode", "header", "status"),
    [
        (None, "demo", "", 200),
        (None, "production", "", 404),
        ("secret", "production", "", 404),
        ("secret", "production", "Bearer wrong", 404),
        ("secret", "production", "Bearer secret", 200),
    ],
)
def test_metrics_door(
    client: Client, monkeypatch: pytest.MonkeyPatch, token: str | None, mode: str, header: str, status: int
) -> None:
    given = Environment.model_construct(hotline_metrics_token=token, hotline_mode=mode)
    monkeypatch.setattr(views, "environment", lambda: given)
    answer = client.get("/metrics", headers={"Authorization": header} if header else {})
    assert answer.status_code == status
    if status == 200:
        assert b'hotline_health{check="database"} 0.0' in answer.content
