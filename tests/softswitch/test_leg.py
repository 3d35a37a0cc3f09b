"""One call of the SIP library as a leg: what the library tells before anybody can listen."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from softswitch.settings import parse
from tests.softswitch.conftest import NEEDS_SIP, apart

if TYPE_CHECKING:
    from softswitch.leg import SipLeg

pytestmark = NEEDS_SIP


class Heard:
    """What a leg has told since it was bound."""

    def __init__(self, leg: SipLeg) -> None:
        self.told: list[Any] = []
        leg.on_ringing = lambda: self.told.append("ringing")
        leg.on_answered = lambda: self.told.append("answered")
        leg.on_ended = lambda reason, status, _quality: self.told.append((reason, status))
        leg.bound()


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (["CALL_RINGING", "CALL_CLOSED"], [], [("busy", 486)]),
        (["CALL_RINGING"], ["CALL_ESTABLISHED"], ["ringing", "answered"]),
        (["CALL_ESTABLISHED"], ["CALL_CLOSED"], ["answered", ("busy", 486)]),
        ([], ["CALL_RINGING", "CALL_CLOSED"], ["ringing", ("busy", 486)]),
    ],
)
def test_what_a_call_did_before_its_object_was_there_is_told(
    tmp_path: Path, before: list[str], after: list[str], told: list[Any]
):
    """The library gives a dialled call its object a moment after the first events; on a busy loop they are over by then."""
    from baresip import Call, Runtime
    from baresip.call import CallState
    from baresip.events import Event, StackEvent

    from softswitch.leg import SipStack

    settings = parse(
        {"token": "t" * 32, "trunks": [{"name": "carrier", "host": "sbc.example.net"}]}, tmp_path
    )

    async def work() -> None:
        stack = SipStack(settings, "desk")
        runtime: Runtime = stack._runtime
        runtime.subscribe(stack._overhear)

        def happens(name: str) -> None:
            text = "486 Busy Here" if name == "CALL_CLOSED" else None
            for listener in list(runtime._listeners):
                listener(StackEvent(event=Event[name], handle=0, ua=1, call=7, text=text))

        class Agent:
            async def dial(self, _uri: str, _headers: dict[str, str]) -> Call:
                for name in before:
                    happens(name)
                return Call(runtime, handle=7, ua_handle=1, state=CallState.OUTGOING)

        stack._agents["carrier"] = Agent()  # type: ignore[assignment]
        heard = Heard(await stack.dial("carrier", "110", {}))
        for name in after:
            happens(name)
        assert heard.told == told
        assert not stack._early

    apart(lambda: asyncio.run(work()))


@pytest.mark.parametrize(
    ("uri", "user"),
    [
        ("sip:13800138000@10.0.0.1", "13800138000"),
        ('"王" <sips:%2B8613800138000@10.0.0.1:5061>;tag=1', "+8613800138000"),
        ("<sip:13800138000;phone-context=+86@10.0.0.1;user=phone>", "13800138000"),
        ("<sip:12345;npdi;rn=021@[fd00::1]>", "12345"),
        ("<tel:+86-138-0013-8000;phone-context=x>", "+86-138-0013-8000"),
        ("sip:10.0.0.1", ""),
        ("<sip:10.0.0.1>;x=a@b", ""),
        ("", ""),
    ],
)
def test_who_calls_is_read_from_whatever_a_carrier_writes(uri: str, user: str):
    from softswitch.leg import _user

    assert _user(uri) == user


def test_a_call_that_the_library_no_longer_knows_ends_when_it_is_hung_up(monkeypatch: pytest.MonkeyPatch):
    from baresip import StaleHandleError

    from softswitch import leg as module

    class Gone:
        final_stats = None

        def on(self, _listener: Any) -> None: ...

        def on_dtmf(self, _listener: Any) -> None: ...

        def on_rtcp(self, _listener: Any) -> None: ...

        async def hangup(self) -> None:
            raise StaleHandleError("call no longer exists")

    async def work() -> None:
        monkeypatch.setattr(module, "OWN_END_SECONDS", 0)
        leg = module.SipLeg(Gone())  # type: ignore[arg-type]
        heard = Heard(leg)
        await leg.hang_up()
        while not heard.told:
            await asyncio.sleep(0)
        assert heard.told == [("near", None)]

    apart(lambda: asyncio.run(asyncio.wait_for(work(), 20)))
