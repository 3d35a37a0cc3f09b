"""Encryption of identity at rest, with keys that rotate, and keyed hashes that find an exact value.

Form of a ciphertext: version (1 byte: 1 AES-256-GCM, 2 SM4-128-GCM) · length of the key's id (1 byte) · key's id
(ASCII) · nonce (12 bytes) · ciphertext with its 16-byte tag. The header, the purpose and what the row is bound to are
authenticated, so that a value moved to another column or row does not open.

Form of the ring: `id:base64(32 bytes),id:base64(32 bytes),…,hash:base64(32 bytes)`. The first key encrypts, all
decrypt. `hash` makes the keyed hashes (HMAC-SHA256). It stands apart because it cannot rotate with the ring: every
stored hash would have to be made anew from the plaintext. Losing it loses the search, never the content.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CipherName = Literal["aes-gcm", "sm4-gcm"]
AES, SM4 = 1, 2
NONCE, TAG, KEY = 12, 16, 32
HASH = "hash"
_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VERSION: Mapping[str, int] = {"aes-gcm": AES, "sm4-gcm": SM4}


class BadRing(ValueError):
    """The text of a key ring is wrong; the message says where, never the key."""


class BadCipher(ValueError):
    """A ciphertext cannot be opened: damaged, moved, or its key is not in the ring."""


class _Aead(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...
    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes: ...


class _Sm4Gcm:
    """SM4 (GB/T 32907) in GCM, in the shape of `AESGCM`."""

    def __init__(self, key: bytes) -> None:
        self._algorithm = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        seal = Cipher(self._algorithm, modes.GCM(nonce)).encryptor()
        seal.authenticate_additional_data(associated_data or b"")
        return seal.update(data) + seal.finalize() + seal.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes | None) -> bytes:
        opened = Cipher(self._algorithm, modes.GCM(nonce, data[-TAG:])).decryptor()
        opened.authenticate_additional_data(associated_data or b"")
        return opened.update(data[:-TAG]) + opened.finalize()


def _derive(key: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(
        algorithm=hashes.SHA256(), length=length, salt=None, info=b"hotline.identity." + purpose
    ).derive(key)


class KeyRing:
    """Keys by id; the first encrypts. Safe to share between threads."""

    def __init__(self, keys: Mapping[str, bytes], hash_key: bytes, cipher: CipherName = "aes-gcm") -> None:
        if not keys:
            raise BadRing("the ring has no key that encrypts")
        for name, key in [*keys.items(), (HASH, hash_key)]:
            if len(key) != KEY:
                raise BadRing(f"key {name!r} has {len(key)} bytes, not {KEY}")
        self.ids = tuple(keys)
        self.version = _VERSION[cipher]
        # Cipher objects are made once: deriving and expanding a key costs more than encrypting a name.
        self._aeads: dict[tuple[int, str], _Aead] = {}
        for name, key in keys.items():
            self._aeads[AES, name] = AESGCM(_derive(key, b"aes-256", 32))
            self._aeads[SM4, name] = _Sm4Gcm(_derive(key, b"sm4-128", 16))
        # HMAC's two halves with the key already in them (RFC 2104): a copy costs half of what OpenSSL's setting up does.
        block = _derive(hash_key, b"search", 32).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    @classmethod
    def parse(cls, text: str, cipher: CipherName = "aes-gcm") -> KeyRing:
        """Read a ring's text; raises BadRing."""
        entries = dict(_entries(text))
        hash_key = entries.pop(HASH, None)
        if hash_key is None:
            raise BadRing(f"the entry {HASH}:base64(32 bytes), the key of the search hashes, is missing")
        return cls(entries, hash_key, cipher)

    @property
    def current(self) -> str:
        """Id of the key that encrypts."""
        return self.ids[0]

    def encrypt(self, text: str, purpose: str, bound_to: bytes = b"") -> bytes:
        """Encrypt `text` for one purpose, e.g. `citizen.name`; `bound_to` ties it to its row."""
        name = self.ids[0]
        header = bytes([self.version, len(name)]) + name.encode()
        nonce = os.urandom(NONCE)
        sealed = self._aeads[self.version, name].encrypt(
            nonce, text.encode(), _associated(header, purpose, bound_to)
        )
        return header + nonce + sealed

    def decrypt(self, cipher: bytes | memoryview, purpose: str, bound_to: bytes = b"") -> str:
        """The text; raises BadCipher."""
        raw = bytes(cipher)
        version, name, start = _header(raw)
        aead = self._aeads.get((version, name))
        if aead is None:
            raise BadCipher(f"key {name!r} is not in the ring; put it back behind the present one")
        try:
            plain = aead.decrypt(
                raw[start : start + NONCE], raw[start + NONCE :], _associated(raw[:start], purpose, bound_to)
            )
        except InvalidTag:
            raise BadCipher("the value was damaged, moved, or encrypted for another purpose") from None
        return plain.decode()

    def is_current(self, cipher: bytes | memoryview) -> bool:
        """True when written with the present key and cipher; rotation leaves such values alone."""
        version, name, _start = _header(bytes(cipher))
        return (version, name) == (self.version, self.ids[0])

    def rotate(self, cipher: bytes | memoryview, purpose: str, bound_to: bytes = b"") -> bytes:
        """The same text under the present key and cipher; unchanged when it already is."""
        raw = bytes(cipher)
        return (
            raw
            if self.is_current(raw)
            else self.encrypt(self.decrypt(raw, purpose, bound_to), purpose, bound_to)
        )

    def current_prefix(self) -> bytes:
        """First bytes of every present ciphertext, so that a query finds the others."""
        return bytes([self.version, len(self.ids[0])]) + self.ids[0].encode()

    def keyed_hash(self, value: str, purpose: str) -> bytes:
        """HMAC-SHA256, 32 bytes, of a normalised value; equal values of one purpose have equal hashes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{purpose}\0{value}".encode())
        outer.update(inner.digest())
        return outer.digest()


def _associated(header: bytes, purpose: str, bound_to: bytes) -> bytes:
    return header + purpose.encode() + b"\0" + bound_to


def _header(raw: bytes) -> tuple[int, str, int]:
    if len(raw) < 2 or raw[0] not in (AES, SM4) or len(raw) < 2 + raw[1] + NONCE + TAG:
        raise BadCipher("this is not a ciphertext of ours")
    start = 2 + raw[1]
    try:
        return raw[0], raw[2:start].decode("ascii"), start
    except UnicodeDecodeError:
        raise BadCipher("this is not a ciphertext of ours") from None


def _entries(text: str) -> Iterable[tuple[str, bytes]]:
    seen: set[str] = set()
    for place, entry in enumerate((part.strip() for part in text.split(",")), start=1):
        if not entry:
            continue
        name, colon, encoded = entry.partition(":")
        if not colon or not _ID.fullmatch(name):
            raise BadRing(f"entry {place} is not id:base64; an id has letters, digits, - and _")
        if name in seen:
            raise BadRing(f"id {name!r} stands there twice")
        seen.add(name)
        try:
            yield name, base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise BadRing(f"entry {place} ({name}) is not base64") from None


def new_entry(name: str) -> str:
    """A fresh random entry of a ring: `name:base64`."""
    return f"{name}:{base64.b64encode(os.urandom(KEY)).decode()}"


def new_ring() -> str:
    """A fresh ring's text with one key and a hash key."""
    return f"{new_entry('k1')},{new_entry(HASH)}"


@lru_cache(maxsize=4)
def _parsed(text: str, cipher: CipherName) -> KeyRing:
    return KeyRing.parse(text, cipher)


def identity_ring() -> KeyRing:
    """The ring of the settings IDENTITY_KEYS and IDENTITY_CIPHER."""
    from django.conf import settings

    return _parsed(settings.IDENTITY_KEYS, settings.IDENTITY_CIPHER)
