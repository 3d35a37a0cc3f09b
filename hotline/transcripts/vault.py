"""Recordings encrypted at rest, so that any second of one can be read without the rest. No database here.

Form of a file: magic (5 bytes) · then chunks of CHUNK bytes of the plain file, each AES-256-GCM (ciphertext, 16-byte tag), under a
key of the file's own. The nonce is the chunk's number; what is authenticated beside it are the recording's name, the chunk's
number and the plain file's size, so that a chunk of another file, another place, or of a file cut short does not open. The key
stands in the database, encrypted by the identity ring: changing the ring's key touches no file.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hotline.kit.crypto import BadCipher, identity_ring

MAGIC: Final = b"XSREC"
CHUNK: Final = 64 * 1024
TAG: Final = 16
PURPOSE: Final = "recording.key"


class BadRecording(Exception):
    """The file cannot be opened: not there, damaged, or not the one it is said to be. The text says which."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What sealing a file found: its checksum and size before, the wrapped key after."""

    key: bytes
    sha256: str
    size: int


class Bytes(Protocol):
    """A plain file's bytes, wherever and however they are kept."""

    size: int

    def read(self, start: int, length: int) -> bytes:
        """Up to `length` bytes from `start`; fewer at the end. Raises BadRecording."""
        ...


def _associated(name: str, number: int, size: int) -> bytes:
    return f"{name}\0{number}\0{size}".encode()


def seal(plain: Path, name: str, target: Path) -> Sealed:
    """Write `plain` encrypted to `target`, durably, then read it back and compare. Raises BadRecording, OSError.

    Nothing is left at `target` when it fails. The plain file is not touched.
    """
    raw = os.urandom(32)
    cipher = AESGCM(raw)
    size = plain.stat().st_size
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    digest = hashlib.sha256()
    try:
        with (
            plain.open("rb") as source,
            os.fdopen(
                os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb"
            ) as out,
        ):
            out.write(MAGIC)
            number = 0
            while block := source.read(CHUNK):
                digest.update(block)
                out.write(cipher.encrypt(number.to_bytes(12, "big"), block, _associated(name, number, size)))
                number += 1
            out.flush()
            os.fsync(out.fileno())
        wrapped = wrap(raw, name)
        again = hashlib.sha256()
        kept = Opened(fresh, wrapped, name, size)
        for block in pieces(kept, 0, size):
            again.update(block)
        if again.digest() != digest.digest():
            raise BadRecording("what was written is not what was read")
        fresh.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    return Sealed(wrapped, digest.hexdigest(), size)


def wrap(key: bytes, name: str) -> bytes:
    """A file's key under the identity ring, bound to the recording's name."""
    return identity_ring().encrypt(base64.b64encode(key).decode(), PURPOSE, name.encode())


class Opened:
    """An encrypted file; a chunk is decrypted when it is read, the last one is remembered."""

    def __init__(self, path: Path, key: bytes, name: str, size: int) -> None:
        """Raises BadRecording."""
        try:
            self._cipher = AESGCM(base64.b64decode(identity_ring().decrypt(key, PURPOSE, name.encode())))
        except BadCipher as error:
            raise BadRecording(f"its key cannot be opened: {error}") from error
        self._path, self._name, self.size = path, name, size
        self._last: tuple[int, bytes] = (-1, b"")
        chunks = -(-size // CHUNK)
        try:
            with path.open("rb") as file:
                right = file.read(len(MAGIC)) == MAGIC
            there = path.stat().st_size
        except OSError as error:
            raise BadRecording(f"the file is not there: {error}") from error
        if not right or there != len(MAGIC) + size + chunks * TAG:
            raise BadRecording("the file has been cut, or is none of ours")

    def read(self, start: int, length: int) -> bytes:
        """See Bytes.read."""
        end = min(self.size, start + length)
        if start >= end:
            return b""
        return b"".join(self._chunks(start, end))

    def _chunks(self, start: int, end: int) -> Iterator[bytes]:
        for number in range(start // CHUNK, (end - 1) // CHUNK + 1):
            block, base = self._chunk(number), number * CHUNK
            yield block[max(0, start - base) : end - base]

    def _chunk(self, number: int) -> bytes:
        if self._last[0] == number:
            return self._last[1]
        length = min(CHUNK, self.size - number * CHUNK)
        try:
            with self._path.open("rb") as file:
                file.seek(len(MAGIC) + number * (CHUNK + TAG))
                sealed = file.read(length + TAG)
            block = self._cipher.decrypt(
                number.to_bytes(12, "big"), sealed, _associated(self._name, number, self.size)
            )
        except OSError as error:
            raise BadRecording(f"the file cannot be read: {error}") from error
        except InvalidTag:
            raise BadRecording(f"the file is damaged in its second {number * CHUNK // 32_000}") from None
        self._last = (number, block)
        return block


class Plain:
    """A file as the exchange wrote it, not encrypted yet. Held open: it can be read to its end though it is removed meanwhile."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
            self.size = os.fstat(self._file.fileno()).st_size
        except OSError as error:
            raise BadRecording(f"the file is not there: {error}") from error

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def read(self, start: int, length: int) -> bytes:
        """See Bytes.read."""
        try:
            return os.pread(self._file.fileno(), min(length, max(0, self.size - start)), start)
        except OSError as error:
            raise BadRecording(f"the file cannot be read: {error}") from error


def pieces(kept: Bytes, start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` to before `end`, a chunk at a time."""
    while start < end:
        block = kept.read(start, min(CHUNK, end - start))
        if not block:
            return
        yield block
        start += len(block)
