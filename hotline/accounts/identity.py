"""Citizens' identity as columns: what is encrypted, hashed and masked, and how it opens again. Private to this package."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hotline.accounts.models import Citizen, CitizenKind
from hotline.accounts.rules import (
    mask_name,
    mask_phone,
    normalize_email,
    normalize_id_number,
    normalize_phone,
)
from hotline.kit.crypto import identity_ring

PHONE_HASH, ID_HASH, EMAIL_HASH = "phone", "id_number", "email"
"""Purposes of the keyed hashes."""
SEALED = {
    "name_cipher": "citizen.name",
    "phone_cipher": "citizen.phone",
    "id_number_cipher": "citizen.id_number",
    "email_cipher": "citizen.email",
}
"""Column → purpose, part of what is authenticated."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A citizen in the clear; never stored, logged or sent on."""

    name: str = ""
    phone: str = ""
    id_number: str = ""
    email: str = ""
    company: str = ""


def columns(
    *,
    phone: str = "",
    name: str = "",
    id_number: str = "",
    email: str = "",
    kind: str = CitizenKind.PERSON,
    company: str = "",
    gender: str = "",
) -> dict[str, object]:
    """Values of a Citizen row. Ciphertexts are bound to the row's phone hash, so that they open in no other row."""
    ring = identity_ring()
    digits, number, address = normalize_phone(phone), normalize_id_number(id_number), normalize_email(email)
    name = name.strip()
    hashed = ring.keyed_hash(digits, PHONE_HASH) if digits else None
    tie = hashed or b""
    shown = phone if phone.strip() and not digits else mask_phone(digits)
    return {
        "kind": str(kind),
        "phone_cipher": ring.encrypt(digits, SEALED["phone_cipher"], tie) if digits else None,
        "phone_hash": hashed,
        "phone_mask": re.sub(r"\S", "*", shown)[:30] if phone.strip() and not digits else shown[:30],
        "name_cipher": ring.encrypt(name, SEALED["name_cipher"], tie) if name else None,
        "name_mask": mask_name(name)[:30],
        "id_number_cipher": ring.encrypt(number, SEALED["id_number_cipher"], tie) if number else None,
        "id_number_hash": ring.keyed_hash(number, ID_HASH) if number else None,
        "email_cipher": ring.encrypt(address, SEALED["email_cipher"], tie) if address else None,
        "email_hash": ring.keyed_hash(address, EMAIL_HASH) if address else None,
        "company": company.strip()[:120],
        "gender": gender[:10],
    }


def open_row(citizen: Citizen) -> Identity:
    """Decrypt one row; raises BadCipher when a value was damaged or moved."""
    ring = identity_ring()
    tie = bytes(citizen.phone_hash) if citizen.phone_hash is not None else b""

    def clear(column: str) -> str:
        sealed = getattr(citizen, column)
        return ring.decrypt(sealed, SEALED[column], tie) if sealed is not None else ""

    return Identity(
        name=clear("name_cipher"),
        phone=clear("phone_cipher"),
        id_number=clear("id_number_cipher"),
        email=clear("email_cipher"),
        company=citizen.company,
    )
