"""A switch's recording: its name, its place on our disk, and one WAV of both its sides, left what the leg says, right what it hears."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import sys
import time
import wave
from array import array
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from hotline.kit import clock

RATE = 8000
SILENT_BELOW = 50
"""As in softswitch/recording.py: a side none of whose samples is further from zero was never spoken on."""


def sample_of(answered: datetime | None) -> int:
    """Of now, counted since the leg was answered."""
    return int((clock.now() - answered).total_seconds() * RATE) if answered else 0


def recording_name() -> str:
    """Says when it began, in milliseconds: whoever finds its file after a restart needs nothing else."""
    return f"rec-{time.time_ns() // 1_000_000}-{secrets.token_hex(4)}"


def recording_began(name: str) -> datetime | None:
    """None: that is no recording of ours."""
    found = re.fullmatch(r"rec-(\d{13})-[0-9a-f]{8}", name)
    return datetime.fromtimestamp(int(found[1]) / 1000, UTC) if found else None


def recording_path(name: str) -> str:
    """Relative to the folder of recordings: by day, as the embedded exchange keeps them."""
    began = recording_began(name) or clock.now()
    return f"{began:%Y/%m/%d}/{name}.wav"


@dataclass(frozen=True, slots=True)
class Filed:
    sha256: str
    bytes: int
    seconds: float
    silent_left: bool
    silent_right: bool


def samples(told: bytes) -> array[int]:
    """Of a WAV of one channel, 16 bit, 8 kHz. Raises ValueError."""
    try:
        with wave.open(BytesIO(told)) as sound:
            if (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) != (1, 2, RATE):
                raise ValueError("The switch's recording is not mono, 16 bit, 8 kHz.")
            data = sound.readframes(sound.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"The switch's recording cannot be read: {error}.") from None
    return native(data)


def native(data: bytes) -> array[int]:
    read = array("h")
    read.frombytes(data[: len(data) // 2 * 2])
    if sys.byteorder == "big":
        read.byteswap()
    return read


def both_sides(path: Path) -> tuple[array[int], array[int]]:
    """Of a WAV of two channels, 16 bit, 8 kHz. One whose writer died says of itself that it is shorter than it is: it is read to its
    end. Blocks. Raises ValueError, OSError."""
    data = path.read_bytes()
    place = 12
    told = b""
    while data[:4] == b"RIFF" and place + 8 <= len(data):
        kind, size = data[place : place + 4], int.from_bytes(data[place + 4 : place + 8], "little")
        if kind == b"fmt ":
            told = data[place + 8 : place + 16]
        elif kind == b"data":
            break
        place += 8 + size + size % 2
    if told[:8] != b"\x01\x00\x02\x00" + RATE.to_bytes(4, "little") or data[place : place + 4] != b"data":
        raise ValueError("The switch's recording is not a WAV of two channels, 16 bit, 8 kHz.")
    body = data[place + 8 :] if not 0 < size <= len(data) - place - 8 else data[place + 8 : place + 8 + size]
    both = native(body[: len(body) // 4 * 4])
    return both[0::2], both[1::2]


def left_of(both: bytes) -> bytes:
    """The first of two channels' samples, little-endian as they came."""
    return memoryview(both).cast("H")[::2].tobytes()


def file_sides(path: Path, left: array[int], right: array[int]) -> Filed:
    """Write both as one file, whole and durable; the shorter side ends in silence. Blocks: call it from a thread. Raises OSError."""
    length = max(len(left), len(right))
    for side in (left, right):
        side.extend([0] * (length - len(side)))
    both = array("h", bytes(4 * length))
    both[0::2], both[1::2] = left, right
    if sys.byteorder == "big":
        both.byteswap()
    memory = BytesIO()
    with wave.open(memory, "wb") as sound:
        sound.setparams((2, 2, RATE, 0, "NONE", ""))
        sound.writeframes(both.tobytes())
    data = memory.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(".part")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return Filed(
        hashlib.sha256(data).hexdigest(), len(data), round(length / RATE, 2), _silent(left), _silent(right)
    )


def _silent(side: array[int]) -> bool:
    return not side or max(max(side), -min(side)) < SILENT_BELOW


def closed(recording: str, filed: Filed) -> tuple[str, int, float, float, float, datetime | None]:
    """What is told of a recording that was filed, in the order of `RecordingClosed`: checksum, bytes, seconds, silent shares, began."""
    return (
        filed.sha256,
        filed.bytes,
        filed.seconds,
        filed.silent_left,
        filed.silent_right,
        recording_began(recording),
    )
