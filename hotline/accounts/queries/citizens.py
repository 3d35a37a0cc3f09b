"""Citizens by exact value."""

from __future__ import annotations

from django.db.models import Q

from hotline.accounts.identity import EMAIL_HASH, ID_HASH, PHONE_HASH
from hotline.accounts.models import Citizen
from hotline.accounts.rules import normalize_email, normalize_id_number, normalize_phone
from hotline.kit.crypto import identity_ring


def find_citizen(phone: str) -> Citizen | None:
    """The citizen of a full phone number, by keyed hash; None when unknown or not a number."""
    digits = normalize_phone(phone)
    return Citizen.objects.filter(phone_hash=phone_hash(digits)).first() if digits else None


def phone_hash(digits: str) -> bytes:
    """Keyed hash of normalised digits."""
    return identity_ring().keyed_hash(digits, PHONE_HASH)


def find_citizens(*, id_number: str = "", email: str = "") -> list[Citizen]:
    """Citizens with exactly this document number or address."""
    ring = identity_ring()
    if id_number:
        wanted = Q(id_number_hash=ring.keyed_hash(normalize_id_number(id_number), ID_HASH))
    elif email:
        wanted = Q(email_hash=ring.keyed_hash(normalize_email(email), EMAIL_HASH))
    else:
        return []
    return list(Citizen.objects.filter(wanted).order_by("id")[:20])
