"""What `hotline run` starts for the telephone, and the exchange's settings as it writes them."""

from __future__ import annotations

import io
import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hotline.config.environment import Environment
from hotline.ops.machine import own_address
from hotline.ops.plan import Plan, SwitchPlan
from hotline.ops.supervisor import Supervisor
from softswitch.settings import read


def supervisor(folder: Path, trunks: Path | None = None) -> tuple[Supervisor, SwitchPlan, io.StringIO]:
    told: dict[str, object] = {
        "folder": ".", "token": "x" * 40, "address": "127.0.0.1", "sip_port": 5060, "rtp_ports": [40000, 44000],
        "control_port": 8021, "headers": ["X-District"],
    }  # fmt: skip
    switch = SwitchPlan(folder / "switch", told, trunks)
    plan = Plan(
        data_dir=folder, database_url=None, host="127.0.0.1", port=1, live_port=2, public_url="", sign_in_url="",
        web_workers=1, web_threads=1, job_workers=1, job_threads=1, demo=False, demo_pack=folder, demo_orders=0,
        demo_password="", assets_built=True, switch=switch,
    )  # fmt: skip
    log = io.StringIO()
    return Supervisor(plan, log), switch, log


def test_the_exchange_and_the_distributor_are_started(tmp_path: Path):
    made, switch, _log = supervisor(tmp_path)
    made._plan_telephone()
    assert [child.name for child in made.children] == ["switch", "calls"]
    assert made.children[0].command[1:3] == ["-m", "softswitch"]
    assert made.children[1].command[1:] == ["-m", "hotline", "calls", "run"]
    assert switch.file.stat().st_mode & 0o777 == 0o600
    settings = read(switch.file)
    assert (settings.prompts, settings.headers) == (tmp_path / "switch" / "prompts", ("X-District",))
    [trunk] = settings.trunks
    assert [str(one) for one in trunk.addresses] == ["127.0.0.0/8", "127.0.0.1/32"]


def test_in_a_network_this_machine_alone_calls_in(tmp_path: Path):
    made, switch, _log = supervisor(tmp_path)
    switch.settings["address"] = "10.1.2.3"
    made._plan_telephone()
    [trunk] = read(switch.file).trunks
    assert [str(one) for one in trunk.addresses] == ["127.0.0.0/8", "10.1.2.3/32"]


@pytest.mark.enable_socket
def test_the_own_address_is_one_that_can_be_bound():
    address = own_address()
    assert address is None or not address.startswith("127.")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind((address or "127.0.0.1", 0))


def test_a_citys_own_trunks_are_written_and_unreadable_ones_stop_the_telephone_alone(tmp_path: Path):
    trunks = tmp_path / "trunks.json"
    trunks.write_text(
        json.dumps([{"name": "carrier", "host": "sbc.example.net", "addresses": ["10.9.0.0/29"]}])
    )
    made, switch, _log = supervisor(tmp_path, trunks)
    made._plan_telephone()
    assert read(switch.file).trunks[0].name == "carrier"
    for wrong in (tmp_path / "none.json", tmp_path / "bad.json"):
        (tmp_path / "bad.json").write_text("[")
        made, _switch, log = supervisor(tmp_path, wrong)
        made._plan_telephone()
        assert made.children == []
        assert "HOTLINE_TRUNKS" in log.getvalue()


def test_a_switch_of_the_citys_own_is_not_started(tmp_path: Path):
    made, switch, _log = supervisor(tmp_path)
    made.plan = replace(made.plan, switch=replace(switch, elsewhere="by asterisk at 10.1.2.3:8088"))
    made._plan_telephone()
    assert [child.name for child in made.children] == ["calls"]
    assert not switch.file.exists()


def test_off_by_the_setting(tmp_path: Path):
    made, _switch, _log = supervisor(tmp_path)
    made.plan = replace(made.plan, switch=None)
    made._plan_telephone()
    assert made.children == []


def test_ports_of_the_sound_are_first_and_last(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOTLINE_RTP_PORTS", "40000-40010")
    made: Any = Environment
    with pytest.raises(ValueError, match="at least 16 apart"):
        made()
