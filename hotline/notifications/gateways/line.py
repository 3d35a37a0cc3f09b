"""The way to the gateway: one that hangs holds few sends for a few seconds, and no job that has nothing to do with it.

Jobs that tell citizens things share their threads with all other jobs. So each send has an end, fewer may be under way in
a process than it has threads, and after one that did not end nobody tries for a while: the message's own job does, later.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import BoundedSemaphore, Lock, Thread

from django.utils.translation import gettext as _

from hotline.kit.clock import now
from hotline.notifications.gateways.protocol import Gateway, GatewayDown, current
from hotline.notifications.rules import GATEWAY_REST, SEND_SECONDS, SENDS_AT_ONCE, WAIT_FOR_SEND_SECONDS


class Line:
    """One a process for each kind of traffic. `seconds`: longest send; `wait`: longest wait for one's turn."""

    def __init__(
        self,
        *,
        at_once: int = SENDS_AT_ONCE,
        seconds: float = SEND_SECONDS,
        wait: float = WAIT_FOR_SEND_SECONDS,
        rest: timedelta = GATEWAY_REST,
    ) -> None:
        self._free = BoundedSemaphore(at_once)
        self.seconds, self.wait, self._at_once, self._rest = seconds, wait, at_once, rest
        self._guard = Lock()
        self._hanging: set[_Send] = set()
        self._rests_until: datetime | None = None

    def send(self, gateway: Gateway, phone: str, text: str, reference: str) -> None:
        """`Gateway.send` with an end. Raises what it raises, and GatewayDown when it hangs, rests or has no place.

        A send that hangs keeps its place until it ends by itself; should it have gone out after all, the gateway knows the
        reference when it is tried again.
        """
        with self._guard:
            rests = self._rests_until is not None and now() < self._rests_until
            if rests or len(self._hanging) >= self._at_once:
                raise GatewayDown(_("the gateway hung a moment ago and is left alone"))
        if not self._free.acquire(timeout=self.wait):
            raise GatewayDown(_("other messages are still being handed over"))
        one = _Send(lambda: gateway.send(phone, text, reference), self._ended)
        try:
            one.start()
        except BaseException:
            self._free.release()
            raise
        one.join(self.seconds)
        with self._guard:
            if not one.ended:
                self._hanging.add(one)
                self._rests_until = now() + self._rest
                raise GatewayDown(_("no answer within %(seconds)g seconds") % {"seconds": self.seconds})
        if one.fault is not None:
            raise one.fault

    def _ended(self, one: _Send) -> None:
        with self._guard:
            one.ended = True
            self._hanging.discard(one)
        self._free.release()


class _Send(Thread):
    """One call of the gateway; a daemon, so that no hanging one keeps a worker from stopping."""

    def __init__(self, send: Callable[[], None], ended: Callable[[_Send], None]) -> None:
        super().__init__(name="sms", daemon=True)
        self._send, self._tell = send, ended
        self.ended = False
        self.fault: BaseException | None = None

    def run(self) -> None:
        try:
            self._send()
        except BaseException as fault:
            self.fault = fault
        finally:
            self._tell(self)


_messages, _codes = Line(), Line()


def hand(phone: str, text: str, reference: str, *, code: bool = False) -> None:
    """Hand one message to the installation's gateway, `code` beside all messages. Raises GatewayDown, Rejected."""
    gateway = current()
    if gateway.sends:
        (_codes if code else _messages).send(gateway, phone, text, reference)
    else:
        gateway.send(phone, text, reference)
