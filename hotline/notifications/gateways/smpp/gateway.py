"""SMS by SMPP 3.4 (smpplib): one bound connection a process, answers told apart by sequence number, kept alive and made again.

The protocol has no field that makes a submit count once. So each piece carries `reference#piece` in a vendor's TLV (default tag
0x1400); a centre that knows it answers the second with the first one's number. Ask the provider for it: without, a worker killed
between submit and answer sends that one message twice.
"""

from __future__ import annotations

import logging
import select
import struct
import time
import zlib
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from threading import Lock, Thread
from typing import Any

from django.utils.translation import gettext as _
from smpplib import client, command, exceptions, smpp  # type: ignore[import-untyped]

from hotline.notifications.gateways.protocol import GatewayDown, Rejected
from hotline.notifications.gateways.smpp.pieces import cut

log = logging.getLogger("hotline.notifications.smpp")

OK, QUEUE_FULL, TRY_LATER, THROTTLED = 0x00, 0x14, 0x64, 0x58
FOR_GOOD = frozenset({0x01, 0x0B})
"""Length of the message, address of the recipient: no later try changes these. All other refusals may be ours or pass."""
WHOLE_SECONDS = 7.0
"""For all pieces of a message, below `rules.SEND_SECONDS`."""
ANSWER_SECONDS = 3.0
PAUSE = 0.3
"""After the centre said that it is too fast."""


@dataclass(frozen=True, slots=True)
class Account:
    """`sender`: the access number that messages come from; `enquire`: seconds of silence before the line is tested."""

    host: str
    port: int
    system_id: str
    password: str
    sender: str = ""
    reference_tag: int = 0x1400
    enquire: float = 30.0


class _Submit(command.SubmitSM):  # type: ignore[misc]
    """submit_sm with a vendor's TLV, which smpplib does not write."""

    tlv = b""

    def generate_params(self) -> bytes:
        body: bytes = super().generate_params()
        return body + self.tlv


class _Session:
    """One bound connection; a thread of its own reads it."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._asked: dict[int, Future[int]] = {}
        self._guard = Lock()
        self.open = True
        self._client = client.Client(account.host, account.port, timeout=ANSWER_SECONDS, allow_unknown_opt_params=True)
        try:
            self._client.connect()
            self._client.bind_transceiver(system_id=account.system_id, password=account.password)
        except (exceptions.ConnectionError, exceptions.PDUError, OSError, struct.error) as fault:
            self.close()
            raise GatewayDown(_("the SMS centre cannot be reached or refuses the account: %(why)s") % {"why": fault}) from None
        self._heard = time.monotonic()
        Thread(target=self._read, name="smpp", daemon=True).start()

    def submit(self, phone: str, body: bytes, reference: str, *, ucs2: bool, linked: bool, within: float) -> int:
        """The status of the answer. Raises GatewayDown."""
        name = reference.encode()
        pdu = _Submit(
            "submit_sm", client=self._client, source_addr=self._account.sender, dest_addr_ton=1, dest_addr_npi=1,
            destination_addr=phone, esm_class=0x40 if linked else 0, data_coding=8 if ucs2 else 0, short_message=body,
        )  # fmt: skip
        pdu.tlv = struct.pack(">HH", self._account.reference_tag, len(name)) + name
        answer: Future[int] = Future()
        try:
            with self._guard:
                pdu.sequence = self._client.next_sequence()
                self._asked[pdu.sequence] = answer
                self._client.send_pdu(pdu)
            return answer.result(min(ANSWER_SECONDS, within))
        except (Late, exceptions.ConnectionError, exceptions.PDUError, OSError, AttributeError) as fault:
            # What is still on its way belongs to this connection: the next one begins anew.
            self.close()
            raise GatewayDown(_("the SMS centre did not answer")) from fault
        finally:
            self._asked.pop(pdu.sequence, None)

    def close(self) -> None:
        self.open = False
        link = self._client._socket
        self._client._socket = None
        self._client.state = "CLOSED"
        if link is not None:
            link.close()
        for answer in list(self._asked.values()):
            if not answer.done():
                answer.set_exception(exceptions.ConnectionError())

    def _read(self) -> None:
        tested = False
        try:
            watch = select.poll()
            watch.register(self._client._socket, select.POLLIN)
            while self.open:
                if watch.poll(200):
                    self._take(self._client.read_pdu())
                    self._heard, tested = time.monotonic(), False
                    continue
                silent = time.monotonic() - self._heard
                if silent > self._account.enquire and not tested:
                    with self._guard:
                        self._client.send_pdu(smpp.make_pdu("enquire_link", client=self._client))
                    tested = True
                elif silent > self._account.enquire + ANSWER_SECONDS:
                    log.warning("the SMS centre does not answer on an open connection")
                    break
        except Exception as fault:  # whatever a partner sends: this connection ends, the next message makes another
            if self.open:
                log.warning("connection to the SMS centre lost: %r", fault)
        self.close()

    def _take(self, pdu: Any) -> None:
        if pdu.command in ("submit_sm_resp", "generic_nack"):
            answer = self._asked.get(pdu.sequence)
            if answer is not None and not answer.done():
                answer.set_result(int(pdu.status))
        elif pdu.command == "enquire_link":
            self._answer("enquire_link_resp", pdu.sequence)
        elif pdu.command == "deliver_sm":
            # Nobody takes replies yet: the centre keeps them.
            self._answer("deliver_sm_resp", pdu.sequence, status=TRY_LATER)
        elif pdu.command == "unbind":
            self._answer("unbind_resp", pdu.sequence)
            self.open = False

    def _answer(self, name: str, sequence: int, **more: int) -> None:
        pdu = smpp.make_pdu(name, client=self._client, **more)
        pdu.sequence, pdu.status = sequence, more.get("status", OK)
        with self._guard:
            self._client.send_pdu(pdu)


class SmppGateway:
    """A provider's SMS centre."""

    name = "smpp"
    sends = True

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = Lock()
        self._now: _Session | None = None

    def send(self, phone: str, text: str, reference: str) -> None:
        """Submit every piece of a message and wait for each answer. Raises GatewayDown, Rejected."""
        try:
            pieces = cut(text, zlib.crc32(reference.encode()))
        except ValueError as fault:
            raise Rejected(str(fault)) from None
        ends = time.monotonic() + WHOLE_SECONDS
        for place, body in enumerate(pieces.bodies, start=1):
            while True:
                left = ends - time.monotonic()
                if left <= 0:
                    raise GatewayDown(_("the SMS centre takes no more for now"))
                status = self._session().submit(
                    phone, body, f"{reference}#{place}", ucs2=pieces.ucs2, linked=pieces.linked, within=left
                )
                if status not in (THROTTLED, QUEUE_FULL):
                    break
                time.sleep(PAUSE)
            if status in FOR_GOOD:
                raise Rejected(_("the SMS centre refused it: 0x%(status)08x") % {"status": status})
            if status != OK:
                raise GatewayDown(_("the SMS centre refused it: 0x%(status)08x") % {"status": status})

    def close(self) -> None:
        """Let go of the connection; the next message makes another."""
        with self._lock:
            if self._now is not None:
                self._now.close()
            self._now = None

    def _session(self) -> _Session:
        with self._lock:
            if self._now is None or not self._now.open:
                self._now = _Session(self._account)
            return self._now
