"""What one party says, as G.711 A-law in RTP from a switch to a port of ours (RFC 3550, RFC 3551)."""

from __future__ import annotations

import asyncio
import sys
from array import array
from collections.abc import AsyncGenerator

from hotline.calls.engines.interface import Sound

A_LAW = 8
RATE = 8000
PIECE = RATE // 10
"""Samples of one `Sound`."""
MOST = 100
"""Pieces kept for a reader that is slow; the oldest go."""


def _linear(code: int) -> int:
    """One A-law byte as a 16-bit sample (ITU-T G.711)."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


LINEAR = tuple(_linear(code) for code in range(256))


def decoded(payload: bytes) -> bytes:
    """Little-endian samples of A-law."""
    samples = array("h", (LINEAR[code] for code in payload))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def payload_of(packet: bytes) -> tuple[int, bytes] | None:
    """Timestamp and payload of an A-law packet; None for anything else, however malformed."""
    if len(packet) < 12 or packet[0] >> 6 != 2 or packet[1] & 0x7F != A_LAW:
        return None
    start = 12 + 4 * (packet[0] & 15)
    if packet[0] & 0x10:
        if len(packet) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    return (int.from_bytes(packet[4:8], "big"), packet[start:end]) if start < end else None


class Ear(asyncio.DatagramProtocol):
    """One stream. `first`: the number of its first sample. A gap in it is silence, so that every sample keeps its place."""

    LONGEST_GAP = 10 * RATE

    def __init__(self, first: int) -> None:
        self._first = first
        self._held = bytearray()
        self._next: int | None = None
        self._pieces: asyncio.Queue[Sound | None] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:
        found = payload_of(data)
        if found is None:
            return
        stamp, payload = found
        if self._next is not None:
            gap = (stamp - self._next) & 0xFFFFFFFF
            if gap >= 0x80000000:
                return  # late, or twice
            self._held += bytes(2 * min(gap, self.LONGEST_GAP))
        self._held += decoded(payload)
        self._next = (stamp + len(payload)) & 0xFFFFFFFF
        while len(self._held) >= 2 * PIECE:
            self._give(2 * PIECE)

    def _give(self, size: int) -> None:
        if self._pieces.qsize() >= MOST:
            self._pieces.get_nowait()
        self._pieces.put_nowait(Sound(self._first, bytes(self._held[:size])))
        del self._held[:size]
        self._first += size // 2

    def end(self) -> None:
        if self._held:
            self._give(len(self._held))
        self._pieces.put_nowait(None)

    async def pieces(self) -> AsyncGenerator[Sound, None]:
        while (piece := await self._pieces.get()) is not None:
            yield piece
