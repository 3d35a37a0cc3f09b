"""Citizens by exact value."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from hotline.accounts.identity import PHONE_HASH, SEALED
from hotline.accounts.models import Citizen
from hotline.accounts.rules import normalize_phone
from hotline.kit.crypto import identity_ring
from hotline.kit.sealed import known


def find_citizen(phone: str) -> Citizen | None:
    """The citizen of a full phone number, by keyed hash; None when unknown or not a number."""
    digits = normalize_phone(phone)
    return Citizen.objects.filter(phone_hash=phone_hash(digits)).first() if digits else None


def find_citizens(phones: Iterable[str]) -> dict[str, Citizen | None]:
    """The same for many normalised numbers, in one statement."""
    by_hash = {phone_hash(digits): digits for digits in phones}
    rows = Citizen.objects.filter(phone_hash__in=list(by_hash))
    return dict.fromkeys(by_hash.values()) | {by_hash[bytes(one.phone_hash or b"")]: one for one in rows}


def phone_hash(digits: str) -> bytes:
    """Keyed hash of normalised digits."""
    return identity_ring().keyed_hash(digits, PHONE_HASH)


_STALE = " OR ".join(f"({column} IS NOT NULL AND substr({column}, 1, %s) <> %s)" for column in SEALED)


def identity_rows_to_rotate() -> int:
    """Rows with a value that is not under the present key and cipher, of citizens and of every other sealed column."""
    prefix = identity_ring().current_prefix()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM accounts_citizen WHERE {_STALE}", [len(prefix), prefix] * len(SEALED)
        )
        (count,) = cursor.fetchone()
    return int(count) + sum(column.stale().count() for column in known())


def identity_keys_in_use() -> dict[str, int]:
    """`cipher key` → rows whose name or phone number is under it."""
    ciphers = {1: "aes-gcm", 2: "sm4-gcm"}
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT get_byte(c, 0), convert_from(substr(c, 3, get_byte(c, 1)), 'UTF8'), count(*) FROM"
            " (SELECT coalesce(phone_cipher, name_cipher, email_cipher, id_number_cipher) AS c FROM accounts_citizen) AS s"
            " WHERE c IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC"
        )
        for version, name, count in cursor.fetchall():
            counts[f"{ciphers.get(version, version)} {name}"] = int(count)
    return counts
