"""The engine's settings: one JSON file, read once, refused with the name of what is wrong.

```json
{"folder": "var/softswitch", "token": "…at least 32 characters…", "address": "10.1.2.3", "sip_port": 5060,
 "trunks": [{"name": "carrier", "host": "sbc.example.net", "addresses": ["10.9.0.0/29"], "user": "12345", "password": "…"}]}
```
"""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from softswitch.faults import WrongSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORTEST_TOKEN = 32
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Trunk:
    """A way to and from the telephone network.

    `addresses`: calls are taken from these networks alone. `host`: where calls go out to, `name` or `name:port`. With a
    password the engine registers there by digest as `user` and answers challenges; without one it is known by its address.
    """

    name: str
    host: str
    addresses: tuple[Network, ...]
    user: str = "12345"
    password: str = field(default="", repr=False)
    register: bool = False
    register_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Settings:
    """Ports 0: the system chooses, and the ready line says which (tests)."""

    folder: Path
    token: str = field(repr=False)
    prompts: Path
    recordings: Path
    address: str = "127.0.0.1"
    sip_port: int = 5060
    rtp_ports: tuple[int, int] = (40000, 44000)
    control_port: int = 8021
    trunks: tuple[Trunk, ...] = ()
    headers: tuple[str, ...] = ()
    most_calls: int = 400
    unanswered_seconds: float = 90.0
    silent_seconds: int = 60
    browser_seconds: int = 25
    alone_seconds: float = 120.0
    events_kept: int = 20_000


def read(path: Path) -> Settings:
    """Raises WrongSettings."""
    try:
        told = json.loads(path.read_text())
    except OSError as error:
        raise WrongSettings(f"The settings cannot be read: {error}.") from None
    except ValueError as error:
        raise WrongSettings(f"{path} is not JSON: {error}.") from None
    if not isinstance(told, dict):
        raise WrongSettings(f"{path} must hold one object.")
    return parse(told, path.parent)


def parse(told: dict[str, Any], base: Path) -> Settings:
    """Relative paths start at `base`. Raises WrongSettings."""
    unknown = set(told) - {one.name for one in fields(Settings)}
    if unknown:
        raise WrongSettings(f"Unknown setting: {', '.join(sorted(unknown))}.")
    folder = base / _text(told, "folder", "softswitch")
    token = _text(told, "token", "")
    if len(token) < SHORTEST_TOKEN:
        raise WrongSettings(f"token must have at least {SHORTEST_TOKEN} characters.")
    address = _text(told, "address", "127.0.0.1")
    try:
        address = str(ipaddress.ip_address(address))  # one spelling: senders are compared with it
    except ValueError:
        raise WrongSettings(f"address must be an IP address of this machine, not {address!r}.") from None
    low, high = _ports(told.get("rtp_ports", [40000, 44000]))
    names: set[str] = set()
    trunks = tuple(_trunk(one, names) for one in _list(told, "trunks"))
    headers = tuple(str(one) for one in _list(told, "headers"))
    if len(headers) > 10 or not all(re.fullmatch(r"[A-Za-z0-9-]{1,60}", one) for one in headers):
        raise WrongSettings("headers must be at most 10 names of SIP headers.")
    return Settings(
        folder=folder,
        token=token,
        prompts=base / _text(told, "prompts", str(folder / "prompts")),
        recordings=base / _text(told, "recordings", str(folder / "recordings")),
        address=address,
        sip_port=_whole(told, "sip_port", 5060, 0, 65535),
        rtp_ports=(low, high),
        control_port=_whole(told, "control_port", 8021, 0, 65535),
        trunks=trunks,
        headers=headers,
        most_calls=_whole(told, "most_calls", 400, 1, 4000),
        unanswered_seconds=_whole(told, "unanswered_seconds", 90, 1, 600),
        silent_seconds=_whole(told, "silent_seconds", 60, 0, 3600),
        browser_seconds=_whole(told, "browser_seconds", 25, 15, 3600),
        alone_seconds=_whole(told, "alone_seconds", 120, 1, 3600),
        events_kept=_whole(told, "events_kept", 20_000, 10, 1_000_000),
    )


def _text(told: dict[str, Any], name: str, default: str) -> str:
    value = told.get(name, default)
    if not isinstance(value, str) or any(ord(letter) < 32 for letter in value):
        raise WrongSettings(f"{name} must be text.")
    return value


def _whole(told: dict[str, Any], name: str, default: int, least: int, most: int) -> int:
    value = told.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise WrongSettings(f"{name} must be a whole number from {least} to {most}.")
    return int(value)


def _list(told: dict[str, Any], name: str) -> list[Any]:
    value = told.get(name, [])
    if not isinstance(value, list):
        raise WrongSettings(f"{name} must be a list.")
    return value


def _ports(value: Any) -> tuple[int, int]:
    if (
        isinstance(value, list)
        and len(value) == 2
        and all(isinstance(one, int) and 1024 <= one <= 65535 for one in value)
        and value[1] - value[0] >= 16
    ):
        return value[0], value[1]
    raise WrongSettings("rtp_ports must be [first, last], at least 16 apart, from 1024 to 65535.")


def _trunk(told: Any, names: set[str]) -> Trunk:
    if not isinstance(told, dict):
        raise WrongSettings("Each of trunks must be an object.")
    unknown = set(told) - {one.name for one in fields(Trunk)}
    if unknown:
        raise WrongSettings(f"Unknown setting of a trunk: {', '.join(sorted(unknown))}.")
    name = _text(told, "name", "")
    if not _NAME.fullmatch(name) or name in names:
        raise WrongSettings(f"A trunk's name must be its own, of small letters and digits, not {name!r}.")
    names.add(name)
    host = _text(told, "host", "")
    if not _HOST.fullmatch(host):
        raise WrongSettings(f"host of trunk {name} must be a host, or host:port.")
    try:
        networks = tuple(ipaddress.ip_network(one) for one in _list(told, "addresses"))
    except ValueError as error:
        raise WrongSettings(f"addresses of trunk {name}: {error}.") from None
    user, password = _text(told, "user", "12345"), _text(told, "password", "")
    if not re.fullmatch(r"[A-Za-z0-9+_.\-]{1,64}", user) or set('"\\') & set(password):
        raise WrongSettings(
            f"user or password of trunk {name} has characters that SIP accounts cannot carry."
        )
    register = told.get("register", False)
    if register not in (True, False) or (register and not password):
        raise WrongSettings(f"register of trunk {name} is true or false, and needs a password.")
    seconds = _whole(told, "register_seconds", 300, 30, 86400)
    return Trunk(name, host, networks, user, password, register, seconds)
