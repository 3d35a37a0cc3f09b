"""A call on disk while it is spoken: WAV, 16 bit, 8 kHz, left the recorded party, right what the others of its room say.

The header is true about once a second, so a process killed by force leaves a file that plays up to its last second. A note in
`open/` says that a recording is not closed; the next start closes what it finds there (`recover`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from softswitch.sound import FRAME, RATE, Samples

HEADER = 44
BYTES_A_SAMPLE = 4
"""Two channels of two bytes."""
FRAMES_A_WRITE = 50
SILENT_BELOW = 50
"""A channel none of whose samples is further from zero was never spoken on."""


@dataclass(frozen=True, slots=True)
class Closed:
    """A finished recording. `path` is relative to the folder of recordings."""

    recording: str
    leg: str
    path: str
    sha256: str
    bytes: int
    seconds: float
    silent_left: bool
    silent_right: bool
    started_at: float
    recovered: bool = False

    def facts(self) -> dict[str, object]:
        return asdict(self)


def header(data: int) -> bytes:
    """The 44 bytes before `data` bytes of sound."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF",
        36 + data,
        b"WAVE",
        b"fmt ",
        16,
        1,
        2,
        RATE,
        RATE * BYTES_A_SAMPLE,
        BYTES_A_SAMPLE,
        16,
        b"data",
        data,
    )


class Recording:
    """One open file. Every method may raise OSError (disk full); the caller goes on without a recording."""

    def __init__(self, folder: Path, number: str, leg: str) -> None:
        self.number, self.leg = number, leg
        self.paused = False
        self._folder = folder
        self._started = time.time()
        self._path = Path(f"{datetime.fromtimestamp(self._started, UTC):%Y/%m/%d}") / f"{number}.wav"
        self._note = folder / "open" / f"{number}.json"
        self._loudest = np.zeros(2, np.int32)
        self._waiting: list[bytes] = []
        self._written = 0
        self._note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / self._path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        note = {"recording": number, "leg": leg, "path": str(self._path), "started_at": self._started}
        self._file = -1
        try:
            self._note.write_text(json.dumps(note))
            self._file = os.open(
                folder / self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
            os.write(self._file, header(0))
        except OSError:  # a full disk is asked again and again: nothing may stay open, or behind
            if self._file >= 0:
                (folder / self._path).unlink(missing_ok=True)
            self.abandon()
            self._note.unlink(missing_ok=True)
            raise

    @property
    def path(self) -> str:
        return str(self._path)

    def add(self, left: Samples, right: Samples) -> None:
        """One frame of both sides. While paused the time passes, in silence."""
        both = np.empty((FRAME, 2), "<i2")
        if self.paused:
            both.fill(0)
        else:
            both[:, 0], both[:, 1] = left, right
        self._waiting.append(both.tobytes())
        if len(self._waiting) >= FRAMES_A_WRITE:
            self.write()

    def write(self) -> None:
        """Put what waits on disk, then make the header true."""
        if not self._waiting:
            return
        block = b"".join(self._waiting)
        self._waiting.clear()
        sides = np.abs(np.frombuffer(block, "<i2").reshape(-1, 2).astype(np.int32))
        self._loudest = np.maximum(self._loudest, sides.max(axis=0))
        place = HEADER + self._written
        view = memoryview(block)
        while view:
            done = os.pwrite(self._file, view, place)
            view, place = view[done:], place + done
        self._written += len(block)
        os.pwrite(self._file, header(self._written), 0)

    def close(self) -> Closed:
        """Write the rest, make it durable, take its checksum. Reads the whole file: call it from a thread."""
        try:
            self.write()
            os.fsync(self._file)
        finally:
            self.abandon()
        closed = Closed(
            self.number,
            self.leg,
            self.path,
            sha256(self._folder / self._path),
            HEADER + self._written,
            round(self._written / BYTES_A_SAMPLE / RATE, 2),
            bool(self._loudest[0] < SILENT_BELOW),
            bool(self._loudest[1] < SILENT_BELOW),
            self._started,
        )
        self._note.unlink(missing_ok=True)
        return closed

    def abandon(self) -> None:
        """Let go of the file, once. After an OSError its note stays, so the next start closes what there is."""
        file, self._file = self._file, -1
        if file >= 0:
            with contextlib.suppress(OSError):
                os.close(file)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def recover(folder: Path) -> list[Closed]:
    """Close what an earlier run left open: true header, checksum, no note. A note without a readable file is kept aside
    as `.lost`, and its recording is told with 0 bytes."""
    found = []
    for note in sorted((folder / "open").glob("*.json")):
        try:
            told = json.loads(note.read_text())
            path = folder / told["path"]
            facts = (str(told["recording"]), str(told["leg"]), str(told["path"]))
            started = float(told["started_at"])
        except (ValueError, KeyError, TypeError):
            note.rename(note.with_suffix(".lost"))
            continue
        try:
            data = (path.stat().st_size - HEADER) // BYTES_A_SAMPLE * BYTES_A_SAMPLE
            if data < 0:
                raise OSError("no header")
            with path.open("r+b") as file:
                file.truncate(HEADER + data)
                file.write(header(data))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            note.rename(note.with_suffix(".lost"))
            found.append(Closed(*facts, "", 0, 0.0, True, True, started, recovered=True))
            continue
        loudest = np.zeros(2, np.int32)
        with path.open("rb") as file:
            file.seek(HEADER)
            while block := file.read(RATE * BYTES_A_SAMPLE * 60):
                sides = np.abs(np.frombuffer(block, "<i2").reshape(-1, 2).astype(np.int32))
                loudest = np.maximum(loudest, sides.max(axis=0))
        found.append(
            Closed(
                *facts,
                sha256(path),
                HEADER + data,
                round(data / BYTES_A_SAMPLE / RATE, 2),
                bool(loudest[0] < SILENT_BELOW),
                bool(loudest[1] < SILENT_BELOW),
                started,
                recovered=True,
            )
        )
        note.unlink()
    return found
