"""A small SMS centre for tests and for trying the platform: SMPP 3.4 over TCP, read and written here by hand, not by the client's
library, so that a fault of that one shows. `python -m hotline.notifications.gateways.smpp.double 2775` listens on the loopback.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field

BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE, ANSWER = 0x09, 0x04, 0x05, 0x06, 0x15, 0x80000000
OK, BAD_ADDRESS, BAD_PASSWORD, NOT_BOUND, THROTTLED = 0x00, 0x0B, 0x0E, 0x04, 0x58


@dataclass(slots=True)
class Piece:
    """One submit_sm that was taken."""

    number: str
    phone: str
    sender: str
    coding: int
    linked: bool
    body: bytes
    reference: str

    @property
    def text(self) -> str:
        body = self.body[6:] if self.linked else self.body
        return body.decode("utf-16-be" if self.coding == 8 else "ascii")


@dataclass
class Centre:
    """Knobs are plain attributes, read for each PDU."""

    system_id: str = "hotline"
    password: str = "secret"  # noqa: S105
    tag: int = 0x1400
    throttle: int = 0
    silent: bool = False
    drop_after: bool = False
    refused: frozenset[str] = frozenset()
    pieces: list[Piece] = field(default_factory=list)
    seen: list[tuple[int, int]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    repeats: int = 0
    binds: int = 0

    def start(self, port: int = 0) -> int:
        """Listen on the loopback; the port."""
        self._known: dict[str, str] = {}
        self._links: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = int(self._server.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()
        return self.port

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # a close alone leaves the accept that waits
        self._server.close()
        self.drop()

    def drop(self) -> None:
        """End every connection as a broken network does."""
        for link in self._links:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)
            link.close()
        self._links.clear()

    def say(self, command: int, body: bytes = b"") -> None:
        """Send a request of the centre's own on every connection, sequence 77."""
        for link in self._links:
            link.sendall(struct.pack(">LLLL", 16 + len(body), command, 0, 77) + body)

    def deliver(self, sender: str, text: str) -> None:
        """An SMS of somebody to the hotline."""
        body = text.encode("utf-16-be")
        self.say(DELIVER, b"\0\1\1" + sender.encode() + b"\0\0\0" + b"12345\0" + b"\0\0\0\0\0\0\0\x08\0" + bytes([len(body)]) + body)

    def _accept(self) -> None:
        while True:
            try:
                link, _address = self._server.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        bound = False
        stream = link.makefile("rb")
        try:
            while head := stream.read(16):
                length, command, status, sequence = struct.unpack(">LLLL", head)
                body = stream.read(length - 16)
                self.seen.append((command, status))
                if self.silent or command & ANSWER:
                    continue
                if command == BIND:
                    name, password, _rest = body.split(b"\0", 2)
                    bound = (name.decode(), password.decode()) == (self.system_id, self.password)
                    self.binds += bound
                    self._reply(link, command, OK if bound else BAD_PASSWORD, sequence, b"centre\0")
                elif command == SUBMIT:
                    self.raw.append(head + body)
                    status, number = self._submit(body) if bound else (NOT_BOUND, "")
                    if self.drop_after:
                        self.drop_after = False
                        link.close()
                        return
                    self._reply(link, command, status, sequence, b"" if status else number.encode() + b"\0")
                else:
                    self._reply(link, command, OK, sequence)
        except (OSError, ValueError):
            return

    def _submit(self, body: bytes) -> tuple[int, str]:
        if self.throttle:
            self.throttle -= 1
            return THROTTLED, ""
        place = body.index(b"\0") + 3
        sender, place = self._text(body, place)
        phone, place = self._text(body, place + 2)
        form = body[place]
        place = body.index(b"\0", place + 3) + 1
        place = body.index(b"\0", place) + 1
        coding, length = body[place + 2], body[place + 4]
        message, rest = body[place + 5 : place + 5 + length], body[place + 5 + length :]
        reference = ""
        while rest:
            tag, size = struct.unpack(">HH", rest[:4])
            if tag == self.tag:
                reference = rest[4 : 4 + size].decode()
            rest = rest[4 + size :]
        if phone in self.refused:
            return BAD_ADDRESS, ""
        if reference in self._known:
            self.repeats += 1
            return OK, self._known[reference]
        number = f"{len(self.pieces) + 1:010d}"
        self._known[reference] = number
        self.pieces.append(Piece(number, phone, sender, coding, bool(form & 0x40), message, reference))
        return OK, number

    @staticmethod
    def _text(body: bytes, place: int) -> tuple[str, int]:
        end = body.index(b"\0", place)
        return body[place:end].decode(), end + 1

    @staticmethod
    def _reply(link: socket.socket, command: int, status: int, sequence: int, body: bytes = b"") -> None:
        link.sendall(struct.pack(">LLLL", 16 + len(body), command | ANSWER, status, sequence) + body)


if __name__ == "__main__":
    centre = Centre()
    print(f"listening on 127.0.0.1:{centre.start(int(sys.argv[1]))}, account {centre.system_id} / {centre.password}", flush=True)
    shown = 0
    while True:
        time.sleep(0.2)
        for piece in centre.pieces[shown:]:
            print(f"{piece.phone} {piece.reference}: {piece.text}", flush=True)
            shown += 1
