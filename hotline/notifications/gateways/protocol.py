"""What a gateway must do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class GatewayDown(Exception):
    """Try again later."""


class Rejected(Exception):
    """This message will never go out (blocked number, forbidden text); the text says why."""


class Gateway(Protocol):
    """An SMS provider. `sends` is False for the double, so that pages can say so."""

    name: str
    sends: bool

    def send(self, phone: str, text: str, reference: str) -> None:
        """Hand over one message. The same `reference` twice must send once. Raises GatewayDown, Rejected.

        Runs in a thread of its own, without a database; give it a timeout below `rules.SEND_SECONDS`, after which nobody
        waits for it any more (`Line`).
        """


def _printed() -> Gateway:
    from hotline.notifications.gateways.printed.gateway import PrintedGateway

    return PrintedGateway()


_make: Callable[[], Gateway] = _printed
_current: Gateway | None = None


def use(make: Callable[[], Gateway]) -> None:
    """Set the gateway: called once at start by the package of a city's provider."""
    global _make, _current
    _make, _current = make, None


def current() -> Gateway:
    """The gateway of this installation."""
    global _current
    if _current is None:
        _current = _make()
    return _current
