"""Browser legs: a browser's WebRTC offer becomes a call on our own SIP stack, which does ICE, DTLS and SRTP natively.

The door is a SIP user agent of a hundred lines on this machine's own address: it sends the browser's SDP as an INVITE to the
account that speaks DTLS-SRTP and hands the answer back. So a browser is a `SipLeg` like any telephone. The offer must hold
its candidates (no trickle); one audio stream; G.711.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import secrets

from softswitch.faults import Refused

LONGEST_OFFER = 20_000
ANSWER_SECONDS = 5.0
_CANDIDATE = re.compile(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ (?:host|srflx|relay)", re.IGNORECASE)


def for_sip(offer: str, address: str) -> str:
    """The offer as our stack takes it: UDP candidates of the family of `address` only, reachable in its first lines.

    Raises Refused: `bad_offer`.
    """
    if len(offer) > LONGEST_OFFER or not offer.startswith("v=0") or not offer.isascii():
        raise Refused("bad_offer", "That is not an SDP offer.")
    lines = [line.rstrip("\r") for line in offer.split("\n") if line.strip()]
    media = [line for line in lines if line.startswith("m=")]
    if len(media) != 1 or not re.match(r"m=audio \d+ UDP/TLS/RTP/SAVPF ", media[0]):
        raise Refused("bad_offer", "The offer must have one audio stream by DTLS-SRTP and nothing else.")
    if not any(line.startswith("a=fingerprint:") for line in lines):
        raise Refused("bad_offer", "The offer has no fingerprint.")
    own = ipaddress.ip_address(address)
    places: list[tuple[str, str]] = []
    kept = []
    for line in lines:
        if line.startswith("a=candidate"):
            found = _CANDIDATE.match(line)
            if found is None or not _usable(found[1], own.version):
                continue
            places.append((found[1], found[2]))
        kept.append(line)
    # A browser that hides its addresses is found by its own checks; our lines must only be well-formed then.
    host, port = places[0] if places else (address, "9")
    family = f"IN IP{own.version} {host}"
    text = "\r\n".join(kept) + "\r\n"
    text = re.sub(r"(?m)^c=IN IP[46] \S+", f"c={family}", text)
    return re.sub(r"(?m)^m=audio \d+ ", f"m=audio {port} ", text)


def _usable(host: str, version: int) -> bool:
    try:
        place = ipaddress.ip_address(host)
    except ValueError:
        return False  # a name under .local, which is nobody's business here
    return place.version == version and not place.is_loopback


def for_browser(answer: str) -> str:
    """Our answer as browsers take it: the stream belongs to the bundle that they offered."""
    return re.sub(r"(?m)^t=0 0\r$", "t=0 0\r\na=group:BUNDLE 0\r", answer, count=1)


class Door(asyncio.DatagramProtocol):
    """Our side of the calls that browsers make. One for a process."""

    def __init__(self, address: str, sip_port: int, agent_user: str) -> None:
        self._address, self._sip_port, self._agent_user = address, sip_port, agent_user
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._offers: dict[str, str] = {}
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self._address, 0))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    async def call(self, offer: str, key: str) -> str:
        """The answer to a browser's offer. `key` travels in X-Door and says which leg the call becomes.

        Raises Refused: `bad_offer`, `not_connected`.
        """
        sdp = for_sip(offer, self._address)
        call = secrets.token_hex(12)
        self._offers[call] = sdp
        waiting = self._waiting[call] = asyncio.get_running_loop().create_future()
        self._send(
            f"INVITE {self._target} SIP/2.0",
            [
                *self._own_headers(call, 1, "INVITE"),
                f"Contact: <sip:door@{self._here}>",
                f"X-Door: {key}",
            ],
            sdp,
        )
        try:
            return for_browser(await asyncio.wait_for(waiting, ANSWER_SECONDS))
        except TimeoutError:
            self._offers.pop(call, None)
            raise Refused("not_connected", "The browser's call was not answered in time.") from None
        except Refused:
            self._offers.pop(call, None)
            raise
        finally:
            self._waiting.pop(call, None)

    @property
    def _host(self) -> str:
        return f"[{self._address}]" if ":" in self._address else self._address

    @property
    def _here(self) -> str:
        assert self._transport is not None
        return f"{self._host}:{self._transport.get_extra_info('sockname')[1]}"

    @property
    def _target(self) -> str:
        return f"sip:{self._agent_user}@{self._host}:{self._sip_port}"

    def _own_headers(self, call: str, number: int, method: str, to: str = "") -> list[str]:
        return [
            f"Via: SIP/2.0/UDP {self._here};branch=z9hG4bK{secrets.token_hex(8)}",
            f"From: <sip:door@{self._here}>;tag={call[:8]}",
            f"To: {to or f'<{self._target}>'}",
            f"Call-ID: {call}",
            f"CSeq: {number} {method}",
            "Max-Forwards: 70",
        ]

    def _send(self, first: str, headers: list[str], body: str = "") -> None:
        assert self._transport is not None
        if body:
            headers = [*headers, "Content-Type: application/sdp"]
        text = "\r\n".join([first, *headers, f"Content-Length: {len(body.encode())}", "", body])
        self._transport.sendto(text.encode(), (self._address, self._sip_port))

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if addr[:2] != (self._address, self._sip_port):
            return  # only our own stack has business here
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *rest = head.split("\r\n")
        headers: dict[str, list[str]] = {}
        for line in rest:
            name, _, value = line.partition(":")
            headers.setdefault(name.strip().lower(), []).append(value.strip())
        call = headers.get("call-id", [""])[0]
        if call not in self._offers:
            return
        if first.startswith("SIP/2.0 "):
            self._answered(call, first, headers, body)
        else:
            self._asked(call, first.split(" ")[0], headers)

    def _answered(self, call: str, first: str, headers: dict[str, list[str]], body: str) -> None:
        status = int(first[8:11]) if first[8:11].isdigit() else 0
        if status < 200 or not headers.get("cseq", [""])[0].endswith("INVITE"):
            return
        self._send(f"ACK {self._target} SIP/2.0", self._own_headers(call, 1, "ACK", headers["to"][0]))
        waiting = self._waiting.get(call)
        if waiting is None or waiting.done():
            return
        if status < 300 and body:
            waiting.set_result(body)
        else:
            waiting.set_exception(Refused("not_connected", f"The browser's call was refused: {first[8:]}."))

    def _asked(self, call: str, method: str, headers: dict[str, list[str]]) -> None:
        if method == "ACK":
            return
        body = self._offers[call] if method in ("INVITE", "UPDATE") else ""
        said = [f"Via: {via}" for via in headers.get("via", [])]
        said += [
            f"{name}: {headers.get(name.lower(), [''])[0]}" for name in ("From", "To", "Call-ID", "CSeq")
        ]
        self._send("SIP/2.0 200 OK", [*said, f"Contact: <sip:door@{self._here}>"], body)
        if method == "BYE":
            self._offers.pop(call, None)
