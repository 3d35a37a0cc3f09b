"""Columns under the identity ring, told by their packages, so that one command puts every one of them under a new key.

From `AppConfig.ready`: `register(Sealed(RawMessage, "payload", PURPOSE, bound))`. Citizens have their own way (accounts): several
columns of a row change together.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models.fields.json import KeyTextTransform

from hotline.kit.crypto import identity_ring


@dataclass(frozen=True, slots=True)
class Sealed:
    """`bound_to`: what of a row its ciphertext is tied to; `beside`: relations that it reads."""

    model: type[models.Model]
    column: str
    purpose: str
    bound_to: Callable[[Any], str]
    beside: tuple[str, ...] = ()
    key: str = ""
    """Of a JSON column that holds its ciphertext as base64 under this key."""
    among: models.Q = field(default_factory=models.Q)
    """Where such rows can be at all, so that a large table is not read through."""

    @property
    def name(self) -> str:
        return f"{self.model._meta.label}.{self.column}"

    def stale(self) -> models.QuerySet[Any]:
        """Rows that are not under the present key and cipher."""
        prefix = identity_ring().current_prefix()
        if self.key:
            return self._stale_in_json(prefix)
        rows = self.model._default_manager.exclude(**{f"{self.column}__isnull": True}).exclude(
            **{self.column: b""}
        )
        head = models.Func(
            models.F(self.column), 1, len(prefix), function="substr", output_field=models.BinaryField()
        )
        found: models.QuerySet[Any] = rows.annotate(under=head).exclude(under=prefix)
        return found

    def _stale_in_json(self, prefix: bytes) -> models.QuerySet[Any]:
        held = KeyTextTransform(self.key, self.column)
        decoded = models.Func(held, models.Value("base64"), function="decode", output_field=models.BinaryField())
        head = models.Func(decoded, 1, len(prefix), function="substr", output_field=models.BinaryField())
        rows = self.model._default_manager.filter(self.among, **{f"{self.column}__has_key": self.key})
        found: models.QuerySet[Any] = rows.annotate(under=head).exclude(under=prefix)
        return found

    def _ciphertext(self, row: Any) -> bytes:
        value = getattr(row, self.column)
        return base64.b64decode(value[self.key]) if self.key else bytes(value)

    def _as_kept(self, row: Any, ciphertext: bytes) -> Any:
        if not self.key:
            return ciphertext
        return {**getattr(row, self.column), self.key: base64.b64encode(ciphertext).decode()}

    def rotate(self, batch: int) -> Iterator[tuple[int, int, int]]:
        """Put them under the present key; after each batch, a transaction of its own: rows, first and last number.

        Raises BadCipher for a value whose key is no longer in the ring.
        """
        ring, last = identity_ring(), 0
        while True:
            with transaction.atomic():
                rows = list(
                    self.stale()
                    .filter(pk__gt=last)
                    .select_related(*self.beside)
                    .select_for_update(of=("self",))
                    .order_by("pk")[:batch]
                )
                if not rows:
                    return
                for row in rows:
                    fresh = ring.rotate(self._ciphertext(row), self.purpose, self.bound_to(row).encode())
                    self.model._default_manager.filter(pk=row.pk).update(**{self.column: self._as_kept(row, fresh)})
            last = rows[-1].pk
            yield len(rows), rows[0].pk, last


_known: dict[str, Sealed] = {}


def register(*columns: Sealed) -> None:
    """The same column again replaces the former."""
    for one in columns:
        _known[one.name] = one


def known() -> tuple[Sealed, ...]:
    """Every column that was told."""
    return tuple(_known.values())
