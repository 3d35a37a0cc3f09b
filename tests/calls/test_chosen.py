"""Which engine runs is told by the settings, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from hotline.calls.engines import EngineAway, SoftswitchEngine, chosen_engine
from hotline.calls.engines.asterisk import AsteriskEngine
from hotline.calls.engines.freeswitch import FreeswitchEngine
from hotline.calls.queries import telephone_health
from hotline.config.environment import Environment, SettingsFault
from hotline.kit.clock import now
from hotline.kit.health import Level
from hotline.kit.models import Heartbeat

WELL = {
    "HOTLINE_ENGINE": "asterisk",
    "HOTLINE_ENGINE_ADDRESS": "10.1.2.3:8088",
    "HOTLINE_ENGINE_USER": "hotline",
    "HOTLINE_ENGINE_PASSWORD": "secret",
}


def test_each_setting_gives_its_engine(settings: Any):
    settings.ENGINE, settings.SWITCH_TOKEN = "softswitch", "x" * 40
    assert isinstance(chosen_engine(), SoftswitchEngine)
    settings.SWITCH_TOKEN = ""
    with pytest.raises(EngineAway, match="HOTLINE_TELEPHONE"):
        chosen_engine()
    settings.ENGINE, settings.ENGINE_ADDRESS, settings.TELEPHONE_ON = "asterisk", "[::1]:8088", True
    settings.ENGINE_USER, settings.ENGINE_PASSWORD = "hotline", "secret"
    assert isinstance(chosen_engine(), AsteriskEngine)
    settings.ENGINE, settings.ENGINE_USER = "freeswitch", ""
    assert isinstance(chosen_engine(), FreeswitchEngine)
    settings.TELEPHONE_ON = False
    with pytest.raises(EngineAway, match="HOTLINE_TELEPHONE"):
        chosen_engine()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOTLINE_ENGINE_ADDRESS", ""),
        ("HOTLINE_ENGINE_ADDRESS", "10.1.2.3"),
        ("HOTLINE_ENGINE_ADDRESS", "10.1.2.3:70000"),
        ("HOTLINE_ENGINE_USER", ""),
        ("HOTLINE_ENGINE_PASSWORD", ""),
        ("HOTLINE_ENGINE_SOUNDS", "prompts"),
        ("HOTLINE_ENGINE_RECORDINGS", "recorded"),
        ("HOTLINE_ENGINE_RECORDINGS", "/var/our recordings"),
    ],
)
def test_a_wrong_setting_is_named_at_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str):
    for one, given in {**WELL, name: value}.items():
        monkeypatch.setenv(one, given)
    made: Any = Environment
    with pytest.raises(SettingsFault, match=name):
        made().engine_address()
    monkeypatch.setenv(name, WELL.get(name, "/prompts"))
    assert made().engine_address() == "10.1.2.3:8088"


def test_freeswitch_needs_a_password_and_no_user(monkeypatch: pytest.MonkeyPatch):
    for one, given in {**WELL, "HOTLINE_ENGINE": "freeswitch", "HOTLINE_ENGINE_USER": ""}.items():
        monkeypatch.setenv(one, given)
    made: Any = Environment
    assert made().engine_address() == "10.1.2.3:8088"
    monkeypatch.setenv("HOTLINE_ENGINE_PASSWORD", "")
    with pytest.raises(SettingsFault, match="HOTLINE_ENGINE_PASSWORD"):
        made().engine_address()


@pytest.mark.django_db
def test_an_engine_nobody_has_tried_says_so_to_its_operators(settings: Any):
    settings.TELEPHONE_ON = True
    Heartbeat.objects.create(kind="calls", name="one", started_at=now(), seen_at=now(), details={"connected": True, "legs": 2, "calls": 1})
    assert telephone_health().level == Level.OK
    settings.ENGINE = "freeswitch"
    assert (telephone_health().level, "FreeSWITCH" in telephone_health().advice) == (Level.WARN, True)
