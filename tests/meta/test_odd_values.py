"""Every door with values that no form offers, by somebody whom it lets in: an answer, never a fault of ours."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client

import hotline
from hotline.workorders.views.acts import ACTS
from tests.accounts.cast import ROLES, Cast
from tests.meta.test_doors import (
    FOREIGN_DOORS,
    MAY_BE_UNWELL,
    PARAMETER,
    World,
    address,
    ask,
    files,
    own_lock,
)
from tests.meta.test_layout import every_door

__all__ = ["files"]
ODD = ("²", "9" * 5000, "a\0b", '{"a": [')
SENT = re.compile(r"""(?:GET|POST|post|given|form)(?:\.get|\.getlist)?[(\[]"([a-z_]+)\"""")
DRAWN = re.compile(r"""\bname="([a-z_.]+)\"""")


def names_of_fields() -> list[str]:
    """Whatever a view reads from an address or a form, and whatever a template names a field."""
    root = Path(hotline.__path__[0])
    found = {name for path in root.rglob("*.py") for name in SENT.findall(path.read_text(encoding="utf-8"))}
    found |= {name for path in root.rglob("*.html") for name in DRAWN.findall(path.read_text(encoding="utf-8"))}
    return sorted(found | {"page", "cursor", "csrfmiddlewaretoken"})


def who_enters(cast: Cast, codes: tuple[str, ...]) -> str:
    """Somebody of the cast who holds one of a door's codes."""
    return next((who for who in ROLES if any(cast.actor(who).has(code) for code in codes)), "manager")


@pytest.mark.slow
@pytest.mark.parametrize("odd", ODD, ids=lambda text: ascii(text[:12]))
def test_odd_values_everywhere(cast: Cast, files: None, odd: str) -> None:
    world = World(cast)
    fields = dict.fromkeys(names_of_fields(), odd)
    query = "&".join(f"{name}={quote(odd)}" for name in fields if name != "csrfmiddlewaretoken")[:60_000]
    clients: dict[str, Client] = {}
    broken: list[str] = []
    for route, pattern in every_door():
        if pattern.callback.__module__.startswith(FOREIGN_DOORS):
            continue
        _door, codes = own_lock(pattern)
        who = who_enters(cast, codes) if codes else "manager"
        names = {match["name"] for match in PARAMETER.finditer(route)}
        if route.startswith("orders/") and route.endswith("do/<slug:verb>/"):
            urls = [(f"/orders/{world.order.number}/do/{verb}/", "handler") for verb in ACTS]
        else:
            urls = [(address(world, route, names), who)]
        for url, person in urls:
            client = clients.setdefault(person, cast.client(person))
            client.raise_request_exception = False
            for method, more in (("get", None), ("post", fields)):
                status = ask(client, method, f"{url}?{query}" if more is None else url, more).status_code
                if status >= 500 and not (status == 503 and pattern.name == MAY_BE_UNWELL):
                    broken.append(f"{person} {method.upper()} {url} → {status}")
    assert not broken, "; ".join(broken)
