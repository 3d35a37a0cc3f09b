"""The key ring: what is encrypted opens again, only there, and only with its key."""

from __future__ import annotations

import base64
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from hotline.kit.crypto import HASH, BadCipher, BadRing, KeyRing, new_entry, new_ring

KEYS = {"k1": bytes(range(32)), "k2": bytes(range(32, 64))}
HASH_KEY = bytes(range(64, 96))
CIPHERS = ("aes-gcm", "sm4-gcm")


def ring(*ids: str, cipher: str = "aes-gcm") -> KeyRing:
    return KeyRing({name: KEYS[name] for name in ids}, HASH_KEY, cipher)  # type: ignore[arg-type]


@given(st.text(), st.text(max_size=20), st.binary(max_size=32), st.sampled_from(CIPHERS))
def test_what_is_encrypted_opens_again(text, purpose, bound, cipher):
    text = text.encode("utf-8", "ignore").decode()
    purpose = purpose.encode("utf-8", "ignore").decode()
    one = ring("k1", cipher=cipher)
    assert one.decrypt(one.encrypt(text, purpose, bound), purpose, bound) == text


@given(st.text(alphabet="张王李赵0123456789", min_size=1), st.sampled_from(CIPHERS))
def test_equal_texts_have_different_ciphertexts(text, cipher):
    one = ring("k1", cipher=cipher)
    assert one.encrypt(text, "p") != one.encrypt(text, "p")


@given(st.data(), st.sampled_from(CIPHERS))
def test_a_flipped_bit_is_noticed(data, cipher):
    one = ring("k1", cipher=cipher)
    sealed = bytearray(one.encrypt("13800001234", "phone", b"row"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BadCipher):
        one.decrypt(bytes(sealed), "phone", b"row")


@given(st.binary(max_size=80))
def test_what_is_no_ciphertext_is_refused_in_words(raw):
    with pytest.raises(BadCipher):
        ring("k1", "k2").decrypt(raw, "p")


@pytest.mark.parametrize(("purpose", "bound"), [("name", b"row"), ("phone", b"other"), ("phone", b"")])
def test_a_value_opens_in_no_other_column_or_row(purpose, bound):
    one = ring("k1")
    sealed = one.encrypt("13800001234", "phone", b"row")
    with pytest.raises(BadCipher, match="moved"):
        one.decrypt(sealed, purpose, bound)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_rotation_moves_to_the_first_key_and_leaves_present_values_alone(cipher):
    old, both, new = ring("k1"), ring("k2", "k1", cipher=cipher), ring("k2", cipher=cipher)
    sealed = old.encrypt("张三", "name", b"r")
    assert not both.is_current(sealed)
    moved = both.rotate(sealed, "name", b"r")
    assert both.is_current(moved)
    assert moved.startswith(both.current_prefix())
    assert new.decrypt(moved, "name", b"r") == "张三"
    assert both.rotate(moved, "name", b"r") == moved


def test_a_change_of_cipher_alone_is_a_rotation():
    aes, sm4 = ring("k1"), ring("k1", cipher="sm4-gcm")
    sealed = aes.encrypt("张三", "name")
    assert sm4.decrypt(sealed, "name") == "张三"
    assert not sm4.is_current(sealed)


def test_a_missing_key_is_named():
    with pytest.raises(BadCipher, match="'k1' is not in the ring"):
        ring("k2").decrypt(ring("k1").encrypt("x", "p"), "p")


def test_hash_does_not_rotate_with_the_ring_and_differs_by_purpose():
    assert ring("k1").keyed_hash("138", "phone") == ring("k2", "k1", cipher="sm4-gcm").keyed_hash(
        "138", "phone"
    )
    assert ring("k1").keyed_hash("138", "phone") != ring("k1").keyed_hash("138", "id_number")
    assert len(ring("k1").keyed_hash("138", "phone")) == 32


def test_hash_is_the_standard_keyed_hash():
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hotline.identity.search").derive(HASH_KEY)
    assert ring("k1").keyed_hash("王小明", "citizen.name") == hmac.digest(
        key, "citizen.name\0王小明".encode(), "sha256"
    )


def test_parse_reads_what_new_ring_writes():
    text = new_ring()
    one = KeyRing.parse(text)
    assert one.current == "k1"
    assert KeyRing.parse(f"{new_entry('k9')}, {text}").current == "k9"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "hash"),
        ("k1:AAAA", "hash"),
        (f"{new_entry(HASH)}", "no key that encrypts"),
        (f"k1:{base64.b64encode(b'short').decode()},{new_entry(HASH)}", "5 bytes"),
        (f"{new_entry('k1')},{new_entry('k1')},{new_entry(HASH)}", "twice"),
        ("k 1:AAAA", "entry 1"),
        ("k1", "entry 1"),
        ("k1:!!!", "not base64"),
    ],
    # Entries are random; two processes must still call the tests by the same names.
    ids=["empty", "no hash", "only hash", "short", "twice", "space", "no key", "not base64"],
)
def test_a_wrong_ring_is_refused_with_the_place_and_without_the_key(text, words):
    with pytest.raises(BadRing, match=words) as caught:
        KeyRing.parse(text)
    assert "AAAA" not in str(caught.value)
